"""`terraform-provider-veeam keep-alive`: for people and pipelines."""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from terraform_provider_veeam import attributes, config, servers
from terraform_provider_veeam.cli import arguments, connection, output
from terraform_provider_veeam.cli.streams import EXIT_CODE, CommandFailed, handle_signals, tell
from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em import client, settings
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Deadline
from terraform_provider_veeam.em.errors import DeadlinePassed, EnterpriseManagerError, Stopped
from terraform_provider_veeam.em.models import IDLE_LIMIT
from terraform_provider_veeam.keep_alive import holder, keeper, order, sockets, start
from terraform_provider_veeam.masking import mask, printable
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.text import counted

_TYPE = "veeam_mount_point"
_TERRAFORM = "Terraform"  # in the place of a time: while it lives
_NOBODY = "No process was found that holds a logon session open."
_HOLD_SECONDS = 300.0
_AT_ONCE = 8
_WIDTHS = (16, -9, -7, len("machine.example@2026-11-13 22:00:00"), 0)  # longer ones are not cut
_USAGE = """\
terraform state pull | terraform-provider-veeam keep-alive --for {time}
       terraform-provider-veeam keep-alive list
       terraform-provider-veeam keep-alive stop SESSION... | --all"""

Mounted = tuple[str, SessionRecord]
"""A mount point in a state: the name of its restore point, and the session it lives in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.usage = _USAGE.format(time="TIME [--detach]")
    parser.description = (
        "Hold the logon sessions of a state's mount points open, in the foreground or, with "
        "--detach, in a process that goes on by itself; or list the sessions that are held on this "
        "machine, and stop holding them. How a server's certificate is checked comes from the "
        "environment, as for the provider (VEEAM_EM_CA_CERTIFICATE, "
        "VEEAM_EM_CERTIFICATE_FINGERPRINT, VEEAM_EM_INSECURE), or from what `servers add` has "
        "written down of the server at its address."
    )
    action = arguments.one_of("list", "stop")
    parser.add_argument("action", nargs="?", type=action, metavar="list | stop")
    parser.add_argument(
        "session", nargs="*", type=arguments.text, metavar="SESSION", help="as listed"
    )
    arguments.add_server(parser, "only those of the Enterprise Manager")
    parser.add_argument("--all", action="store_true", help="stop holding all of them")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=arguments.checked(parse_duration),
        metavar="TIME",
        help="how long, like 4h or 90m",
    )
    parser.add_argument(
        "--detach",
        action="store_true",
        help="return as soon as the sessions are held, by a process of their own; fail if not",
    )


def run(options: argparse.Namespace) -> int:
    """Hold, list or stop holding logon sessions; returns the exit code. Raises CommandFailed."""
    if options.action == "list":
        return list_sessions(options.server)
    if options.action == "stop":
        if not options.session and not options.all:
            sys.stderr.write("Name the logon sessions (keep-alive list), or give --all.\n")
            return 2
        return stop_holding(options.session, all_of_them=options.all, server=options.server)
    if options.seconds is None or sys.stdin.isatty():
        sys.stderr.write(f"Usage: {_USAGE.format(time='4h')}\n")
        return 2
    return hold_from_state(sys.stdin.buffer, options.seconds, options.server, detach=options.detach)


def _address(server: str | None) -> str | None:
    """Return the address of a server's API; None for all servers. Raises CommandFailed."""
    if server is None:
        return None
    try:
        return str(attributes.ATTRIBUTES["url"][1](servers.find(server)["url"]))
    except ValueError as error:
        raise CommandFailed(str(error)) from None


