"""`em-simulator`: what a person starts."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requests import Session

from em_simulator import Family, Simulator, cli, faults
from em_simulator.catalogue import Catalogue
from support import powershell

COMMAND = Path(sys.executable).with_name("em-simulator")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command, ready, with a journal."""
    with subprocess.Popen(
        [COMMAND, "--port", "0", "--json", "--journal", tmp_path / "journal.jsonl"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())
        process.kill()


def test_the_command_serves_until_a_signal_and_writes_a_journal(
    started: tuple[subprocess.Popen[str], dict[str, Any]], http: Session, tmp_path: Path
) -> None:
    process, ready = started
    http.get(f"{ready['url']}/api/")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    (line,) = (tmp_path / "journal.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/", 200)
    assert "token" not in entry


def test_what_differs_between_servers_is_set_by_switches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[dict[str, Any]] = []

    def stop_there(**settings: Any) -> None:
        made.append(settings)
        raise SystemExit

    monkeypatch.setattr(cli, "Simulator", stop_there)
    settings: dict[str, tuple[list[str], Any, Any]] = {
        "backup_seconds": (["--backup-seconds", "60"], 60.0, 0.0),
        "lag": (["--lag", "5"], 5.0, 0.0),
        "links_starts": (["--no-session-links"], False, True),
        "links_replicas": (["--no-replica-links"], False, True),
        "copies_at_once": (["--immediate-copies"], True, False),
        "exact_names": (["--postgresql"], True, False),
        "never": (["--never", "0001-01-01T00:00:00"], "0001-01-01T00:00:00", None),
        "matches_parts": (["--lookup-parts"], True, False),
        "two_servers": (["--two-backup-servers"], True, False),
        "lists_unique_ids": (["--unique-ids"], True, False),
        "refused_roots": (["--refuse-root", "vc01=403"], {"vc01": 403}, {}),
    }
    switches = [word for words, _, _ in settings.values() for word in words]
    for arguments in (switches, []):
        with pytest.raises(SystemExit):
            cli.main(arguments)
    assert [{name: one[name] for name in settings} for one in made] == [
        {name: chosen for name, (_, chosen, _) in settings.items()},
        {name: default for name, (_, _, default) in settings.items()},
    ]


def test_a_port_that_is_taken_is_told_in_one_line(
    started: tuple[subprocess.Popen[str], dict[str, Any]],
) -> None:
    port = started[1]["url"].rpartition(":")[2]
    done = subprocess.run([COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert port in done.stderr
    assert "--port 0" in done.stderr


def test_a_journal_that_cannot_be_written_is_not_blamed_on_the_port(tmp_path: Path) -> None:
    journal = tmp_path / "missing" / "journal.jsonl"
    done = subprocess.run(
        [COMMAND, "--port", "0", "--journal", journal], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"em-simulator: can't write the journal {journal}: No such file or directory\n"
    )


def test_faults_are_switched_on_from_another_process(
    started: tuple[subprocess.Popen[str], dict[str, Any]], http: Session
) -> None:
    url = started[1]["url"]
    fault = {"name": "status", "pattern": "GET /", "count": 1, "code": 503}
    assert http.post(f"{url}/simulator/faults", json=fault).status_code == 200
    assert [http.get(f"{url}/api/").status_code for _ in range(2)] == [503, 200]
    wrong = http.post(f"{url}/simulator/faults", json={"name": "x", "pattern": "y"})
    assert wrong.status_code == 400
    assert "there is no fault" in wrong.json()["error"]


@pytest.mark.parametrize(
    ("switches", "beginning"),
    [
        ([], b'{"links"'),
        (["--json-names", "pascal"], b'{"Links"'),
        (["--byte-order-mark"], b'\xef\xbb\xbf{"links"'),
        (["--xml"], b"<?xml"),
        (["--byte-order-mark", "--xml"], b"\xef\xbb\xbf<?xml"),
    ],
)
def test_the_form_of_answers_is_chosen_by_switches(
    http: Session, switches: list[str], beginning: bytes
) -> None:
    with subprocess.Popen(
        [COMMAND, "--port", "0", "--json", *switches], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        assert http.get(f"{url}/api/").content.startswith(beginning)
        process.kill()


def test_help_names_every_fault_and_switch() -> None:
    done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
    for word in (*faults.NAMES, "--json-nulls", "--opaque-tokens", "--unknown", "--paths"):
        assert word in done.stdout


def test_people_are_told_each_machine_and_when_it_was_last_backed_up() -> None:
    with subprocess.Popen([COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        told += process.stdout.read()
    newest = Catalogue(1).of(Family.REPLICA)[0]
    assert f"srv04_replica          replica  2026-11-15 22:28:42Z  {newest.id}\n" in told
    assert told.count("oracle03 ") == 1


def test_people_on_windows_are_told_what_powershell_takes() -> None:
    with Simulator() as simulator:
        told = cli._settings(simulator.description(), is_windows=True)
        script = powershell.as_sh(told)
        assert f"export VEEAM_EM_URL={simulator.url}\n" in script
        assert script.count("export ") == 4
