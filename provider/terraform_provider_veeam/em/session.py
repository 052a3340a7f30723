"""Logon sessions: at most one of our own, made when it is first needed; and what became of others.

Follows the vendor's pages http_authentication, logging_on and logonsessions.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from terraform_provider_veeam.em.client import TOKEN_HEADER
from terraform_provider_veeam.em.decoding import Document, api_path, clean, links, text
from terraform_provider_veeam.em.errors import (
    AnswerLost,
    EnterpriseManagerError,
    LogonRefused,
    NotEnterpriseManager,
    NotFound,
    RequestRefused,
    SessionExpired,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.models import LogonSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.client import Client
    from terraform_provider_veeam.em.settings import Settings
    from terraform_provider_veeam.em.waiting import Deadline

log = logging.getLogger(__name__)


class LogonSessions:
    """Knows our own session, or the existing one whose token was configured."""

    def __init__(self, client: Client, settings: Settings, conceal: Callable[[str], None]) -> None:
        self._client = client
        self._settings = settings
        self._conceal = conceal
        self._lock = threading.Lock()
        self._own: LogonSession | None = None
        self._refused: LogonRefused | None = None
        for secret in (settings.password, settings.session_token):
            if secret:
                conceal(secret)

    @property
    def current(self) -> LogonSession | None:
        """Our own session, if there is one by now."""
        return self._own

    def own(self, deadline: Deadline) -> LogonSession:
        """Return our session, logging on when it is the first time.

        Raises NotEnterpriseManager, LogonRefused (asked once only: accounts get locked), …
        """
        deadline.acquire(self._lock)
        try:
            if self._own is None:
                if self._refused:
                    raise self._refused
                self._check_server(deadline)
                try:
                    self._own = self._adopt(deadline) or self._log_on(deadline)
                except LogonRefused as error:
                    self._refused = error
                    raise
            return self._own
        finally:
            self._lock.release()

    def forget(self, session: LogonSession) -> None:
        """Our session has ended on the server: the next call of `own` makes another."""
        with self._lock:
            if self._own is session and not session.borrowed:
                self._own = None

    def conceal(self, session: LogonSession) -> None:
        """Have logs and errors hide what gives access to a session."""
        self._conceal(session.token)
        if session.session_id:
            self._conceal_id(session.session_id)

    def exists(self, own: LogonSession, session_id: str, deadline: Deadline) -> bool:
        """Tell whether the server still has a session; it is asked in a session of our own."""
        self._conceal_id(session_id)
        try:
            self._client.request("GET", _path(session_id), deadline, token=own.token)
        except NotFound:
            return False
        return True

    def log_out(self, session: LogonSession, deadline: Deadline) -> None:
        """End a session by its own token; one that has ended already is no error."""
        if session.session_id is None:
            return
        try:
            self._client.request("DELETE", _path(session.session_id), deadline, token=session.token)
        except (SessionExpired, NotFound):
            return
        log.info("logged out: %s", session)

    def _check_server(self, deadline: Deadline) -> None:
        """Ask who is there before anything secret is sent."""
        try:
            answer = self._client.request("GET", "/", deadline, retry_if=_has_no_answer)
        except RequestRefused as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.attribute == "url":
                raise
            raise self._not_enterprise_manager(f"answered with {error.status}") from error
        except UnexpectedAnswer as error:
            raise self._not_enterprise_manager("answered with something else") from error
        if not _is_enterprise_manager(answer.document):
            raise self._not_enterprise_manager("answered with something else")

    def _not_enterprise_manager(self, came: str) -> NotEnterpriseManager:
        return NotEnterpriseManager(
            "This is not Enterprise Manager",
            f"GET {self._settings.base_url}/ needs no logon and should describe Enterprise "
            f"Manager, but was {came}. No password was sent. Check url: the REST API of "
            "Enterprise Manager is on port 9398; 9419 is Veeam Backup & Replication's own REST "
            "API, 9443 the web site of Enterprise Manager.",
            attribute="url",
        )

    def _log_on(self, deadline: Deadline) -> LogonSession:
        settings = self._settings
        pair = f"{settings.username}:{settings.password}"
        credentials = base64.b64encode(pair.encode()).decode()
        self._conceal(credentials)
        answer = self._client.request(
            "POST",
            f"/sessionMngr/?v={settings.api_version}",
            deadline,
            authorization=f"Basic {credentials}",
            retry_if=_was_not_taken,
        )
        token = answer.headers.get(TOKEN_HEADER)
        if not token:
            raise UnexpectedAnswer(
                "Enterprise Manager gave no session token",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} but "
                f"without the header {TOKEN_HEADER}. Does a proxy remove it?",
            )
        self._conceal(token)
        session_id = _session_id(answer.document) or self._told_id(token, deadline)
        if session_id is None:
            # Without it nobody could tell later whether the session, and a mount in it, lives.
            raise UnexpectedAnswer(
                "Enterprise Manager gave no session id",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} and a "
                "token, but with no LogonSession that has an id. Is there a proxy in "
                "between that changes answers? Nothing was done in the session; it ends when it "
                "has been idle.",
            )
        self._conceal_id(session_id)
        session = LogonSession(session_id, token)
        log.info("logged on: %s", session)
        return session

    def _adopt(self, deadline: Deadline) -> LogonSession | None:
        """Return the session whose token was configured, with its id if that can be told."""
        token = self._settings.session_token
        if not token:
            return None
        try:
            session_id = self._told_id(token, deadline)
        except SessionExpired as error:
            raise token_refused(error) from error
        return LogonSession(session_id, token, borrowed=True)

    def _told_id(self, token: str, deadline: Deadline) -> str | None:
        """Return the id of a token's session; None when it can't be told. Raises SessionExpired.

        The token is usually the id in base64: the server is asked whether that is so.
        """
        session_id = _id_in(token)
        if session_id is not None:
            self._conceal_id(session_id)
            try:
                answer = self._client.request("GET", _path(session_id), deadline, token=token)
            except SessionExpired:
                raise
            except (RequestRefused, UnexpectedAnswer):
                session_id = None
            else:
                told = _session_id(answer.document)
                session_id = told if told and told.lower() == session_id.lower() else None
        return session_id or self._only_session(token, deadline)

    def _conceal_id(self, session_id: str) -> None:
        for spelling in {session_id, session_id.lower(), session_id.upper()}:
            self._conceal(spelling)

    def _only_session(self, token: str, deadline: Deadline) -> str | None:
        """Return the id of a token's session; None when there are others and it can't be told.

        Raises SessionExpired.
        """
        try:
            answer = self._client.request("GET", "/logonSessions", deadline, token=token)
        except SessionExpired:
            raise
        except (RequestRefused, UnexpectedAnswer):
            return None
        listed = answer.document.collection(("LogonSessions", "LogonSession")) or []
        ids = [found for one in listed if (found := text(one, "SessionId"))]
        if len(ids) != 1:
            return None
        self._conceal_id(ids[0])
        return ids[0]


def token_refused(error: SessionExpired) -> LogonRefused:
    """Return the error for a configured session token that the server does not take."""
    return LogonRefused(
        "Enterprise Manager refuses the session token",
        f"{error.detail}\nThe session of session_token (VEEAM_EM_SESSION_TOKEN) has ended, or it "
        "belongs to another server. Log on anew and set the new token.",
        status=error.status,
        attribute="session_token",
    )


def _has_no_answer(error: EnterpriseManagerError) -> bool:
    # Whoever answers with something else will do so again.
    return not isinstance(error, UnexpectedAnswer)


def _was_not_taken(error: EnterpriseManagerError) -> bool:
    # A logon whose answer is lost is not sent again: it would count as one more attempt.
    return not isinstance(error, AnswerLost | UnexpectedAnswer)


def _path(session_id: str) -> str:
    return f"/logonSessions/{quote(session_id, safe='')}"


def _id_in(token: str) -> str | None:
    """Return the session id that a token is made from; None when it is made in another way."""
    try:
        plain = base64.b64decode(token, validate=True).decode("ascii")
    except ValueError:
        return None
    return (
        plain
        if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", plain)
        else None
    )


def _is_enterprise_manager(document: Document) -> bool:
    if document.has_root("EnterpriseManager") or document.property("SupportedVersions"):
        return True
    kind = text(document.value, "Type") or ""
    return kind.startswith("EnterpriseManager") or any(
        link.path.startswith("/sessionMngr") for link in links(document.value)
    )


def _session_id(document: Document) -> str | None:
    if found := text(document.value, "SessionId"):
        return found
    path = api_path(document.property("Href")) or ""
    paths = [path, *(link.path for link in links(document.value) if link.rel == "Delete")]
    for path in paths:
        if path.startswith("/logonSessions/"):
            return clean(path.rpartition("/")[2])
    return None
