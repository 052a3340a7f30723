"""The simulator as a web application: HTTP, faults and the journal around the handlers."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import suppress
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from em_simulator.faults import DueFaults
from em_simulator.journal import Journal, JournalEntry, now
from em_simulator.messages import Reply, Request

if TYPE_CHECKING:
    from em_simulator.faults import Faults
    from em_simulator.forms import Form
    from em_simulator.handlers import Handlers
    from em_simulator.manager import Manager

_LARGEST_REQUEST = 4 * 1024 * 1024
_PIECE = 16 * 1024  # of a file, where the line has a bandwidth
_LARGE = 256 * 1024  # bytes: of what is larger only so much is under way
_SERVER = "Microsoft-HTTPAPI/2.0"
_PAGE = b"<!DOCTYPE html>\n<html><body><h1>Service unavailable</h1></body></html>\n"
_GATEWAYS = {
    "json": (b'{"message": "no Route matched with those values"}', "application/json"),
    "html": (_PAGE, "text/html"),
}


class Line:
    """The line between server and clients: how long a request takes, how fast files come."""

    def __init__(self, latency: float, bandwidth: float) -> None:
        self.latency = latency
        self.bandwidth = bandwidth
        """Bytes a second that all downloads have together; 0 for as many as can be."""
        self._free_at = 0.0

    async def send(
        self, received: web.Request, status: int, headers: dict[str, str], body: bytes
    ) -> web.StreamResponse:
        """Send a file piece by piece, each when the line is free and the one before has gone."""
        headers["Content-Length"] = str(len(body))
        response = web.StreamResponse(status=status, headers=headers)
        with suppress(ConnectionError):
            await response.prepare(received)
            size = _PIECE if self.bandwidth else _LARGE
            for start in range(0, len(body), size):
                piece, now = body[start : start + size], time.monotonic()
                if self.bandwidth:
                    self._free_at = max(now, self._free_at) + len(piece) / self.bandwidth
                    await asyncio.sleep(self._free_at - now)
                await response.write(piece)
        return response


class Service:
    """Answers every request below `/api`."""

    def __init__(
        self,
        manager: Manager,
        handlers: Handlers,
        faults: Faults,
        journal: Journal,
        form: Form,
        *,
        line: Line,
    ) -> None:
        self._manager = manager
        self._handlers = handlers
        self._faults = faults
        self._journal = journal
        self._form = form
        self._line = line

    def application(self) -> web.Application:
        """Return the application."""
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        # Not `.*`: the name of a file may have a line break in it.
        application.router.add_route("*", r"/api{path:[\s\S]*}", self.handle)
        return application

    async def handle(self, received: web.Request) -> web.StreamResponse:
        """Answer one request, with the faults that are due."""
        path = received.rel_url.raw_path.removeprefix("/api") or "/"
        number = self._journal.begin(received.method, path)
        await asyncio.sleep(self._line.latency)
        body = await received.read()
        with self._manager.lock:
            faults = DueFaults(self._faults.take(received.method, path))
        await _delay(faults, "before")
        request = Request(
            method=received.method,
            path=path,
            parameters=list(received.query.items()),
            headers=received.headers,
            cookies=received.cookies,
            body=body,
            faults=faults,
        )
        exchange = _Exchange(request, self._form, self._manager.now())
        if exchange.acts:
            with self._manager.lock:
                self._manager.advance()
                self._expire(request)
                exchange.reply = self._handlers.answer(request)
        await _delay(faults, "after")
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
                fault=faults.names,
            )
        )
        return await exchange.send(received, self._line)

    def _expire(self, request: Request) -> None:
        sessions = self._manager.sessions
        if "expire-all" in request.faults:
            sessions.drop_all()
        session = sessions.find(request.token or "")
        if "expire-session" in request.faults and session:
            sessions.drop(session)


class _Exchange:
    """One request, its reply, and what faults make of it on the wire."""

    def __init__(self, request: Request, form: Form, now: dt.datetime) -> None:
        self._form = form
        self._now = now
        self._faults = request.faults
        self.request = request
        self.reply = Reply(HTTPStatus.SERVICE_UNAVAILABLE)

    @property
    def acts(self) -> bool:
        """Whether the server does what it is asked for."""
        if "reset-before" in self._faults or "redirect" in self._faults:
            return False
        return self._faults.option("status", "when") in (None, "after")

    @property
    def status(self) -> int | None:
        """The status that is sent; None when none is."""
        if "reset-before" in self._faults or "reset-after" in self._faults:
            return None
        if "status" in self._faults:
            return int(self._faults.option("status", "code"))
        return HTTPStatus.FOUND if "redirect" in self._faults else self.reply.status

    async def send(self, received: web.Request, line: Line) -> web.StreamResponse:
        """Send the reply, or what the faults make of it."""
        status = self.status
        if status is None:
            return _cut(received)
        as_json = self.request.wants_json and "xml" not in self._faults
        body, kind = self.reply.body(self._form, as_json=as_json)
        headers = self._own_headers() | self.reply.headers
        body, kind = self._spoil(body, kind, headers)
        if status == HTTPStatus.NO_CONTENT:
            body = b""
        if body and ("cut-body" in self._faults or "stall-body" in self._faults):
            headers["Content-Length"] = str(len(body))
            stall = self._faults.option("stall-body", "seconds")
            return await _send_half(received, status, headers, body, stall)
        if kind:
            headers["Content-Type"] = kind
        if self.reply.content is not None and (line.bandwidth or len(body) > _LARGE):
            return await line.send(received, status, headers, body)
        return web.Response(status=status, headers=headers, body=body)

    def _own_headers(self) -> dict[str, str]:
        return {"Server": _SERVER, "Date": format_datetime(self._now, usegmt=True)}

    def _retry_after(self) -> str | None:
        seconds = self._faults.option("status", "retry_after")
        if seconds is None:
            return None
        if not self._faults.option("status", "as_date"):
            return str(seconds)
        return format_datetime(self._now + dt.timedelta(seconds=float(seconds)), usegmt=True)

    def _spoil(self, body: bytes, kind: str, headers: dict[str, str]) -> tuple[bytes, str]:
        faults = self._faults
        if "status" in faults:
            headers.clear()
            headers |= self._own_headers()
            if (retry_after := self._retry_after()) is not None:
                headers["Retry-After"] = retry_after
            words = (word for word in _GATEWAYS if faults.option("status", word))
            return _GATEWAYS.get(next(words, ""), (b"", ""))
        if "redirect" in faults:
            headers["Location"] = str(faults.option("redirect", "location"))
            return b"", kind
        if "html" in faults:
            return _PAGE, "text/html"
        if "huge-body" in faults:
            return b" " * (int(faults.option("huge-body", "mebibytes")) * 1024 * 1024), kind
        for name, spoilt in _BODIES.items():
            if name in faults:
                return spoilt, kind
        if "foreign-href" in faults:
            body = _elsewhere(body, str(faults.option("foreign-href", "host")).encode())
        return body, kind


_BODIES = {
    "garbage": b"\x00\xff garbage \x1b[31m",
    "wrong-shape": b'[1, {"Links": "none", "State": ["Finished"]}, null]',
}


def _elsewhere(body: bytes, host: bytes) -> bytes:
    head, *rest = body.split(b"https://")
    return head + b"".join(b"https://" + host + b"/" + part.partition(b"/")[2] for part in rest)


async def _delay(faults: DueFaults, when: str) -> None:
    if faults.option("delay", "when") == when:
        await asyncio.sleep(float(faults.option("delay", "seconds")))


def _cut(received: web.Request) -> web.StreamResponse:
    if received.transport:
        received.transport.abort()
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _send_half(
    received: web.Request, status: int, headers: dict[str, str], body: bytes, stall: float | None
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    with suppress(ConnectionError):
        await response.prepare(received)
        await response.write(body[: len(body) // 2])
        # Even a cut waits until what is sent has got out.
        await asyncio.sleep(0.05 if stall is None else stall)
    if received.transport:
        received.transport.abort()
    return response
