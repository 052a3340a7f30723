"""When an ephemeral object wants to be renewed."""

from __future__ import annotations

import datetime as dt

from terraform_provider_veeam.keep_alive.idle_limit import idle_limit
from terraform_provider_veeam.plugin.interfaces import Refused


def next_renewal() -> dt.datetime:
    """Return the time of the next renewal: a third of the idle limit from now. Raises Refused."""
    try:
        seconds = idle_limit() / 3
    except ValueError as error:
        raise Refused("The idle limit is not valid", str(error)) from error
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
