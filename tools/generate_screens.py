"""`make docs`: what the commands print, on the pages of the command line and of `doctor`.

Each block of `text` that follows one of `sh` is what that prints, run against the simulator.
`--check` writes nothing and fails when a block differs.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from em_simulator import ADMINISTRATOR, Simulator
from em_simulator.certificate import Certificate

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ROOT / "docs" / "guides"
_SCREEN = re.compile(r"(?<=```sh\n)(?P<script>[^`]*)(?P<between>```\n\n```text\n)[^`]*")
_HOST, _OLD_HOST, _OTHER_HOST = "em.example.com", "old.example.com", "www.example.com"
_FINGERPRINTS = ("9F:86:D0:81:88:4C:7D:65", "2C:26:B4:6B:68:FF:C6:8F")  # repeated: 32 bytes
# What differs from one run to the next, and is as long.
_SHOWN = {
    r"(valid until\s+)\S+Z": r"\g<1>2027-06-01T09:00:00Z",
    r"(time is\s+)\S+Z": r"\g<1>2026-06-01T09:00:00Z",
    r"\d+ logon sessions? held": "0 logon sessions held",
    r"127\.0\.0\.1": "192.0.2.7",
}
# Names and ports lead to servers of this machine; nobody else knows a name.
_NAMES = """\
import socket

_find, _places = socket.getaddrinfo, {places}


def getaddrinfo(host, port, *rest, **more):
    if f"{{host}}:{{port}}" not in _places:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _find("127.0.0.1", _places[f"{{host}}:{{port}}"], *rest, **more)


socket.getaddrinfo = getaddrinfo
"""


def with_screens(page: str) -> str:
    """Return a page with all that its commands print, as on a terminal that is wide enough."""
    with Simulator() as simulator, tempfile.TemporaryDirectory() as folder:
        environment = {
            **_surroundings(folder),
            "VEEAM_EM_URL": simulator.url,
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": simulator.fingerprint,
        }
        return _SCREEN.sub(partial(_screen, folder=folder, environment=environment), page)


def with_examinations(page: str) -> str:
    """Return the page of `doctor` with its screens, in all of which the servers have names."""
    expired = Certificate(_OLD_HOST, dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        good = stack.enter_context(Simulator(certificate=Certificate(_HOST)))
        old = stack.enter_context(Simulator(certificate=expired))
        other = stack.enter_context(_Website(Certificate(_OTHER_HOST).context(), folder))
        places = {
            f"{_HOST}:9398": int(good.url.rpartition(":")[2]),
            f"{_HOST}:9399": 1,
            f"{_OLD_HOST}:9398": int(old.url.rpartition(":")[2]),
            f"{_OTHER_HOST}:443": other.server_port,
            "proxy.example.com:3128": 1,
        }
        Path(folder, "sitecustomize.py").write_text(_NAMES.format(places=places), "utf-8")
        for program, version in (("terraform", "1.14.3"), ("tofu", "1.11.1")):
            told = json.dumps({"terraform_version": version})
            Path(folder, program).write_text(f"#!/bin/sh\necho '{told}'\n", "utf-8")
            Path(folder, program).chmod(0o755)
        Path(folder, "old.pem").write_text(old.certificate_pem, "utf-8")
        environment = {
            **_surroundings(folder),
            "VEEAM_EM_URL": f"https://{_HOST}",
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": good.fingerprint,
            "PYTHONPATH": folder,
        }
        install = ["bash", "-c", "terraform-provider-veeam install"]
        subprocess.run(install, env=environment, cwd=folder, check=True, capture_output=True)
        page = _SCREEN.sub(partial(_screen, folder=folder, environment=environment), page)
        for server, said in zip((good, old), _FINGERPRINTS, strict=True):
            page = page.replace(server.fingerprint, ":".join([said] * 4))
        for varies, shown in _SHOWN.items():
            page = re.sub(varies, shown, page)
        return page.replace(folder, "/home/me")


class _Website(ThreadingHTTPServer):
    """Something that is not Enterprise Manager."""

    def __init__(self, context: ssl.SSLContext, folder: str) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Silent, directory=folder))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Tell nobody of requests."""


def _surroundings(folder: str) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join((folder, str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": folder,
        "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
        "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
    }


def _screen(block: re.Match[str], folder: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", block["script"]],  # noqa: S607 - whichever there is
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode and not block["script"].endswith("doctor\n"):
        raise SystemExit(f"{block['script']}{done.stdout}")
    return f"{block['script']}{block['between']}{done.stdout}"


PAGES = {GUIDES / "command-line.md": with_screens, GUIDES / "doctor.md": with_examinations}


def main() -> int:
    """Write the pages, or check them; returns the exit code."""
    wrong = False
    for file, make in PAGES.items():
        page = file.read_text(encoding="utf-8")
        if page == (wanted := make(page)):
            continue
        if "--check" in sys.argv[1:]:
            wrong = True
            print(f"{file.relative_to(ROOT)} does not show what the commands print: run make docs")
        else:
            file.write_text(wanted, encoding="utf-8")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
