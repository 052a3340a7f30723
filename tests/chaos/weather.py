"""Faults at every request, chosen by a seed."""

from __future__ import annotations

import random
import re
from typing import Any

from em_simulator.faults import Fault, Faults

Choice = tuple[str, dict[str, Any]]

ANYWHERE: list[Choice] = [
    ("status", {"code": 503}),
    ("status", {"code": 502, "html": True}),
    ("status", {"code": 504, "when": "after"}),
    ("status", {"code": 429, "retry_after": 1}),
    ("status", {"code": 503, "retry_after": 1, "as_date": True}),
    ("status", {"code": 500}),
    ("status", {"code": 500, "when": "after"}),
    ("reset-before", {}),
    ("reset-after", {}),
    ("cut-body", {}),
    ("garbage", {}),
    ("html", {}),
    ("wrong-shape", {}),
    ("xml", {}),
    ("redirect", {}),
    ("foreign-href", {}),
    ("delay", {"seconds": 0.02}),
    ("delay", {"seconds": 0.02, "when": "after"}),
]
MOUNTING: list[Choice] = [
    ("task-fails", {}),
    ("task-vanishes", {}),
    ("task-stays", {"seconds": 20.0}),
    ("no-related-link", {}),
    ("no-message", {}),
]
STARTING: list[Choice] = [
    *MOUNTING,
    ("reset-after", {}),
    ("cut-body", {}),
    ("status", {"code": 503, "when": "after"}),
    ("lag", {"seconds": 5.0}),
    ("backup", {"result": "Failed", "reason": "No space left.", "seconds": 2.0}),
    ("backup", {"result": "Warning", "seconds": 15.0}),
]
EXCLUDING: list[Choice] = [("task-fails", {}), ("task-vanishes", {}), ("lag", {"seconds": 5.0})]
UNMOUNTING: list[Choice] = [("delete-by-task", {})]
WITH_TASK: list[Choice] = [("task-fails", {}), ("task-vanishes", {}), ("task-stays", {})]
CANCELLED_LATE: Choice = ("cancel-late", {"seconds": 3.0})
LOSING: list[Choice] = [("expire-session", {}), ("expire-all", {})]
GATEWAYS: list[Choice] = [
    ("status", {"code": code, "when": when} | words)
    for code in (401, 404)
    for when in ("before", "after")
    for words in ({}, {"html": True}, {"json": True})
]


class Weather(Faults):
    """Each request has a fault with a probability, or two; a storm may also end sessions.

    A storm hits one request after the other.
    """

    def __init__(self, seed: int, *, loses_sessions: bool = True) -> None:
        super().__init__()
        self._random = random.Random(f"weather {seed}")  # noqa: S311 - to be replayed
        self.probability = self._random.choice([0.0, 0.03, 0.1, 0.3, 0.6])
        self._loses_sessions = loses_sessions and self._random.random() < 0.3
        self._cancels_late = self._random.random() < 0.3
        self._has_storms = self._random.random() < 0.3
        self._has_gateways = self._random.random() < 0.6
        self._storm = 0
        self._calm = False
        self.sessions_lost = False
        self.struck = self.struck_twice = self.cancelled_late = 0

    def take(self, method: str, path: str) -> list[Fault]:
        """Return the faults of a request."""
        if self._cancels_late and method == "DELETE" and path.startswith("/tasks/"):
            self.cancelled_late += 1
            return [_fault(CANCELLED_LATE)]
        if self._calm or not self._strikes():
            return []
        if self._loses_sessions and self._random.random() < 0.05:
            self.sessions_lost = True
            return [_fault(self._random.choice(LOSING))]
        choices = _choices(method, path) + (GATEWAYS if self._has_gateways else [])
        chosen = [self._random.choice(choices)]
        if self._random.random() < 0.25:
            chosen.append(self._random.choice(choices))
        if chosen[0][0] == "delete-by-task" and self._random.random() < 0.5:
            chosen.append(self._random.choice(WITH_TASK))
        found = {fault.name: fault for fault in map(_fault, reversed(chosen))}
        self.struck += 1
        self.struck_twice += len(found) > 1
        return list(found.values())

    def _strikes(self) -> bool:
        if self.probability == 0.0:
            return False
        if self._storm:
            self._storm -= 1
            return True
        strikes = self._random.random() < self.probability
        if strikes and self._has_storms and self._random.random() < 0.1:
            self._storm = self._random.randint(2, 40)
        return strikes

    def be_calm(self, calm: bool) -> None:
        """Have no faults for a while, or have them again: else few seeds get beyond a plan."""
        self._calm = calm

    def clear(self) -> None:
        """Let the sun shine."""
        self.probability = 0.0


def _choices(method: str, path: str) -> list[Choice]:
    choices = list(ANYWHERE)
    if method == "POST" and path.endswith("/mounts"):
        choices += MOUNTING * 2
    if method == "POST" and path.startswith(("/jobs/", "/backupServers/")):
        choices += STARTING * 2
    if method == "DELETE" and "/includes/" in path:
        choices += EXCLUDING * 4
    if method == "DELETE" and "/mounts/" in path:
        choices += UNMOUNTING * 4
    return choices


def _fault(choice: Choice) -> Fault:
    name, options = choice
    return Fault(name, re.compile(""), 1, options)
