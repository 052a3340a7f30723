"""`keep_alive`: the logon session is held open after Terraform has ended, by one small process."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers import MOUNTS, SEED, Server, mount_points
from processes import providers_in
from terraform import TERRAFORM as TERRAFORM_COMMAND
from terraform import Workspace, flat

from em_simulator import JournalEntry, Simulator
from support.clocks import FakeClock
from support.fingerprints import fingerprint
from terraform_provider_veeam.keep_alive import sockets

IDLE_LIMIT = 900.0
"""Seconds of the server's clock, which stands still until a test moves it."""
ASSUMED_LIMIT = 1.5
"""Seconds after which the provider believes that a session ends: it reads each at a third."""
KEEP = 'keep_alive = "1h"'
TERRAFORM = "Terraform"  # in the place of a duration: held while it lives


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(seed=SEED, idle_limit=IDLE_LIMIT, clock=clock) as running:
        yield running


def pass_time(clock: FakeClock, simulator: Simulator, rounds: int = 4) -> None:
    """Let the server's time go by, each time until those who hold sessions have read them."""
    for _ in range(rounds):
        clock.now += 0.6 * IDLE_LIMIT
        seen = len(simulator.journal)

        def are_read(seen: int = seen) -> bool:
            read = {entry.session_id for entry in simulator.journal[seen:] if entry.method == "GET"}
            mounting = {e.session_id for e in simulator.journal if is_mount_request(e)}
            return read >= mounting & set(simulator.sessions())

        wait_until(are_read, 30)


@pytest.fixture
def workspace(workspace: Workspace, runtime: Path) -> Iterator[Workspace]:
    workspace.environment |= {
        "VEEAM_EM_IDLE_LIMIT": f"{ASSUMED_LIMIT}s",
        "XDG_RUNTIME_DIR": str(runtime),
    }
    yield workspace
    stop_keepers(workspace)


def stop_keepers(workspace: Workspace) -> None:
    """Stop holding what this test has mounted; `--all` would stop this machine's own keepers."""
    held = [line.split()[0] for line in held_for(workspace)]
    if held:
        command(workspace, "stop", *held)


def held_for(workspace: Workspace) -> list[str]:
    """The lines of what is held on the server of this test."""
    url = workspace.environment["VEEAM_EM_URL"]
    return [line for line in command(workspace, "list").splitlines() if url in line]


def command(workspace: Workspace, *arguments: str, stdin: str = "") -> str:
    done = start(workspace, *arguments, stdin=stdin)
    return done.stdout + done.stderr


def start(
    workspace: Workspace, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*workspace.program, "keep-alive", *arguments],
        env=workspace.environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def keepers(workspace: Workspace) -> list[int]:
    """The processes that hold a session."""
    lines = [line.split() for line in held_for(workspace)]
    return sorted({int(pid) for _, duration, pid, *_ in lines if duration != TERRAFORM})


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_mount_request(entry: JournalEntry) -> bool:
    return entry.method == "POST" and entry.path.endswith("/mounts")


def has_been_asked_for(simulator: Simulator, mounts: int) -> bool:
    return len([entry for entry in simulator.journal if is_mount_request(entry)]) == mounts


