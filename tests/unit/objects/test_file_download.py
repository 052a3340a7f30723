"""The download of a file: what its configuration comes to."""

import threading
from pathlib import Path
from typing import Any

import pytest
from tf.utils import Diagnostics

from terraform_provider_veeam.objects.actions.file_download import FileDownloadAction
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.contexts import Context
from tfplugin.types import Unknown
from tfplugin.wire.meaning import understand


def validated(**written: Any) -> tuple[dict[str, Any], list[str]]:
    diagnostics = Diagnostics()
    config = understand(FileDownloadAction.schema.attributes, written, diagnostics)
    ctx = Context(diagnostics, "veeam_file_download", threading.Event())
    FileDownloadAction(VeeamProvider()).validate(ctx, config)
    return config, [f"{one.summary}: {one.detail}" for one in diagnostics.diagnostics]


def test_a_folder_below_the_home_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    config, said = validated(folder="~/restored", paths=["E:/a"])
    assert (Path(config["folder"]), said) == (tmp_path / "restored", [])


@pytest.mark.parametrize(
    ("folder", "paths", "says"),
    [
        ("", ["E:/a"], "Invalid folder: It is blank."),
        ("~no such user/x", ["E:/a"], "There is no home folder for ~no such user/x."),
        ("x", [], "There is no path in it."),
        ("x", ["E:/a", "/a"], "Invalid paths[1]: "),
        ("x", ["E:/a", "e:\\A"], "E:/a and e:/A are the same."),
        ("x", ["E:/a", "*:/b"], "Invalid paths[1]: "),
        ("x", ["E:/a", "F:/A"], "would both become a in the folder"),
    ],
)
def test_what_can_not_be_meant_is_refused(folder: str, paths: Any, says: str) -> None:
    (said,) = validated(folder=folder, paths=paths)[1]
    assert says in said


def test_what_is_not_known_yet_is_no_error() -> None:
    assert validated(folder=Unknown, paths=["E:/a", Unknown])[1] == []
    assert validated(folder="x", paths=Unknown)[1] == []
