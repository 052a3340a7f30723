"""The action `veeam_unmount`: cleaning up by hand."""

from helpers import RESTORE_POINT, Server, mount_points
from terraform import Workspace, flat


def test_a_mount_of_a_given_session_is_unmounted(workspace: Workspace, server: Server) -> None:
    token = server.log_on()
    mount, other = server.mount_with(token), server.mount_with(token)
    workspace.write(f"""
terraform {{
  required_providers {{
    veeam = {{
      source = "veeam-em/veeam"
    }}
  }}
}}
variable "token" {{
  type      = string
  ephemeral = true
}}
action "veeam_unmount" "this" {{
  config {{
    mount_point_id = "vm/{RESTORE_POINT}/{mount.mount_id}"
    session_token  = var.token
  }}
}}
""")
    for said in ("Unmounted vm/", "is not mounted in logon session"):
        arguments = ("-invoke=action.veeam_unmount.this", f"-var=token={token}")
        output = workspace.apply(*arguments)
        assert said in output
        assert token not in output
    assert [left.mount_id for left in server.mounts()] == [other.mount_id]
    assert server.simulator.lost_by_logout() == []
    output = workspace.fail(
        "apply",
        "-auto-approve",
        "-no-color",
        "-invoke=action.veeam_unmount.this",
        "-var=token=two words",
    )
    assert "Invalid session_token" in output
    assert "two words" not in output


def test_a_managed_mount_is_unmounted_and_mounted_anew(
    workspace: Workspace, server: Server
) -> None:
    body = (
        mount_points(1)
        + """
action "veeam_unmount" "this" {
  config {
    mount_point_id = veeam_mount_point.this[0].id
    session_fingerprint = veeam_mount_point.this[0].session_fingerprint
  }
}
"""
    )
    workspace.write(body)
    workspace.apply()
    workspace.apply("-invoke=action.veeam_unmount.this")
    assert server.mounts() == []
    assert "is gone" in flat(workspace.plan())
    workspace.apply()
    assert len(server.mounts()) == 1
