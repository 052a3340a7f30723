"""The command `em-simulator`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import textwrap
import threading
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from em_simulator import faults
from em_simulator.accounts import ACCOUNTS
from em_simulator.catalogue import NIGHTS, Family
from em_simulator.forms import Answers, JsonLists, JsonNames, JsonNulls, Paths
from em_simulator.habits import ShownSessions, Unknown
from em_simulator.index import INDEXED_MACHINES
from em_simulator.manager import MountNumbers
from em_simulator.simulator import DEFAULT_HREF_HOST, DEFAULT_IDLE_LIMIT, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from enum import StrEnum

DEFAULT_PORT = 9398
_PARENT_SECONDS = 0.5  # between two looks whether the parent lives


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.journal:
        try:
            options.journal.open("a").close()
        except OSError as error:
            return _fail(f"can't write the journal {options.journal}: {error.strerror}")
    simulator = Simulator(
        port=options.port,
        idle_limit=options.idle_limit,
        mount_seconds=options.mount_seconds,
        nights=options.nights,
        indexed=options.indexed or INDEXED_MACHINES,
        browse_seconds=options.browse_seconds,
        browses_with_200=options.browse_200,
        restore_seconds=options.restore_seconds,
        latency=options.latency,
        bandwidth=options.bandwidth,
        seed=options.seed,
        journal=options.journal,
        journal_tokens=options.journal_tokens,
        href_host=options.href_host,
        mount_numbers=options.mount_numbers,
        json_names=options.json_names,
        json_nulls=options.json_nulls,
        byte_order_mark=options.byte_order_mark,
        answers=Answers.XML if options.xml else Answers.ASKED,
        opaque_tokens=options.opaque_tokens,
        unknown=options.unknown,
        shown_sessions=options.shown_sessions,
        paths=options.paths,
        json_lists=options.json_lists,
        needs_mount_body=options.needs_mount_body,
        clock_ahead=options.clock_ahead,
        ranges=options.ranges,
        backup_seconds=options.backup_seconds,
        lag=options.lag,
        links_starts=not options.no_session_links,
        links_replicas=not options.no_replica_links,
        copies_at_once=options.immediate_copies,
        exact_names=options.postgresql,
        never=options.never,
        matches_parts=options.lookup_parts,
        two_servers=options.two_backup_servers,
        lists_unique_ids=options.unique_ids,
        refused_roots=dict(options.refuse_root),
    )
    try:
        for text in options.fault:
            name, pattern, count, settings = faults.parse(text)
            simulator.add_fault(name, pattern, count, **settings)
    except ValueError as error:
        return _fail(str(error))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    parent = os.getppid()
    try:
        simulator.start()
    except OSError as error:
        return _fail(
            f"can't listen on 127.0.0.1:{options.port}: {error.strerror}. Another port: --port 0"
        )
    try:
        _announce(simulator, as_json=options.json)
        while not ended.wait(_PARENT_SECONDS if options.with_parent else None):
            if os.getppid() != parent:
                break
    finally:
        simulator.stop()
    return 0


def _fail(text: str) -> int:
    sys.stderr.write(f"em-simulator: {text}\n")
    return 1


def _announce(simulator: Simulator, *, as_json: bool) -> None:
    described = simulator.description()
    if as_json:
        sys.stdout.write(json.dumps(described) + "\n")
    else:
        accounts = "\n".join(
            f"  {account.username:<20} {account.password:<20} {account.role}"
            for account in ACCOUNTS
        )
        sys.stdout.write(
            f"Enterprise Manager simulator at {described['url']}, until Ctrl-C.\n\n"
            f"{_settings(described, is_windows=sys.platform == 'win32')}\n\n"
            f"Accounts:\n{accounts}\n\n"
            f"Newest restore point of each machine:\n{_newest(simulator)}\n"
        )
    sys.stdout.flush()


def _settings(described: Mapping[str, Any], *, is_windows: bool) -> str:
    """Return lines that set the provider's variables, for PowerShell on Windows and else for sh."""
    values = {
        "VEEAM_EM_URL": described["url"],
        "VEEAM_EM_USERNAME": described["username"],
        "VEEAM_EM_PASSWORD": described["password"],
        "VEEAM_EM_CERTIFICATE_FINGERPRINT": described["fingerprint"],
    }
    line = "$env:{} = '{}'" if is_windows else "export {}='{}'"
    return "\n".join(line.format(name, value) for name, value in values.items())


