"""`machines`, `points`, `ls`, `get` and `find`: the installed command, against a real server."""

import datetime as dt
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import CommandLine
from helpers import MOUNTS, SEED, Server, files_in
from terraform import PROGRAM

from em_simulator import RESTORE_OPERATOR, Family, Simulator
from em_simulator.catalogue import Machine

CONTRACT = "E:/Documentation 2014/Contract.docx"
OFFERS = "E:/Documentation 2014/Offers.docx"
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
AT_ONCE = 2.0  # seconds for a command to end after Ctrl-C


@pytest.fixture
def shell(server: Server, tmp_path: Path, program: list[str]) -> CommandLine:
    return CommandLine(server, tmp_path, program)


@pytest.fixture
def ranged() -> Iterator[Server]:
    """A server that sends a part of a download when it is asked for one."""
    with Simulator(seed=SEED, ranges=True) as running:
        yield Server(running)


def newest(server: Server, machine: str, family: Family = Family.VM) -> str:
    """The id of the newest restore point of a machine."""
    points = server.simulator.restore_points(family)
    return next(point.id for point in points if point.machine.name == machine)


def assert_nothing_left(server: Server) -> None:
    assert server.mounts() == []
    assert server.sessions() == []


# machines and points


def test_machines_are_listed_with_family_count_and_dates(
    shell: CommandLine, server: Server
) -> None:
    ran = shell.run("machines")
    assert (ran.code, ran.said) == (0, "11 machines\n")
    assert ran.lines[0] == ["NAME", "TYPE", "POINTS", "OLDEST", "NEWEST"]
    row = ["oracle03", "vm", "21", "2026-10-26T22:00:42Z", "2026-11-15T22:00:42Z"]
    assert row in ran.lines
    assert ["srv04_replica", "replica"] in [line[:2] for line in ran.lines]
    assert not [line for line in ran.output.splitlines() if line.endswith(" ")]
    assert_nothing_left(server)


def test_machines_by_pattern_and_as_json(shell: CommandLine) -> None:
    ran = shell.run("machines", "ORACLE*", "--json")
    assert [one["name"] for one in ran.json] == ["oracle03", "oracle03.tech.local"]
    assert ran.json[0]["restore_points"] == 21
    none = shell.run("machines", "nothing*")
    assert (none.code, none.output) == (1, "")
    assert "Error: No machine with restore points is called nothing*\nNone of the" in none.said
    like = shell.run("machines", "orcale03", "--json")
    assert (like.code, like.json) == (1, [])
    assert "Similar names:\n  oracle03: 21 restore points" in like.said
    assert "Daily is the name of a job, not of a machine" in shell.run("machines", "daily").said
    other = shell.run("machines", "oracle03", "--type", "agent")
    assert "No machine with restore points of type agent is called oracle03\n" in other.said
    assert (
        "There are machines of that name, but none that the search allows:\n  oracle03: 21"
        in other.said
    )


def test_points_are_listed_between_dates(shell: CommandLine) -> None:
    ran = shell.run("points", "Oracle03", "--after", "2026-11-12", "--before", "2026-11-13")
    assert ran.code == 0
    assert [line[:4] for line in ran.lines] == [
        ["CREATED", "TYPE", "KIND", "BACKUP SERVER"],
        ["2026-11-13T22:00:42Z", "vm", "Increment", "backup01.tech.local"],
        ["2026-11-12T22:00:42Z", "vm", "Increment", "backup01.tech.local"],
    ]
    assert ran.said == "2 restore points of oracle03 on backup01.tech.local\n"
    listed = shell.run("points", "oracle03", "--json").json
    assert len(listed) == 21
    assert listed[2]["id"] == ran.lines[1][4]


@pytest.mark.parametrize(("machine", "family"), [("srv04_replica", "replica"), ("rhel72", "agent")])
def test_points_of_every_family_are_found(shell: CommandLine, machine: str, family: str) -> None:
    listed = shell.run("points", machine, "--json").json
    assert {point["type"] for point in listed} == {family}


def test_a_name_that_is_nearly_right_is_told_the_right_one(shell: CommandLine) -> None:
    ran = shell.run("points", "orcale03")
    assert (ran.code, ran.output) == (1, "")
    assert ran.said.startswith("Error: No restore point of orcale03\n")
    assert "oracle03: 21 restore points of type" in ran.said


@pytest.mark.parametrize(
    "command", [("points",), ("ls",), ("get", "E:/x", "--to", "got"), ("find", "E:/x")]
)
def test_a_pattern_in_place_of_a_name_is_refused_with_what_matches(
    shell: CommandLine, server: Server, command: tuple[str, ...]
) -> None:
    ran = shell.run(command[0], "oracle*", *command[1:])
    assert (ran.code, ran.output) == (1, "")
    assert "oracle* is a pattern, not the whole name of a machine" in ran.said
    assert "  oracle03 (vm)\n  oracle03.tech.local (vm)\n" in ran.said
    assert server.requests("POST", MOUNTS) == []


@pytest.mark.parametrize(
    "command", [("points",), ("ls",), ("get", OFFERS, "--to", "got"), ("find", OFFERS)]
)
def test_a_name_of_two_machines_is_refused_until_one_is_chosen(
    shell: CommandLine, server: Server, command: tuple[str, ...]
) -> None:
    add_agent(server, "oracle03")
    ran = shell.run(command[0], "oracle03", *command[1:])
    assert (ran.code, ran.output) == (1, "")
    assert "oracle03: 1 restore point of type agent, on backup01.tech.local" in ran.said
    assert "oracle03: 21 restore points of type vm" in ran.said
    assert "with --type." in ran.said
    assert server.requests("POST", MOUNTS) == []
    chosen = shell.run(command[0], "oracle03", *command[1:], "--type", "vm")
    assert chosen.code == 0
    assert "oracle03 on backup01.tech.local" in chosen.said
    nowhere = shell.run(command[0], "oracle03", *command[1:], "--backup-server", "backup02")
    assert nowhere.code == 1
    assert "on backup01.tech.local" in nowhere.said


