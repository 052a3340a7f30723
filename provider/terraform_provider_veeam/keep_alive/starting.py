"""Starting a keeper from the provider, and telling it what changed. The token goes by pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from terraform_provider_veeam.platforms import detached

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import LogonSession
    from terraform_provider_veeam.em.settings import Settings

IDLE_LIMIT_VARIABLE = "VEEAM_EM_IDLE_LIMIT"
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "XDG_RUNTIME_DIR"),
    *("LOCALAPPDATA", "APPDATA", "USERPROFILE"),
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
    *("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "LD_LIBRARY_PATH"),
)

_READY_SECONDS = 15.0

_lock = threading.Lock()
_started: dict[str, subprocess.Popen[str]] = {}


def hold(settings: Settings, session: LogonSession, hrefs: tuple[str, ...], seconds: float) -> None:
    """Have a session held open for these mount points. Raises OSError, ValueError."""
    from terraform_provider_veeam.keep_alive.order import Order  # noqa: PLC0415 - few need it

    line = Order(settings, session, hrefs, seconds, idle_limit()).to_json() + "\n"
    with _lock:
        process = _started.get(session.token)
        if process is None or process.poll() is not None:
            _started[session.token] = _start(line)
        elif process.stdin:
            process.stdin.write(line)
            process.stdin.flush()


def check(session: LogonSession) -> None:
    """Have the session's keeper, if there is one, look whether it is still needed."""
    _tell(session, "check")


def release(session: LogonSession, hrefs: tuple[str, ...]) -> None:
    """Have the session's keeper, if there is one, no longer hold these mount points."""
    _tell(session, "add", hrefs=hrefs, seconds=0)


def _tell(session: LogonSession, what: str, **more: Any) -> None:
    from terraform_provider_veeam.keep_alive import sockets  # noqa: PLC0415 - few need it

    with suppress(OSError):
        path = sockets.path_of(session)
        if path.exists():
            sockets.ask(path, what, **more)


def idle_limit() -> float:
    """Return the seconds after which Enterprise Manager ends an idle session. Raises ValueError.

    15 minutes, unless VEEAM_EM_IDLE_LIMIT says otherwise.
    """
    from terraform_provider_veeam.durations import parse_duration  # noqa: PLC0415 - few need it

    try:
        return parse_duration(os.environ.get(IDLE_LIMIT_VARIABLE) or "15m")
    except ValueError as error:
        raise ValueError(f"environment variable {IDLE_LIMIT_VARIABLE}: {error}") from None


def _start(order: str) -> subprocess.Popen[str]:
    """Start a keeper and wait until it holds. Raises OSError when it does not."""
    process = subprocess.Popen(  # noqa: S603 - this program itself
        [*_own_command(), "keep-alive", "hold"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd="/",
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **detached(),
    )
    if process.stdin is None or process.stdout is None:
        raise OSError("it has no pipes")
    process.stdin.write(order)
    process.stdin.flush()
    if not _first_line(process.stdout):
        process.kill()
        process.communicate()
        raise OSError("it ended, or did not begin in time")
    process.stdout.close()
    return process


def _first_line(source: IO[str]) -> str:
    """Return a line if it comes in time, else nothing; Windows can't wait for a pipe otherwise."""
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(source.readline()), daemon=True)
    reader.start()
    reader.join(_READY_SECONDS)
    return found[0] if found else ""


def _own_command() -> list[str]:
    if "__compiled__" in globals():  # one executable, without a Python
        return [os.path.realpath(sys.argv[0])]
    return [sys.executable, "-P", "-m", "terraform_provider_veeam"]  # nothing from its folder