def _newest(simulator: Simulator) -> str:
    """Return a line for each machine: its family, when it was last backed up, the id of that."""
    newest = {
        point.machine.name: f"  {point.machine.name:<22} {family.name.lower():<8} "
        f"{point.created_at:%Y-%m-%d %H:%M:%SZ}  {point.id}"
        for family in Family
        for point in reversed(simulator.restore_points(family))
    }
    return "\n".join(newest[name] for name in sorted(newest))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="em-simulator",
        description="A Veeam Backup Enterprise Manager to try things out with: HTTPS on loopback "
        "with a certificate of its own, some machines, and their restore points.",
        epilog=_fault_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="default %(default)s; 0 for any free one"
    )
    parser.add_argument(
        "--idle-limit",
        type=float,
        default=DEFAULT_IDLE_LIMIT,
        metavar="SECONDS",
        help="life of an idle logon session (default %(default)g)",
    )
    _add_times(parser)
    parser.add_argument(
        "--mount-numbers",
        type=MountNumbers,
        choices=list(MountNumbers),
        default=MountNumbers.SESSION,
        help="where the numbers of mount points begin anew (default %(default)s)",
    )
    _add_forms(parser)
    parser.add_argument("--seed", type=int, default=1, help="of UUIDs and tokens")
    parser.add_argument(
        "--href-host",
        default=DEFAULT_HREF_HOST,
        metavar="HOST:PORT",
        help="the server's own name in links (default %(default)s)",
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="append each request to FILE, as JSON lines"
    )
    parser.add_argument("--journal-tokens", action="store_true", help="with their session tokens")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT", help="see below")
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON when it is ready"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started it has ended"
    )
    return parser


def _add_times(parser: argparse.ArgumentParser) -> None:
    """Add how long things take, and what there is."""
    for flag, what in (
        ("--mount-seconds", "a mount takes"),
        ("--backup-seconds", "a backup takes"),
        ("--browse-seconds", "it takes until the index shows a restore point's files"),
        ("--restore-seconds", "a file's restore from the index takes"),
        ("--latency", "the line holds each request up"),
    ):
        parser.add_argument(
            flag,
            type=float,
            default=0.0,
            metavar="SECONDS",
            help=f"how long {what} (default %(default)g)",
        )
    parser.add_argument(
        "--bandwidth",
        type=float,
        default=0.0,
        metavar="BYTES",
        help="a second, for all downloads together (default: as fast as it can)",
    )
    parser.add_argument(
        "--nights",
        type=int,
        default=NIGHTS,
        help="how many restore points each machine has (default %(default)s)",
    )
    parser.add_argument(
        "--indexed",
        action="append",
        metavar="MACHINE",
        help="a VM that is indexed, once for each; '' for none "
        f"(default {', '.join(INDEXED_MACHINES)})",
    )
    parser.add_argument(
        "--browse-200",
        action="store_true",
        help="answer a browse of the index with 200, as its own page has it, and not with 202",
    )


