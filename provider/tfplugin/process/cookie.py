"""The cookie that says Terraform started this process. Imports nothing: Ctrl-C is ignored next."""

from collections.abc import Mapping

COOKIE_VARIABLE = "TF_PLUGIN_MAGIC_COOKIE"
COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"


def started_by_terraform(environment: Mapping[str, str]) -> bool:
    """Return whether Terraform, OpenTofu or the like made this environment."""
    return environment.get(COOKIE_VARIABLE) == COOKIE
