"""What the paths below a mount point answer: folders, files, restore and download.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints_id_filepath and
post_vmrestorepoints_id_mountpoints_id_filepath_actionrestore.
"""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from em_simulator.bodies import read_body
from em_simulator.catalogue import Family
from em_simulator.file_representations import LIST_ALL, LIST_FILES, LIST_FOLDERS, MountedFiles
from em_simulator.files import File, Folder
from em_simulator.messages import Refusal, Reply, Request
from em_simulator.mounts import Download
from em_simulator.query import PAGE_SIZE, BadQuery, turn_to
from em_simulator.restores import FileRestore, GuestCredentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from em_simulator.addresses import Addresses
    from em_simulator.manager import Manager
    from em_simulator.mounts import Mount
    from em_simulator.sessions import Session, Task

_LISTINGS = {name.lower(): name for name in (LIST_ALL, LIST_FOLDERS, LIST_FILES)}


class FileHandlers:
    """Answers for the files of a mount point."""

    def __init__(self, manager: Manager, addresses: Addresses, *, ranges: bool) -> None:
        self._manager = manager
        self._ranges = ranges
        self._shown = partial(MountedFiles, addresses)

    def get(self, request: Request, session: Session, mount: Mount, path: str) -> Reply:
        """GET …/mounts/{ID}/{filepath}, with or without an action.

        Without one, replicas answer with the entry itself and the others with what it holds.
        """
        action = request.query.get("action", "").lower()
        if action == "download":
            return self._download(request, session, mount, path)
        is_replica = mount.restore_point.machine.family is Family.REPLICA
        return self.show(request, self._shown(mount), self._find(mount, path), is_alone=is_replica)

    def show(
        self, request: Request, shown: MountedFiles, found: File | Folder, *, is_alone: bool
    ) -> Reply:
        """Return a folder's list, or the entry itself: of a file, and of what `is_alone`."""
        action = request.query.get("action", "").lower()
        if action and action not in _LISTINGS:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Action [{action}] is not supported.")
        if not action and (is_alone or isinstance(found, File)):
            return Reply(HTTPStatus.OK, shown.entry(found))
        if isinstance(found, File):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"[{found.path}] is not a directory.")
        listing = _LISTINGS.get(action, LIST_ALL)
        items: list[Any] = []
        if listing != LIST_FILES:
            items += found.folders.values()
        if listing != LIST_FOLDERS:
            items += found.files.values()
        try:
            page = turn_to(items, request.query, PAGE_SIZE)
        except BadQuery as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        return Reply(HTTPStatus.OK, shown.entries(found, page, listing))

    def restore(self, request: Request, session: Session, mount: Mount, path: str) -> Task:
        """POST …/mounts/{ID}/{filepath}?action=restore."""
        if request.query.get("action", "").lower() != "restore":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method is not allowed.")
        wanted = _wanted(request)
        found = self._find(mount, path)
        if wanted is None:
            download = Download(mount, path, _paths(found))
            return self._manager.prepare_download(session, download, request.faults.task_fault)
        restore = FileRestore(mount.restore_point.machine.name, found.path, **wanted)
        return self._manager.restore_file(session, mount, restore, request.faults.task_fault)

    def _download(self, request: Request, session: Session, mount: Mount, path: str) -> Reply:
        prepared = session.downloads.get((mount.restore_point.id, mount.id), set())
        if path.lower() not in prepared:
            message = f"[{path}] has not been restored for download."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        found = self._find(mount, path)
        if not isinstance(found, File):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"[{path}] is a directory.")
        content = self._manager.disks.content(mount.restore_point, found)
        headers = {"Content-Disposition": "attachment"}
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if not self._ranges or asked is None:
            return Reply(HTTPStatus.OK, headers=headers, content=content)
        start = int(asked[1])
        if start >= len(content):
            raise Refusal(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                f"[{path}] has no byte {start}.",
                {"Content-Range": f"bytes */{len(content)}"},
            )
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Reply(HTTPStatus.PARTIAL_CONTENT, headers=headers, content=content[start:])

    def _find(self, mount: Mount, path: str) -> File | Folder:
        found = self._manager.disks.at(mount.restore_point).find(path)
        if found is None:
            message = f"File or directory [{path}] does not exist."
            raise Refusal(HTTPStatus.NOT_FOUND, message)
        return found


def _paths(found: File | Folder) -> Sequence[str]:
    files = [found] if isinstance(found, File) else list(found.all_files())
    return [file.path for file in files]


def _wanted(request: Request) -> dict[str, Any] | None:
    """Return how a file is to be restored; None for a download. Raises Refusal."""
    spec = read_body(request)
    try:
        ((element, options),) = spec.items()
        if element == "ForDirectDownload":
            return None
        original = {"ToOriginalLocation": options}[element] or {}
        guest = original.get("GuestCredentials")
        return {
            "overwrite": _is_true(original.get("Overwrite", False)),
            "permissions_only": _is_true(original.get("PermissionsOnly", False)),
            "credentials": GuestCredentials(guest["UserName"], guest["Password"])
            if guest
            else None,
        }
    except Exception as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Request body can't be read.") from error


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
