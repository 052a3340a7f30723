"""What a keeper answers to those who give it orders."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from em_simulator import Simulator
from support.clocks import FakeClock
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.keeper import Keeper
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord

MakeDeadline = Callable[..., Deadline]


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def order(
    settings: Settings,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: MakeDeadline,
) -> Order:
    mounted = em.mounts.create(restore_point, None, deadline())
    record = SessionRecord(em.base_url, mounted.session, mounted.mount_point.href)
    return Order(settings, record, 900, 60)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def hold(keeper: Keeper, order: Order) -> dict[str, Any]:
    return keeper.answer({"do": "hold", "order": order.to_plain()})


def sessions(keeper: Keeper) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = keeper.answer({"do": "list"})["sessions"]
    return told


def test_an_order_survives_its_way_without_a_users_password(order: Order) -> None:
    order = replace(order, terraform=7, name="oracle03", at=1.5, used=0.5)
    plain = order.to_plain()
    read = Order.from_plain(plain)
    assert replace(read, settings=order.settings) == order
    assert order.settings.password
    assert order.settings.password not in str(plain)


@pytest.mark.parametrize("plain", [None, [], {}, {"settings": {}}, "text"])
def test_what_is_no_order_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="no order"):
        Order.from_plain(plain)


def test_what_is_held_is_told_by_fingerprint_and_without_a_secret(
    keeper: Keeper, order: Order
) -> None:
    assert hold(keeper, order) == {"held": True}
    (held,) = sessions(keeper)
    assert (held["session"], held["mount_point"]) == (order.record.fingerprint, order.record.href)
    assert 59 < held["remaining"] <= 60
    session = order.record.session
    assert session.token not in str(held)
    assert str(session.session_id) not in str(held)


def test_an_order_whose_session_does_not_answer_is_refused_with_the_reason(
    keeper: Keeper, order: Order, simulator: Simulator
) -> None:
    simulator.expire_sessions()
    assert "Session is not found or has expired" in hold(keeper, order)["refused"]
    assert sessions(keeper) == []


def test_it_is_held_by_the_settings_of_the_latest_order(
    keeper: Keeper, order: Order, simulator: Simulator
) -> None:
    hold(keeper, order)
    host = simulator.url.replace("127.0.0.1", "localhost")
    moved = replace(order.settings, base_url=f"{host}/api", max_retries=0)
    record = order.record._replace(base_url=moved.base_url)
    assert hold(keeper, replace(order, settings=moved, record=record, at=1)) == {"held": True}
    (held,) = sessions(keeper)
    assert held["url"] == moved.base_url

    gone = replace(moved, base_url="https://127.0.0.1:9/api")
    assert "can't be reached" in hold(keeper, replace(order, settings=gone, at=2))["refused"]
    assert [one["url"] for one in sessions(keeper)] == [moved.base_url]


def test_an_order_from_where_another_proxy_is_set_is_left_to_another_keeper(
    keeper: Keeper, order: Order, simulator: Simulator
) -> None:
    before = len(simulator.journal)
    elsewhere = {**order.network, "HTTPS_PROXY": "http://proxy.example.com"}
    assert hold(keeper, replace(order, network=elsewhere)) == {}
    assert len(simulator.journal) == before


def test_a_session_that_is_let_go_of_is_no_longer_held(keeper: Keeper, order: Order) -> None:
    hold(keeper, order)
    other = {"do": "release", "sessions": [order.record.fingerprint], "mount_point": "/x/mounts/1"}
    assert len(keeper.answer(other)["sessions"]) == 1
    release = {"do": "release", "sessions": [order.record.fingerprint]}
    assert keeper.answer(release)["sessions"] == []


def test_a_stop_is_answered_when_nothing_is_held_any_more(keeper: Keeper, order: Order) -> None:
    hold(keeper, order)
    assert keeper.answer({"do": "stop"})["sessions"] == []
    assert hold(keeper, order) == {}


def test_what_it_does_not_know_is_not_answered(keeper: Keeper) -> None:
    assert keeper.answer({"do": "something else"}) == {}


def test_it_ends_with_the_last_session_and_takes_no_order_after_that(
    keeper: Keeper, order: Order
) -> None:
    hold(keeper, order)
    running = threading.Thread(target=keeper.holder.run)
    running.start()
    keeper.answer({"do": "release", "sessions": [order.record.fingerprint]})
    running.join(10)
    assert not running.is_alive()
    assert hold(keeper, order) == {}
