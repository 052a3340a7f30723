"""Ephemeral objects: whatever ends the command, nothing of ours outlives it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, SEED, Server
from terraform import ROOT, Workspace, flat

from em_simulator import Simulator
from support.fingerprints import fingerprint

IDLE_LIMIT = 3.0


def configuration(command: str = "true", restore_point: str = RESTORE_POINT) -> str:
    """Return a mount that a command uses while Terraform runs."""
    return f"""{REQUIRED}
ephemeral "veeam_mount_point" "this" {{
  restore_point_id = "{restore_point}"
}}
resource "terraform_data" "use" {{
  provisioner "local-exec" {{
    command = <<-EOT
      {command}
    EOT
    environment = {{
      HREF  = ephemeral.veeam_mount_point.this.href
      TOKEN = ephemeral.veeam_mount_point.this.session_token
      ROOTS = join(" ", ephemeral.veeam_mount_point.this.file_system_roots)
    }}
  }}
}}
"""


def assert_that_nothing_is_left(server: Server, *, opened: int) -> None:
    """Check that all is gone, unmounted even where Terraform did not close it."""
    assert server.mounts() == []
    assert server.sessions() == []
    assert len(server.requests("POST", MOUNTS)) == opened
    statuses = [request.status for request in server.requests("DELETE", f"{MOUNTS}/.*")]
    assert statuses == [204] * opened


def test_an_address_that_is_not_known_yet_is_named(workspace: Workspace, server: Server) -> None:
    workspace.write(
        configuration()
        + f"""
