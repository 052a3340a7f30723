"""Logon sessions: the browsing session, one for each mount or other task, and their end.

Follows the vendor's pages http_authentication, logging_on and loginsessions.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em.errors import (
    EnterpriseManagerError,
    LogonRefused,
    NotEnterpriseManager,
    NotFound,
    Redirected,
    RequestFailed,
    RequestRefused,
    SessionExpired,
    UnexpectedAnswer,
)
from terraform_provider_veeam.em.http.client import TOKEN_HEADER
from terraform_provider_veeam.em.http.decoders import Document, api_path, clean, links, text
from terraform_provider_veeam.em.http.own_form import is_enterprise_manager
from terraform_provider_veeam.em.http.proxies import passwords
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.secrets import conceal

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.settings import Settings

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

_MANY_SESSIONS = (
    "Earlier logons of this run were accepted. Each mount has a logon session of its own, and how "
    "many Enterprise Manager allows at a time is not documented: if that is the reason, mount less "
    "in one configuration, or end sessions that nobody needs."
)

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Logon:
    """Logs on and out. With a session token configured, that session is used for everything.

    Accounts get locked: the first logon goes alone, and when it is refused none is tried again.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._lock = threading.Lock()  # of what follows
        self._browsing: LogonSession | None = None
        self._is_trusted = False
        self._refused: LogonRefused | None = None
        for secret in (settings.password, settings.session_token, *passwords(settings.base_url)):
            if secret:
                conceal(secret)

    def browsing(self, deadline: Deadline) -> LogonSession:
        """Return the session in which things are looked up, made when it is first needed.

        Raises NotEnterpriseManager, LogonRefused, …
        """
        deadline.acquire(self._lock)
        try:
            if self._browsing is None:
                self._browsing = self._first(deadline)
            return self._browsing
        finally:
            self._lock.release()

    def browse(self, look_up: Callable[[LogonSession], Result], deadline: Deadline) -> Result:
        """Return what is looked up in the browsing session; one that idled away is replaced."""
        session = self.browsing(deadline)
        try:
            return look_up(session)
        except SessionExpired as error:
            if session.borrowed:
                raise token_refused(error) from error
            log.info("%s has ended; logging on again", session)
        with self._lock:
            if self._browsing is session:
                self._browsing = None
        return look_up(self.browsing(deadline))

    def for_one_task(self, deadline: Deadline) -> LogonSession:
        """Return a new session for one task, or the one whose token is configured."""
        if self._settings.session_token:
            return self.browsing(deadline)
        deadline.acquire(self._lock)
        try:
            if not self._is_trusted:
                return self._first(deadline)
        finally:
            self._lock.release()
        return self._log_on(deadline)

    def exists(self, session_id: str, deadline: Deadline) -> bool:
        """Tell whether the server still has a session; it is asked in the browsing session."""
        _conceal_id(session_id)

        def ask(own: LogonSession) -> bool:
            try:
                self._client.request("GET", _path(session_id), deadline, token=own.token)
            except NotFound:
                return False
            return True

        return self.browse(ask, deadline)

    def end(self, session: LogonSession, deadline: Deadline) -> None:
        """End a session by its own token; one that has ended already is no error.

        One whose id is not known, or that somebody else made, is left to idle away.
        """
        if session.borrowed or session.session_id is None:
            return
        try:
            self._client.request("DELETE", _path(session.session_id), deadline, token=session.token)
        except (SessionExpired, NotFound):
            return
        log.info("logged out: %s", session)

    def close(self, deadline: Deadline) -> None:
        """End the browsing session."""
        if self._browsing:
            self.end(self._browsing, deadline)

    def _first(self, deadline: Deadline) -> LogonSession:
        """Log on while no other thread does, once it is clear that Enterprise Manager is there."""
        if not self._is_trusted and not self._refused:
            self._check_server(deadline)
        session = self._adopt(deadline) or self._log_on(deadline)
        self._is_trusted = True
        return session

    def _check_server(self, deadline: Deadline) -> None:
        """Make sure that it is Enterprise Manager before anything secret is sent."""
        try:
            document = self._client.request("GET", "/", deadline, again=_has_no_answer).document
            is_expected = is_enterprise_manager(document)
        except (RequestFailed, Redirected):
            raise
        except RequestRefused as error:
            raise self._not_enterprise_manager(f"answered with {error.status}") from error
        except UnexpectedAnswer as error:
            raise self._not_enterprise_manager("answered with something else") from error
        if not is_expected:
            raise self._not_enterprise_manager("answered with something else")

    def _not_enterprise_manager(self, came: str) -> NotEnterpriseManager:
        return NotEnterpriseManager(
            "This is not Enterprise Manager",
            f"GET {self._settings.base_url}/ needs no logon and should describe Enterprise "
            f"Manager, but was {came}. No password was sent. Check url: the REST API of "
            "Enterprise Manager is on port 9398; 9419 is Veeam Backup & Replication's own REST "
            "API, 9443 the web site of Enterprise Manager.",
        )

    def _log_on(self, deadline: Deadline) -> LogonSession:
        if self._refused:
            raise self._refused
        settings = self._settings
        pair = f"{settings.username}:{settings.password}"
        credentials = base64.b64encode(pair.encode()).decode()
        conceal(credentials)
        try:
            answer = self._client.request(
                "POST",
                f"/sessionMngr/?v={settings.api_version}",
                deadline,
                authorization=f"Basic {credentials}",
                again=_was_not_taken,
            )
        except RequestRefused as error:
            if self._is_trusted:  # another session was given before
                error.add(_MANY_SESSIONS)
            if isinstance(error, LogonRefused):
                self._refused = error
            raise
        token = answer.headers.get(TOKEN_HEADER)
        if not token:
            raise UnexpectedAnswer(
                "Enterprise Manager gave no session token",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} but "
                f"without the header {TOKEN_HEADER}. Does a proxy remove it?",
            )
        conceal(token)
        session_id = _session_id(answer.document) or self._told_id(token, deadline)
        if session_id is None:
            # Without it nobody can tell later whether the session, and a mount in it, still exists.
            raise UnexpectedAnswer(
                "Enterprise Manager gave no session id",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} and a "
                "token, but with no LogonSession that has an id. Is there a proxy in between that "
                "changes answers? Nothing was done in the session; it ends when it has been idle.",
            )
        _conceal_id(session_id)
        session = LogonSession(session_id, token)
        log.info("logged on: %s", session)
        return session

    def _adopt(self, deadline: Deadline) -> LogonSession | None:
        """Return the session whose token was configured, with its id if that can be found out."""
        token = self._settings.session_token
        if not token:
            return None
        try:
            session_id = self._told_id(token, deadline)
        except SessionExpired as error:
            raise token_refused(error) from error
        return LogonSession(session_id, token, borrowed=True)

    def _told_id(self, token: str, deadline: Deadline) -> str | None:
        """Return the id of a token's session; None when it is not known. Raises SessionExpired.

        The token is usually the id in base64: the server is asked whether that is so.
        """
        made_from = _id_in(token)
        if made_from is not None:
            _conceal_id(made_from)
            document = self._ask(_path(made_from), token, deadline)
            told = _session_id(document) if document else None
            if told and told.lower() == made_from.lower():
                return made_from
        document = self._ask("/logonSessions", token, deadline)
        listed = (document and document.collection(("LogonSessions", "LogonSession"))) or []
        ids = [found for one in listed if (found := text(one, "SessionId"))]
        if len(ids) != 1:
            return None
        _conceal_id(ids[0])
        return ids[0]

    def _ask(self, path: str, token: str, deadline: Deadline) -> Document | None:
        """Return what there is at a path; None when it can't be seen. Raises SessionExpired."""
        try:
            return self._client.request("GET", path, deadline, token=token).document
        except SessionExpired:
            raise
        except (RequestRefused, UnexpectedAnswer):
            return None


