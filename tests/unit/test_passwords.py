"""Passwords out of a file, a command and the system's keyring."""

import shlex
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from terraform_provider_veeam import passwords
from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import hide

ACCOUNT = {"url": "https://em.example.com", "username": "EXAMPLE\\backup"}


def settings(ask: Any = None, stop: Any = None, **environment: str) -> Settings:
    return resolve(ACCOUNT, "test/1", environment, ask=ask, stop=stop)


def refused(**environment: str) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        settings(**environment)
    return str(caught.value)


def python(script: str) -> str:
    return shlex.join([sys.executable, "-c", script])


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """The system's keyring: a fake one, by entry and user name."""
    kept: dict[tuple[str, str], str] = {}
    fake = SimpleNamespace(get_password=lambda entry, username: kept.get((entry, username)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return kept


@pytest.mark.parametrize(
    "data",
    [b"of-a-file", b"of-a-file\r\n", "\ufeffof-a-file\n".encode(), "of-a-file\n".encode("utf-16")],
)
def test_a_file_has_the_password(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(data)
    assert settings(VEEAM_EM_PASSWORD_FILE=str(file)).password == "of-a-file"
    assert hide("it is of-a-file") == "it is ***"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "The file can't be read: No such file or directory."),
        (b"\n", "The file has nothing in it."),
        (b"hunter2\nurl: x\n", "The file has more than one line: it has to be the password alone."),
        (b"\xe4\xe4\xe4", "The file has something that is no text."),
    ],
)
def test_a_file_without_a_password_is_told_and_nothing_of_it_quoted(
    tmp_path: Path, data: bytes | None, says: str
) -> None:
    file = tmp_path / "hunter2"
    if data is not None:
        file.write_bytes(data)
    said = refused(VEEAM_EM_PASSWORD_FILE=str(file))
    assert f"VEEAM_EM_PASSWORD_FILE: {says}" in said
    assert "hunter2" not in said


def test_a_command_prints_the_password_of_the_account_that_it_is_told() -> None:
    script = "import os; e = os.environ; print(e['VEEAM_EM_URL'] + e['VEEAM_EM_USERNAME'])"
    got = settings(VEEAM_EM_PASSWORD_COMMAND=python(script))
    assert got.password == r"https://em.example.com:9398EXAMPLE\backup"
    assert hide(str(got.password)) == "***"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("hunter2", "The command can't be started: No such file or directory."),
        ("'hunter2", "The command can't be started: No closing quotation."),
        (python("print()"), "The command printed nothing in it."),
        (python("print('hunter2'); print('x')"), "more than one line"),
        (
            python("import sys; print('hunter2'); sys.exit('locked\x1b[2J')"),
            r"The command ended with exit code 1. locked\x1b[2J",
        ),
    ],
)
def test_a_command_without_a_password_is_told_and_nothing_it_printed(
    command: str, says: str
) -> None:
    said = refused(VEEAM_EM_PASSWORD_COMMAND=command)
    assert f"VEEAM_EM_PASSWORD_COMMAND: {says}" in said or says in said
    assert "hunter2" not in said


def test_a_stop_ends_a_command_that_waits_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, began = threading.Event(), time.monotonic()
    stop.set()
    waits = python("import time; time.sleep(60)")
    with pytest.raises(InvalidConfiguration, match="The command was stopped"):
        settings(stop=stop, VEEAM_EM_PASSWORD_COMMAND=waits)
    monkeypatch.setattr(passwords, "_SECONDS", 0.0)
    assert "has not ended within 0 seconds" in refused(VEEAM_EM_PASSWORD_COMMAND=waits)
    assert time.monotonic() - began < 30


def test_two_ways_to_one_password_are_a_contradiction() -> None:
    said = refused(VEEAM_EM_PASSWORD="x", VEEAM_EM_PASSWORD_FILE="/etc/password")
    assert "Both VEEAM_EM_PASSWORD and VEEAM_EM_PASSWORD_FILE are set" in said
    said = refused(VEEAM_EM_PASSWORD_FILE="x", VEEAM_EM_PASSWORD_COMMAND="y")
    assert "Both VEEAM_EM_PASSWORD_FILE and VEEAM_EM_PASSWORD_COMMAND are set" in said


def test_the_keyring_has_an_entry_for_each_address_and_account(
    keyring: dict[tuple[str, str], str],
) -> None:
    keyring["terraform-provider-veeam:https://em.example.com:9398", "EXAMPLE\\backup"] = "kept"
    assert settings().password == "kept"
    assert hide("kept") == "***"
    assert settings(VEEAM_EM_PASSWORD="beats it").password == "beats it"
    for other in ({"url": "https://em.example.org"}, {"username": "other"}):
        with pytest.raises(InvalidConfiguration, match="password is not set") as caught:
            resolve(ACCOUNT | other, "test/1", {})
        assert "to make one: keyring set terraform-provider-veeam:https://em" in str(caught.value)


def test_a_keyring_that_can_not_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: str) -> None:
        raise RuntimeError("The keyring is locked\nand more")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    assert "The system's keyring could not be read: The keyring is locked" in refused()
    monkeypatch.setitem(sys.modules, "keyring", None)
    said = refused()
    assert "library keyring is not installed" in said
    for way in ("VEEAM_EM_PASSWORD", "VEEAM_EM_PASSWORD_FILE", "VEEAM_EM_PASSWORD_COMMAND"):
        assert way in said


def test_a_person_is_asked_when_nothing_else_has_it(keyring: dict[tuple[str, str], str]) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "of-a-person"

    assert settings(ask).password == "of-a-person"
    assert asked == [r"Password of EXAMPLE\backup at https://em.example.com:9398: "]
    assert settings(ask, VEEAM_EM_PASSWORD="x").password == "x"
    url = {"url": ACCOUNT["url"]}
    assert resolve(url, "test/1", {"VEEAM_EM_SESSION_TOKEN": "x"}, ask=ask).password is None
    keyring["terraform-provider-veeam:https://em.example.com:9398", "EXAMPLE\\backup"] = "kept"
    assert settings(ask).password == "kept"
    assert len(asked) == 1
