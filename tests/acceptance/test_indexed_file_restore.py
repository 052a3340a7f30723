"""A lost file goes back into its machine in one apply, without a mount."""

from collections.abc import Iterator
from typing import Any

import pytest
from helpers import MOUNTS, REQUIRED, SEED, Server
from terraform import Workspace, flat

from em_simulator import Simulator

FILE = "E:/Documentation 2014/Contract.docx"
FORMS: dict[str, dict[str, Any]] = {
    "13": {"restore_seconds": 0.3},
    "12": {"json_names": "pascal", "json_nulls": "absent", "browse_seconds": 0.3},
    "xml": {"answers": "xml", "byte_order_mark": True},
}


@pytest.fixture(params=FORMS)
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(seed=SEED, **FORMS[request.param]) as running:
        yield running


def configuration(machine: str = "oracle03") -> str:
    return f"""{REQUIRED}
data "veeam_file_versions" "contract" {{
  machine_name = "oracle03"
  path         = "{FILE}"
  limit        = 1
}}
data "veeam_restore_point" "newest" {{
  machine_name = "{machine}"
  latest       = true
}}
resource "terraform_data" "restore" {{
  triggers_replace = [data.veeam_restore_point.newest.id]
  lifecycle {{
    action_trigger {{
      events  = [before_create]
      actions = [action.veeam_indexed_file_restore.contract]
    }}
  }}
}}
action "veeam_indexed_file_restore" "contract" {{
  config {{
    restore_point_id = {
        "data.veeam_file_versions.contract.file_versions[0].restore_point_id"
        if machine == "oracle03"
        else "data.veeam_restore_point.newest.id"
    }
    paths            = [data.veeam_file_versions.contract.file_versions[0].path]
  }}
}}
"""


def test_a_lost_file_is_found_and_put_back_without_a_mount(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(configuration())
    assert server.requests("POST", ".*guestfs.*") == []
    said = workspace.apply()
    assert f"Restoring {FILE} of oracle03@2026-11-08 22:00:42 to its original place" in flat(said)
    (restored,) = server.simulator.restored()
    assert (restored.machine, restored.path, restored.overwrite) == ("oracle03", FILE, True)
    assert server.requests("POST", MOUNTS) == []
    workspace.destroy()
    assert server.sessions() == []


def test_a_machine_that_is_not_indexed_is_refused_in_the_plan(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(configuration("exch01"))
    said = flat(workspace.fail("plan", "-no-color"))
    assert "The restore point is not in the index" in said
    assert "Mount it with veeam_mount_point" in said
    assert server.sessions() == []
