"""What the paths below a mount point answer: folders, files, restore and download.

Follows the vendor's pages get_vmrestorepoints_id_mountpoints_id_filepath and
post_vmrestorepoints_id_mountpoints_id_filepath_actionrestore.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from defusedxml.ElementTree import fromstring

from em_simulator import file_representations as shown
from em_simulator.files import File, Folder
from em_simulator.messages import Refusal, Reply, Request
from em_simulator.query import BadQuery, arrange
from em_simulator.representations import NAMESPACE
from em_simulator.restoring import Download, FileRestore, GuestCredentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from em_simulator.manager import Manager
    from em_simulator.sessions import Mount, Session, Task

_LISTINGS = ("listAll", "listDirs", "listFiles")


class FileHandlers:
    """Answers for the files of a mount point."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    def get(
        self, request: Request, session: Session, mount: Mount, mount_href: str, path: str
    ) -> Reply:
        """GET …/mounts/{ID}/{filepath}, with or without an action."""
        action = request.query.get("action", "")
        if action == "download":
            return self._download(session, mount, path)
        found = self._find(mount, path)
        if action and action not in _LISTINGS:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Action [{action}] is not supported.")
        if isinstance(found, File):
            if action:
                raise Refusal(HTTPStatus.BAD_REQUEST, f"[{path}] is not a directory.")
            return Reply(HTTPStatus.OK, shown.one_file(mount_href, found))
        items: list[Any] = []
        if action != "listFiles":
            items += found.folders.values()
        if action != "listDirs":
            items += found.files.values()
        try:
            page = arrange(items, lambda _: {}, _paging(request), ())
        except BadQuery as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        return Reply(HTTPStatus.OK, shown.entries(mount_href, found, page, action or "listAll"))

    def restore(self, request: Request, session: Session, mount: Mount, path: str) -> Task:
        """POST …/mounts/{ID}/{filepath}?action=restore."""
        if request.query.get("action") != "restore":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method is not allowed.")
        wanted = _wanted(request)
        found = self._find(mount, path)
        if wanted is None:
            download = Download(mount, path, _paths(found))
            return self._manager.prepare_download(session, download, request.task_fault)
        restore = FileRestore(mount.restore_point.machine.name, found.path, **wanted)
        return self._manager.restore_file(session, mount, restore, request.task_fault)

    def _download(self, session: Session, mount: Mount, path: str) -> Reply:
        prepared = session.downloads.get((mount.restore_point.id, mount.id), set())
        if path.lower() not in prepared:
            message = f"[{path}] has not been restored for download."
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        found = self._find(mount, path)
        if not isinstance(found, File):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"[{path}] is a directory.")
        content = self._manager.disks.content(mount.restore_point, found)
        headers = {"Content-Disposition": "attachment"}
        return Reply(HTTPStatus.OK, headers=headers, content=content)

    def _find(self, mount: Mount, path: str) -> File | Folder:
        found = self._manager.disks.of(mount.restore_point.machine).find(path)
        if found is None:
            message = f"File or directory [{path}] does not exist."
            raise Refusal(HTTPStatus.NOT_FOUND, message)
        return found


def _paging(request: Request) -> dict[str, str]:
    return {name: request.query[name] for name in ("pageSize", "page") if name in request.query}


def _paths(found: File | Folder) -> Sequence[str]:
    files = [found] if isinstance(found, File) else list(found.all_files())
    return [file.path for file in files]


def _wanted(request: Request) -> dict[str, Any] | None:
    """Return how a file is to be restored; None for a download. Raises Refusal."""
    kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
    try:
        spec = _from_xml(request.body) if kind == "application/xml" else json.loads(request.body)
        ((element, options),) = spec.items()
        if element == "ForDirectDownload":
            return None
        original = {"ToOriginalLocation": options}[element] or {}
        guest = original.get("GuestCredentials")
        return {
            "overwrite": bool(original.get("Overwrite", False)),
            "permissions_only": bool(original.get("PermissionsOnly", False)),
            "credentials": GuestCredentials(guest["UserName"], guest["Password"])
            if guest
            else None,
        }
    except Exception as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Request body can't be read.") from error


def _from_xml(body: bytes) -> dict[str, Any]:
    def name(element: Any) -> str:
        return str(element.tag).removeprefix(f"{{{NAMESPACE}}}")

    def value(element: Any) -> Any:
        plain = {key: text == "true" for key, text in element.attrib.items()}
        for child in element:
            plain[name(child)] = value(child) if len(child) else child.text
        return plain

    return {name(child): value(child) for child in fromstring(body)}
