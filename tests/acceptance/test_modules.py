"""Modules that hand every attribute through as a variable, set or not."""

from pathlib import Path

from helpers import REQUIRED, SEED, Server
from terraform import Workspace

from em_simulator.catalogue import Catalogue
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.attribute import NestedBlock
from tfplugin.interfaces import BlockObject

CATALOGUE = Catalogue(SEED)
FILE = "Volume$0:/t/a.txt"


def blocks(kind: str, cls: type[BlockObject], name: str) -> str:
    """Return a block of an object, each of whose attributes is a variable, and the variables."""
    written = [
        attribute.name
        for attribute in cls.schema.attributes
        if (attribute.required or attribute.optional) and not isinstance(attribute, NestedBlock)
    ]
    short = f"{kind}_{name.removeprefix('veeam_')}"
    lines = "\n".join(f"    {one} = var.{short}_{one}" for one in written)
    body = f"config {{\n{lines}\n}}" if kind == "action" else lines
    variables = "".join(f'variable "{short}_{one}" {{ default = null }}\n' for one in written)
    return f'{variables}{kind} "{name}" "this" {{\n{body}\n}}\n'


def module(workspace: Workspace, name: str, text: str, **values: str) -> str:
    """Write a module; return a call of it with those values."""
    folder = workspace.folder / name
    folder.mkdir()
    (folder / "main.tf").write_text(REQUIRED + text)
    lines = "\n".join(f"  {one} = {value}" for one, value in values.items())
    return f'module "{name}" {{\n  source = "./{name}"\n{lines}\n}}\n'


def write(workspace: Workspace, server: Server, folder: Path, kinds: set[str]) -> None:
    """Write modules with every object of the provider, and a root module that calls them.

    Left out are those of kinds that this Terraform does not have.
    """
    provider = VeeamProvider()
    point, machine = CATALOGUE.of(CATALOGUE.machine("web02").family)[0], CATALOGUE.machine("web02")
    resources = "".join(blocks("resource", cls, name) for name, cls in provider.resources.items())
    mounts = module(
        workspace,
        "made",
        f"""{resources}
output "id" {{ value = veeam_mount_point.this.id }}
output "session_fingerprint" {{ value = veeam_mount_point.this.session_fingerprint }}
""",
        resource_mount_point_restore_point_id=f'"{point.id}"',
        resource_job_object_job_id=f'"{server.simulator.job("Domain controllers").id}"',
        resource_job_object_ref=f'"{machine.ref}"',
    )
    data = "".join(blocks("data", cls, name) for name, cls in provider.data_sources.items())
    ephemeral = actions = trigger = ""
    if "ephemeral_resource" in kinds:
        ephemeral = "".join(
            blocks("ephemeral", cls, name) for name, cls in provider.ephemeral_resources.items()
        )
    if "action" in kinds:
        actions = "".join(blocks("action", cls, name) for name, cls in provider.actions.items())
        triggered = ", ".join(f"action.{name}.this" for name in sorted(provider.actions))
        trigger = f"action_trigger {{\n events = [after_create]\n actions = [{triggered}]\n }}"
    mount = {"mount_point_id": "module.made.id"}
    session = {"session_fingerprint": "module.made.session_fingerprint"}
    given = {
        "data_backup_sessions": {"job_name": '"Daily"', "machine_name": "var.machine_name"},
        "data_backup_server": {"name": '"backup01.tech.local"'},
        "data_file_versions": {"machine_name": '"web02"', "path": f'"{FILE}"'},
        "data_hierarchy_object": {"name": '"web02"'},
        "data_job": {"name": '"Daily"'},
        "data_mount_points": {"restore_point_id": f'"{point.id}"'} | session,
        "data_mount_point_files": mount | session | {"path": '"Volume$0:/t"'},
        "data_repository": {"name": '"Bucket"'},
        "data_restore_point": {"machine_name": '"web02"', "latest": "true"},
        "ephemeral_mount_point": {"restore_point_id": f'"{point.id}"'},
        "action_file_download": mount | session | {"paths": f'["{FILE}"]', "folder": f'"{folder}"'},
        "action_file_restore": mount | session | {"paths": f'["{FILE}"]'},
        "action_indexed_file_restore": {
            "restore_point_id": f'"{point.id}"',
            "paths": f'["{FILE}"]',
        },
        "action_job_start": {"job_id": f'"{server.simulator.job("Daily").id}"'},
        "action_quick_backup": {"ref": "var.ref", "machine_name": '"web02"'},
        "action_unmount": mount | session,
    }
    text = f"""{data}{ephemeral}{actions}
resource "terraform_data" "this" {{
  lifecycle {{
    {trigger}
  }}
}}
output "files" {{ value = data.veeam_mount_point_files.this.files }}
"""
    values = {f"{name}_{one}": value for name, more in given.items() for one, value in more.items()}
    declared = {one: value for one, value in values.items() if f'variable "{one}"' in text}
    used = module(workspace, "used", text, **declared)
    root = "".join(
        f'variable "{one}" {{\n  type = string\n  default = null\n}}\n'
        for one in ("ref", "machine_name")
    )
    workspace.write(f"{REQUIRED}{root}{mounts}{used}")
    workspace.run("get", "-no-color")


def test_every_object_takes_all_that_a_module_hands_through(
    workspace: Workspace, server: Server, tmp_path: Path, kinds: set[str]
) -> None:
    server.simulator.add_file("web02", FILE, b"12345")
    write(workspace, server, tmp_path / "downloads", kinds)
    assert "The configuration is valid" in workspace.run("validate", "-no-color")
    wrong = (f"-var=ref={CATALOGUE.machine('web02').ref}", "-var=machine_name=web02")
    said = workspace.fail("plan", "-no-color", *wrong)
    assert "only one of job_name and machine_name." in said
    assert ("Write only one of ref and machine_name." in said) is ("action" in kinds)
    output = workspace.apply()
    if "action" in kinds:
        assert (tmp_path / "downloads" / "a.txt").read_bytes() == b"12345"
        assert [one.path for one in server.simulator.restored()] == [FILE, FILE]
        assert "Unmounted vm/" in output
    else:
        workspace.destroy()
    assert server.mounts() == []
