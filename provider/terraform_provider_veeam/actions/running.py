"""What the actions on a mount point have in common: their bound, and errors on the right place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.configured import OfProvider, deadline_within, manager_or_defer
from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import NotFound, SessionExpired
from terraform_provider_veeam.em.guest_paths import parse_guest_path
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import Attribute, Refused
from terraform_provider_veeam.plugin.types import String, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.configured import Configured
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.em.waiting import Deadline
    from terraform_provider_veeam.mount_reference import MountReference
    from terraform_provider_veeam.plugin.interfaces import (
        ActionContext,
        Context,
        State,
        ValidateContext,
    )


class MountPointAction(OfProvider, interfaces.Action):
    """An action on a mount point."""

    def plan(self, ctx: ActionContext, config: State) -> None:
        """Have it planned later while the provider's configuration is not known."""
        if ctx.client_can_defer:
            manager_or_defer(self._provider, ctx)


def timeout_attribute(default: str) -> Attribute:
    """Return the attribute that bounds an action."""
    return Attribute(
        "timeout",
        String(),
        f"How long it may take, like `90s` or `2h`. Default `{default}`.",
        optional=True,
    )


def validate_timeout(ctx: ValidateContext, config: State) -> None:
    """Check the bound."""
    if config["timeout"] is None or config["timeout"] is Unknown:
        return
    try:
        parse_duration(config["timeout"])
    except ValueError as error:
        ctx.diagnostics.add_error("Invalid timeout", str(error), path=["timeout"])


def deadline_for(
    provider: Configured, ctx: Context, config: State, default: str, operation: str
) -> Deadline:
    """Return the bound of an action."""
    seconds = parse_duration(config["timeout"] or default)
    return deadline_within(provider, ctx, seconds, operation, "timeout")


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


@contextmanager
def explained(
    manager: EnterpriseManager,
    mount: MountReference,
    deadline: Deadline,
    path: str,
    where: list[Any],
) -> Iterator[None]:
    """Turn what the server does not know into an error on the attribute that names it."""
    try:
        yield
    except SessionExpired as error:
        raise mount.lost(error) from error
    except NotFound as error:
        try:
            point = manager.mount_point(
                mount.session, mount.restore_point, mount.mount_id, deadline
            )
        except SessionExpired as gone:
            raise mount.lost(gone) from gone
        except NotFound as missing:
            raise mount.missing(missing) from missing
        roots = ", ".join(point.file_system_roots) or "not told"
        raise Refused(
            "File or folder not found",
            f"{error.detail}\n{mount} has no {path}. Its volumes are: {roots}.",
            path=where,
        ) from error
