"""What can go wrong with Enterprise Manager, written for the person at the terminal.

EnterpriseManagerError
├── Unreachable                 there was no connection: nothing was sent
│   ├── UnknownHost
│   ├── CannotConnect           TLS, a proxy or a setting stands in the way
│   └── CertificateNotTrusted
├── AnswerLost                  the connection broke off after the server may have acted
├── UnexpectedAnswer            the answer can't be understood
├── NotEnterpriseManager        something else listens there
├── RequestRefused
│   ├── LogonRefused            user name, password or session token is wrong
│   ├── TokenRefused          401: the token of a logon session is not taken
│   ├── AccessDenied            403: the account's role is too low
│   ├── NotFound                404
│   ├── Redirected              3xx
│   ├── ServerBusy              429, 502, 503, 504
│   └── RequestFailed           any other status
├── TaskFailed                  a task ended without success, with the server's message
│   └── FileRestoreFailed       the task of a file's restore
├── BackupFailed                a backup's session ended as Failed
├── BackupOutOfSight            a backup was started, or may have been, and can't be followed
├── AlreadyInJob                a job includes the object already
├── LastInJob                   a job has nothing but the object that is to be removed
├── Gone                        what contains a thing no longer lists it
│   ├── RestorePointGone        no restore point of the family has the id
│   ├── MountGone               the logon session lives, but has no such mount point
│   ├── JobGone                 no job has the id
│   ├── SessionGone             the logon session has ended, and its mount point with it
│   └── TaskVanished            the task is not among those of its session
├── Unsettled                   a request was refused, and whether the thing is gone can't be read
├── MountIncomplete             mounted, but a later step failed
├── SessionOutOfReach           a mount's logon session may live, but can't be used
├── SizeDiffers                 a download is shorter or longer than its file
├── CannotWrite                 this machine's disk does not take a download
├── SomeLeftOut                 a folder was downloaded, but not with all that is in it
├── Stopped                     Terraform, or a signal, asked to stop
└── DeadlinePassed
"""

from http import HTTPStatus
from typing import Self

from terraform_provider_veeam.em.models import Mounted


class EnterpriseManagerError(Exception):
    """Base of all: `summary` is one line, `detail` says what was tried, what came, what to do."""

    may_pass = False  # whether it may be over in a moment, so that trying again makes sense
    may_have_acted = False  # whether the server may have done what was asked for all the same

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail}" if self.detail else self.summary

    def add(self, more: str) -> Self:
        """Add what else a person has to know, and return the error."""
        self.detail = f"{self.detail}\n{more}".lstrip()
        return self


class Unreachable(EnterpriseManagerError):
    """There is no connection to Enterprise Manager."""

    may_pass = True


class UnknownHost(Unreachable):
    """The host's name is not known: trying again would not help."""

    may_pass = False


class CannotConnect(Unreachable):
    """TLS, a proxy or a setting stands in the way: trying again would not help."""

    may_pass = False


class CertificateNotTrusted(Unreachable):
    """The server's certificate is not the one expected."""

    may_pass = False

    def __init__(
        self, summary: str, detail: str = "", *, fingerprint: str | None = None, about: str = ""
    ) -> None:
        super().__init__(summary, detail)
        self.fingerprint = fingerprint  # of the certificate that it shows, if that could be read
        self.about = about  # whom that certificate is for, and until when


class AnswerLost(EnterpriseManagerError):
    """The answer did not come; when it `timed_out`, the server may still be busy with it."""

    may_pass = True
    may_have_acted = True

    def __init__(self, summary: str, detail: str = "", *, timed_out: bool = False) -> None:
        super().__init__(summary, detail)
        self.timed_out = timed_out


class UnexpectedAnswer(EnterpriseManagerError):
    """The server's answer can't be understood."""

    may_pass = True
    may_have_acted = True


class NotEnterpriseManager(EnterpriseManagerError):
    """What listens there is something else."""


