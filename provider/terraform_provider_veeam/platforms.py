"""What Windows does differently from Linux and macOS: processes, signals, folders, sockets.

Everything that differs is decided here and nowhere else. Each function can be asked for the other
platform's answer, so that it is tested on either.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # the module `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

IS_WINDOWS = sys.platform == "win32"

_DETACHED_PROCESS = 0x00000008
_NEW_PROCESS_GROUP = 0x00000200
_BEHIND_EVERY_FILE = 2**62
_LONGEST_PATH = 32768  # in Windows
_LONGEST_NAME = 255  # bytes, and in Windows units of UTF-16
_LINKS_OF_WINDOWS = (0xA000000C, 0xA0000003)  # the tags of symbolic links and of junctions
_DEVICE = r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?"


def detached(*, windows: bool = IS_WINDOWS) -> dict[str, Any]:
    """Return the arguments of Popen for a process that survives the terminal and Terraform."""
    if windows:
        return {"creationflags": _DETACHED_PROCESS | _NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def is_file_name(name: str, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether a file of this name, and no other, can be made in a folder."""
    if name in ("", ".", "..") or set(name) & set("/\0"):
        return False
    if not windows:
        try:
            return len(os.fsencode(name)) <= _LONGEST_NAME
        except UnicodeEncodeError:
            return False
    import re  # noqa: PLC0415 - slow to import

    # Windows writes `a.` and `a ` to `a`, and drops what is written to `nul`.
    return not (
        set(name) & set('\\<>:"|?*')
        or any(ord(character) < ord(" ") for character in name)
        or name[-1] in ". "
        or re.fullmatch(_DEVICE, name)
        or len(name.encode("utf-16-le", "surrogatepass")) > 2 * _LONGEST_NAME
    )


def hold_folder(
    path: str, within: int | None = None, *, is_below: bool = False, windows: bool = IS_WINDOWS
) -> int | None:
    """Return a handle of a folder, which leads there even if another takes its name.

    One that `is_below` a folder, of which `within` is the handle, is no link to elsewhere. In
    Windows there are no such handles: it is looked at, and None returned. Raises OSError.
    """
    if not windows:
        flags = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)  # needs no right to list it
        return os.open(path, flags | (os.O_NOFOLLOW if is_below else 0), dir_fd=within)
    found = os.lstat(path) if is_below else os.stat(path)  # noqa: PTH116 - no pathlib here
    if is_link(found) or not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return None


def is_link(found: os.stat_result) -> bool:
    """Tell whether what `lstat` has found leads elsewhere: a link, or a junction of Windows."""
    tag = getattr(found, "st_reparse_tag", 0)
    return stat.S_ISLNK(found.st_mode) or tag in _LINKS_OF_WINDOWS


def try_lock(handle: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Lock an open file until it is closed; False when another process has it, or none can."""
    try:
        if windows:
            import msvcrt  # noqa: PLC0415 - only there

            os.lseek(handle, _BEHIND_EVERY_FILE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl  # noqa: PLC0415 - not there

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def quoted_for_shell(text: str, *, windows: bool = IS_WINDOWS) -> str:
    """Return a word as it is written in a shell, in Windows in PowerShell."""
    if not windows:
        import shlex  # noqa: PLC0415 - few need it

        return shlex.quote(text)
    import re  # noqa: PLC0415 - slow to import

    return text if re.fullmatch(r"[\w./:-]+", text) else "'" + text.replace("'", "''") + "'"


def executable(name: str, *, windows: bool = IS_WINDOWS) -> str:
    """Return the name of a program's file."""
    return f"{name}.exe" if windows else name


def plugin_folder(
    environment: Mapping[str, str] = os.environ, *, windows: bool = IS_WINDOWS
) -> str:
    """Return the folder that both Terraform and OpenTofu search without any setting."""
    if windows:
        return os.path.join(  # noqa: PTH118 - no pathlib here
            environment.get("APPDATA", "~"), "terraform.d", "plugins"
        )
    return "~/.terraform.d/plugins"


def configuration_folder(
    environment: Mapping[str, str] = os.environ, *, platform: str = sys.platform
) -> str:
    """Return the folder for this program's settings of this user."""
    own = "terraform-provider-veeam"
    home = environment.get("HOME") or "~"
    parent = environment.get("XDG_CONFIG_HOME", "")
    if platform == "win32":
        parent = environment.get("APPDATA") or "~"
    elif not parent.startswith("/"):  # by XDG's specification a relative path is ignored
        folder = "Library/Application Support" if platform == "darwin" else ".config"
        parent = f"{home}/{folder}"
    return os.path.expanduser(os.path.join(parent, own))  # noqa: PTH111, PTH118 - no pathlib here


@contextmanager
def new_files_for_all() -> Iterator[None]:
    """Let everybody read what is made meanwhile, whatever the umask says."""
    before = os.umask(0)
    os.umask(before & 0o022)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def replacing(file: Path, mode: int, within: Path | None = None) -> Iterator[Path]:
    """Give a new file that takes a file's place at the end, so that nobody finds half of one."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - slow to import

    with TemporaryDirectory(dir=within or file.parent, prefix=".") as folder:
        new = type(file)(folder, file.name)
        yield new
        new.chmod(mode)
        new.replace(file)


def in_ascii(path: str) -> str:
    """Return the path of a file of Windows in letters that each program reads, if it has such."""
    if path.isascii():
        return path
    import ctypes  # noqa: PLC0415 - few need it

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    found = ctypes.create_unicode_buffer(_LONGEST_PATH)
    kernel.GetShortPathNameW(path, found, _LONGEST_PATH)
    return found.value or path