def conceal_session(session: LogonSession) -> None:
    """Have logs and errors hide what gives access to a session."""
    conceal(session.token)
    if session.session_id:
        _conceal_id(session.session_id)


def _conceal_id(session_id: str) -> None:
    for spelling in {session_id, session_id.lower(), session_id.upper()}:
        conceal(spelling)


def token_refused(error: SessionExpired) -> LogonRefused:
    """Return the error for a configured session token that the server does not take."""
    return LogonRefused(
        "Enterprise Manager refuses the session token",
        f"{error.detail}\nThe session of session_token (VEEAM_EM_SESSION_TOKEN) has ended, or it "
        "belongs to another server. Log on again and set the new token.",
        status=error.status,
    )


def _has_no_answer(error: EnterpriseManagerError) -> bool:
    # What answers with something else now will do so again.
    return error.may_pass and not isinstance(error, UnexpectedAnswer)


def _was_not_taken(error: EnterpriseManagerError) -> bool:
    # A logon whose answer is lost is not sent again: it would count as one more attempt.
    return error.may_pass and (isinstance(error, RequestRefused) or not error.may_have_acted)


def _path(session_id: str) -> str:
    return f"/logonSessions/{quote(session_id, safe='')}"


def _id_in(token: str) -> str | None:
    """Return the session id that a token is made from; None when it is made in another way."""
    try:
        plain = base64.b64decode(token, validate=True).decode("ascii")
    except ValueError:
        return None
    return plain if re.fullmatch(_UUID, plain) else None


def _session_id(document: Document) -> str | None:
    if found := text(document.value, "SessionId"):
        return found
    path = api_path(document.property("Href")) or ""
    paths = [path, *(link.path for link in links(document.value) if link.rel == "Delete")]
    for path in paths:
        if path.startswith("/logonSessions/"):
            return clean(path.rpartition("/")[2])
    return None
