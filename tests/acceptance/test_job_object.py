"""VMs in jobs: in with the configuration, out with the destroy, whatever others do meanwhile."""

from typing import Any

import pytest
from helpers import REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import PORTAL_USER, Simulator
from em_simulator.catalogue import Catalogue

APPLY = ("apply", "-auto-approve", "-no-color")
PLAN = ("plan", "-no-color")
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


@pytest.mark.parametrize("code", [401, 404])
def test_a_gateway_that_answers_for_a_while_takes_nothing_out_of_the_state(
    workspace: Workspace, server: Server, code: int
) -> None:
    job_id = server.simulator.job(JOB).id
    workspace.write(
        f'{REQUIRED}\nresource "veeam_job_object" "this" {{\n'
        f'  job_id = "{job_id}"\n  ref    = "{WEB02}"\n}}\n'
    )
    workspace.apply()
    for pattern in (".* /jobs/.*", ".* /(jobs|query).*"):
        server.fault("status", pattern, None, code=code, html=True)
        workspace.fail(*PLAN, "-refresh-only")
        workspace.fail("destroy", "-auto-approve", "-no-color")
        server.simulator.clear_faults()
    assert "No changes" in workspace.plan()
    assert WEB02 in server.simulator.objects_in(JOB)
    workspace.destroy()
    assert WEB02 not in server.simulator.objects_in(JOB)


def test_what_is_in_the_job_already_is_not_taken_over(workspace: Workspace, server: Server) -> None:
    object_id = server.simulator.add_to_job(JOB, WEB02)
    workspace.write(configuration())
    said = workspace.fail(*APPLY)
    assert "The object is in the job already" in said
    assert object_id in said
    assert len(server.requests("POST", "/jobs/.*")) == 0


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


def test_an_import_of_what_is_not_there_lists_what_is(workspace: Workspace, server: Server) -> None:
    job_id = server.simulator.job(JOB).id
    workspace.write(configuration())
    of = ("import", "-no-color", "veeam_job_object.this")
    said = workspace.fail(*of, f"{job_id}/{job_id}")
    assert "Object not found in the job" in said
    assert "dc01" in said
    assert "Job not found" in workspace.fail(*of, f"{job_id[:-1]}0/{job_id}")
    assert "JOB_UUID/OBJECT_UUID" in workspace.fail(*of, "web02")


@pytest.mark.parametrize("fault", ["reset-after", "cut-body", "task-vanishes", "lag"])
def test_an_object_whose_answer_is_lost_or_late_is_found_again(
    workspace: Workspace, server: Server, fault: str
) -> None:
    server.fault(fault, INCLUDES)
    workspace.write(configuration())
    workspace.apply()
    assert server.simulator.objects_in(JOB).count(WEB02) == 1
    assert len(server.requests("POST", "/jobs/.*/includes")) == 1
    assert "No changes" in workspace.plan()


def test_a_request_that_may_have_got_lost_is_told(workspace: Workspace, server: Server) -> None:
    server.fault("reset-before", INCLUDES)
    workspace.write(configuration())
    said = workspace.fail(*APPLY)
    assert "It is not known whether the object was put into the job" in said
    assert "Apply again" in said
    workspace.apply()
    assert server.simulator.objects_in(JOB).count(WEB02) == 1


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


def test_a_copy_job_is_refused_in_the_plan(workspace: Workspace) -> None:
    workspace.write(configuration(job="Copies"))
    said = workspace.fail(*PLAN)
    assert "The job includes no VMs" in said
    assert "Copies is of type ImmediateBackupCopy" in said


def test_a_change_of_job_or_reference_replaces_it(workspace: Workspace, server: Server) -> None:
    workspace.write(configuration())
    workspace.apply()
    workspace.write(configuration(f'"{WEB02.upper().replace("URN", "urn")}"'))
    assert "No changes" in workspace.plan()
    workspace.write(configuration(f'"{server.simulator.vm("app01")}"'))
    assert "must be replaced" in workspace.plan()
    workspace.apply()
    assert server.simulator.objects_in(JOB)[1:] == [server.simulator.vm("app01")]


def test_an_account_that_may_not_is_told_who_may(workspace: Workspace, server: Server) -> None:
    job_id = f'"{server.simulator.job(JOB).id}"'
    block = configuration(job_id=job_id).replace('data "veeam_job"', 'data "veeam_backup_servers"')
    workspace.write(block.replace(f'name = "{JOB}"', ""))
    who = {
        "VEEAM_EM_USERNAME": PORTAL_USER.username,
        "VEEAM_EM_PASSWORD": PORTAL_USER.password,
    }
    said = workspace.fail(*APPLY, **who)
    assert "It takes the role Portal Administrator in Enterprise Manager" in said


@pytest.mark.parametrize(
    ("job_id", "ref", "message"),
    [
        ('"Daily"', f'"{WEB02}"', "is neither a UUID"),
        (
            f'"urn:veeam:Backup:{WEB02[14:50]}"',
            f'"{WEB02}"',
            "It is the URN of a Backup, not of a Job.",
        ),
        (f'"{WEB02[14:50]}"', '"web02"', "is not a reference like urn:VMware:Vm:"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    workspace: Workspace, job_id: str, ref: str, message: str
) -> None:
    workspace.write(configuration(ref, job_id=job_id))
    assert message in workspace.fail("validate", "-no-color")


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


@pytest.mark.parametrize("form", ["camel", "pascal", "xml"])
def test_all_forms_of_servers_are_understood(workspace: Workspace, form: str) -> None:
    more: dict[str, Any] = {"json_names": form, "json_nulls": "absent"}
    if form == "xml":
        more = {"answers": "xml"}
    with Simulator(seed=SEED, mount_seconds=0.2, lag=1.0, **more) as running:
        workspace.environment |= Server(running).environment
        workspace.write(configuration())
        workspace.apply()
        assert "No changes" in workspace.plan()
        assert running.objects_in(JOB)[-1] == WEB02
        workspace.destroy()
        assert WEB02 not in running.objects_in(JOB)


def test_one_that_is_to_be_made_before_its_like_is_destroyed_says_what_is_in_the_way(
    workspace: Workspace, server: Server
) -> None:
    """Terraform tells the apply nothing of the one that is replaced: it can't be taken over."""
    before = "lifecycle {\n create_before_destroy = true\n }"
    workspace.write(configuration(f'"{WEB02}"\n  {before}'))
    workspace.apply()
    said = flat(workspace.fail(*APPLY, "-replace=veeam_job_object.this"))
    assert "remove create_before_destroy: a job has each object once" in said
    assert "No changes" in workspace.plan()
    workspace.write(configuration())
    workspace.apply("-replace=veeam_job_object.this")
    assert "No changes" in workspace.plan()
    assert len(server.requests("POST", "/jobs/.*/includes")) == 2