def add_agent(server: Server, name: str) -> None:
    """Have an agent's computer backed up that is called as a VM is."""
    machine = Machine(name, "Windows", Family.AGENT, ("C:",), 0)
    catalogue = server.simulator._manager.catalogue
    catalogue.add(machine, dt.datetime(2026, 11, 16, 3, tzinfo=dt.UTC), "", is_full=True)


def test_what_an_account_may_not_see_is_passed_over(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    shell.environment |= {
        "VEEAM_EM_USERNAME": RESTORE_OPERATOR.username,
        "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password,
    }
    assert shell.run("points", "oracle03").code == 0
    said = shell.run("points", "rhel72").said
    assert "agent" in said
    assert "could not be searched" in said


# Errors


def test_settings_that_are_missing_are_told_by_their_variables(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    shell.environment |= {"VEEAM_EM_URL": "", "VEEAM_EM_PASSWORD": ""}
    ran = shell.run("machines")
    assert ran.code == 1
    assert "Error: VEEAM_EM_URL is not set" in ran.said
    assert "Error: VEEAM_EM_PASSWORD is not set" in ran.said
    assert "provider block" not in ran.said
    assert "\\\\" not in ran.said


def test_a_backslash_that_became_something_else_is_told_without_terraforms_language(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    shell.environment["VEEAM_EM_USERNAME"] = "CORP\restore"
    ran = shell.run("machines")
    assert ran.code == 1
    assert r"It has a line break or a tab in place of \r. Write the backslash of" in ran.said
    assert "language" not in ran.said


def test_a_password_that_is_wrong_is_told_and_not_shown(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    shell.environment["VEEAM_EM_PASSWORD"] = "Wrong#Password"
    ran = shell.run("machines")
    assert ran.code == 1
    assert "refuses" in ran.said
    assert "Wrong#Password" not in ran.said
    assert len(server.requests("POST", "/sessionMngr")) == 1


def test_a_certificate_that_is_not_known_is_an_error(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    shell.environment["VEEAM_EM_CERTIFICATE_FINGERPRINT"] = ""
    ran = shell.run("machines")
    assert (ran.code, ran.output) == (1, "")
    assert "  VEEAM_EM_CERTIFICATE_FINGERPRINT: this fingerprint\n" in ran.said
    assert "provider block" not in ran.said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ls", "oracle03@2026-13-01"], "is not a date"),
        (["ls", "oracle03@2026-11-13T22:00"], "is not a date"),
        (["points", "oracle03", "--before", "yesterday"], "is not a date"),
        (["get", "oracle03", "E:/x"], "--to"),
        (["get", "oracle03", "/etc/hosts", "--to", "."], "does not begin with a volume"),
        (["find", "oracle03", "*/hosts"], "Name the volume"),
        (["ls", "oracle03", "--type", "tape"], "--type"),
    ],
)
def test_what_can_not_be_meant_is_refused_before_a_logon(
    shell: CommandLine, server: Server, arguments: list[str], says: str
) -> None:
    ran = shell.run(*arguments)
    assert ran.code == 2
    assert says in ran.said
    assert server.requests() == []


def test_no_traceback_when_nobody_reads_on(shell: CommandLine, server: Server) -> None:
    with shell.start("machines") as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(60) == 1
    assert_nothing_left(server)


# ls


@pytest.mark.parametrize(
    ("date", "created"),
    [
        ("", "2026-11-15T22:00:42Z"),
        ("@latest", "2026-11-15T22:00:42Z"),
        ("@2026-11-13", "2026-11-13T22:00:42Z"),
        ("@2026-11-13T22:00:42Z", "2026-11-13T22:00:42Z"),
        ("@2026-11-13T23:00:41+01:00", "2026-11-12T22:00:42Z"),
    ],
)
def test_a_date_means_the_newest_restore_point_at_or_before_it(
    shell: CommandLine, server: Server, date: str, created: str
) -> None:
    ran = shell.run("ls", f"ORACLE03{date}")
    assert (ran.code, ran.lines[1:]) == (0, [["C:/"], ["E:/"]])
    assert f"{created}\n" in ran.said
    assert_nothing_left(server)


def test_a_folder_is_listed_with_sizes_and_times(shell: CommandLine, server: Server) -> None:
    ran = shell.run("ls", "oracle03", "E:/Documentation 2014")
    assert ran.lines == [
        ["MODIFIED", "SIZE", "NAME"],
        ["Invoices/"],
        ["2026-11-04T03:42:11Z", "70001", "Offers.docx"],
    ]
    assert "Restore point of oracle03 on backup01.tech.local, 2026-11-15T22:00:42Z\n" in ran.said
    assert ran.said.endswith("\n1 folder, 1 file, 68.4 KiB, from the index\n")
    (one,) = shell.run("ls", "oracle03", OFFERS, "--json").json
    assert (one["path"], one["type"], one["size"]) == (OFFERS, "file", 70_001)
    matching = shell.run("ls", "oracle03", "E:/**/hosts", "--json").json
    assert [entry["path"] for entry in matching] == ["E:/Windows/System32/drivers/etc/hosts"]
    assert_nothing_left(server)


@pytest.mark.parametrize("path", [None, "E:/Documentation 2014", "E:/Doc*/*", OFFERS])
def test_what_the_index_has_is_listed_without_a_mount_and_is_what_a_mount_has(
    shell: CommandLine, server: Server, path: str | None
) -> None:
    arguments = ["ls", "oracle03", *([path] if path else [])]
    known = shell.run(*arguments, "--json")
    assert server.requests("POST", MOUNTS) == []
    assert shell.run(*arguments, "--json", "--no-index").json == known.json
    assert len(server.requests("POST", MOUNTS)) == 1
    assert len(known.json) > 0
    assert_nothing_left(server)


def test_where_the_index_may_lack_something_the_restore_point_is_mounted(
    shell: CommandLine, server: Server
) -> None:
    server.fault("task-fails", "POST /catalog/.*", message="The index is damaged.")
    ran = shell.run("ls", "oracle03", OFFERS)
    assert ran.code == 0
    assert "The index can't be asked. The index does not show oracle03@2026-11-15" in ran.said
    assert ran.said.endswith("\n0 folders, 1 file, 68.4 KiB\n")
    assert "Error" in shell.run("ls", "oracle03", CONTRACT).said
    assert len(server.requests("POST", MOUNTS)) == 2
    assert_nothing_left(server)


def test_the_id_that_points_prints_takes_the_place_of_machine_and_date(
    shell: CommandLine, server: Server
) -> None:
    printed = shell.run("points", "oracle03", "--before", "2026-11-08").lines[1]
    for given in (printed[-1], printed[-1][:8]):
        ran = shell.run("ls", f"@{given}", CONTRACT)
        assert (ran.code, ran.lines[1][-1]) == (0, CONTRACT.rpartition("/")[2])
        assert f"Restore point of oracle03 on backup01.tech.local, {printed[0]}\n" in ran.said
    none = shell.run("ls", "@00000000-0000-0000-0000-000000000000")
    assert (none.code, none.output) == (1, "")
    assert "There is no restore point 00000000-" in none.said
    assert_nothing_left(server)


@pytest.mark.parametrize(
    ("machine", "path"),
    [("srv04_replica", "C:/Users"), ("rhel72", "Volume$0:/home"), ("laptop17", "C:/Users")],
)
def test_replicas_and_agents_are_mounted_too(
    shell: CommandLine, server: Server, machine: str, path: str
) -> None:
    assert shell.run("ls", machine, path).code == 0
    assert len(server.requests("POST", MOUNTS)) == 1
    assert_nothing_left(server)


def test_a_path_that_is_nearly_right_names_its_neighbours(
    shell: CommandLine, server: Server
) -> None:
    for path, says in {
        "E:/Documentation": "Similar names there: Documentation 2014.",
        "X:/Documentation": "Its volumes are: C:, E:.",
        "X:": "Its volumes are: C:, E:.",
        "Documentation 2014": "Its volumes are: C:, E:.",
        "E:/nothing*": "Nothing in E: matches E:/nothing*.",
    }.items():
        ran = shell.run("ls", "oracle03", path)
        assert (ran.code, ran.output) == (1, "")
        assert says in ran.said
    assert_nothing_left(server)


def test_a_point_that_is_still_being_written_is_passed_over(
    shell: CommandLine, server: Server
) -> None:
    server.simulator.add_incomplete_restore_point("oracle03")
    assert "2026-11-15T22:00:42Z" in shell.run("ls", "oracle03").said
    assert "being written" in shell.run("points", "oracle03").output


def test_names_of_a_guest_do_nothing_to_a_terminal(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    names = ["red\x9b31m\x1b[2J", "\u202egnp.exe", "[bold]markup[-]", ":smile:"]
    for name in names:
        server.simulator.add_file("oracle03", f"E:/odd/{name}", b"x")
    for arguments in (["ls", "oracle03", "E:/odd"], ["find", "oracle03", "E:/odd/*"]):
        ran = shell.run(*arguments)
        assert ran.code == 0
        assert not UNSAFE.search(ran.output + ran.said)
        for shown in (r"red\x9b31m\x1b[2J", r"\u202egnp.exe", "[bold]markup[-]", ":smile:"):
            assert shown in ran.output
    server.fault("status", "GET .*gnp.exe", None, code=500)
    ran = shell.run("get", "oracle03", "E:/odd", "--to", "got")
    assert ran.code == 1
    assert not UNSAFE.search(ran.output + ran.said)
    assert r"E:/odd/\u202egnp.exe: " in ran.said
    assert {name for name, _ in files_in(tmp_path / "got/odd")} == {names[0], *names[2:]}


@pytest.mark.parametrize(
    "form",
    [{"json_names": "camel"}, {"json_names": "pascal", "json_nulls": "absent"}, {"answers": "xml"}],
)
def test_every_form_of_answers_is_understood(
    shell: CommandLine, form: dict[str, str], tmp_path: Path
) -> None:
    with Simulator(seed=SEED, **form) as simulator:  # type: ignore[arg-type]
        shell.environment |= Server(simulator).environment
        assert len(shell.run("machines", "--json").json) == 11
        assert len(shell.run("points", "rhel72", "--json").json) == 21
        assert shell.run("find", "oracle03", CONTRACT, "--json").json[0]["size"] == 41_372
        assert shell.run("get", "oracle03", OFFERS, "--to", tmp_path).code == 0
        assert_nothing_left(Server(simulator))
    assert (tmp_path / "Offers.docx").stat().st_size == 70_001


# get


def test_files_folders_and_patterns_come_with_their_bytes_and_times(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    point = newest(server, "oracle03")
    ran = shell.run(
        "get", "oracle03", OFFERS, "E:/Users", "E:/Logs/00*.log", "E:/*/System32/**/h?sts",
        "--to", "got",
    )  # fmt: skip
    assert (ran.code, ran.output.startswith("16 of 16 files, ")) == (0, True)
    got = dict(files_in(tmp_path / "got"))
    named = {
        "Offers.docx": OFFERS,
        "Users/ann.lee/empty.txt": "E:/Users/ann.lee/empty.txt",
        "Users/william.fox/Desktop/100% sure #1 + more.txt":
            "E:/Users/william.fox/Desktop/100% sure #1 + more.txt",
        "007.log": "E:/Logs/007.log",
        "Windows/System32/drivers/etc/hosts": "E:/Windows/System32/drivers/etc/hosts",
    }  # fmt: skip
    for place, path in named.items():
        assert got[place] == server.simulator.file(Family.VM, point, path)
    assert len(got) == 16
    modified = dt.datetime(2026, 11, 3, 8, 15, 30, tzinfo=dt.UTC) + dt.timedelta(seconds=70_001)
    assert (tmp_path / "got" / "Offers.docx").stat().st_mtime == modified.timestamp()
    assert_nothing_left(server)


@pytest.mark.parametrize(
    ("arguments", "night"),
    [
        ([CONTRACT], "2026-11-08"),
        ([OFFERS, CONTRACT], "2026-11-08"),
        ([OFFERS], "2026-11-15"),
        (["E:/Doc*/Contract.docx"], None),  # patterns are not looked for in other nights
        ([CONTRACT, "--no-index"], None),
        ([CONTRACT, f"{OFFERS}.old"], None),
    ],
)
def test_without_a_date_only_the_newest_that_has_it_is_mounted(
    shell: CommandLine, server: Server, arguments: list[str], night: str | None
) -> None:
    ran = shell.run("get", "oracle03", *arguments, "--to", "got", "--json")
    said = "By the index, the newest restore point, 2026-11-15T22:00:42Z, does not have" in ran.said
    assert said is (night == "2026-11-08")
    assert ran.code == (0 if night else 1)
    created = ran.json["restore_point"]["created_at"]
    assert created.startswith(night or "2026-11-15")
    (mount,) = server.requests("POST", MOUNTS)
    assert ran.json["restore_point"]["id"] in mount.path
    assert_nothing_left(server)


def test_a_date_is_not_left_for_another(shell: CommandLine, server: Server) -> None:
    assert shell.run("get", "oracle03@2026-11-12", CONTRACT, "--to", "got").code == 1
    assert server.requests(r"\w+", "/catalog/.*") == []


@pytest.mark.parametrize("machine", ["exch01", "oracle03"])
def test_where_the_newest_is_not_indexed_it_is_mounted(
    shell: CommandLine, server: Server, machine: str
) -> None:
    server.simulator.forget_index(newest(server, "oracle03"))
    ran = shell.run("get", machine, CONTRACT, "--to", "got")
    assert ran.code == 1
    assert server.requests("POST", ".*guestfs.*|.*vmRestorePoints/[^/]+") == []
    assert len(server.requests("POST", MOUNTS)) == 1


def test_folders_are_kept_when_asked(shell: CommandLine, tmp_path: Path) -> None:
    assert shell.run("get", "oracle03", OFFERS, "--to", tmp_path, "--keep-folders").code == 0
    assert [name for name, _ in files_in(tmp_path)] == ["E/Documentation 2014/Offers.docx"]


DOCUMENTS = "E:/Documentation 2014"
PLACE = "got/Documentation 2014/Offers.docx"


def test_what_is_there_already_is_not_fetched_again(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    get = ("get", "oracle03", DOCUMENTS, "--to", "got")
    shell.run(*get)
    (tmp_path / PLACE).unlink()
    before = len(server.requests("GET", f"{MOUNTS}/1/.*docx"))
    ran = shell.run(*get, "--json")
    assert (ran.json["files"], ran.json["files_done"], ran.json["files_kept"]) == (2, 2, 1)
    (one,) = ran.json["downloaded"]
    assert one["file"].endswith("Offers.docx")
    assert len(server.requests("GET", f"{MOUNTS}/1/.*docx")) == before + 1
    again = shell.run(*get)
    assert "2 of 2 files, 68.7 KiB (2 were there already), in got" in again.output


def test_another_night_takes_the_place_of_a_night_of_the_same_size_and_time(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    contents = []
    for date in ("2026-11-13", "2026-11-12"):
        ran = shell.run("get", f"oracle03@{date}", OFFERS, "--to", "got")
        assert ran.code == 0
        contents.append((tmp_path / "got/Offers.docx").read_bytes())
        (point,) = (
            one
            for one in server.simulator.restore_points(Family.VM)
            if one.machine.name == "oracle03" and f"{one.created_at:%Y-%m-%d}" == date
        )
        assert contents[-1] == server.simulator.file(Family.VM, point.id, OFFERS)
    assert contents[0] != contents[1]
    assert "Replaced:\n  got/Offers.docx, from oracle03@2026-11-13 22:00:42\n" in ran.said
    assert "(1 replaced)" in ran.output


def test_a_night_is_kept_before_another_if_that_is_asked_for(
    shell: CommandLine, tmp_path: Path
) -> None:
    shell.run("get", "oracle03@2026-11-13", OFFERS, "--to", "got")
    before = (tmp_path / "got/Offers.docx").read_bytes()
    for overwrite in ("never", "if-older"):
        ran = shell.run(
            "get", "oracle03@2026-11-12", OFFERS, "--to", "got", "--overwrite", overwrite
        )
        assert ran.code == 0
        assert "got/Offers.docx is there already, from oracle03@2026-11-13 22:00:42" in ran.said
        assert "(1 not replaced)" in ran.output
        assert (tmp_path / "got/Offers.docx").read_bytes() == before


@pytest.mark.parametrize("same_time", [False, True])
def test_ones_own_work_is_left_and_told_file_by_file(
    shell: CommandLine, server: Server, tmp_path: Path, *, same_time: bool
) -> None:
    get = ("get", "oracle03", DOCUMENTS, "--to", "got")
    shell.run(*get)
    file = tmp_path / PLACE
    times = file.stat()
    mine = b"x" * times.st_size
    file.write_bytes(mine)
    if same_time:
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    before = len(server.requests("GET", f"{MOUNTS}/1/.*docx"))
    ran = shell.run(*get, "--json")
    assert ran.code == 1
    assert f"{OFFERS}: {PLACE} is there already, not from a download, or changed since" in ran.said
    assert "--overwrite always" in ran.said
    assert (ran.json["files"], ran.json["files_kept"]) == (1, 1)
    (left,) = ran.json["left"]
    assert (left["path"], left["file"], left["action"]) == (OFFERS, PLACE, "leave")
    assert file.read_bytes() == mine
    assert len(server.requests("GET", f"{MOUNTS}/1/.*docx")) == before
    assert shell.run(*get, "--overwrite", "never").code == 0
    assert file.read_bytes() == mine
    assert shell.run(*get, "--overwrite", "always").code == 0
    assert file.read_bytes() != mine


def test_what_is_older_is_replaced_if_that_is_asked_for(shell: CommandLine, tmp_path: Path) -> None:
    get = ("get", "oracle03", OFFERS, "--to", "got", "--overwrite", "if-older")
    file = tmp_path / "got/Offers.docx"
    file.parent.mkdir()
    file.write_text("mine")
    assert shell.run(*get).code == 0
    assert file.read_text() == "mine", "it was written just now"
    os.utime(file, (0, 0))
    assert shell.run(*get).code == 0
    assert file.stat().st_size == 70_001


def test_a_dry_run_tells_what_would_be_done_and_does_none_of_it(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    get = ("get", "oracle03", DOCUMENTS, "--to", "got", "--dry-run")
    ran = shell.run(*get)
    assert ran.code == 0
    assert ran.lines[0] == ["ACTION", "SIZE", "PATH", "FILE", "THERE ALREADY"]
    assert ["fetch", "70001", OFFERS, PLACE] in ran.lines
    assert "2 files, 68.7 KiB to fetch. Nothing is written." in ran.said
    assert list(tmp_path.iterdir()) == []
    assert server.requests("POST", f"{MOUNTS}/1/.*") == []
    (tmp_path / PLACE).parent.mkdir(parents=True)
    (tmp_path / PLACE).write_text("mine")
    ran = shell.run(*get, "--json")
    assert ran.code == 1
    assert [(one["file"], one["action"]) for one in ran.json["planned"]] == [
        (PLACE, "leave"),
        ("got/Documentation 2014/Invoices/bank_details.txt", "fetch"),
    ]
    ran = shell.run(*get, "--json", "--overwrite", "always")
    assert [one["action"] for one in ran.json["planned"]] == ["replace", "fetch"]
    assert [name for name, _ in files_in(tmp_path)] == [PLACE]
    assert (tmp_path / PLACE).read_text() == "mine"
    assert_nothing_left(server)


@pytest.mark.parametrize("planted", ["link", "pipe"])
def test_a_link_or_a_pipe_in_the_place_of_a_file_is_left(
    shell: CommandLine, tmp_path: Path, planted: str
) -> None:
    (tmp_path / "outside").write_text("somebody's")
    (tmp_path / "got").mkdir()
    place = tmp_path / "got/Offers.docx"
    if planted == "link":
        place.symlink_to(tmp_path / "outside")
    else:
        os.mkfifo(place)
    get = ("get", "oracle03", OFFERS, "--to", "got")
    ran = shell.run(*get)
    assert ran.code == 1
    assert "is there already" in ran.said
    assert shell.run(*get, "--overwrite", "always").code == 0
    assert place.lstat().st_size == 70_001
    assert (tmp_path / "outside").read_text() == "somebody's"


def test_a_link_in_the_place_of_a_folder_is_not_followed(
    shell: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "got").mkdir()
    (tmp_path / "got/Documentation 2014").symlink_to(tmp_path / "outside")
    ran = shell.run("get", "oracle03", DOCUMENTS, "--to", "got", "--overwrite", "always")
    assert ran.code == 1
    assert "would leave its folder" in ran.said
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_is_found_by_its_sign_for_home_and_need_not_be_utf_8(
    shell: CommandLine, tmp_path: Path
) -> None:
    assert shell.run("get", "oracle03", OFFERS, "--to=~/got").code == 0
    assert (tmp_path / "got/Offers.docx").exists()
    folder = os.fsdecode(b"got\xff")
    ran = shell.run("get", "oracle03", OFFERS, "--to", folder)
    assert (ran.code, ran.output.strip()) == (0, r"1 of 1 file, 68.4 KiB, in got\udcff")
    assert (tmp_path / folder / "Offers.docx").exists()


def test_one_path_that_fails_leaves_the_others(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    ran = shell.run("get", "oracle03", "E:/nothing", OFFERS, "E:/x*", "--to", "got")
    assert ran.code == 1
    assert [name for name, _ in files_in(tmp_path / "got")] == ["Offers.docx"]
    assert "E: is there, but has no nothing" in ran.said
    assert "Nothing in E: matches E:/x*" in ran.said
    assert_nothing_left(server)


def test_a_folder_that_is_a_file_gets_advice_before_anything_is_mounted(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "got").write_text("mine")
    ran = shell.run("get", "oracle03", OFFERS, "--to", "got")
    assert ran.code == 1
    assert "got is a file, where a folder has to be" in ran.said
    assert server.requests("POST", MOUNTS) == []


def test_a_download_goes_on_after_a_connection_that_was_cut(
    shell: CommandLine, ranged: Server, tmp_path: Path
) -> None:
    content = os.urandom(3_000_000)
    ranged.simulator.add_file("oracle03", "E:/large.bin", content)
    ranged.fault("cut-body", "GET .*/large.bin", 3)
    shell.environment |= ranged.environment
    ran = shell.run("get", "oracle03", "E:/large.bin", "--to", "got")
    assert ran.code == 0
    assert (tmp_path / "got/large.bin").read_bytes() == content
    assert len(ranged.requests("GET", ".*/large.bin")) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_download_that_stalls_ends_with_a_signal_and_goes_on_later(
    shell: CommandLine, ranged: Server, tmp_path: Path, number: int
) -> None:
    shell.environment |= ranged.environment
    content = os.urandom(3_000_000)
    ranged.simulator.add_file("oracle03", "E:/large.bin", content)
    ranged.fault("stall-body", "GET .*/large.bin")
    get = ("get", "oracle03", "E:/large.bin", OFFERS, "--to", "got")

    def has_half() -> bool:
        parts = [*(tmp_path / "got").glob(".*.part")] if (tmp_path / "got").exists() else []
        is_large_half = any(part.stat().st_size >= 1_400_000 for part in parts)
        return is_large_half and (tmp_path / "got" / "Offers.docx").exists()

    ran, seconds = shell.interrupt(*get, when=has_half, number=number)
    assert seconds < AT_ONCE
    assert ran.code == 128 + number
    assert "1 of 2 files are there" in ran.said
    assert "oracle03@2026-11-15T22:00:42Z goes on from here" in ran.said
    assert_nothing_left(ranged)
    assert shell.run(*get).code == 0
    assert (tmp_path / "got/large.bin").read_bytes() == content
    assert sorted(name for name, _ in files_in(tmp_path / "got")) == ["Offers.docx", "large.bin"]
    assert "a stop was asked for" not in ran.said.lower()
    journal = ranged.requests("GET", ".*/large.bin")
    assert [entry.status for entry in journal] == [200, 206]


def test_a_download_whose_process_was_killed_goes_on(
    shell: CommandLine, ranged: Server, tmp_path: Path
) -> None:
    shell.environment |= ranged.environment
    content = os.urandom(6_000_000)
    ranged.simulator.add_file("oracle03", "E:/large.bin", content)
    ranged.fault("stall-body", "GET .*/large.bin")
    get = ("get", "oracle03", "E:/large.bin", "--to", "got")

    def has_half() -> bool:
        parts = [*(tmp_path / "got").glob(".*.part")] if (tmp_path / "got").exists() else []
        return any(part.stat().st_size >= 2_900_000 for part in parts)

    ran, _ = shell.interrupt(*get, when=has_half, number=signal.SIGKILL)
    assert ran.code == -signal.SIGKILL
    assert shell.run(*get).code == 0
    assert (tmp_path / "got/large.bin").read_bytes() == content
    assert [name for name, _ in files_in(tmp_path / "got")] == ["large.bin"]
    assert [entry.status for entry in ranged.requests("GET", ".*/large.bin")] == [200, 206]


def test_a_download_goes_on_without_a_terminal_and_without_streams(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    server.fault("delay", "GET .*/offers.docx.*", seconds=2)
    command = f"nohup {PROGRAM} get oracle03 '{OFFERS}' --to got >&- 2>&-"
    script = f"{command} & sleep 1; kill -HUP $!; wait $!"
    ran = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=shell.environment, check=False, timeout=60
    )
    assert ran.returncode == 1, "its result could not be told"
    assert (tmp_path / "got/Offers.docx").stat().st_size == 70_001
    assert_nothing_left(server)


def test_what_a_script_puts_into_the_background_is_not_ended_by_ctrl_c(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    server.fault("delay", "GET .*/offers.docx.*", seconds=2)
    script = f"{PROGRAM} get oracle03 '{OFFERS}' --to got & sleep 1; kill -INT $!; wait $!"
    ran = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=shell.environment, check=False, timeout=60
    )
    assert ran.returncode == 0
    assert (tmp_path / "got/Offers.docx").stat().st_size == 70_001


# find


def test_find_names_the_newest_backup_that_still_has_a_deleted_file(
    shell: CommandLine, server: Server
) -> None:
    ran = shell.run("find", "oracle03", CONTRACT, "--no-index", "--every", "--parallelism", "1")
    assert ran.code == 0
    assert ran.lines[1:3] == [
        ["2026-11-15T22:00:42Z", "-", "not there"],
        ["2026-11-14T22:00:42Z", "-", "not there"],
    ]
    assert ran.lines[-1] == ["2026-11-08T22:00:42Z", "41372", "2026-11-05T16:40:21Z", CONTRACT]
    assert f"get oracle03@2026-11-08T22:00:42Z '{CONTRACT}' --to ." in ran.said
    assert "21 restore points of oracle03 on backup01.tech.local\n" in ran.said
    assert "Mounting oracle03@2026-11-13 22:00:42 (3 of 21) ...\n" in ran.said
    assert "Found in 1 of 8 restore points searched." in ran.said
    assert_nothing_left(server)


@pytest.mark.parametrize(
    ("machine", "path", "options", "found"),
    [
        ("oracle03", "Contract.docx", (), [CONTRACT]),
        ("oracle03", "contract.DOCX", (), [CONTRACT]),
        ("oracle03", "Contract.d*x", (), [CONTRACT]),
        ("oracle03", "Documentation 2014/Contract.docx", (), [CONTRACT]),
        ("oracle03", "Documentation 2014\\Contract.docx", (), [CONTRACT]),
        ("oracle03", "/Documentation 2014/Contract.docx", (), [CONTRACT]),
        ("oracle03", "/Windows/System32/drivers/etc/hosts", (),
         ["C:/Windows/System32/drivers/etc/hosts", "E:/Windows/System32/drivers/etc/hosts"]),
        ("web02", "/etc/hosts", ("--os-kind", "Linux"),
         ["Volume$0:/etc/hosts", "Volume$1:/etc/hosts"]),
        ("web02", "q3.csv", ("--os-kind", "Linux"),
         ["Volume$0:/home/ann/reports/2026/q3.csv", "Volume$1:/home/ann/reports/2026/q3.csv"]),
    ],
)  # fmt: skip
def test_what_names_no_volume_is_looked_for_on_all_of_them(
    shell: CommandLine, machine: str, path: str, options: tuple[str, ...], found: list[str]
) -> None:
    bounds = ("--before", "2026-11-08", "--no-index")
    ran = shell.run("find", machine, path, "--json", *bounds, *options)
    assert ran.code == 0
    assert [one["path"] for one in ran.json] == found
    assert " ".join(f"'{one}'" if " " in one or "$" in one else one for one in found) in ran.said
    assert all(option in ran.said.splitlines()[-1] for option in options)


@pytest.mark.parametrize(
    "path", ["X:", "X:/Documentation 2014", "nothing.docx", "/nothing", "Volume$0:/etc"]
)
def test_what_is_on_no_volume_is_not_found(shell: CommandLine, server: Server, path: str) -> None:
    ran = shell.run("find", "oracle03", path, "--after", "2026-11-14", "--no-index")
    assert ran.code == 1
    assert f"{path} is in none of 2 restore points" in ran.said
    assert "Its volumes are: C:, E:." in ran.said
    assert [line[2] for line in ran.lines[1:]] == ["not there"] * 2
    assert_nothing_left(server)


def test_what_could_not_be_looked_through_is_told(shell: CommandLine, server: Server) -> None:
    server.fault("status", "GET .*/E:/Users.*", None, code=500)
    ran = shell.run("find", "oracle03", "nothing.docx", "--after", "2026-11-15", "--no-index")
    assert ran.code == 1
    assert "These could not be searched:\n  E:/Users: " in ran.said


def test_find_mounts_one_restore_point_at_a_time_if_told_so(
    shell: CommandLine, server: Server
) -> None:
    shell.run("find", "oracle03", CONTRACT, "--no-index", "--every", "--parallelism", "1")
    changes = server.requests("POST|DELETE", rf"{MOUNTS}(?:/\d+)?")
    assert [change.method for change in changes] == ["POST", "DELETE"] * 8


def test_find_all_versions_between_dates(shell: CommandLine, server: Server) -> None:
    bounds = ("--after", "2026-11-04", "--before", "2026-11-09")
    options = ("--all", "--json", "--no-index", *bounds)
    found = shell.run("find", "oracle03", CONTRACT, *options).json
    assert [(one["restore_point"]["created_at"][:10], one["size"]) for one in found] == [
        ("2026-11-08", 41_372),
        ("2026-11-07", 41_372),
        ("2026-11-06", 41_372),
        ("2026-11-05", 41_372),
        ("2026-11-04", 38_144),
    ]
    assert_nothing_left(server)


def test_find_that_finds_nothing_says_what_is_near(shell: CommandLine, server: Server) -> None:
    path, after = "E:/Documentation 2014/Ofers.docx", "2026-11-14"
    ran = shell.run("find", "oracle03", path, "--after", after, "--no-index")
    assert ran.code == 1
    assert "is in none of 2 restore points" in ran.said
    assert "Offers.docx" in ran.said
    assert_nothing_left(server)


def test_find_goes_on_past_a_restore_point_that_can_not_be_mounted(
    shell: CommandLine, server: Server
) -> None:
    server.fault("task-fails", f"POST {MOUNTS}", message="The backup file is damaged.")
    ran = shell.run("find", "oracle03", OFFERS, "--no-index", "--parallelism", "1")
    assert ran.code == 0
    assert "The backup file is damaged." in ran.said
    assert ran.lines[1][0] == "2026-11-14T22:00:42Z"
    assert_nothing_left(server)


def test_many_files_that_match_are_made_ready_at_the_same_time(
    server: Server, shell: CommandLine, tmp_path: Path
) -> None:
    server.fault("task-stays", f"POST {MOUNTS}/1/.*", None, seconds=0.5)
    ran = shell.run("get", "oracle03", "E:/Logs/*.log", "--to", "got")
    assert ran.output.startswith("250 of 250 files, 54.8 KiB")
    assert len(list(files_in(tmp_path / "got"))) == 250


def test_a_session_that_is_given_is_used_and_left(
    shell: CommandLine, server: Server, tmp_path: Path
) -> None:
    token = {"VEEAM_EM_SESSION_TOKEN": server.log_on(), "VEEAM_EM_USERNAME": "",
             "VEEAM_EM_PASSWORD": ""}  # fmt: skip
    before = server.sessions()
    shell.environment |= token
    ran = shell.run("get", "oracle03", OFFERS, "--to", tmp_path)
    assert ran.code == 0
    assert (server.mounts(), server.sessions()) == ([], before)


# find, from the index


def test_find_asks_the_index_and_mounts_nothing(shell: CommandLine, server: Server) -> None:
    ran = shell.run("find", "oracle03", CONTRACT)
    assert ran.code == 0
    assert ran.lines[1] == ["2026-11-15T22:00:42Z", "-", "not there"]
    assert ran.lines[8] == ["2026-11-08T22:00:42Z", "41372", "2026-11-05T16:40:21Z", CONTRACT]
    assert len(ran.lines) == 9
    assert "Found in 1 of 8 restore points searched, from the index." in ran.said
    assert f"get oracle03@2026-11-08T22:00:42Z '{CONTRACT}' --to ." in ran.said
    put_back = f"restore oracle03@2026-11-08T22:00:42Z '{CONTRACT}'"
    assert ran.said.endswith(f"\n  terraform-provider-veeam {put_back}\n")
    assert server.requests("POST", MOUNTS) == []
    assert_nothing_left(server)


def test_the_index_tells_every_version(shell: CommandLine, server: Server) -> None:
    found = shell.run("find", "oracle03", CONTRACT, "--all", "--json").json
    assert [one["size"] for one in found] == [41_372] * 4 + [38_144] * 10
    assert found[0]["owner"] == "TECH\\ann.lee"


@pytest.mark.parametrize("path", ["Contr*.docx", "/Documentation 2014/Contract.docx"])
def test_the_index_is_searched_folder_by_folder(
    shell: CommandLine, server: Server, path: str
) -> None:
    ran = shell.run("find", "oracle03", path)
    assert ran.lines[-1][-1] == CONTRACT
    assert f"get oracle03@2026-11-08T22:00:42Z '{CONTRACT}' --to ." in ran.said
    assert server.requests("POST", MOUNTS) == []


def test_what_the_index_lacks_may_be_in_the_backups(shell: CommandLine, server: Server) -> None:
    ran = shell.run("find", "oracle03", "E:/Documentation 2014/Ofers.docx")
    assert ran.code == 1
    assert "is in none of 21 restore points, from the index" in ran.said
    assert "Offers.docx" in ran.said
    assert "--no-index looks into the backups themselves" in ran.said
    assert server.requests("POST", MOUNTS) == []


def test_nights_that_are_not_in_the_index_are_told_or_mounted(
    shell: CommandLine, server: Server
) -> None:
    newest, *_ = [
        point.id
        for point in server.simulator.restore_points(Family.VM)
        if point.machine.name == "oracle03"
    ]
    server.simulator.forget_index(newest)
    ran = shell.run("find", "oracle03", OFFERS)
    assert ran.lines[1][0] == "2026-11-14T22:00:42Z"
    assert "Not looked at: 1 other restore point, as they are not in the index" in ran.said
    assert server.requests("POST", MOUNTS) == []
    server.simulator.remove_file("oracle03", OFFERS)
    ran = shell.run("find", "oracle03", OFFERS)
    assert "The index has it in no restore point. What is not in the index is mounted:" in ran.said
    assert [one.path for one in server.requests("POST", MOUNTS)] == [
        f"/vmRestorePoints/{newest}/mounts"
    ]
    assert ran.code == 1


def test_an_index_that_fails_does_not_hide_the_backups(shell: CommandLine, server: Server) -> None:
    server.fault("status", "GET /catalog/vms", None, code=500)
    ran = shell.run("find", "oracle03", OFFERS)
    assert ran.code == 0
    assert "The index can't be asked." in ran.said
    assert "searched.\n" in ran.said
    assert_nothing_left(server)


# find, by few mounts


def test_few_mounts_tell_which_night_is_the_last_with_it(
    shell: CommandLine, server: Server
) -> None:
    ran = shell.run("find", "oracle03", CONTRACT, "--no-index", "--json")
    assert [one["restore_point"]["created_at"][:10] for one in ran.json] == ["2026-11-08"]
    assert len(server.requests("POST", MOUNTS)) == 9
    assert (
        "2026-11-08T22:00:42Z has it, and the next, 2026-11-09T22:00:42Z, no longer does."
        in ran.said
    )
    # One that was begun ahead may be cancelled, or be looked at first.
    left = r"Not looked at: (1 other restore point|2 other restore points): --every mounts each\."
    assert re.search(left, ran.said)
    assert_nothing_left(server)


def test_a_mount_that_is_no_longer_needed_is_cancelled(shell: CommandLine, server: Server) -> None:
    _newest, second, *_ = [
        point
        for point in server.simulator.restore_points(Family.VM)
        if point.machine.name == "exch01"
    ]
    server.fault("task-stays", f"POST .*{second.id}/mounts", None, seconds=600)
    ran = shell.run("find", "exch01", OFFERS)
    assert ran.code == 0
    assert ran.lines[1][0].startswith("2026-11-15")
    assert f"{second.name} is no longer needed. The mount's task task-1 was cancelled" in ran.said
    assert_nothing_left(server)


# Ctrl-C


def test_ctrl_c_during_a_mount_leaves_nothing(
    shell: CommandLine, slow_server: Server, tmp_path: Path
) -> None:
    shell.environment |= slow_server.environment
    ran, seconds = shell.interrupt(
        "ls", "oracle03", "--no-index", when=lambda: slow_server.requests("GET", "/tasks/.*")
    )
    assert seconds < AT_ONCE
    assert ran.code == 130
    assert "nothing is left mounted" in ran.said
    assert "a stop was asked for" not in ran.said.lower()
    assert "Traceback" not in ran.said
    assert_nothing_left(slow_server)


def test_ctrl_c_during_a_find_leaves_nothing(shell: CommandLine, server: Server) -> None:
    server.fault("delay", "GET .*E:/Documentation.*", None, seconds=30)
    ran, seconds = shell.interrupt(
        "find", "oracle03", CONTRACT, "--no-index", when=lambda: len(server.mounts()) > 1
    )
    assert seconds < AT_ONCE
    assert ran.code == 130
    assert_nothing_left(server)


def test_a_second_ctrl_c_ends_at_once(
    shell: CommandLine, slow_server: Server, tmp_path: Path
) -> None:
    shell.environment |= slow_server.environment
    slow_server.fault("delay", "DELETE .*", None, seconds=30)
    with shell.start("ls", "oracle03", "--no-index") as process:
        while not slow_server.requests("GET", "/tasks/.*"):
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGINT)
        threading.Event().wait(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(2) == 130
        assert "15 minutes" in (process.stderr.read() if process.stderr else "")


# Terminals


@pytest.mark.parametrize("columns", ["80", "120", ""])
@pytest.mark.parametrize("colour", ["", "off"])
def test_ids_times_and_paths_are_whole_on_terminals_and_in_logs(
    shell: CommandLine, server: Server, tmp_path: Path, columns: str, colour: str
) -> None:
    variables = {"TERM": "xterm", "COLUMNS": columns, "NO_COLOR": colour}
    shell.environment |= variables
    points = server.simulator.restore_points(Family.VM)
    ids = {point.id for point in points if point.machine.name == "oracle03"}
    path = "E:/" + "/".join(["a folder with a long name"] * 5) + "/report.txt"
    server.simulator.add_file("oracle03", path, b"12345")
    for arguments, wanted in (
        (("points", "oracle03"), ids | {"2026-11-15T22:00:42Z"}),
        (("get", "oracle03", path, "--to", "got", "--dry-run"), {path}),
        (("find", "oracle03", path), {"2026-11-15T22:00:42Z", path}),
    ):
        shown = shell.on_terminal(*arguments) if columns else "".join(shell.run(*arguments)[1:])
        assert [one for one in wanted if one not in shown] == []
        assert ("\x1b[1m" in shown) is bool(columns and not colour and arguments[0] != "find")


def test_a_terminal_gets_a_bar(shell: CommandLine, server: Server, tmp_path: Path) -> None:
    server.simulator.add_file("oracle03", "E:/large.bin", bytes(30_000_000))
    server.fault("stall-body", "GET .*/large.bin", seconds=2)
    shell.environment |= {"TERM": "xterm", "COLUMNS": "100"}
    text = shell.on_terminal("get", "oracle03", "E:/large.bin", "--to", tmp_path / "got")
    assert "1 of 1 file, 28.6 MiB" in text
    assert "Mounting oracle03@2026-11-15 22:00:42" in text
    assert "━" in text
    assert re.search(r"0 of 1 file, 14\.[23] MiB of 28\.6 MiB; E:/large\.bin (49|50) %", text)
    assert re.search(r"(49|50) %, [\d.]+ \w+/s, \d+:\d\d left; 0 of 1 file", text)
    assert "\x1b[?25h" in text
