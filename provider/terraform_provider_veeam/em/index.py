"""The index of guest files: which restore points are in it, and their files, without a mount.

Follows the vendor's pages catalog_vms, post_catalog_vms_vmname_vmrestorepoints_id_actoinbrowse,
get_catalog_vms_vmname_vmrestorepoints_id_guestfs_filepath, its sibling with post, and
scenario_1_click_restore.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from typing import NamedTuple, TypeVar

from terraform_provider_veeam.em import background, errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all
from terraform_provider_veeam.em.files.listing import Entry, Files
from terraform_provider_veeam.em.files.paths import has_volume, on_volumes, same_path
from terraform_provider_veeam.em.files.restore import FileRestores, Progress
from terraform_provider_veeam.em.http import decoders, pages, retry
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.inventory.machines import is_out_of_sight
from terraform_provider_veeam.em.inventory.restore_points import uuid_of
from terraform_provider_veeam.em.logon import Group, LogonSessions
from terraform_provider_veeam.em.tasks import Tasks, failure_of
from terraform_provider_veeam.masking import printable

AT_ONCE = 8  # how many requests to the index are under way at the same time, at most
MOST_FOLDERS = 1000  # how many folders of one restore point a pattern is looked for in, at most
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class IndexedPoint(NamedTuple):
    """A restore point that is in the index; `href` is its path there, below `/api`."""

    restore_point: models.RestorePoint
    href: str


class Index(Group):
    """Reads the index in the browsing session, in which it shows what was browsed once."""

    def __init__(self, logon: LogonSessions) -> None:
        super().__init__(logon)
        self._locks: dict[tuple[str, str], threading.Lock] = {}  # by token and path
        self._browsed: dict[tuple[str, str], Files] = {}  # by the same

    def points(
        self, restore_points: Sequence[models.RestorePoint], deadline: Deadline
    ) -> list[IndexedPoint]:
        """Return those of the restore points that are in the index, in their order.

        Where the index is not to be seen there are none. UUIDs tell machines of one name apart.
        """
        of_vms = [point for point in restore_points if point.ref.type is models.RestorePointType.VM]
        names = {name.casefold() for point in of_vms for name in point.machine_names}
        if not names:
            return []
        try:
            indexed = self._browse(lambda own: dict(_points_of(names, own)), deadline)
        except errors.RequestRefused as error:
            if not is_out_of_sight(error):
                raise
            log.info("there is no index to be seen: %s", error)
            return []
        there = (point for point in of_vms if point.ref.id in indexed)
        return [IndexedPoint(point, indexed[point.ref.id]) for point in there]

    def versions(
        self, points: Sequence[IndexedPoint], path: str, deadline: Deadline, left_out: list[LeftOut]
    ) -> Generator[tuple[models.RestorePoint, list[Entry] | None], None, None]:
        """Yield what each restore point has at a path, as `look` does, in their order.

        None stands for one that can't be searched; `left_out` says why. Raises what concerns all.
        """

        def look(point: IndexedPoint) -> tuple[models.RestorePoint, list[Entry] | None]:
            name = point.restore_point.name or point.restore_point.ref.id
            not_here: list[LeftOut] = []
            entries: list[Entry] | None = None
            try:
                entries = self.look(point, path, deadline, not_here)
            except errors.EnterpriseManagerError as error:
                if concerns_all(error):
                    raise
                left_out.append(LeftOut.by(name, error))
            left_out.extend(one._replace(path=f"{name}, {one.path}") for one in not_here)
            return point.restore_point, entries

        return background.side_by_side(look, points, AT_ONCE)

    def newest_with(
        self, points: Sequence[IndexedPoint], paths: Sequence[str], deadline: Deadline
    ) -> models.RestorePoint | None:
        """Return the first restore point known to have all paths. Raises what concerns all."""

        def has_all(point: IndexedPoint) -> bool:
            try:
                return all(self.look(point, path, deadline, []) for path in paths)
            except errors.EnterpriseManagerError as error:
                if concerns_all(error):
                    raise
                log.info("%s can't be searched: %s", point.restore_point.name, error)
                return False

        with closing(background.side_by_side(has_all, points, AT_ONCE)) as looks:
            known = zip(points, looks, strict=False)
            return next((point.restore_point for point, has in known if has), None)

    def look(
        self, point: IndexedPoint, path: str, deadline: Deadline, left_out: list[LeftOut]
    ) -> list[Entry]:
        """Return what is at a path or matches a pattern, on all volumes if it names none."""

        def read(files: Files) -> list[Entry]:
            found: list[Entry] = []
            whole = [path] if has_volume(path) else on_volumes(path, _volumes(files, deadline))
            for one in whole:
                try:
                    found += files.look(one, deadline, left_out, MOST_FOLDERS)
                except errors.NotFound:
                    # Its folder is not there; what a lost session may answer so is another thing.
                    next(files.folder("", deadline, []), None)
            return found

        return self._in(point, read, deadline)

    def folder(
        self, point: IndexedPoint, path: str, deadline: Deadline, left_out: list[LeftOut]
    ) -> list[Entry]:
        """Return what a folder holds; the volumes for an empty path. Raises NotFound."""
        return self._in(point, lambda files: list(files.folder(path, deadline, left_out)), deadline)

    def neighbours(self, point: IndexedPoint, path: str, deadline: Deadline) -> str:
        """Return, for a person, what there is near a path that leads nowhere. Raises nothing."""

        def near(files: Files) -> str:
            if has_volume(path) and (said := files.neighbours(path, deadline)):
                return said
            return f"Its volumes are: {', '.join(map(printable, _volumes(files, deadline)))}."

        with suppress(errors.EnterpriseManagerError):
            return self._in(point, near, deadline)
        return ""

    def restore(self, point: IndexedPoint, path: str, deadline: Deadline) -> Iterator[Progress]:
        """Put a file or folder back to its original place, over what is there.

        It is looked at in the session that restores it. Yields and raises as `FileRestores` does.
        """

        def find(own: SessionClient) -> tuple[models.LogonSession, Files]:
            files = self._files(point, own)
            if not same_path(files.find(path, deadline).path, path):  # a pattern finds something
                raise errors.NotFound(
                    "There is no such file or folder",
                    f"Nothing has the whole path {printable(path)}.",
                )
            return own.session, files

        session, files = self._browse(find, deadline)
        yield from FileRestores(self._logon, session).restore(files, path, None, deadline)

    def _in(
        self, point: IndexedPoint, read: Callable[[Files], Result], deadline: Deadline
    ) -> Result:
        return self._browse(lambda own: read(self._files(point, own)), deadline)

    def _files(self, point: IndexedPoint, own: SessionClient) -> Files:
        key = own.session.token, point.href
        with own.deadline.holding(self._locks.setdefault(key, threading.Lock())):
            if key not in self._browsed:
                self._browsed[key] = Files(own.client, own.session, self._show(point, own))
            return self._browsed[key]

    def _show(self, point: IndexedPoint, own: SessionClient) -> str:
        """Have the index show a restore point; returns the path below `/api` of its files."""
        address, tasks = f"{point.href}?action=browse", Tasks(self._logon, own.session)
        begun = tasks.begin(address, None, own.deadline, again=retry.may_pass)
        task = tasks.wait(begun, own.deadline)
        if not task.success:
            raise errors.TaskFailed(
                f"The index does not show {point.restore_point.name}",
                failure_of(f"POST {address}", task),
            )
        return task.guest_files or f"{point.href}/guestfs"


def _volumes(files: Files, deadline: Deadline) -> list[str]:
    return [one.path for one in files.folder("", deadline, [])]


def _points_of(names: set[str], own: SessionClient) -> Iterator[tuple[str | None, str]]:
    """Return the UUID and the path of each restore point of machines with such names."""
    for machine in pages.members(own, "/catalog/vms", "CatalogVm", dict):
        href = decoders.path_of(machine)
        if not href or (decoders.text(machine, "Name") or "").casefold() not in names:
            continue
        down = [link.path for link in decoders.links(machine) if link.is_for("Down")]
        path = down[0] if down else f"{href}/vmRestorePoints"
        with suppress(errors.NotFound):  # it has gone since
            for point in pages.members(own, path, "CatalogVmRestorePoint", dict):
                if where := decoders.path_of(point):
                    yield uuid_of(point), where
