"""`make docs`: what the commands print, on the page of the command line.

Each block of `text` that follows one of `sh` is what that prints, run against the simulator.
`--check` writes nothing and fails when a block differs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from em_simulator import ADMINISTRATOR, Simulator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "guides" / "command-line.md"
_SCREEN = re.compile(r"(?<=```sh\n)(?P<script>[^`]*)(?P<between>```\n\n```text\n)[^`]*")


def with_screens(page: str) -> str:
    """Return a page with all that its commands print, as on a terminal that is wide enough."""
    with Simulator() as simulator, tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "HOME": folder,
            "VEEAM_EM_URL": simulator.url,
            "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
            "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": simulator.fingerprint,
        }

        def screen(block: re.Match[str]) -> str:
            printed = subprocess.run(
                ["bash", "-euc", block["script"]],  # noqa: S607 - whichever there is
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            ).stdout
            return f"{block['script']}{block['between']}{printed}"

        return _SCREEN.sub(screen, page)


def main() -> int:
    """Write the page, or check it; returns the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = with_screens(page)
    if page == wanted:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE.relative_to(ROOT)} does not show what the commands print: run make docs")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
