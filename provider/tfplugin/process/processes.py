"""Other processes, Terraform among them, and what Windows does differently with them.

Each function can be asked for the other platform's answer, so that it is tested on either.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # the module `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

IS_WINDOWS = sys.platform == "win32"

_SYNCHRONIZE = 0x00100000
_WAIT_TIMEOUT = 0x00000102
_COOKIE = b"TF_PLUGIN_MAGIC_COOKIE="
_LAUNCHER = r"(?i)(terraform-provider-.*|py(thon)?w?[0-9.]*|cmd)\.exe"
_SNAPSHOT_OF_PROCESSES = 0x00000002


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

    A launcher, as pip's in Windows or a script without `exec`, is known in Linux by the cookie that
    Terraform gave it too, in Windows by its name; on macOS it is taken for Terraform.
    """
    if windows:
        return _first_that_is_no_launcher(_processes_in_windows())
    process = os.getppid()
    while _has_cookie(process) and (parent := _parent_of(process)):
        process = parent
    return process


def has_lost_terraform(process: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Tell whether the Terraform that started this process, `terraform_process`, has ended.

    Windows keeps the number of a dead parent; elsewhere its children get another.
    """
    if windows:
        return not is_alive(process, windows=True)
    return terraform_process(windows=False) != process


def _has_cookie(process: int) -> bool:
    try:
        with open(f"/proc/{process}/environ", "rb") as file:  # noqa: PTH123 - no pathlib here
            return any(line.startswith(_COOKIE) for line in file.read().split(b"\0"))
    except OSError:
        return False


def _parent_of(process: int) -> int:
    """Return the parent of a process of Linux; 0 when there is none."""
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
    """Return the first ancestor that is no launcher, from parents and names by process number."""
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
