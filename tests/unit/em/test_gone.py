"""What is gone: its container says so, however a server answers for the thing itself."""

from collections.abc import Callable

import pytest

from em_simulator import ADMINISTRATOR, Simulator
from em_simulator.habits import Habits, ShownSessions, Unknown
from support.clocks import FakeClock
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import Mounted, RestorePointRef

MakeDeadline = Callable[..., Deadline]
MakeEm = Callable[..., EnterpriseManager]

WAYS = pytest.mark.parametrize("unknown", list(Unknown))
SHOWN = pytest.mark.parametrize("shown", list(ShownSessions))


@pytest.fixture
def mounted(make_em: MakeEm, restore_point: RestorePointRef, deadline: MakeDeadline) -> Mounted:
    """A mount of a process that has ended."""
    process = make_em()
    made = process.mounts.create(restore_point, None, deadline())
    process.close(1)
    return made


def become(simulator: Simulator, unknown: Unknown, shown: ShownSessions) -> None:
    simulator._handlers._habits = Habits(unknown, shown)


@WAYS
@SHOWN
def test_a_mount_whose_session_has_ended_is_gone_with_it(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    unknown: Unknown,
    shown: ShownSessions,
) -> None:
    become(simulator, unknown, shown)
    simulator.expire_sessions()
    session, point = mounted.session, mounted.mount_point
    with pytest.raises(errors.SessionGone, match="list of logon sessions does not have it"):
        em.mounts.get(session, point.restore_point, point.href, deadline())
    with pytest.raises(errors.SessionGone):
        em.mounts.unmount(session, point.href, deadline())
    with pytest.raises(errors.SessionGone):
        em.mounts.list(session, point.restore_point, deadline())
    em.sessions.end(session, deadline())


@WAYS
@SHOWN
def test_a_mount_that_its_living_session_does_not_list_is_gone(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    unknown: Unknown,
    shown: ShownSessions,
) -> None:
    become(simulator, unknown, shown)
    session, point = mounted.session, mounted.mount_point
    em._client.request("DELETE", point.href, deadline(), token=session.token)
    with pytest.raises(errors.MountGone, match="list of mount points of logon session"):
        em.mounts.get(session, point.restore_point, point.href, deadline())
    em.mounts.unmount(session, point.href, deadline())
    assert simulator.sessions() == []


@WAYS
def test_a_restore_point_that_no_query_finds_is_gone(
    simulator: Simulator, em: EnterpriseManager, deadline: MakeDeadline, unknown: Unknown,
    restore_point: RestorePointRef,
) -> None:  # fmt: skip
    become(simulator, unknown, ShownSessions.ALL)
    missing = restore_point._replace(id="00000000-0000-4000-8000-000000000000")
    with pytest.raises(errors.RestorePointGone, match="list of restore points of type vm"):
        em.restore_points.get(missing, deadline())


@pytest.mark.parametrize("code", [401, 403, 404, 500])
@pytest.mark.parametrize("words", [{}, {"html": True}, {"json": True}])
def test_a_refusal_of_what_is_listed_is_a_passing_fault(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    code: int,
    words: dict[str, bool],
) -> None:
    session, point = mounted.session, mounted.mount_point
    if code == 403:
        simulator.add_fault("status", f"GET {point.href}", code=code, count=None, **words)
        with pytest.raises(errors.AccessDenied):
            em.mounts.get(session, point.restore_point, point.href, deadline())
        return
    for method in ("GET", "DELETE"):
        simulator.add_fault("status", f"{method} {point.href}", code=code, count=2, **words)
    found = em.mounts.get(session, point.restore_point, point.href, deadline())
    assert found.mount_id == point.mount_id
    assert len(simulator.mounts()) == 1
    em.mounts.unmount(session, point.href, deadline())
    assert (simulator.mounts(), simulator.lost_by_logout()) == ([], [])


