"""What Windows does differently from Linux and macOS: processes, signals, folders, sockets.

Everything that differs is decided here and nowhere else. Each function can be asked for the other
platform's answer, so that it is tested on either.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # the module `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

IS_WINDOWS = sys.platform == "win32"

_DETACHED_PROCESS = 0x00000008
_NEW_PROCESS_GROUP = 0x00000200
_SYNCHRONIZE = 0x00100000
_WAIT_TIMEOUT = 0x00000102
_COOKIE = b"TF_PLUGIN_MAGIC_COOKIE="
_LAUNCHER = r"(?i)(terraform-provider-.*|py(thon)?w?[0-9.]*|cmd)\.exe"
_SNAPSHOT_OF_PROCESSES = 0x00000002
_FOLDER = "terraform-provider-veeam"
_BEHIND_EVERY_FILE = 2**62
_LONGEST_PATH = 32768  # in Windows
_LONGEST_NAME = 255  # bytes, and in Windows units of UTF-16
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what is made in them nobody else may enter
_LINKS_OF_WINDOWS = (0xA000000C, 0xA0000003)  # the tags of symbolic links and of junctions
_DEVICE = r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?"


class NoPrivateFolder(OSError):
    """There is no folder that is this user's own; the text says why, and what helps."""


def detached(*, windows: bool = IS_WINDOWS) -> dict[str, Any]:
    """Return the arguments of Popen for a process that survives the terminal and Terraform."""
    if windows:
        return {"creationflags": _DETACHED_PROCESS | _NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def hang_up_signals(module: Any = signal) -> list[signal.Signals]:
    """Return the signals that a terminal sends when it closes: none on Windows."""
    names = ("SIGHUP",)
    return [getattr(module, name) for name in names if hasattr(module, name)]


def is_alive(process: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether there is a process of that number that has not ended."""
    if windows:
        return _is_alive_in_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is somebody else's
    return _fields_of(process)[:1] != ["Z"]  # which has ended, and nobody has taken note


def terraform_process(*, windows: bool = IS_WINDOWS) -> int:
    """Return the number of the Terraform that started this process, perhaps through launchers.

    A launcher that does not become the provider, as pip's in Windows or a script without `exec`,
    is its parent. In Linux it is known by the cookie that Terraform has given it too, in Windows
    by its name; on macOS it is taken for Terraform.
    """
    if windows:
        return _first_that_is_no_launcher(_processes_in_windows())
    process = os.getppid()
    while _has_cookie(process) and (parent := _parent_of(process)):
        process = parent
    return process


def has_lost_terraform(process: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether the Terraform that started this process, `terraform_process`, has ended.

    Windows keeps the number of a dead parent, Linux and macOS give its children another parent.
    """
    if windows:
        return not is_alive(process, windows=True)
    return terraform_process(windows=False) != process


def private_folder(
    environment: Mapping[str, str] = os.environ,
    *,
    windows: bool = IS_WINDOWS,
    longest: int = 4096,
) -> str:
    """Return a folder that only this user may enter, made if need be. Raises OSError.

    Its path has at most `longest` bytes, if possible.

    On Windows the user's profile is private anyway; elsewhere it is checked.
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
    paths = [f"{parent}/{own}" for parent in (*_TEMPORARY, *temporary_folders(environment))]
    runtime = environment.get("XDG_RUNTIME_DIR")
    # By XDG's specification a relative path is ignored. After sudo it may be another user's.
    if runtime and runtime.startswith("/") and _is_own_folder(runtime):
        paths.insert(0, f"{runtime}/{_FOLDER}")
    return list(dict.fromkeys(paths))


def _is_private(path: str) -> bool:
    return _is_own_folder(path) and not os.lstat(path).st_mode & 0o077


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
        return 0 < len(_bytes_of(name)) <= _LONGEST_NAME
    import re  # noqa: PLC0415 - slow to import

    # Windows writes `a.` and `a ` to `a`, and drops what is written to `nul`.
    return not (
        set(name) & set('\\<>:"|?*')
        or any(ord(character) < ord(" ") for character in name)
        or name[-1] in ". "
        or re.fullmatch(_DEVICE, name)
        or len(name.encode("utf-16-le", "surrogatepass")) > 2 * _LONGEST_NAME
    )


def _bytes_of(name: str) -> bytes:
    """Return a name as the file system gets it; nothing when it can't be written in it."""
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        return b""


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


@contextmanager
def new_files_for_all() -> Iterator[None]:
    """Let everybody read what is made meanwhile, whatever the umask says."""
    before = os.umask(0)
    os.umask(before & 0o022)
    try:
        yield
    finally:
        os.umask(before)


def in_ascii(path: str) -> str:
    """Return the path of a file of Windows in letters that each program reads, if it has such."""
    if path.isascii():
        return path
    import ctypes  # noqa: PLC0415 - few need it

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    found = ctypes.create_unicode_buffer(_LONGEST_PATH)
    kernel.GetShortPathNameW(path, found, _LONGEST_PATH)
    return found.value or path


def _has_cookie(process: int) -> bool:
    """Tell whether a process of Linux was started by Terraform."""
    try:
        with open(f"/proc/{process}/environ", "rb") as file:  # noqa: PTH123 - no pathlib here
            return any(line.startswith(_COOKIE) for line in file.read().split(b"\0"))
    except OSError:
        return False


def _parent_of(process: int) -> int:
    """Return the number of the parent of a process of Linux; 0 when there is none."""
    fields = _fields_of(process)
    return int(fields[1]) if fields else 0


def _fields_of(process: int) -> list[str]:
    """Return what Linux tells of a process, from its state on; nothing elsewhere."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123 - no pathlib here
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []


def _first_that_is_no_launcher(processes: Mapping[int, tuple[int, str]]) -> int:
    """Return which ancestor has started this process; told are parents and names, by numbers."""
    import re  # noqa: PLC0415 - slow to import

    process = os.getppid()
    while process in processes:
        parent, name = processes[process]
        if not re.fullmatch(_LAUNCHER, name) or parent not in processes:
            break
        process = parent
    return process


def _processes_in_windows() -> dict[int, tuple[int, str]]:
    """Return the parent and the name of each process, by its number."""
    import ctypes  # noqa: PLC0415 - few need it
    from ctypes import c_long, c_size_t, c_ulong, c_void_p, c_wchar  # noqa: PLC0415

    class Entry(ctypes.Structure):
        """PROCESSENTRY32W."""

        _fields_ = (
            ("size", c_ulong),
            ("usage", c_ulong),
            ("process", c_ulong),
            ("heap", c_size_t),
            ("module", c_ulong),
            ("threads", c_ulong),
            ("parent", c_ulong),
            ("priority", c_long),
            ("flags", c_ulong),
            ("name", c_wchar * 260),
        )

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateToolhelp32Snapshot.restype = c_void_p
    snapshot = c_void_p(kernel.CreateToolhelp32Snapshot(_SNAPSHOT_OF_PROCESSES, 0))
    entry = Entry(size=ctypes.sizeof(Entry))
    found = {}
    try:
        more = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
        while more:
            found[int(entry.process)] = int(entry.parent), str(entry.name)
            more = kernel.Process32NextW(snapshot, ctypes.byref(entry))
    finally:
        kernel.CloseHandle(snapshot)
    return found


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
