"""What the objects of a provider raise, and what a person is told of it."""

from typing import NamedTuple

from tfplugin.contexts import Path


class Description(NamedTuple):
    """What a person is told of an exception."""

    summary: str
    detail: str = ""
    path: Path | None = None


class Refused(Exception):
    """Raised by any object to end its call with one error diagnostic."""

    def __init__(self, summary: str, detail: str = "", path: Path | None = None) -> None:
        super().__init__(summary)
        self.description = Description(summary, detail, path)

    def add(self, more: str) -> None:
        """Add what else a person has to know."""
        detail = f"{self.description.detail}\n{more}".lstrip()
        self.description = self.description._replace(detail=detail)


class Reported(Exception):
    """Raised by any object to end its call: the diagnostics say all that there is to say."""


class FunctionFailed(Exception):
    """Raised by a function; `argument` is the position of the argument at fault, from 0."""

    def __init__(self, text: str, argument: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.argument = argument
