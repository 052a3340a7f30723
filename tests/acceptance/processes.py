"""The processes of a Terraform command, as Linux shows them."""

import os
from pathlib import Path

PROVIDER = b"terraform-provider-veeam_v"


def in_session(session: int) -> list[int]:
    """Return the living processes of a session, which a command is started in."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def providers_in(session: int) -> list[int]:
    """Return the providers among them."""
    return [process for process in in_session(session) if PROVIDER in _command(process)]


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def signal_all(processes: list[int], number: int) -> None:
    """Send a signal to those that are still there."""
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue
