"""The signing of a release, as its workflow does it, with a key made for the test."""

from pathlib import Path

import pytest

from support.signing import sign


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for sums, file in (("v_SHA256SUMS", "v_linux_amd64.zip"), ("v_checksums.txt", "v.cdx.json")):
        (folder / file).write_bytes(b"")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        (folder / sums).write_text(f"{empty}  {file}\n")
    return folder


@pytest.fixture
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path leaves room for the sockets of gpg's agent."""
    return tmp_path_factory.mktemp("g")


def test_both_lists_of_checksums_are_signed(release: Path, short_folder: Path) -> None:
    done = sign(release, short_folder)
    assert done.returncode == 0, done.stderr
    assert {file.name for file in release.iterdir()} > {
        "v_SHA256SUMS.sig",
        "v_checksums.txt.sig",
        "terraform-provider-veeam.asc",
    }
    assert "BEGIN PGP PUBLIC KEY" in (release / "terraform-provider-veeam.asc").read_text()
    assert [file.name for file in short_folder.iterdir()] == ["keys"]  # the workflow's own is gone


def test_what_the_checksums_do_not_fit_is_not_signed(release: Path, short_folder: Path) -> None:
    (release / "v_linux_amd64.zip").write_bytes(b"another")
    done = sign(release, short_folder)
    assert done.returncode != 0
    assert "v_linux_amd64.zip: FAILED" in done.stdout
    assert not list(release.glob("*.sig"))
