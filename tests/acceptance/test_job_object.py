"""VMs in jobs: in with the configuration, out with the destroy, whatever others do meanwhile.

What else is told is tested in tests/unit/objects.
"""

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator.catalogue import Catalogue

APPLY = ("apply", "-auto-approve", "-no-color")
JOB = "Domain controllers"
WEB02 = Catalogue(SEED).machine("web02").ref
INCLUDES = "POST /jobs/.*/includes"


def configuration(
    ref: str = f'"{WEB02}"', job: str = JOB, more: str = "", job_id: str | None = None
) -> str:
    """A VM in a job."""
    return f"""{REQUIRED}
data "veeam_job" "this" {{
  name = "{job}"
}}
resource "veeam_job_object" "this" {{
  job_id = {job_id or "data.veeam_job.this.id"}
  ref    = {ref}
}}
{more}
"""


def test_a_vm_goes_into_a_job_and_out_of_it(workspace: Workspace, server: Server) -> None:
    (before,) = server.simulator.objects_in(JOB)
    more = """
data "veeam_hierarchy_object" "web" {
  name = "WEB02"
}
output "told" {
  value = veeam_job_object.this
}
"""
    workspace.write(configuration("data.veeam_hierarchy_object.web.ref", more=more))
    assert 'name      = "web02"' in workspace.plan()
    workspace.apply()
    told = workspace.output("told")
    job = server.simulator.job(JOB)
    one = job.find(WEB02)
    assert one
    assert told == {
        "job_id": job.id,
        "ref": WEB02,
        "id": f"{job.id}/{one.id}",
        "object_id": one.id,
        "name": "web02",
        "timeouts": None,
    }
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert server.simulator.objects_in(JOB) == [before]
    assert server.sessions() == []


def test_a_vm_that_is_made_in_the_same_apply_is_named_when_it_is_there(
    workspace: Workspace, server: Server
) -> None:
    more = f"""
resource "terraform_data" "vm" {{
  input = "{WEB02}"
}}
"""
    workspace.write(configuration("terraform_data.vm.output", more=more))
    assert "(known after apply)" in workspace.plan()
    workspace.apply()
    assert server.simulator.objects_in(JOB)[-1] == WEB02
    assert "No changes" in workspace.plan()


def test_the_last_object_can_not_be_removed(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration())
    workspace.apply()
    server.simulator.remove_from_job(JOB, server.simulator.objects_in(JOB)[0])
    said = workspace.fail("destroy", "-auto-approve", "-no-color")
    assert "The last object of a job can't be removed" in said
    assert "has nothing but web02" in said
    assert "only one object" in said
    assert len(workspace.instances()) == 2  # the data source, and the object that stays
    server.simulator.add_to_job(JOB, server.simulator.vm("app01"))
    workspace.destroy()
    assert server.simulator.objects_in(JOB) == [server.simulator.vm("app01")]


def test_the_last_object_is_replaced_when_the_new_one_goes_in_first(
    workspace: Workspace, server: Server
) -> None:
    first = "lifecycle {\n    create_before_destroy = true\n  }"
    app01 = server.simulator.vm("app01")
    workspace.write(configuration(f'"{WEB02}"\n  {first}'))
    workspace.apply()
    server.simulator.remove_from_job(JOB, server.simulator.objects_in(JOB)[0])
    workspace.write(configuration(f'"{app01}"\n  {first}'))
    workspace.apply()
    assert server.simulator.objects_in(JOB) == [app01]


