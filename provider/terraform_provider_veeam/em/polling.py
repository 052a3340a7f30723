"""Looking again and again at what takes long: how soon, how often, and until when."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from terraform_provider_veeam.em.deadline import Deadline

Thing = TypeVar("Thing")

TELL_SECONDS = 10.0  # seconds between two reports that something is still going on
FIRST_PAUSE = 0.1  # seconds before the first look at something that takes long
LONGEST_PAUSE = 2.0  # seconds between two looks
_SHARE = 0.2  # of the time so far that passes before the next look


def looks(deadline: Deadline) -> Iterator[float]:
    """Yield the seconds so far whenever it is time to look again. Raises as the deadline does."""
    began = deadline.clock.monotonic()
    while True:
        elapsed = deadline.clock.monotonic() - began
        deadline.wait(min(LONGEST_PAUSE, max(FIRST_PAUSE, elapsed * _SHARE)))
        yield deadline.clock.monotonic() - began


def follow(
    thing: Thing, look: Callable[[], Thing], is_over: Callable[[Thing], bool], deadline: Deadline
) -> Iterator[tuple[float, Thing]]:
    """Look until it is over; yield seconds and thing now and then, and at the end."""
    now = told = 0.0
    pauses = looks(deadline)
    while not is_over(thing):
        if now - told >= TELL_SECONDS:
            told = now
            yield now, thing
        now = next(pauses)
        thing = look()
    yield now, thing
