"""Which roles a refusal names."""

import pytest

from terraform_provider_veeam.em.http.refusals import (
    ADMINISTRATOR,
    FILE_OPERATOR,
    USER,
    VM_OPERATOR,
    limits_for,
    roles_for,
)

ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.mark.parametrize(
    ("request_", "roles"),
    [
        (f"POST /vmRestorePoints/{ID}/mounts", (ADMINISTRATOR, FILE_OPERATOR)),
        (f"POST /agents/agentRestorePoints/{ID}/mounts", (ADMINISTRATOR, FILE_OPERATOR)),
        (
            f"POST /vmReplicaPoints/{ID}/mounts/1/C:/a?action=restore",
            (ADMINISTRATOR, FILE_OPERATOR),
        ),
        (f"GET /agents/agentRestorePoints/{ID}?format=Entity", (ADMINISTRATOR, USER)),
        ("GET /query?type=AgentRestorePoint&format=Entities", (ADMINISTRATOR, USER)),
        ("GET /query?type=BackupServer&format=Entities", (ADMINISTRATOR, USER)),
        (
            f"GET /vmRestorePoints/{ID}?format=Entity",
            (ADMINISTRATOR, USER, VM_OPERATOR, FILE_OPERATOR),
        ),
        (
            "GET /query?type=RestoreSession&format=Entities",
            (ADMINISTRATOR, USER, VM_OPERATOR, FILE_OPERATOR),
        ),
        (f"POST /vmRestorePoints/{ID}?action=restore", (ADMINISTRATOR, VM_OPERATOR)),
        (f"POST /jobs/{ID}?action=start", (ADMINISTRATOR,)),
        ("GET /query?type=Job", (ADMINISTRATOR,)),
        ("GET /repositories", (ADMINISTRATOR, USER)),
        (f"GET /replicaSessions/{ID}?format=Entity", (ADMINISTRATOR, USER)),
        ("GET /query?type=ReplicaTaskSession&format=Entities", (ADMINISTRATOR, USER)),
    ],
)
def test_the_roles_are_those_of_the_vendors_table(request_: str, roles: tuple[str, ...]) -> None:
    assert roles_for(request_) == roles


@pytest.mark.parametrize(
    ("request_", "is_limited"),
    [
        (f"POST /catalog/vms/a/vmRestorePoints/{ID}/guestfs/C:/a.docx?action=restore", True),
        (f"GET /vmRestorePoints/{ID}/mounts/1/C:/a.docx?action=download", True),
        (f"GET /vmRestorePoints/{ID}/mounts/1/C:/a?action=listAll", False),
        (f"POST /vmRestorePoints/{ID}?action=restore", False),
        (f"POST /catalog/vms/a/vmRestorePoints/{ID}?action=browse", False),
    ],
)
def test_an_accounts_limits_are_told_where_files_are_restored(
    request_: str, is_limited: bool
) -> None:
    assert ("FlrExtentionRestrictions" in limits_for(request_)) is is_limited
