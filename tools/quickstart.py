"""`make quickstart`: watch real Terraform mount a restore point, and unmount it again.

Everything it starts it ends, also when a step fails or Ctrl-C is pressed.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PROVIDER = BIN / "terraform-provider-veeam"
SIMULATOR = BIN / "em-simulator"


def main() -> int:
    """Run the whole tour; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="veeam-quickstart-") as folder:
        try:
            with simulator(Path(folder) / "journal.jsonl") as server:
                tour(Path(folder), server)
        except subprocess.CalledProcessError as error:
            say(f"That did not work: {error.cmd[-1]} ended with status {error.returncode}.")
            return 1
        except KeyboardInterrupt:
            say("Interrupted. What was started has been ended.")
            return 130
    return 0


def tour(folder: Path, server: dict[str, Any]) -> None:
    """Install, init, plan, apply, look, destroy, look again."""
    work = folder / "work"
    shutil.copytree(ROOT / "examples" / "quickstart", work)
    plugins = folder / "plugins"
    environment = os.environ | {
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_VAR_restore_point_id": server["restore_points"][0],
        "VEEAM_EM_URL": server["url"],
        "VEEAM_EM_USERNAME": server["username"],
        "VEEAM_EM_PASSWORD": server["password"],
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": server["fingerprint"],
    }
    for name in ("VEEAM_EM_SESSION_TOKEN", "VEEAM_EM_CA_CERTIFICATE", "VEEAM_EM_INSECURE"):
        environment.pop(name, None)
    config_file = environment.get("TF_CLI_CONFIG_FILE")
    if config_file and not Path(config_file).exists():
        del environment["TF_CLI_CONFIG_FILE"]

    command, described = terraform()
    say(f"Terraform: {described}")
    run([str(PROVIDER), "install", "--plugin-dir", str(plugins)], work, environment, show=False)

    def step(title: str, *arguments: str) -> None:
        say(f"{title}\n$ {Path(described.split()[0]).name} {' '.join(arguments)}")
        color = () if sys.stdout.isatty() else ("-no-color",)
        run([*command, arguments[0], *color, *arguments[1:]], work, environment)

    step("The provider is installed in a folder of its own.", "init", f"-plugin-dir={plugins}")
    step("What would be mounted?", "plan")
    try:
        step("Mount it.", "apply", "-auto-approve")
        show(server, "What Enterprise Manager has mounted now:", "/mounts/", "POST", "GET")
    finally:
        if (work / "terraform.tfstate").exists():
            step("Unmount it, in a new process.", "destroy", "-auto-approve")
    show(server, "What Enterprise Manager saw of that:", "/mounts/", "DELETE")


def show(server: dict[str, Any], title: str, *_: str) -> None:
    say(title)
