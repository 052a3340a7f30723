"""What must hold whatever happened, between two commands and at the end."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from chaos.strangers import Place
from em_simulator import ADMINISTRATOR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chaos.played_terraform import Instance, Run
    from chaos.strangers import Stranger
    from em_simulator import JournalEntry, Simulator

_IDLE_AWAY = "when that session has been idle for 15 minutes"
_OF_OTHERS = re.compile("somebody else's|thers may be mounting")
_FINGERPRINT = re.compile(r"\blogon session ([0-9a-f]{16})\b", re.IGNORECASE)
_LOGON = "/sessionMngr/"
_LOGOUT = "/logonSessions/"
_BROWSING = re.compile(r"/query.*|/restoreSessions.*|/[A-Za-z]+RestorePoints/[-0-9a-f]+")


class Broken(AssertionError):
    """Something that must hold does not."""


class Mounted(NamedTuple):
    """A mount point, as a state names it."""

    fingerprint: str
    path: str
    """In small letters: servers spell it in different ways."""


def mounted(fingerprint: str, path: str) -> Mounted:
    """Return a mount point, whatever the capitals of its path."""
    return Mounted(fingerprint, path.lower())


def fingerprint_of(token: str) -> str:
    """Return what people see of a session, worked out anew."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Invariants:
    """Looks at the server and at the state. Raises Broken."""

    def __init__(
        self, simulator: Simulator, stranger: Stranger, log: io.StringIO, *, borrowed: bool
    ) -> None:
        """With `borrowed`, the provider uses the stranger's session."""
        self._log = log
        self._simulator = simulator
        self._stranger = stranger
        self._borrowed = borrowed
        self._told: list[str] = []
        self._errors: list[str] = []
        self._ever_known: set[Mounted] = set()
        self._public: set[bytes] = set()
        self.was_stopped = False
        self._was_killed = False

    def note(self, run: Run) -> None:
        """Take note of what a command told."""
        self._errors += run.errors
        self._told += run.errors + run.warnings
        self.was_stopped |= run.was_stopped
        self._was_killed |= run.was_killed

    def check(self, state: Mapping[str, Instance], *, sessions_lost: bool) -> None:
        """Check what must hold between two commands."""
        tokens = self.tokens()
        ours = self._ours(tokens)
        known = {_named_in(instance) for instance in state.values()}
        self._ever_known |= known
        self._public |= {i.state + i.identity for i in state.values()}
        self._check_private(state)
        if len(known) != len(state):
            raise Broken("two instances share a mount")
        if not self._borrowed and len({mount.fingerprint for mount in known}) != len(known):
            raise Broken("two instances share a session")
        sessions = [mount.fingerprint for mount in ours]
        if not self._borrowed and len(set(sessions)) != len(sessions):
            raise Broken(f"a session has several mounts: {sorted(ours)}")
        self._check_forgotten(ours - known)
        lost = {
            mounted(fingerprint_of(tokens[mount.session_id]), mount.path)
            for mount in self._simulator.lost_by_logout()
        }
        if lost & self._ever_known:
            raise Broken(f"logged out with a mount of the state in it: {lost & self._ever_known}")
        removed = {
            mounted(fingerprint_of(tokens[entry.session_id]), entry.path)
            for entry in self._simulator.journal
            if entry.method == "DELETE" and entry.session_id
        }
        if not sessions_lost:
            if missing := known - ours - removed:
                raise Broken(f"in the state, but not mounted: {missing}")
            if not self._stranger.has_everything:
                raise Broken("something of somebody else is gone")

    def _check_private(self, state: Mapping[str, Instance]) -> None:
        for name, instance in state.items():
            try:
                token = json.loads(instance.private)["token"]
            except (ValueError, KeyError):
                raise Broken(f"the private state of {name} has no token") from None
            if fingerprint_of(token) != instance.attributes["session_fingerprint"]:
                raise Broken(f"the private state of {name} has the token of another session")

    def _check_forgotten(self, unknown: Collection[Mounted]) -> None:
        """Check that each mount which is in no state is named by an error that says what to do."""
        if self._borrowed:
            (session,) = {mount.fingerprint for mount in unknown} or {""}
            telling = [
                text
                for text in self._texts()
                if _OF_OTHERS.search(text) and session in _FINGERPRINT.findall(text)
            ]
            if len(unknown) > len(telling):
                raise Broken(f"forgotten: {sorted(unknown)}, told: {telling}{self._story(session)}")
            return
        for mount in unknown:
            if not any(
                _IDLE_AWAY in text
                and mount.fingerprint in _FINGERPRINT.findall(text)
                and mount.path.rpartition("/mounts/")[0] in text.lower()
                for text in self._texts()
            ):
                raise Broken(f"forgotten: {mount}{self._story(mount.fingerprint)}")

    def _texts(self) -> list[str]:
        """Return what people can read: once Terraform is killed, the log has to tell."""
        return [*self._errors, *(self._log.getvalue().splitlines() if self._was_killed else ())]

    def _story(self, fingerprint: str) -> str:
        """Return what happened in a logon session, and the errors that there were."""
        ids = {i for i, token in self.tokens().items() if fingerprint_of(token) == fingerprint}
        told = [f"{e.method} {e.path} {e.status} {e.fault}" for e in self._of(ids)]
        return "\n    ".join(("", *told, *self._errors))

    def _of(self, session_ids: Collection[str]) -> list[JournalEntry]:
        return [
            entry
            for entry in self._simulator.journal
            if {entry.session_id, _last(entry)} & set(session_ids)
        ]

    def check_end(self, *, sessions_lost: bool) -> None:
        """Check what must hold when all is over."""
        journal = self._simulator.journal
        if self._borrowed:
            if any(entry.path == _LOGON for entry in journal):
                raise Broken("a logon although a session's token was given")
        else:
            self._check_strangers_session(journal)
            self._check_left_sessions()
        self._check_sessions(journal)
        if not sessions_lost and not self._stranger.has_everything:
            raise Broken("something of somebody else is gone")

    def _check_strangers_session(self, journal: list[JournalEntry]) -> None:
        for entry in journal:
            if self._stranger.session_id in (entry.session_id, entry.path.rpartition("/")[2]):
                raise Broken(f"{entry.method} {entry.path} with somebody else's session")

    def _check_left_sessions(self) -> None:
        """Check that sessions are left only when they are named, or could not be ended."""
        tokens = self.tokens()
        named = {found for text in self._texts() for found in _FINGERPRINT.findall(text)}
        for session_id in set(self._simulator.sessions()) - {self._stranger.session_id}:
            if fingerprint_of(tokens[session_id]) in named:
                continue
            used = self._of({session_id})
            logons = [entry for entry in used if entry.path == _LOGON]
            logouts = [entry for entry in used if _is_logout(entry)]
            rest = [entry for entry in used if not entry.path.startswith((_LOGON, _LOGOUT[:-1]))]
            never_known = not rest and not logouts
            if never_known and (logons[0].fault or self.was_stopped):
                continue
            if logouts and all(entry.fault for entry in logouts):
                continue
            if rest and (rest[-1].method, rest[-1].path.lower()[-7:]) == ("GET", "/mounts"):
                continue  # a read found that the mount point is gone, and it changes nothing
            raise Broken(
                f"a logon session is left:{self._story(fingerprint_of(tokens[session_id]))}"
            )

    def _check_sessions(self, journal: list[JournalEntry]) -> None:
        """Check that each session is used for one thing, and ended by its own token."""
        mounting = {
            entry.session_id
            for entry in journal
            if entry.method == "POST" and entry.path.endswith("/mounts")
        }
        for entry in journal:
            if _is_logout(entry) and entry.session_id not in (None, _last(entry)):
                raise Broken("a session was ended in another")
            if self._borrowed or not entry.session_id or entry.session_id not in mounting:
                continue
            if _BROWSING.fullmatch(entry.path):
                raise Broken(f"{entry.method} {entry.path} in the session of a mount")

    def check_secrets(self, log: str) -> None:
        """Check that no secret is in what people, or others than private state, get to see."""
        tokens = self.tokens()
        text = "\n".join((log, *self._told, *(p.decode(errors="replace") for p in self._public)))
        for secret in (*tokens, *tokens.values(), ADMINISTRATOR.password):
            if any(form in text for form in (secret, json.dumps(secret)[1:-1])):
                raise Broken("a secret is in a log line, a message or a state")

    def tokens(self) -> dict[str, str]:
        """Return the tokens of sessions by their ids."""
        seen = {
            entry.session_id: entry.token
            for entry in self._simulator.journal
            if entry.session_id and entry.token
        }
        return seen | {self._stranger.session_id: self._stranger.token}

    def _ours(self, tokens: Mapping[str, str]) -> set[Mounted]:
        """Return what is mounted, but not by strangers."""
        there = {Place(mount.session_id, mount.path) for mount in self._simulator.mounts()}
        theirs = self._stranger.places  # after the other: they are mounting all the time
        return {mounted(fingerprint_of(tokens[p.session_id]), p.path) for p in there - theirs}


def _named_in(instance: Instance) -> Mounted:
    attributes = instance.attributes
    return mounted(attributes["session_fingerprint"], attributes["href"])


def _last(entry: JournalEntry) -> str:
    return entry.path.rpartition("/")[2]


def _is_logout(entry: JournalEntry) -> bool:
    return entry.method == "DELETE" and entry.path.startswith(_LOGOUT)
