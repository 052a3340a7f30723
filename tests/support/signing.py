"""Signing a release as its workflow does it, with a key made for the test."""

import os
import re
import subprocess
from pathlib import Path

from support.workflows import jobs, script


def sign(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Sign the checksums in a folder with a key that is made in `home`, and a passphrase protects.

    The path of `home` has to leave room for the sockets of gpg's agent.
    """
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
