"""What CI may do: whose code it runs, what may be changed, and who meets the signing key."""

import re
from pathlib import Path

import pytest

from support.workflows import GITHUB, WORKFLOWS, jobs, script

USES = re.compile(r"^\s*(?:- )?uses: (.+)$", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OWN = re.compile(r"\$/\.github/workflows/\w+\.yml")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = USES.findall(workflow.read_text("utf-8"))
    assert used
    assert [name for name in used if not PINNED.fullmatch(name) and not OWN.fullmatch(name)] == []


def test_one_action_has_one_commit() -> None:
    used = {name for file in WORKFLOWS for name in USES.findall(file.read_text("utf-8"))}
    names = [name.partition("@")[0] for name in used]
    assert len(names) == len(set(names))


def test_only_publishing_may_change_anything() -> None:
    release = (GITHUB / "workflows" / "release.yml").read_text("utf-8")
    assert "\npermissions: {}" in release
    assert [name for name, job in jobs("release.yml").items() if ": write" in job] == ["publish"]
    assert ": write" not in (GITHUB / "workflows" / "test.yml").read_text("utf-8")


def test_the_key_meets_nothing_that_builds() -> None:
    with_secrets = {name: job for name, job in jobs("release.yml").items() if "secrets." in job}
    assert list(with_secrets) == ["sign"]
    sign = with_secrets["sign"]
    assert "permissions: {}" in sign
    assert "environment: release" in sign
    assert "github.token" not in sign
    assert {name.partition("@")[0] for name in USES.findall(sign)} == {
        "actions/download-artifact",
        "actions/upload-artifact",
    }
    assert not re.search(r"\b(make|python|pip|npm|gh|curl|wget)\b", script(sign))
    assert set(re.findall(r"secrets\.\w+", sign)) == {
        "secrets.GPG_PRIVATE_KEY",
        "secrets.GPG_PASSPHRASE",
    }
    assert "secrets" not in (GITHUB / "workflows" / "test.yml").read_text("utf-8")


def test_updates_are_proposed_and_wait_a_week() -> None:
    told = (GITHUB / "dependabot.yml").read_text("utf-8")
    assert re.findall(r"package-ecosystem: ([\w-]+)", told) == ["pip", "github-actions"]
    assert re.findall(r"default-days: (\d+)", told) == ["7", "7"]
