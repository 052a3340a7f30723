"""Names that somebody in a backed-up machine has chosen: shown, listed and downloaded by Terraform.

What can't be fetched or restored is tested in tests/unit/objects.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import MOUNTS, Server, files_in, mount_points
from terraform import Workspace, flat
from test_actions import APPLY, action
from test_interruption import end_of, to_the_whole_group, wait_until

FOLDER = "Volume$0:/t"
# What a terminal obeys, what takes another's place, what is long: none of it is left out.
NAMES = [
    "red\x9b31m",
    "\u202egnp.exe",
    "line\x85Apply complete!",
    "lines\n\nApply complete! Resources: 0 destroyed.",
    "bell\x07\x1b[2J",
    "\u2028\u2066\u061c\xad",
    "a",
    "a:",
    "A.txt",
    "a.txt",
    "CON",
    "dots. ",
    "東" * 80,
    " ",
]
UNSAFE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]"
)


def add(server: Server, *names: str) -> None:
    for name in names:
        server.simulator.add_file("web02", f"{FOLDER}/{name}", name.encode(errors="replace"))


def download(target: Path, *paths: str) -> str:
    written = json.dumps(paths or [FOLDER], ensure_ascii=False)
    return action("file_download", f'paths = {written}\n    folder = "{target}"')


def downloaded(folder: Path) -> dict[str, bytes]:
    return {path.rpartition("/")[2]: content for path, content in files_in(folder)}


def test_every_file_comes_under_its_name_and_none_reaches_the_terminal_raw(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    add(server, *NAMES)
    named = [f"{FOLDER}/{name}" for name in NAMES[:4]]
    workspace.write(download(tmp_path / "got", FOLDER, *named))
    output = workspace.apply()
    assert downloaded(tmp_path / "got" / "t") == {name: name.encode() for name in NAMES}
    assert UNSAFE.search(output) is None
    for shown in (r"red\x9b31m", r"\u202egnp.exe", r"line\x85Apply", r"lines\n\nApply"):
        assert f"{FOLDER}/{shown}" in output


def test_nor_does_a_name_in_an_error_a_warning_or_a_log(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    add(server, *NAMES)
    server.fault("status", "GET .*%9B31m", None, code=500)
    server.fault("task-fails", f"POST {MOUNTS}/1/.*", message="no \x9b31m\u202e\x85 \ud800 end")
    workspace.write(download(tmp_path / "got", f"{FOLDER}/a", FOLDER))
    said = workspace.attempt(*APPLY, TF_LOG="DEBUG")
    assert said.code == 1
    assert UNSAFE.search(said.output.replace("\t", " ")) is None
    assert "Enterprise Manager could not restore" in said.output
    assert "red\\x9b31m" in flat(said.output)


def test_a_listing_gives_names_as_they_are_and_they_can_be_used_again(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    add(server, *NAMES, "..")
    workspace.write(f"""{mount_points(1)}
data "veeam_mount_point_files" "this" {{
  mount_point_id = veeam_mount_point.this[0].id
  path           = "{FOLDER}"
}}
locals {{
  files = data.veeam_mount_point_files.this.files
}}
output "paths" {{
  value = local.files[*].path
}}
action "veeam_file_download" "this" {{
  config {{
    mount_point_id = veeam_mount_point.this[0].id
    paths          = [for file in local.files : file.path if file.name != "A.txt"]
    folder         = "{tmp_path / "got"}"
  }}
}}
resource "terraform_data" "this" {{
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.veeam_file_download.this]
    }}
  }}
}}
""")
    output = workspace.apply()
    assert "Not all files can be listed" in output
    assert f"{FOLDER}/..: no path can have such a name" in flat(output)
    listed: Any = workspace.output("paths")
    assert sorted(listed) == sorted(f"{FOLDER}/{name}" for name in NAMES)
    there = downloaded(tmp_path / "got")
    assert there == {name: name.encode() for name in NAMES if name != "A.txt"}


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (("Volume$0:/t/a", "Volume$0:/t/b/a"), "Two paths of the same name"),
        (("Volume$0:", "Volume$0:/t/Volume$0"), "Two paths of the same name"),
        (("C:/a/b", "c:\\A\\B"), "The same path twice"),
    ],
)
def test_two_that_would_be_one_here_are_refused_before_anything_is_fetched(
    workspace: Workspace, server: Server, tmp_path: Path, paths: tuple[str, ...], says: str
) -> None:
    # The paths are known only when they are applied.
    workspace.write(
        download(tmp_path / "got").replace(
            f'paths = ["{FOLDER}"]',
            f'paths = veeam_mount_point.this[0].mount_id > 0 ? {json.dumps(paths)} : ["x"]',
        )
    )
    assert says in workspace.fail(*APPLY)
    assert not (tmp_path / "got").exists()
    assert server.requests("GET", f"{MOUNTS}/1/.*") == []


def test_an_interruption_leaves_no_temporary_file_and_says_what_is_missing(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    add(server, "a", "b" * 200, "c")
    server.fault("delay", "GET .*/b+", None, seconds=3)
    workspace.write(download(tmp_path / "got"))
    folder = tmp_path / "got" / "t"
    process = workspace.start(*APPLY)
    wait_until(lambda: (folder / "a").exists() and list(folder.glob(".*.part")))
    to_the_whole_group(process)
    output = end_of(process)
    assert process.returncode == 1
    assert "Downloading files was interrupted" in output
    assert "were not downloaded" in output
    assert {file.name for file in folder.iterdir()} <= {"a", "c"}
