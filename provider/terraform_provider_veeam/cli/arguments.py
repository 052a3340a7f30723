"""The arguments of the commands that find and fetch files."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from terraform_provider_veeam.cli.dates import parse_date, parse_machine_at
from terraform_provider_veeam.em.files.paths import PathPattern, parse_guest_path
from terraform_provider_veeam.em.models import RestorePointType

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

ENVIRONMENT = """\
environment, as for the provider:
  VEEAM_EM_URL                      Enterprise Manager, https://HOST[:9398]
  VEEAM_EM_USERNAME, …_PASSWORD     an account with a role in it
  VEEAM_EM_SESSION_TOKEN            or an existing logon session
  VEEAM_EM_CERTIFICATE_FINGERPRINT  or …_CA_CERTIFICATE: how its certificate is checked
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
_MOUNTED = "What is mounted meanwhile is unmounted at the end, after Ctrl-C too.\n"


def add_restore_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `machines`, `points`, `ls`, `get` and `find`."""
    machines = _add(commands, "machines", "list the machines that have restore points", "")
    machines.add_argument(
        "pattern", nargs="?", metavar="PATTERN", help="only those, like 'oracle*'"
    )

    points = _add(commands, "points", "list the restore points of a machine", _BOUNDS)
    points.add_argument("machine", metavar="MACHINE", help="its whole name, capitals or not")
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
        _DATES + _PATHS + _MOUNTED + "\nFiles keep their time of modification. What is in its "
        "place already, with the same size and\ntime, is not fetched again, and a file that broke "
        "off goes on where it was.\n",
    )
    _add_machine_at(get)
    get.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="files and folders")
    get.add_argument(
        "--to", type=Path, required=True, metavar="DIR", help="where they go; made if need be"
    )
    get.add_argument(
        "--keep-folders",
        action="store_true",
        help="put each file where its whole path leads: E:/Docs/a becomes E/Docs/a in DIR",
    )
    _add_os_kind(get)

    find = _add(
        commands,
        "find",
        "find the newest restore point that still has a file",
        _BOUNDS
        + _PATHS
        + "\nEach restore point is mounted and looked at, from the newest to older ones, "
        "until one has it.\nThe exit code is 1 when none has.\n" + _MOUNTED,
    )
    find.add_argument("machine", metavar="MACHINE", help="its whole name, capitals or not")
    find.add_argument("path", type=_path, metavar="PATH", help="a file, a folder or a pattern")
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
        type=RestorePointType,
        choices=list(RestorePointType),
        help="only restore points of one family",
    )
    return parser


def _add_machine_at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "machine",
        type=_checked(parse_machine_at),
        metavar="MACHINE[@DATE]",
        help="its whole name, capitals or not",
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--after",
        type=_checked(partial(parse_date, is_end=False)),
        metavar="DATE",
        help="only restore points created at or after it",
    )
    parser.add_argument(
        "--before",
        type=_checked(partial(parse_date, is_end=True)),
        metavar="DATE",
        help="only restore points created at or before it",
    )


def _add_os_kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--os-kind",
        choices=("Windows", "Linux"),
        help="what the guest runs (default: Windows; not for agents)",
    )


def _checked(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a parser whose ValueError argparse shows as it is."""

    def checked(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


@_checked
def _path(text: str) -> str:
    path = parse_guest_path(text)
    PathPattern.parse(path)
    return path
