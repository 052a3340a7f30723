"""Mount by `terraform apply`, unmount by `terraform destroy`, in other processes, later."""

from collections.abc import Callable

import pytest
from helpers import MOUNTS, SEED, Server, mount_points
from terraform import Workspace, flat

from em_simulator import MountNumbers, Simulator
from support.fingerprints import fingerprint
from terraform_provider_veeam.packaging import ADDRESSES


@pytest.mark.start
@pytest.mark.parametrize("flags", [(), ("-refresh=false",)], ids=["refreshed", "unrefreshed"])
def test_destroy_unmounts_through_the_session_that_mounted(
    workspace: Workspace, server: Server, flags: tuple[str, ...]
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    (mount,) = server.mounts()
    (made,) = server.requests("POST", MOUNTS)

    output = workspace.destroy(*flags)

    (unmount,) = server.requests("DELETE", mount.path)
    assert (unmount.status, unmount.session_id) == (204, mount.session_id)
    assert unmount.token == made.token
    assert server.mounts() == []
    assert server.sessions() == []
    assert "Warning" not in output


@pytest.mark.start
def test_it_serves_a_terraform_whose_plugin_tls_is_switched_off(
    workspace: Workspace, server: Server
) -> None:
    workspace.environment["TF_DISABLE_PLUGIN_TLS"] = "1"
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.destroy()
    assert (server.mounts(), server.sessions()) == ([], [])


def test_a_command_asks_once_for_a_restore_point_that_it_mounts(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    point = r"/vmRestorePoints/[0-9a-f-]{36}"
    assert len(server.requests("GET", point)) == 1
    assert len(server.requests("POST", "/sessionMngr")) == 2
    workspace.destroy()
    workspace.plan("-out=saved")
    workspace.apply("saved")
    assert len(server.requests("GET", point)) == 3  # what another command has found is not believed


def test_what_was_mounted_is_in_the_plan_and_in_the_state(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    plan = workspace.plan()
    assert 'restore_point_name       = "' in plan
    assert 'restore_point_created_at = "20' in plan
    workspace.apply()
    (mount,) = server.mounts()
    (instance,) = workspace.instances()
    attributes = instance["attributes"]
    assert attributes["href"] == mount.path
    assert attributes["session_fingerprint"] == fingerprint(mount.session_id)
    assert attributes["mount_id"] == 1
    assert attributes["id"] == f"vm/{attributes['restore_point_id']}/1"
    assert attributes["file_system_roots"]
    assert attributes["restore_point_type"] == "vm"


def test_requests_are_few(workspace: Workspace, server: Server) -> None:
    count = 12
    workspace.write(mount_points(count))
    workspace.apply()
    # To look up in the plan, whose values the apply has, and one for each mount.
    assert len(server.requests("POST", "/sessionMngr")) == 1 + count
    assert len(server.requests("POST", MOUNTS)) == count
    assert len(server.requests("GET", f"{MOUNTS}/\\d+")) == count
    assert len(server.requests("GET", "/tasks/.+")) <= 2 * count
    assert server.requests("GET", "/tasks") == []
    assert len({mount.session_id for mount in server.mounts()}) == len(server.sessions()) == count

    before = len(server.requests())
    assert "No changes" in workspace.plan()
    seen = server.requests()[before:]
    assert [(r.method, r.status) for r in seen] == [("GET", 200)] * count
    assert len(server.requests("GET", f"{MOUNTS}/\\d+")) == 2 * count

    before = len(server.requests())
    workspace.destroy()
    seen = server.requests()[before:]
    assert not [r for r in seen if "/sessionMngr" in r.path]
    assert len([r for r in seen if r.method == "GET" and "/mounts/" in r.path]) == count
    assert len([r for r in seen if r.method == "DELETE" and "/mounts/" in r.path]) == count
    rest = [(r.method, r.path.split("/")[1]) for r in seen if "/mounts/" not in r.path]
    assert rest == [("DELETE", "logonSessions")] * count
    assert server.sessions() == []


def test_a_mount_added_later_gets_a_session_of_its_own(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(2))
    workspace.apply()
    first, second = server.mounts()
    assert first.session_id != second.session_id

    workspace.destroy()

    for mount in (first, second):
        (unmount,) = [
            r for r in server.requests("DELETE", mount.path) if r.session_id == mount.session_id
        ]
        assert unmount.status == 204
    assert len(server.requests("DELETE", f"{MOUNTS}/\\d+")) == 2
    assert server.sessions() == []


@pytest.mark.parametrize("numbers", list(MountNumbers))
def test_two_mounts_of_one_restore_point_are_removed_each_through_its_own_session(
    workspace: Workspace, numbers: MountNumbers
) -> None:
    with Simulator(seed=SEED, mount_numbers=numbers) as simulator:
        server = Server(simulator)
        workspace.environment |= server.environment
        workspace.write(mount_points(2))
        workspace.apply()
        first, second = (i["attributes"] for i in workspace.instances())
        workspace.write(mount_points(1))
        workspace.apply()
        (left,) = server.mounts()
        assert fingerprint(left.session_id) == first["session_fingerprint"]
        (unmount,) = server.requests("DELETE", f"{MOUNTS}/\\d+")
        assert fingerprint(unmount.session_id or "") == second["session_fingerprint"]
        assert server.sessions() == [left.session_id]
        assert "No changes" in workspace.plan()
        workspace.destroy()
        assert (server.mounts(), server.sessions()) == ([], [])
        assert simulator.lost_by_logout() == []


def test_a_wrong_password_is_tried_once_for_twenty_mounts(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(20))
    for arguments in (("plan", "-no-color"), ("apply", "-auto-approve", "-no-color")):
        before = len(server.requests("POST", "/sessionMngr"))
        said = workspace.fail(*arguments, VEEAM_EM_PASSWORD="wrong")
        assert "Enterprise Manager refuses the logon" in said
        assert len(server.requests("POST", "/sessionMngr")) == before + 1


def test_a_server_that_answers_in_xml_is_understood(workspace: Workspace, server: Server) -> None:
    server.fault("xml", ".*", None)
    workspace.write(mount_points(2))
    workspace.apply()
    assert "No changes" in workspace.plan()
    assert workspace.instances()[0]["attributes"]["file_system_roots"]
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


@pytest.mark.parametrize("kind", ["vm", "replica", "agent"])
def test_every_family_of_restore_points_is_mounted_and_unmounted(
    workspace: Workspace, server: Server, kind: str
) -> None:
    workspace.write(mount_points(1, kind=kind))
    workspace.apply()
    (mount,) = server.mounts()
    assert workspace.instances()[0]["attributes"]["id"].startswith(f"{kind}/")
    assert "No changes" in workspace.plan()
    workspace.destroy()
    assert len(server.requests("DELETE", mount.path)) == 1
    assert server.mounts() == []


def test_a_plan_of_a_mount_whose_session_expired_drops_it_and_says_why(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    output = flat(workspace.plan())
    assert "its logon session has ended" in output
    assert "15 minutes" in output
    assert "1 to add" in output
    assert server.requests("DELETE", f"{MOUNTS}/.*") == []


def test_a_lost_session_is_told_with_what_the_backup_server_still_shows(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    assert "still shows a working file-level restore of it (FLR_[" in flat(workspace.plan())
    server.fault("status", "GET /query", None, code=500)
    assert "could not be found out" in flat(workspace.plan())
    output = flat(workspace.destroy("-refresh=false"))
    assert "could not be found out" in output


def test_a_new_apply_mounts_again_after_the_session_expired(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    output = flat(workspace.apply())
    assert "its logon session has ended" in output
    assert "1 added" in output
    assert len(server.mounts()) == 1
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


@pytest.mark.parametrize("flags", [(), ("-refresh=false",)], ids=["refreshed", "unrefreshed"])
def test_destroy_of_a_mount_whose_session_expired_succeeds(
    workspace: Workspace, server: Server, flags: tuple[str, ...]
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    output = flat(workspace.destroy(*flags))
    if flags:
        assert "its logon session has ended" in output
    assert workspace.instances() == []
    assert not [r for r in server.requests("DELETE", f"{MOUNTS}/.*") if r.status == 204]


def test_nothing_is_deleted_through_a_foreign_session(workspace: Workspace, server: Server) -> None:
    """The lost mount was mounts/1, as is another user's mount of the same restore point."""
    workspace.write(mount_points(1))
    workspace.apply()
    server.expire_sessions()
    foreign = server.mount_as_somebody_else()
    workspace.destroy("-refresh=false")
    assert server.mounts() == [foreign]


def test_another_spelling_of_the_same_restore_point_changes_nothing(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    (instance,) = workspace.instances()
    uuid = instance["attributes"]["restore_point_id"]
    workspace.write(mount_points(1).replace(uuid, f"urn:veeam:VmRestorePoint:{uuid.upper()}"))
    assert "No changes" in workspace.plan()


def test_new_timeouts_are_taken_over_in_place(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    before = server.mounts()
    workspace.write(mount_points(1, extra='timeouts = {\n delete = "1m"\n }'))
    assert "0 to add, 1 to change, 0 to destroy" in workspace.apply()
    assert server.mounts() == before
    workspace.destroy()
    assert server.mounts() == []
    assert server.sessions() == []


def test_another_os_kind_replaces_the_mount(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    workspace.write(mount_points(1, extra='os_kind = "Linux"'))
    output = workspace.apply()
    assert "1 added, 0 changed, 1 destroyed" in output
    assert len(server.mounts()) == len(server.sessions()) == 1


def test_a_plan_alone_leaves_no_session_behind(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    workspace.plan()
    assert server.sessions() == []
    assert len(server.requests("DELETE", "/logonSessions/.+")) == 1


def test_init_writes_a_lock_file(workspace: Workspace, server: Server) -> None:
    lock = (workspace.folder / ".terraform.lock.hcl").read_text()
    assert any(f'provider "{address}"' in lock for address in ADDRESSES)
    assert "h1:" in lock


def test_an_existing_session_is_used_and_never_logged_out(
    workspace: Workspace, server: Server, simulator: Simulator, log_on: Callable[[], str]
) -> None:
    token = log_on()
    (session,) = server.sessions()
    environment = {
        "VEEAM_EM_SESSION_TOKEN": token,
        "VEEAM_EM_USERNAME": "",
        "VEEAM_EM_PASSWORD": "",
    }
    workspace.write(mount_points(1))
    workspace.apply(**environment)
    assert [mount.session_id for mount in server.mounts()] == [session]
    workspace.destroy()  # with the user's name again: the session is still not ours to end
    assert server.mounts() == []
    assert session in server.sessions()
