"""Faults at every request, chosen by a seed."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from em_simulator.faults import Fault, Faults

ANYWHERE: list[tuple[str, dict[str, Any]]] = [
    ("status", {"code": 503}),
    ("status", {"code": 502, "html": True}),
    ("status", {"code": 504, "when": "after"}),
    ("status", {"code": 429, "retry_after": 1}),
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
]
MOUNTING: list[tuple[str, dict[str, Any]]] = [
    ("task-fails", {}),
    ("task-vanishes", {}),
    ("task-stays", {"seconds": 20.0}),
    ("no-related-link", {}),
]
UNMOUNTING: list[tuple[str, dict[str, Any]]] = [("delete-by-task", {})]
LOSING: list[tuple[str, dict[str, Any]]] = [("expire-session", {}), ("expire-all", {})]


class Weather(Faults):
    """Each request has a fault with a probability; a storm may also end sessions."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(f"weather {seed}")  # noqa: S311 - to be replayed
        self.probability = self._random.choice([0.0, 0.03, 0.1, 0.3, 0.6])
        self._loses_sessions = self._random.random() < 0.3
        self.sessions_lost = False
        self._calm = False

    def take(self, method: str, path: str) -> list[Fault]:
        if self._random.random() >= self.probability or self._calm:
            return []
        choices = list(ANYWHERE)
        if method == "POST" and path.endswith("/mounts"):
            choices += MOUNTING * 2
        if method == "DELETE" and "/mounts/" in path:
            choices += UNMOUNTING * 3
        if self._loses_sessions and self._random.random() < 0.05:
            choices = LOSING
        name, options = self._random.choice(choices)
        if name.startswith("expire"):
            self.sessions_lost = True
        return [Fault(name, re.compile(""), 1, options)]

    @contextmanager
    def calm_if(self, calm: bool) -> Iterator[None]:
        """Have no faults for a while: else few seeds would get beyond their plan."""
        self._calm = calm
        try:
            yield
        finally:
            self._calm = False

    def clear(self) -> None:
        """Let the sun shine."""
        self.probability = 0.0
