"""The arguments of the commands that find and fetch files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from terraform_provider_veeam.cli.dates import parse_date, parse_machine_at
from terraform_provider_veeam.em.files.overwrite import Overwrite
from terraform_provider_veeam.em.files.paths import (
    PathPattern,
    parse_guest_path,
    parse_sought_path,
)
from terraform_provider_veeam.em.models import RestorePointType
from terraform_provider_veeam.masking import printable

Value = TypeVar("Value")

_OS_KINDS = ("Windows", "Linux")
ENVIRONMENT = """\
environment variables, as for the provider:
  VEEAM_EM_URL                      Enterprise Manager, https://HOST[:9398]
  VEEAM_EM_USERNAME                 an account with a role in it
  VEEAM_EM_PASSWORD                 its password
  VEEAM_EM_SESSION_TOKEN            in place of both: an existing logon session
  VEEAM_EM_CERTIFICATE_FINGERPRINT  its certificate, or
  VEEAM_EM_CA_CERTIFICATE           who signed it, if this machine does not trust it already
"""
_DATES = """\
DATE is a day like 2026-11-13, which is one of UTC, a time like 2026-11-13T22:00:00Z, or "latest";
the newest restore point at or before it is meant. Without one, the newest of all.
"""
_BOUNDS = (
    "DATE is a day like 2026-11-13, which is one of UTC, or a time like 2026-11-13T22:00:00Z.\n"
)
_PATHS = """\
PATH begins with a volume: E:/Docs, or Volume$0:/etc. In a name, * stands for anything and ? for one
character; ** stands for any number of folders: 'E:/Docs/**/*.docx'. Quote it for the shell.
"""
_SOUGHT = (
    _PATHS
    + """\
What begins with no volume is looked for on all of them: /etc/hosts there, Offer.docx in any folder.
"""
)
_MOUNTED = "What is mounted meanwhile is unmounted at the end, after Ctrl-C too.\n"
_FETCHED = """
Files keep their time of modification. What an earlier get has put in its place is not fetched again
if it is from the same restore point, and else replaced, unless it was changed since. Anything else
that is there is left as it is, and told, unless --overwrite says more. A file that broke off goes
on where it was.
"""


def add_restore_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `machines`, `points`, `ls`, `get` and `find`."""
    machines = _add(commands, "machines", "list the machines that have restore points", "")
    machines.add_argument(
        "pattern", nargs="?", type=text, metavar="PATTERN", help="only those, like 'oracle*'"
    )

    points = _add(commands, "points", "list the restore points of a machine", _BOUNDS)
    _add_machine(points)
    _add_bounds(points)

    ls = _add(commands, "ls", "list a folder in a restore point", _DATES + _PATHS + _MOUNTED)
    _add_machine_at(ls)
    ls.add_argument(
        "path", nargs="?", type=_path, metavar="PATH", help="a folder; without one, the volumes"
    )
    _add_os_kind(ls)

    get = _add(
        commands,
        "get",
        "download files and folders of a restore point",
        _DATES + _PATHS + _MOUNTED + _FETCHED,
    )
    _add_machine_at(get)
    get.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="files and folders")
    get.add_argument(
        "--to", type=file_path, required=True, metavar="DIR", help="where they go; made if need be"
    )
    get.add_argument(
        "--keep-folders",
        action="store_true",
        help="put each file where its whole path leads: E:/Docs/a becomes E/Docs/a in DIR",
    )
    get.add_argument(
        "--overwrite",
        type=_one_of(Overwrite),
        metavar=_choices(Overwrite),
        help="which files that are in the way are replaced: none, those older than the backup's, "
        "or all (default: those of an earlier get that nobody has changed)",
    )
    get.add_argument(
        "--dry-run", action="store_true", help="tell what would be done, file by file, and do none"
    )
    _add_os_kind(get)

    find = _add(
        commands,
        "find",
        "find the newest restore point that still has a file",
        _BOUNDS
        + _SOUGHT
        + "\nEach restore point is mounted and looked at, from the newest to older ones, "
        "until one has it.\nThe exit code is 1 when none has.\n" + _MOUNTED,
    )
    _add_machine(find)
    find.add_argument(
        "path",
        type=checked(parse_sought_path),
        metavar="PATH",
        help="a file, a folder or a pattern",
    )
    _add_bounds(find)
    find.add_argument("--all", action="store_true", help="look at all of them, for every version")
    _add_os_kind(find)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    epilog: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=f"{epilog}\n{ENVIRONMENT}".lstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    parser.add_argument(
        "--type",
        type=_one_of(RestorePointType),
        metavar=_choices(RestorePointType),
        help="only restore points of one family",
    )
    parser.add_argument(
        "--backup-server", type=text, metavar="NAME", help="only restore points of one server"
    )
    return parser


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "machine", type=text, metavar="MACHINE", help="its whole name, capitals or not"
    )


def _add_machine_at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "machine",
        type=checked(parse_machine_at),
        metavar="MACHINE[@DATE]",
        help="its whole name, capitals or not",
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--after",
        type=checked(partial(parse_date, is_end=False)),
        metavar="DATE",
        help="only restore points created at or after it",
    )
    parser.add_argument(
        "--before",
        type=checked(partial(parse_date, is_end=True)),
        metavar="DATE",
        help="only restore points created at or before it",
    )


def _add_os_kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--os-kind",
        type=_one_of(_OS_KINDS),
        metavar=_choices(_OS_KINDS),
        help="what the guest runs (default: Windows; not for agents)",
    )


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


def file_path(given: str) -> Path:
    """Return the path of a file or folder of this machine, which need not be UTF-8."""
    if not given:
        raise argparse.ArgumentTypeError("It is empty.")
    try:
        return Path(given).expanduser()
    except RuntimeError:  # there is no such user, or no home
        raise argparse.ArgumentTypeError(f"There is no home folder for {given}.") from None


@checked
def _path(given: str) -> str:
    path = parse_guest_path(given)
    PathPattern.parse(path)
    return path


def _one_of(values: Iterable[Value]) -> Callable[[str], Value]:
    known = {str(value).lower(): value for value in values}

    def parse(given: str) -> Value:
        if given.lower() not in known:
            raise ValueError(f"{given} is none of {', '.join(map(str, known.values()))}.")
        return known[given.lower()]

    return checked(parse)


def _choices(values: Iterable[object]) -> str:
    return "|".join(map(str, values))
