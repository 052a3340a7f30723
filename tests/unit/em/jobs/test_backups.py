"""Starting backups: found again or told, never started twice, followed to their end."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.jobs.jobs import WantedJobs
from terraform_provider_veeam.em.jobs.sessions import JobSession, SessionType
from terraform_provider_veeam.em.models import RestorePointType, Task
from terraform_provider_veeam.em.one_task import OneTask

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]
QUICK = "POST /backupServers/.*"
START = "POST /jobs/.*"


@pytest.fixture(params=["linked", "late", "ahead"])
def simulator(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Simulator]:
    """Servers that tell of a session that was started in one way or another."""
    ways: dict[str, dict[str, Any]] = {
        "linked": {},
        "late": {"links_starts": False, "lag": 20},
        "ahead": {"links_starts": False, "clock_ahead": -7200},
    }
    more = ways[request.param]
    with Simulator(clock=clock, mount_seconds=2, backup_seconds=60, **more) as running:
        yield running


def start(em: EnterpriseManager, deadline: Deadline, name: str = "Daily") -> JobSession:
    (job,) = em.jobs.find(WantedJobs(name), deadline)
    return em.backups.start(job, deadline)


def quick_backup(em: EnterpriseManager, deadline: Deadline) -> JobSession:
    roots = em.hierarchy.roots(deadline)
    (vm,) = em.hierarchy.find(roots, "WEB02", "vm", deadline).objects
    return em.backups.quick_backup(vm, deadline)


STARTS = pytest.mark.parametrize(("begin", "posts"), [(start, START), (quick_backup, QUICK)])
BORROWS = pytest.mark.parametrize("borrows", [True, False])
Begin = Callable[[EnterpriseManager, Deadline], JobSession]


def in_session(simulator: Simulator, borrows: bool) -> dict[str, Any]:
    """The settings of one who is in somebody else's session, or logs on."""
    token = simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)[1]
    return {"username": None, "password": None, "session_token": token} if borrows else {}


def posted(simulator: Simulator) -> int:
    return len([e for e in simulator.journal if e.method == "POST" and "session" not in e.path])


def the_backup(simulator: Simulator) -> str:
    """The id of the only backup that was started."""
    (session,) = simulator.started_backups()
    return session.id


@STARTS
def test_a_session_is_found_however_the_server_tells_of_it(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    started = begin(em, deadline())
    assert started.id == the_backup(simulator)
    *_, last = em.backups.follow(started, deadline())
    outcome = em.backups.outcome(last, deadline())
    assert (last.state, last.result) == ("Stopped", "Success")
    assert all(one.restore_point for one in outcome.machines)
    assert outcome.remarks == []


@STARTS
def test_a_server_that_ignores_filters_has_nobody_elses_backup_followed(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    begin: Begin,
    posts: str,
) -> None:
    send = OneTask.send

    def send_as_others_start_a_job(request: OneTask, *what: Any) -> Task:
        monkeypatch.setattr(OneTask, "send", send)
        task = send(request, *what)
        clock.wait(threading.Event(), 10)
        start(make_em(), deadline(), "Databases")
        simulator.add_fault("ignore-filter", "GET /query", count=None)
        return task

    simulator.add_fault("no-related-link", posts)
    monkeypatch.setattr(OneTask, "send", send_as_others_start_a_job)
    with pytest.raises(errors.BackupOutOfSight, match="seems to be ignored"):
        begin(make_em(), deadline())


@STARTS
@BORROWS
def test_a_stop_before_it_is_known_who_refused_the_token_leaves_it_open(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    stop: threading.Event,
    begin: Begin,
    posts: str,
    borrows: bool,
) -> None:
    """A gateway answers 401 for a server that has started the backup."""

    def stop_after_the_request() -> None:
        while not posted(simulator):
            time.sleep(0.01)
        stop.set()

    em = make_em(**in_session(simulator, borrows))
    em.sessions.browsing(deadline())
    simulator.add_fault("status", posts, code=401, when="after", html=True)
    simulator.add_fault("delay", "GET /logonSessions.*", count=None, seconds=0.4)
    threading.Thread(target=stop_after_the_request).start()
    with pytest.raises(errors.EnterpriseManagerError, match=r"not known|may yet begin|goes on"):
        begin(em, deadline())


@STARTS
def test_what_ran_a_moment_ago_is_not_taken_for_what_was_started(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    simulator.add_fault("no-related-link", posts, 2)
    first = begin(em, deadline())
    *_, last = em.backups.follow(first, deadline())
    assert last.is_stopped
    second = begin(em, deadline())
    assert [first.id, second.id] == [one.id for one in simulator.started_backups()]


@STARTS
@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "garbage", "html", "wrong-shape"])
def test_a_start_whose_answer_is_lost_is_found_and_not_asked_for_again(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
    fault: str,
) -> None:
    simulator.add_fault(fault, posts)
    assert begin(em, deadline()).id == the_backup(simulator)
    assert posted(simulator) == 1


