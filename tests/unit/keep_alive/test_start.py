"""Starting the keeper: a real process, whatever the environment of Terraform holds."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from em_simulator import Simulator
from support.plugin_client import PluginClient
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import Stopped
from terraform_provider_veeam.em.models import RestorePointRef
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive import sockets, start
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.objects.resources.mount_point import MountPointResource
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.process import handshake, processes
from tfplugin.wire import tfplugin6_pb2 as pb

# The keeper is left running: it outlives who has started it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as folder:  # a path short enough for a socket
        monkeypatch.setattr(handshake, "_TEMPORARY", (folder,))
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)
        for path in sockets.places():
            sockets.ask(path, {"do": "stop"})


@pytest.fixture
def record(
    em: EnterpriseManager, restore_point: RestorePointRef, deadline: Callable[..., Deadline]
) -> SessionRecord:
    mounted = em.mounts.create(restore_point, None, deadline())
    return SessionRecord(em.base_url, mounted.session, mounted.mount_point.href)


def deadline_of(seconds: float = 60, stop: threading.Event | None = None) -> Deadline:
    return Deadline("Waiting", seconds, stop=stop or threading.Event())


def hold(settings: Settings, record: SessionRecord, deadline: Deadline | None = None) -> None:
    start.hold(settings, record, 60, "oracle03", deadline or deadline_of())


def held() -> list[dict[str, Any]]:
    answers = [sockets.ask(path, {"do": "list"}) for path in sockets.places()]
    return [one | {"pid": told["pid"]} for told in answers if told for one in told["sessions"]]


def fingerprints() -> list[str]:
    return [one["session"] for one in held()]


def keepers() -> list[int]:
    answers = [sockets.ask(path, {"do": "list"}) for path in sockets.places()]
    return [told["pid"] for told in answers if told]


def is_alive_until(process: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not processes.is_alive(process):
            return False
        time.sleep(0.02)
    return True


def test_variables_for_other_pythons_do_not_reach_the_keeper(
    settings: Settings, record: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "requests", "sitecustomize", "terraform_provider_veeam"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a foreign module')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    hold(settings, record)
    assert fingerprints() == [record.fingerprint]


def test_it_is_ready_only_after_it_has_read_the_mount_point(
    settings: Settings, record: SessionRecord, simulator: Simulator
) -> None:
    before = len(simulator.journal)
    hold(settings, record)
    (read,) = simulator.journal[before:]
    assert (read.method, read.path, read.status) == ("GET", record.href, 200)


def test_a_session_whose_id_is_not_known_is_held_by_its_token(
    settings: Settings, record: SessionRecord
) -> None:
    session = record.session._replace(session_id=None, borrowed=True)
    hold(settings, record._replace(session=session))
    assert fingerprints() == [record.fingerprint]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_session_that_has_ended_is_refused_with_the_cause(
    settings: Settings, record: SessionRecord, simulator: Simulator, *, is_known: bool
) -> None:
    if not is_known:
        record = record._replace(session=record.session._replace(session_id=None))
    simulator.expire_sessions()
    with pytest.raises(OSError, match="Session is not found or has expired"):
        hold(settings, record)
    assert held() == []


def test_orders_side_by_side_start_one_keeper_and_are_read_side_by_side(
    settings: Settings,
    em: EnterpriseManager,
    restore_point: RestorePointRef,
    deadline: Callable[..., Deadline],
) -> None:
    made = [em.mounts.create(restore_point, None, deadline()) for _ in range(3)]
    records = [SessionRecord(em.base_url, m.session, m.mount_point.href) for m in made]
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(3) as pool:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/api"
        slow = replace(settings, base_url=url, request_timeout=5.0, max_retries=0)
        orders = [pool.submit(hold, slow, record) for record in records]
        with ExitStack() as stack:
            for _ in records:  # none has been answered yet
                stack.enter_context(silent.accept()[0])
            assert not any(order.done() for order in orders)
            assert len(keepers()) == 1
        for order in orders:
            with pytest.raises(OSError, match="was lost"):
                order.result()
    for record in records:
        hold(settings, record)
    assert len(keepers()) == 1
    assert sorted(fingerprints()) == sorted(record.fingerprint for record in records)


def test_a_stop_is_heard_while_a_server_is_silent(
    settings: Settings, record: SessionRecord
) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/api"
        threading.Timer(2.0, stop.set).start()
        with pytest.raises(Stopped):
            hold(replace(settings, base_url=url), record, deadline_of(60, stop))
        assert stop.is_set()
        stopped = time.monotonic()
        hold(settings, record)  # the keeper is not busy for others
        assert time.monotonic() - stopped < 3


def test_a_stop_is_heard_while_a_keeper_starts(
    settings: Settings, record: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import time; time.sleep(60)"
    monkeypatch.setattr(start, "_own_command", lambda: [sys.executable, "-c", program])
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        hold(settings, record, deadline_of(60, stop))
    assert time.monotonic() - began < 1.3


def test_a_keeper_that_hangs_is_passed_over(
    settings: Settings, record: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "_ANSWER_SECONDS", 0.3)
    hold(settings, record)
    (first,) = keepers()
    os.kill(first, signal.SIGSTOP)
    try:
        hold(settings, record)
    finally:
        os.kill(first, signal.SIGCONT)
    end = time.monotonic() + 10
    while first in {one["pid"] for one in held()}:  # until it has heard of the later order
        assert time.monotonic() < end
    assert fingerprints() == [record.fingerprint]


def test_what_a_newer_order_asks_for_holds_for_all_keepers(
    settings: Settings, record: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(settings, record)
    (first,) = keepers()
    # Another keeper, since the first one would ask another proxy.
    monkeypatch.setenv("NO_PROXY", "somewhere.example.com")
    hold(settings, record)
    (one,) = held()
    assert one["pid"] != first
    assert not is_alive_until(first, 10)


@pytest.fixture
def terraform() -> Iterator[subprocess.Popen[bytes]]:
    """A process in the place of Terraform; nobody asks how it has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()


