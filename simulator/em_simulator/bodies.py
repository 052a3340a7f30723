"""Bodies of requests: JSON, or XML in the same shape."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from defusedxml.ElementTree import fromstring

from em_simulator.messages import Refusal
from em_simulator.representations import NAMESPACE

if TYPE_CHECKING:
    from em_simulator.messages import Request


def read_body(request: Request) -> dict[str, Any]:
    """Return what a body says, in the order of its elements. Raises Refusal."""
    kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "application/xml"):
        raise Refusal(HTTPStatus.BAD_REQUEST, f"Content-Type [{kind}] is not supported.")
    try:
        read = _from_xml if kind == "application/xml" else json.loads
        return dict(read(request.body))
    except Exception as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Request body can't be read.") from error


def _from_xml(body: bytes) -> dict[str, Any]:
    def name(element: Any) -> str:
        return str(element.tag).removeprefix(f"{{{NAMESPACE}}}")

    def value(element: Any) -> Any:
        plain: dict[str, Any] = dict(element.attrib)
        plain |= {name(child): value(child) for child in element}
        return plain or element.text

    return {name(child): value(child) for child in fromstring(body)}