@pytest.mark.parametrize("code", [401, 404, 500])
def test_a_refusal_of_all_lists_concludes_nothing(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    code: int,
) -> None:
    session, point = mounted.session, mounted.mount_point
    em.sessions.browsing(deadline())
    simulator.add_fault("status", ".*", code=code, count=None, html=True)
    with pytest.raises((errors.Unsettled, errors.LogonRefused)):
        em.mounts.get(session, point.restore_point, point.href, deadline())
    simulator.clear_faults()
    assert len(simulator.mounts()) == 1


@SHOWN
def test_a_living_session_whose_token_is_refused_for_a_while_is_not_gone(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    shown: ShownSessions,
) -> None:
    """Also where a server shows an account none but its own sessions."""
    become(simulator, Unknown.DOCUMENTED, shown)
    simulator.add_fault("status", "GET .*/mounts.*", code=401, count=4)
    session, point = mounted.session, mounted.mount_point
    assert em.mounts.get(session, point.restore_point, point.href, deadline())


@pytest.mark.parametrize("fault", ["wrong-shape", "garbage"])
def test_an_answer_that_is_not_about_the_session_is_no_refusal(
    simulator: Simulator,
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    fault: str,
) -> None:
    become(simulator, Unknown.DOCUMENTED, ShownSessions.OWN)
    simulator.add_fault("status", "GET .*/mounts.*", None, code=404)
    simulator.add_fault(fault, "GET /logonSessions/.*")
    simulator.add_fault("status", "GET /logonSessions/.*", 3, code=404)
    session, point = mounted.session, mounted.mount_point
    with pytest.raises(errors.Unsettled):
        em.mounts.get(session, point.restore_point, point.href, deadline())


def test_a_list_without_the_session_that_asks_is_not_believed(
    em: EnterpriseManager,
    mounted: Mounted,
    deadline: MakeDeadline,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a cache would give it."""
    monkeypatch.setattr(type(simulator._handlers), "_visible", lambda *_: [])
    simulator.add_fault("status", "GET .*/mounts.*", code=404, count=None)
    session, point = mounted.session, mounted.mount_point
    with pytest.raises(errors.Unsettled, match="without the session that asked"):
        em.mounts.get(session, point.restore_point, point.href, deadline())


def test_a_session_beyond_the_first_page_of_the_list_lives(
    simulator: Simulator, em: EnterpriseManager, mounted: Mounted, deadline: MakeDeadline
) -> None:
    """A thousand mounts have a thousand sessions."""
    for _ in range(250):
        simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
    simulator._handlers._habits = Habits(session_page=100)
    simulator.add_fault("status", "GET .*/mounts.*", code=404, count=3)
    session, point = mounted.session, mounted.mount_point
    assert em.mounts.get(session, point.restore_point, point.href, deadline())


def test_a_keeper_that_has_only_a_token_concludes_nothing_from_a_refusal(
    simulator: Simulator, make_em: MakeEm, mounted: Mounted, deadline: MakeDeadline
) -> None:
    keeper = make_em(username=None, password=None)
    simulator.expire_sessions()
    with pytest.raises(errors.Unsettled, match="Only a user of Enterprise Manager"):
        keeper.mounts.touch(mounted.session, mounted.mount_point.href, deadline())
    assert not [entry for entry in simulator.journal if entry.path == "/sessionMngr/"][2:]


@WAYS
def test_a_browsing_session_that_idled_away_is_replaced_whatever_is_answered(
    simulator: Simulator,
    em: EnterpriseManager,
    deadline: MakeDeadline,
    restore_point: RestorePointRef,
    unknown: Unknown,
) -> None:
    become(simulator, unknown, ShownSessions.ALL)
    em.sessions.browsing(deadline())
    simulator.expire_sessions()
    assert em.restore_points.get(restore_point, deadline()).name


def test_a_browsing_session_that_only_seemed_to_have_ended_is_logged_out_at_the_end(
    simulator: Simulator,
    make_em: MakeEm,
    deadline: MakeDeadline,
    restore_point: RestorePointRef,
    clock: FakeClock,
) -> None:
    em = make_em()
    em.sessions.browsing(deadline())
    simulator.add_fault("status", "GET .*", code=401, count=5)
    assert em.restore_points.get(restore_point, deadline()).name
    em.close(1)
    assert simulator.sessions() == []
