"""Whether a thing is gone: what contains it says so.

An answer about the thing itself is only a question, whatever its status and its body: servers say
"gone" in many ways, and what stands in between may say it for them. The container answers. A mount
point is in the list of its logon session, a task among the tasks of its session, a session in the
list of all sessions; nobody else can make such a list.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.http.retry import retry
from terraform_provider_veeam.text import capital

Result = TypeVar("Result")


class Container(NamedTuple):
    """What lists a thing."""

    name: str  # as a person reads it, like `the list of its mount points`
    has: Callable[[], bool]  # tells whether the thing is listed. Raises what a request raises.
    gone: type[errors.Gone]  # the error for a thing that is not


def may_mean_gone(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether an error is an answer about the thing: a busy server says nothing of it."""
    if isinstance(error, errors.ServerBusy | errors.LogonRefused):
        return False
    return isinstance(
        error,
        errors.AccessDenied
        | errors.NotFound
        | errors.TokenRefused
        | errors.RequestFailed
        | errors.UnexpectedAnswer,
    )


def unless_gone(
    client: SessionClient, thing: str, request: Callable[[], Result], container: Container
) -> Result:
    """Return what a request about a thing returns; when it is refused, the container is asked.

    What is listed is asked for again. Raises the container's Gone, Unsettled, the last refusal.
    """

    def once() -> Result:
        try:
            return request()
        except errors.EnterpriseManagerError as refused:
            if not may_mean_gone(refused):
                raise
            if _is_listed(thing, container, refused):
                raise
            raise container.gone(
                f"{capital(thing)} is gone",
                f"{refused.detail}\n{capital(container.name)} does not have it.",
            ) from refused

    return retry(once, client.deadline, when=may_be_a_slip, pauses=client.client.pauses())


def may_be_a_slip(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether a refusal of what is listed may be over in a moment."""
    if isinstance(error, errors.RequestFailed):
        return error.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, errors.NotFound | errors.TokenRefused)


def _is_listed(thing: str, container: Container, refused: errors.EnterpriseManagerError) -> bool:
    try:
        return container.has()
    except errors.EnterpriseManagerError as error:
        if not may_mean_gone(error) and not isinstance(
            error, errors.Unsettled | errors.NotEnterpriseManager
        ):
            raise
        if isinstance(refused, errors.AccessDenied):
            raise refused from error  # the role is too low for both
        raise errors.Unsettled(
            f"Whether {thing} is gone is not known",
            f"{refused.detail}\n{capital(container.name)} would tell, but can't be read: "
            f"{error.detail}",
            refused=refused,
        ) from error
