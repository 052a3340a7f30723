"""What the keeper answers to those who give it orders."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from em_simulator import Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.keeper import Keeper
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.sessions.record import SessionRecord

MakeDeadline = Callable[..., Deadline]


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def order(
    settings: Settings,
    manager: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> Order:
    mounted = manager.mount(restore_point, None, deadline())
    record = SessionRecord(manager.base_url, mounted.session, mounted.mount_point.href)
    return Order(settings, record, 60, 900)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper(900)


def hold(keeper: Keeper, order: Order) -> dict[str, Any]:
    return keeper.answer({"do": "hold", "order": order.to_plain()})


def test_an_order_survives_its_way_without_a_users_password(order: Order) -> None:
    plain = order.to_plain()
    assert Order.from_plain(plain).record == order.record
    assert order.settings.password
    assert order.settings.password not in str(plain)


@pytest.mark.parametrize("plain", [None, [], {}, {"settings": {}}, "text"])
def test_what_is_no_order_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="no order"):
        Order.from_plain(plain)


def test_what_is_held_is_told_by_fingerprint_and_without_a_secret(
    keeper: Keeper, order: Order
) -> None:
    assert hold(keeper, order) == {}
    told = keeper.answer({"do": "status"})
    (held,) = told["held"]
    assert (held["session"], held["mount_point"]) == (order.record.fingerprint, order.record.href)
    assert 59 < held["remaining"] <= 60
    session = order.record.session
    assert session.token not in str(told)
    assert str(session.session_id) not in str(told)


def test_an_order_whose_session_does_not_answer_is_refused_with_the_reason(
    keeper: Keeper, order: Order, simulator: Simulator
) -> None:
    simulator.expire_sessions()
    assert "Session is not found or has expired" in hold(keeper, order)["refused"]
    assert keeper.answer({"do": "status"})["held"] == []


def test_a_session_that_is_let_go_of_is_no_longer_held(keeper: Keeper, order: Order) -> None:
    hold(keeper, order)
    other = {"do": "release", "sessions": [order.record.fingerprint], "mount_point": "/x/mounts/1"}
    assert len(keeper.answer(other)["held"]) == 1
    assert keeper.answer({"do": "release", "sessions": [order.record.fingerprint]})["held"] == []


def test_it_ends_with_the_last_session_and_takes_no_order_after_that(
    keeper: Keeper, order: Order
) -> None:
    hold(keeper, order)
    running = threading.Thread(target=keeper.holder.run)
    running.start()
    keeper.answer({"do": "release", "sessions": [order.record.fingerprint]})
    running.join(10)
    assert not running.is_alive()
    with pytest.raises(ValueError, match="too late"):
        hold(keeper, order)
