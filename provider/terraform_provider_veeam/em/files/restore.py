"""Restoring files of a mount point or of the index: to their original place, or for a download.

Follows the vendor's pages post_vmrestorepoints_id_mountpoints_id_filepath_actionrestore and
post_catalog_vms_vmname_vmrestorepoints_id_guestfs_filepath.
"""

import logging
from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from terraform_provider_veeam.em import errors, models, one_task, tasks
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.download import Downloaded, download
from terraform_provider_veeam.em.files.listing import Files
from terraform_provider_veeam.em.http.retry import may_pass
from terraform_provider_veeam.em.inventory.restore_sessions import read_restore_outcome
from terraform_provider_veeam.em.logon import InSession, LogonSessions
from terraform_provider_veeam.em.polling import follow
from terraform_provider_veeam.masking import printable

_CANCEL_SECONDS = 30.0
_LOOK_AT_IT = (
    "Look at the machine, and at the file-level restores in the console of Veeam Backup & "
    "Replication."
)
_OWN_ACCOUNT = (
    "The index restores with the account that the backup job has for the machine. The action "
    "veeam_file_restore, which needs a mount, takes another in guest_credentials."
)

log = logging.getLogger(__name__)


class ToOriginalPlace(NamedTuple):
    """How files are restored to the machine that was backed up."""

    overwrite: bool = False
    permissions_only: bool = False
    username: str | None = None  # `DOMAIN\USER` of the guest; None for the backup job's account
    password: str | None = None

    def __repr__(self) -> str:
        return f"ToOriginalPlace({self.overwrite}, {self.permissions_only}, {self.username!r})"

    def body(self) -> dict[str, Any]:
        """Return the request's body, its elements in the documented order."""
        account = {"UserName": self.username, "Password": self.password}
        how: dict[str, Any] = {} if self.username is None else {"GuestCredentials": account}
        how |= {"Overwrite": self.overwrite, "PermissionsOnly": self.permissions_only}
        return {"ToOriginalLocation": how}


class Progress(NamedTuple):
    """How far a restore is: seconds since it was asked for, and per cent if the server says so."""

    seconds: float
    percent: int | None = None
    warning: str | None = None  # a warning of Enterprise Manager about a restore that is done

    def __str__(self) -> str:
        share = "" if self.percent is None else f", {self.percent} %"
        return f"{self.seconds:.0f} s{share}"


class FileRestores(InSession):
    """Restores files that one logon session shows, in mount points or in the index."""

    def __init__(self, logon: LogonSessions, session: models.LogonSession) -> None:
        super().__init__(logon, session)
        self._tasks = tasks.Tasks(logon, session)

    def restore(
        self, files: Files, path: str, how: ToOriginalPlace | None, deadline: Deadline
    ) -> Iterator[Progress]:
        """Restore a file or folder; yields how far it is. It is asked for once.

        `how` is None in the index. Raises NotFound, FileRestoreFailed, AnswerLost, Stopped, …
        """
        unknown = errors.AnswerLost(
            "It is not known whether the restore was begun",
            f"It was not asked for again, and may have begun. {_LOOK_AT_IT}",
        )
        task = one_task.OneTask(
            self._logon,
            self._session._replace(borrowed=True),  # it has other tasks too
            deadline,
            unknown=unknown,
            check=lambda: files.find(path, deadline),
        ).send_once(_restore_address(files, path), how and how.body())
        try:
            yield from self.finish(files, path, task, deadline, [], only_starts=how is None)
        except errors.FileRestoreFailed as error:
            if how is None and error.credentials_needed:
                error.add(_OWN_ACCOUNT)
            raise

    def begin(self, files: Files, path: str, deadline: Deadline) -> models.Task:
        """Ask for a file, or all files of a folder, to be made ready to be downloaded."""
        return self._tasks.begin(
            _restore_address(files, path),
            {"ForDirectDownload": {}},
            deadline,
            again=may_pass,  # it changes nothing
        )

    def download(self, address: str, deadline: Deadline, **how: Any) -> Downloaded:
        """Download what was made ready, as `download` does."""
        return download(self._logon.client, self._session, address, deadline, **how)

    def finish(
        self,
        files: Files,
        path: str,
        begun: models.Task,
        deadline: Deadline,
        targets: list[str],
        *,
        only_starts: bool = False,
    ) -> Iterator[Progress]:
        """Wait for a task, and a restore it started; yields as `restore`. Ready ones: `targets`."""

        def look() -> models.Task:
            return self._tasks.look(begun, deadline)

        try:
            for now, task in follow(begun, look, attrgetter("finished"), deadline):
                if not task.finished:
                    yield Progress(now)
        except (errors.Stopped, errors.DeadlinePassed) as error:
            bound = deadline.unstoppable("Cancelling the restore", _CANCEL_SECONDS)
            try:
                self._tasks.cancel(begun.task_id, bound)
            except errors.EnterpriseManagerError as failure:
                log.info("task %s could not be cancelled: %s", begun.task_id, failure.summary)
            if only_starts:
                error.add(
                    f"The task that was to start the restore of {printable(path)} was cancelled. "
                    f"{_LOOK_AT_IT}"
                )
            raise
        if not task.success:
            needed = task.credentials_needed
            raise errors.FileRestoreFailed(
                f"Enterprise Manager could not restore {printable(path)}",
                tasks.failure_of(f"POST {_restore_address(files, path)}", task),
                credentials_needed=_is_about_account(task.message) if needed is None else needed,
            )
        if task.restore_session:
            yield from self._follow(task.restore_session, path, deadline, now)
        elif only_starts:
            raise errors.UnexpectedAnswer(
                f"How the restore of {printable(path)} ends is not known",
                f"Task {task.task_id} has started it, but names no restore session.\n{_LOOK_AT_IT}",
            )
        targets += task.downloads

    def _follow(
        self, address: str, path: str, deadline: Deadline, so_far: float
    ) -> Iterator[Progress]:
        """Wait for a restore session, and judge its result. Raises FileRestoreFailed."""
        name = ""
        read = partial(read_restore_outcome, self._client(deadline), address)
        try:
            first = read()
            name = f" as {printable(first.name)}"
            for now, restore in follow(first, read, attrgetter("is_stopped"), deadline):
                if not restore.is_stopped:
                    yield Progress(so_far + now, restore.percent)
        except errors.EnterpriseManagerError as error:
            raise error.add(
                f"The restore of {printable(path)} goes on, as Enterprise Manager's API can't "
                f"stop it. The console of Veeam Backup & Replication shows it{name}."
            ) from error
        if restore.result not in ("Success", "Warning"):
            reason = restore.message or f"its result is {restore.result or 'not told'}"
            raise errors.FileRestoreFailed(
                f"Enterprise Manager could not restore {printable(path)}",
                f"The restore was started, but its session {printable(restore.name)} failed: "
                f"{reason}",
                credentials_needed=_is_about_account(restore.message),
            )
        if restore.result == "Warning":
            warning = restore.message or "Enterprise Manager gave no reason."
            yield Progress(so_far + now, warning=warning)


def _restore_address(files: Files, path: str) -> str:
    return f"{files.address(path)}?action=restore"


def _is_about_account(message: str | None) -> bool:
    words = ("password", "credential", "logon", "user name")
    return any(word in (message or "").lower() for word in words)
