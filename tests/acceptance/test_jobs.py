"""Looking up what backups are made of: objects, hosts, jobs, sessions, repositories."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import (
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
    Family,
    Simulator,
)
from em_simulator.backups import Course

APPLY = ("apply", "-auto-approve", "-no-color")
FORMS: dict[str, dict[str, Any]] = {
    "camel": {"json_names": "camel", "byte_order_mark": True},
    "pascal": {"json_names": "pascal", "json_nulls": "absent"},
    "xml": {"answers": "xml"},
}


@pytest.fixture(params=FORMS)
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(seed=SEED, **FORMS[request.param]) as running:
        yield running


@pytest.fixture
def parts_simulator() -> Iterator[Simulator]:
    """One whose lookup finds longer names, too."""
    with Simulator(seed=SEED, matches_parts=True) as running:
        yield running


def look_up(workspace: Workspace, kind: str, body: str = "") -> Any:
    """What a data source tells."""
    workspace.write(
        f'{REQUIRED}\ndata "{kind}" "this" {{\n{body}\n}}\n'
        f'output "told" {{\n value = data.{kind}.this\n}}\n'
    )
    workspace.apply()
    return workspace.output("told")


def refused(workspace: Workspace, kind: str, body: str, **environment: str) -> str:
    workspace.write(f'{REQUIRED}\ndata "{kind}" "this" {{\n{body}\n}}\n')
    return workspace.fail("plan", "-no-color", **environment)


def ago(hours: float) -> str:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class TestInEveryForm:
    """In all forms of answers."""

    def test_an_object_is_found_by_its_whole_name(
        self, workspace: Workspace, server: Server
    ) -> None:
        told = look_up(workspace, "veeam_hierarchy_object", 'name = "APP01"')
        assert told == {
            "name": "APP01",
            "type": None,
            "hierarchy_root": "vc01.tech.local",
            "wait_up_to": None,
            "ref": server.simulator.vm("app01"),
            "backup_server": "backup01.tech.local",
        }

    def test_jobs_tell_what_they_include_and_when_they_run(
        self, workspace: Workspace, server: Server
    ) -> None:
        (replicas,) = look_up(workspace, "veeam_jobs", 'type = "Replica"')["jobs"]
        assert (replicas["name"], replicas["refs"]) == ("Replicas", [server.simulator.vm("srv04")])
        told = look_up(workspace, "veeam_jobs", 'name = "d*"')
        jobs = {job["name"]: job for job in told["jobs"]}
        assert list(jobs) == ["Daily", "Databases", "Domain controllers"]
        assert jobs["Daily"]["refs"] == server.simulator.objects_in("Daily")
        assert jobs["Daily"]["next_run"].endswith("T22:00:00Z")
        assert [job["schedule_enabled"] for job in told["jobs"]] == [True, False, False]
        daily = look_up(workspace, "veeam_job", 'name = "daily"')
        assert (daily["type"], daily["platform"]) == ("Backup", "VMware")
        assert daily["backup_server"] == "backup01.tech.local"
        assert "web02" in [one["name"] for one in daily["objects"]]

    def test_sessions_come_newest_first_with_their_reasons(
        self, workspace: Workspace, server: Server
    ) -> None:
        server.simulator.add_backup("Daily", "web02", ago(3), "Failed", "No space left.")
        server.simulator.add_backup("Daily", "web02", ago(2), "Warning", "VSS timed out.")
        of_vm = look_up(
            workspace, "veeam_backup_sessions", f'machine_name = "WEB02"\nsince = "{ago(30)}"'
        )["sessions"]
        assert [one["result"] for one in of_vm] == ["Warning", "Failed"]
        assert [one["reasons"] for one in of_vm] == [["VSS timed out."], ["No space left."]]
        assert {one["job_name"] for one in of_vm} == {"Daily"}
        of_job = look_up(workspace, "veeam_backup_sessions", 'job_name = "Daily"\nlimit = 3')
        told = [(one["result"], one["reasons"]) for one in of_job["sessions"]]
        assert told == [
            ("Warning", ["web02: VSS timed out."]),
            ("Failed", ["web02: No space left."]),
            ("Success", []),
        ]
        job_id = server.simulator.job("Daily").id
        same = look_up(
            workspace, "veeam_backup_sessions", f'job_id = "urn:veeam:Job:{job_id}"\nlimit = 3'
        )
        assert same["sessions"] == of_job["sessions"]

    def test_replications_are_told_of_their_job_and_of_their_machine(
        self, workspace: Workspace, server: Server
    ) -> None:
        server.simulator.add_backup("Replicas", "srv04", ago(2), "Failed", "No route.")
        of_job = look_up(workspace, "veeam_backup_sessions", 'job_name = "replicas"\nlimit = 2')
        assert [(one["result"], one["reasons"]) for one in of_job["sessions"]] == [
            ("Failed", ["srv04: No route."]),
            ("Success", []),
        ]
        told = 'type = "Replica"\nmachine_name = "srv04"\nlimit = 2'
        failed, night = look_up(workspace, "veeam_backup_sessions", told)["sessions"]
        assert (failed["reasons"], failed["restore_point_id"]) == (["No route."], None)
        assert (night["job_name"], night["restore_point_type"]) == ("Replicas", "replica")
        newest = server.simulator.restore_points(Family.REPLICA)[0]
        assert night["restore_point_id"] == newest.id
        nothing = look_up(workspace, "veeam_backup_sessions", 'machine_name = "srv04"')
        assert nothing["sessions"] == []

    def test_copies_are_told_among_the_backups(self, workspace: Workspace, server: Server) -> None:
        server.simulator.add_backup("Copies", "web02", ago(2))
        told = look_up(workspace, "veeam_backup_sessions", 'job_name = "Copies"')["sessions"]
        assert [(one["result"], one["reasons"]) for one in told] == [("Success", [])]
        told = 'machine_name = "web02"\nlimit = 1'
        (copy,) = look_up(workspace, "veeam_backup_sessions", told)["sessions"]
        assert (copy["job_name"], copy["restore_point_id"]) == ("Copies", None)

    def test_a_retry_says_that_it_is_one(self, workspace: Workspace, server: Server) -> None:
        server.simulator.add_backup("Daily", "web02", ago(2), "Failed", "No space left.")
        server.simulator.add_backup("Daily", "web02", ago(1.8), is_retry=True)
        told = look_up(workspace, "veeam_backup_sessions", 'job_name = "Daily"\nlimit = 2')
        assert [(one["result"], one["is_retry"]) for one in told["sessions"]] == [
            ("Success", True),
            ("Failed", False),
        ]

    def test_a_night_leads_to_its_restore_point(self, workspace: Workspace) -> None:
        told = look_up(workspace, "veeam_backup_sessions", 'machine_name = "oracle03"\nlimit = 1')
        (session,) = told["sessions"]
        found = look_up(
            workspace, "veeam_restore_point", 'machine_name = "oracle03"\nlatest = true'
        )
        assert session["restore_point_id"] == found["restore_point_id"]

    def test_hosts_and_repositories_are_listed(self, workspace: Workspace) -> None:
        roots = look_up(workspace, "veeam_hierarchy_roots")["hierarchy_roots"]
        assert [(root["name"], root["type"]) for root in roots] == [
            ("vc01.tech.local", "VC"),
            ("hv01.tech.local", "HvServer"),
        ]
        found = look_up(workspace, "veeam_repositories")["repositories"]
        assert [(one["name"], one["kind"]) for one in found] == [
            ("Backup Volume 01", "WindowsLocal"),
            ("Bucket", "AmazonS3Compatible"),
            ("Old share", "CifsShare"),
            ("Scale-out 1", "Extendable"),
        ]
        assert (found[0]["capacity"], found[0]["free_space"]) == (4 * 1024**4, 3 * 1024**4 // 2)
        for unlimited in found[1:3]:
            assert (unlimited["capacity"], unlimited["free_space"]) == (None, None)


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00", "1753-01-01T00:00:00Z", "9999-12-31Z"])
@pytest.mark.parametrize("simulator", ["camel"], indirect=True)
def test_never_is_null_whatever_a_server_writes(workspace: Workspace, never: str) -> None:
    more: dict[str, Any] = {"never": never, "exact_names": True, "backup_seconds": 600}
    with Simulator(seed=SEED, **more) as running:
        workspace.environment |= Server(running).environment
        told = look_up(workspace, "veeam_job", 'name = "Domain controllers"')
        assert told["next_run"] is None
        assert look_up(workspace, "veeam_job", 'name = "Daily"')["next_run"] is not None
        with running._manager.lock:
            course = Course(seconds=600)
            running._manager.backups.start(running.job("Daily"), course, 0.0, is_linked=True)
        told = look_up(workspace, "veeam_backup_sessions", 'job_name = "Daily"\nlimit = 1')
        (session,) = told["sessions"]
        assert (session["ended_at"], session["result"]) == (None, None)
        assert re.fullmatch(r"Daily@[-0-9]{10} [:0-9]{8}\.\d{1,6}", session["name"])
        assert session["created_at"] == session["name"].partition("@")[2].replace(" ", "T") + "Z"


@pytest.mark.parametrize("simulator", ["camel"], indirect=True)
class TestWhatIsNotThere:
    """Names that nothing has, or several things."""

    def test_an_object_that_several_hosts_have_is_told_with_the_hosts(
        self, workspace: Workspace
    ) -> None:
        said = refused(workspace, "veeam_hierarchy_object", 'name = "dc01"')
        assert "Several objects found" in said
        assert "dc01 on vc01.tech.local" in said
        assert "dc01 on hv01.tech.local" in said
        told = look_up(
            workspace, "veeam_hierarchy_object", 'name = "dc01"\nhierarchy_root = "HV01.tech.local"'
        )
        assert told["ref"].startswith("urn:HyperV:Vm:")

    def test_names_that_differ_in_capitals_alone_are_several(self, workspace: Workspace) -> None:
        said = refused(workspace, "veeam_hierarchy_object", 'name = "twin"')
        assert len(re.findall(r"urn:VMware:Vm:\S+ [Tt]win on vc01", said)) == 2

    def test_a_part_of_a_name_is_not_enough(
        self, workspace: Workspace, parts_simulator: Simulator
    ) -> None:
        workspace.environment |= Server(parts_simulator).environment
        told = look_up(workspace, "veeam_hierarchy_object", 'name = "app01"')
        assert told["ref"] == parts_simulator.vm("app01")
        said = refused(workspace, "veeam_hierarchy_object", 'name = "app0"')
        assert "No Vm is called app0 as a whole on vc01.tech.local" in said
        assert "Similar names: app01" in said

    def test_another_type_is_found_where_there_is_one(self, workspace: Workspace) -> None:
        told = look_up(workspace, "veeam_hierarchy_object", 'name = "Gold"\ntype = "tag"')
        assert told["ref"].startswith("urn:VMware:Tag:")
        said = refused(workspace, "veeam_hierarchy_object", 'name = "Gold"')
        assert "Object not found" in said
        said = refused(workspace, "veeam_hierarchy_object", 'name = "Gold"\ntype = "Disk"')
        assert "Invalid type" in said

    def test_an_unknown_host_is_told_with_those_there_are(self, workspace: Workspace) -> None:
        body = 'name = "app01"\nhierarchy_root = "vc02"'
        said = refused(workspace, "veeam_hierarchy_object", body)
        assert "None is called vc02" in said
        assert "vc01.tech.local of backup01.tech.local, hv01.tech.local" in said

    def test_a_vm_that_is_made_meanwhile_is_waited_for(
        self, workspace: Workspace, server: Server
    ) -> None:
        workspace.write(
            f'{REQUIRED}\ndata "veeam_hierarchy_object" "this" {{\n name = "new01"\n'
            ' wait_up_to = "1m"\n}\n'
        )
        process = workspace.start(*APPLY)
        while len(server.requests("GET", "/lookup")) < 3:
            assert process.poll() is None
        server.simulator.add_vm("new01")
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        body = 'name = "new02"\nwait_up_to = "1s"'
        said = refused(workspace, "veeam_hierarchy_object", body)
        assert "No Vm is called new02 as a whole" in said

    def test_a_job_that_is_not_there_is_told_with_those_that_are(
        self, workspace: Workspace
    ) -> None:
        said = refused(workspace, "veeam_job", 'name = "Dayly"')
        assert "No job found" in said
        assert "There is: Daily." in said
        said = refused(workspace, "veeam_job", 'name = "Nothing like it"')
        assert "There is: Copies, Daily, Databases, Domain controllers, Replicas." in said
        assert "No job found" in refused(workspace, "veeam_job", 'name = "Daily"\ntype = "Replica"')

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("", "Write one of job_id, job_name and machine_name."),
            ('job_name = "a"\nmachine_name = "b"', "Write only one of job_name and"),
            ('job_name = " "', "It is blank."),
            ('job_name = "a"\nsince = "yesterday"', "is not a time"),
            ('job_name = "a"\nlimit = 0', "is not a whole number"),
            ('job_name = "a"\ntype = "Copy"', '"Copy" is not one of "Backup", "Replica".'),
            ('job_id = "Daily"', "is neither a UUID"),
        ],
    )
    def test_a_search_that_can_not_be_meant_is_refused(
        self, workspace: Workspace, body: str, message: str
    ) -> None:
        assert message in refused(workspace, "veeam_backup_sessions", body)

    def test_a_server_that_ignores_the_filter_is_not_believed(
        self, workspace: Workspace, server: Server
    ) -> None:
        server.fault("ignore-filter", "GET /query", None)
        said = refused(workspace, "veeam_backup_sessions", 'machine_name = "web02"')
        assert "a session that was not asked for" in said
        said = refused(workspace, "veeam_job", 'name = "Dayly"')
        assert "No job found" in said

    @pytest.mark.parametrize(
        ("account", "kind", "body", "roles"),
        [
            (PORTAL_USER, "veeam_job", 'name = "Daily"', "Portal Administrator in"),
            (PORTAL_USER, "veeam_jobs", "", "Portal Administrator in"),
            (
                RESTORE_OPERATOR,
                "veeam_backup_sessions",
                'job_name = "Daily"',
                "Portal Administrator or Portal User in",
            ),
            (
                VM_RESTORE_OPERATOR,
                "veeam_hierarchy_object",
                'name = "app01"',
                "Portal Administrator or Portal User in",
            ),
            (RESTORE_OPERATOR, "veeam_repositories", "", "Portal Administrator or Portal User in"),
            (
                RESTORE_OPERATOR,
                "veeam_backup_sessions",
                'machine_name = "a"\ntype = "Replica"',
                "Portal Administrator or Portal User in",
            ),
        ],
        ids=lambda value: value.role if isinstance(value, Account) else str(value)[:25],
    )
    def test_an_account_that_may_not_is_told_who_may(
        self, workspace: Workspace, account: Account, kind: str, body: str, roles: str
    ) -> None:
        who = {"VEEAM_EM_USERNAME": account.username, "VEEAM_EM_PASSWORD": account.password}
        said = flat(refused(workspace, kind, body, **who))
        assert "The account's role is too low" in said
        assert f"It takes the role {roles} Enterprise Manager" in said
