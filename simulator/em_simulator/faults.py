"""Faults that can be switched on: each by name, for requests that match, so many times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from em_simulator.backups import Course
from em_simulator.restores import Outcome, RestoreResult
from em_simulator.sessions import TaskFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "status": (
        "answer with a status, as a gateway in `html` or `json`, before or after it has acted",
        {
            "code": 503,
            "when": "before",
            "retry_after": None,
            "as_date": False,
            "html": False,
            "json": False,
        },
    ),
    "reset-before": ("cut the connection before the server acts", {}),
    "reset-after": ("cut the connection after the server has acted, without an answer", {}),
    "cut-body": ("send half of the answer's body, then cut the connection", {}),
    "stall-body": (
        "send half of the answer's body, and nothing more for so many seconds",
        {"seconds": 60.0},
    ),
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
    "ignore-filter": ("answer a query as if it had no filter", {}),
    "task-fails": (
        "have the task end without success",
        {"message": "Failed to mount the restore point."},
    ),
    "task-vanishes": ("forget the task as soon as it is finished; its work is done", {}),
    "task-stays": ("leave the task in OperationFinished for so many seconds", {"seconds": 5.0}),
    "task-list": ("answer with a list of one task, as the vendor's page of agents shows", {}),
    "no-related-link": ("finish the task without a link to what it made", {}),
    "no-message": ("finish the task with a result that has no message", {}),
    "restore-session": (
        "let a file's restore only start a session that ends as Success, Warning or Failed",
        {"result": "Success", "message": "", "seconds": 2.0},
    ),
    "backup": (
        "let the backup end as Success, Warning or Failed; the reason is told by `task` or session",
        {"result": "Success", "reason": "", "seconds": 2.0, "told_by": "task"},
    ),
    "lag": (
        "show the backup's session, or the change of the job, so many seconds late",
        {"seconds": 3.0},
    ),
    "delete-by-task": ("answer a DELETE of a mount point with 202 and a task", {}),
    "cancel-late": (
        "answer that a task is cancelled and forgotten, and do its work so many seconds later",
        {"seconds": 2.0},
    ),
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


class DueFaults:
    """The faults that hit one request, at most one of each name."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = {fault.name: fault for fault in faults}

    def __contains__(self, name: str) -> bool:
        return name in self._faults

    @property
    def names(self) -> str | None:
        """Their names, divided by commas; None when there is none."""
        return ",".join(self._faults) or None

    def option(self, name: str, option: str) -> Any:
        """Return the value of a fault's option; None when that fault is not due."""
        return self._faults[name].option(option) if name in self else None

    @property
    def task_fault(self) -> TaskFault:
        """What they do to a task that the request makes."""
        return TaskFault(
            fails=self.option("task-fails", "message"),
            stays=self.option("task-stays", "seconds") or 0.0,
            vanishes="task-vanishes" in self,
            shows_link="no-related-link" not in self,
            tells_message="no-message" not in self,
            outcome=self._outcome,
            course=self._course,
            lag=self.option("lag", "seconds"),
        )

    @property
    def _outcome(self) -> Outcome | None:
        if "restore-session" not in self:
            return None
        return Outcome(
            RestoreResult(self.option("restore-session", "result")),
            self.option("restore-session", "message") or None,
            float(self.option("restore-session", "seconds")),
        )

    @property
    def _course(self) -> Course | None:
        if "backup" not in self:
            return None
        return Course(
            RestoreResult(self.option("backup", "result")),
            self.option("backup", "reason"),
            float(self.option("backup", "seconds")),
            is_told_by_session=self.option("backup", "told_by") == "session",
        )


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
        if name in ("restore-session", "backup"):
            RestoreResult(options.get("result", "Success"))
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        self._faults.append(Fault(name, compiled, count, dict(options)))

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """Return the faults for a request, the first of each name, having counted them."""
        due: dict[str, Fault] = {}
        for fault in self._faults:
            if fault.left != 0 and fault.pattern.fullmatch(f"{method} {path}"):
                due.setdefault(fault.name, fault)
        for fault in due.values():
            if fault.left is not None:
                fault.left -= 1
        return list(due.values())


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
