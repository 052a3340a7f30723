"""A folder that only this user may enter: for sockets, and for what is handed on."""

from __future__ import annotations

import os
import stat

from tfplugin.process.handshake import no_folder, temporary_folders
from tfplugin.process.processes import IS_WINDOWS

TYPE_CHECKING = False  # the module `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = "terraform-provider-veeam"


class NoPrivateFolder(OSError):
    """There is no folder that is this user's own; the text says why, and what helps."""


def private_folder(
    environment: Mapping[str, str] = os.environ, *, windows: bool = IS_WINDOWS, longest: int = 4096
) -> str:
    """Return a folder that only this user may enter, made if need be. Raises OSError.

    Its path has at most `longest` bytes. In Windows the user's profile is private anyway.
    """
    if windows:
        parent = environment.get("LOCALAPPDATA")
        if not parent:
            raise NoPrivateFolder("LOCALAPPDATA is not set")
        path = os.path.join(parent, _FOLDER)  # noqa: PTH118 - no pathlib here
        os.makedirs(path, exist_ok=True)  # noqa: PTH103 - no pathlib here
        return path
    paths = _private_paths(environment)
    for path in paths:
        if len(os.fsencode(path)) > longest:
            continue
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102 - no pathlib here
        except FileExistsError:
            pass
        except OSError:
            continue
        if not _is_private(path):
            raise NoPrivateFolder(f"{path} is not a folder for this user alone: remove it")
        return path
    raise NoPrivateFolder(no_folder(paths))


def private_folders(
    environment: Mapping[str, str] = os.environ, *, windows: bool = IS_WINDOWS
) -> list[str]:
    """Return which folders are there that `private_folder` may have returned to this user."""
    if windows:
        return [private_folder(environment, windows=True)]
    return [path for path in _private_paths(environment) if _is_private(path)]


def _private_paths(environment: Mapping[str, str]) -> list[str]:
    """Return where the private folder can be, the best place first. Not in Windows."""
    own = f"{_FOLDER}-{os.getuid()}"
    # TMPDIR comes last: it may be that of a job, gone with its end, and no other process knows it.
    paths = [
        f"{parent}/{own}" for parent in (*temporary_folders({}), *temporary_folders(environment))
    ]
    runtime = environment.get("XDG_RUNTIME_DIR")
    # By XDG's specification a relative path is ignored. After sudo it may be another user's.
    if runtime and runtime.startswith("/") and _is_own_folder(runtime):
        paths.insert(0, f"{runtime}/{_FOLDER}")
    return list(dict.fromkeys(paths))


def _is_private(path: str) -> bool:
    return _is_own_folder(path) and not os.lstat(path).st_mode & 0o077


def _is_own_folder(path: str) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
