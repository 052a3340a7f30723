"""What the actions on a mount point have in common: a timeout, errors on the right attribute."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import NotFound, SessionExpired
from terraform_provider_veeam.em.files.paths import parse_guest_path
from terraform_provider_veeam.objects.mount_reference import MountPointReader
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import Attribute, Refused
from terraform_provider_veeam.plugin.types import String, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.objects.mount_reference import MountReference
    from terraform_provider_veeam.plugin.interfaces import (
        ActionContext,
        Context,
        State,
        ValidateContext,
    )


class MountPointAction(MountPointReader, interfaces.Action):
    """An action on a mount point, with an attribute `timeout`."""

    default_timeout: str

    def plan(self, ctx: ActionContext, config: State) -> None:
        """Defer the action while the provider's configuration is not known."""
        self.may_be_deferred(ctx)

    def bound(self, ctx: Context, config: State, operation: str) -> Deadline:
        """Return the deadline that the block sets."""
        seconds = parse_duration(config["timeout"] or self.default_timeout)
        return self.deadline(ctx, seconds, operation, "timeout")

    @contextmanager
    def explained(
        self, mount: MountReference, deadline: Deadline, path: str, where: list[Any]
    ) -> Iterator[None]:
        """Turn what the server does not know into an error on the attribute that names it."""
        try:
            yield
        except SessionExpired as error:
            raise mount.lost(error) from error
        except NotFound as error:
            roots = self.roots(mount, deadline)
            raise Refused(
                "File or folder not found",
                f"{error.detail}\n{mount} has no {path}. Its volumes are: {roots}.",
                path=where,
            ) from error


def timeout_attribute(default: str) -> Attribute:
    """Return the attribute `timeout`."""
    return Attribute(
        "timeout",
        String(),
        f"How long it may take, like `90s` or `2h`. Default `{default}`.",
        optional=True,
    )


def validate_timeout(ctx: ValidateContext, config: State) -> None:
    """Check the attribute `timeout`."""
    if config["timeout"] is None or config["timeout"] is Unknown:
        return
    try:
        parse_duration(config["timeout"])
    except ValueError as error:
        ctx.diagnostics.add_error("Invalid timeout", str(error), path=["timeout"])


def validate_paths(ctx: ValidateContext, config: State) -> None:
    """Check the paths in the mount point, as far as they are known."""
    paths = config["paths"]
    if paths is None or paths is Unknown:
        return
    if not paths:
        ctx.diagnostics.add_error("Invalid paths", "There is no path in it.", path=["paths"])
    for number, path in enumerate(paths):
        if path is Unknown:
            continue
        try:
            parse_guest_path(path or "")
        except ValueError as error:
            ctx.diagnostics.add_error("Invalid path", str(error), path=["paths", (number,)])
