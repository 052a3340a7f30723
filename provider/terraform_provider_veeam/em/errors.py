"""What can go wrong with Enterprise Manager, written for the person at the terminal.

EnterpriseManagerError
├── Unreachable                 no connection, or it broke off
│   ├── AnswerLost              broke off after the server may have acted
│   └── CertificateNotTrusted
├── NotEnterpriseManager        something else listens there
├── RequestRefused
│   ├── LogonRefused            user name, password or session token is wrong
│   ├── SessionExpired          401: the logon session of the token has ended
│   ├── AccessDenied            403: the account's role is too low
│   ├── NotFound                404
│   └── RequestFailed           any other status
├── UnexpectedAnswer            it can't be understood
├── TaskFailed                  Success="false", with the server's message
│   └── FileRestoreFailed       that of a file's restore
├── SizeDiffers                 a download is shorter or longer than its file
├── CannotWrite                 this machine's disk does not take a download
├── TaskVanished
├── MountIncomplete             mounted, but a later step failed
├── Stopped                     Terraform asked to stop
└── DeadlinePassed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terraform_provider_veeam.em.models import Mounted


class EnterpriseManagerError(Exception):
    """Base of all: `summary` in a line, `detail` with what was tried, what came, what to do.

    `attribute` names the provider attribute that has to be mended, if it is one.
    """

    def __init__(self, summary: str, detail: str = "", *, attribute: str | None = None) -> None:
        super().__init__(f"{summary}: {detail}" if detail else summary)
        self.summary = summary
        self.detail = detail
        self.attribute = attribute


class Unreachable(EnterpriseManagerError):
    """There is no connection to Enterprise Manager."""


class AnswerLost(Unreachable):
    """The whole answer did not come: the server may have acted.

    When it `timed_out`, the server may still be busy with it.
    """

    def __init__(self, summary: str, detail: str = "", *, timed_out: bool = False) -> None:
        super().__init__(summary, detail)
        self.timed_out = timed_out


class CertificateNotTrusted(Unreachable):
    """The server's certificate is not the one expected."""


class NotEnterpriseManager(EnterpriseManagerError):
    """What listens there is something else."""


class RequestRefused(EnterpriseManagerError):
    """The server answered with an error; `status` is the HTTP status, `message` what it said.

    `retry_after` are the seconds after which the server asked to be tried again, if it did.
    """

    def __init__(
        self, summary: str, detail: str = "", *, status: int, attribute: str | None = None
    ) -> None:
        super().__init__(summary, detail, attribute=attribute)
        self.status = status
        self.message: str | None = None
        self.retry_after: float | None = None


class LogonRefused(RequestRefused):
    """The user name or password, or the session token, is wrong."""


class SessionExpired(RequestRefused):
    """The logon session that a token belongs to has ended."""


class AccessDenied(RequestRefused):
    """The account may not do that."""


class NotFound(RequestRefused):
    """There is no such thing, or not in this logon session."""


class RequestFailed(RequestRefused):
    """The server answered with another error."""


class UnexpectedAnswer(EnterpriseManagerError):
    """The server's answer can't be understood."""


class TaskFailed(EnterpriseManagerError):
    """A task of Enterprise Manager ended without success."""


class FileRestoreFailed(TaskFailed):
    """A file could not be restored; perhaps for want of the right guest account."""

    def __init__(self, summary: str, detail: str, *, credentials_needed: bool) -> None:
        super().__init__(summary, detail)
        self.credentials_needed = credentials_needed


class SizeDiffers(EnterpriseManagerError):
    """A download does not have the size that the server told."""


class CannotWrite(EnterpriseManagerError):
    """A download can't be written on this machine."""


class TaskVanished(EnterpriseManagerError):
    """A task is no longer known to the server."""


class Stopped(EnterpriseManagerError):
    """A stop was asked for while something was waited for."""


class DeadlinePassed(EnterpriseManagerError):
    """An operation took longer than it may."""


class MountIncomplete(EnterpriseManagerError):
    """The restore point is mounted, as `mounted` tells, but a later step failed."""

    def __init__(self, summary: str, detail: str, *, mounted: Mounted) -> None:
        super().__init__(summary, detail)
        self.mounted = mounted
