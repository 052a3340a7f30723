"""`session_token`: two states mount in one logon session, and neither takes what is the other's."""

import shutil
from pathlib import Path

from helpers import MOUNTS, RESTORE_POINT, Server, mount_points
from terraform import Workspace


def paths_in(workspace: Workspace) -> list[str]:
    return [instance["attributes"]["href"] for instance in workspace.instances()]


def test_a_mount_whose_answer_is_lost_is_not_guessed_where_others_mount_too(
    workspace: Workspace, server: Server, token: dict[str, str], tmp_path: Path
) -> None:
    one = workspace
    shutil.copytree(one.folder, tmp_path / "two", symlinks=True)
    two = Workspace(tmp_path / "two", one.environment)
    one.write(mount_points(1))
    two.write(mount_points(1))
    two.apply(**token)
    (of_two,) = server.mounts()

    server.fault("reset-after", f"POST {MOUNTS}")
    said = one.fail("apply", "-auto-approve", "-no-color", **token)

    assert "It is not known whether the restore point was mounted" in said
    assert "Look there for a mount of the restore point" in said
    assert one.instances() == []
    assert paths_in(two) == [of_two.path]

    # The advice: what is found there, and is not of the other state, is imported.
    (of_one,) = (mount for mount in server.mounts() if mount != of_two)
    address, name = "veeam_mount_point.this[0]", f"{RESTORE_POINT}/{of_one.mount_id}"
    one.run("import", "-no-color", address, name, **token)
    assert "No changes" in one.plan(**token)
    one.destroy(**token)
    assert server.mounts() == [of_two]
    assert "No changes" in two.plan(**token)
    two.destroy(**token)
    assert server.mounts() == []
    assert len(server.sessions()) == 1  # it is somebody else's
