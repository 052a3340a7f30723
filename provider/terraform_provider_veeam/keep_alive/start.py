"""Having a session held after Terraform has ended: by the keeper, which is started if need be."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from terraform_provider_veeam.keep_alive.idle_limit import idle_limit
from terraform_provider_veeam.platforms import detached
from terraform_provider_veeam.program import packaged_program

if TYPE_CHECKING:
    from terraform_provider_veeam.em.settings import Settings
    from terraform_provider_veeam.sessions.record import SessionRecord

_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "XDG_RUNTIME_DIR"),
    *("LOCALAPPDATA", "APPDATA", "USERPROFILE"),
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
    *("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH"),
)
_READY_SECONDS = 60.0

_starting = threading.Lock()


def hold(settings: Settings, record: SessionRecord, seconds: float, name: str = "") -> None:
    """Have the session of a restore point of that name held for that many seconds.

    Returns when it is held: the keeper has read its mount point. Raises OSError or ValueError,
    saying why not.
    """
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it
    from terraform_provider_veeam.keep_alive.keeper import KEEPER  # noqa: PLC0415
    from terraform_provider_veeam.keep_alive.order import Order  # noqa: PLC0415

    order = Order(settings, record, seconds, idle_limit(), name).to_plain()
    with _starting:  # the first order starts it, the others find it
        answer = sockets.ask(sockets.place(KEEPER), {"do": "hold", "order": order}, _READY_SECONDS)
        refused = _start(order) if answer is None else answer.get("refused")
    if refused:
        raise OSError(refused)


def release(fingerprint: str, href: str) -> None:
    """Have every process stop holding a session for a mount point."""
    _tell({"do": "release", "sessions": [fingerprint], "mount_point": href})


def _tell(message: dict[str, Any]) -> None:
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it

    with suppress(OSError):
        for path in sockets.places():
            with suppress(OSError):
                sockets.ask(path, message)


def _start(order: dict[str, Any]) -> str | None:
    """Start the keeper and wait for its word; return why it does not hold. Raises OSError."""
    import subprocess  # noqa: PLC0415 - few need it

    process = subprocess.Popen(  # noqa: S603 - this program itself
        [*_own_command(), "keep-alive", "hold"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **detached(),
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise OSError("it has no pipes")
    with suppress(BrokenPipeError):  # it has ended already, and said why
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    said = _first_line(process.stdout)
    if said == "ready":
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        return None
    process.kill()
    _, complaint = process.communicate()
    # The first line has the cause; above that of an exception is how it came about.
    lines = (line for line in complaint.splitlines() if not line.startswith(("Traceback", " ")))
    return said or next(lines, "it ended, or did not start in time")


def _first_line(source: IO[str]) -> str:
    """Return a line if it comes in time, else nothing. On Windows only a thread can wait for it."""
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(source.readline()), daemon=True)
    reader.start()
    reader.join(_READY_SECONDS)
    return found[0].strip() if found else ""


def _own_command() -> list[str]:
    if program := packaged_program():
        return [program]
    return [sys.executable, "-EP", "-m", "terraform_provider_veeam"]  # as the launcher does
