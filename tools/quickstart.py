"""`make quickstart`: watch real Terraform mount a restore point, and unmount it again.

Everything it starts it ends, also when a step fails or Ctrl-C is pressed.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PROVIDER = BIN / "terraform-provider-veeam"
SIMULATOR = BIN / "em-simulator"

# What a user's shell may hold of another Enterprise Manager or another Terraform.
FOREIGN = (
    "VEEAM_EM_SESSION_TOKEN",
    "VEEAM_EM_CA_CERTIFICATE",
    "VEEAM_EM_INSECURE",
    "TF_CLI_CONFIG_FILE",
    "TF_CLI_ARGS",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_REATTACH_PROVIDERS",
)
MOUNT = re.compile(r".*/mounts(/\d+)?")


class Failed(Exception):
    """A step did not work; the text says which."""


def main() -> int:
    """Run the whole tour; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell ignores them
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="veeam-quickstart-") as folder:
        try:
            journal = Path(folder, "journal.jsonl")
            with simulator(journal) as server:
                Tour(Path(folder), server, journal).run()
        except Failed as failure:
            say(f"That did not work: {failure}")
            return 1
        except KeyboardInterrupt:
            say("Interrupted. What was started has been ended.")
            return 130
    return 0


class Tour:
    """Install, init, plan, apply, look, destroy, look again."""

    def __init__(self, folder: Path, server: Mapping[str, Any], journal: Path) -> None:
        self._folder = folder
        self._work = folder / "work"
        self._plugins = folder / "plugins"
        self._server = server
        self._journal = journal
        self._command, self._name = terraform()
        self._environment = {k: v for k, v in os.environ.items() if k not in FOREIGN} | {
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_restore_point_id": server["restore_points"][0],
            "VEEAM_EM_URL": server["url"],
            "VEEAM_EM_USERNAME": server["username"],
            "VEEAM_EM_PASSWORD": server["password"],
            "VEEAM_EM_CERTIFICATE_FINGERPRINT": server["fingerprint"],
        }

    def run(self) -> None:
        """Run all steps; what was mounted is unmounted whatever happens."""
        say(f"An Enterprise Manager simulator runs at {self._server['url']}, in this machine only.")
        shutil.copytree(ROOT / "examples" / "quickstart", self._work)
        run(
            [str(PROVIDER), "install", "--plugin-dir", str(self._plugins)],
            self._work,
            self._environment,
            quietly=True,
        )
        say("Terraform finds the provider in a folder, and writes a lock file.")
        self._terraform("init", f"-plugin-dir={self._plugins}")
        say("What would be mounted? The plan looks the restore point up.")
        self._terraform("plan")
        try:
            say("Mount it. Two processes of the provider take part, one plans, one mounts.")
            self._terraform("apply", "-auto-approve")
            mounted = self._requests("GET", status=200)
            say(f"The server has it:\n{mounted}\n\nAnd the state has it:")
            self._terraform("state", "list")
        finally:
            if (self._work / "terraform.tfstate").exists():
                say("Unmount it, in a new process, through the logon session that mounted it.")
                self._terraform("destroy", "-auto-approve")
        unmounted = self._requests("DELETE", status=204)
        say(
            f"The server was asked, and answered 204 No Content:\n{unmounted}\n\n"
            f"{self._name} mounted a restore point and unmounted it again. Nothing is left: the "
            "simulator, the state and the provider's folder are removed now.\n"
            "The configuration was examples/quickstart/main.tf."
        )

    def _terraform(self, *arguments: str) -> None:
        say(f"$ {self._name} {' '.join(arguments)}", is_command=True)
        color = () if sys.stdout.isatty() or arguments[0] == "state" else ("-no-color",)
        command = [*self._command, arguments[0], *color, *arguments[1:]]
        run(command, self._work, self._environment)

    def _requests(self, method: str, status: int) -> str:
        """Return the mount point's requests of that kind, from the server's journal."""
        entries = [json.loads(line) for line in self._journal.read_text("utf-8").splitlines()]
        found = [
            entry
            for entry in entries
            if entry["method"] == method and MOUNT.fullmatch(entry["path"])
        ]
        if not found or found[-1]["status"] != status:
            raise Failed(f"the server has not answered {method} of the mount with {status}")
        last = found[-1]
        posted = [
            entry
            for entry in entries
            if entry["method"] == "POST" and MOUNT.fullmatch(entry["path"])
        ]
        if last["session_id"] != posted[-1]["session_id"]:
            raise Failed(f"{method} of the mount went through another logon session")
        return (
            f"  {last['method']} /api{last['path']} -> {last['status']}\n"
            "  in the logon session that mounted it"
        )


@contextmanager
def simulator(journal: Path) -> Iterator[Mapping[str, Any]]:
    """Start the simulator and end it; yields what it says about itself."""
    # In a session of its own: Ctrl-C must not end it before Terraform has cleaned up.
    with subprocess.Popen(
        [
            *(str(SIMULATOR), "--port", "0", "--json", "--with-parent"),
            *("--mount-seconds", "2", "--journal", str(journal)),
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Failed("the simulator did not start")
            yield json.loads(line)
        finally:
            process.terminate()


def terraform() -> tuple[Sequence[str], str]:
    """Return the command of a Terraform or OpenTofu, and its name."""
    for name in ("terraform", "tofu"):
        if path := shutil.which(name):
            return [path], name
    return [sys.executable, str(ROOT / "tools" / "terraform.py")], "terraform"


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, quietly: bool = False
) -> None:
    """Run a command to its end; Ctrl-C is its own to handle. Raises Failed."""
    output = subprocess.PIPE if quietly else None
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=output, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            printed, _ = process.communicate()
        except KeyboardInterrupt:
            process.wait()  # it got the signal too, and ends in its own way
            raise
    if process.returncode != 0:
        sys.stdout.write(printed or "")
        raise Failed(f"{Path(command[0]).name} ended with {process.returncode}, see above.")


def say(text: str, *, is_command: bool = False) -> None:
    """Print to the person who watches."""
    if is_command:
        print(f"{text}\n", flush=True)
        return
    lines = [
        line if line.startswith(" ") else textwrap.fill(line, 88) for line in text.splitlines()
    ]
    print("\n── " + "\n".join(lines) + "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
