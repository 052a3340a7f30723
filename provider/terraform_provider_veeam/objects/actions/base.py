"""What the actions on a mount point have in common: a timeout, errors on the right attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import (
    CannotWrite,
    EnterpriseManagerError,
    NotFound,
    TokenRefused,
)
from terraform_provider_veeam.em.files.left_out import concerns_all
from terraform_provider_veeam.em.files.paths import address_of, parse_guest_path
from terraform_provider_veeam.objects.mount_reference import MountPointReader
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.errors import Refused
from terraform_provider_veeam.plugin.interfaces import Attribute
from terraform_provider_veeam.plugin.types import String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

    def for_each_path(
        self,
        ctx: ActionContext,
        config: State,
        mount: MountReference,
        deadline: Deadline,
        *steps: Callable[[str], Iterator[str]],
    ) -> Iterator[str]:
        """Take each step for every path; a path for which one fails is an error at the end.

        What would fail for the others as well is raised, and tells what was not done.
        """
        left = {number: parse_guest_path(text) for number, text in enumerate(config["paths"])}
        for step in steps:
            done: list[str] = []
            for number, path in list(left.items()):
                try:
                    yield from step(path)
                except EnterpriseManagerError as error:
                    try:
                        if isinstance(error, TokenRefused):
                            self.check_mount(mount, deadline)
                        if self.ends_all(error):
                            raise
                        where = self._blame(mount, number, path, error, deadline)
                    except (EnterpriseManagerError, Refused) as end:
                        finished = done if step is steps[-1] else []
                        rest = [one for one in left.values() if one not in finished]
                        end.add(_balance(finished, rest))
                        raise
                    del left[number]
                    ctx.diagnostics.add_error(error.summary, error.detail, path=where)
                    yield f"Failed: {path}: {error.summary}"
                else:
                    done.append(path)

    def _blame(
        self,
        mount: MountReference,
        number: int,
        path: str,
        error: EnterpriseManagerError,
        deadline: Deadline,
    ) -> list[Any]:
        """Add what helps with a path that failed; return the attribute that is to blame."""
        if isinstance(error, NotFound):
            error.summary = "File or folder not found"
            files, _ = self.manager.files(mount.session, mount.href)
            error.add(self.neighbours(mount, files, path, deadline))
        return ["folder"] if isinstance(error, CannotWrite) else ["paths", (number,)]

    def ends_all(self, error: EnterpriseManagerError) -> bool:
        """Tell whether an error at one path would be one at the others too."""
        return concerns_all(error)


def _balance(done: list[str], rest: list[str]) -> str:
    """Return which paths were done before an error ended it all, and which were not."""
    return f"Done before it: {_listed(done)}. Not done: {_listed(rest)}."


def _listed(paths: list[str]) -> str:
    return ", ".join(map(printable, paths)) or "nothing"


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
    seen: dict[str, str] = {}
    for number, path in enumerate(paths):
        if path is Unknown:
            continue
        where = ["paths", (number,)]
        try:
            address = address_of(parse_guest_path(path or ""))
        except ValueError as error:
            ctx.diagnostics.add_error("Invalid path", str(error), path=where)
            continue
        if address in seen:
            ctx.diagnostics.add_error(
                "The same path twice", f"{seen[address]} and {path} are the same.", path=where
            )
        seen[address] = path
