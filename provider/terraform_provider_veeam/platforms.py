"""What Windows does in another way than Linux and macOS: processes, signals, folders, sockets.

Everything that differs is decided here and nowhere else. Each function can be asked for the other
platform's answer, so that it is tested on either.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IS_WINDOWS = sys.platform == "win32"

_DETACHED_PROCESS = 0x00000008
_NEW_PROCESS_GROUP = 0x00000200
_SYNCHRONIZE = 0x00100000
_WAIT_TIMEOUT = 0x00000102
_FOLDER = "terraform-provider-veeam"
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what is made in them nobody else may enter
_DEVICE = r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?"


class NoPrivateFolder(OSError):
    """There is no folder that is this user's own; the text says why, and what helps."""


def detached(*, windows: bool = IS_WINDOWS) -> dict[str, Any]:
    """Return the arguments of Popen for a process that survives the terminal and Terraform."""
    if windows:
        return {"creationflags": _DETACHED_PROCESS | _NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def hang_up_signals(module: Any = signal) -> list[signal.Signals]:
    """Return the signals that tell of a terminal's end: none in Windows."""
    names = ("SIGHUP",)
    return [getattr(module, name) for name in names if hasattr(module, name)]


def is_alive(process: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether there is a process of that number."""
    if windows:
        return _is_alive_in_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is somebody else's
    return True


def has_lost_parent(parent: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether the process that started this one has ended.

    Windows keeps telling its number, Linux and macOS give its children another parent.
    """
    if windows:
        return not is_alive(parent, windows=True)
    return os.getppid() != parent


def private_folder(
    environment: Mapping[str, str] = os.environ,
    *,
    windows: bool = IS_WINDOWS,
    longest: int = 4096,
) -> str:
    """Return a folder that only this user may enter, made if need be. Raises OSError.

    Its path has at most `longest` bytes, if that can be.

    In Windows that is so of everything in the user's profile; elsewhere it is checked.
    """
    if windows:
        parent = environment.get("LOCALAPPDATA")
        if not parent:
            raise NoPrivateFolder("LOCALAPPDATA is not set")
        path = os.path.join(parent, _FOLDER)  # noqa: PTH118 - no pathlib here
        os.makedirs(path, exist_ok=True)  # noqa: PTH103 - no pathlib here
        return path
    own = f"{_FOLDER}-{os.getuid()}"
    paths = [f"{parent}/{own}" for parent in temporary_folders(environment)]
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and _is_own_folder(runtime):  # after sudo it may be another user's
        paths.insert(0, f"{runtime}/{_FOLDER}")
    for path in paths:
        if len(os.fsencode(path)) > longest:
            continue
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102 - no pathlib here
        except FileExistsError:
            pass
        except OSError:
            continue
        if not _is_own_folder(path) or os.lstat(path).st_mode & 0o077:
            raise NoPrivateFolder(f"{path} is not a folder for this user alone: remove it")
        return path
    raise NoPrivateFolder(no_folder(paths))


def temporary_folders(environment: Mapping[str, str]) -> list[str]:
    """Return where temporary things can be, the best place first. Not in Windows."""
    chosen = environment.get("TMPDIR", "")
    return [*([chosen] if os.path.isabs(chosen) else []), *_TEMPORARY]  # noqa: PTH117


def no_folder(tried: Sequence[str]) -> str:
    """Return what a person is told when in none of some places a folder could be made."""
    return (
        f"no folder could be made, neither {' nor '.join(tried)}. Set the environment variable "
        "TMPDIR to a folder that this user can write to, with a path of at most 50 characters"
    )


def _is_own_folder(path: str) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def is_file_name(name: str, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether a file of this name, and no other, can be made in a folder."""
    if name in ("", ".", "..") or set(name) & set("/\0"):
        return False
    if not windows:
        return True
    # Windows writes `a.` and `a ` to `a`, and what is sent to `nul` nowhere.
    return not (
        set(name) & set('\\<>:"|?*')
        or any(ord(character) < ord(" ") for character in name)
        or name[-1] in ". "
        or re.fullmatch(_DEVICE, name)
    )


def executable(name: str, *, windows: bool = IS_WINDOWS) -> str:
    """Return the name of a program's file."""
    return f"{name}.exe" if windows else name


def plugin_folder(
    environment: Mapping[str, str] = os.environ, *, windows: bool = IS_WINDOWS
) -> str:
    """Return the folder that Terraform and OpenTofu both search without being told to."""
    if windows:
        return os.path.join(  # noqa: PTH118 - no pathlib here
            environment.get("APPDATA", "~"), "terraform.d", "plugins"
        )
    return "~/.terraform.d/plugins"


def _is_alive_in_windows(process: int) -> bool:
    import ctypes  # noqa: PLC0415 - few need it

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)  # noqa: FBT003 - a C function
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
    finally:
        kernel.CloseHandle(handle)
