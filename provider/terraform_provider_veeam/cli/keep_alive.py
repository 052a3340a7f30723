"""`terraform-provider-veeam keep-alive`: for people and pipelines."""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.holder import Ending, Holder
from terraform_provider_veeam.keep_alive.idle_limit import idle_limit
from terraform_provider_veeam.keep_alive.keeper import answer
from terraform_provider_veeam.plugin.process.logs import mask
from terraform_provider_veeam.sessions.record import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from terraform_provider_veeam.em.errors import EnterpriseManagerError

_TYPE = "veeam_mount_point"


def list_sessions() -> int:
    """Print the sessions that are held open; returns the exit code."""
    found, silent = _ask_all({"do": "status"})
    held = [(told["pid"], one) for told in found.values() for one in told["held"]]
    if held:
        print(f"{'LOGON SESSION':<18}{'FOR':>9}  {'PID':>7}  MOUNT POINT")
    elif not silent:
        print("No logon session is held open.")
    for pid, one in held:
        print(
            f"{one['session']:<18}{_duration(one['remaining']):>9}  {pid:>7}  "
            + mask(f"{one['url']}{one['mount_point']}")
        )
    return 1 if silent else 0


def stop_holding(fingerprints: Sequence[str], *, all_of_them: bool) -> int:
    """Stop holding sessions; returns the exit code."""
    found, silent = _ask_all({"do": "status"})
    held = {one["session"] for told in found.values() for one in told["held"]}
    unknown = [] if all_of_them else [named for named in fingerprints if named not in held]
    for named in unknown:
        sys.stderr.write(f"No process holds logon session {named} open.\n")
    message = {"do": "stop"} if all_of_them else {"do": "release", "sessions": list(fingerprints)}
    _, silent_now = _ask_all(message)
    for named in sorted(held if all_of_them else held & set(fingerprints)):
        print(
            f"No longer holding logon session {named}. It ends with its mount point when it has "
            "been idle too long: for 15 minutes, unless that Enterprise Manager is set otherwise."
        )
    return 1 if unknown or silent or silent_now else 0


def _ask_all(message: dict[str, Any]) -> tuple[dict[Path, dict[str, Any]], list[Path]]:
    """Return what each process that holds sessions answers, and which do not answer."""
    found, silent = {}, []
    try:
        places = sockets.places()
    except OSError as error:
        raise SystemExit(f"Who holds logon sessions open can't be found out: {error}.") from None
    for path in places:
        try:
            told = sockets.ask(path, message)
        except sockets.Silent:
            silent.append(path)
            sys.stderr.write(f"The process that listens at {path} does not answer.\n")
            continue
        if told is not None:
            found[path] = told
    return found, silent


def hold_from_state(source: BinaryIO, seconds: float) -> int:
    """Hold the sessions of all mount points in a Terraform state, in the foreground.

    The state may be in UTF-8, UTF-16 or UTF-32, with a byte order mark or without, as shells of
    Windows write it.

    Returns 0 when the time is over or nothing is left to hold, 1 when a session was lost or can't
    be held.
    """
    try:
        records = list(find_sessions(json.loads(source.read())))
    except (ValueError, AttributeError, KeyError, TypeError):
        sys.stderr.write(
            "There is no Terraform state on standard input. The output of "
            "`terraform show -json` lacks the sessions. Run:\n"
            "  terraform state pull | terraform-provider-veeam keep-alive --for 4h\n"
        )
        return 1
    if not records:
        print("The state has no mount point: there is nothing to hold.")
        return 0
    endings: list[Ending] = []

    def report(record: SessionRecord, told: EnterpriseManagerError | Ending | None) -> None:
        name = f"ogon session {record.fingerprint}"
        if told is None:
            print(mask(f"Holding l{name} with {record.href}"), flush=True)
        elif isinstance(told, Ending):
            endings.append(told)
            print(f"L{name}: {told}", flush=True)
        else:
            sys.stderr.write(mask(f"L{name}: {told.summary}\n{told.detail}\n"))

    try:
        holder = Holder(clock=SYSTEM_CLOCK, idle_limit=idle_limit(), report=report)
        for record in records:
            holder.hold(record, _manager(record), seconds)
    except (ValueError, InvalidConfiguration) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _hold(holder)
    return 1 if any(ending.is_loss for ending in endings) else 0


def _hold(holder: Holder) -> None:
    """Hold until nothing is left or a signal comes, and answer other processes meanwhile."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: holder.stop())
    with ExitStack() as stack:
        with suppress(OSError):  # Terraform's destroy then can't tell us that it is done
            place = sockets.place(f"for-{os.getpid()}")
            stack.enter_context(sockets.Listener(place, lambda asked: answer(holder, asked)))
        holder.run()


def find_sessions(state: Any) -> Iterator[SessionRecord]:
    """Return the logon sessions of the mount points in a state. Raises KeyError or TypeError."""
    for resource in state["resources"] or ():
        if resource.get("type") != _TYPE or resource.get("mode") != "managed":
            continue
        for instance in resource["instances"]:
            record = SessionRecord.from_bytes(base64.b64decode(instance.get("private") or ""))
            if record:
                yield record


def _manager(record: SessionRecord) -> EnterpriseManager:
    # Trust, proxy and the like come from the environment, as for the provider.
    settings = resolve(
        {"url": record.base_url, "session_token": record.session.token},
        "terraform-provider-veeam (keep-alive)",
    )
    return EnterpriseManager(settings)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
