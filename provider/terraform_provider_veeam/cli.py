"""The command `terraform-provider-veeam`: under Terraform it serves, a person gets commands."""

import os
import sys
from collections.abc import Sequence

_BY_HAND = """\
terraform-provider-veeam {version}, a provider for Terraform and OpenTofu.

Terraform starts this program by itself. To use it:

  terraform-provider-veeam install     put it where `terraform init` finds it
  terraform-provider-veeam --help      everything else it can do
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve when Terraform started this process, else run the command a person gave. Exits."""
    # Whatever is imported here, Terraform's user waits for several times in every command.
    if arguments is None:
        arguments = sys.argv[1:]
    from terraform_provider_veeam.plugin.cookie import started_by_terraform  # noqa: PLC0415

    if not arguments and started_by_terraform(os.environ):
        sys.exit(_serve())
    sys.exit(_command(arguments))


def _serve() -> int:
    import gc  # noqa: PLC0415 - only for the start

    # What is imported stays: looking through it for garbage, again and again, only takes time.
    gc.disable()
    # First of all the messages: they keep `tf` from loading its own.
    import terraform_provider_veeam.plugin.messages  # noqa: F401, PLC0415
    from terraform_provider_veeam.plugin.server import serve  # noqa: PLC0415
    from terraform_provider_veeam.provider import VeeamProvider  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    return serve(VeeamProvider)


def _command(arguments: Sequence[str]) -> int:
    import argparse  # noqa: PLC0415 - for people only
    from pathlib import Path  # noqa: PLC0415 - for people only

    from terraform_provider_veeam import __version__  # noqa: PLC0415 - for people only

    parser = argparse.ArgumentParser(
        prog="terraform-provider-veeam",
        description="Terraform and OpenTofu provider for Veeam Backup Enterprise Manager.",
        epilog="Without a command it serves Terraform, which starts it by itself.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    install = commands.add_parser(
        "install",
        help="put the provider where `terraform init` and `tofu init` find it",
        description="Put the provider where `terraform init` and `tofu init` find it, without "
        "any setting in their configuration files.",
    )
    install.add_argument(
        "--plugin-dir",
        type=Path,
        metavar="DIR",
        help="the folder of a filesystem mirror (default: ~/.terraform.d/plugins)",
    )
    serve = commands.add_parser(
        "serve",
        help="serve a Terraform that is started by hand, for debugging",
        description="Serve until Ctrl-C, and print the TF_REATTACH_PROVIDERS that lets Terraform "
        "use this very process, for example one that a debugger watches.",
    )
    serve.add_argument("--debug", action="store_true", required=True, help="needed: says so")
    commands.add_parser("version", help="print the version")

    chosen = parser.parse_args(arguments)
    if chosen.command == "install":
        from terraform_provider_veeam.install import run  # noqa: PLC0415 - for people only

        return run(chosen.plugin_dir)
    if chosen.command == "serve":
        from terraform_provider_veeam.plugin.server import serve_debug  # noqa: PLC0415
        from terraform_provider_veeam.provider import VeeamProvider  # noqa: PLC0415

        return serve_debug(VeeamProvider)
    if chosen.command == "version":
        print(f"terraform-provider-veeam {__version__}")  # noqa: T201 - a person asked
        return 0
    sys.stderr.write(_BY_HAND.format(version=__version__))
    return 1
