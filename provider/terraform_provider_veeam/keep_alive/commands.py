"""`terraform-provider-veeam keep-alive`: for people and pipelines."""

from __future__ import annotations

import base64
import json
import signal
import sys
import threading
from collections import defaultdict
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, TextIO

from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em.holding import Ending, SessionHolder
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.waiting import SYSTEM_CLOCK
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.listening import Listener
from terraform_provider_veeam.keep_alive.starting import idle_limit
from terraform_provider_veeam.plugin.logs import conceal, mask
from terraform_provider_veeam.private_state import MountSession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from terraform_provider_veeam.em.errors import EnterpriseManagerError

_TYPE = "veeam_mount_point"


def list_keepers() -> int:
    """Print the sessions that are held open; returns the exit code."""
    found, silent = sockets.keepers()
    _tell_of(silent)
    if not found:
        if not silent:
            print("No logon session is held open.")
        return 1 if silent else 0
    print(f"{'LOGON SESSION':<18}{'MOUNTS':>6}  {'FOR':>9}  {'PID':>7}  URL")
    for keeper in found.values():
        print(
            f"{keeper['session']:<18}{keeper['mount_points']:>6}  "
            f"{_duration(keeper['remaining']):>9}  {keeper['pid']:>7}  {keeper['url']}"
        )
    return 1 if silent else 0


def stop_keepers(fingerprints: Sequence[str], *, all_of_them: bool) -> int:
    """Stop holding sessions; returns the exit code."""
    found, silent = sockets.keepers()
    _tell_of(silent)
    held = {keeper["session"] for keeper in found.values()}
    unknown = [named for named in fingerprints if named not in held]
    for named in unknown:
        sys.stderr.write(f"No process holds logon session {named} open.\n")
    for path, keeper in found.items():
        if not all_of_them and keeper["session"] not in fingerprints:
            continue
        try:
            sockets.ask(path, "stop")
        except sockets.KeeperIsSilent:
            silent.append(path)
            _tell_of([path])
            continue
        print(
            f"No longer holding logon session {keeper['session']}. It ends "
            "with its mount points when it has been idle too long: for 15 minutes, unless that "
            "Enterprise Manager is set otherwise."
        )
    return 1 if unknown or silent else 0


def _tell_of(silent: Sequence[Path]) -> None:
    for path in silent:
        sys.stderr.write(f"The process that listens at {path} does not answer.\n")


def hold_from_state(source: TextIO, seconds: float) -> int:
    """Hold the sessions of all mount points in a Terraform state, in the foreground.

    Returns 0 when the time is over or nothing is left to hold, 1 when a session was lost or can't
    be held.
    """
    try:
        state = json.load(source)
        sessions = find_sessions(state)
    except (ValueError, AttributeError, KeyError, TypeError):
        sys.stderr.write(
            "There is no Terraform state on standard input. Run:\n"
            "  terraform state pull | terraform-provider-veeam keep-alive --for 4h\n"
        )
        return 1
    if not sessions:
        print("The state has no mount point: there is nothing to hold.")
        return 0
    try:
        limit = idle_limit()
        holders = {kept: _holder(kept, limit) for kept in sessions}
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except InvalidConfiguration as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem.summary}\n{problem.detail}\n")
        return 1
    for kept, hrefs in sessions.items():
        holders[kept].add(hrefs, seconds)
    return _run(holders)


def find_sessions(state: Any) -> dict[MountSession, list[str]]:
    """Return the logon sessions of the mount points in a state, each with their paths."""
    found: dict[MountSession, list[str]] = defaultdict(list)
    for resource in state.get("resources", ()):
        if resource.get("type") != _TYPE or resource.get("mode") != "managed":
            continue
        for instance in resource["instances"]:
            kept = MountSession.from_private(base64.b64decode(instance.get("private") or ""))
            if kept:
                found[kept].append(instance["attributes"]["href"])
    return dict(found)


def _holder(kept: MountSession, limit: float) -> SessionHolder:
    # Trust, proxy and the like come from the environment, as for the provider.
    settings = resolve(
        {"url": kept.base_url, "session_token": kept.session.token},
        "terraform-provider-veeam (keep-alive)",
    )

    def report(error: EnterpriseManagerError | None) -> None:
        if error is None:
            held = f"mount points: {holder.mount_points}"
            print(f"Holding {kept.session}, {held}", flush=True)
        else:
            told = mask(
                f"Logon session {kept.session.fingerprint}: {error.summary}\n{error.detail}"
            )
            sys.stderr.write(f"{told}\n")

    holder = SessionHolder(
        EnterpriseManager(settings, conceal=conceal),
        kept.session,
        clock=SYSTEM_CLOCK,
        idle_limit=limit,
        report=report,
    )
    return holder


def _run(holders: Mapping[MountSession, SessionHolder]) -> int:
    endings: list[Ending] = []

    def run(kept: MountSession) -> None:
        with ExitStack() as stack:
            with suppress(OSError):  # Terraform's destroy then can't tell us that it is done
                path = sockets.path_of(kept.session)
                if sockets.ask(path, "status") is None:
                    stack.enter_context(Listener(holders[kept], kept, path, takes_orders=False))
            ending = holders[kept].run()
        endings.append(ending)
        print(f"Logon session {kept.session.fingerprint}: {ending}", flush=True)

    def stop(*_: object) -> None:
        for holder in holders.values():
            holder.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    threads = [threading.Thread(target=run, args=(kept,)) for kept in holders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = (Ending.SESSION_ENDED, Ending.OUT_OF_REACH, Ending.REFUSED)
    return 1 if any(ending in lost for ending in endings) else 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
