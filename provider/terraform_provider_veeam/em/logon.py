"""Logon sessions: the browsing session, one for each mount or other task, and their end.

Follows the vendor's pages http_authentication, logging_on and loginsessions.
"""

import base64
import logging
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

from terraform_provider_veeam.em import errors, gone, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http import decoders, pages, proxies
from terraform_provider_veeam.em.http.client import TOKEN_HEADER, Answer, Client, SessionClient
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import conceal
from terraform_provider_veeam.text import is_quoted

_PAUSES = (0.0, 0.5, 0.5, 1.0)  # seconds before each look whether a token is taken
_LOGOUT_SECONDS = 5.0

_IN_QUOTES = (
    "The password is in quotation marks, which are part of it where nothing removes them, as in a "
    "file for docker --env-file. Unless they belong to it, set it without them."
)
_TWO_BACKSLASHES = (
    "The user name has two backslashes in a row, where DOMAIN\\user has one. Terraform's language "
    "needs it written twice, an environment variable once."
)
_MANY_SESSIONS = (
    "Earlier logons of this run were accepted. Each mount has a logon session of its own, and how "
    "many Enterprise Manager allows at a time is not documented: if that is the reason, mount less "
    "in one configuration, or end sessions that nobody needs."
)

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class LogonSessions:
    """Logs on and out. With a session token configured, that session is used for everything.

    Accounts get locked: the first logon goes alone, and when it is refused none is tried again.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self._settings = settings
        self._lock = threading.Lock()  # of what follows
        self._browsing: models.LogonSession | None = None
        self._replaced: list[models.LogonSession] = []  # did not answer, or seemed not to
        self._is_trusted = False
        self._refused: errors.LogonRefused | None = None
        for secret in (settings.password, settings.session_token, *proxies.passwords()):
            if secret:
                conceal(secret)

    def browsing(self, deadline: Deadline) -> models.LogonSession:
        """Return the session for looking up, made when first needed. Raises LogonRefused."""
        with deadline.holding(self._lock):
            if self._browsing is None:
                self._browsing = self._first(deadline)
            return self._browsing

    def browse(self, look_up: Callable[[SessionClient], Result], deadline: Deadline) -> Result:
        """Return what is looked up in the browsing session; one that idled away is replaced."""
        session = self.browsing(deadline)
        try:
            return look_up(SessionClient(self.client, session, deadline))
        except errors.EnterpriseManagerError as error:
            if session.borrowed and isinstance(error, errors.TokenRefused):
                raise token_refused(error) from error
            is_question = gone.may_mean_gone(error) or isinstance(error, errors.Unsettled)
            if session.borrowed or isinstance(error, errors.AccessDenied) or not is_question:
                raise
            if not self.answers(session, deadline):
                log.info("%s does not answer: %s", session, error)
                with self._lock:
                    if self._browsing is session:
                        self._browsing = None
                        self._replaced.append(session)
            elif not isinstance(error, errors.TokenRefused | errors.Unsettled):
                raise
        return look_up(SessionClient(self.client, self.browsing(deadline), deadline))

    def for_one_task(self, deadline: Deadline) -> models.LogonSession:
        """Return a new session for one task, or the one whose token is configured."""
        if self._settings.session_token:
            return self.browsing(deadline)
        with deadline.holding(self._lock):
            if not self._is_trusted:
                return self._first(deadline)
        return self._log_on(deadline)

    def container(self, session: models.LogonSession, deadline: Deadline) -> gone.Container:
        """Return what tells whether a session has ended: the server's list of all sessions."""
        return gone.Container(
            "Enterprise Manager's list of logon sessions",
            lambda: self._has(session, deadline),
            errors.SessionGone,
        )

    def lists(self, session_id: str, deadline: Deadline) -> bool:
        """Tell whether the server lists a session to us. Raises AccessDenied; sends no secret."""
        _conceal_id(session_id)
        return self.browse(lambda own: _is_one_of(session_id, _ids(own)), deadline)

    def end(self, session: models.LogonSession, deadline: Deadline) -> None:
        """End a session, unless it is gone, borrowed, or without a known id: then it idles away."""
        conceal_session(session)
        if session.borrowed or session.session_id is None:
            return
        client, path = SessionClient(self.client, session, deadline), _path(session.session_id)
        with suppress(errors.SessionGone):
            gone.unless_gone(
                client,
                str(session),
                lambda: client.request("DELETE", path),
                self.container(session, deadline),
            )
            log.info("logged out: %s", session)

    def leave(self, session: models.LogonSession, deadline: Deadline) -> None:
        """End a session as `end` does, also after a stop; one that can't be ended idles away."""
        try:
            self.end(session, deadline.unstoppable("Logging out", _LOGOUT_SECONDS))
        except errors.EnterpriseManagerError as error:
            log.info("%s is left to expire: %s", session, error)

    def close(self, deadline: Deadline) -> None:
        """End the browsing session; one that can't be ended is left to idle away."""
        for own in (*self._replaced, self._browsing):
            if own is None or own.session_id is None or own.borrowed:
                continue
            try:
                self.client.request("DELETE", _path(own.session_id), deadline, token=own.token)
                log.info("logged out: %s", own)
            except errors.EnterpriseManagerError as error:
                log.info("%s is left to expire: %s", own, error)

    def _has(self, session: models.LogonSession, deadline: Deadline) -> bool:
        """Tell whether the server still has a session. Raises Unsettled where nobody can be asked.

        A session is asked by its own token where the account is shown none but the one that asks.
        """
        settings = self._settings
        if settings.session_token is None and settings.username is None:
            raise errors.Unsettled(
                f"Whether {session} has ended is not known",
                "Only a user of Enterprise Manager can list its logon sessions, and here there is "
                "only the token.",
            )
        ids: list[str] = []
        with suppress(errors.AccessDenied):
            ids = self.browse(_ids, deadline)
        if session.session_id is not None and len(ids) > 1:
            return _is_one_of(session.session_id, ids)
        return self.answers(session, deadline)

    def answers(self, session: models.LogonSession, deadline: Deadline) -> bool:
        """Tell whether a session's token is taken, asking again. Raises UnexpectedAnswer."""
        unread: errors.UnexpectedAnswer | None = None
        for pause in _PAUSES:
            deadline.wait(pause)
            try:
                if self._is_taken(session, deadline):
                    return True
            except errors.UnexpectedAnswer as error:
                unread = error
        if unread:
            raise unread
        return False

    def _is_taken(self, session: models.LogonSession, deadline: Deadline) -> bool:
        path = _path(session.session_id) if session.session_id else "/logonSessions"
        try:
            found = self.client.request("GET", path, deadline, token=session.token).document
        except errors.AccessDenied:
            return True
        except errors.EnterpriseManagerError as error:
            if not gone.may_mean_gone(error) or isinstance(error, errors.UnexpectedAnswer):
                raise
            return False
        if session.session_id is None:
            is_session = found.collection("LogonSession") is not None
        else:
            is_session = _is_one_of(session.session_id, [_id_of(found.value) or ""])
        if not is_session:
            raise decoders.unreadable(f"GET {path} was answered, but with something else.")
        return True

    def _first(self, deadline: Deadline) -> models.LogonSession:
        """Log on while no other thread does, once it is clear that Enterprise Manager is there."""
        if not self._is_trusted and not self._refused:
            self.check_server(deadline)
        session = self._adopt(deadline) or self._log_on(deadline)
        self._is_trusted = True
        return session

    def check_server(self, deadline: Deadline) -> Answer:
        """Make sure of Enterprise Manager before any secret. Raises NotEnterpriseManager."""
        came = "something else"
        cause: errors.EnterpriseManagerError | None = None
        try:
            answer = self.client.request("GET", "/", deadline, again=_has_no_answer)
            if _is_enterprise_manager(answer.document):
                return answer
        except (errors.RequestFailed, errors.Redirected):
            raise
        except errors.RequestRefused as error:
            came, cause = str(error.status), error
        except errors.UnexpectedAnswer as error:
            cause = error
        raise errors.NotEnterpriseManager(
            "This is not Enterprise Manager",
            f"GET {self._settings.base_url}/ needs no logon and should describe Enterprise "
            f"Manager, but was answered with {came}. No password was sent. Check url "
            "(VEEAM_EM_URL): the REST API of Enterprise Manager is on port 9398; 9419 is Veeam "
            "Backup & Replication's own REST API, 9443 the web site of Enterprise Manager.",
        ) from cause

    def _log_on(self, deadline: Deadline) -> models.LogonSession:
        if self._refused:
            raise self._refused
        settings = self._settings
        pair = f"{settings.username}:{settings.password}"
        credentials = base64.b64encode(pair.encode()).decode()
        conceal(credentials)
        try:
            answer = self.client.request(
                "POST",
                f"/sessionMngr/?v={settings.api_version}",
                deadline,
                authorization=f"Basic {credentials}",
                again=_was_not_taken,
            )
        except errors.RequestRefused as error:
            if self._is_trusted:  # another session was given before
                error.add(_MANY_SESSIONS)
            if isinstance(error, errors.LogonRefused):
                if is_quoted(settings.password or ""):
                    error.add(_IN_QUOTES)
                if "\\\\" in (settings.username or ""):
                    error.add(_TWO_BACKSLASHES)
                self._refused = error
            raise
        token = answer.headers.get(TOKEN_HEADER)
        if not token:
            raise errors.UnexpectedAnswer(
                "Enterprise Manager gave no session token",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} but "
                f"without the header {TOKEN_HEADER}. Does a proxy remove it?",
            )
        conceal(token)
        session_id = _id_of(answer.document.value) or self._told_id(token, deadline)
        if session_id is None:
            # Without it nobody can tell later whether the session, and a mount in it, still exists.
            raise errors.UnexpectedAnswer(
                "Enterprise Manager gave no session id",
                f"POST {settings.base_url}/sessionMngr/ was answered with {answer.status} and a "
                "token, but with no LogonSession that has an id. Is there a proxy in between that "
                "changes answers? Nothing was done in the session; it ends when it has been idle.",
            )
        _conceal_id(session_id)
        session = models.LogonSession(session_id, token)
        log.info("logged on: %s", session)
        return session

    def _adopt(self, deadline: Deadline) -> models.LogonSession | None:
        """Return the session whose token was configured, with its id if that can be found out."""
        token = self._settings.session_token
        if not token:
            return None
        try:
            session_id = self._told_id(token, deadline)
        except errors.TokenRefused as error:
            raise token_refused(error) from error
        return models.LogonSession(session_id, token, borrowed=True)

    def _told_id(self, token: str, deadline: Deadline) -> str | None:
        """Return the id of a token's session, usually made from it. Raises TokenRefused."""
        made_from = _id_in(token)
        if made_from is not None:
            _conceal_id(made_from)
            document = self._ask(_path(made_from), token, deadline)
            told = _id_of(document.value) if document else None
            if told and told.lower() == made_from.lower():
                return made_from
        document = self._ask("/logonSessions", token, deadline)
        listed = (document and document.collection("LogonSession")) or []
        ids = [found for one in listed if (found := _id_of(one))]
        if len(ids) != 1:
            return None
        _conceal_id(ids[0])
        return ids[0]

    def _ask(self, path: str, token: str, deadline: Deadline) -> decoders.Document | None:
        """Return what there is at a path; None when it can't be seen. Raises TokenRefused."""
        try:
            return self.client.request("GET", path, deadline, token=token).document
        except errors.TokenRefused:
            raise
        except (errors.RequestRefused, errors.UnexpectedAnswer):
            return None


