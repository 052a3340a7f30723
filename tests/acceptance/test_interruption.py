"""Ctrl-C: Terraform ends soon, nothing is left mounted, and the state tells the truth."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import MOUNTS, Server, mount_points
from terraform import Workspace, flat

from support.fingerprints import fingerprint

pytestmark = pytest.mark.start  # a signal for the group reaches the provider, too
PATIENCE = 30.0  # seconds

Interrupt = Callable[[subprocess.Popen[str]], None]


def to_terraform_alone(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGINT)


def to_the_whole_group(process: subprocess.Popen[str]) -> None:
    """As a terminal does it: the provider gets the signal too."""
    os.killpg(process.pid, signal.SIGINT)


STALLED_DOWNLOAD = """
action "veeam_file_download" "this" {{
  config {{
    mount_point_id      = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
    paths               = ["Volume$0:/large.bin"]
    folder              = "{folder}"
  }}
}}
"""
TRIGGERED = """
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.veeam_file_download.this]
    }
  }
"""


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def end_of(process: subprocess.Popen[str]) -> str:
    """Return what a command printed until its end, and check that it leaves no process."""
    output, _ = process.communicate(timeout=PATIENCE)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return flat(output)


@pytest.mark.parametrize("interrupt", [to_terraform_alone, to_the_whole_group])
def test_an_apply_that_is_interrupted_cancels_its_mounts(
    workspace: Workspace, slow_server: Server, interrupt: Interrupt
) -> None:
    workspace.environment |= slow_server.environment
    workspace.write(mount_points(3))
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until(lambda: len(slow_server.requests("POST", MOUNTS)) == 3)

    began = time.monotonic()
    interrupt(process)
    output = end_of(process)

    assert time.monotonic() - began < 10
    assert process.returncode == 1
    assert "was interrupted" in output
    assert "was cancelled (it said: Running), and its logon session was ended" in output
    assert "nothing is left mounted" in output
    assert len(slow_server.requests("DELETE", "/tasks/.+")) == 3
    assert slow_server.sessions() == []
    assert workspace.instances() == []


def test_mounts_made_before_the_interruption_are_in_the_state(
    workspace: Workspace, server: Server
) -> None:
    server.fault("task-stays", f"POST {MOUNTS}", seconds=600)
    workspace.write(mount_points(3))
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until(lambda: len(server.requests("GET", f"{MOUNTS}/\\d+")) == 2)

    to_the_whole_group(process)
    end_of(process)

    made = {
        (instance["attributes"]["session_fingerprint"], instance["attributes"]["href"])
        for instance in workspace.instances()
    }
    assert len(made) == 2
    assert made == {(fingerprint(mount.session_id), mount.path) for mount in server.mounts()}
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


def test_a_destroy_that_is_interrupted_keeps_what_is_still_mounted(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(2))
    workspace.apply()
    # A maintenance that lasts: the deletes are tried again and again.
    server.fault("status", f"DELETE {MOUNTS}/.*", None)
    process = workspace.start("destroy", "-auto-approve", "-no-color")
    wait_until(lambda: len(server.requests("DELETE", f"{MOUNTS}/.*")) >= 2)

    to_the_whole_group(process)
    end_of(process)

    assert process.returncode == 1
    assert len(workspace.instances()) == len(server.mounts()) == 2
    server.simulator.clear_faults()
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


@pytest.mark.parametrize("interrupt", [to_terraform_alone, to_the_whole_group])
def test_a_download_that_stalls_ends_soon_when_it_is_interrupted(
    workspace: Workspace, server: Server, tmp_path: Path, interrupt: Interrupt
) -> None:
    server.simulator.add_file("web02", "Volume$0:/large.bin", bytes(3_000_000))
    server.fault("stall-body", "GET .*/large.bin", None)
    folder = tmp_path / "got"
    workspace.write(mount_points(1, extra=TRIGGERED) + STALLED_DOWNLOAD.format(folder=folder))
    process = workspace.start("apply", "-auto-approve", "-no-color")
    wait_until(lambda: [file for file in folder.rglob("*") if file.is_file()])

    began = time.monotonic()
    interrupt(process)
    output = end_of(process)

    assert time.monotonic() - began < 10
    assert process.returncode == 1
    assert "panic" not in output
    assert "was interrupted" in output
    assert not (folder / "large.bin").exists()
    workspace.destroy()
    assert server.sessions() == []
