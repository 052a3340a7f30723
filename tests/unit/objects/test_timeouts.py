"""A long answer of the server survives once its bound is raised, whatever waits for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from helpers import SEED, Server

from em_simulator import Simulator
from em_simulator.catalogue import Catalogue
from support.called_provider import Answer, CalledProvider, Instance, called_provider
from support.clocks import FakeClock
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK
from terraform_provider_veeam.keep_alive import start
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder
from terraform_provider_veeam.provider import VeeamProvider

PAUSE = 100 * 3600  # seconds, longer than any default
RAISED = "200h"
MACHINE = Catalogue(SEED).machine("web02")
POINT = Catalogue(SEED).of(MACHINE.family)[0].id
FILE = "Volume$0:/t/a.txt"


class Stage:
    """A provider, and what its objects need: a mount point, a file in it, a job."""

    def __init__(self, simulator: Simulator, stack: ExitStack, folder: Path) -> None:
        self.simulator = simulator
        self.clocks: list[FakeClock] = []
        self._stack = stack
        self.provider = self.another_provider()
        simulator.add_file("web02", FILE, b"12345")
        mount: Instance = self.provider.create("veeam_mount_point", restore_point_id=POINT).value
        self._blocks: Mapping[str, dict[str, Any]] = {
            "veeam_backup_server": {"name": "backup01.tech.local"},
            "veeam_backup_sessions": {"job_name": "Daily"},
            "veeam_file_download": {"paths": [FILE], "folder": str(folder)},
            "veeam_file_restore": {"paths": [FILE]},
            "veeam_indexed_file_restore": {"restore_point_id": POINT, "paths": [FILE]},
            "veeam_file_versions": {"machine_name": "oracle03", "path": "E:/a"},
            "veeam_hierarchy_object": {"name": "web02"},
            "veeam_job": {"name": "Daily"},
            "veeam_job_object": {
                "job_id": simulator.job("Domain controllers").id,
                "ref": MACHINE.ref,
            },
            "veeam_job_start": {"job_id": simulator.job("Daily").id},
            "veeam_mount_point": {"restore_point_id": POINT},
            "veeam_mount_point_files": {"path": "Volume$0:/t"},
            "veeam_mount_points": {"restore_point_id": POINT},
            "veeam_quick_backup": {"ref": MACHINE.ref},
            "veeam_repository": {"name": "Bucket"},
            "veeam_restore_point": {"latest": True},
        }
        self._mount = {"mount_point_id": mount.values["id"]}

    def another_provider(self, **block: Any) -> CalledProvider:
        self.clocks.append(FakeClock())
        called = called_provider(self.simulator, clock=self.clocks[-1], **block)
        provider = self._stack.enter_context(called)
        # On that clock it would never wait, and be asking all the time.
        provider.provider.holder = BackgroundHolder(SYSTEM_CLOCK, lambda: None)
        return provider

    def block(self, name: str, cls: Any, call: str) -> dict[str, Any]:
        """Return a block whose bound for a call is raised."""
        names = {one.name for one in cls.schema.attributes}
        values = self._mount | self._blocks.get(name, {}) | {"timeouts": {call: RAISED}}
        return {one: value for one, value in values.items() if one in names}

    def be_slow(self, pattern: str = ".*") -> None:
        """Have the next such request be answered after that long pause."""
        Server(self.simulator).fault("status", pattern, retry_after=PAUSE)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(start, "hold", lambda *_: None)  # no keeper is needed here
    with Simulator(seed=SEED) as simulator, ExitStack() as stack:
        yield Stage(simulator, stack, tmp_path)


def change(stage: Stage, name: str, call: str, block: dict[str, Any]) -> Answer:
    provider = stage.provider
    if call == "create":
        stage.be_slow("POST /sessionMngr.*")  # not what the plan looks up
        return provider.create(name, **block)
    instance = provider.create(name, **block).value
    stage.be_slow()
    if call == "read":
        return provider.refresh(instance)
    if call == "update":
        return provider.update(instance, keep_alive="1h")
    return provider.delete(instance)


def read(stage: Stage, name: str, call: str, block: dict[str, Any]) -> Answer:
    stage.be_slow()
    return stage.provider.read(name, **block)


def hold(stage: Stage, name: str, call: str, block: dict[str, Any]) -> Answer:
    provider = stage.another_provider()
    if call == "open":
        stage.be_slow()
        return provider.open(name, **block)
    private = provider.open(name, **block).value
    stage.be_slow()
    return provider.close_ephemeral(name, private)


def list_(stage: Stage, name: str, call: str, block: dict[str, Any]) -> Answer:
    token = Server(stage.simulator).log_on()
    provider = stage.another_provider(username=None, password=None, session_token=token)
    stage.be_slow()
    return provider.list_resources(name, **block)


def invoke(stage: Stage, name: str, call: str, block: dict[str, Any]) -> Answer:
    # A restore of files is asked for once, whatever the server says.
    stage.be_slow("GET /tasks/.*" if name == "veeam_file_restore" else ".*")
    return stage.provider.act(name, **block)


def cases() -> Iterator[Any]:
    provider = VeeamProvider()
    kinds: list[tuple[Callable[..., Answer], Mapping[str, Any]]] = [
        (change, provider.resources),
        (read, provider.data_sources),
        (hold, provider.ephemeral_resources),
        (list_, provider.list_resources),
        (invoke, provider.actions),
    ]
    for do, classes in kinds:
        for name, cls in classes.items():
            (timeouts,) = (one for one in cls.schema.attributes if one.name == "timeouts")
            for one in timeouts.attributes:
                yield pytest.param(do, name, cls, one.name, id=f"{do.__name__} {name} {one.name}")


CASES = list(cases())


@pytest.mark.parametrize(("do", "name", "cls", "call"), CASES)
def test_a_long_answer_survives_with_a_raised_bound(
    stage: Stage, do: Callable[..., Answer], name: str, cls: Any, call: str
) -> None:
    answer = do(stage, name, call, stage.block(name, cls, call))
    assert not answer.has_failed, answer.said
    assert max(clock.now for clock in stage.clocks) > PAUSE
