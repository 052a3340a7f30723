"""What the actions on files have in common: one path after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.files.left_out import balance, concerns_all
from terraform_provider_veeam.em.files.paths import address_of, parse_guest_path
from terraform_provider_veeam.objects.base import Action, Context, Deadline, State
from terraform_provider_veeam.objects.mounted import MountPointReader, MountReference
from tfplugin.attribute import Attribute, required
from tfplugin.errors import Refused
from tfplugin.types import List, String, Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.em.files.restore import Progress

NOT_FOUND = "File or folder not found"
Explain = Callable[[str, errors.EnterpriseManagerError], None]
"""Adds to an error at a path what helps. Raises what would be so at all paths."""


def attribute(description: str, check: Callable[[str], str] = parse_guest_path) -> Attribute:
    """Return the attribute `paths`."""
    return required("paths", description, List(String()), check=check)


class PathsAction(Action):
    """An action on files, with an attribute `paths`."""

    def validate(self, ctx: Context, config: State) -> None:
        """Check that there are paths, and each once."""
        if config["paths"] == []:
            ctx.diagnostics.add_error("Invalid paths", "There is no path in it.", path=["paths"])
        seen: dict[str, str] = {}
        for number, path in known_paths(config):
            address = address_of(path)
            if address in seen:
                ctx.diagnostics.add_error(
                    "The same path twice",
                    f"{seen[address]} and {path} are the same.",
                    path=["paths", (number,)],
                )
            seen[address] = path

    def for_each_path(
        self, ctx: Context, config: State, explain: Explain, *steps: Callable[[str], Iterator[str]]
    ) -> Iterator[str]:
        """Take each step for every path; what fails at one path is an error at the end.

        What would fail for the others as well is raised, and tells what was not done.
        """
        left = dict(enumerate(config["paths"]))
        for step in steps:
            done: list[str] = []
            for number, path in list(left.items()):
                try:
                    yield from step(path)
                except errors.EnterpriseManagerError as error:
                    try:
                        explain(path, error)
                        if concerns_all(error):
                            raise
                    except (errors.EnterpriseManagerError, Refused) as end:
                        finished = done if step is steps[-1] else []
                        rest = [one for one in left.values() if one not in finished]
                        end.add(balance(finished, rest))
                        raise
                    del left[number]
                    is_here = isinstance(error, errors.CannotWrite)
                    where: list[Any] = ["folder"] if is_here else ["paths", (number,)]
                    ctx.diagnostics.add_error(error.summary, error.detail, path=where)
                    yield f"Failed: {path}: {error.summary}"
                else:
                    done.append(path)


class MountPathsAction(MountPointReader, PathsAction):
    """An action on files of a mount point."""

    def explain_in(self, mount: MountReference, deadline: Deadline) -> Explain:
        """Return what explains errors at paths in a mount point."""

        def explain(path: str, error: errors.EnterpriseManagerError) -> None:
            if isinstance(error, errors.TokenRefused):
                self.check_mount(mount, deadline)
            if isinstance(error, errors.NotFound):
                error.summary = NOT_FOUND
                files, _ = self.em.files(mount.session, mount.href)
                error.add(self.neighbours(mount, files, path, deadline))

        return explain


def restoring(path: str, what: str, steps: Iterator[Progress]) -> Iterator[str]:
    """Return what is told of the restore of a path to its original place."""
    yield f"Restoring {path}{what} to its original place"
    for progress in steps:
        yield (
            f"Warning about {path}: {progress.warning}"
            if progress.warning
            else f"Still restoring {path} ({progress})"
        )
    yield f"Restored {path}"


def known_paths(config: State) -> Iterator[tuple[int, str]]:
    """Return the paths that are known and valid, and their numbers."""
    if isinstance(config["paths"], list):
        yield from ((n, path) for n, path in enumerate(config["paths"]) if path is not Unknown)
