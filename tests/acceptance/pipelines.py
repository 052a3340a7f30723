"""GitHub Actions and GitLab CI, as far as the guides' jobs need them.

The scripts of a job are run as the runners do it, each step on its own. Actions and images stand
for the programs that they bring.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from terraform import ROOT, TIME_LIMIT

_EXPRESSION = re.compile(r"\$\{\{ *(?:secrets|vars)\.(\w+) *\}\}")
# Prints what hashicorp/setup-terraform's wrapper prints around what Terraform does.
_WRAPPER = """\
printf '[command]%s' {terraform}; printf ' %s' "$@"; echo
{terraform} "$@"; code=$?
echo; echo "::debug::Terraform exited with code $code."; exit $code
"""


def check_inputs(part: str) -> None:
    """Check a part of a pipeline that uses this repository: there are such inputs, and no others.

    GitHub's steps name an action by its folder, GitLab's `include` a component by its file.
    """
    yaml = YAML(typ="safe")
    used = yaml.load(part)
    if isinstance(used, list):
        ((folder, written),) = ((one["uses"].partition("@")[0], one["with"]) for one in used)
        file = ROOT.joinpath(*folder.split("/")[2:], "action.yml")
        described = yaml.load(file)["inputs"]
    else:
        ((name, written),) = ((one["component"], one["inputs"]) for one in used["include"])
        file = ROOT / "templates" / f"{name.partition('@')[0].rpartition('/')[2]}.yml"
        described = next(yaml.load_all(file))["spec"]["inputs"]
    needed = {name for name, told in described.items() if "default" not in told}
    assert needed <= {*written} <= {*described}, part


@dataclass
class Job:
    """A job on a runner's machine, in the folder of a checkout."""

    folder: Path
    environment: dict[str, str]
    settings: Mapping[str, str]
    """Secrets and variables of the project."""
    terraform: str
    """The command of Terraform, as sh reads it."""
    python: Path
    """The folder of Python's programs."""
    programs: Path
    """An empty folder for what is installed."""
    printed: str = ""
    failed: list[str] = field(default_factory=list)
    """The scripts that have failed."""

    def github(self, workflow: Path) -> None:
        """Run the one job of a workflow, its steps one after another."""
        described = YAML(typ="safe").load(workflow)
        ((_, job),) = described["jobs"].items()
        self._set(described["env"])
        for step in job["steps"]:
            if self.failed and step.get("if") != "always()":
                continue
            if "uses" in step:
                self._use(step["uses"].partition("@")[0], step.get("with", {}))
            else:
                self._run(step["run"], "bash", "-e", "-c")

    def gitlab(self, pipeline: Path) -> None:
        """Run the one job of a pipeline: its script, and what comes after it."""
        ((_, job),) = YAML(typ="safe").load(pipeline).items()
        self._set(job.get("variables", {}))
        self._set(self.settings)
        lines = [*job.get("before_script", ()), *job["script"]]
        self._run("\n".join(lines), "sh", "-e", "-c")
        if "after_script" in job:
            self._run("\n".join(job["after_script"]), "sh", "-e", "-c")

    def provide(self, name: str, script: str) -> None:
        """Put a script for sh on the PATH."""
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)
        self._reach(self.programs)

    def _reach(self, folder: Path) -> None:
        self.environment["PATH"] = f"{folder}{os.pathsep}{self.environment['PATH']}"

    def _use(self, action: str, settings: Mapping[str, Any]) -> None:
        match action:
            case "actions/checkout":
                pass
            case "actions/setup-python":
                self._reach(self.python)
            case "hashicorp/setup-terraform":
                wrapped = settings.get("terraform_wrapper", True)
                plain = f'exec {self.terraform} "$@"'
                text = _WRAPPER.format(terraform=self.terraform) if wrapped else plain
                self.provide("terraform", text)
            case _:
                raise ValueError(f"nobody knows what {action} does")

    def _run(self, script: str, *shell: str) -> None:
        done = subprocess.run(
            [*shell, script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        self.printed += done.stdout
        if done.returncode != 0:
            self.failed.append(script)

    def _set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self.environment[name] = _EXPRESSION.sub(lambda told: self.settings[told[1]], value)
