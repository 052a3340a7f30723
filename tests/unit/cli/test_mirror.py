"""The mirror: layout, indexes and hashes."""

import base64
import hashlib
import json
import zipfile
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from terraform_provider_veeam.cli.mirror import (
    archive_hash,
    mirror,
    package_hash,
    run,
)
from terraform_provider_veeam.cli.streams import CommandFailed

FOLDERS = ("registry.terraform.io/veeam-em/veeam", "registry.opentofu.org/veeam-em/veeam")


def package(folder: Path, version: str = "1.2.3", target: str = "linux_amd64") -> Path:
    file = folder / f"terraform-provider-veeam_{version}_{target}.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"terraform-provider-veeam_v{version}", f"{version} {target}")
        archive.writestr("lib/a.so", "library")
    return file


def test_packages_are_laid_out_for_both_kinds_of_mirror(tmp_path: Path) -> None:
    files = [package(tmp_path), package(tmp_path, target="darwin_arm64")]
    mirror(tmp_path / "mirror", files)
    for place in (tmp_path / "mirror" / folder for folder in FOLDERS):
        assert json.loads((place / "index.json").read_text()) == {"versions": {"1.2.3": {}}}
        archives = json.loads((place / "1.2.3.json").read_text())["archives"]
        assert set(archives) == {"linux_amd64", "darwin_arm64"}
        for file in files:
            target = file.stem.partition("_1.2.3_")[2]
            assert archives[target]["url"] == file.name
            assert archives[target]["hashes"] == [package_hash(file), archive_hash(file)]
            assert (place / file.name).read_bytes() == file.read_bytes()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    mirror(tmp_path / "mirror", [package(tmp_path, "1.0.0")])
    mirror(tmp_path / "mirror", [package(tmp_path, "1.1.0-rc.1")])
    index = json.loads((tmp_path / "mirror" / FOLDERS[0] / "index.json").read_text())
    assert index == {"versions": {"1.0.0": {}, "1.1.0-rc.1": {}}}


def test_the_hashes_are_those_of_the_go_module_and_the_registry(tmp_path: Path) -> None:
    file = package(tmp_path)
    assert archive_hash(file) == f"zh:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    # dirhash.HashZip(file, dirhash.Hash1), worked out by hand for the two files in it
    lines = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in (
            ("lib/a.so", b"library"),
            ("terraform-provider-veeam_v1.2.3", b"1.2.3 linux_amd64"),
        )
    )
    assert package_hash(file).startswith("h1:")
    assert len(package_hash(file)) == 47
    expected = base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
    assert package_hash(file) == f"h1:{expected}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("other.zip", "is not named as a package is"),
        ("terraform-provider-veeam_1.2.3_linux_amd64.zip", "There is no"),
    ],
)
def test_what_is_no_package_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "other.zip").touch()
    with pytest.raises(CommandFailed, match=says):
        mirror(tmp_path / "mirror", [tmp_path / name])


def test_a_mirror_that_can_not_be_found_or_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = package(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CommandFailed, match="whole path"):
        run(Namespace(folder=Path("mirror"), packages=[file]))
    with pytest.raises(CommandFailed, match="Choose another folder"):
        run(Namespace(folder=file / "mirror", packages=[file]))


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    file = package(tmp_path)
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(CommandFailed, match="can't be read"):
        mirror(tmp_path / "mirror", [file])
    assert not (tmp_path / "mirror").exists()


def test_a_damaged_package_in_the_mirror_is_named(tmp_path: Path) -> None:
    mirror(tmp_path / "mirror", [package(tmp_path)])
    there = tmp_path / "mirror" / FOLDERS[0] / "terraform-provider-veeam_1.2.3_linux_amd64.zip"
    there.write_bytes(b"no zip")
    with pytest.raises(CommandFailed, match="in the mirror, can't be read"):
        mirror(tmp_path / "mirror", [package(tmp_path, "1.3.0")])


@pytest.mark.parametrize("name", ["../evil", "/evil", "folder/", "terraform-provider-veeam_v9"])
def test_what_no_package_holds_is_refused(tmp_path: Path, name: str) -> None:
    file = package(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, "")
    with pytest.raises(CommandFailed, match="no package"):
        mirror(tmp_path / "mirror", [file])


def test_a_package_of_another_version_than_its_name_is_refused(tmp_path: Path) -> None:
    file = package(tmp_path)
    renamed = file.rename(file.with_name(file.name.replace("1.2.3", "2.0.0")))
    with pytest.raises(CommandFailed, match="it needs one terraform-provider-veeam_v2"):
        mirror(tmp_path / "mirror", [renamed])


def test_many_may_write_to_one_mirror_at_once(tmp_path: Path) -> None:
    files = [package(tmp_path, f"1.0.{number}") for number in range(12)]
    with ThreadPoolExecutor(len(files)) as threads:
        list(threads.map(lambda file: mirror(tmp_path / "mirror", [file]), files))
    index = json.loads((tmp_path / "mirror" / FOLDERS[0] / "index.json").read_text())
    assert len(index["versions"]) == len(files)
