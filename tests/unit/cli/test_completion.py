"""Shells that have sourced the script propose what the program says."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from support.raw_server import RawServer
from terraform_provider_veeam.cli import commands

PROGRAM = "terraform-provider-veeam"
# As each shell does at a Tab behind $LINE.
SHELLS = {
    "bash": f"""
        source <({PROGRAM} completion bash)
        [[ $(complete -p {PROGRAM}) == *_python_argcomplete* ]]
        COMP_LINE=$LINE COMP_POINT=${{#LINE}} COMP_TYPE=9
        _python_argcomplete {PROGRAM}
        printf '%s\\n' "${{COMPREPLY[@]}}"
        """,
    "zsh": f"""
        compdef() {{ completer=$1; [[ $2 == {PROGRAM} ]] }}
        _describe() {{ print -l -- ${{(P)2}} }}
        source <({PROGRAM} completion zsh)
        BUFFER=$LINE CURSOR=${{#LINE}} words=({PROGRAM})
        $completer
        """,
    "fish": f"""
        {PROGRAM} completion fish | source
        complete -C "$LINE" | string replace -r '\\t.*' ''
        true
        """,
}
HERE = [name for name in SHELLS if shutil.which(name)]

Propose = Callable[..., list[str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def environment(server: Simulator, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",  # else fish spoils what is not ASCII
        "XDG_RUNTIME_DIR": str(tmp_path),
        "VEEAM_EM_URL": server.url,
        "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
        "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": server.fingerprint,
    }


@pytest.fixture
def propose(environment: dict[str, str], tmp_path: Path) -> Propose:
    def run(line: str, shell: str = "bash") -> list[str]:
        done = subprocess.run(
            [shell, "-c", SHELLS[shell]],
            env=environment | {"LINE": f"{PROGRAM} {line}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return sorted(line.split(":")[0].strip() for line in done.stdout.split("\n") if line)

    return run


@pytest.mark.parametrize("shell", HERE)
def test_commands_options_and_values_are_proposed(propose: Propose, shell: str) -> None:
    assert propose("ma", shell) == ["machines"]
    assert propose("machines --ba", shell) == ["--backup-server"]
    assert propose("machines --type ", shell) == ["agent", "replica", "vm"]
    assert propose("servers ", shell) == ["add", "list", "remove"]
    assert propose("help key", shell) == []
    assert propose("help kee", shell) == ["keep-alive"]


@pytest.mark.parametrize("shell", HERE)
def test_machines_are_proposed_that_the_server_has(propose: Propose, shell: str) -> None:
    assert again(lambda: propose("points ora", shell)) == ["oracle03", "oracle03.tech.local"]


def again(press: Callable[[], list[str]]) -> list[str]:
    """Press Tab until something comes: this machine may be too busy for half a second."""
    return next(filter(None, (press() for _ in range(10))), [])


def test_nothing_stays_logged_on_and_a_second_tab_asks_nobody(
    propose: Propose, server: Simulator
) -> None:
    assert again(lambda: propose("ls web")) == ["web02"]
    asked = len(server.journal)
    assert server.sessions() == []
    assert propose("get web") == ["web02"]
    assert len(server.journal) == asked


def test_a_wrong_password_is_not_tried_at_each_tab(
    propose: Propose, server: Simulator, environment: dict[str, str]
) -> None:
    environment["VEEAM_EM_PASSWORD"] = "another"
    before = len(server.journal)

    def logons() -> int:
        return [entry.method for entry in server.journal[before:]].count("POST")

    assert again(lambda: propose("ls web") or ["tried"] * logons()) == ["tried"]
    assert propose("ls web") == []
    assert logons() == 1


def test_a_server_that_is_silent_is_not_waited_for(
    propose: Propose, environment: dict[str, str]
) -> None:
    with RawServer(lambda *_: time.sleep(30)) as silent:
        environment |= {"VEEAM_EM_URL": silent.url, "VEEAM_EM_INSECURE": "true"}
        del environment["VEEAM_EM_CERTIFICATE_FINGERPRINT"]
        began = time.monotonic()
        assert propose("ls web") == []
        assert silent.requests
        assert time.monotonic() - began < 5


def test_nobody_is_asked_without_settings(propose: Propose, environment: dict[str, str]) -> None:
    del environment["VEEAM_EM_PASSWORD"]
    assert propose("ls web") == []


def test_servers_and_files_are_proposed(propose: Propose, tmp_path: Path) -> None:
    (tmp_path / ".config" / PROGRAM).mkdir(parents=True)
    file = tmp_path / ".config" / PROGRAM / "servers.toml"
    file.write_text("[zurich]\nurl = 'https://em.example.com'\n")
    assert propose("machines --server ") == ["zurich"]
    assert propose("servers remove ") == ["zurich"]
    (tmp_path / "mirrored").mkdir()
    assert propose("install --plugin-dir mir") == ["mirrored/"]


def test_the_script_for_powershell_asks_in_a_way_that_is_answered(
    environment: dict[str, str], tmp_path: Path
) -> None:
    command = [PROGRAM, "completion", "powershell"]
    script = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert f"-CommandName {PROGRAM} -ScriptBlock" in script
    line, answer = f"{PROGRAM} ma", tmp_path / "answer"
    values = {
        "$completion_file": str(answer),
        "$wordToComplete": line,
        "$cursorPosition": str(len(line)),
    }
    for name, value in re.findall(r"\$env:(\w+) = (\S+)", script):
        environment[name] = values.get(value, value.strip('"').replace("`n", "\n"))
    subprocess.run([PROGRAM], env=environment, check=True)
    assert answer.read_text().split() == ["machines"]


def test_other_commands_do_not_import_the_library() -> None:
    script = (
        "import sys; from terraform_provider_veeam.cli import commands\n"
        "try: commands.run(['machines', '--help'])\n"
        "except SystemExit: print('argcomplete' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("False\n")


def test_a_shell_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        commands.run(["completion", "cmd"])
    assert '"cmd" is none of bash, zsh, fish, powershell' in capsys.readouterr().err