def list_sessions(server: str | None = None) -> int:
    """Print the sessions that are held open, of one server or of all; returns the exit code."""
    found, silent = _ask_all({"do": "list"}, _address(server))
    if not found and not silent:
        print(_NOBODY)
    elif found:
        output.print_row(("LOGON SESSION", "FOR", "PID", "RESTORE POINT", "MOUNT POINT"), _WIDTHS)
    for one in found:
        where = f"{one['url']}{one['mount_point']}"
        remaining = _TERRAFORM if one["terraform"] else _duration(one["remaining"])
        row = (one["session"], remaining, str(one["pid"]), mask(one["name"]), mask(where))
        output.print_row(row, _WIDTHS)
    if found:
        sys.stderr.write(f"{counted(len(found), 'logon session')}\n")
    return 1 if silent else 0


def stop_holding(
    fingerprints: Sequence[str], *, all_of_them: bool, server: str | None = None
) -> int:
    """Stop holding sessions, of one server or of all; returns the exit code."""
    found, silent = _ask_all({"do": "list"}, _address(server))
    held = {one["session"] for one in found}
    wanted = held if all_of_them else set(fingerprints)
    unknown = wanted - held
    for named in sorted(unknown):
        sys.stderr.write(f"No process was found that holds logon session {named} open.\n")
    if all_of_them and not held and not silent:
        print(_NOBODY)
    message = {"do": "release", "sessions": sorted(wanted)}
    left, silent_now = _ask_all({"do": "stop"} if all_of_them and not server else message)
    wanted -= unknown
    still = wanted & {one["session"] for one in left}
    for named in sorted(wanted - still):
        print(
            f"No longer holding logon session {named}. It ends with its mount point when it has "
            f"been idle for {IDLE_LIMIT}."
        )
    for named in sorted(still):
        sys.stderr.write(f"Logon session {named} is still held; see keep-alive list.\n")
    return 1 if unknown or silent or silent_now or still else 0


