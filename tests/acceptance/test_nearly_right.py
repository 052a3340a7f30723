"""Names that are nearly right: the error names the right one, and nothing else costs a request."""

import re

import pytest
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, Server, mount_points
from terraform import Workspace, flat

from em_simulator import RESTORE_OPERATOR, Family
from em_simulator.catalogue import NIGHTS

APPLY = ("apply", "-auto-approve", "-no-color")
AGENT = {"VEEAM_EM_USERNAME": RESTORE_OPERATOR.username} | {
    "VEEAM_EM_PASSWORD": RESTORE_OPERATOR.password
}


def search(body: str) -> str:
    return f'{REQUIRED}\ndata "veeam_restore_point" "this" {{\n  {body}\n}}\n'


def plain(output: str) -> str:
    """What Terraform says, on one line and without the frame around it."""
    return flat(re.sub(r"^[│╷╵]", "", output, flags=re.MULTILINE))


def test_a_machine_that_is_not_there_names_those_that_it_may_be(workspace: Workspace) -> None:
    workspace.write(search('machine_name = "Oracel03"\n  backup_server = "backup01.tech.local"'))
    said = plain(workspace.fail("plan", "-no-color"))
    assert (
        'none with restore_point_type = "vm", machine_name = "Oracel03" and backup_server = '
        '"backup01.tech.local".' in said
    )
    assert (
        f'Similar names: oracle03: {NIGHTS} restore points of type "vm", from 2026-10-26T22:00:42'
        in said
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('machine_name = "rhel72"', f'rhel72: {NIGHTS} restore points of type "agent", from'),
        (
            'machine_name = "oracle03"\n  created_before = "2020-01-01T00:00:00Z"',
            f'oracle03: {NIGHTS} restore points of type "vm", from 2026-10-26T22:00:42',
        ),
        ('machine_name = "laptop*"\n  latest = true', "laptop17"),
    ],
)
def test_what_rules_a_machine_out_is_told(workspace: Workspace, body: str, says: str) -> None:
    workspace.write(search(body))
    said = plain(workspace.fail("plan", "-no-color"))
    assert "Error: No restore point found" in said
    assert says in said


def test_a_backup_server_that_is_not_known_is_told_with_those_that_are(
    workspace: Workspace,
) -> None:
    workspace.write(search('backup_server = "backup1"'))
    said = plain(workspace.fail("plan", "-no-color"))
    assert "Error: Backup server not found" in said
    assert "Enterprise Manager knows: backup01.tech.local." in said


def test_a_restore_point_that_is_still_being_written_is_told_at_plan(
    workspace: Workspace, server: Server
) -> None:
    incomplete = server.simulator.add_incomplete_restore_point("oracle03")
    workspace.write(mount_points(1, restore_point=incomplete.id))
    said = plain(workspace.plan())
    assert "The restore point seems to be still being written" in said
    assert f"shows no way to mount or restore {incomplete.name} yet" in said
    workspace.write(mount_points(1))
    assert "Warning" not in workspace.plan()


def test_an_account_that_may_not_see_all_is_told_what_it_may_see(workspace: Workspace) -> None:
    workspace.write(search('machine_name = "rhel"'))
    said = plain(workspace.fail("plan", "-no-color", **AGENT))
    assert "Error: No restore point found" in said
    assert 'Restore points of type "agent" could not be looked through.' in said


def test_a_machine_that_is_there_costs_one_request(workspace: Workspace, server: Server) -> None:
    workspace.write(search('machine_name = "oracle03"\n  latest = true'))
    workspace.plan()
    assert len(server.requests("GET", "/query")) == 1


def test_a_list_that_is_cut_is_told_to_be(workspace: Workspace, server: Server) -> None:
    block = 'data "veeam_restore_points" "this" {{\n  machine_name = "web02"\n  limit = {}\n}}\n'
    workspace.write(REQUIRED + block.format(NIGHTS - 1))
    assert f"There are more than {NIGHTS - 1}; the rest is left out" in plain(workspace.plan())
    assert len(server.requests("GET", "/query")) == 1
    workspace.write(REQUIRED + block.format(NIGHTS))
    assert "Not all restore points are listed" not in workspace.plan()


