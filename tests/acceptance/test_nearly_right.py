"""Names that are nearly right: the plan or the import names the right one.

What else is told is tested in tests/unit/objects.
"""

import re

import pytest
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, Server, mount_points
from terraform import Workspace, flat

from em_simulator import Family


def plain(output: str) -> str:
    """What Terraform says, on one line and without the frame around it."""
    return flat(re.sub(r"^[│╷╵]", "", output, flags=re.MULTILINE))


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


@pytest.mark.parametrize("kind", ["vm", "agent"])
def test_an_import_of_a_wrong_number_or_family_names_the_mount_that_is_there(
    workspace: Workspace, server: Server, token: dict[str, str], kind: str
) -> None:
    server.simulator.mount(token["VEEAM_EM_SESSION_TOKEN"], Family.VM, RESTORE_POINT)
    workspace.write(mount_points(1))
    address, wrong = "veeam_mount_point.this[0]", f"{kind}/{RESTORE_POINT}/7"
    said = plain(workspace.fail("import", "-no-color", address, wrong, **token))
    assert f"has no {wrong}, but there is vm/{RESTORE_POINT}/1." in said
