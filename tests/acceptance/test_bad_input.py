"""What a person reads when something is wrong: what, where, and what to do."""

import sys
from pathlib import Path

import pytest
from helpers import MOUNTS, REQUIRED, RESTORE_POINT, Server, mount_points
from terraform import Workspace, flat

PROVIDER = """
provider "veeam" {
  %s
}
"""


def test_a_missing_attribute_names_the_variable(workspace: Workspace) -> None:
    workspace.write(PROVIDER % "" + mount_points(1))
    output = workspace.fail("plan", "-no-color", VEEAM_EM_URL="")
    assert "Error: url is not set" in output
    assert "environment variable VEEAM_EM_URL" in output
    assert 'in provider "veeam"' in output


def test_a_wrong_value_in_the_provider_block_is_shown_on_its_line(workspace: Workspace) -> None:
    workspace.write(PROVIDER % 'url = "em.example.com"' + mount_points(1))
    output = workspace.fail("validate", "-no-color")
    assert "has no scheme" in output
    assert "on main.tf line 3, in provider" in output


def test_an_address_that_is_not_known_is_named_and_its_target_helps(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(
        REQUIRED
        + PROVIDER % "url = terraform_data.server.output"
        + f"""
resource "terraform_data" "server" {{
  input = "{server.environment["VEEAM_EM_URL"]}"
}}
data "veeam_jobs" "all" {{}}
"""
    )
    output = flat(workspace.fail("plan", "-no-color"))
    assert "Error: The provider is not configured" in output
    assert "url in its provider block is known only after an apply" in output
    workspace.apply("-target=terraform_data.server")
    workspace.apply()


@pytest.mark.parametrize(
    ("extra", "says", "where"),
    [
        ('os_kind = "Solaris"', '"Solaris" is not one of "Windows", "Linux"', ": os_kind = "),
        # Terraform before 1.15 shows the first line of the resource for what is in an object.
        (
            'timeouts = {\n create = "soon"\n }',
            '"soon" is not a duration',
            "Invalid timeouts.create",
        ),
    ],
)
def test_a_wrong_value_in_the_resource_is_shown_on_its_attribute(
    workspace: Workspace, extra: str, says: str, where: str
) -> None:
    workspace.write(mount_points(1, extra=extra))
    output = workspace.fail("validate", "-no-color")
    assert says in output
    assert where in output.replace("  ", " ")


def test_a_restore_point_that_does_not_exist_fails_the_plan(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(mount_points(1, restore_point="00000000-0000-4000-8000-000000000000"))
    output = workspace.fail("plan", "-no-color")
    assert "Error: Restore point not found" in output
    assert "restore_point_id =" in output.replace("  ", " ")
    assert server.sessions() == []


def test_a_wrong_password_is_refused_once(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    output = workspace.fail("plan", "-no-color", VEEAM_EM_PASSWORD="guess-and-guess")
    assert "password" in output
    assert "guess-and-guess" not in output
    assert len(server.requests("POST", "/sessionMngr")) == 1


def test_an_account_whose_role_is_too_low(
    workspace: Workspace, server: Server, guest: dict[str, str]
) -> None:
    workspace.write(mount_points(1))
    output = workspace.fail("apply", "-auto-approve", "-no-color", **guest)
    assert "role" in output
    assert server.mounts() == []


def test_insecure_works_and_warns_every_time(workspace: Workspace) -> None:
    workspace.write(mount_points(1))
    environment = {"VEEAM_EM_CERTIFICATE_FINGERPRINT": "", "VEEAM_EM_INSECURE": "true"}
    for _ in range(2):
        assert "certificate of Enterprise Manager is not checked" in workspace.plan(**environment)


def test_a_task_that_fails_shows_the_servers_message(workspace: Workspace, server: Server) -> None:
    server.fault(
        "task-fails", "POST .*/mounts", message="The backup file is locked by another job."
    )
    workspace.write(mount_points(1))
    output = workspace.fail("apply", "-auto-approve", "-no-color")
    assert "The backup file is locked by another job." in output
    assert workspace.instances() == []
    assert server.mounts() == []
    assert server.sessions() == []


def test_a_mount_that_outlasts_its_timeout_is_cancelled(
    workspace: Workspace, slow_server: Server
) -> None:
    workspace.write(mount_points(1, extra='timeouts = {\n create = "2s"\n }'))
    output = workspace.fail("apply", "-auto-approve", "-no-color", **slow_server.environment)
    assert "timeouts" in output
    assert len(slow_server.requests("DELETE", "/tasks/.+")) == 1
    assert workspace.instances() == []
    assert slow_server.mounts() == []
    assert slow_server.sessions() == []


def test_an_import_id_of_the_wrong_form(workspace: Workspace, token: dict[str, str]) -> None:
    workspace.write(mount_points(1))
    output = workspace.fail("import", "-no-color", "veeam_mount_point.this[0]", "vm/1", **token)
    assert "Error: Invalid import id" in output


def test_an_import_of_a_mount_that_is_not_there(
    workspace: Workspace, token: dict[str, str]
) -> None:
    workspace.write(mount_points(1))
    output = workspace.fail(
        "import", "-no-color", "veeam_mount_point.this[0]", f"{RESTORE_POINT}/7", **token
    )
    assert "Error: Mount point not found" in output


def test_an_imported_mount_is_unmounted_by_destroy(
    workspace: Workspace, server: Server, token: dict[str, str]
) -> None:
    workspace.write(mount_points(1))
    mount = server.mount_with(token["VEEAM_EM_SESSION_TOKEN"])
    workspace.run(
        "import", "-no-color", "veeam_mount_point.this[0]", f"vm/{RESTORE_POINT}/1", **token
    )
    assert "No changes" in workspace.plan()
    workspace.destroy()
    (unmount,) = server.requests("DELETE", f"{MOUNTS}/1")
    assert (unmount.status, unmount.session_id) == (204, mount.session_id)
    assert mount.session_id in server.sessions()


def test_nothing_is_contacted_while_the_configuration_is_unknown(
    workspace: Workspace, server: Server
) -> None:
    workspace.write(
        f"""
resource "terraform_data" "url" {{
  input = "{workspace.environment["VEEAM_EM_URL"]}"
}}
provider "veeam" {{
  url = terraform_data.url.output
}}
{mount_points(1)}"""
    )
    planned = workspace.attempt("plan", "-no-color")
    if "Provider configuration is incomplete" in planned.output:
        # OpenTofu, from 1.11 on, makes an error of what is put off, and says how to go on.
        mount = "-exclude=veeam_mount_point.this[0]"
        assert mount in planned.output.replace('"', "")
        workspace.apply(mount)
    else:
        assert planned.code == 0
        assert "(known after apply)" in planned.output
    assert server.requests() == []
    workspace.apply()
    assert len(server.mounts()) == 1


def test_a_state_can_not_be_moved_from_another_type(workspace: Workspace, server: Server) -> None:
    workspace.write(f'{REQUIRED}\nresource "terraform_data" "old" {{}}\n')
    workspace.apply()
    moved = "\nmoved {\n  from = terraform_data.old\n  to   = veeam_mount_point.this[0]\n}\n"
    workspace.write(mount_points(1) + moved)
    said = workspace.fail("plan", "-no-color")
    # Terraform asks nobody, OpenTofu asks the provider.
    refusals = ("does not support moved operations across resource types", "can't become veeam_")
    assert any(refusal in said for refusal in refusals)
    assert server.mounts() == []


def test_a_password_in_the_url_is_not_shown(workspace: Workspace, tmp_path: Path) -> None:
    log = tmp_path / "trace.log"
    for url in (
        "https://admin:Canary24#@em.example.com",
        "https://em.example.com/api?token=Canary24",
    ):
        workspace.write(mount_points(1))
        output = workspace.fail(
            "plan", "-no-color", VEEAM_EM_URL=url, TF_LOG="TRACE", TF_LOG_PATH=str(log)
        )
        assert "Invalid url" in output
        assert "Canary" not in output
    assert "Canary" not in log.read_text()


WITHOUT_FOLDERS = """\
#!{python}
from tfplugin.process import handshake
handshake._TEMPORARY = ()
from terraform_provider_veeam.cli import main
main()
"""


def test_terraform_shows_what_helps_where_nothing_can_be_written(
    workspace: Workspace, tmp_path: Path
) -> None:
    program = tmp_path / "terraform-provider-veeam"
    program.write_text(WITHOUT_FOLDERS.format(python=sys.executable))
    program.chmod(0o755)
    settings = tmp_path / "terraform.rc"
    settings.write_text(
        "provider_installation {\n dev_overrides {\n"
        f'"veeam-em/veeam" = "{tmp_path}"\n }}\n direct {{}}\n}}\n'
    )
    workspace.write(mount_points(1))
    output = workspace.fail("plan", "-no-color", TF_CLI_CONFIG_FILE=str(settings), TMPDIR="")
    assert "Set the environment variable TMPDIR" in output