def processes_for(terraform: int) -> list[int]:
    """Return those that wait for the end of that Terraform."""
    arguments, found = f"hold\0{terraform}\0".encode(), []  # and how long a farewell may last
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and arguments in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def in_the_background(terraform: subprocess.Popen[bytes]) -> int:
    """Return the process that waits for the end of that Terraform."""
    end = time.monotonic() + 10
    while not (found := processes_for(terraform.pid)):
        assert time.monotonic() < end
    return found[0]


def test_while_terraform_lives_its_mounts_are_held_and_no_longer(
    settings: Settings,
    record: SessionRecord,
    simulator: Simulator,
    terraform: subprocess.Popen[bytes],
) -> None:
    used = time.monotonic()
    order = Order(settings, record, 12, terraform=terraform.pid, name="oracle03", used=used)
    before = len(simulator.journal)
    start.Successor(terraform.pid).hold([order] * 2)
    keeper = in_the_background(terraform)
    while not fingerprints():
        assert is_alive_until(keeper, 0.02)
    assert simulator.journal[before:] == []
    maps = Path(f"/proc/{keeper}/maps").read_text()
    assert "libssl" not in maps  # the client is not loaded
    assert [one["terraform"] for one in held()] == [terraform.pid]
    while len(simulator.journal) == before:
        assert is_alive_until(keeper, 0.02)
    assert time.monotonic() - used > 4
    terraform.kill()  # and stays a zombie
    assert not is_alive_until(keeper, 3)
    assert keepers() == []