class Group:
    """What the client has of one kind, to be read in the browsing session."""

    def __init__(self, logon: LogonSessions) -> None:
        self._logon = logon
        self._browse = logon.browse


class InSession:
    """What there is in one logon session."""

    def __init__(self, logon: LogonSessions, session: models.LogonSession) -> None:
        self._logon = logon
        self._session = session

    def _client(self, deadline: Deadline) -> SessionClient:
        return SessionClient(self._logon.client, self._session, deadline)


def conceal_session(session: models.LogonSession) -> None:
    """Have logs and errors hide what gives access to a session."""
    conceal(session.token)
    if session.session_id:
        _conceal_id(session.session_id)


def _conceal_id(session_id: str) -> None:
    for spelling in {session_id, session_id.lower(), session_id.upper()}:
        conceal(spelling)


def token_refused(error: errors.TokenRefused) -> errors.LogonRefused:
    """Return the error for a configured session token that the server does not take."""
    return errors.LogonRefused(
        "Enterprise Manager refuses the session token",
        f"{error.detail}\nThe session of session_token (VEEAM_EM_SESSION_TOKEN) has ended, or it "
        "belongs to another server. Log on again and set the new token.",
        status=error.status,
    )


def _has_no_answer(error: errors.EnterpriseManagerError) -> bool:
    # What answers with something else now will do so again.
    return error.may_pass and not isinstance(error, errors.UnexpectedAnswer)