EPHEMERAL = f"""{REQUIRED}
ephemeral "veeam_mount_point" "this" {{
  restore_point_id   = "{RESTORE_POINT}"
  restore_point_type = "replica"
}}
"""


@pytest.mark.parametrize(
    "written",
    [mount_points(1, extra='restore_point_type = "agent"'), EPHEMERAL],
    ids=["resource", "ephemeral"],
)
def test_a_restore_point_of_another_family_names_the_type_to_write(
    workspace: Workspace, server: Server, written: str
) -> None:
    workspace.write(written)
    said = plain(workspace.fail("plan", "-no-color"))
    assert "Error: The restore point is of another family" in said
    assert f"{RESTORE_POINT} is web02@2026-11-15 22:21:42 of type" in said
    assert 'write restore_point_type = "vm"' in said
    assert (server.requests("POST", MOUNTS), server.sessions()) == ([], [])


def test_who_may_not_look_before_the_mount_is_told_the_type_after_it(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1, extra='restore_point_type = "agent"'))
    said = plain(workspace.fail(*APPLY, **AGENT))
    assert 'write restore_point_type = "vm"' in said
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_restore_point_that_no_family_has_is_told_to_be_in_none(workspace: Workspace) -> None:
    workspace.write(mount_points(1, restore_point="00000000-0000-4000-8000-000000000000"))
    said = plain(workspace.fail("plan", "-no-color"))
    assert "none of another type that this account may read" in said


@pytest.mark.parametrize("kind", ["vm", "agent"])
def test_an_import_of_a_wrong_number_or_family_names_the_mount_that_is_there(
    workspace: Workspace, server: Server, token: dict[str, str], kind: str
) -> None:
    server.simulator.mount(token["VEEAM_EM_SESSION_TOKEN"], Family.VM, RESTORE_POINT)
    workspace.write(mount_points(1))
    address, wrong = "veeam_mount_point.this[0]", f"{kind}/{RESTORE_POINT}/7"
    said = plain(workspace.fail("import", "-no-color", address, wrong, **token))
    assert f"has no {wrong}, but there is vm/{RESTORE_POINT}/1." in said


def test_a_data_source_names_the_mount_that_this_configuration_makes(workspace: Workspace) -> None:
    workspace.write(
        mount_points(1)
        + f"""
data "veeam_mount_point_files" "this" {{
  mount_point_id = "vm/{RESTORE_POINT}/77"
  path           = "Volume$0:"
  depends_on     = [veeam_mount_point.this]
}}
"""
    )
    said = plain(workspace.fail(*APPLY))
    assert f"but there is vm/{RESTORE_POINT}/1 in logon session" in said


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("Volume$0:/t/b/deap.txt", "Volume$0:/t/b is there, but has no deap.txt. Similar names"),
        ("Volume$0:/tt/b", "Volume$0: is there, but has no tt."),
        ("Volume$0:/t/zzz/far/away", "Volume$0:/t is there, but has no zzz. It has: a.txt, b."),
        ("Volume$1:/home2", "Volume$1: is there, but has no home2."),
        ("Volume0:/t", "Its volumes are: Volume$0:, Volume$1:"),
    ],
)
def test_a_path_that_is_not_there_names_its_neighbours(
    workspace: Workspace, server: Server, path: str, says: str
) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/t/a.txt", b"12345")
    workspace.write(
        mount_points(1)
        + f"""
data "veeam_mount_point_files" "this" {{
  mount_point_id = veeam_mount_point.this[0].id
  path           = "{path}"
}}
"""
    )
    assert says in plain(workspace.fail(*APPLY))


def test_a_file_that_can_not_be_restored_names_its_neighbours(
    workspace: Workspace, server: Server
) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/offers.docx", b"12345")
    trigger = """
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.veeam_file_restore.this]
    }
  }
"""
    workspace.write(
        mount_points(1, extra=trigger)
        + """
action "veeam_file_restore" "this" {
  config {
    mount_point_id = veeam_mount_point.this[0].id
    paths          = ["Volume$0:/t/Offer.docx"]
  }
}
"""
    )
    said = plain(workspace.fail(*APPLY))
    assert "has no Offer.docx. Similar names there: offers.docx." in said
