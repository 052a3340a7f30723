"""A destroy is never blocked by what is looked up and not there."""

from helpers import REQUIRED, RESTORE_POINT, SEED, Server, mount_points
from terraform import Workspace, flat

from em_simulator import Family
from em_simulator.catalogue import Catalogue

NOTHING = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
WAY = "To destroy without this look-up: terraform destroy -refresh=false."
WEB02 = Catalogue(SEED).machine("web02").ref


def trigger(action: str) -> str:
    return f"""
resource "terraform_data" "{action}" {{
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.{action}.wrong]
    }}
  }}
}}
"""


def test_a_mount_whose_restore_point_expired_goes_with_its_neighbours(
    workspace: Workspace, server: Server
) -> None:
    other = server.simulator.restore_points(Family.VM)[1].id
    more = f"""
resource "veeam_mount_point" "other" {{
  restore_point_id = "{other}"
}}
"""
    workspace.write(mount_points(1) + more)
    workspace.apply()
    server.expire_sessions()
    workspace.apply("-target=veeam_mount_point.other")
    server.simulator.remove_restore_point(Family.VM, RESTORE_POINT)
    planned = flat(workspace.plan())
    assert "Restore point not found" in planned
    assert "An apply will fail to make it again; a destroy goes on." in planned
    workspace.destroy()
    assert (workspace.instances(), server.mounts(), server.sessions()) == ([], [], [])


def test_an_object_whose_job_was_deleted_goes(workspace: Workspace, server: Server) -> None:
    job = server.simulator.job("Domain controllers").id
    workspace.write(f"""{REQUIRED}
resource "veeam_job_object" "this" {{
  job_id = "{job}"
  ref    = "{WEB02}"
}}
""")
    workspace.apply()
    server.simulator.remove_job("Domain controllers")
    workspace.destroy()
    assert workspace.instances() == []


def test_what_is_not_there_names_the_way_in_which_good_mounts_go(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(f"""{mount_points(1)}
resource "veeam_mount_point" "wrong" {{
  restore_point_id = "{NOTHING}"
}}
resource "veeam_job_object" "wrong" {{
  job_id = "{NOTHING}"
  ref    = "{WEB02}"
}}
data "veeam_restore_point" "wrong" {{
  machine_name = "gone"
}}
data "veeam_mount_points" "wrong" {{
  restore_point_id    = "{RESTORE_POINT}"
  session_fingerprint = "0123456789abcdef"
}}
ephemeral "veeam_mount_point" "wrong" {{
  restore_point_id = "{NOTHING}"
}}
{trigger("veeam_job_start")}
{trigger("veeam_quick_backup")}
action "veeam_job_start" "wrong" {{
  config {{
    job_id = "{NOTHING}"
  }}
}}
action "veeam_quick_backup" "wrong" {{
  config {{
    machine_name = "gone"
  }}
}}
""")
    said = workspace.fail("destroy", "-auto-approve", "-no-color")
    assert said.count("Error: ") == said.count(WAY) == 7
    assert len(server.mounts()) == 1
    workspace.destroy("-refresh=false")
    assert (workspace.instances(), server.mounts(), server.sessions()) == ([], [], [])
