"""What a restore session's links tell of its restore point."""

import json
from typing import Any

import pytest

from terraform_provider_veeam.em.http.decoders import decode
from terraform_provider_veeam.em.inventory.restore_sessions import parse_restore_session
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType

UUID = "5a5a5e5b-0d4a-4b3c-9d3e-1f2a3b4c5d6e"


def session(*links: tuple[str, str, str]) -> dict[str, Any]:
    found = [{"Rel": rel, "Type": type_, "Href": href} for rel, type_, href in links]
    entity = {"Name": "FLR_[oracle03]", "Links": {"Link": found}}
    return dict(decode(json.dumps(entity).encode()).value)


@pytest.mark.parametrize("end", ["", "?format=Entity", "/mounts/1"])
def test_the_restore_point_is_the_one_that_a_link_leads_to(end: str) -> None:
    found = parse_restore_session(
        session(
            ("Up", "BackupServer", f"https://em:9398/api/backupServers/{UUID}"),
            ("Related", "BackupServerReference", f"https://em:9398/api/backupServers/{UUID}"),
            (
                "Related",
                "VmRestorePoint",
                f"https://em:9398/api/vmRestorePoints/{UUID.upper()}{end}",
            ),
        )
    )
    assert found.restore_points == (RestorePointRef(RestorePointType.VM, UUID),)


@pytest.mark.parametrize(
    ("rel", "path"),
    [
        ("Related", f"hierarchyRoots/{UUID}"),
        ("Related", f"catalog/vmRestorePoints/{UUID}"),
        ("Related", "vmRestorePoints/all"),
        ("Up", f"vmRestorePoints/{UUID}"),
    ],
)
def test_other_links_tell_no_restore_point(rel: str, path: str) -> None:
    found = parse_restore_session(session((rel, "Reference", f"https://em:9398/api/{path}")))
    assert found.restore_points == ()