@STARTS
def test_a_start_for_which_a_gateway_answers_404_is_found(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    simulator.add_fault("status", posts, code=404, when="after", html=True)
    assert begin(em, deadline()).id == the_backup(simulator)
    assert posted(simulator) == 1


@STARTS
@BORROWS
def test_a_start_that_a_gateway_refuses_again_and_again_is_found_or_told(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
    borrows: bool,
) -> None:
    em = make_em(**in_session(simulator, borrows))
    em.sessions.browsing(deadline())
    simulator.add_fault("status", posts, code=401, when="after", html=True)
    simulator.add_fault("status", "GET /logonSessions.*", count=None, code=401, html=True)
    if borrows:
        with pytest.raises(errors.LogonRefused, match=r"not known whether .* was started"):
            begin(em, deadline())
    else:
        assert begin(em, deadline()).id == the_backup(simulator)
    assert posted(simulator) == 1


@STARTS
@pytest.mark.parametrize("fault", ["reset-before", "status"])
def test_a_start_that_was_perhaps_not_taken_is_told_and_not_asked_for_again(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
    fault: str,
) -> None:
    simulator.add_fault(fault, posts)
    with pytest.raises(errors.BackupOutOfSight, match="not known whether") as caught:
        begin(em, deadline())
    assert "was not asked for again" in caught.value.detail
    assert (simulator.started_backups(), posted(simulator)) == ([], 1)


@STARTS
def test_in_somebody_elses_session_no_backup_that_appears_is_taken_for_a_lost_start(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    em = make_em(**in_session(simulator, borrows=True))
    simulator.add_fault("reset-after", posts)
    with pytest.raises(errors.BackupOutOfSight, match="not known whether"):
        begin(em, deadline())
    assert posted(simulator) == 1


@STARTS
def test_a_start_whose_task_is_forgotten_is_found_by_its_backup_session(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    simulator.add_fault("task-vanishes", posts)
    assert begin(em, deadline()).id == the_backup(simulator)


@STARTS
def test_a_task_that_fails_is_told_with_the_servers_words(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    begin: Begin,
    posts: str,
) -> None:
    simulator.add_fault("task-fails", posts, message="The licence has expired.")
    with pytest.raises(errors.TaskFailed, match="could not start") as caught:
        begin(em, deadline())
    assert "The licence has expired." in caught.value.detail
    assert len(simulator.sessions()) == 1


def test_each_start_has_a_session_of_its_own_that_is_ended(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    start(em, deadline())
    posts = [e for e in simulator.journal if e.method == "POST" and e.path.startswith("/jobs")]
    assert posts[0].session_id not in simulator.sessions()
    assert len(simulator.sessions()) == 1


def test_a_stop_before_the_task_is_finished_says_that_the_backup_may_begin(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    stop: threading.Event,
    clock: FakeClock,
) -> None:
    simulator.add_fault("task-stays", START, seconds=600)
    bound = deadline()
    (job,) = em.jobs.find(WantedJobs("Daily"), bound)
    waits = clock.wait

    def stopped(event: threading.Event, seconds: float) -> bool:
        if posted(simulator):
            stop.set()
        return waits(event, seconds)

    clock.wait = stopped  # type: ignore[method-assign]
    with pytest.raises(errors.Stopped) as caught:
        em.backups.start(job, bound)
    assert "may yet begin" in caught.value.detail
    # Whether a task outlives its session is not documented: the session is left.
    assert len(simulator.sessions()) == 2


@pytest.mark.parametrize("result", ["Warning", "Failed"])
@pytest.mark.parametrize("told_by", ["task", "session"])
def test_the_outcome_is_the_sessions_with_the_reasons_of_its_vms(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    result: str,
    told_by: str,
) -> None:
    simulator.add_fault(
        "backup", START, result=result, reason="Disk is full.", told_by=told_by, seconds=60
    )
    *_, last = em.backups.follow(start(em, deadline()), deadline())
    assert last.result == result
    if result == "Warning":
        outcome = em.backups.outcome(last, deadline())
        assert "Disk is full." in "\n".join(outcome.remarks)
        return
    with pytest.raises(errors.BackupFailed, match="failed") as caught:
        em.backups.outcome(last, deadline())
    assert "Disk is full." in caught.value.detail


@pytest.mark.parametrize("result", ["Success", "Failed"])
def test_reasons_that_can_not_be_read_change_no_outcome(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, result: str
) -> None:
    simulator.add_fault("backup", START, result=result, reason="Disk is full.", seconds=1)
    *_, last = em.backups.follow(start(em, deadline()), deadline())
    simulator.add_fault("status", "GET /query", None, code=403)
    if result == "Success":
        assert em.backups.outcome(last, deadline()).machines == []
        return
    with pytest.raises(errors.BackupFailed) as caught:
        em.backups.outcome(last, deadline())
    assert "could not be read: The account's role is too low" in caught.value.detail


def test_errors_before_a_session_is_seen_say_that_it_was_started(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, clock: FakeClock
) -> None:
    # The first wait is for the task.
    clock.at_next_wait = lambda: simulator.add_fault(
        "status", "GET /(query|backupSessions.*)", None, code=403
    )
    with pytest.raises(errors.BackupOutOfSight, match="could not be followed"):
        start(em, deadline())


def test_a_result_counts_only_once_the_session_is_stopped(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    simulator.add_fault("backup", START, result="Failed", seconds=100)
    seen = list(em.backups.follow(start(em, deadline()), deadline()))
    assert {one.state for one in seen} == {"Starting", "Working", "Stopping", "Stopped"} & {
        one.state for one in seen
    }
    assert [one.result for one in seen] == [None] * (len(seen) - 1) + ["Failed"]
    assert len(seen) > 5


@pytest.mark.parametrize("result", [None, "Cancelled"])
def test_a_session_that_ends_without_a_success_has_failed(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, result: str | None
) -> None:
    *_, last = em.backups.follow(start(em, deadline()), deadline())
    with pytest.raises(errors.BackupFailed, match=result or "without a result"):
        em.backups.outcome(last._replace(result=result), deadline())


def test_nothing_but_errors_for_a_while_is_put_up_with(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    started = start(em, deadline())
    simulator.add_fault("status", "GET /backupSessions/.*", 12)
    *_, last = em.backups.follow(started, deadline())
    assert last.result == "Success"


def test_a_replication_is_followed_among_sessions_of_its_own(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    started = start(em, deadline(), "Replicas")
    assert (started.id, started.type) == (the_backup(simulator), SessionType.REPLICA)
    *_, last = em.backups.follow(started, deadline())
    (machine,) = em.backups.outcome(last, deadline()).machines
    assert machine.machine_name == "srv04"
    assert machine.restore_point
    assert machine.restore_point.type is RestorePointType.REPLICA
    assert not [e for e in simulator.journal if e.path.startswith("/backup")]


@pytest.mark.parametrize("fault", ["reset-after", "task-vanishes", "no-related-link"])
def test_a_replication_is_found_again_and_not_started_twice(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, fault: str
) -> None:
    simulator.add_fault(fault, START)
    assert start(em, deadline(), "Replicas").id == the_backup(simulator)
    assert posted(simulator) == 1


@pytest.mark.parametrize("told_by", ["task", "session"])
def test_a_replication_that_fails_tells_why(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, told_by: str
) -> None:
    simulator.add_fault("backup", START, result="Failed", reason="No route.", told_by=told_by)
    *_, last = em.backups.follow(start(em, deadline(), "Replicas"), deadline())
    with pytest.raises(errors.BackupFailed, match=r"The replication Replicas@.* failed") as caught:
        em.backups.outcome(last, deadline())
    assert "No route." in caught.value.detail


def test_a_replication_that_goes_on_is_called_one(
    em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    started = start(em, deadline(), "Replicas")
    with pytest.raises(errors.DeadlinePassed) as caught:
        list(em.backups.follow(started, deadline(30)))
    assert "the replication goes on" in caught.value.detail


@pytest.fixture(
    params=[{"paths": "lower"}, {"paths": "upper", "json_lists": "items"}], ids=["small", "capital"]
)
def spelling_simulator(clock: FakeClock, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Servers that spell paths, and name lists, in other ways than the vendor's pages."""
    with Simulator(clock=clock, two_servers=True, **request.param) as running:
        yield running


def test_other_spellings_are_followed_too(
    spelling_simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(
        base_url=f"{spelling_simulator.url}/api",
        certificate_fingerprint=spelling_simulator.fingerprint.replace(":", "").lower(),
    )
    for name in ("Replicas", "Databases"):
        *_, last = em.backups.follow(start(em, deadline(), name), deadline())
        (machine,) = em.backups.outcome(last, deadline()).machines
        assert machine.restore_point
    started = quick_backup(em, deadline())
    assert [one.id for one in spelling_simulator.started_backups()][-1] == started.id


@pytest.fixture
def unlinked_simulator(clock: FakeClock) -> Iterator[Simulator]:
    """A server that does not lead from a replication to the points of its replicas."""
    with Simulator(clock=clock, links_replicas=False) as running:
        yield running


def test_a_replication_without_links_to_its_points_is_a_success_all_the_same(
    unlinked_simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(
        base_url=f"{unlinked_simulator.url}/api",
        certificate_fingerprint=unlinked_simulator.fingerprint.replace(":", "").lower(),
    )
    *_, last = em.backups.follow(start(em, deadline(), "Replicas"), deadline())
    (machine,) = em.backups.outcome(last, deadline()).machines
    assert (machine.result, machine.restore_point) == ("Success", None)


@pytest.fixture
def copying_simulator(clock: FakeClock) -> Iterator[Simulator]:
    """A server whose copy job copies a backup as soon as it is made."""
    with Simulator(clock=clock, copies_at_once=True, backup_seconds=5) as running:
        yield running


def test_the_copy_of_a_quick_backup_is_not_taken_for_it(
    copying_simulator: Simulator, make_em: MakeEm, deadline: MakeDeadline
) -> None:
    em = make_em(
        base_url=f"{copying_simulator.url}/api",
        certificate_fingerprint=copying_simulator.fingerprint.replace(":", "").lower(),
    )
    copying_simulator.add_fault("no-related-link", QUICK)
    copying_simulator.add_fault("lag", QUICK, seconds=20)
    assert quick_backup(em, deadline()).id == the_backup(copying_simulator)


def test_a_session_that_is_gone_is_told(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    started = start(em, deadline())
    gone = started._replace(id="0b6f1d7a-6d2b-4f0e-8a39-4f0c1a522c11")
    with pytest.raises(errors.BackupOutOfSight, match="could not be followed"):
        list(em.backups.follow(gone, deadline()))


def test_the_end_of_the_time_ends_only_the_waiting(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline
) -> None:
    started = start(em, deadline())
    with pytest.raises(errors.DeadlinePassed) as caught:
        list(em.backups.follow(started, deadline(30)))
    assert "the backup goes on" in caught.value.detail
    assert started.name in caught.value.detail


def test_a_session_that_never_shows_is_told(
    em: EnterpriseManager, deadline: MakeDeadline, simulator: Simulator
) -> None:
    simulator.add_fault("lag", START, seconds=10_000)
    with pytest.raises(errors.BackupOutOfSight, match="not to be found"):
        start(em, deadline())


def test_a_job_that_runs_is_seen_to_run(
    em: EnterpriseManager, deadline: MakeDeadline, clock: FakeClock
) -> None:
    (job,) = em.jobs.find(WantedJobs("Daily"), deadline())
    assert em.backups.running(job, deadline()) is None
    started = em.backups.start(job, deadline())
    running = em.backups.running(job, deadline())
    assert running
    assert running.id == started.id
    clock.now += 200
    assert em.backups.running(job, deadline()) is None
