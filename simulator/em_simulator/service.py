"""The simulator as a web application: HTTP, faults and the journal around the handlers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from em_simulator.journal import Journal, JournalEntry, now
from em_simulator.messages import Reply, Request

if TYPE_CHECKING:
    from em_simulator.faults import Fault, Faults
    from em_simulator.forms import Form
    from em_simulator.handlers import Handlers
    from em_simulator.manager import Manager

_LARGEST_REQUEST = 4 * 1024 * 1024
_SERVER = "Microsoft-HTTPAPI/2.0"
_PAGE = b"<!DOCTYPE html>\n<html><body><h1>Service unavailable</h1></body></html>\n"


class Service:
    """Answers every request below `/api`."""

    def __init__(
        self, manager: Manager, handlers: Handlers, faults: Faults, journal: Journal, form: Form
    ) -> None:
        self._manager = manager
        self._handlers = handlers
        self._faults = faults
        self._journal = journal
        self._form = form

    def application(self) -> web.Application:
        """Return the application."""
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_route("*", "/api{path:.*}", self.handle)
        return application

    async def handle(self, received: web.Request) -> web.StreamResponse:
        """Answer one request, with the fault that is due."""
        path = received.rel_url.raw_path.removeprefix("/api") or "/"
        number, body = self._journal.next_number(), await received.read()
        with self._manager.lock:
            fault = self._faults.take(received.method, path)
        await _delay(fault, "before")
        request = Request(
            method=received.method,
            path=path,
            query=received.query,
            headers=received.headers,
            cookies=received.cookies,
            body=body,
        )
        exchange = _Exchange(request, fault, self._form)
        if exchange.acts:
            with self._manager.lock:
                self._manager.advance()
                self._expire(request, fault)
                exchange.reply = self._handlers.answer(exchange.request)
        await _delay(fault, "after")
        self._journal.add(
            JournalEntry(
                number=number,
                at=now(),
                method=request.method,
                path=path,
                query=received.query_string,
                status=exchange.status,
                session_id=exchange.reply.session.id if exchange.reply.session else None,
                token=exchange.reply.session.token
                if exchange.reply.session and request.token is None
                else request.token,
                user_agent=request.headers.get("User-Agent", ""),
                fault=fault.name if fault else None,
            )
        )
        return await exchange.send(received)

    def _expire(self, request: Request, fault: Fault | None) -> None:
        sessions = self._manager.sessions
        if fault and fault.name == "expire-all":
            sessions.drop_all()
        session = sessions.find(request.token or "")
        if fault and fault.name == "expire-session" and session:
            sessions.drop(session)


class _Exchange:
    """One request, its reply, and what a fault makes of it on the wire."""

    def __init__(self, request: Request, fault: Fault | None, form: Form) -> None:
        self._form = form
        self._fault = fault
        self._name = fault.name if fault else ""
        self.request = _with_fault(request, fault)
        self.reply = Reply(HTTPStatus.SERVICE_UNAVAILABLE)

    @property
    def acts(self) -> bool:
        """Whether the server does what it is asked for."""
        if self._fault and self._name == "status":
            return bool(self._fault.option("when") == "after")
        return self._name not in ("reset-before", "redirect")

    @property
    def status(self) -> int | None:
        """The status that is sent; None when none is."""
        if self._fault and self._name == "status":
            return int(self._fault.option("code"))
        if self._name == "redirect":
            return int(HTTPStatus.FOUND)
        return None if self._name.startswith("reset-") else int(self.reply.status)

    async def send(self, received: web.Request) -> web.StreamResponse:
        """Send the reply, or what the fault makes of it."""
        status = self.status
        if status is None:
            return _cut(received)
        as_json = self.request.wants_json and self._name != "xml"
        body, kind = self.reply.body(self._form, as_json=as_json)
        headers = {"Server": _SERVER, **self.reply.headers}
        if self._fault:
            body, kind = self._spoil(self._fault, body, kind, headers)
        if status == HTTPStatus.NO_CONTENT:
            body = b""
        if self._name == "cut-body" and body:
            headers["Content-Length"] = str(len(body))
            return await _send_half(received, status, headers, body)
        if kind:
            headers["Content-Type"] = kind
        return web.Response(status=status, headers=headers, body=body)

    def _spoil(
        self, fault: Fault, body: bytes, kind: str, headers: dict[str, str]
    ) -> tuple[bytes, str]:
        if fault.name in _BODIES:
            return _BODIES[fault.name], kind
        match fault.name:
            case "status":
                headers.clear()
                headers["Server"] = _SERVER
                if fault.option("retry_after") is not None:
                    headers["Retry-After"] = str(fault.option("retry_after"))
                body, kind = (_PAGE, "text/html") if fault.option("html") else (b"", "")
            case "redirect":
                headers["Location"] = str(fault.option("location"))
                body = b""
            case "html":
                body, kind = _PAGE, "text/html"
            case "huge-body":
                body = b" " * (int(fault.option("mebibytes")) * 1024 * 1024)
            case "foreign-href":
                body = _elsewhere(body, str(fault.option("host")).encode())
        return body, kind


_BODIES = {
    "garbage": b"\x00\xff garbage \x1b[31m",
    "wrong-shape": b'[1, {"Links": "none", "State": ["Finished"]}, null]',
}


def _with_fault(request: Request, fault: Fault | None) -> Request:
    if fault is None:
        return request
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        cookies=request.cookies,
        body=request.body,
        task_fault=fault.task_fault,
        unmounts_by_task=fault.name == "delete-by-task",
    )


def _elsewhere(body: bytes, host: bytes) -> bytes:
    head, *rest = body.split(b"https://")
    return head + b"".join(b"https://" + host + b"/" + part.partition(b"/")[2] for part in rest)


async def _delay(fault: Fault | None, when: str) -> None:
    if fault and fault.name == "delay" and fault.option("when") == when:
        await asyncio.sleep(float(fault.option("seconds")))


def _cut(received: web.Request) -> web.StreamResponse:
    if received.transport:
        received.transport.abort()
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _send_half(
    received: web.Request, status: int, headers: dict[str, str], body: bytes
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    with suppress(ConnectionError):
        await response.prepare(received)
        await response.write(body[: len(body) // 2])
        await asyncio.sleep(0.05)  # so that what is sent gets out before the end
    if received.transport:
        received.transport.abort()
    return response
