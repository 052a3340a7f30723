"""`serve`: one process for one Enterprise Manager, whichever blocks and commands use it."""

import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
from helpers import REQUIRED, RESTORE_POINT, SEED, Server
from terraform import PROGRAM, Workspace

from em_simulator import ADMINISTRATOR, GUEST, Simulator
from em_simulator.accounts import Account


@pytest.fixture
def debugged(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace whose Terraform uses a provider that was started by hand."""
    with subprocess.Popen(
        [PROGRAM, "serve"],
        env=workspace.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        export = next(line for line in process.stdout if line.startswith("export"))
        found = re.fullmatch(r"export (TF_REATTACH_PROVIDERS)='(.*)'\n", export)
        assert found
        workspace.environment[found[1]] = found[2]
        yield workspace
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def aliases(*blocks: tuple[Server, Account]) -> str:
    """Return a configuration with a mount for each provider block."""
    return REQUIRED + "".join(
        f"""
provider "veeam" {{
  alias    = "number{number}"
  url      = "{server.simulator.url}"
  username = "{account.username.replace(chr(92), chr(92) * 2)}"
  password = "{account.password}"
  certificate_fingerprint = "{server.fingerprint}"
}}
resource "veeam_mount_point" "number{number}" {{
  provider         = veeam.number{number}
  restore_point_id = "{RESTORE_POINT}"
}}
"""
        for number, (server, account) in enumerate(blocks)
    )


def test_one_process_serves_command_after_command_and_blocks_that_are_alike(
    debugged: Workspace, server: Server
) -> None:
    debugged.write(aliases((server, ADMINISTRATOR), (server, ADMINISTRATOR)))
    debugged.apply()
    assert len(server.mounts()) == 2
    assert "No changes" in debugged.plan()
    debugged.destroy()
    assert server.mounts() == []


def test_a_block_for_another_enterprise_manager_is_refused_and_nothing_mounted(
    debugged: Workspace, server: Server
) -> None:
    with Simulator(seed=SEED) as other:
        debugged.write(aliases((server, ADMINISTRATOR), (Server(other), ADMINISTRATOR)))
        said = debugged.fail("apply", "-auto-approve", "-no-color")
        assert "This process serves another provider block" in said
        assert server.simulator.url in said
        assert other.url in said
        assert server.mounts() + other.mounts() == []
        # The advice: without TF_REATTACH_PROVIDERS each block has a process of its own.
        debugged.environment.pop("TF_REATTACH_PROVIDERS")
        debugged.apply()
        assert (len(server.mounts()), len(other.mounts())) == (1, 1)
        debugged.destroy()


def test_a_block_for_another_account_is_refused(debugged: Workspace, server: Server) -> None:
    debugged.write(aliases((server, ADMINISTRATOR), (server, GUEST)))
    said = debugged.fail("plan", "-no-color")
    assert "This process serves another provider block" in said
    assert GUEST.password not in said
