"""The servers that exist: camelCase, PascalCase and XML, with a byte order mark and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import MOUNTS, RESTORE_POINT, SEED, Server

from em_simulator import Family, Simulator
from em_simulator.catalogue import MACHINES, NIGHTS
from support.called_provider import CLOCK, CalledProvider

MOUNT = "veeam_mount_point"
FILE = "E:/Documentation 2014/Offers.docx"
FORMS: dict[str, dict[str, Any]] = {
    "camel-bom": {"json_names": "camel", "byte_order_mark": True},
    "pascal": {"json_names": "pascal", "json_nulls": "absent"},
    "xml-bom": {"answers": "xml", "byte_order_mark": True},
    "lower": {"paths": "lower", "json_lists": "items", "needs_mount_body": True},
    "upper": {"paths": "upper", "json_lists": "bare", "shown_sessions": "own"},
}


@pytest.fixture(params=FORMS)
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(clock=CLOCK, seed=SEED, mount_seconds=0.1, **FORMS[request.param]) as running:
        yield running


def test_a_file_is_looked_up_mounted_listed_downloaded_and_unmounted(
    provider: CalledProvider, server: Server, tmp_path: Path
) -> None:
    point = provider.read(
        "veeam_restore_point",
        machine_name="oracle03",
        created_before="2026-11-14T00:00:00Z",
        latest=True,
    ).value
    assert point["created_at"].startswith("2026-11-13T22:00:42")
    points = provider.read("veeam_restore_points", limit=250).value["restore_points"]
    ids = {one["id"] for one in points}
    assert len(ids) == len(server.simulator.restore_points(Family.VM)[:250])
    (backup_server,) = provider.read("veeam_backup_servers").value["backup_servers"]
    assert backup_server["name"] == "backup01.tech.local"
    machines = provider.read("veeam_machines").value["machines"]
    assert len(machines) == len(MACHINES)
    assert {machine["restore_point_count"] for machine in machines} == {NIGHTS}

    made = provider.create(MOUNT, restore_point_id=point["id"], os_kind="Windows").value
    (mount,) = server.mounts()
    assert mount.restore_point_id == point["id"]
    assert made.values["file_system_roots"] == ["C:", "E:"]
    mounted = {
        "mount_point_id": made.values["id"],
        "session_fingerprint": made.values["session_fingerprint"],
    }
    files = provider.read("veeam_mount_point_files", path="C:/Logs", **mounted).value["files"]
    assert (len(files), files[7]["size"]) == (250, 107)
    assert files[7]["modified_at"].startswith("2026-11-02T08:17:17")
    restores = provider.read("veeam_restore_sessions").value["restore_sessions"]
    assert [one["restore_point_id"] for one in restores] == [mount.restore_point_id]
    download: dict[str, Any] = {"paths": [FILE], "folder": str(tmp_path / "restored")}
    assert provider.act("veeam_file_download", **download, **mounted).value
    expected = server.simulator.file(Family.VM, mount.restore_point_id, FILE)
    assert (tmp_path / "restored" / "Offers.docx").read_bytes() == expected

    assert not provider.delete(made).has_failed
    provider.close()
    assert (server.mounts(), server.sessions()) == ([], [])
    assert len(server.requests("DELETE", mount.path)) == 1


@pytest.mark.parametrize("family", [Family.REPLICA, Family.AGENT])
def test_the_other_families_are_mounted_and_unmounted(
    provider: CalledProvider, server: Server, family: Family
) -> None:
    newest = server.simulator.restore_points(family)[0].id
    kind = family.name.lower()
    made = provider.create(MOUNT, restore_point_id=newest, restore_point_type=kind).value
    (mount,) = server.mounts()
    assert not provider.delete(made).has_failed
    provider.close()
    assert len(server.requests("DELETE", mount.path)) == 1
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_refusal_is_told_with_the_servers_own_words(
    provider: CalledProvider, server: Server
) -> None:
    server.fault("task-fails", f"POST {MOUNTS}", message="The repository is offline.")
    said = provider.create(MOUNT, restore_point_id=RESTORE_POINT).error
    assert "The repository is offline." in said
    missing = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    said = provider.create(MOUNT, restore_point_id=missing).error
    assert "Restore point not found" in said
    assert "does not exist" in said
