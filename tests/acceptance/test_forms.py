"""A server whose answers are unlike those of the other tests; tests/unit/objects has all forms."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace

from em_simulator import Family, Simulator
from em_simulator.catalogue import MACHINES, NIGHTS

FILE = "E:/Documentation 2014/Offers.docx"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=SEED, mount_seconds=0.5, answers="xml", byte_order_mark=True) as running:
        yield running


def test_a_file_is_looked_up_mounted_listed_downloaded_and_unmounted(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    workspace.write(f"""{REQUIRED}
data "veeam_restore_point" "oracle" {{
  machine_name   = "oracle03"
  created_before = "2026-11-14T00:00:00Z"
  latest         = true
}}
data "veeam_restore_points" "all" {{
  limit = 250
}}
data "veeam_backup_servers" "all" {{}}
data "veeam_machines" "all" {{}}
resource "veeam_mount_point" "this" {{
  restore_point_id = data.veeam_restore_point.oracle.id
  os_kind          = "Windows"
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_file_download.this]
    }}
  }}
}}
data "veeam_mount_point_files" "logs" {{
  mount_point_id      = veeam_mount_point.this.id
  session_fingerprint = veeam_mount_point.this.session_fingerprint
  path                = "C:/Logs"
}}
data "veeam_restore_sessions" "all" {{
  depends_on = [veeam_mount_point.this]
}}
action "veeam_file_download" "this" {{
  config {{
    mount_point_id      = veeam_mount_point.this.id
    session_fingerprint = veeam_mount_point.this.session_fingerprint
    paths               = ["{FILE}"]
    folder              = "{tmp_path}/restored"
  }}
}}
output "told" {{
  value = {{
    point    = data.veeam_restore_point.oracle
    points   = length(distinct(data.veeam_restore_points.all.restore_points[*].id))
    servers  = data.veeam_backup_servers.all.backup_servers[*].name
    machines = data.veeam_machines.all.machines
    roots    = veeam_mount_point.this.file_system_roots
    files    = data.veeam_mount_point_files.logs.files
    restores = data.veeam_restore_sessions.all.restore_sessions[*].restore_point_id
  }}
}}
""")
    workspace.apply()

    told = workspace.output("told")
    (mount,) = server.mounts()
    assert told["point"]["id"] == mount.restore_point_id
    assert told["point"]["created_at"].startswith("2026-11-13T22:00:42")
    assert told["points"] == len(server.simulator.restore_points(Family.VM)[:250])
    assert told["servers"] == ["backup01.tech.local"]
    assert len(told["machines"]) == len(MACHINES)
    assert {machine["restore_point_count"] for machine in told["machines"]} == {NIGHTS}
    assert told["roots"] == ["C:", "E:"]
    assert (len(told["files"]), told["files"][7]["size"]) == (250, 107)
    assert told["files"][7]["modified_at"].startswith("2026-11-02T08:17:17")
    assert told["restores"] == [mount.restore_point_id]
    expected = server.simulator.file(Family.VM, mount.restore_point_id, FILE)
    assert (tmp_path / "restored" / "Offers.docx").read_bytes() == expected

    shutil.rmtree(tmp_path / "restored")
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert (server.mounts(), server.sessions()) == ([], [])
    assert len(server.requests("DELETE", mount.path)) == 1