def test_a_terraform_that_ends_at_once_costs_no_more_than_a_bare_python(
    settings: Settings, record: SessionRecord, terraform: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    order = Order(settings, record, 900, terraform=terraform.pid)
    successor = start.Successor(terraform.pid)
    successor.prepare()
    keeper = in_the_background(terraform)
    successor.hold([order])
    assert is_alive_until(keeper, 0.5)
    assert keepers() == []
    loaded = Path(f"/proc/{keeper}/maps").read_text()
    assert "_json" not in loaded
    assert "_socket" not in loaded
    terraform.kill()
    assert not is_alive_until(keeper, 1)


def test_who_goes_on_is_there_before_terraform_waits_for_the_end_of_the_provider(
    settings: Settings, record: SessionRecord, runtime: Path
) -> None:
    names = [attribute.name for attribute in VeeamProvider.schema.attributes]
    block = dict.fromkeys(names) | {
        "url": settings.base_url.removesuffix("/api"),
        "username": settings.username,
        "password": settings.password,
        "certificate_fingerprint": settings.certificate_fingerprint,
    }
    mounted = {attribute.name: None for attribute in MountPointResource.schema.attributes}
    state = mounted | {
        "restore_point_id": record.href.split("/")[2],
        "restore_point_type": "vm",
        "restore_point_name": "oracle03",
        "mount_id": 1,
        "href": record.href,
        "session_fingerprint": record.fingerprint,
        "timeouts": None,
    }
    with PluginClient(environment={"XDG_RUNTIME_DIR": str(runtime)}) as client:
        client.call("ConfigureProvider", pb.ConfigureProvider.Request(config=in_json(block)))
        assert processes_for(os.getpid()) == []
        read = pb.ReadResource.Request(
            type_name="veeam_mount_point",
            current_state=in_json(state),
            private=record.to_bytes(),
        )
        assert not client.call("ReadResource", read).diagnostics
        while not (found := processes_for(os.getpid())):
            assert client.process.poll() is None
        assert client.shut_down() == 0
    try:
        while not (told := held()):
            assert is_alive_until(found[0], 0.02)
        assert [one["session"] for one in told] == [record.fingerprint]
        assert [one["name"] for one in told] == ["oracle03"]
    finally:
        os.kill(found[0], signal.SIGTERM)


def in_json(value: dict[str, Any]) -> pb.DynamicValue:
    return pb.DynamicValue(json=json.dumps(value).encode())


def test_who_is_told_nothing_to_hold_ends(terraform: subprocess.Popen[bytes]) -> None:
    prepare = (
        "import os, sys; from terraform_provider_veeam.keep_alive.start import Successor; "
        "Successor(int(sys.argv[1])).prepare(); sys.stdin.read(); os._exit(1)"
    )
    command = [sys.executable, "-c", prepare, str(terraform.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as provider:
        while not (found := processes_for(terraform.pid)):
            assert provider.poll() is None
    assert not is_alive_until(found[0], 1)


def test_it_holds_for_terraform_also_where_it_can_not_listen(
    settings: Settings,
    record: SessionRecord,
    simulator: Simulator,
    terraform: subprocess.Popen[bytes],
    runtime: Path,
) -> None:
    (runtime / "terraform-provider-veeam").touch()
    before = len(simulator.journal)
    successor = start.Successor(terraform.pid)
    successor.hold([Order(settings, record, 3, terraform=terraform.pid)])
    keeper = in_the_background(terraform)
    while len(simulator.journal) == before:
        assert is_alive_until(keeper, 0.02)
    (runtime / "terraform-provider-veeam").unlink()


@pytest.mark.parametrize(
    "program",
    [
        "import os, sys; os.close(0); sys.exit('no such thing\\nand more')",
        "raise ValueError('no such thing')",
        "import sys; sys.stderr.write('no such thing\\n  as this\\n'); print()",
    ],
)
def test_what_a_keeper_complains_of_is_told(
    settings: Settings, record: SessionRecord, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(start, "_own_command", lambda: [sys.executable, "-c", program])
    with pytest.raises(OSError, match=r"^(ValueError: )?no such thing$"):
        hold(settings, record)
