"""Trying on: what has to be found out or undone is not given up at the first error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from terraform_provider_veeam.em.errors import (
    DeadlinePassed,
    EnterpriseManagerError,
    NotFound,
    SessionExpired,
    Stopped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.waiting import Deadline

Result = TypeVar("Result")

PAUSE = 1.0  # seconds

log = logging.getLogger(__name__)


def persist(operation: Callable[[], Result], bound: Deadline) -> Result:
    """Return the result of an operation that may be repeated, tried until the bound is reached.

    Raises SessionExpired and NotFound at once, because they are answers, and any other error when
    there is no time left.
    """
    while True:
        try:
            return operation()
        except (SessionExpired, NotFound, Stopped, DeadlinePassed):
            raise
        except EnterpriseManagerError as error:
            if bound.remaining() <= PAUSE:
                raise
            log.info("%s: %s; trying on", bound.operation, error.summary)
        bound.wait(PAUSE)
