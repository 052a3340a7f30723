"""The command `terraform-provider-veeam`: it serves Terraform, and has commands for people."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from terraform_provider_veeam import __version__

TYPE_CHECKING = False  # the module `typing` is slow to import
if TYPE_CHECKING:
    from typing import NoReturn

    from terraform_provider_veeam.provider import VeeamProvider
    from tfplugin.rpc.servicer import ProviderServicer


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve when Terraform started this process, else run the command a person gave. Exits."""
    # Terraform's user waits for every import here, several times in each command.
    if arguments is None:
        arguments = sys.argv[1:]
    from tfplugin.process.environment import forget_foreign, started_by_terraform  # noqa: PLC0415

    forget_foreign(os.environ)
    if not arguments and started_by_terraform(os.environ):
        _serve()
    if arguments[:2] == ["keep-alive", "hold"]:  # how the provider starts a keeper
        from terraform_provider_veeam.keep_alive.process import keep  # noqa: PLC0415

        sys.exit(keep(*map(int, arguments[2:3]), *map(float, arguments[3:])))
    from tfplugin.process.lazy_modules import defer_what_is_not_used  # noqa: PLC0415

    defer_what_is_not_used()
    from terraform_provider_veeam.cli import streams  # noqa: PLC0415 - for people only
    from tfplugin.process.lifetime import leave  # noqa: PLC0415

    # The interpreter's own way may wait for a request that was left behind.
    leave(streams.run(lambda: _run(arguments)))


def _run(arguments: Sequence[str]) -> int:
    from terraform_provider_veeam.cli import commands  # noqa: PLC0415 - for people only

    return commands.run(arguments)


def _serve() -> "NoReturn":
    import signal  # noqa: PLC0415 - only under Terraform

    # First of all: in a terminal Ctrl-C reaches this process too, and Terraform decides what it
    # means, also while this one is still starting.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import gc  # noqa: PLC0415 - only for the start

    # What is imported stays: looking for garbage in it, again and again, only takes time.
    gc.disable()
    from tfplugin.process.lazy_modules import defer_what_is_not_used  # noqa: PLC0415

    defer_what_is_not_used()
    from tfplugin.process.lifetime import leave  # noqa: PLC0415
    from tfplugin.process.server import serve  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    from terraform_provider_veeam.masking import mask  # noqa: PLC0415
    from terraform_provider_veeam.packaging import TYPE  # noqa: PLC0415

    leave(serve(_make_provider, _make_servicer, name=TYPE, mask=mask, answers=prepared_answers()))


def prepared_answers() -> Mapping[str, bytes]:
    """Return the answers that `make schema` has written; none if they are another version's."""
    try:
        from terraform_provider_veeam import schema_answers  # noqa: PLC0415 - for Terraform only
    except ImportError:
        return {}
    return schema_answers.ANSWERS if __version__ == schema_answers.VERSION else {}


def _make_provider() -> "VeeamProvider":
    from terraform_provider_veeam.provider import VeeamProvider  # noqa: PLC0415 - after the schema

    return VeeamProvider()


def _make_servicer(provider: "VeeamProvider", *, mask: Callable[[str], str]) -> "ProviderServicer":
    from tfplugin.rpc.servicer import ProviderServicer  # noqa: PLC0415 - after the schema

    return ProviderServicer(provider, mask=mask)
