"""Looking up what backups are made of: objects, hosts, jobs, sessions, repositories."""

import datetime as dt
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from helpers import SEED, Server

from em_simulator import (
    PORTAL_USER,
    RESTORE_OPERATOR,
    VM_RESTORE_OPERATOR,
    Account,
    Family,
    Simulator,
)
from em_simulator.backups import Course
from support.called_provider import CLOCK, CalledProvider, called_provider, simulated

FORMS: dict[str, dict[str, Any]] = {
    "camel": {"json_names": "camel", "byte_order_mark": True},
    "pascal": {"json_names": "pascal", "json_nulls": "absent"},
    "xml": {"answers": "xml"},
}


def ago(hours: float) -> str:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class TestInEveryForm:
    """In all forms of answers."""

    @pytest.fixture(params=FORMS)
    def simulator(self, request: pytest.FixtureRequest) -> Iterator[Simulator]:
        with Simulator(clock=CLOCK, seed=SEED, **FORMS[request.param]) as running:
            yield running

    def test_an_object_is_found_by_its_whole_name(
        self, provider: CalledProvider, server: Server
    ) -> None:
        told = provider.read("veeam_hierarchy_object", name="APP01").value
        assert told == {
            "name": "APP01",
            "type": "Vm",
            "hierarchy_root": "vc01.tech.local",
            "wait_up_to": None,
            "timeouts": None,
            "ref": server.simulator.vm("app01"),
            "backup_server": "backup01.tech.local",
        }

    def test_jobs_tell_what_they_include_and_when_they_run(
        self, provider: CalledProvider, server: Server
    ) -> None:
        (replicas,) = provider.read("veeam_jobs", type="Replica").value["jobs"]
        assert (replicas["name"], [one["ref"] for one in replicas["objects"]]) == (
            "Replicas",
            [server.simulator.vm("srv04")],
        )
        told = provider.read("veeam_jobs", name="d*").value
        jobs = {job["name"]: job for job in told["jobs"]}
        assert list(jobs) == ["Daily", "Databases", "Domain controllers"]
        assert [one["ref"] for one in jobs["Daily"]["objects"]] == server.simulator.objects_in(
            "Daily"
        )
        assert jobs["Daily"]["next_run_at"].endswith("T22:00:00Z")
        assert [job["schedule_enabled"] for job in told["jobs"]] == [True, False, False]
        daily = provider.read("veeam_job", name="daily").value
        assert (daily["type"], daily["platform"]) == ("Backup", "VMware")
        assert daily["backup_server"] == "backup01.tech.local"
        assert "web02" in [one["name"] for one in daily["objects"]]

    def test_sessions_come_newest_first_with_their_reasons(
        self, provider: CalledProvider, server: Server
    ) -> None:
        server.simulator.add_backup("Daily", "web02", ago(3), "Failed", "No space left.")
        server.simulator.add_backup("Daily", "web02", ago(2), "Warning", "VSS timed out.")
        of_vm = provider.read(
            "veeam_backup_sessions", machine_name="WEB02", created_after=ago(30)
        ).value["backup_sessions"]
        assert [one["result"] for one in of_vm] == ["Warning", "Failed"]
        assert [one["reasons"] for one in of_vm] == [["VSS timed out."], ["No space left."]]
        assert {one["job_name"] for one in of_vm} == {"Daily"}
        of_job = provider.read("veeam_backup_sessions", job_name="Daily", limit=3).value
        told = [(one["result"], one["reasons"]) for one in of_job["backup_sessions"]]
        assert told == [
            ("Warning", ["web02: VSS timed out."]),
            ("Failed", ["web02: No space left."]),
            ("Success", []),
        ]
        job_id = server.simulator.job("Daily").id
        same = provider.read(
            "veeam_backup_sessions", job_id=f"urn:veeam:Job:{job_id}", limit=3
        ).value
        assert same["backup_sessions"] == of_job["backup_sessions"]

    def test_replications_are_told_of_their_job_and_of_their_machine(
        self, provider: CalledProvider, server: Server
    ) -> None:
        server.simulator.add_backup("Replicas", "srv04", ago(2), "Failed", "No route.")
        of_job = provider.read("veeam_backup_sessions", job_name="replicas", limit=2).value
        assert [(one["result"], one["reasons"]) for one in of_job["backup_sessions"]] == [
            ("Failed", ["srv04: No route."]),
            ("Success", []),
        ]
        failed, night = provider.read(
            "veeam_backup_sessions", type="Replica", machine_name="srv04", limit=2
        ).value["backup_sessions"]
        assert (failed["reasons"], failed["restore_point_id"]) == (["No route."], None)
        assert (night["job_name"], night["restore_point_type"]) == ("Replicas", "replica")
        newest = server.simulator.restore_points(Family.REPLICA)[0]
        assert night["restore_point_id"] == newest.id
        nothing = provider.read("veeam_backup_sessions", machine_name="srv04").value
        assert nothing["backup_sessions"] == []

    def test_copies_are_told_among_the_backups(
        self, provider: CalledProvider, server: Server
    ) -> None:
        server.simulator.add_backup("Copies", "web02", ago(2))
        told = provider.read("veeam_backup_sessions", job_name="Copies").value["backup_sessions"]
        assert [(one["result"], one["reasons"]) for one in told] == [("Success", [])]
        (copy,) = provider.read("veeam_backup_sessions", machine_name="web02", limit=1).value[
            "backup_sessions"
        ]
        assert (copy["job_name"], copy["restore_point_id"]) == ("Copies", None)

    def test_a_retry_says_that_it_is_one(self, provider: CalledProvider, server: Server) -> None:
        server.simulator.add_backup("Daily", "web02", ago(2), "Failed", "No space left.")
        server.simulator.add_backup("Daily", "web02", ago(1.8), is_retry=True)
        told = provider.read("veeam_backup_sessions", job_name="Daily", limit=2).value
        assert [(one["result"], one["is_retry"]) for one in told["backup_sessions"]] == [
            ("Success", True),
            ("Failed", False),
        ]

    def test_a_night_leads_to_its_restore_point(self, provider: CalledProvider) -> None:
        told = provider.read("veeam_backup_sessions", machine_name="oracle03", limit=1).value
        (session,) = told["backup_sessions"]
        found = provider.read("veeam_restore_point", machine_name="oracle03", latest=True).value
        assert session["restore_point_id"] == found["id"]

    def test_hosts_and_repositories_are_listed(self, provider: CalledProvider) -> None:
        roots = provider.read("veeam_hierarchy_roots").value["hierarchy_roots"]
        assert [(root["name"], root["type"]) for root in roots] == [
            ("vc01.tech.local", "VC"),
            ("hv01.tech.local", "HvServer"),
        ]
        found = provider.read("veeam_repositories").value["repositories"]
        assert [(one["name"], one["type"]) for one in found] == [
            ("Backup Volume 01", "WindowsLocal"),
            ("Bucket", "AmazonS3Compatible"),
            ("Old share", "CifsShare"),
            ("Scale-out 1", "Extendable"),
        ]
        assert (found[0]["capacity"], found[0]["free_space"]) == (4 * 1024**4, 3 * 1024**4 // 2)
        for unlimited in found[1:3]:
            assert (unlimited["capacity"], unlimited["free_space"]) == (None, None)


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00", "1753-01-01T00:00:00Z", "9999-12-31Z"])
def test_never_is_null_whatever_a_server_writes(never: str) -> None:
    more: dict[str, Any] = {"never": never, "exact_names": True, "backup_seconds": 600}
    with simulated(**more) as (provider, running):
        told = provider.read("veeam_job", name="Domain controllers").value
        assert told["next_run_at"] is None
        assert provider.read("veeam_job", name="Daily").value["next_run_at"] is not None
        with running._manager.lock:
            course = Course(seconds=600)
            running._manager.backups.start(running.job("Daily"), course, 0.0, is_linked=True)
        told = provider.read("veeam_backup_sessions", job_name="Daily", limit=1).value
        (session,) = told["backup_sessions"]
        assert (session["ended_at"], session["result"]) == (None, None)
        assert re.fullmatch(r"Daily@[-0-9]{10} [:0-9]{8}\.\d{1,6}", session["name"])
        assert session["created_at"] == session["name"].partition("@")[2].replace(" ", "T") + "Z"


class TestWhatIsNotThere:
    """Names that nothing has, or several things."""

    def test_an_object_that_several_hosts_have_is_told_with_the_hosts(
        self, provider: CalledProvider
    ) -> None:
        said = provider.read("veeam_hierarchy_object", name="dc01").error
        assert "Several objects found" in said
        assert "dc01 on vc01.tech.local" in said
        assert "dc01 on hv01.tech.local" in said
        told = provider.read(
            "veeam_hierarchy_object", name="dc01", hierarchy_root="HV01.tech.local"
        ).value
        assert told["ref"].startswith("urn:HyperV:Vm:")

    def test_names_that_differ_in_capitals_alone_are_several(
        self, provider: CalledProvider
    ) -> None:
        said = provider.read("veeam_hierarchy_object", name="twin").error
        assert len(re.findall(r"urn:VMware:Vm:\S+ [Tt]win on vc01", said)) == 2

    def test_a_part_of_a_name_is_not_enough(self) -> None:
        with simulated(matches_parts=True) as (provider, running):
            told = provider.read("veeam_hierarchy_object", name="app01").value
            assert told["ref"] == running.vm("app01")
            said = provider.read("veeam_hierarchy_object", name="app0").error
        assert "No Vm is called app0 as a whole on vc01.tech.local" in said
        assert "Similar names: app01" in said

    def test_another_type_is_found_where_there_is_one(self, provider: CalledProvider) -> None:
        told = provider.read("veeam_hierarchy_object", name="Gold", type="tag").value
        assert told["ref"].startswith("urn:VMware:Tag:")
        said = provider.read("veeam_hierarchy_object", name="Gold").error
        assert "Object not found" in said
        said = provider.read("veeam_hierarchy_object", name="Gold", type="Disk").error
        assert "Invalid type" in said

    def test_an_unknown_host_is_told_with_those_there_are(self, provider: CalledProvider) -> None:
        said = provider.read("veeam_hierarchy_object", name="app01", hierarchy_root="vc02").error
        assert "None is called vc02" in said
        assert "vc01.tech.local of backup01.tech.local, hv01.tech.local" in said

    def test_a_vm_that_is_made_meanwhile_is_waited_for(
        self, provider: CalledProvider, server: Server
    ) -> None:
        with ThreadPoolExecutor() as threads:
            found = threads.submit(
                provider.read, "veeam_hierarchy_object", name="new01", wait_up_to="1m"
            )
            while len(server.requests("GET", "/lookup")) < 3:
                assert not found.done()
            ref = server.simulator.add_vm("new01")
            assert found.result().value["ref"] == ref
        said = provider.read("veeam_hierarchy_object", name="new02", wait_up_to="1s").error
        assert "No Vm is called new02 as a whole" in said

    def test_a_job_that_is_not_there_is_told_with_those_that_are(
        self, provider: CalledProvider
    ) -> None:
        said = provider.read("veeam_job", name="Dayly").error
        assert "No job found" in said
        assert "There is: Daily." in said
        said = provider.read("veeam_job", name="Nothing like it").error
        assert "There is: Copies, Daily, Databases, Domain controllers, Replicas." in said
        assert "No job found" in provider.read("veeam_job", name="Daily", type="Replica").error

    @pytest.mark.parametrize(
        ("search", "message"),
        [
            ({}, "Write one of job_id, job_name and machine_name."),
            ({"job_name": "a", "machine_name": "b"}, "Write only one of job_name and"),
            ({"job_name": " "}, "It is blank."),
            ({"job_name": "a", "created_after": "yesterday"}, "is not a time"),
            ({"job_name": "a", "limit": 0}, "is not a whole number"),
            ({"job_name": "a", "type": "Copy"}, '"Copy" is not one of "Backup", "Replica".'),
            ({"job_id": "Daily"}, "is neither a UUID"),
        ],
    )
    def test_a_search_that_can_not_be_meant_is_refused(
        self, provider: CalledProvider, search: dict[str, Any], message: str
    ) -> None:
        assert message in provider.read("veeam_backup_sessions", **search).error

    def test_a_server_that_ignores_the_filter_is_not_believed(
        self, provider: CalledProvider, server: Server
    ) -> None:
        server.fault("ignore-filter", "GET /query", None)
        said = provider.read("veeam_backup_sessions", machine_name="web02").error
        assert "a session that was not asked for" in said
        said = provider.read("veeam_job", name="Dayly").error
        assert "No job found" in said

    @pytest.mark.parametrize(
        ("account", "kind", "search", "roles"),
        [
            (PORTAL_USER, "veeam_job", {"name": "Daily"}, "Portal Administrator in"),
            (PORTAL_USER, "veeam_jobs", {}, "Portal Administrator in"),
            (
                RESTORE_OPERATOR,
                "veeam_backup_sessions",
                {"job_name": "Daily"},
                "Portal Administrator or Portal User in",
            ),
            (
                VM_RESTORE_OPERATOR,
                "veeam_hierarchy_object",
                {"name": "app01"},
                "Portal Administrator or Portal User in",
            ),
            (RESTORE_OPERATOR, "veeam_repositories", {}, "Portal Administrator or Portal User in"),
            (
                RESTORE_OPERATOR,
                "veeam_backup_sessions",
                {"machine_name": "a", "type": "Replica"},
                "Portal Administrator or Portal User in",
            ),
        ],
        ids=lambda value: value.role if isinstance(value, Account) else str(value)[:25],
    )
    def test_an_account_that_may_not_is_told_who_may(
        self, simulator: Simulator, account: Account, kind: str, search: dict[str, Any], roles: str
    ) -> None:
        with called_provider(simulator, account) as provider:
            said = provider.read(kind, **search).error
        assert "The account's role is too low" in said
        assert f"It takes the role {roles} Enterprise Manager" in said
