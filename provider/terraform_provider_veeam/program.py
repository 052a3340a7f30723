"""Whether this is the program of a package, which needs no Python, and which file that is."""

import os
import sys


def packaged_program() -> str | None:
    """Return the path of the program that was started; None when a Python was."""
    if not hasattr(sys.modules["__main__"], "__compiled__"):  # Nuitka's mark
        return None
    return os.path.realpath(sys.argv[0])
