"""Accounts that may do some things and not others."""

import pytest
from helpers import MOUNTS, Server, mount_points
from terraform import Workspace, flat

from em_simulator import PORTAL_USER, RESTORE_OPERATOR, VM_RESTORE_OPERATOR, Account


def as_account(workspace: Workspace, account: Account) -> None:
    workspace.environment |= {
        "VEEAM_EM_USERNAME": account.username,
        "VEEAM_EM_PASSWORD": account.password,
    }


def test_a_file_restore_operator_mounts_an_agents_restore_point_without_reading_it(
    workspace: Workspace, server: Server
) -> None:
    as_account(workspace, RESTORE_OPERATOR)
    workspace.write(mount_points(1, kind="agent"))
    workspace.apply()
    (mount,) = server.mounts()
    (instance,) = workspace.instances()
    assert instance["attributes"]["restore_point_name"] is None
    assert instance["attributes"]["restore_point_created_at"] is None
    refused = server.requests("GET", "/agents/agentRestorePoints/[^/]+")
    assert {entry.status for entry in refused} == {403}
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert len(server.requests("DELETE", mount.path)) == 1
    assert (server.mounts(), server.sessions()) == ([], [])


@pytest.mark.parametrize("account", [PORTAL_USER, VM_RESTORE_OPERATOR], ids=lambda a: a.role)
def test_who_may_not_mount_is_told_the_roles_that_may(
    workspace: Workspace, server: Server, account: Account
) -> None:
    as_account(workspace, account)
    workspace.write(mount_points(1))
    said = flat(workspace.fail("apply", "-auto-approve", "-no-color"))
    assert "The account's role is too low" in said
    assert "Portal Administrator or File Restore Operator" in said
    assert (server.mounts(), server.sessions()) == ([], [])
    assert len(server.requests("POST", MOUNTS)) == 1


def test_an_operating_system_is_refused_for_an_agent(workspace: Workspace) -> None:
    workspace.write(mount_points(1, kind="agent", extra='os_kind = "Linux"'))
    said = workspace.fail("validate", "-no-color")
    assert "Invalid os_kind" in said
    assert "for an agent's restore point" in said
