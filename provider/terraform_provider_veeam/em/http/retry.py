"""Trying again: the one loop, and the pauses between its tries."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TypeVar

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline

Result = TypeVar("Result")

PASSING_STATUSES = frozenset({409, 423, 429, 502, 503, 504})
PATIENCE = 60.0  # seconds of nothing but errors before what takes long is given up
_FIRST, _LONGEST = 0.5, 15.0  # seconds before another try
_ANSWERS = (errors.Gone, errors.Stopped, errors.DeadlinePassed)
log = logging.getLogger(__name__)


def pauses(tries: int, random: Callable[[], float]) -> Iterator[float]:
    """Return the seconds before each further try: exponential backoff with jitter."""
    for number in range(tries):
        yield min(_LONGEST, _FIRST * 2.0**number) * (0.5 + random() / 2)


def may_pass(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether an error may be over in a moment."""
    return error.may_pass


def retry(
    operation: Callable[[], Result],
    deadline: Deadline,
    *,
    when: Callable[[errors.EnterpriseManagerError], bool] = may_pass,
    pauses: Iterable[float] = (),
) -> Result:
    """Return a result, tried again after pauses, or later as Retry-After says, if `when` agrees."""
    waits = iter(pauses)
    while True:
        deadline.check()
        try:
            return operation()
        except errors.EnterpriseManagerError as error:
            pause = next(waits, None) if when(error) else None
            if pause is None:
                raise
            if isinstance(error, errors.RequestRefused) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            if pause >= deadline.remaining():
                raise
            log.info("%s: %s; trying again in %.1f s", deadline.operation, error.summary, pause)
        deadline.wait(pause)


def persist(operation: Callable[[], Result], deadline: Deadline, pause: float = 1.0) -> Result:
    """Return the result of an operation, tried again every `pause` seconds until the deadline."""
    return retry(
        operation,
        deadline,
        when=lambda error: not isinstance(error, _ANSWERS),  # they leave no question open
        pauses=repeat(pause),
    )


def retry_after_seconds(value: str | None, now: str | None) -> float | None:
    """Return the seconds of a Retry-After header; its date counts from the server's `now`."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, since = http_date(value), http_date(now)
    if until is None or since is None:
        return None
    return max(0.0, (until - since).total_seconds())


def http_date(value: str | None) -> dt.datetime | None:
    """Return a header's date; None when it does not hold one."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - no validation needs it

    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
