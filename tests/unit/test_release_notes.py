"""What a release says of itself, and when there is none."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

_FILE = Path(__file__).parents[2] / "tools" / "release_notes.py"
_SPEC = importlib.util.spec_from_file_location("release_notes", _FILE)
assert _SPEC
assert _SPEC.loader
tool: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)

CHANGELOG = "## 1.1.0 (Unreleased)\n\nFEATURES:\n\n* b\n\n## 1.0.0 (November 24, 2026)\n\n* a\n"


def test_only_the_section_of_the_version_is_told() -> None:
    assert tool.notes(CHANGELOG, "v1.0.0", "1.0.0") == "* a\n"


@pytest.mark.parametrize(
    ("tag", "version", "says"),
    [
        ("v1.0.1", "1.0.0", "the tag is v1.0.1"),
        ("", "1.0.0", "missing"),
        ("v1.1.0", "1.1.0", "unreleased"),
        ("v2.0.0", "2.0.0", "no section"),
    ],
)
def test_what_is_not_ready_is_not_released(tag: str, version: str, says: str) -> None:
    with pytest.raises(tool.NotReady, match=says):
        tool.notes(CHANGELOG, tag, version)