def _ask_all(
    message: dict[str, Any], url: str | None = None
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Return what is held, or held at an address, and by whom; and which processes are silent."""
    try:
        held, silent = sockets.ask_all(message)
    except OSError as error:
        said = f"It can't be found out who holds logon sessions open: {error}."
        raise CommandFailed(said) from None
    for path in silent:
        sys.stderr.write(f"The process that listens at {path} does not answer.\n")
    return [one for one in held if url in (None, one["url"])], silent


class NoSession(ValueError):
    """A mount point in the state has no logon session with it."""


def hold_from_state(
    source: BinaryIO, seconds: float, server: str | None = None, *, detach: bool = False
) -> int:
    """Hold the sessions of all mount points in a Terraform state, or of those of one server.

    With `detach` it returns once a keeper holds them, else when holding them is over: 0 when that
    went well or there is nothing to hold, 1 when a session was lost or can't be held.
    """
    try:
        mounted = list(find_mounted(_read_state(source.read())))
    except NoSession as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (ValueError, AttributeError, KeyError, TypeError):
        sys.stderr.write(
            "There is no Terraform state on standard input. The output of "
            "`terraform show -json` lacks the sessions. Run:\n"
            "  terraform state pull | terraform-provider-veeam keep-alive --for 4h\n"
        )
        return 1
    url = _address(server)
    wanted = [(name, record) for name, record in mounted if url in (None, record.base_url)]
    if others := len(mounted) - len(wanted):
        sys.stderr.write(f"Not held: {counted(others, 'mount point')} of other servers.\n")
    if not wanted:
        where = f" of server {server}" if server else ""
        print(f"The state has no mount point{where}: there is nothing to hold.")
        return 0
    return (_hand_over if detach else _hold_here)(wanted, seconds, server)


def _read_state(text: bytes) -> Any:
    """Return a state in any UTF, without what a wrapper prints around it. Raises ValueError."""
    decoded = text.decode(json.detect_encoding(text))
    for brace in re.finditer(r"^\{", decoded, re.MULTILINE):
        with suppress(json.JSONDecodeError):
            found, _ = json.JSONDecoder().raw_decode(decoded, brace.start())
            if "resources" in found:
                return found
    raise ValueError("there is no state")


def _hand_over(mounted: Sequence[Mounted], seconds: float, server: str | None) -> int:
    """Have a keeper hold them; returns the exit code."""
    deadline = Deadline("Waiting for the process that holds them", _HOLD_SECONDS, stop=Event())
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        deadline.stop.set()

    handle_signals(end)

    def hold(one: Mounted) -> Exception | None:
        name, record = one
        try:
            start.hold(_settings(record, server), record, seconds, name, deadline)
        except (OSError, ValueError, config.InvalidConfiguration, EnterpriseManagerError) as error:
            return error
        return None

    wrong = None
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        for (name, record), error in zip(mounted, pool.map(hold, mounted), strict=True):
            session = f"ogon session {record.fingerprint} with {name}"
            if error is None:
                print(mask(f"Holding l{session} for {_duration(seconds)}"), flush=True)
            else:
                wrong = error
                unknown = "known to be " if isinstance(error, Stopped | DeadlinePassed) else ""
                sys.stderr.write(mask(f"L{session} is not {unknown}held: {error}\n"))
    if wrong:
        connection.name_doctor(wrong, server)
    return EXIT_CODE + signals[0] if signals else int(wrong is not None)


def _hold_here(mounted: Sequence[Mounted], seconds: float, server: str | None) -> int:
    """Hold them in the foreground; returns the exit code."""
    endings: list[holder.Ending] = []

    def report(record: SessionRecord, told: EnterpriseManagerError | holder.Ending | None) -> None:
        name = f"ogon session {record.fingerprint}"
        if told is None:
            tell(mask(f"Holding l{name} with {record.href}"))
        elif isinstance(told, holder.Ending):
            endings.append(told)
            tell(f"L{name}: {told}")
        else:
            sys.stderr.write(mask(f"L{name}: {told.summary}\n{told.detail}\n"))
            connection.name_doctor(told, server)

    held = holder.Holder(clock=SYSTEM_CLOCK, report=report)
    try:
        limit = order.idle_limit()
        for name, record in mounted:
            set_up = _settings(record, server)
            promise = order.Order(set_up, record, limit, seconds, name=name)
            held.hold(promise, client.EnterpriseManager(set_up).mounts.touch)
    except (ValueError, config.InvalidConfiguration) as error:
        sys.stderr.write(f"{error}\n")
        connection.name_doctor(error, server)
        return 1
    handle_signals(lambda _: held.stop())
    with ExitStack() as stack:
        with suppress(OSError):  # Terraform's destroy then can't tell us that it is done
            stack.enter_context(sockets.Listener(lambda asked: keeper.answer(held, asked)))
        held.run()
    return 1 if any(ending.is_loss for ending in endings) else 0


def find_mounted(state: Any) -> Iterator[Mounted]:
    """Return the mount points in a state. Raises NoSession, KeyError or TypeError."""
    for resource in state["resources"] or ():
        if resource.get("type") != _TYPE or resource.get("mode") != "managed":
            continue
        for instance in resource["instances"]:
            told = instance["attributes"]
            name = told["restore_point_name"] or told["restore_point_id"]
            record = SessionRecord.from_bytes(base64.b64decode(instance.get("private") or ""))
            if record is None:
                raise NoSession(
                    f"The state has no logon session for {_TYPE}.{resource['name']} "
                    f"({printable(name)}), so nothing is held. Run `terraform apply` first; a "
                    "state that was edited by hand may have lost it."
                )
            yield name, record


def _settings(record: SessionRecord, server: str | None) -> settings.Settings:
    """Return how a session's server is reached: by its name, or that of a server at its address.

    What belongs to no server comes from the environment, as for the provider.
    """
    server = server or servers.at(record.base_url)
    where = {"server": server} if server else {"url": record.base_url}
    resolved = config.resolve(
        where | {"session_token": record.session.token}, "terraform-provider-veeam (keep-alive)"
    )
    return replace(resolved, session_token=None)  # each session is used by its own token


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
