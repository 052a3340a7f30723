"""`make quickstart`, as somebody who has just cloned the project runs it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from terraform import ROOT, TIME_LIMIT

QUICKSTART = (sys.executable, str(ROOT / "tools" / "quickstart.py"))


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        QUICKSTART,
        env={"HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def assert_that_nothing_is_left(folder: Path, output: str) -> None:
    port = output.partition("https://127.0.0.1:")[2].partition(",")[0]
    assert list(folder.glob("veeam-quickstart-*")) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port))).close()


def test_it_shows_a_mount_and_its_unmount_and_leaves_nothing(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        output, _ = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == 0, output
    assert "Apply complete! Resources: 1 added" in output
    assert "Destroy complete! Resources: 1 destroyed" in output
    assert "mounts/1 -> 204" in output
    assert_that_nothing_is_left(tmp_path, output)


def test_ctrl_c_during_the_mount_ends_everything(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout
        output = ""
        while "Creating..." not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == 130, rest
    assert "Interrupted. What was started has been ended." in rest
    assert_that_nothing_is_left(tmp_path, output)
