"""Import by identity, which Terraform knows since 1.12."""

from helpers import MOUNTS, RESTORE_POINT, Server, mount_points
from terraform import Workspace, flat

from support.fingerprints import fingerprint


def test_a_mount_can_be_imported_by_its_identity(
    workspace: Workspace, server: Server, token: dict[str, str]
) -> None:
    mount = server.mount_with(token["VEEAM_EM_SESSION_TOKEN"])
    block = f"""
import {{
  to = veeam_mount_point.this[0]
  identity = {{
    restore_point_id = "{RESTORE_POINT}"
    mount_id         = {mount.mount_id}
  }}
}}
"""
    workspace.write(mount_points(1) + block)
    assert "1 imported, 0 added" in workspace.apply(**token)
    (instance,) = workspace.instances()
    assert instance["attributes"]["href"] == mount.path
    assert instance["identity"]["session_fingerprint"] == fingerprint(mount.session_id)
    assert server.requests("POST", MOUNTS) == []


def test_an_identity_of_another_session_is_not_imported(
    workspace: Workspace, server: Server, token: dict[str, str]
) -> None:
    server.mount_with(token["VEEAM_EM_SESSION_TOKEN"])
    block = f"""
import {{
  to = veeam_mount_point.this[0]
  identity = {{
    restore_point_id = "{RESTORE_POINT}"
    mount_id         = 1
    session_fingerprint = "0123456789abcdef"
  }}
}}
"""
    workspace.write(mount_points(1) + block)
    said = flat(workspace.fail("plan", "-no-color", **token))
    assert "belongs to another logon session" in said
