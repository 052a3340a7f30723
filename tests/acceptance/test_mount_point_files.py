"""Looking into a mount point: `veeam_mount_points` and `veeam_mount_point_files`.

What else they find and say is tested in tests/unit/objects.
"""

from typing import Any

import pytest
from helpers import MOUNTS, RESTORE_POINT, Server, mount_points
from terraform import Workspace

from em_simulator import Family

FILES = f"{MOUNTS}/1/.*"


def files(workspace: Workspace, body: str) -> list[dict[str, Any]]:
    workspace.write(with_files(body))
    workspace.apply()
    found: list[dict[str, Any]] = workspace.output("files")
    return found


def with_files(body: str) -> str:
    return f"""{mount_points(1)}
data "veeam_mount_point_files" "this" {{
  mount_point_id = veeam_mount_point.this[0].id
  {body}
}}
output "files" {{
  value = data.veeam_mount_point_files.this.files
}}
"""


@pytest.fixture(autouse=True)
def machine(server: Server) -> None:
    """The tests' restore point is one of a machine whose disk has these files."""
    point = next(p for p in server.simulator.restore_points(Family.VM) if p.id == RESTORE_POINT)
    server.simulator.add_file(point.machine.name, point.machine.roots[0] + "/t/b/deep.txt", b"deep")
    server.simulator.add_file(point.machine.name, point.machine.roots[0] + "/t/a.txt", b"12345")


def test_a_folder_is_listed(workspace: Workspace, server: Server) -> None:
    found = files(workspace, 'path = "Volume$0:/t/"')
    assert found == [
        {
            "path": "Volume$0:/t/a.txt",
            "name": "a.txt",
            "is_folder": False,
            "size": 5,
            "owner": "TECH\\administrator",
            "modified_at": "2026-11-02T08:15:30Z",
        },
        {
            "path": "Volume$0:/t/b",
            "name": "b",
            "is_folder": True,
            "size": None,
            "owner": None,
            "modified_at": None,
        },
    ]
    (mount,) = server.mounts()
    assert {entry.session_id for entry in server.requests("GET", FILES)} == {mount.session_id}
    assert "No changes" in workspace.plan()


def test_the_only_mount_of_a_session_is_listed(workspace: Workspace, server: Server) -> None:
    server.mount_as_somebody_else()
    workspace.write(f"""{mount_points(2)}
data "veeam_mount_points" "managed" {{
  restore_point_id = "{RESTORE_POINT}"
  session_fingerprint = veeam_mount_point.this[0].session_fingerprint
  depends_on       = [veeam_mount_point.this]
}}
output "managed" {{
  value = data.veeam_mount_points.managed.mount_points
}}
""")
    workspace.apply()
    found = workspace.output("managed")
    assert [point["mount_id"] for point in found] == [1]
    assert found[0]["id"] == f"vm/{RESTORE_POINT}/1"
    assert found[0]["file_system_roots"] == ["Volume$0:", "Volume$1:"]
    assert len(server.mounts()) == 3


def test_a_lost_session_is_told(workspace: Workspace, server: Server) -> None:
    workspace.write(with_files('path = "Volume$0:/t"'))
    workspace.apply()
    server.fault("expire-session", f"GET {MOUNTS}/1/.*", None)
    assert "its logon session has ended" in workspace.fail("plan", "-no-color")
