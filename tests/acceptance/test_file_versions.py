"""A whole restore without knowing the night, on the servers that exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import MOUNTS, REQUIRED, SEED, Server
from terraform import Workspace

from em_simulator import Family, Simulator

FILE = "E:/Documentation 2014/Contract.docx"
FORMS: dict[str, dict[str, Any]] = {
    "13": {},
    "12": {"json_names": "pascal", "json_nulls": "absent", "browse_seconds": 0.3},
    "xml": {"answers": "xml", "byte_order_mark": True},
}


@pytest.fixture(params=FORMS)
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(seed=SEED, **FORMS[request.param]) as running:
        yield running


def test_a_lost_file_is_found_mounted_downloaded_and_unmounted_in_one_configuration(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    workspace.write(f"""{REQUIRED}
data "veeam_file_versions" "contract" {{
  machine_name = "oracle03"
  path         = "{FILE}"
  limit        = 1
}}
resource "veeam_mount_point" "this" {{
  restore_point_id = data.veeam_file_versions.contract.file_versions[0].restore_point_id
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_file_download.this]
    }}
  }}
}}
action "veeam_file_download" "this" {{
  config {{
    mount_point_id      = veeam_mount_point.this.id
    session_fingerprint = veeam_mount_point.this.session_fingerprint
    paths               = [data.veeam_file_versions.contract.file_versions[0].path]
    folder              = "{tmp_path}/restored"
  }}
}}
check "the_offers_are_in_the_last_backup" {{
  data "veeam_file_versions" "offers" {{
    machine_name  = "oracle03"
    path          = "E:/Documentation 2014/Off*.docx"
    created_after = "2026-11-15T00:00:00Z"
  }}
  assert {{
    condition     = length(data.veeam_file_versions.offers.file_versions) > 0
    error_message = "The offers are not in the last backup."
  }}
}}
""")
    planned = workspace.plan()
    assert "oracle03@2026-11-08 22:00:42" in planned
    assert "The offers are not" not in planned
    assert server.requests("POST", MOUNTS) == []

    workspace.apply()
    (mount,) = server.mounts()
    expected = server.simulator.file(Family.VM, mount.restore_point_id, FILE)
    assert (tmp_path / "restored" / "Contract.docx").read_bytes() == expected
    assert len(server.requests("POST", MOUNTS)) == 1

    assert "0 to add, 0 to change, 0 to destroy" in workspace.plan()
    server.simulator.remove_file("oracle03", "E:/Documentation 2014/Offers.docx")
    assert "The offers are not in the last backup." in workspace.plan()
    workspace.destroy()
    assert (server.mounts(), server.sessions()) == ([], [])
