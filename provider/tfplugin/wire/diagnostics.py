"""From diagnostics and exceptions to what Terraform shows."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from tf.utils import Diagnostics

from tfplugin.contexts import Path
from tfplugin.errors import Description, Refused
from tfplugin.interfaces import Provider
from tfplugin.wire import tfplugin6_pb2 as pb

LOGGER = logging.getLogger("tfplugin")
LONGEST_QUOTE = 200
"""Characters of an unexpected exception's text that are shown."""


class Unusable(Exception):
    """A value does not suit its type."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


def path_to_pb(path: Iterable[Any]) -> pb.AttributePath:
    """Return a path's message: names as they are, `("key",)` and `(0,)` for elements."""
    of = pb.AttributePath
    keys = {str: "element_key_string", int: "element_key_int"}
    steps = (
        {keys[type(step[0])]: step[0]} if isinstance(step, tuple) else {"attribute_name": step}
        for step in path
    )
    return of(steps=[of.Step(**step) for step in steps])


def path_to_text(path: Iterable[Any]) -> str:
    """Return a path as Terraform writes it, like `timeouts.create` or `names[0]`."""
    text = ""
    for step in path:
        if not isinstance(step, tuple):
            text += f".{step}" if text else step
        elif isinstance(step[0], str):
            text += f'["{step[0]}"]'
        else:
            text += f"[{step[0]}]"
    return text


def diagnostics_to_pb(diagnostics: Diagnostics, mask: Callable[[str], str]) -> list[pb.Diagnostic]:
    """Return the messages of all diagnostics, with secrets masked."""
    of = pb.Diagnostic
    return [
        of(
            severity=of.WARNING if one.severity == one.WARNING else of.ERROR,
            summary=mask(one.summary),
            detail=mask(one.detail or ""),
            attribute=path_to_pb(one.path) if one.path else None,
        )
        for one in diagnostics.diagnostics
    ]


def describe(
    error: Exception, activity: str, provider: Provider, mask: Callable[[str], str]
) -> Description:
    """Return what a person is told of an exception in an activity, like "reading veeam_x"."""
    if isinstance(error, Refused):
        return error.description
    if isinstance(error, Unusable):
        name = path_to_text(error.path) or "the whole"
        return Description(f"Invalid value of {name}", error.text, error.path)
    try:
        description = provider.describe(error)
    except Exception as second:
        LOGGER.debug("describing an exception failed", exc_info=second)
        description = None
    if description is not None:
        return description
    LOGGER.debug("%s failed", activity, exc_info=error)
    lines = mask(str(error)).strip().splitlines()
    text = f": {lines[0][:LONGEST_QUOTE]}" if lines else ""
    return Description(
        "Internal error",
        f"While {activity}, the provider met an error that it was not made for: "
        f"{type(error).__name__}{text}.\nThis is a fault of the provider, please report it. With "
        "TF_LOG=DEBUG the log shows where it happened.",
    )
