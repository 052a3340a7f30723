"""`em-simulator`, also where the packages that it needs are missing."""

import sys


def main() -> int:
    """Run the command; returns the exit code."""
    try:
        from em_simulator.cli import main as run  # noqa: PLC0415 - it may be impossible
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("em_simulator"):
            raise
        sys.stderr.write(
            f"em-simulator needs the package {error.name}, which its extra brings:\n"
            "  pip install 'terraform-provider-veeam[simulator]'\n"
        )
        return 1
    return run()