provider "veeam" {{
  url = terraform_data.server.output
}}
resource "terraform_data" "server" {{
  input = "{server.environment["VEEAM_EM_URL"]}"
}}
"""
    )
    output = flat(workspace.fail("plan", "-no-color"))
    assert "url in its provider block is known only after an apply" in output
    workspace.apply("-target=terraform_data.server")
    workspace.apply()
    assert_that_nothing_is_left(server, opened=2)


def test_a_script_can_use_the_mount_and_nothing_is_left(
    workspace: Workspace, server: Server
) -> None:
    script = f'printf "%s|%s" "$HREF" "$ROOTS" > {workspace.folder}/seen'
    workspace.write(configuration(script))
    workspace.apply()
    seen = (workspace.folder / "seen").read_text()
    assert seen == f"/vmRestorePoints/{RESTORE_POINT}/mounts/1|Volume$0: Volume$1:"
    assert_that_nothing_is_left(server, opened=2)  # in plan and in apply
    state = (workspace.folder / "terraform.tfstate").read_text()
    assert "mounts/1" not in state
    for entry in server.requests():
        assert entry.token is None or entry.token not in state


def test_a_plan_alone_leaves_nothing(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration())
    workspace.plan()
    assert_that_nothing_is_left(server, opened=1)


def test_a_failed_apply_leaves_nothing(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration("exit 1"))
    workspace.fail("apply", "-auto-approve", "-no-color")
    # Terraform does not close what a failed resource has used: the end of the provider does.
    assert_that_nothing_is_left(server, opened=2)


def test_ctrl_c_in_the_middle_leaves_nothing(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration(f"touch {workspace.folder}/begun; sleep 60"))
    with workspace.start("apply", "-auto-approve", "-no-color") as process:
        while not (workspace.folder / "begun").exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 1
    assert_that_nothing_is_left(server, opened=2)


def test_a_mount_that_can_not_be_read_is_unmounted_again(
    workspace: Workspace, server: Server
) -> None:
    server.fault("status", f"GET {MOUNTS}/.*", None, code=500)
    workspace.write(configuration())
    output = workspace.fail("plan", "-no-color", VEEAM_EM_MAX_RETRIES="1")
    assert "could not be read" in output
    assert "It was unmounted again." in output
    assert_that_nothing_is_left(server, opened=1)


def test_a_script_of_the_example_is_answered_in_json(workspace: Workspace, server: Server) -> None:
    example = ROOT / "examples" / "ephemeral-resources" / "veeam_logon_session"
    workspace.write(REQUIRED + (example / "ephemeral-resource.tf").read_text())
    (workspace.folder / "em.pem").write_text(server.simulator.certificate_pem)
    workspace.apply()
    assert json.loads((workspace.folder / "tasks.json").read_text()) == {"tasks": []}


def test_a_script_of_the_example_runs_in_every_apply(workspace: Workspace, server: Server) -> None:
    example = ROOT / "examples" / "ephemeral-resources" / "veeam_mount_point"
    text = (example / "ephemeral-resource.tf").read_text()
    text = text.replace("3f2504e0-4f89-41d3-9a0c-0305e82c3301", RESTORE_POINT)
    workspace.write(REQUIRED + text)
    for _ in range(2):
        workspace.apply()
        (workspace.folder / "volumes.txt").unlink()
        time.sleep(1)  # plantimestamp() counts whole seconds
    assert server.mounts() == []


def test_an_unmount_that_fails_is_a_warning(workspace: Workspace, server: Server) -> None:
    server.fault("status", f"DELETE {MOUNTS}/.*", None, code=500)
    workspace.write(configuration())
    output = flat(workspace.plan(VEEAM_EM_MAX_RETRIES="1"))
    assert "Warning: The ephemeral mount point could not be unmounted" in output
    # The session is logged out all the same, and the mount goes with it.
    assert server.mounts() == []
    assert server.sessions() == []


def test_a_restore_point_that_does_not_exist(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration(restore_point="00000000-0000-4000-8000-000000000000"))
    output = workspace.fail("plan", "-no-color")
    assert "Error: Restore point not found" in output
    assert server.sessions() == []


def test_an_idle_limit_that_is_no_duration_is_refused(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration())
    output = workspace.fail("plan", "-no-color", VEEAM_EM_IDLE_LIMIT="never")
    assert "environment variable VEEAM_EM_IDLE_LIMIT" in output
    assert server.requests("POST", MOUNTS) == []


class TestWithAShortIdleLimit:
    """Sessions that end after 3 idle seconds."""

    @pytest.fixture
    def simulator(self) -> Iterator[Simulator]:
        with Simulator(seed=SEED, idle_limit=IDLE_LIMIT) as running:
            yield running

    def test_a_long_apply_keeps_its_mount(self, workspace: Workspace, server: Server) -> None:
        workspace.write(configuration("sleep 7"))
        workspace.apply(VEEAM_EM_IDLE_LIMIT=f"{IDLE_LIMIT}s")
        assert_that_nothing_is_left(server, opened=2)

    def test_a_lost_mount_is_reported_at_the_end(
        self, workspace: Workspace, server: Server
    ) -> None:
        workspace.write(configuration("sleep 5"))
        output = flat(workspace.apply())  # which renews every 5 minutes
        assert "The ephemeral mount point was gone before its end" in output
        assert server.mounts() == []


def test_a_logon_session_is_logged_out_at_the_end(
    workspace: Workspace, server: Server, log_on: Callable[[], str]
) -> None:
    workspace.write(f"""{REQUIRED}
ephemeral "veeam_logon_session" "this" {{}}
resource "terraform_data" "use" {{
  provisioner "local-exec" {{
    command = "printf '%s %s' \\"$ID\\" \\"$API\\" > seen"
    environment = {{
      ID  = ephemeral.veeam_logon_session.this.session_fingerprint
      API = ephemeral.veeam_logon_session.this.api_url
    }}
  }}
}}
""")
    workspace.apply()
    session, url = (workspace.folder / "seen").read_text().split()
    assert url == f"{server.simulator.url}/api"
    ended = server.requests("DELETE", "/logonSessions/.*")
    assert session in [fingerprint(entry.path.rpartition("/")[2]) for entry in ended]
    assert server.sessions() == []
