"""The signing of a release, as its workflow does it, with a key made for the test."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.workflows import jobs, script


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


def sign(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Sign as the workflow does, with a key of its own that a passphrase protects."""
    keys = home / "keys"
    keys.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(keys), "--batch", "--pinentry-mode", "loopback"]
    gpg += ["--passphrase", "p w"]

    def run(*command: str) -> str:
        return subprocess.run([*gpg, *command], check=True, capture_output=True, text=True).stdout

    try:
        run("--quick-generate-key", "Test <test@example.com>", "ed25519", "sign", "never")
        (fingerprint,) = re.findall(
            r"^fpr:+(\w+):", run("--with-colons", "--list-keys"), re.MULTILINE
        )
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(home),
            "GPG_PRIVATE_KEY": run("--armor", "--export-secret-keys"),
            "GPG_PASSPHRASE": "p w",
            "GPG_FINGERPRINT": fingerprint,
        }
    finally:
        stop = ["gpgconf", "--homedir", str(keys), "--kill", "all"]
        subprocess.run(stop, check=True)
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]  # as CI calls it
    return subprocess.run(
        [*shell, script(jobs("release.yml")["sign"])],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


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
