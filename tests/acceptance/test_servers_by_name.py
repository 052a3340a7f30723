"""Servers by name: five of them, each with its own certificate; and where a password is seen."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest
from commands import CommandLine
from helpers import REQUIRED, Server
from terraform import PROGRAM, Workspace

from em_simulator import ADMINISTRATOR, Family, Simulator

NAMES = ("zurich", "bern", "geneva", "basel", "lugano")
PASSWORD = ADMINISTRATOR.password
QUESTIONS = ("Password of", "Is it the same?")


def mount_on(server: Server, name: str) -> str:
    """Return a configuration that mounts a restore point on the server of that name."""
    return f"""
provider "veeam" {{
  alias  = "{name}"
  server = "{name}"
}}
resource "veeam_mount_point" "{name}" {{
  provider         = veeam.{name}
  restore_point_id = "{server.simulator.restore_points(Family.VM)[0].id}"
}}
"""


@pytest.fixture(scope="module")
def five() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {
            name: Server(stack.enter_context(Simulator(seed=seed)))
            for seed, name in enumerate(NAMES)
        }


@pytest.fixture
def shell(five: Mapping[str, Server], tmp_path: Path, program: list[str]) -> CommandLine:
    """Somebody with no variable set but the one that says where the file of servers is."""
    nothing = dict.fromkeys(five["zurich"].environment, "")
    file = str(tmp_path / "servers.toml")
    return CommandLine(five["zurich"], tmp_path, program, **nothing, VEEAM_EM_SERVERS_FILE=file)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password.txt"
    file.write_text(f"{PASSWORD}\n")
    return file


def add(shell: CommandLine, name: str, server: Server, *more: str | Path) -> None:
    pin = ("--certificate-fingerprint", server.fingerprint)
    account = ("--url", server.simulator.url, "--username", ADMINISTRATOR.username)
    ran = shell.run("servers", "add", name, *account, *pin, *more)
    assert (ran.code, ran.said) == (0, f"Added {name} to {shell.folder}/servers.toml.\n")


def test_five_servers_are_added_listed_asked_and_removed(
    shell: CommandLine, five: Mapping[str, Server], password_file: Path
) -> None:
    for name, server in five.items():
        add(shell, name, server, "--password-file", password_file.name)
    ran = shell.run("servers", "list")
    assert ran.said == f"5 servers in {shell.folder}/servers.toml\n"
    assert ran.lines[0] == ["NAME", "URL", "USERNAME", "CERTIFICATE", "PASSWORD"]
    rows = {row[0]: row[1:] for row in ran.lines[1:]}
    assert rows["bern"] == [
        five["bern"].simulator.url, ADMINISTRATOR.username, "its fingerprint", "a file",
    ]  # fmt: skip
    assert [one["name"] for one in shell.run("servers", "list", "--json").json] == list(NAMES)
    for name, server in five.items():
        ran = shell.run("machines", "oracle03", "--server", name)
        assert (ran.code, ran.lines[1][0]) == (0, "oracle03"), ran.said
        assert server.requests("POST", "/sessionMngr")
    shell.environment["VEEAM_EM_SERVER"] = "lugano"
    assert shell.run("points", "oracle03").code == 0
    assert shell.run("servers", "remove", "lugano").code == 0
    ran = shell.run("points", "oracle03")
    assert 'There is no server "lugano"' in ran.said
    again = ("servers", "add", "bern", "--url", "https://em.example.com")
    assert 'There is a server "bern" in' in shell.run(*again).said
    assert shell.run("servers", "remove").code == 2


@pytest.mark.parametrize("answer", ["yes", "the fingerprint"])
def test_a_certificate_that_is_not_trusted_is_shown_and_asked_about(
    shell: CommandLine, five: Mapping[str, Server], answer: str
) -> None:
    server = five["zurich"]
    new = ("servers", "add", "zurich", "--url", server.simulator.url)
    ran = shell.run(*new)
    assert ran.code == 1
    assert "There is no terminal to ask" in ran.said
    assert f"--certificate-fingerprint {server.fingerprint}" in ran.said
    before = len(server.requests())
    for refusal in ("no", "", "ab" * 32):
        code, shown = shell.answer(*new, to=QUESTIONS, typed=f"{refusal}\n")
        assert code == 1
        assert "is not added" in shown or "has another fingerprint" in shown
    assert not (shell.folder / "servers.toml").exists()
    assert server.requests()[before:] == []
    typed = server.fingerprint.lower() if answer == "the fingerprint" else answer
    code, shown = shell.answer(*new, to=QUESTIONS, typed=f"{typed}\n")
    assert code == 0, shown
    assert "It is for localhost, 127.0.0.1, and is valid until 20" in shown
    assert server.fingerprint in shown
    assert typed in (shell.folder / "servers.toml").read_text() or answer == "yes"
    assert server.fingerprint.lower() in (shell.folder / "servers.toml").read_text().lower()


def test_a_certificate_that_this_machine_trusts_needs_no_fingerprint(
    shell: CommandLine, five: Mapping[str, Server]
) -> None:
    store = shell.folder / "store.pem"
    store.write_text(five["bern"].simulator.certificate_pem)
    shell.environment["SSL_CERT_FILE"] = str(store)
    ran = shell.run("servers", "add", "bern", "--url", five["bern"].simulator.url)
    assert (ran.code, "This machine trusts the certificate" in ran.said) == (0, True), ran.said
    assert "certificate" not in (shell.folder / "servers.toml").read_text()


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(
    shell: CommandLine, five: Mapping[str, Server]
) -> None:
    add(shell, "zurich", five["zurich"])
    code, shown = shell.answer(
        "machines", "--server", "zurich", to=QUESTIONS, typed=f"{PASSWORD}\n"
    )
    assert code == 0, shown
    assert f"Password of {ADMINISTRATOR.username} at {five['zurich'].simulator.url}: " in shown
    assert "oracle03" in shown
    assert PASSWORD not in shown
    known = len(five["zurich"].requests("POST", "/sessionMngr"))
    code, shown = shell.answer("machines", "--server", "zurich", to=QUESTIONS, typed="wrong-one\n")
    assert (code, "wrong-one" in shown) == (1, False)
    assert len(five["zurich"].requests("POST", "/sessionMngr")) == known + 1
    code, shown = shell.answer("machines", "--server", "zurich", to=QUESTIONS, typed="\x04\n")
    assert (code, "VEEAM_EM_PASSWORD is not set" in shown) == (1, True)
    ran = shell.run("machines", "--server", "zurich")
    assert (ran.code, "VEEAM_EM_PASSWORD is not set" in ran.said) == (1, True)


def test_a_password_of_the_environment_for_one_server_is_never_sent_to_another(
    shell: CommandLine, five: Mapping[str, Server]
) -> None:
    add(shell, "bern", five["bern"])
    shell.environment |= five["zurich"].environment
    known = len(five["bern"].requests("POST", "/sessionMngr"))
    ran = shell.run("machines", "--server", "bern")
    assert ran.code == 1
    assert "VEEAM_EM_PASSWORD is set, but belongs to the server that VEEAM_EM_URL" in ran.said
    assert len(five["bern"].requests("POST", "/sessionMngr")) == known
    shell.environment["VEEAM_EM_SERVER"] = "bern"
    assert "Both VEEAM_EM_SERVER and VEEAM_EM_URL are set" in shell.run("machines").said


class Watcher(threading.Thread):
    """Reads the arguments of every process, again and again, until it is told to stop."""

    def __init__(self, secret: str) -> None:
        super().__init__(daemon=True)
        self._secret = secret.encode()
        self._over = threading.Event()
        self.seen: list[bytes] = []
        self.commands: set[bytes] = set()

    def run(self) -> None:
        while not self._over.wait(0.005):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = place.read_bytes()
                    self.commands.add(line)
                    if self._secret in line:
                        self.seen.append(line)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_two_servers_in_one_configuration_are_held_by_one_keeper_and_no_password_is_seen(
    shell: CommandLine,
    five: Mapping[str, Server],
    workspace: Workspace,
    password_file: Path,
    runtime: Path,
) -> None:
    zurich, bern = five["zurich"], five["bern"]
    reader = f"{sys.executable} -c 'print(open(\"{password_file}\").read())'"
    add(shell, "zurich", zurich, "--password-file", password_file)
    add(shell, "bern", bern, "--password-command", reader)
    log = workspace.folder / "trace.log"
    own = {"VEEAM_EM_SERVERS_FILE": shell.environment["VEEAM_EM_SERVERS_FILE"]}
    own |= {"XDG_RUNTIME_DIR": str(runtime), "TF_LOG": "TRACE", "TF_LOG_PATH": str(log)}
    # The environment is about a third server: it and its password have nothing to do with these.
    workspace.environment |= own | {"VEEAM_EM_PASSWORD": "of-another-server"}
    workspace.write(REQUIRED + mount_on(zurich, "zurich") + mount_on(bern, "bern"))
    shell.environment |= own
    with Watcher(PASSWORD) as watcher:
        printed = [workspace.plan(), workspace.apply()]
        assert (len(zurich.mounts()), len(bern.mounts())) == (1, 1)
        state = workspace.run("state", "pull")
        (workspace.folder / "pulled.json").write_text(state)
        with (workspace.folder / "pulled.json").open() as source:
            held = subprocess.run(
                [PROGRAM, "keep-alive", "--for", "1h", "--detach"],
                env=shell.environment, stdin=source, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert (held.returncode, held.stderr) == (0, "")
        listed = shell.run("keep-alive", "list")
        assert listed.said == "2 logon sessions\n"
        assert len({row[2].split()[0] for row in listed.lines[1:]}) == 1  # one keeper
        one = shell.run("keep-alive", "list", "--server", "bern")
        assert one.said == "1 logon session\n"
        assert bern.simulator.url in one.output
        assert zurich.simulator.url not in one.output
        assert shell.run("keep-alive", "stop", "--all", "--server", "bern").code == 0
        left = shell.run("keep-alive", "list")
        assert zurich.simulator.url in left.output
        assert bern.simulator.url not in left.output
        assert shell.run("keep-alive", "stop", "--all", "--server", "zurich").code == 0
        with (workspace.folder / "pulled.json").open() as source:
            only = subprocess.run(
                [PROGRAM, "keep-alive", "--for", "1s", "--server", "zurich"],
                env=shell.environment, stdin=source, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert (only.returncode, only.stderr) == (0, "Not held: 1 mount point of other servers.\n")
        assert only.stdout.count("Holding logon session") == 1
        printed += [listed.output, only.stdout, workspace.destroy()]
    assert (zurich.mounts(), bern.mounts()) == ([], [])
    assert any(b"keep-alive" in command for command in watcher.commands)
    assert any(b"print(open(" in command for command in watcher.commands)
    assert watcher.seen == []
    for text in (*printed, state, log.read_text(), str(password_file.parent)):
        assert PASSWORD not in text
        assert "of-another-server" not in text
