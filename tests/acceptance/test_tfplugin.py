"""The provider in the README of `tfplugin`, as it stands there, under real Terraform."""

import os
import re
import sys
from pathlib import Path

import pytest
from terraform import ROOT, Workspace

README = ROOT / "provider" / "tfplugin" / "README.md"
NOTE = """\
terraform {{
  required_providers {{
    notes = {{ source = "example/notes" }}
  }}
}}
resource "notes_note" "this" {{
  path = "{path}"
  text = "{text}"
}}
output "made_at" {{ value = notes_note.this.made_at }}
"""


@pytest.fixture
def notes(tmp_path: Path) -> Workspace:
    """A folder in which Terraform takes the README's provider from another."""
    found = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    program = tmp_path / "terraform-provider-notes"
    program.write_text(found[1].replace("/usr/bin/env python3", sys.executable))
    program.chmod(0o755)
    settings = tmp_path / "terraform.rc"
    settings.write_text(
        "provider_installation {\n  dev_overrides {\n"
        f'    "example/notes" = "{tmp_path}"\n  }}\n}}\n'
    )
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"}
    return Workspace(folder, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | environment)


def test_the_provider_of_the_readme_makes_changes_and_deletes(
    notes: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "note.txt"
    notes.write(NOTE.format(path=file, text="one"))
    notes.apply()
    made_at = notes.output("made_at")
    assert file.read_text() == "one"
    assert "No changes" in notes.plan()
    notes.write(NOTE.format(path=file, text="three"))
    assert "1 changed" in notes.apply()
    assert (file.read_text(), notes.output("made_at")) == ("three", made_at)
    file.unlink()
    assert "1 to add" in notes.plan()
    notes.apply()
    assert "1 destroyed" in notes.destroy()
    assert not file.exists()
