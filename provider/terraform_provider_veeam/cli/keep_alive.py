"""`terraform-provider-veeam keep-alive`: for people and pipelines."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from terraform_provider_veeam.cli.signals import handle_signals
from terraform_provider_veeam.cli.streams import tell
from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.keep_alive import sockets, start
from terraform_provider_veeam.keep_alive.holder import Ending, Holder
from terraform_provider_veeam.keep_alive.idle_limit import idle_limit
from terraform_provider_veeam.keep_alive.keeper import answer
from terraform_provider_veeam.plugin.process.logs import mask
from terraform_provider_veeam.printable import printable
from terraform_provider_veeam.sessions.record import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from terraform_provider_veeam.em.errors import EnterpriseManagerError
    from terraform_provider_veeam.em.settings import Settings

_TYPE = "veeam_mount_point"
_NAME_WIDTH = len("machine.example@2026-11-13 22:00:00")  # of most; longer ones are not cut


def list_sessions() -> int:
    """Print the sessions that are held open; returns the exit code."""
    found, silent = _ask_all({"do": "status"})
    held = [(told["pid"], one) for told in found.values() for one in told["held"]]
    if held:
        _print_row("LOGON SESSION", "FOR", "PID", "RESTORE POINT", "MOUNT POINT")
    elif not silent:
        print("No logon session is held open.")
    for pid, one in held:
        where = f"{one['url']}{one['mount_point']}"
        _print_row(one["session"], _duration(one["remaining"]), pid, mask(one["name"]), mask(where))
    return 1 if silent else 0


def _print_row(session: str, remaining: str, pid: object, name: str, where: str) -> None:
    print(f"{session:<18}{remaining:>9}  {pid:>7}  {name:<{_NAME_WIDTH}}  {where}")


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


class Mounted(NamedTuple):
    """A mount point in a state: the name of its restore point, and the session it lives in."""

    name: str
    record: SessionRecord


class NoSession(ValueError):
    """A mount point in the state has no logon session with it."""


def hold_from_state(source: BinaryIO, seconds: float, *, detach: bool = False) -> int:
    """Hold the sessions of all mount points in a Terraform state.

    The state may be in UTF-8, UTF-16 or UTF-32, with a byte order mark or without, as shells of
    Windows write it.

    With `detach` it returns once they are held by the keeper, else when holding them is over.
    Returns 0 when that went well or nothing is there to hold, 1 when a session was lost or can't
    be held.
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
    if not mounted:
        print("The state has no mount point: there is nothing to hold.")
        return 0
    return _hand_over(mounted, seconds) if detach else _hold_here(mounted, seconds)


def _read_state(text: bytes) -> Any:
    """Return the state; lines that a wrapper of Terraform prints around it are passed over.

    Raises ValueError.
    """
    decoded = text.decode(json.detect_encoding(text))
    for brace in re.finditer(r"^\{", decoded, re.MULTILINE):
        with suppress(json.JSONDecodeError):
            found, _ = json.JSONDecoder().raw_decode(decoded, brace.start())
            if "resources" in found:
                return found
    raise ValueError("there is no state")


def _hand_over(mounted: Sequence[Mounted], seconds: float) -> int:
    """Have the keeper hold them; returns the exit code."""
    failed = 0
    for name, record in mounted:
        try:
            start.hold(_settings(record), record, seconds, name)
        except (OSError, ValueError, InvalidConfiguration) as error:
            failed = 1
            sys.stderr.write(
                mask(f"Logon session {record.fingerprint} with {name} is not held: {error}\n")
            )
        else:
            told = f"Holding logon session {record.fingerprint} with {name}"
            print(mask(f"{told} for {_duration(seconds)}"), flush=True)
    return failed


def _hold_here(mounted: Sequence[Mounted], seconds: float) -> int:
    """Hold them in the foreground; returns the exit code."""
    endings: list[Ending] = []

    def report(record: SessionRecord, told: EnterpriseManagerError | Ending | None) -> None:
        name = f"ogon session {record.fingerprint}"
        if told is None:
            tell(mask(f"Holding l{name} with {record.href}"))
        elif isinstance(told, Ending):
            endings.append(told)
            tell(f"L{name}: {told}")
        else:
            sys.stderr.write(mask(f"L{name}: {told.summary}\n{told.detail}\n"))

    try:
        holder = Holder(clock=SYSTEM_CLOCK, idle_limit=idle_limit(), report=report)
        for name, record in mounted:
            holder.hold(record, EnterpriseManager(_settings(record)).touch, seconds, name=name)
    except (ValueError, InvalidConfiguration) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _hold(holder)
    return 1 if any(ending.is_loss for ending in endings) else 0


def _hold(holder: Holder) -> None:
    """Hold until nothing is left or a signal comes, and answer other processes meanwhile."""
    handle_signals(lambda _: holder.stop())
    with ExitStack() as stack:
        with suppress(OSError):  # Terraform's destroy then can't tell us that it is done
            place = sockets.place(f"for-{os.getpid()}")
            stack.enter_context(sockets.Listener(place, lambda asked: answer(holder, asked)))
        holder.run()


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
            yield Mounted(name, record)


def _settings(record: SessionRecord) -> Settings:
    # Trust, proxy and the like come from the environment, as for the provider.
    return resolve(
        {"url": record.base_url, "session_token": record.session.token},
        "terraform-provider-veeam (keep-alive)",
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
