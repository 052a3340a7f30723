"""Enterprise Manager for one command: the one that is named, and nothing left behind."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from getpass import getpass

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.output import say, say_error, waiting_for
from terraform_provider_veeam.cli.streams import EXIT_CODE, STOP, handle_signals, say_at_once
from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.client import EnterpriseManager
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Deadline
from terraform_provider_veeam.em.files.left_out import concerns_all
from terraform_provider_veeam.em.index import Index
from terraform_provider_veeam.em.models import IDLE_LIMIT, Mounted, RestorePoint, RestorePointType
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.platforms import quoted_for_shell

_LOOK_UP_SECONDS = 300.0
_MOUNT_SECONDS = 1800.0
_UNMOUNT_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
_ON_THE_WAY = (
    InvalidConfiguration, errors.Unreachable, errors.AnswerLost, errors.UnexpectedAnswer,
    errors.NotEnterpriseManager, errors.LogonRefused, errors.Redirected,
)  # fmt: skip


class Connection:
    """The Enterprise Manager of one command, and the signal that ends it."""

    def __init__(self, em: EnterpriseManager) -> None:
        self.em = em
        self.signal: int | None = None
        """Which signal has asked to stop."""
        self._stops: list[threading.Event] = []
        self._holder = BackgroundHolder(SYSTEM_CLOCK)
        self._whole = Deadline("The command", float("inf"), stop=STOP)
        """What all deadlines are parts of: a silence after a signal is waited for only once."""

    def deadline(
        self, operation: str, seconds: float = _LOOK_UP_SECONDS, stop: threading.Event | None = None
    ) -> Deadline:
        """Return the deadline of a part of the command, which a signal ends, as `stop` does."""
        part = self._whole.part(seconds, operation)
        part.stop = stop or part.stop
        return part

    def unlimited(self, operation: str, stop: threading.Event | None = None) -> Deadline:
        """Return the deadline of a part that takes as long as it takes."""
        return self.deadline(operation, float("inf"), stop)

    @contextmanager
    def index(
        self, operation: str = "Looking into the index", stop: threading.Event | None = None
    ) -> Iterator[tuple[Index, Deadline]]:
        """Give the index, and a deadline for asking it; if it can't be asked, say so and go on."""
        try:
            with waiting_for(operation):
                yield self.em.index, self.unlimited(operation, stop)
        except errors.EnterpriseManagerError as error:
            if concerns_all(error):
                raise
            say(f"The index can't be asked. {error}")

    def new_stop(self) -> threading.Event:
        """Return what stops a part of the command; a signal sets it, too."""
        stop = threading.Event()
        self._stops.append(stop)
        if STOP.is_set():
            stop.set()
        return stop

    def stop(self, number: int) -> None:
        """Ask all that goes on to stop; a second time, end at once."""
        if self.signal is not None:
            say_at_once(
                "\nEnded at once. What is mounted is unmounted by Enterprise Manager when its "
                f"logon session has been idle for {IDLE_LIMIT}.\n"
            )
            os._exit(EXIT_CODE + number)
        self.signal = number
        STOP.set()
        for stop in self._stops:
            stop.set()

    @contextmanager
    def mounted(
        self, point: RestorePoint, os_kind: str | None, stop: threading.Event | None = None
    ) -> Iterator[Mounted]:
        """Mount a restore point for as long as the block takes, however it ends.

        With a `stop` of its own it is one of several, and whoever waits for them shows it.
        """
        name = f"Mounting {point.name or point.ref.id}"
        deadline = self.deadline(name, _MOUNT_SECONDS, stop)
        with nullcontext() if stop else waiting_for(name, at_once=True):
            try:
                mounted = self.em.mounts.create(point.ref, os_kind, deadline, outlives=False)
            except errors.MountIncomplete as error:
                self._unmount(error.mounted, is_shown=not stop)
                raise
            except errors.TaskFailed as error:
                if os_kind is None and point.ref.type is not RestorePointType.AGENT:
                    error.add("If its guest runs Linux, give --os-kind Linux.")
                raise
        href = mounted.mount_point.href
        record = SessionRecord(self.em.base_url, mounted.session, href)
        try:
            self._holder.hold(record, self.em, point.name or "")
            yield mounted
        finally:
            self._holder.release(record.fingerprint, href)
            self._unmount(mounted, is_shown=not stop)

    def _unmount(self, mounted: Mounted, *, is_shown: bool) -> None:
        """Unmount, also after a stop while the server answers; tell of it if that fails."""
        bound = self._whole.unstoppable("Unmounting", _UNMOUNT_SECONDS)
        try:
            with waiting_for("Unmounting") if is_shown else nullcontext():
                self.em.mounts.unmount(mounted.session, mounted.mount_point.href, bound)
        except errors.SessionGone as error:
            say_error("The mount point was gone before it was unmounted", error.detail)
        except errors.EnterpriseManagerError as error:
            say_error(
                "The restore point may still be mounted",
                f"{error}\nEnterprise Manager unmounts it when {mounted.session} has been idle "
                f"for {IDLE_LIMIT}.",
            )

    def close(self) -> None:
        """End what is open."""
        self._holder.stop()
        self.em.close(_CLOSE_SECONDS, self._whole)


def run(
    command: Callable[[Connection, argparse.Namespace], int], options: argparse.Namespace
) -> int:
    """Run a command with the Enterprise Manager of the environment; returns the exit code."""
    try:
        settings = settings_of(options.server)
    except InvalidConfiguration as error:
        for problem in error.problems:
            say_error(problem.summary, problem.detail)
        name_doctor(error, options.server)
        return 1
    if settings.insecure:
        say("Warning: the certificate is not checked, as VEEAM_EM_INSECURE or the server's own "
            "settings say, so anybody on the network path can read the password and the files. "
            "VEEAM_EM_CERTIFICATE_FINGERPRINT is as easy to use, and safe.")  # fmt: skip
    connection = Connection(EnterpriseManager(settings))
    handle_signals(connection.stop)
    try:
        code = command(connection, options)
    except errors.EnterpriseManagerError as error:
        code = 1
        say_error(error.summary, error.detail)
        name_doctor(error, options.server)
    finally:
        connection.close()
    return code if connection.signal is None else EXIT_CODE + connection.signal


def settings_of(server: str | None) -> Settings:
    """Return the settings of the environment, or of a server. Raises InvalidConfiguration."""
    return resolve(
        {"server": server},
        f"terraform-provider-veeam/{__version__}",
        in_shell=True,
        ask=_ask if sys.stdin.isatty() else None,
    )


def name_doctor(error: Exception, server: str | None) -> None:
    """Say what tells more about an error, if it is about the way to Enterprise Manager."""
    if isinstance(error, _ON_THE_WAY):
        named = f" --server {quoted_for_shell(server)}" if server else ""
        say(f"To try each step of the way: terraform-provider-veeam doctor{named}")


def _ask(prompt: str) -> str:
    try:
        return getpass(prompt)
    except EOFError:  # Ctrl-D
        return ""