class RequestRefused(EnterpriseManagerError):
    """The server answered with an error."""

    def __init__(
        self,
        summary: str,
        detail: str = "",
        *,
        status: int,
        message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(summary, detail)
        self.status = status
        self.message = message  # what the server said
        self.retry_after = retry_after  # seconds that it asked to wait before the next try


class LogonRefused(RequestRefused):
    """The user name or password, or the session token, is wrong."""


class TokenRefused(RequestRefused):
    """The token of a logon session is not taken: the session may have ended."""


class AccessDenied(RequestRefused):
    """The account may not do that."""


class NotFound(RequestRefused):
    """There is no such thing, or not in this logon session."""

    def __init__(
        self,
        summary: str,
        detail: str = "",
        *,
        status: int = HTTPStatus.NOT_FOUND,
        message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(summary, detail, status=status, message=message, retry_after=retry_after)


class Redirected(RequestRefused):
    """The answer leads to another address, which is not followed."""


class RequestFailed(RequestRefused):
    """The server answered with another error."""

    @property
    def may_have_acted(self) -> bool:  # type: ignore[override]  # by the status
        """Whether the server may have done what was asked for, before it failed."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class ServerBusy(RequestFailed):
    """The server is overloaded, in maintenance, at work on it, or not reached by a proxy."""

    may_pass = True


class TaskFailed(EnterpriseManagerError):
    """A task of Enterprise Manager ended without success."""


class FileRestoreFailed(TaskFailed):
    """A file could not be restored, perhaps because the guest account is wrong or missing."""

    def __init__(self, summary: str, detail: str, *, credentials_needed: bool) -> None:
        super().__init__(summary, detail)
        self.credentials_needed = credentials_needed


class BackupFailed(EnterpriseManagerError):
    """A backup was started, and its session ended without success."""


class BackupOutOfSight(EnterpriseManagerError):
    """A backup was started, or may have been, but its session could not be followed to its end."""


class AlreadyInJob(EnterpriseManagerError):
    """A job includes the object already, as `object_id`."""

    def __init__(self, summary: str, detail: str, *, object_id: str) -> None:
        super().__init__(summary, detail)
        self.object_id = object_id


class LastInJob(EnterpriseManagerError):
    """A job has nothing but the object that is to be removed."""


class Gone(EnterpriseManagerError):
    """What contains a thing no longer lists it."""


class RestorePointGone(Gone):
    """No restore point of a family has an id."""


class JobGone(Gone):
    """No job has an id."""


class MountGone(Gone):
    """A mount point is not in the list of its living logon session."""


class SessionGone(Gone):
    """A logon session is not in the server's list; its mount point went with it."""


class TaskVanished(Gone):
    """A task is not among those of its logon session, or can't be followed to its end."""


class Unsettled(EnterpriseManagerError):
    """A request about a thing was `refused`, and what contains the thing can't be read either."""

    may_pass = True

    def __init__(
        self, summary: str, detail: str = "", *, refused: EnterpriseManagerError | None = None
    ) -> None:
        super().__init__(summary, detail)
        self.refused = refused


class MountIncomplete(EnterpriseManagerError):
    """The restore point is mounted, as `mounted` tells, but a later step failed."""

    def __init__(self, summary: str, detail: str, *, mounted: Mounted) -> None:
        super().__init__(summary, detail)
        self.mounted = mounted


class SessionOutOfReach(EnterpriseManagerError):
    """The mount's logon session may well live, but it can't be used."""


class SizeDiffers(EnterpriseManagerError):
    """A download does not have the size that the server gave."""


class CannotWrite(EnterpriseManagerError):
    """A download can't be written on this machine; perhaps none can, as when the disk is full."""

    def __init__(self, summary: str, detail: str, *, is_for_all: bool = False) -> None:
        super().__init__(summary, detail)
        self.is_for_all = is_for_all


class SomeLeftOut(EnterpriseManagerError):
    """A folder was downloaded without some of its files, which the error lists."""


class Stopped(EnterpriseManagerError):
    """A stop was asked for while something was going on."""


class DeadlinePassed(EnterpriseManagerError):
    """An operation took longer than it may."""