@pytest.mark.start
def test_mounts_live_on_until_they_are_destroyed(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    workspace.write(mount_points(20, extra=KEEP))
    workspace.apply()
    (keeper,) = keepers(workspace)
    arguments = Path(f"/proc/{keeper}/cmdline").read_bytes()
    variables = Path(f"/proc/{keeper}/environ").read_bytes()

    pass_time(clock, server.simulator)

    assert len(server.mounts()) == 20
    assert "No changes" in workspace.plan()
    tokens = {entry.token.encode() for entry in server.requests() if entry.token}
    assert not [t for t in tokens if t in arguments or t in variables]
    assert b"PASSWORD" not in variables
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []
    wait_until(lambda: not is_alive(keeper))
    # On a busy machine a process that held them during the destroy ends after it.
    wait_until(lambda: not [*Path(workspace.environment["XDG_RUNTIME_DIR"]).rglob("*.sock")])


def test_without_it_mounts_are_gone_after_the_idle_limit_and_reported(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    clock.now += IDLE_LIMIT + 1
    assert server.mounts() == []
    assert "its logon session has ended" in flat(workspace.plan())


def test_it_ends_when_its_time_is_over(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1, extra='keep_alive = "5s"'))
    workspace.apply()
    wait_until(lambda: keepers(workspace) == [])
    assert len(server.mounts()) == 1  # until its session has been idle


def test_it_can_be_listed_and_stopped(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(2, extra=KEEP))
    workspace.apply()
    first, second = (fingerprint(session_id) for session_id in server.sessions())
    listed = held_for(workspace)
    assert {row.split()[0] for row in listed} == {first, second}
    (name,) = {instance["attributes"]["restore_point_name"] for instance in workspace.instances()}
    assert [name in row for row in listed] == [True, True]
    (keeper,) = keepers(workspace)
    assert first in command(workspace, "stop", first)
    assert is_alive(keeper)
    assert [row.split()[0] for row in held_for(workspace)] == [second]
    assert second in command(workspace, "stop", second)
    wait_until(lambda: not is_alive(keeper))
    assert len(server.mounts()) == 2  # until their sessions have been idle
    assert f"No process was found that holds logon session {first}" in command(
        workspace, "stop", first
    )


def test_mounts_live_through_an_apply_that_is_longer_than_the_idle_limit(
    workspace: Workspace, clock: FakeClock
) -> None:
    """Those of the apply, and one that stays as it is, which the apply is told nothing of."""
    names = ("first", "then", "last")
    first, then, last = (mount_points(1).replace('"this"', f'"{name}"') for name in names)
    last = last.replace("count  ", "depends_on = [veeam_mount_point.then]\n  count  ")
    with Simulator(seed=SEED, idle_limit=IDLE_LIMIT, clock=clock) as slow:
        workspace.environment |= Server(slow).environment
        workspace.write(first)
        workspace.apply()
        slow.add_fault("task-stays", f"POST {MOUNTS}", None, seconds=2 * IDLE_LIMIT)
        workspace.write(first + "".join(one[one.index("resource") :] for one in (then, last)))
        process = workspace.start("apply", "-auto-approve", "-no-color")
        for number in (2, 3):
            wait_until(partial(has_been_asked_for, slow, number), 60)
            pass_time(clock, slow, rounds=3)
            clock.now += 0.3 * IDLE_LIMIT  # and the task is done
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert len(slow.mounts()) == 3
        assert "No changes" in workspace.plan()


LONG_STEP = """
resource "terraform_data" "long" {
  depends_on = [veeam_mount_point.this]
  provisioner "local-exec" {
    command = ": >begun; until test -e go-on; do /bin/sleep 0.1; done" # with nothing on the PATH
  }
}
"""


@pytest.mark.start
def test_mounts_live_through_a_long_step_that_needs_no_provider(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    """Terraform ends the provider's process as soon as nothing that is left needs it."""
    workspace.write(mount_points(2) + LONG_STEP)
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until((workspace.folder / "begun").exists, 60)
    wait_until(lambda: providers_in(process.pid) == [])
    pass_time(clock, server.simulator)
    told = [line.split() for line in held_for(workspace)]
    assert [duration for _, duration, *_ in told] == [TERRAFORM] * 2
    (holder,) = {int(pid) for _, _, pid, *_ in told}
    (workspace.folder / "go-on").touch()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert len(server.mounts()) == 2
    wait_until(lambda: not is_alive(holder), 3)
    assert held_for(workspace) == []


def test_mounts_live_while_a_person_reads_the_plan(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(1) + 'resource "terraform_data" "other" {}')
    with subprocess.Popen(
        [*TERRAFORM_COMMAND, "apply", "-no-color"],
        cwd=workspace.folder,
        env=workspace.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        while "Only 'yes' will be accepted" not in process.stdout.readline():
            assert process.poll() is None
        pass_time(clock, server.simulator)
        process.stdin.write("yes\n")
        process.stdin.close()
        assert "1 added, 0 changed" in process.stdout.read()
    assert len(server.mounts()) == 1


@pytest.mark.start
def test_a_step_that_is_interrupted_leaves_nobody_who_holds(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1) + LONG_STEP)
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until((workspace.folder / "begun").exists, 60)
    wait_until(lambda: held_for(workspace) != [])
    holder = int(held_for(workspace)[0].split()[2])
    os.killpg(process.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(holder), 3)  # though nobody has taken note of its end yet
    process.communicate()
    assert len(server.mounts()) == 1


def test_a_destroy_meanwhile_is_heard_by_who_holds_for_another_command(
    workspace: Workspace, server: Server
) -> None:
    workspace.environment["VEEAM_EM_IDLE_LIMIT"] = "15m"
    workspace.write(mount_points(1) + LONG_STEP)
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until((workspace.folder / "begun").exists, 60)
    wait_until(lambda: held_for(workspace) != [])
    mounted = workspace.state()  # as another copy of the state would have it
    assert mounted["resources"]
    (workspace.folder / "other.tfstate").write_text(json.dumps(mounted))
    workspace.run(
        *("destroy", "-auto-approve", "-no-color", "-lock=false"),
        *("-state=other.tfstate", "-target=veeam_mount_point.this"),
    )
    assert server.sessions() == []
    assert held_for(workspace) == []
    (workspace.folder / "go-on").touch()
    process.communicate(timeout=60)
    output = flat(workspace.plan())
    assert "when it is logged out, as by a destroy with another copy of this state" in output


def test_a_keeper_is_found_and_stopped_though_its_folder_was_removed(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1, extra=KEEP))
    workspace.apply()
    (keeper,) = keepers(workspace)
    shutil.rmtree(Path(workspace.environment["XDG_RUNTIME_DIR"], "terraform-provider-veeam"))
    wait_until(lambda: keepers(workspace) == [keeper], 3)
    (session,) = (fingerprint(session_id) for session_id in server.sessions())
    assert f"No longer holding logon session {session}" in command(workspace, "stop", session)
    wait_until(lambda: not is_alive(keeper))


def test_ctrl_c_is_heard_while_keepers_wait_for_a_silent_server(
    workspace: Workspace, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[float] = []
    go_on = threading.Event()

    def answer(message: dict[str, Any]) -> dict[str, Any]:
        if message["do"] == "hold":
            orders.append(time.monotonic())
            go_on.wait(60)
        return {"pid": os.getpid(), "sessions": []}

    monkeypatch.setenv("XDG_RUNTIME_DIR", workspace.environment["XDG_RUNTIME_DIR"])
    workspace.write(mount_points(3, extra=KEEP))
    with sockets.Listener(answer):
        process = workspace.start("apply", "-auto-approve", "-no-color")
        wait_until(lambda: len(orders) == 3, 60)
        assert max(orders) - min(orders) < 3, "one after the other"
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert time.monotonic() - began < 3
        go_on.set()
    assert "keep-alive list` tells" in flat(output)
    assert len(workspace.instances()) == len(server.mounts()) == 3


def test_a_mount_in_a_session_that_ends_with_the_command_is_warned_of(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(
        mount_points(1, extra="provider = veeam.borrowed")
        + f"""
provider "veeam" {{
  alias = "owner"
}}
ephemeral "veeam_logon_session" "this" {{
  provider = veeam.owner
}}
provider "veeam" {{
  alias         = "borrowed"
  url           = "{server.simulator.url}"
  session_token = ephemeral.veeam_logon_session.this.session_token
}}
"""
    )
    output = flat(workspace.apply())
    assert "is gone at the end of this command" in output
    assert "whose token comes from an ephemeral veeam_logon_session" in output
    assert server.mounts() == []
    folder = Path(workspace.environment["XDG_RUNTIME_DIR"], "terraform-provider-veeam")
    assert list(folder.glob("*.passing")) == []


def test_it_can_be_added_later(workspace: Workspace, server: Server, clock: FakeClock) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(1, extra=KEEP))
    assert "0 added, 1 changed, 0 destroyed" in workspace.apply()
    assert len(keepers(workspace)) == 1
    pass_time(clock, server.simulator)
    assert len(server.mounts()) == 1


def test_it_ends_by_itself_when_enterprise_manager_is_gone(workspace: Workspace) -> None:
    with Simulator(seed=SEED) as other:
        workspace.environment |= Server(other).environment
        workspace.write(mount_points(1, extra=KEEP))
        workspace.apply()
        (keeper,) = keepers(workspace)
    wait_until(lambda: not is_alive(keeper), 20)


def test_a_pipeline_holds_the_sessions_of_a_state_in_the_foreground(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(2))
    workspace.apply()
    state = workspace.run("state", "pull")
    output = command(workspace, "--for", "6s", stdin=state)
    assert output.count("Holding logon session") == 2
    assert "the time is over" in output
    assert len(server.mounts()) == 2
    for entry in server.requests():
        assert entry.token is None or entry.token not in output


def start_in_the_foreground(workspace: Workspace, **environment: str) -> subprocess.Popen[str]:
    state = workspace.folder / "pulled.json"
    state.write_text(workspace.run("state", "pull"))
    with state.open() as source:
        return subprocess.Popen(
            [*workspace.program, "keep-alive", "--for", "1h"],
            env=workspace.environment | environment,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def test_a_pipeline_ends_well_when_everything_is_destroyed(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    workspace.write(mount_points(2))
    workspace.apply()
    with start_in_the_foreground(workspace) as holding:
        assert holding.stdout
        assert "Holding logon session" in holding.stdout.readline()
        pass_time(clock, server.simulator)
        assert len(server.mounts()) == 2
        workspace.destroy()
        assert holding.wait(10) == 0


def test_a_pipeline_that_trusts_nothing_is_told_at_once(workspace: Workspace) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    other = {"VEEAM_EM_CERTIFICATE_FINGERPRINT": "0" * 64, "VEEAM_EM_IDLE_LIMIT": "15m"}
    with start_in_the_foreground(workspace, **other) as holding:
        output, _ = holding.communicate(timeout=10)
    assert "The certificate of Enterprise Manager has another fingerprint" in output
    assert "Holding" not in output
    assert holding.returncode == 1


@pytest.mark.parametrize("borrowed", [False, True])
def test_a_pipeline_hears_of_a_destroy_within_a_second(
    workspace: Workspace, server: Server, *, borrowed: bool
) -> None:
    workspace.environment["VEEAM_EM_IDLE_LIMIT"] = "15m"
    if borrowed:
        workspace.environment["VEEAM_EM_SESSION_TOKEN"] = server.log_on()
        workspace.environment |= {"VEEAM_EM_USERNAME": "", "VEEAM_EM_PASSWORD": ""}
    workspace.write(mount_points(1))
    workspace.apply()
    with start_in_the_foreground(workspace) as holding:
        assert holding.stdout
        assert "Holding" in holding.stdout.readline()
        workspace.destroy()
        assert holding.wait(1) == 0


def test_a_step_of_a_pipeline_ends_once_the_sessions_are_held(
    workspace: Workspace, server: Server, clock: FakeClock
) -> None:
    workspace.write(mount_points(2))
    workspace.apply()
    before = len(server.requests("GET", f"{MOUNTS}/1"))
    output = command(workspace, "--for", "2h", "--detach", stdin=workspace.run("state", "pull"))
    read = {entry.session_id for entry in server.requests("GET", f"{MOUNTS}/1")[before:]}
    assert len(read) == 2
    assert output.count("Holding logon session") == 2
    assert output.count(" for 2h00m\n") == 2
    (keeper,) = keepers(workspace)
    pass_time(clock, server.simulator)
    assert len(server.mounts()) == 2
    workspace.destroy()
    wait_until(lambda: not is_alive(keeper))


def test_a_step_of_a_pipeline_fails_when_a_session_is_not_held(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    state = workspace.run("state", "pull")
    server.expire_sessions()
    done = start(workspace, "--for", "2h", "--detach", stdin=state)
    assert done.returncode == 1
    assert done.stdout == ""
    said = r"Logon session \w{16} with \S+@.* is not held: .* 401 Unauthorized"
    assert re.search(said, flat(done.stderr))
    assert keepers(workspace) == []


def test_a_step_of_a_pipeline_fails_when_it_trusts_nothing(workspace: Workspace) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    state = workspace.run("state", "pull")
    workspace.environment["VEEAM_EM_CERTIFICATE_FINGERPRINT"] = "0" * 64
    done = start(workspace, "--for", "2h", "--detach", stdin=state)
    assert done.returncode == 1
    assert "The certificate of Enterprise Manager has another fingerprint" in done.stderr


def test_a_wrong_idle_limit_is_told_without_a_traceback(workspace: Workspace) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    with start_in_the_foreground(workspace, VEEAM_EM_IDLE_LIMIT="never") as holding:
        output, _ = holding.communicate(timeout=10)
    assert "VEEAM_EM_IDLE_LIMIT" in output
    assert "Traceback" not in output


def test_other_mounts_of_the_session_outlive_the_one_that_was_held(
    workspace: Workspace, server: Server
) -> None:
    other = mount_points(1).replace('"this"', '"other"')
    held = mount_points(1, extra=KEEP)
    workspace.write(other + held[held.index("resource") :])
    workspace.apply()
    (keeper,) = keepers(workspace)
    workspace.write(other)
    workspace.apply()
    wait_until(lambda: not is_alive(keeper))
    assert len(server.mounts()) == 1
    assert server.simulator.lost_by_logout() == []


def test_it_can_be_taken_back(workspace: Workspace) -> None:
    workspace.write(mount_points(1, extra=KEEP))
    workspace.apply()
    (keeper,) = keepers(workspace)
    workspace.write(mount_points(1))
    assert "0 added, 1 changed, 0 destroyed" in workspace.apply()
    wait_until(lambda: not is_alive(keeper))


def test_a_pipeline_without_a_state_is_told_what_to_pipe(workspace: Workspace) -> None:
    assert "terraform state pull |" in command(workspace, "--for", "6s", stdin="no state")
    empty = '{"version": 4, "resources": []}'
    assert "nothing to hold" in command(workspace, "--for", "6s", stdin=empty)


def test_a_wrong_duration_is_shown_on_its_attribute(workspace: Workspace) -> None:
    workspace.write(mount_points(1, extra='keep_alive = "long"'))
    output = workspace.fail("validate", "-no-color")
    assert "Invalid keep_alive" in output


def test_a_keeper_that_can_not_start_is_a_warning(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1, extra=KEEP))
    output = flat(workspace.apply(VEEAM_EM_IDLE_LIMIT="never"))
    assert "The logon session can't be held open" in output
    assert len(server.mounts()) == 1
    assert len(server.requests("POST", MOUNTS)) == 1


def test_a_keeper_that_ends_at_once_is_a_warning(workspace: Workspace, server: Server) -> None:
    runtime = Path(workspace.environment["XDG_RUNTIME_DIR"], "terraform-provider-veeam")
    runtime.mkdir(mode=0o755)  # others could look into it
    runtime.chmod(0o755)
    workspace.write(mount_points(1, extra=KEEP))
    output = flat(workspace.apply())
    assert "The logon session can't be held open" in output
    assert len(server.mounts()) == 1
    runtime.rmdir()


@pytest.fixture
def patient_server(workspace: Workspace) -> Iterator[Server]:
    """One that lets sessions idle for 15 minutes; the keeper believes that it does not."""
    with Simulator(seed=SEED, opaque_tokens=True) as running:
        server = Server(running)
        workspace.environment |= server.environment
        yield server


def check_held(server: Server) -> None:
    """Check that the mount point is read again and again, now that Terraform has ended."""
    before = len(server.requests("GET", f"{MOUNTS}/1"))
    wait_until(lambda: len(server.requests("GET", f"{MOUNTS}/1")) > before + 1, 30)


def test_a_session_whose_id_is_not_known_is_held(
    workspace: Workspace, patient_server: Server
) -> None:
    workspace.environment["VEEAM_EM_SESSION_TOKEN"] = patient_server.log_on()
    patient_server.log_on()  # of two sessions the server does not say whose token it is
    workspace.environment |= {"VEEAM_EM_USERNAME": "", "VEEAM_EM_PASSWORD": ""}
    workspace.write(mount_points(1, extra=KEEP))
    assert "Warning" not in workspace.apply()
    (keeper,) = keepers(workspace)
    check_held(patient_server)
    workspace.destroy()
    assert patient_server.mounts() == []
    wait_until(lambda: not is_alive(keeper))


def test_a_saved_plan_that_comes_after_the_sessions_end_fails_and_holds_nothing(
    workspace: Workspace, patient_server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(1, extra=KEEP))
    workspace.plan("-out", "saved")
    patient_server.expire_sessions()
    output = workspace.fail("apply", "-no-color", "saved")
    assert "is gone: its logon session has ended" in output
    assert "Nothing is held. Apply again without -refresh=false" in output
    assert keepers(workspace) == []
    (instance,) = workspace.instances()
    assert instance["attributes"]["keep_alive"] is None
    assert "1 added, 0 changed" in workspace.apply()
    assert len(keepers(workspace)) == 1


def test_the_order_of_a_dead_keeper_is_taken_over(workspace: Workspace) -> None:
    workspace.write(mount_points(1, extra=KEEP))
    workspace.apply()
    (first,) = keepers(workspace)
    os.kill(first, 9)
    wait_until(lambda: not is_alive(first))
    workspace.write(mount_points(1, extra='keep_alive = "2h"'))
    workspace.apply()
    (second,) = keepers(workspace)
    assert second != first


def test_what_keep_alive_does_not_know_is_refused(workspace: Workspace) -> None:
    said = command(workspace, "foo")
    assert '"foo" is neither list nor stop' in said
    assert "hold'" not in said
