"""`restore`: files go from the index into their machine, once a person has said so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import CommandLine
from helpers import MOUNTS, Server

from em_simulator import PORTAL_USER

FOLDER = "E:/Documentation 2014"
CONTRACT = f"{FOLDER}/Contract.docx"
OFFERS = f"{FOLDER}/Offers.docx"
NIGHT = "oracle03@2026-11-08"
RESTORE = "POST .*/guestfs/.*"
QUESTION = ("Write yes to go on:",)
AT_ONCE = 2.0  # seconds for a command to end after Ctrl-C


@pytest.fixture
def shell(server: Server, tmp_path: Path, program: list[str]) -> CommandLine:
    return CommandLine(server, tmp_path, program)


@pytest.fixture(autouse=True)
def nothing_is_left(server: Server) -> Iterator[None]:
    yield
    assert server.requests("POST", MOUNTS) == []
    assert server.sessions() == []


def restored(server: Server) -> list[str]:
    return [one.path for one in server.simulator.restored()]


def asked(server: Server) -> int:
    """How many restores the server was asked for."""
    return sum(1 for one in server.requests("POST") if one.query == "action=restore")


def test_a_person_sees_what_is_replaced_and_says_yes(shell: CommandLine, server: Server) -> None:
    code, shown = shell.answer("restore", NIGHT, CONTRACT, FOLDER, to=QUESTION, typed="yes\n")
    assert code == 0
    assert "The backup of 2026-11-08T22:00:42Z replaces what is on oracle03 now:" in shown
    assert f"  {CONTRACT}, 40.4 KiB, of 2026-11-05T16:40:21Z" in shown
    assert f"  {FOLDER}, a folder with all that is in it" in shown
    assert f"Restored {CONTRACT}" in shown
    assert restored(server) == [CONTRACT, FOLDER]


@pytest.mark.parametrize(
    ("typed", "code"), [("no\n", 1), ("y\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 130)]
)
def test_nothing_but_yes_restores(
    shell: CommandLine, server: Server, typed: str, code: int
) -> None:
    ended, shown = shell.answer("restore", NIGHT, CONTRACT, to=QUESTION, typed=typed)
    assert ended == code
    assert "Nothing was restored." in shown
    assert asked(server) == 0


def test_where_nobody_can_be_asked_it_takes_a_yes(shell: CommandLine, server: Server) -> None:
    ran = shell.run("restore", NIGHT, CONTRACT)
    assert (ran.code, ran.output) == (1, "")
    assert f"  {CONTRACT}, 40.4 KiB" in ran.said
    assert "Nothing was restored. Give --yes to go on." in ran.said
    assert asked(server) == 0


def test_scripts_are_told_what_was_restored(shell: CommandLine, server: Server) -> None:
    shell.environment |= {
        "VEEAM_EM_USERNAME": PORTAL_USER.username,
        "VEEAM_EM_PASSWORD": PORTAL_USER.password,
    }
    server.fault("restore-session", RESTORE, result="Warning", message="Owner not set.")
    ran = shell.run("restore", NIGHT, CONTRACT.replace("/", "\\"), "--yes", "--json")
    assert ran.code == 0
    assert ran.json["restore_point"]["created_at"] == "2026-11-08T22:00:42.6814151Z"
    (one,) = ran.json["restored"]
    assert (one["path"], one["size"], one["warning"]) == (CONTRACT, 41_372, "Owner not set.")
    assert f"Warning about {CONTRACT}: Owner not set." in ran.said
    assert restored(server) == [CONTRACT]


def test_what_a_pattern_and_a_path_mean_is_restored_once(
    shell: CommandLine, server: Server
) -> None:
    ran = shell.run("restore", NIGHT, f"{FOLDER}/*.docx", OFFERS.upper(), "--yes")
    assert ran.code == 0
    assert ran.output == f"Restored {OFFERS}\nRestored {CONTRACT}\n"
    assert restored(server) == [OFFERS, CONTRACT]


def test_a_path_that_is_not_there_keeps_all_from_being_replaced(
    shell: CommandLine, server: Server
) -> None:
    ran = shell.run("restore", "oracle03", OFFERS, CONTRACT, "X:/a", "hosts", "--yes")
    assert (ran.code, ran.output) == (1, "")
    assert f"Error: The index has no {CONTRACT} in this backup\n" in ran.said
    assert f"{FOLDER} is there, but has no Contract.docx." in ran.said
    assert "Error: X:/a begins with no volume of this backup\n" in ran.said
    assert "Error: hosts begins with no volume of this backup\n" in ran.said
    assert ran.said.endswith("Nothing was restored.\n")
    assert asked(server) == 0


@pytest.mark.parametrize("machine", ["exch01", "rhel72"])
def test_a_machine_that_is_not_indexed_names_the_other_ways(
    shell: CommandLine, server: Server, machine: str
) -> None:
    ran = shell.run("restore", machine, OFFERS, "--yes")
    assert (ran.code, ran.output) == (1, "")
    assert "is not in the index\n" in ran.said
    assert "From a mount `get` fetches files to this machine" in ran.said


def test_one_that_fails_does_not_keep_the_others(shell: CommandLine, server: Server) -> None:
    server.fault("restore-session", RESTORE, result="Failed", message="It is in use.")
    ran = shell.run("restore", NIGHT, OFFERS, CONTRACT, "--yes")
    assert (ran.code, ran.output) == (1, f"Restored {CONTRACT}\n")
    assert f"Error: Enterprise Manager could not restore {OFFERS}\n" in ran.said
    assert "It is in use." in ran.said


def test_an_answer_that_was_lost_is_told_and_asked_for_no_more(
    shell: CommandLine, server: Server
) -> None:
    server.fault("reset-after", RESTORE)
    ran = shell.run("restore", NIGHT, OFFERS, "--yes")
    assert (ran.code, asked(server)) == (1, 1)
    assert "Error: It is not known whether the restore was begun\n" in ran.said
    assert "may have begun. Look at the machine" in ran.said


def test_an_account_that_the_machine_does_not_take_ends_all(
    shell: CommandLine, server: Server
) -> None:
    server.fault("restore-session", RESTORE, result="Failed", message="Wrong password.")
    ran = shell.run("restore", NIGHT, OFFERS, CONTRACT, "--yes")
    assert (ran.code, asked(server)) == (1, 1)
    assert "veeam_file_restore, which needs a mount, takes another" in ran.said
    assert f"Done before it: nothing. Not done: {OFFERS}, {CONTRACT}.\n" in ran.said


def test_after_ctrl_c_it_is_told_what_goes_on(shell: CommandLine, server: Server) -> None:
    server.fault("restore-session", RESTORE, 1, seconds=0)
    server.fault("restore-session", RESTORE, 1, seconds=60)
    ran, seconds = shell.interrupt(
        "restore", NIGHT, OFFERS, CONTRACT, FOLDER, "--yes", "--json",
        when=lambda: asked(server) == 2 and server.requests()[-1].path.startswith("/restoreS"),
    )  # fmt: skip
    assert (ran.code, [one["path"] for one in ran.json["restored"]]) == (130, [OFFERS])
    assert seconds < AT_ONCE
    assert f"The restore of {CONTRACT} goes on, as" in ran.said
    assert "shows it as FLR_[oracle03]@" in ran.said
    assert f"Done before it: {OFFERS}. Not done: {CONTRACT}, {FOLDER}.\n" in ran.said


def test_a_terminal_gets_a_bar(shell: CommandLine, server: Server) -> None:
    server.fault("restore-session", RESTORE, seconds=15)
    shell.environment |= {"TERM": "xterm", "COLUMNS": "120"}
    shown = shell.on_terminal("restore", NIGHT, CONTRACT, "--yes")
    assert re.search(rf"Restoring {CONTRACT} \.\.\. 1\d s, [678]\d %", shown)
    assert "━" in shown


def test_a_name_of_two_machines_is_refused(shell: CommandLine, server: Server) -> None:
    server.simulator.add_twin("oracle03")
    ran = shell.run("restore", "oracle03", OFFERS, "--yes")
    assert (ran.code, asked(server)) == (1, 0)
    assert "with --backup-server." in ran.said
    chosen = shell.run(
        "restore", "oracle03", OFFERS, "--backup-server", "backup02.tech.local", "--yes"
    )
    assert chosen.code == 0
