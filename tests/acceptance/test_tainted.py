"""Replacing a mount: the old one is unmounted in its own session, tainted or not."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from helpers import MOUNTS, Server, mount_points
from terraform import Workspace, flat

from support.fingerprints import fingerprint

ADDRESS = "veeam_mount_point.this[0]"


def mounted_and_tainted(workspace: Workspace) -> dict[str, Any]:
    """Mount, taint, and return the instance as it is in the state."""
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.run("taint", ADDRESS)
    (instance,) = workspace.instances()
    return instance


def check_replaced(workspace: Workspace, server: Server, before: dict[str, Any]) -> None:
    """Check that another mount is there, and the old one was unmounted in its own session."""
    old = before["attributes"]
    (mount,) = server.mounts()
    assert fingerprint(mount.session_id) != old["session_fingerprint"]
    (instance,) = workspace.instances()
    assert instance["attributes"]["session_fingerprint"] == fingerprint(mount.session_id)
    assert "status" not in instance
    (unmount,) = server.requests("DELETE", MOUNTS + "/.*")
    assert (unmount.path, unmount.status) == (old["href"], 204)
    assert fingerprint(unmount.session_id or "") == old["session_fingerprint"]
    assert server.sessions() == [mount.session_id]
    assert "No changes" in workspace.plan()


def test_a_tainted_mount_is_replaced(workspace: Workspace, server: Server) -> None:
    before = mounted_and_tainted(workspace)
    assert "1 added, 0 changed, 1 destroyed" in workspace.apply()
    check_replaced(workspace, server, before)


def test_a_tainted_mount_is_replaced_by_a_saved_plan(workspace: Workspace, server: Server) -> None:
    before = mounted_and_tainted(workspace)
    workspace.plan("-out", "saved")
    assert "1 added, 0 changed, 1 destroyed" in workspace.run("apply", "-no-color", "saved")
    check_replaced(workspace, server, before)


def test_a_mount_is_replaced_when_somebody_asks_for_it(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    (before,) = workspace.instances()
    workspace.apply(f"-replace={ADDRESS}")
    check_replaced(workspace, server, before)


def test_each_of_several_tainted_mounts_is_unmounted_in_its_own_session(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(2))
    workspace.apply()  # in another session
    old = {(mount.path, mount.session_id) for mount in server.mounts()}
    for number in range(2):
        workspace.run("taint", f"veeam_mount_point.this[{number}]")
    assert "2 added, 0 changed, 2 destroyed" in workspace.apply()
    unmounts = server.requests("DELETE", MOUNTS + "/.*")
    assert {(r.path, r.session_id) for r in unmounts if r.status == 204} == old
    assert len(server.mounts()) == 2
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


def test_a_mount_that_could_not_be_read_is_replaced_by_the_next_apply(
    workspace: Workspace, server: Server
) -> None:
    server.fault("garbage", f"GET {MOUNTS}/\\d+", count=None)
    workspace.write(mount_points(1))
    said = workspace.fail("apply", "-auto-approve", "-no-color")
    assert "the next apply replaces it" in said
    (before,) = workspace.instances()
    assert before["status"] == "tainted"
    assert len(server.mounts()) == 1
    server.simulator.clear_faults()
    workspace.apply()
    check_replaced(workspace, server, before)


@pytest.mark.parametrize("way", ["apply", "saved plan"])
def test_a_tainted_mount_whose_unmount_fails_keeps_its_token(
    workspace: Workspace, server: Server, way: str
) -> None:
    before = mounted_and_tainted(workspace)
    workspace.plan("-out", "saved")
    server.fault("status", f"DELETE {MOUNTS}/.*", None, code=500)
    arguments = ["-auto-approve"] if way == "apply" else ["saved"]
    workspace.fail("apply", "-no-color", *arguments)
    (kept,) = workspace.instances()
    assert (kept["status"], kept["private"]) == ("tainted", before["private"])
    server.simulator.clear_faults()
    workspace.apply()
    (instance,) = workspace.instances()
    (mount,) = server.mounts()
    assert instance["attributes"]["session_fingerprint"] == fingerprint(mount.session_id)
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


def tainted_by_hand(workspace: Workspace) -> None:
    mounted_and_tainted(workspace)


def tainted_by_a_provisioner(workspace: Workspace) -> None:
    broken = 'provisioner "local-exec" {\ncommand = "exit 1"\n}'
    workspace.write(mount_points(1, extra=broken))
    assert "exit status 1" in workspace.fail("apply", "-auto-approve", "-no-color")
    workspace.write(mount_points(1))


@pytest.mark.parametrize("taint", [tainted_by_hand, tainted_by_a_provisioner])
def test_without_a_read_a_tainted_mount_is_kept_and_the_advice_helps(
    workspace: Workspace, server: Server, taint: Callable[[Workspace], None]
) -> None:
    taint(workspace)
    (before,) = workspace.instances()
    (mount,) = server.mounts()
    said = workspace.fail("apply", "-auto-approve", "-no-color", "-refresh=false")
    assert "logon session can't be used" in said
    assert "run the command again without -refresh=false" in said
    assert workspace.instances() == [before]
    assert server.mounts() == [mount]
    workspace.apply()
    check_replaced(workspace, server, before)


def test_a_tainted_mount_that_is_unmounted_last_needs_no_read(
    workspace: Workspace, server: Server
) -> None:
    before = mounted_and_tainted(workspace)
    workspace.write(mount_points(1, extra="lifecycle {\ncreate_before_destroy = true\n}"))
    workspace.apply("-refresh=false")
    check_replaced(workspace, server, before)


def test_a_new_mount_keeps_nothing_of_the_sessions_that_were_read(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(2))
    workspace.apply()
    first, second = (json.loads(private_of(instance)) for instance in workspace.instances())
    assert first.keys() == second.keys()
    assert first["token"] != second["token"]
    plan = flat(workspace.plan("-out", "saved") + workspace.run("show", "-json", "saved"))
    assert first["token"] not in plan


def private_of(instance: dict[str, Any]) -> bytes:
    return base64.b64decode(instance["private"])
