"""What the provider is called where it is installed from, and which file its program is."""

import os
import sys

# The same name in Terraform's registry and in OpenTofu's.
HOSTS = ("registry.terraform.io", "registry.opentofu.org")
NAMESPACE, TYPE = "veeam-em", "veeam"
ADDRESSES = tuple(f"{host}/{NAMESPACE}/{TYPE}" for host in HOSTS)


def packaged_program() -> str | None:
    """Return the path of the program that was started; None when a Python was."""
    if not hasattr(sys.modules["__main__"], "__compiled__"):  # Nuitka's mark
        return None
    return os.path.realpath(sys.argv[0])
