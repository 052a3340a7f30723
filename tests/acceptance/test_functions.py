"""The functions, called by real Terraform."""

import pytest
from helpers import REQUIRED
from terraform import Workspace, flat

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def evaluate(workspace: Workspace, expression: str) -> object:
    workspace.write(f'{REQUIRED}\noutput "result" {{\n  value = {expression}\n}}\n')
    workspace.apply()
    return workspace.output("result")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (
            f'parse_uid("urn:veeam:VmReplicaPoint:{UUID.upper()}")',
            {"uuid": UUID, "entity": "VmReplicaPoint", "restore_point_type": "replica"},
        ),
        (f'parse_uid("{UUID}")', {"uuid": UUID, "entity": None, "restore_point_type": None}),
        (
            f'parse_mount_point_id("agent/{UUID}/12")',
            {"restore_point_type": "agent", "restore_point_id": UUID, "mount_id": 12},
        ),
        (
            f'parse_mount_point_id("{UUID}/1")',
            {"restore_point_type": "vm", "restore_point_id": UUID, "mount_id": 1},
        ),
        (f'mount_point_id("vm", "urn:veeam:VmRestorePoint:{UUID}", 3)', f"vm/{UUID}/3"),
    ],
)
def test_results(workspace: Workspace, expression: str, result: object) -> None:
    assert evaluate(workspace, f"provider::veeam::{expression}") == result


@pytest.mark.parametrize(
    ("expression", "argument", "says"),
    [
        ('parse_uid("oracle03")', "uid", "is neither a UUID"),
        ('parse_mount_point_id("vm/1")', "id", "is not a mount point"),
        (f'mount_point_id("tape", "{UUID}", 1)', "restore_point_type", "is not one of"),
        ('mount_point_id("vm", "x", 1)', "restore_point_id", "is neither a UUID"),
        (
            f'mount_point_id("vm", "urn:veeam:AgentRestorePoint:{UUID}", 1)',
            "restore_point_id",
            "It is the URN of a AgentRestorePoint",
        ),
        (f'mount_point_id("vm", "{UUID}", 0)', "mount_id", "not a whole number greater than 0"),
        (f'mount_point_id("vm", "{UUID}", 1.5)', "mount_id", "not a whole number"),
    ],
)
def test_bad_input_is_an_error_on_the_argument(
    workspace: Workspace, expression: str, argument: str, says: str
) -> None:
    call = f"provider::veeam::{expression}"
    workspace.write(f'{REQUIRED}\noutput "result" {{\n  value = {call}\n}}\n')
    output = flat(workspace.fail("plan", "-no-color"))
    assert f'Invalid value for "{argument}" parameter' in output
    assert says in output
