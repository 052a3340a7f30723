"""A launcher between Terraform and the provider, which does not become it: it starts a child."""

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import MOUNTS, Server, mount_points
from processes import in_session, providers_in
from terraform import Workspace

FILE = "Volume$0:/t/a.txt"
PATIENCE = 30.0  # seconds
LAUNCHER = f"""#!/bin/sh
{shlex.quote(sys.executable)} -EP -m terraform_provider_veeam "$@"
exit $?
"""


@pytest.fixture
def launched(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A workspace whose provider is started by a script, as in Windows by pip's program."""
    mirror = tmp_path / "plugins"
    shutil.copytree(Path(workspace.environment["HOME"], ".terraform.d", "plugins"), mirror)
    for file in mirror.rglob("terraform-provider-veeam_v*"):
        file.write_text(LAUNCHER)
    shutil.rmtree(workspace.folder / ".terraform")
    (workspace.folder / ".terraform.lock.hcl").unlink()
    workspace.write(mount_points(1))
    workspace.run("init", "-no-color", f"-plugin-dir={mirror}")
    return workspace


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_terraform_that_was_killed_leaves_nothing(
    launched: Workspace, slow_server: Server
) -> None:
    launched.environment |= slow_server.environment
    with launched.start("apply", "-auto-approve", "-no-color") as process:
        wait_until(lambda: slow_server.requests("POST", MOUNTS))
        assert providers_in(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not in_session(process.pid))
    assert slow_server.sessions() == []


def test_what_the_plan_has_read_is_handed_to_the_apply(launched: Workspace, server: Server) -> None:
    server.simulator.add_file("web02", FILE, b"12345")
    launched.apply()
    launched.write(
        mount_points(1)
        + f"""
resource "terraform_data" "now" {{
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_file_restore.this]
    }}
  }}
}}
action "veeam_file_restore" "this" {{
  config {{
    mount_point_id      = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
    paths               = ["{FILE}"]
  }}
}}
"""
    )
    assert f"Restored {FILE}" in launched.apply()
    assert [restored.path for restored in server.simulator.restored()] == [FILE]
