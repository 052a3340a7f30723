"""The arguments of the commands that find and fetch files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from terraform_provider_veeam.cli.dates import parse_date, parse_machine_at
from terraform_provider_veeam.em.files.paths import PathPattern, parse_guest_path
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.masking import printable

Value = TypeVar("Value")

ENVIRONMENT = """\
environment variables, as for the provider:
  VEEAM_EM_SERVER                   a server by name, as --server; see: servers --help
  VEEAM_EM_URL                      or its address, https://HOST[:9398]
  VEEAM_EM_USERNAME                 an account with a role in it
  VEEAM_EM_PASSWORD                 its password, or
  VEEAM_EM_PASSWORD_FILE            a file that has it, or
  VEEAM_EM_PASSWORD_COMMAND         a command that prints it
  VEEAM_EM_SESSION_TOKEN            in place of both: an existing logon session
  VEEAM_EM_CERTIFICATE_FINGERPRINT  its certificate, or
  VEEAM_EM_CA_CERTIFICATE           who signed it, if this machine does not trust it already
"""
DATES = """\
DATE is a day like 2026-11-13, which is one of UTC, a time like 2026-11-13T22:00:00Z, or "latest";
the newest restore point at or before it is meant. Without one, the newest of all. In place of both,
@ID is the restore point of an id that `points` prints; its beginning will do where no other has it.
"""
BOUNDS = (
    "DATE is a day like 2026-11-13, which is one of UTC, or a time like 2026-11-13T22:00:00Z.\n"
)
PATHS = """\
PATH begins with a volume: E:/Docs, or Volume$0:/etc. In a name, * stands for anything and ? for one
character; ** stands for any number of folders: 'E:/Docs/**/*.docx'. Quote it for the shell.
"""
MOUNTED = "Whatever it mounts it unmounts at the end, also after Ctrl-C.\n"


def add_common(parser: argparse.ArgumentParser, *notes: str) -> None:
    """Add what all of them take, and tell what is to be known."""
    parser.epilog = "".join([*notes, "\n", ENVIRONMENT]).lstrip()
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    add_server(parser)
    add_choice(parser, "--type", RestorePointType, "only restore points of one family")
    parser.add_argument(
        "--backup-server", type=text, metavar="NAME", help="only restore points of one server"
    )


def add_server(parser: argparse.ArgumentParser, what: str = "the Enterprise Manager") -> None:
    """Add the name of a server."""
    known = f"{what} of that name, that `servers add` has stored"
    parser.add_argument("--server", type=text, metavar="NAME", help=known)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the machine, and between which dates."""
    parser.add_argument(
        "machine", type=text, metavar="MACHINE", help="its whole name, in upper or lower case"
    )
    for bound in ("after", "before"):
        parser.add_argument(
            f"--{bound}",
            type=checked(partial(parse_date, is_end=bound == "before")),
            metavar="DATE",
            help=f"only restore points created at or {bound} it",
        )


def add_machine_at(parser: argparse.ArgumentParser) -> None:
    """Add the machine, and when."""
    parser.add_argument(
        "machine",
        type=checked(parse_machine_at),
        metavar="MACHINE[@DATE]",
        help="its whole name, in upper or lower case; or a restore point's @ID",
    )


def add_mounting(parser: argparse.ArgumentParser) -> None:
    """Add whether a restore point is mounted at once, and as what."""
    parser.add_argument(
        "--no-index", action="store_true", help="do not ask the index, which may leave folders out"
    )
    what = "what the guest runs (default: Windows; not for agents)"
    add_choice(parser, "--os-kind", ("Windows", "Linux"), what)


def add_choice(
    parser: argparse.ArgumentParser, option: str, values: Iterable[object], what: str
) -> None:
    """Add an option that has one of some values, in capitals or not."""
    known = {str(value).lower(): value for value in values}
    names = list(map(str, known.values()))

    def parse(given: str) -> object:
        if given.lower() not in known:
            raise ValueError(f"{given} is none of {', '.join(names)}.")
        return known[given.lower()]

    parser.add_argument(option, type=checked(parse), metavar="|".join(names), help=what)


def checked(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a parser of texts in UTF-8 that are not empty, whose ValueError is shown as it is."""

    def parse_checked(given: str) -> Value:
        if not given.strip():
            raise argparse.ArgumentTypeError("It is empty.")
        try:
            given.encode()
            return parse(given)
        except UnicodeEncodeError:
            raise argparse.ArgumentTypeError(f'"{printable(given)}" is not UTF-8.') from None
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse_checked


text = checked(str)
"""Return a text as it is given."""


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser of a word that is one of some."""
    told = f"none of {', '.join(words)}" if words[2:] else f"neither {' nor '.join(words)}"

    def parse(given: str) -> str:
        if given not in words:
            raise ValueError(f'"{given}" is {told}')
        return given

    return checked(parse)


def file_path(given: str) -> Path:
    """Return the path of a file or folder of this machine, which need not be UTF-8."""
    if not given:
        raise argparse.ArgumentTypeError("It is empty.")
    try:
        return Path(given).expanduser()
    except RuntimeError:  # there is no such user, or no home
        raise argparse.ArgumentTypeError(f"There is no home folder for {given}.") from None


@checked
def guest_path(given: str) -> str:
    """Return a path in a guest."""
    path = parse_guest_path(given)
    PathPattern.parse(path)
    return path