def _was_not_taken(error: errors.EnterpriseManagerError) -> bool:
    # A logon whose answer is lost is not sent again: it would count as one more attempt.
    return error.may_pass and (isinstance(error, errors.RequestRefused) or not error.may_have_acted)


def _path(session_id: str) -> str:
    return f"/logonSessions/{quote(session_id, safe='')}"


def _id_in(token: str) -> str | None:
    """Return the session id that a token is made from; None when it is made in another way."""
    try:
        plain = base64.b64decode(token, validate=True).decode("ascii")
    except ValueError:
        return None
    return plain if re.fullmatch(models.UUID, plain.lower()) else None


def _id_of(resource: Any) -> str | None:
    """Return the id of the logon session that a resource describes; None when it tells none."""
    if found := decoders.text(resource, "SessionId"):
        return found
    ends = [link.path for link in decoders.links(resource) if link.is_for("Delete")]
    for path in (decoders.path_of(resource), *ends):
        if session_id := models.rest_below(path, "/logonSessions"):
            return decoders.clean(session_id)
    return None


def _ids(own: SessionClient) -> list[str]:
    """Return the ids of all sessions. Raises UnexpectedAnswer for a list without our own."""
    listed = pages.members(own, "/logonSessions", "LogonSession", lambda one: _id_of(one) or "")
    ids = [session_id for session_id in listed if session_id]
    if own.session.session_id is not None and not _is_one_of(own.session.session_id, ids):
        raise decoders.unreadable("GET /logonSessions was answered without the session that asked.")
    return ids


def _is_one_of(session_id: str, ids: Iterable[str]) -> bool:
    return session_id.lower() in map(str.lower, ids)


def _is_enterprise_manager(document: decoders.Document) -> bool:
    """Tell whether it is the root page of Enterprise Manager's API."""
    if document.has_root("EnterpriseManager") or document.property("SupportedVersions"):
        return True
    kind = (decoders.text(document.value, "Type") or "").lower()
    return kind.startswith("enterprisemanager") or any(
        link.path.lower().startswith("/sessionmngr") for link in decoders.links(document.value)
    )
