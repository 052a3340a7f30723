"""One seed: a few mounts made and unmade in bad weather, and what must hold whatever happened."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

from chaos.clock import FastClock
from chaos.played_terraform import PlayedTerraform, Process, Run, interrupt_after
from chaos.weather import Weather
from em_simulator import ADMINISTRATOR, Family, MountNumbers, MountPoint, Simulator
from support.fingerprints import fingerprint
from terraform_provider_veeam import secrets
from terraform_provider_veeam.plugin.process import logs
from terraform_provider_veeam.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FACTOR = 40.0
PROVIDER = (
    "url",
    "username",
    "password",
    "session_token",
    "api_version",
    "ca_certificate",
    "certificate_fingerprint",
    "insecure",
    "request_timeout",
    "max_retries",
)
_LEFT_BEHIND = "when that session has been idle for 15 minutes"
_SESSION = re.compile(r"\b[0-9a-f]{16}\b")


class Broken(AssertionError):
    """Something that must hold does not."""


class Play:
    """One seed's story."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be replayed
        self._weather = Weather(seed)
        self._clock = FastClock(FACTOR)
        self._log = io.StringIO()
        self._errors: list[str] = []
        numbers = self._random.choice(list(MountNumbers))
        self._simulator = Simulator(
            seed=seed,
            clock=self._clock,
            mount_seconds=self._random.choice([0.0, 1.0, 4.0]),
            mount_numbers=numbers,
            faults=self._weather,
        )

    def run(self) -> None:
        """Apply, perhaps again, and destroy until all is gone. Raises Broken."""
        with _logging_to(self._log), self._simulator:
            foreign = self._mount_foreign()
            terraform = PlayedTerraform(self._provider_block(), self._clock)
            wanted = self._wanted()
            for _ in range(self._random.choice([1, 1, 2])):
                self._note(self._apply(terraform, wanted))
                self._check(terraform, foreign, len(wanted))
            self._note(terraform.destroy(refresh=self._random.random() < 0.5))
            self._check(terraform, foreign, len(wanted))
            self._weather.clear()
            last = terraform.destroy(refresh=self._random.random() < 0.5)
            self._note(last)
            if last.errors or terraform.state:
                raise Broken(f"with all faults gone, destroy fails: {last.errors}")
            self._check(terraform, foreign, len(wanted))
            self._check_deletes(foreign)
            self._check_log()

    def _provider_block(self) -> dict[str, object]:
        return dict.fromkeys(PROVIDER) | {
            "url": self._simulator.url,
            "username": ADMINISTRATOR.username,
            "password": ADMINISTRATOR.password,
            "certificate_fingerprint": self._simulator.fingerprint,
            "max_retries": self._random.choice([0, 2, 5]),
        }

    def _wanted(self) -> dict[str, str]:
        points = self._simulator.restore_points(Family.VM)[:2]
        count = self._random.randint(1, 6)
        return {f"mount-{n}": self._random.choice(points).id for n in range(count)}

    def _apply(self, terraform: PlayedTerraform, wanted: Mapping[str, str]) -> Run:
        with self._weather.calm_if(self._random.random() < 0.7):
            plans = terraform.plan(wanted)
        return terraform.create(plans, interrupt=self._interrupt())

    def _interrupt(self) -> Callable[[Process], None] | None:
        if self._random.random() < 0.3:
            return interrupt_after(self._random.uniform(0, 8), self._clock)
        return None

    def _mount_foreign(self) -> list[MountPoint]:
        """Mount the same restore points in somebody else's session."""
        _, token = self._simulator.log_on(ADMINISTRATOR.username, ADMINISTRATOR.password)
        return [
            self._simulator.mount(token, Family.VM, point.id)
            for point in self._simulator.restore_points(Family.VM)[:2]
        ]

    def _note(self, run: Run) -> None:
        self._errors += run.errors

    def _check(self, terraform: PlayedTerraform, foreign: Sequence[MountPoint], most: int) -> None:
        """Check that what is mounted is what the state holds, and what errors name."""
        theirs = {mount.session_id for mount in foreign}
        mounted = {
            (fingerprint(mount.session_id), mount.path)
            for mount in self._simulator.mounts()
            if mount.session_id not in theirs
        }
        known = {
            (instance.attributes["session_fingerprint"], instance.attributes["href"])
            for instance in terraform.state.values()
        }
        if len(known) != len(terraform.state):
            raise Broken("two instances share a mount")
        # An error accounts for one mount, and only if it says what becomes of it.
        named = Counter(
            session
            for text in self._errors
            if _LEFT_BEHIND in text
            for session in set(_SESSION.findall(text.lower().partition("logon session")[2]))
        )
        forgotten = Counter(session for session, _ in mounted - known)
        if forgotten - named:
            raise Broken(f"forgotten: {mounted - known}, named: {named}")
        lost = {
            (fingerprint(mount.session_id), mount.path)
            for mount in self._simulator.lost_by_logout()
        }
        if lost & known:
            raise Broken(f"logged out with a mount of the state in it: {lost & known}")
        unmounted = {entry.path for entry in self._simulator.journal if entry.method == "DELETE"}
        missing = [mount for mount in known - mounted if mount[1] not in unmounted]
        if missing and not self._weather.sessions_lost:
            raise Broken(f"in the state, but not mounted: {missing}")

    def _check_deletes(self, foreign: Sequence[MountPoint]) -> None:
        """Check that nothing went through a session that was not its own."""
        theirs = {mount.session_id for mount in foreign}
        if not self._weather.sessions_lost:
            there = {mount.path for mount in self._simulator.mounts()}
            if not {mount.path for mount in foreign} <= there:
                raise Broken("somebody else's mount is gone")
        for entry in self._simulator.journal:
            if entry.method == "DELETE" and entry.session_id in theirs:
                raise Broken(f"DELETE {entry.path} went through somebody else's session")

    def _check_log(self) -> None:
        tokens = {entry.token for entry in self._simulator.journal if entry.token}
        text = self._log.getvalue() + "\n".join(self._errors)
        ids = {entry.session_id for entry in self._simulator.journal if entry.session_id}
        for secret in (*tokens, *ids, ADMINISTRATOR.password):
            if any(form in text for form in (secret, json.dumps(secret)[1:-1])):
                raise Broken("a secret is in a log line or an error")


class _logging_to:  # noqa: N801 - reads as what it does
    """Send the provider's log lines, as Terraform would get them, to a file in memory."""

    def __init__(self, file: io.StringIO) -> None:
        self._file = file

    def __enter__(self) -> None:
        logs.setup({"TF_LOG": "TRACE"})
        # Each seed is a process of its own to Terraform: it knows no other seed's secrets.
        secrets.known = Secrets()
        self._stderr, sys.stderr = sys.stderr, self._file

    def __exit__(self, *_: object) -> None:
        sys.stderr = self._stderr
        logging.getLogger().handlers.clear()


def play(seed: int) -> str | None:
    """Play one seed; returns what is broken, None when all holds."""
    try:
        Play(seed).run()
    except Broken as broken:
        return str(broken)
    return None