def _add_forms(parser: argparse.ArgumentParser) -> None:
    """Add what differs from version to version, or can't be known from documents."""
    parser.add_argument(
        "--json-names",
        type=JsonNames,
        choices=list(JsonNames),
        default=JsonNames.CAMEL,
        help="names in JSON answers: camelCase as version 13, PascalCase as versions up to 12 "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--json-nulls",
        type=JsonNulls,
        choices=list(JsonNulls),
        default=JsonNulls.NULL,
        help="members of JSON answers that have no value (default %(default)s)",
    )
    _add_choice(parser, "--json-lists", JsonLists, "how lists in JSON answers are named")
    _add_choice(parser, "--paths", Paths, "how the paths in links are spelled")
    parser.add_argument(
        "--byte-order-mark", action="store_true", help="begin JSON and XML answers with one"
    )
    parser.add_argument(
        "--xml", action="store_true", help="answer in XML, whatever Accept asks for"
    )
    parser.add_argument(
        "--opaque-tokens",
        action="store_true",
        help="make tokens that are not base64 of the SessionId",
    )
    parser.add_argument(
        "--clock-ahead",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how far the server's clock is ahead of the world's; behind it if less than 0",
    )
    parser.add_argument(
        "--lag",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how late backup sessions and changes of jobs are shown (default %(default)g)",
    )
    parser.add_argument(
        "--no-session-links",
        action="store_true",
        help="do not link the task that starts a job to the session",
    )
    parser.add_argument(
        "--no-replica-links",
        action="store_true",
        help="do not link a VM's part of a replication to the replica's restore point",
    )
    parser.add_argument(
        "--immediate-copies",
        action="store_true",
        help="copy each backup of the job Daily as soon as it is made",
    )
    parser.add_argument(
        "--postgresql",
        action="store_true",
        help="write times in names with their fraction, as version 13 does with this database",
    )
    parser.add_argument(
        "--never",
        metavar="TIME",
        help="write this for times that there are not, like 1753-01-01T00:00:00Z",
    )
    parser.add_argument(
        "--two-backup-servers",
        action="store_true",
        help="have the Hyper-V host and its job on a second backup server",
    )
    parser.add_argument(
        "--unique-ids",
        action="store_true",
        help="list hosts by their unique ids, unlike references, as version 12 did before a fix",
    )
    parser.add_argument(
        "--refuse-root",
        type=_refused_root,
        action="append",
        default=[],
        metavar="NAME=STATUS",
        help="refuse lookups on a host, as hv01.tech.local=403 or =400",
    )
    parser.add_argument(
        "--lookup-parts",
        action="store_true",
        help="find objects by a part of their name, too",
    )
    _add_habits(parser)
    parser.add_argument(
        "--ranges",
        action="store_true",
        help="send a part of a download when one is asked for (Range), which nothing documents",
    )


def _add_habits(parser: argparse.ArgumentParser) -> None:
    """Add what servers do differently."""
    _add_choice(
        parser,
        "--unknown",
        Unknown,
        "how a mount point, a task, a job or a logon session that does not exist is answered",
    )
    _add_choice(
        parser, "--shown-sessions", ShownSessions, "which logon sessions an account is shown"
    )
    parser.add_argument(
        "--needs-mount-body",
        action="store_true",
        help="refuse a mount's request that has no body, with 400",
    )


def _add_choice(
    parser: argparse.ArgumentParser, flag: str, words: type[StrEnum], what: str
) -> None:
    parser.add_argument(
        flag,
        type=words,
        choices=list(words),
        default=next(iter(words)),
        help=f"{what}: {', '.join(words)} (default %(default)s)",
    )


def _refused_root(text: str) -> tuple[str, int]:
    name, _, status = text.partition("=")
    return name, HTTPStatus(int(status))


def _fault_help() -> str:
    lines = [
        "Faults, NAME[(option=value,...)][*COUNT]@METHOD /path, happen once, COUNT times or",
        "*always, to requests whose method and path below /api match as a regular expression.",
        "Several may hit one request: the first of each name.",
        "",
        "  em-simulator --fault 'status(code=503,retry_after=1)*3@POST .*/mounts'",
        "",
    ]
    for name, (what, options) in faults.NAMES.items():
        defaults = ", ".join(f"{key}={value}" for key, value in options.items())
        text = what + (f" ({defaults})" if defaults else "")
        lines += textwrap.wrap(
            f"{name:<16} {text}", 96, initial_indent="  ", subsequent_indent=" " * 19
        )
    lines += [
        "",
        "While it runs: GET /simulator/state, POST /simulator/expire, and POST /simulator/faults",
        'with {"name": …, "pattern": …, "count": …} or DELETE /simulator/faults.',
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
