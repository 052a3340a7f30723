"""`doctor` finds what is wrong with a set-up, and says what to do; servers and sockets are real."""

import datetime as dt
import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from em_simulator import ADMINISTRATOR, GUEST, PORTAL_USER, VM_RESTORE_OPERATOR, Account, Simulator
from em_simulator.certificate import Certificate
from support.raw_server import RawServer, answer
from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli import commands, connection, doctor, install, output
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import sockets

NETWORK = ["proxy", "address", "TLS", "Enterprise Manager", "clock", "logon", "role"]
LOCK = """\
provider "registry.terraform.io/veeam-em/veeam" {{
  version     = "{version}"
  constraints = "~> 0.1"
}}
"""

Examine = Callable[..., dict[str, doctor.Line]]


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def surroundings(server: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home, a folder and variables in which all is well; returns a folder on the PATH."""
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    for name, value in {
        "VEEAM_EM_URL": server.url,
        "VEEAM_EM_USERNAME": ADMINISTRATOR.username,
        "VEEAM_EM_PASSWORD": ADMINISTRATOR.password,
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": server.fingerprint,
        "HOME": str(tmp_path),
        "APPDATA": str(tmp_path),
        "PATH": str(tmp_path / "bin"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sockets, "places", list)
    monkeypatch.chdir(tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    provide(programs, "terraform", """echo '{"terraform_version": "1.14.3"}'""")
    return programs


def provide(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def examine(surroundings: Path, capsys: pytest.CaptureFixture[str]) -> Examine:
    """Return what `doctor` says in the surroundings, by the names of its checks."""

    def run(server: str | None = None, *, exit_code: int = 1) -> dict[str, doctor.Line]:
        assert doctor.run(Namespace(server=server, json=True)) == exit_code
        printed = capsys.readouterr()
        for secret in (ADMINISTRATOR.password, os.environ.get("VEEAM_EM_PASSWORD", "")):
            assert not secret or secret not in printed.out + printed.err
        lines = [doctor.Line(**line) for line in json.loads(printed.out)]
        return {line.check: line for line in lines}

    return run


def wrong(lines: dict[str, doctor.Line]) -> list[str]:
    return [line.check for line in lines.values() if line.state == doctor.WRONG]


def not_tried(lines: dict[str, doctor.Line]) -> list[str]:
    return [line.check for line in lines.values() if line.state == doctor.NOT_TRIED]


def test_a_good_set_up_is_good_to_the_last_step(examine: Examine, server: Simulator) -> None:
    lines = examine(exit_code=0)
    assert {line.check for line in lines.values() if line.state != doctor.GOOD} == {"installed"}
    assert f"{server.url}: from VEEAM_EM_URL" in lines["configuration"].text
    assert "password: from VEEAM_EM_PASSWORD" in lines["configuration"].text
    assert lines["TLS"].text.startswith("TLSv1.3. It is for localhost")
    assert "v1_5, v1_6, v1_7" in lines["Enterprise Manager"].text
    assert "May read: mount points, restore points of VMs" in lines["role"].text
    assert "1.14.3" in lines["terraform"].text
    assert server.sessions() == []
    changes = [entry.path for entry in server.journal if entry.method != "GET"]
    assert changes
    assert all(re.match("(/api)?/(sessionMngr|logonSessions)/", path) for path in changes)


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VEEAM_EM_USERNAME")
    monkeypatch.setenv("VEEAM_EM_USRNAME", ADMINISTRATOR.username)
    lines = examine()
    assert wrong(lines) == ["variables", "configuration"]
    assert "VEEAM_EM_USRNAME is set, but is not read: is VEEAM_EM_USERNAME meant?" in (
        lines["variables"].text
    )
    assert not_tried(lines) == NETWORK


def test_another_programs_variable_is_only_noted(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_LICENSE", "x")
    assert examine(exit_code=0)["variables"].state == doctor.NOTE


def test_a_quoted_address_is_named(
    examine: Examine, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", f'"{server.url}"')
    lines = examine()
    assert wrong(lines) == ["variables", "configuration"]
    assert "VEEAM_EM_URL is in quotation marks" in lines["variables"].text


def test_a_quoted_password_is_not_shown(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEEAM_EM_PASSWORD", f"'{ADMINISTRATOR.password}'")
    lines = examine()
    assert wrong(lines) == ["variables", "logon"]
    assert "quotation marks" in lines["logon"].text


def test_an_unknown_host_is_the_address_that_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", "https://em.invalid")
    lines = examine()
    assert wrong(lines) == ["address"]
    assert "can't be found" in lines["address"].text
    assert "Check VEEAM_EM_URL," in lines["address"].text
    assert not_tried(lines) == NETWORK[2:]


def test_a_port_where_nobody_listens_is_the_address_that_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", "https://127.0.0.1:1")
    lines = examine()
    assert wrong(lines) == ["address"]
    assert "connection refused" in lines["address"].text


def test_a_proxy_that_is_not_there_is_named_with_its_variable(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", "https://em.example.com")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:proxy-secret@127.0.0.1:1")
    lines = examine()
    assert lines["proxy"].text == "127.0.0.1:1 (HTTPS_PROXY)"
    assert wrong(lines) == ["address"]
    assert "name its host in NO_PROXY" in lines["address"].text
    assert "proxy-secret" not in str(lines)


def test_a_proxy_of_a_kind_that_is_not_supported_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_URL", "https://em.example.com")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    assert wrong(examine()) == ["proxy"]


def test_another_fingerprint_shows_the_certificate_that_the_server_has(
    examine: Examine, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_CERTIFICATE_FINGERPRINT", "ab" * 32)
    before = len(server.journal)
    lines = examine()
    assert wrong(lines) == ["TLS"]
    assert server.fingerprint in lines["TLS"].text
    assert "It is for localhost" in lines["TLS"].text
    assert not_tried(lines) == NETWORK[3:]
    assert len(server.journal) == before


def test_a_certificate_that_has_expired_is_told_with_its_dates(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expired = Certificate(begins=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    (tmp_path / "ca.pem").write_text(expired.pem)
    monkeypatch.delenv("VEEAM_EM_CERTIFICATE_FINGERPRINT")
    monkeypatch.setenv("VEEAM_EM_CA_CERTIFICATE", str(tmp_path / "ca.pem"))
    with Simulator(certificate=expired) as old:
        monkeypatch.setenv("VEEAM_EM_URL", old.url)
        lines = examine()
    assert wrong(lines) == ["TLS"]
    assert "expired at 2021-01-01T00:00:00Z" in lines["TLS"].text


def test_a_certificate_that_is_not_checked_is_noted(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VEEAM_EM_CERTIFICATE_FINGERPRINT")
    monkeypatch.setenv("VEEAM_EM_INSECURE", "true")
    lines = examine(exit_code=0)
    assert lines["TLS"].state == doctor.NOTE
    assert lines["logon"].state == doctor.GOOD


def test_what_is_not_enterprise_manager_gets_no_password(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate()
    website = RawServer(
        lambda connection, _: connection.sendall(answer(b"<html></html>", kind="text/html")),
        tls=certificate.context(),
    )
    with website:
        monkeypatch.setenv("VEEAM_EM_URL", website.url)
        monkeypatch.setenv("VEEAM_EM_CERTIFICATE_FINGERPRINT", certificate.fingerprint)
        lines = examine()
    assert lines["TLS"].state == doctor.GOOD
    assert wrong(lines) == ["Enterprise Manager"]
    assert "9443 the web site" in lines["Enterprise Manager"].text
    assert not_tried(lines) == NETWORK[4:]
    assert not any("authorization" in head.lower() for head in website.heads)


def test_a_fault_that_passes_is_told_and_not_tried_again(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate()
    busy = RawServer(
        lambda connection, _: connection.sendall(answer(status="503 Busy")),
        tls=certificate.context(),
    )
    with busy:
        monkeypatch.setenv("VEEAM_EM_URL", busy.url)
        monkeypatch.setenv("VEEAM_EM_CERTIFICATE_FINGERPRINT", certificate.fingerprint)
        assert wrong(examine()) == ["Enterprise Manager"]
    assert len(busy.requests) == 2  # to see its certificate, and what it is


def test_nothing_moves_on_a_terminal_while_a_password_may_be_typed(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    settings_of = connection.settings_of

    @contextmanager
    def waiting_for(_: str) -> Iterator[None]:
        happened.append("shown")
        yield

    def asked(server: str | None) -> Settings:
        happened.append("asked")
        return settings_of(server)

    monkeypatch.setattr(output, "waiting_for", waiting_for)
    monkeypatch.setattr(connection, "settings_of", asked)
    examine(exit_code=0)
    assert happened == ["asked", "shown"]


def test_a_version_that_the_server_lacks_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_API_VERSION", "v1_9")
    lines = examine()
    assert wrong(lines) == ["Enterprise Manager"]
    assert "v1_7 of the REST API, and not v1_9" in lines["Enterprise Manager"].text


def test_a_wrong_password_is_tried_once(
    examine: Examine, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_PASSWORD", "not-this-one")
    before = len(server.journal)
    lines = examine()
    assert wrong(lines) == ["logon"]
    assert not_tried(lines) == ["role"]
    assert [entry.method for entry in server.journal[before:]].count("POST") == 1


@pytest.mark.parametrize(
    ("account", "state", "told"),
    [
        (PORTAL_USER, doctor.NOTE, "not read mount points; it takes the role Portal Administrator"),
        (VM_RESTORE_OPERATOR, doctor.NOTE, "not read jobs; it takes the role Portal Administrator"),
    ],
)
def test_what_a_role_lacks_is_named_with_the_roles_that_have_it(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, account: Account, state: str, told: str
) -> None:
    monkeypatch.setenv("VEEAM_EM_USERNAME", account.username)
    monkeypatch.setenv("VEEAM_EM_PASSWORD", account.password)
    role = examine(exit_code=0)["role"]
    assert (role.state, told in role.text) == (state, True)


def test_an_account_without_a_role_is_refused(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_USERNAME", GUEST.username)
    monkeypatch.setenv("VEEAM_EM_PASSWORD", GUEST.password)
    assert wrong(examine()) == ["logon"]


def test_a_clock_that_is_far_ahead_is_noted(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(clock_ahead=600) as ahead:
        monkeypatch.setenv("VEEAM_EM_URL", ahead.url)
        monkeypatch.setenv("VEEAM_EM_CERTIFICATE_FINGERPRINT", ahead.fingerprint)
        clock = examine(exit_code=0)["clock"]
    assert clock.state == doctor.NOTE
    assert "s ahead of this machine's" in clock.text


def test_a_server_by_name_says_where_each_value_comes_from(
    examine: Examine, server: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("URL", "USERNAME", "CERTIFICATE_FINGERPRINT", "PASSWORD"):
        monkeypatch.delenv(f"VEEAM_EM_{name}")
    (tmp_path / "password").write_text(ADMINISTRATOR.password)
    (tmp_path / "servers.toml").write_text(
        f"[zurich]\nurl = '{server.url}'\nusername = '{ADMINISTRATOR.username}'\n"
        f"certificate_fingerprint = '{server.fingerprint}'\npassword_file = 'password'\n"
    )
    monkeypatch.setenv("VEEAM_EM_SERVERS_FILE", str(tmp_path / "servers.toml"))
    told = examine("zurich", exit_code=0)["configuration"].text
    assert f'{server.url}: from url of server "zurich"' in told
    assert 'password_file: from password_file of server "zurich"' in told
    assert str(tmp_path / "servers.toml") in told
    assert "There is no server" in examine("zuric")["configuration"].text


def test_an_idle_limit_that_is_no_time_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_EM_IDLE_LIMIT", "soon")
    assert wrong(examine()) == ["idle limit"]


def test_a_keeper_that_is_silent_is_wrong(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(*_: object) -> None:
        raise sockets.Silent

    monkeypatch.setattr(sockets, "places", lambda: [tmp_path / "keeper.sock"])
    monkeypatch.setattr(sockets, "ask", lambda *_: {"sessions": [{}, {}]})
    assert "2 logon sessions" in examine(exit_code=0)["keepers"].text
    monkeypatch.setattr(sockets, "ask", ask)
    keepers = examine()["keepers"]
    assert (keepers.state, "keeper.sock" in keepers.text) == (doctor.WRONG, True)


def test_an_installed_launcher_whose_python_has_gone_is_wrong(
    examine: Examine, surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{surroundings}{os.pathsep}/usr/bin{os.pathsep}/bin")
    (file, _) = install.install(Path(os.environ["HOME"], ".terraform.d", "plugins"))
    assert examine(exit_code=0)["installed"].text.startswith(f"{__version__} in ")
    note = file.parent.with_name(f"{file.parent.name}.python")
    assert sys.executable in note.read_text()
    note.write_text("/nowhere/python\n")
    lines = examine()
    assert wrong(lines) == ["installed"]
    assert "terraform-provider-veeam install" in lines["installed"].text


def test_a_lock_file_of_another_version_is_noted(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / ".terraform.lock.hcl"
    file.write_text(LOCK.format(version=__version__))
    assert examine(exit_code=0)["lock file"].state == doctor.GOOD
    file.write_text(LOCK.format(version="0.0.9"))
    lock = examine(exit_code=0)["lock file"]
    assert (lock.state, "terraform init -upgrade" in lock.text) == (doctor.NOTE, True)


def test_programs_are_asked_for_their_versions(examine: Examine, surroundings: Path) -> None:
    provide(surroundings, "tofu", "exit 3")
    assert wrong(examine()) == ["tofu"]
    for name in ("terraform", "tofu"):
        (surroundings / name).unlink()
    assert examine(exit_code=0)["terraform"].state == doctor.NOTE


def test_the_table_has_a_row_for_each_line_of_a_text(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VEEAM_EM_CERTIFICATE_FINGERPRINT", "ab" * 32)
    assert doctor.run(Namespace(server=None, json=False)) == 1
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["CHECK", "STATE", "WHAT"]
    column = rows[0].index("WHAT")
    assert "\\n" not in "".join(rows)
    assert all(len(row) <= column + 76 for row in rows if " " in row[column:])
    assert all(row[:column].strip() for row in rows if "certificate has another" in row)


def test_errors_of_other_commands_name_doctor_if_it_can_help(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hint = "terraform-provider-veeam doctor"
    monkeypatch.setenv("VEEAM_EM_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("VEEAM_EM_MAX_RETRIES", "0")
    assert commands.run(["machines"]) == 1
    assert hint in capsys.readouterr().err
    monkeypatch.delenv("VEEAM_EM_URL")
    assert commands.run(["machines"]) == 1
    assert hint in capsys.readouterr().err
    connection.name_doctor(errors.CannotConnect("No"), "zurich")
    assert f"{hint} --server zurich" in capsys.readouterr().err
    connection.name_doctor(errors.NotFound("No", status=404), None)
    assert hint not in capsys.readouterr().err
