"""A guide as somebody follows it: each block of code on the page, from the top to the bottom.

- A block that begins with `# main.tf` or another file's name is written to that file.
- A block of HCL without one is an example: it is applied in a folder of its own, and destroyed.
- A block of `sh` is run; what it exports stays set. A reader who uses PowerShell runs the block of
  `powershell` that follows one of `sh` in its place, and every other block of `sh` as it is.
- A block of `yaml` is a part of a pipeline, whose inputs are looked at.
- A block of `text` is what the script before it prints, but for numbers.
"""

import os
import re
import shlex
import shutil
import stat
import subprocess
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from helpers import REQUIRED
from pipelines import check_inputs
from pythons import note_python
from terraform import ROOT, TERRAFORM, TIME_LIMIT, Workspace

from support import powershell

# What goes wrong on the page of `doctor` is compared to the letter by `make check`.
GUIDES = sorted(page for page in (ROOT / "docs" / "guides").glob("*.md") if page.stem != "doctor")
SH, POWERSHELL = "sh", "powershell"
_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# (~?[\w./-]+\.(?:tf|tfvars|hcl|yml|toml|terraformrc))\n")
_EXPORT = re.compile(r"^export (\w+)='(.*)'$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[\d*m")
_CHANGES = re.compile(r"\S*\d\S*")
_BASH = shutil.which("bash") or "bash"
# Answers what Terraform asks for: whether to go on.
_YES = "yes\n" * 10


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    text: str
    section: str

    @property
    def file(self) -> str | None:
        """The file that it is to be written to."""
        named = _NAMED.match(self.text)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """Return every block of a page."""
    text = page.read_text("utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        headings = re.findall(r"^## (.+)$", text[: fence.start()], re.MULTILINE)
        section = headings[-1] if headings else ""
        found.append(Block(fence[2], textwrap.dedent(fence[3]), section))
    return found


def for_shell(page: list[Block], shell: str) -> list[Block]:
    """Return what somebody who uses that shell reads."""
    chosen = []
    for number, block in enumerate(page):
        follower = page[number + 1].language if number + 1 < len(page) else ""
        replaced = shell == POWERSHELL and block.language == SH and follower == POWERSHELL
        if not replaced and not (shell == SH and block.language == POWERSHELL):
            chosen.append(block)
    return chosen


class Reader:
    """Somebody who follows a guide in the folder of a workspace.

    `values` are what they write in place of the guide's examples, and `programs` scripts for sh
    that stand for programs that this machine lacks. `python` runs the provider, once the guide has
    installed it.
    """

    def __init__(
        self,
        workspace: Workspace,
        shell: str = SH,
        values: Mapping[str, str] | None = None,
        programs: Mapping[str, str] | None = None,
        python: Path | None = None,
    ) -> None:
        self.folder = workspace.folder
        self.environment = dict(workspace.environment)
        self.shell = shell
        self.printed = ""
        """What the last script has printed."""
        self.values = dict(values or {})
        self._python = python
        self._programs = self.folder.parent / "programs"
        self._programs.mkdir()
        self.environment["PATH"] = f"{self._programs}{os.pathsep}{self.environment['PATH']}"
        for name, script in ({"terraform": run_by(TERRAFORM)} | dict(programs or {})).items():
            self.provide(name, script)

    def provide(self, name: str, script: str) -> None:
        """Put a script for sh on the PATH."""
        file = self._programs / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def remove(self, name: str) -> None:
        """Take a program away again."""
        (self._programs / name).unlink()

    def reach(self, folder: Path) -> None:
        """Put a folder of programs on the PATH, behind those that are provided."""
        places = self.environment["PATH"].split(os.pathsep)
        self.environment["PATH"] = os.pathsep.join([places[0], str(folder), *places[1:]])

    def follow(self, page: Path, section: str | None = None) -> Iterator[Block]:
        """Do what each block says, and yield it once that is done."""
        for block in for_shell(blocks(page), self.shell):
            if section in (None, block.section):
                self.do(block)
                yield block

    def do(self, block: Block) -> None:
        """Do what one block says."""
        text = self._own(block.text)
        if block.file:
            file = Path(block.file.replace("~", self.environment["HOME"]))
            (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / file).write_text(_whole(text) if file.suffix == ".tf" else text)
        elif block.language == "text":
            check_printed(text, self.printed)
        elif block.language == "terraform":
            self._try_alone(text)
        elif block.language == SH:
            self.run(powershell.as_sh(text) if self.shell == POWERSHELL else text)
        elif block.language == POWERSHELL:
            with suppress(powershell.NotForSh):  # more than that it can be parsed is not seen here
                self.run(powershell.as_sh(text))
        elif block.language == "yaml":
            check_inputs(text)
        else:
            raise ValueError(f"nobody knows what to do with {block.language}")

    def run(self, script: str) -> str:
        """Run a script for sh to its end, keep what it exports, and return what it printed."""
        kept = self.folder.parent / "environment"
        done = subprocess.run(
            [_BASH, "-euo", "pipefail", "-c", f"{script}\nenv -0 > {kept}"],
            cwd=self.folder,
            env=self.environment,
            input=_YES,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        self.printed = _COLOUR.sub("", done.stdout)
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        if self._python:
            note_python(Path(self.environment["HOME"]), self._python)
        variables = kept.read_text().split("\0")[:-1]
        self.environment = dict(variable.split("=", 1) for variable in variables)
        return self.printed

    def copy_exports(self) -> None:
        """Set the variables that the last script has printed as `export NAME='VALUE'`."""
        self.environment |= dict(_EXPORT.findall(self.printed))

    def _own(self, text: str) -> str:
        for example, own in self.values.items():
            text = text.replace(example, own)
        return text

    def _try_alone(self, text: str) -> None:
        folder = self.folder.parent / "example"
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("*.tf"))
        alone = Workspace(folder, self.environment)
        if re.search(r"^list ", text, re.MULTILINE):
            alone.write(text, "example.tfquery.hcl")
            alone.run("validate", "-query", "-no-color")
        else:
            alone.write(_whole(text))
            alone.apply()
            alone.destroy()
        shutil.rmtree(folder)


def _whole(configuration: str) -> str:
    """Return a configuration with what each one begins with."""
    return configuration if "required_providers" in configuration else REQUIRED + configuration


def check_printed(shown: str, printed: str) -> None:
    """Check that each line that a guide shows was printed, words with numbers apart."""
    lines = [_skeleton(line) for line in printed.splitlines()]
    for line in shown.splitlines():
        assert _skeleton(line) in lines, f"{line!r} is not among\n{printed}"


def _skeleton(line: str) -> str:
    return " ".join(_CHANGES.sub("0", line).split())


def run_by(command: Iterable[str]) -> str:
    """Return the script of a program that stands for another."""
    return f'exec {shlex.join(command)} "$@"'
