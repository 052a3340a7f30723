"""In which order a mount's session is found, and what a plan carries on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.mount_sessions.registry import SessionRegistry

URL = "https://em.example.com:9398/api"
OTHER = "https://other.example.com:9398/api"


def record(name: str, *, url: str = URL, mount: int = 1, token: str = "") -> SessionRecord:
    href = f"/vmRestorePoints/3f2504e0-4f89-41d3-9a0c-0305e82c3301/mounts/{mount}"
    return SessionRecord(url, LogonSession(name, token or f"token of {name}"), href)


ONE, TWO = record("one"), record("two")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "terraform-provider-veeam"


def test_private_state_comes_first_whatever_else_is_known() -> None:
    registry = SessionRegistry()
    registry.remember(TWO)
    own = record("two", url=OTHER, mount=7)
    assert registry.find(TWO.fingerprint, URL, own.to_bytes()) == own


def test_private_state_of_another_session_is_not_believed() -> None:
    assert SessionRegistry().find(TWO.fingerprint, URL, ONE.to_bytes()) is None


def test_what_a_plan_carries_is_found_by_its_fingerprint() -> None:
    plan = SessionRegistry()
    assert plan.carry() == b""
    for known in (ONE, TWO):
        plan.remember(known, for_apply=True)
    apply = SessionRegistry()
    for known in (ONE, TWO):
        assert apply.find(known.fingerprint, URL, plan.carry()) == known
    assert apply.find(record("three").fingerprint, URL, plan.carry()) is None


def test_a_plan_carries_nothing_of_what_was_only_made_or_is_gone() -> None:
    registry = SessionRegistry()
    registry.remember(ONE)
    registry.remember(TWO, for_apply=True)
    registry.forget(TWO.fingerprint, TWO.href)
    assert registry.carry() == b""


def test_what_this_process_knows_comes_before_the_hand_over() -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    left = record("one", mount=7)
    plan.remember(left, for_apply=True)
    assert apply.find(ONE.fingerprint, URL) == left
    apply.remember(ONE)
    assert apply.find(ONE.fingerprint, URL) == ONE


def test_a_session_of_another_server_is_found_in_private_state_only() -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    elsewhere = record("one", url=OTHER)
    plan.remember(elsewhere, for_apply=True)
    assert plan.find(elsewhere.fingerprint, URL) is None
    assert apply.find(elsewhere.fingerprint, URL) is None
    assert apply.find(elsewhere.fingerprint, URL, elsewhere.to_bytes()) == elsewhere


def test_what_was_only_made_is_not_left_for_an_apply(folder: Path) -> None:
    SessionRegistry().remember(ONE)
    assert not folder.exists()


def test_what_the_plan_left_is_removed_when_the_mount_point_is_gone(folder: Path) -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    plan.remember(ONE, for_apply=True)
    apply.forget(ONE.fingerprint, ONE.href)
    apply.close()
    assert list(folder.iterdir()) == []


def test_an_apply_has_what_its_plan_has_found_of_restore_points(folder: Path) -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    plan.remember_found("/x/1", "oracle03", "2026-11-01T00:00:00Z")
    plan.remember_found("/x/2", "web02", None)
    plan.forget_found("/x/2")
    plan.leave_found("account")
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert apply.found_by_plan("account", "/x/1") == ("oracle03", "2026-11-01T00:00:00Z")
    assert apply.found_by_plan("account", "/x/2") is None
    assert SessionRegistry().found_by_plan("another", "/x/1") is None
    plan.close()
    assert list(folder.iterdir()) == [file]
    apply.close()
    assert list(folder.iterdir()) == []


def test_nothing_is_left_when_all_that_was_found_is_mounted(folder: Path) -> None:
    registry = SessionRegistry()
    registry.remember_found("/x/1", "oracle03", None)
    registry.forget_found("/x/1")
    registry.leave_found("account")
    assert not folder.exists()


@pytest.mark.parametrize("text", [b"", b"[]", b'{"/x/1": 1}', b'{"/x/1": ["one", 2]}', b"\xff"])
def test_what_can_not_be_read_of_a_plan_is_not_known(folder: Path, text: bytes) -> None:
    plan = SessionRegistry()
    plan.remember_found("/x/1", "oracle03", None)
    plan.leave_found("account")
    (file,) = folder.iterdir()
    file.write_bytes(text)
    assert SessionRegistry().found_by_plan("account", "/x/1") is None


def at(mount: int) -> Callable[[str], bool]:
    return lambda href: href.endswith(f"/{mount}")


def test_a_mount_point_that_only_the_plan_has_read_is_found_by_its_path() -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    plan.remember(ONE, for_apply=True)
    plan.remember(record("two", mount=2, url=OTHER), for_apply=True)
    assert apply.with_mount_point(at(1), URL) == [ONE]
    assert apply.with_mount_point(at(2), URL) == []
    assert plan.with_mount_point(at(3), URL) == []
    plan.close()
    assert apply.with_mount_point(at(1), URL) == [ONE]


def test_mount_points_are_found_by_their_paths_also_several_of_one_session() -> None:
    registry = SessionRegistry()
    first, second = record("one"), record("one", mount=2)
    for known in (first, second, TWO):
        registry.remember(known)
    assert registry.with_mount_point(at(2), URL) == [second]
    assert registry.with_mount_point(at(1), URL) == [first, TWO]
    registry.forget(second.fingerprint, second.href)
    assert registry.with_mount_point(at(2), URL) == []


def test_at_the_end_what_was_used_or_is_known_is_removed_and_what_was_left_stays(
    folder: Path,
) -> None:
    plan, apply = SessionRegistry(), SessionRegistry()
    for known in (ONE, TWO):
        plan.remember(known, for_apply=True)
    plan.close()
    assert len(list(folder.iterdir())) == 2, "the apply comes after this process"
    apply.find(ONE.fingerprint, URL)
    apply.remember(TWO)
    apply.close()
    assert list(folder.iterdir()) == []
