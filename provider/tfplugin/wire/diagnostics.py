"""From diagnostics and exceptions to what Terraform shows.

The one place that words an error nobody expected.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from tf.utils import Diagnostic, Diagnostics

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
    return pb.AttributePath(steps=[_step_to_pb(step) for step in path])


def _step_to_pb(step: Any) -> pb.AttributePath.Step:
    if not isinstance(step, tuple):
        return pb.AttributePath.Step(attribute_name=step)
    if isinstance(step[0], str):
        return pb.AttributePath.Step(element_key_string=step[0])
    return pb.AttributePath.Step(element_key_int=step[0])


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
    return [_diagnostic_to_pb(diagnostic, mask) for diagnostic in diagnostics.diagnostics]


def _diagnostic_to_pb(diagnostic: Diagnostic, mask: Callable[[str], str]) -> pb.Diagnostic:
    is_warning = diagnostic.severity == diagnostic.WARNING
    return pb.Diagnostic(
        severity=pb.Diagnostic.WARNING if is_warning else pb.Diagnostic.ERROR,
        summary=mask(diagnostic.summary),
        detail=mask(diagnostic.detail or ""),
        attribute=path_to_pb(diagnostic.path) if diagnostic.path else None,
    )


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
    return _describe_unexpected(error, activity, mask)


def _describe_unexpected(
    error: Exception, activity: str, mask: Callable[[str], str]
) -> Description:
    lines = mask(str(error)).strip().splitlines()
    text = f": {lines[0][:LONGEST_QUOTE]}" if lines else ""
    return Description(
        "Internal error",
        f"While {activity}, the provider met an error that it was not made for: "
        f"{type(error).__name__}{text}.\n"
        "This is a fault of the provider, please report it. With TF_LOG=DEBUG the log shows "
        "where it happened.",
    )
