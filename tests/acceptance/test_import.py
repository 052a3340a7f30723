"""Import: what somebody else has mounted is taken over as it is, and never mounted anew."""

import pytest
from helpers import MOUNTS, Server, mount_points
from terraform import Workspace

from em_simulator import Family, MountPoint

ADDRESS = "veeam_mount_point.this[0]"
FAMILIES = {"vm": Family.VM, "replica": Family.REPLICA, "agent": Family.AGENT}


def mounted(server: Server, token: dict[str, str], kind: str = "vm") -> MountPoint:
    """What somebody else has mounted for Linux, which no answer tells."""
    family = FAMILIES[kind]
    point = server.simulator.restore_points(family)[0].id
    return server.simulator.mount(token["VEEAM_EM_SESSION_TOKEN"], family, point)


def check_taken_over(workspace: Workspace, server: Server, mount: MountPoint) -> None:
    """Check that the mount is in the state, and that nothing has been done to it."""
    (instance,) = workspace.instances()
    assert instance["attributes"]["href"] == mount.path
    assert server.mounts() == [mount]
    assert server.requests("POST", MOUNTS) == []
    assert server.requests("DELETE", f"{MOUNTS}/.*") == []
    assert "No changes" in workspace.plan()


def by_id(mount: MountPoint, kind: str) -> str:
    return f'id = "{kind}/{mount.restore_point_id}/{mount.mount_id}"'


def by_identity(mount: MountPoint, kind: str) -> str:
    return f"""identity = {{
    restore_point_type = "{kind}"
    restore_point_id   = "{mount.restore_point_id}"
    mount_id           = {mount.mount_id}
  }}"""


@pytest.mark.parametrize("name", [by_id, by_identity])
@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("vm", 'os_kind = "Linux"'),
        ("replica", 'os_kind = "Linux"'),
        ("vm", 'os_kind = "Windows"\ntimeouts = {\ncreate = "1h"\n}'),
        ("vm", ""),
        ("agent", ""),
    ],
)
def test_what_an_import_block_names_is_taken_over(
    workspace: Workspace,
    server: Server,
    token: dict[str, str],
    name: object,
    kind: str,
    written: str,
) -> None:
    assert callable(name)
    mount = mounted(server, token, kind)
    block = f"\nimport {{\n  to = {ADDRESS}\n  {name(mount, kind)}\n}}\n"
    workspace.write(mount_points(1, kind=kind, extra=written) + block)
    assert "1 imported, 0 added" in workspace.apply(**token)
    check_taken_over(workspace, server, mount)


def test_what_the_import_could_not_know_is_taken_over_in_place_once(
    workspace: Workspace, server: Server, token: dict[str, str]
) -> None:
    mount = mounted(server, token)
    workspace.write(mount_points(1, extra='os_kind = "Linux"'))
    workspace.run("import", "-no-color", ADDRESS, f"{mount.restore_point_id}/1", **token)
    assert "0 added, 1 changed, 0 destroyed" in workspace.apply()
    check_taken_over(workspace, server, mount)
    (instance,) = workspace.instances()
    assert instance["attributes"]["os_kind"] == "Linux"
    # From now on it is known: another one is another mount.
    workspace.write(mount_points(1, extra='os_kind = "Windows"'))
    assert "1 to add, 0 to change, 1 to destroy" in workspace.plan()


def test_the_same_mount_in_other_words_is_taken_over(
    workspace: Workspace, server: Server, token: dict[str, str]
) -> None:
    mount = mounted(server, token)
    urn = f"urn:veeam:VmRestorePoint:{mount.restore_point_id.upper()}"
    workspace.write(mount_points(1, restore_point=urn))
    workspace.run("import", "-no-color", ADDRESS, f"{mount.restore_point_id}/1", **token)
    workspace.apply()
    check_taken_over(workspace, server, mount)


@pytest.mark.parametrize("kind", list(FAMILIES))
def test_a_configuration_that_is_generated_for_an_import_changes_nothing(
    workspace: Workspace, server: Server, token: dict[str, str], kind: str
) -> None:
    mount = mounted(server, token, kind)
    required = mount_points(0).partition("resource")[0]
    block = f"import {{\n  to = veeam_mount_point.this\n  {by_id(mount, kind)}\n}}\n"
    workspace.write(required + block)
    planned = workspace.plan("-generate-config-out=generated.tf", **token)
    assert "1 to import, 0 to add, 0 to change, 0 to destroy" in planned
    assert "1 imported, 0 added, 0 changed" in workspace.apply(**token)
    check_taken_over(workspace, server, mount)
