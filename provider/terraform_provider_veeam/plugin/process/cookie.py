"""The cookie by which a provider knows that Terraform started it. Costs no import."""

from collections.abc import Mapping

COOKIE_VARIABLE = "TF_PLUGIN_MAGIC_COOKIE"
COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"


def started_by_terraform(environment: Mapping[str, str]) -> bool:
    """Return whether the process that made this environment is Terraform, OpenTofu or the like."""
    return environment.get(COOKIE_VARIABLE) == COOKIE
