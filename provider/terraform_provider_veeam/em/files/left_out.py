"""What could not be taken along of many files, so that a person learns of each."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.masking import printable

ONE_ADDRESS = "Enterprise Manager has one address for both, so it is not known which would come"
_MOST_TOLD = 100
_FOR_ALL = (
    errors.Stopped,
    errors.DeadlinePassed,
    errors.TokenRefused,
    errors.Unreachable,
    errors.ServerBusy,
)


class LeftOut(NamedTuple):
    """A file or folder that could not be taken along, and why not."""

    path: str
    reason: str

    @classmethod
    def by(cls, path: str, error: errors.EnterpriseManagerError) -> Self:
        """Return what an error kept from being taken along."""
        return cls(path, f"{error.summary}. {error.detail}".replace("\n", " "))

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.reason}")


def concerns_all(error: errors.EnterpriseManagerError) -> bool:
    """Tell whether an error at one file or folder would be one at every other too."""
    if isinstance(error, errors.CannotWrite):
        return error.is_for_all
    if isinstance(error, errors.FileRestoreFailed):
        return error.credentials_needed
    return isinstance(error, _FOR_ALL)


def in_lines(told: Sequence[object]) -> str:
    """Return a line for each, as many as a person may want to read."""
    lines = [f"  {one}" for one in told[:_MOST_TOLD]]
    if len(told) > _MOST_TOLD:
        lines.append(f"  and {len(told) - _MOST_TOLD} more")
    return "\n".join(lines)


def balance(done: Sequence[str], rest: Sequence[str]) -> str:
    """Return which paths were done before an error ended it all, and which were not."""
    listed = (", ".join(map(printable, paths)) or "nothing" for paths in (done, rest))
    return "Done before it: {}. Not done: {}.".format(*listed)