def test_an_object_that_somebody_removed_is_put_in_again(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(configuration())
    workspace.apply()
    server.simulator.remove_from_job(JOB, WEB02)
    said = flat(workspace.plan())
    assert "web02 is no longer in its job" in said
    assert "1 to add" in said
    workspace.apply()
    assert server.simulator.objects_in(JOB)[-1] == WEB02


def test_an_object_that_somebody_put_in_again_is_told_with_its_new_id(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(configuration())
    workspace.apply()
    server.simulator.remove_from_job(JOB, WEB02)
    object_id = server.simulator.add_to_job(JOB, WEB02)
    told = f"{server.simulator.job(JOB).id}/{object_id}"
    said = flat(workspace.plan())
    assert f"put it in again: to take that over, import {told}" in said
    said = workspace.fail(*APPLY)
    assert "The object is in the job already" in said
    assert f"import it, with the id {told}" in said
    workspace.run("import", "-no-color", "veeam_job_object.this", told)
    assert "No changes" in workspace.plan()


def test_a_job_that_was_deleted_takes_its_objects_along(
    workspace: Workspace, server: Server
) -> None:
    job_id = f'"{server.simulator.job(JOB).id}"'
    workspace.write(configuration(job_id=job_id).replace('data "veeam_job"', 'data "veeam_jobs"'))
    workspace.apply()
    server.simulator.remove_job(JOB)
    said = flat(workspace.plan("-refresh-only"))
    assert "web02 is in no job: its job is gone" in said
    said = flat(workspace.plan())
    assert "Warning: Job not found" in said
    assert "An apply will fail to make it again; a destroy goes on." in said
    workspace.destroy()
    assert workspace.instances() == []


@pytest.mark.parametrize("way", ["id", "identity"])
def test_an_object_is_imported(workspace: Workspace, server: Server, way: str) -> None:
    object_id = server.simulator.add_to_job(JOB, WEB02)
    job_id = server.simulator.job(JOB).id
    named = f'id = "{job_id}/{object_id}"'
    if way == "identity":
        named = f'identity = {{\n job_id = "{job_id}"\n object_id = "{object_id}"\n}}'
    block = f"import {{\n to = veeam_job_object.this\n {named}\n}}"
    workspace.write(configuration(more=block))
    assert "1 to import, 0 to add, 0 to change, 0 to destroy" in workspace.plan()
    workspace.apply()
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert WEB02 not in server.simulator.objects_in(JOB)


def test_a_task_that_fails_is_told_with_the_servers_words(
    workspace: Workspace, server: Server
) -> None:
    server.fault("task-fails", INCLUDES, message="The job is locked.")
    workspace.write(configuration())
    said = workspace.fail(*APPLY)
    assert "could not put the object into the job" in said
    assert "The job is locked." in said
    assert server.simulator.objects_in(JOB).count(WEB02) == 0
    workspace.apply()
    server.fault("task-fails", "DELETE /jobs/.*", message="The job is locked.")
    said = workspace.fail("destroy", "-auto-approve", "-no-color")
    assert "could not take the object out of the job" in said
    workspace.destroy()
    assert server.simulator.objects_in(JOB).count(WEB02) == 0


def test_a_change_of_job_or_reference_replaces_it(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration())
    workspace.apply()
    workspace.write(configuration(f'"{WEB02.upper().replace("URN", "urn")}"'))
    assert "No changes" in workspace.plan()
    workspace.write(configuration(f'"{server.simulator.vm("app01")}"'))
    assert "must be replaced" in workspace.plan()
    workspace.apply()
    assert server.simulator.objects_in(JOB)[1:] == [server.simulator.vm("app01")]


def test_the_objects_of_jobs_are_listed_with_their_configuration(
    workspace: Workspace, server: Server
) -> None:
    job_id = server.simulator.job(JOB).id
    workspace.write(REQUIRED)
    query = f"""
list "veeam_job_object" "some" {{
  provider         = veeam
  include_resource = true
  config {{
    job_id = "{job_id}"
  }}
}}
list "veeam_job_object" "all" {{
  provider = veeam
  limit    = 5
}}
"""
    workspace.write(query, "some.tfquery.hcl")
    output = workspace.run("query", "-no-color", "-generate-config-out=found.tf")
    assert f"dc01 in {JOB}" in output
    assert "oracle03 in Daily" in output
    found = (workspace.folder / "found.tf").read_text()
    assert server.simulator.objects_in(JOB)[0] in found
    assert found.count('resource "veeam_job_object"') == 6


BEFORE = f'"{WEB02}"\n  lifecycle {{\n create_before_destroy = true\n }}'


def test_one_that_is_made_before_its_like_is_destroyed_takes_its_object_over(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(configuration(BEFORE))
    workspace.apply()
    workspace.apply("-replace=veeam_job_object.this")
    assert WEB02 in server.simulator.objects_in(JOB)
    assert len(server.requests("POST", "/jobs/.*/includes")) == 1
    assert server.requests("DELETE", "/jobs/.*") == []
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert WEB02 not in server.simulator.objects_in(JOB)


def test_in_a_saved_plan_it_says_what_is_in_the_way(workspace: Workspace, server: Server) -> None:
    """Terraform tells the apply nothing of the one that is replaced, and no file of ours does."""
    workspace.write(configuration(BEFORE))
    workspace.apply()
    workspace.plan("-replace=veeam_job_object.this", "-out=saved")
    said = flat(workspace.fail("apply", "-no-color", "saved"))
    assert "plan and apply in one command" in said
    assert "No changes" in workspace.plan()
    workspace.apply("-replace=veeam_job_object.this")
    assert "No changes" in workspace.plan()
