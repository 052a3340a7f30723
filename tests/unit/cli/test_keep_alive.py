"""`terraform-provider-veeam keep-alive`: what it reads, and what it says when it can't."""

import io
import json
from pathlib import Path

import pytest

from terraform_provider_veeam import platforms
from terraform_provider_veeam.cli import keep_alive

STATE = json.dumps({"version": 4, "resources": [], "outputs": {"ä": 1}}, ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_state_is_read_as_the_shells_of_windows_write_it(
    capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    state = STATE.replace("{", "{\r\n")
    assert keep_alive.hold_from_state(io.BytesIO(state.encode(encoding)), 1) == 0
    assert "nothing to hold" in capsys.readouterr().out


def test_lines_of_a_wrapper_around_the_state_are_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = '{"@level": "info"}\n{begin}'
    text = (
        f"[command]/opt/terraform-bin state pull\n{log}\n{STATE}\n\n::debug::exited with code 0.\n"
    )
    assert keep_alive.hold_from_state(io.BytesIO(text.encode()), 1) == 0
    assert "nothing to hold" in capsys.readouterr().out


@pytest.mark.parametrize("detach", [False, True])
def test_a_mount_point_without_its_session_is_told(
    capsys: pytest.CaptureFixture[str], *, detach: bool
) -> None:
    attributes = {"restore_point_name": "oracle03@2026-11-13 22:00:00"}
    resource = {"mode": "managed", "type": "veeam_mount_point", "name": "oracle"}
    state = {"resources": [resource | {"instances": [{"attributes": attributes}]}]}
    source = io.BytesIO(json.dumps(state).encode())
    assert keep_alive.hold_from_state(source, 1, detach=detach) == 1
    said = capsys.readouterr().err
    assert "no logon session for veeam_mount_point.oracle (oracle03@2026-11-13 22:00:00)" in said


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format_version": "1.0"}', "\xff"])
def test_what_is_no_state_is_told(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert keep_alive.hold_from_state(io.BytesIO(text.encode("latin-1")), 1) == 1
    assert "terraform state pull" in capsys.readouterr().err


def test_without_a_folder_a_person_is_told_which_variable_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "_TEMPORARY", (str(tmp_path / "none"),))
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit, match="TMPDIR"):
        keep_alive.list_sessions()
    with pytest.raises(SystemExit, match="TMPDIR"):
        keep_alive.stop_holding([], all_of_them=True)
