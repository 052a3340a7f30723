"""How long Enterprise Manager lets a logon session be idle."""

import os
from collections.abc import Mapping

from terraform_provider_veeam.durations import parse_duration

VARIABLE = "VEEAM_EM_IDLE_LIMIT"


def idle_limit(environment: Mapping[str, str] = os.environ) -> float:
    """Return the seconds after which Enterprise Manager ends an idle session.

    15 minutes, unless VEEAM_EM_IDLE_LIMIT says otherwise. Raises ValueError.
    """
    try:
        return parse_duration(environment.get(VARIABLE) or "15m")
    except ValueError as error:
        raise ValueError(f"environment variable {VARIABLE}: {error}") from None
