"""Faults that can be switched on: each by name, for requests that match, so many times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from em_simulator.manager import NO_FAULT, TaskFault

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "status": (
        "answer with a status in place of the real one; `when=after` once the server has acted",
        {"code": 503, "when": "before", "retry_after": None, "html": False},
    ),
    "reset-before": ("cut the connection before the server acts", {}),
    "reset-after": ("cut the connection after the server has acted, without an answer", {}),
    "cut-body": ("send half of the answer's body, then cut the connection", {}),
    "delay": (
        "wait so many seconds; `when=after` once the server has acted",
        {"seconds": 1.0, "when": "before"},
    ),
    "garbage": ("answer with bytes that are neither JSON nor XML, with the real status", {}),
    "html": ("answer with a web page, with the real status, as a proxy does", {}),
    "xml": ("answer in XML, whatever was asked for, as old versions do", {}),
    "wrong-shape": ("answer with JSON that has nothing to do with the question", {}),
    "huge-body": ("answer with a body of so many MiB", {"mebibytes": 80}),
    "redirect": (
        "answer with 302 and this Location",
        {"location": "https://elsewhere.example:9398/api/"},
    ),
    "foreign-href": ("answer with every Href on another host", {"host": "evil.example:9398"}),
    "task-fails": (
        "have the task end without success",
        {"message": "Failed to mount the restore point."},
    ),
    "task-vanishes": ("forget the task as soon as it is finished; its work is done", {}),
    "task-stays": ("leave the task in OperationFinished for so many seconds", {"seconds": 5.0}),
    "no-related-link": ("finish the task without a link to the mount point", {}),
    "delete-by-task": ("answer a DELETE of a mount point with 202 and a task", {}),
    "expire-session": ("let the request's logon session expire before it is answered", {}),
    "expire-all": ("let every logon session expire before the request is answered", {}),
}
"""Name → what it does, and its options with their defaults."""


@dataclass(slots=True)
class Fault:
    """A fault, for the requests whose `METHOD /path` matches the pattern."""

    name: str
    pattern: re.Pattern[str]
    left: int | None
    """How often it still happens; None for ever."""
    options: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> Any:
        """Return the value of an option."""
        return self.options.get(name, NAMES[self.name][1].get(name))

    @property
    def task_fault(self) -> TaskFault:
        """What it does to a task that the request makes."""
        match self.name:
            case "task-fails":
                return TaskFault(fails=str(self.option("message")))
            case "task-vanishes":
                return TaskFault(vanishes=True)
            case "task-stays":
                return TaskFault(stays=float(self.option("seconds")))
            case "no-related-link":
                return TaskFault(shows_link=False)
        return NO_FAULT


class Faults:
    """The faults that are switched on, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, name: str, pattern: str, count: int | None, options: Mapping[str, Any]) -> None:
        """Switch a fault on. Raises ValueError for one that does not exist."""
        if name not in NAMES:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(NAMES)}")
        unknown = set(options) - set(NAMES[name][1])
        if unknown:
            raise ValueError(f"{name} has no option {', '.join(sorted(unknown))}")
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        self._faults.append(Fault(name, compiled, count, dict(options)))

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for a request, having counted it; None when there is none."""
        for fault in self._faults:
            if fault.left != 0 and fault.pattern.fullmatch(f"{method} {path}"):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None


_SPEC = re.compile(
    r"(?P<name>[a-z-]+)(?:\((?P<options>[^)]*)\))?(?:\*(?P<count>\d+|always))?@(?P<pattern>.+)"
)


def parse(text: str) -> tuple[str, str, int | None, dict[str, Any]]:
    """Read `NAME[(option=value,…)][*COUNT]@METHOD /PATH`. Raises ValueError."""
    found = _SPEC.fullmatch(text)
    if not found or found["name"] not in NAMES:
        raise ValueError(
            f"{text!r} is no fault: write NAME[(option=value,...)][*COUNT]@METHOD /path, "
            f"where NAME is one of {', '.join(NAMES)}"
        )
    options = {}
    defaults = NAMES[found["name"]][1]
    for pair in filter(None, (found["options"] or "").split(",")):
        key, _, value = pair.partition("=")
        options[key.strip()] = _typed(value.strip(), defaults.get(key.strip()))
    count = found["count"] or "1"
    return found["name"], found["pattern"], None if count == "always" else int(count), options


def _typed(value: str, default: Any) -> Any:
    if isinstance(default, bool):
        return value.lower() in ("1", "true", "yes")
    return type(default)(value) if isinstance(default, int | float) else value
