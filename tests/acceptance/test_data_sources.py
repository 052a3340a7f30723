"""Data sources under Terraform: what they find is used, and what they refuse is on its line.

What each finds and says is tested in tests/unit/objects.
"""

from helpers import REQUIRED, Server
from terraform import Workspace, flat


def test_what_backups_are_made_of_is_looked_up(workspace: Workspace, server: Server) -> None:
    workspace.write(f"""{REQUIRED}
data "veeam_hierarchy_roots" "all" {{}}
data "veeam_repositories" "all" {{}}
data "veeam_hierarchy_object" "app01" {{
  name           = "APP01"
  hierarchy_root = data.veeam_hierarchy_roots.all.hierarchy_roots[0].name
}}
data "veeam_jobs" "all" {{
  name = "d*"
}}
data "veeam_job" "daily" {{
  name = data.veeam_jobs.all.jobs[0].name
}}
data "veeam_backup_sessions" "newest" {{
  job_id = data.veeam_job.daily.id
  limit  = 1
}}
output "told" {{
  value = {{
    object       = data.veeam_hierarchy_object.app01.ref
    refs         = data.veeam_jobs.all.jobs[0].objects[*].ref
    session      = data.veeam_backup_sessions.newest.backup_sessions[0]
    repositories = data.veeam_repositories.all.repositories[*].name
  }}
}}
""")
    workspace.apply()
    told = workspace.output("told")
    assert told["object"] == server.simulator.vm("app01")
    assert told["refs"] == server.simulator.objects_in("Daily")
    assert (told["session"]["job_name"], told["session"]["result"]) == ("Daily", "Success")
    assert "Scale-out 1" in told["repositories"]
    assert "No changes" in workspace.plan()
    assert server.sessions() == []


def test_a_search_is_refused_on_the_line_of_its_attribute(workspace: Workspace) -> None:
    search = 'data "veeam_restore_point" "this" {{\n  {} = "{}"\n}}\n'
    for attribute, value, says in (
        ("created_after", "yesterday", '"yesterday" is not a time'),
        ("machine_name", "nobody", "No restore point found"),
    ):
        workspace.write(REQUIRED + search.format(attribute, value))
        said = workspace.fail("plan", "-no-color")
        assert says in said
        assert "on main.tf line 10, in data" in said
        assert f"10: {attribute} =" in said


def test_the_latest_can_be_mounted(workspace: Workspace, server: Server) -> None:
    example = """
data "veeam_restore_point" "oracle" {
  machine_name   = "oracle03"
  created_before = "2026-11-14T00:00:00Z"
  latest         = true
}
resource "veeam_mount_point" "oracle" {
  restore_point_id = data.veeam_restore_point.oracle.id
}
"""
    workspace.write(REQUIRED + example)
    plan = workspace.plan()
    assert 'restore_point_name       = "oracle03@2026-11-13 22:00:42"' in plan
    workspace.apply()
    assert len(server.mounts()) == 1
    workspace.destroy()
    assert server.sessions() == []


def test_what_is_read_only_in_the_apply_agrees_with_the_plan(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(
        f"""{REQUIRED}
resource "terraform_data" "before" {{
  input = "anything"
}}
data "veeam_restore_point" "found" {{
  machine_name = "oracle03"
  latest       = true
  depends_on   = [terraform_data.before]
}}
resource "veeam_mount_point" "this" {{
  restore_point_id   = data.veeam_restore_point.found.id
  restore_point_type = data.veeam_restore_point.found.restore_point_type
  timeouts = {{
    read = terraform_data.before.output == "anything" ? "1m" : "2m"
  }}
}}
"""
    )
    workspace.apply()
    assert len(server.mounts()) == 1
    assert "No changes" in workspace.plan()


def test_a_server_that_ignores_the_filter_mounts_nothing(
    workspace: Workspace, server: Server
) -> None:
    server.fault("ignore-filter", "GET /query", None)
    workspace.write(f"""{REQUIRED}
data "veeam_restore_point" "this" {{
  machine_name = "exch01"
  latest       = true
}}
resource "veeam_mount_point" "this" {{
  restore_point_id = data.veeam_restore_point.this.id
}}
""")
    said = flat(workspace.fail("apply", "-auto-approve", "-no-color"))
    assert "was not asked for" in said
    assert "machine_name is exch01" in said
    assert server.requests("POST", ".*/mounts") == []
