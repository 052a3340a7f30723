"""`terraform-provider-veeam keep-alive`: for people and pipelines."""

from __future__ import annotations

import base64
import json
import signal
import sys
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TextIO

from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.em.holding import Ending, SessionHolder
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.waiting import SYSTEM_CLOCK
from terraform_provider_veeam.keep_alive import sockets
from terraform_provider_veeam.keep_alive.starting import idle_limit
from terraform_provider_veeam.private_state import MountSession

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPE = "veeam_mount_point"


def list_keepers() -> int:
    """Print the sessions that are held open; returns the exit code."""
    found = sockets.keepers()
    if not found:
        print("No logon session is held open.")
        return 0
    print(f"{'LOGON SESSION':<38}{'MOUNTS':>6}  {'FOR':>9}  {'PID':>7}  URL")
    for keeper in found.values():
        print(
            f"{keeper['session_id'] or '-':<38}{keeper['mount_points']:>6}  "
            f"{_duration(keeper['remaining']):>9}  {keeper['pid']:>7}  {keeper['url']}"
        )
    return 0


def stop_keepers(session_ids: Sequence[str], *, all_of_them: bool) -> int:
    """Stop holding sessions; returns the exit code."""
    found = {keeper["session_id"]: path for path, keeper in sockets.keepers().items()}
    unknown = [session_id for session_id in session_ids if session_id not in found]
    for session_id in unknown:
        sys.stderr.write(f"No process holds logon session {session_id} open.\n")
    for session_id in found if all_of_them else [s for s in session_ids if s in found]:
        sockets.ask(found[session_id], "stop")
        print(
            f"No longer holding logon session {session_id}. It ends with its mount points when it "
            "has been idle for 15 minutes."
        )
    return 1 if unknown else 0


def hold_from_state(source: TextIO, seconds: float) -> int:
    """Hold the sessions of all mount points in a Terraform state, in the foreground.

    Returns 0 when the time is over or nothing is left to hold, 1 when a session was lost.
    """
    try:
        state = json.load(source)
        sessions = find_sessions(state)
    except (ValueError, AttributeError, TypeError):
        sys.stderr.write(
            "There is no Terraform state on standard input. Run:\n"
            "  terraform state pull | terraform-provider-veeam keep-alive --for 4h\n"
        )
        return 1
    if not sessions:
        print("The state has no mount point: there is nothing to hold.")
        return 0
    try:
        holders = {kept.session.session_id: _holder(kept) for kept in sessions}
    except InvalidConfiguration as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem.summary}\n{problem.detail}\n")
        return 1
    for kept, hrefs in sessions.items():
        holders[kept.session.session_id].add(hrefs, seconds)
        print(f"Holding logon session {kept.session.session_id}, mount points: {len(hrefs)}")
    sys.stdout.flush()
    return _run(holders)


def find_sessions(state: Any) -> dict[MountSession, list[str]]:
    """Return the logon sessions of the mount points in a state, each with their paths."""
    found: dict[MountSession, list[str]] = defaultdict(list)
    for resource in state["resources"] if "resources" in state else state.get("resources", ()):
        if resource.get("type") != _TYPE or resource.get("mode") != "managed":
            continue
        for instance in resource["instances"]:
            kept = MountSession.from_private(base64.b64decode(instance.get("private") or ""))
            if kept:
                found[kept].append(instance["attributes"]["href"])
    return dict(found)


def _holder(kept: MountSession) -> SessionHolder:
    # Trust, proxy and the like come from the environment, as for the provider.
    settings = resolve(
        {"url": kept.base_url, "session_token": kept.session.token},
        "terraform-provider-veeam (keep-alive)",
    )
    return SessionHolder(
        EnterpriseManager(settings), kept.session, clock=SYSTEM_CLOCK, idle_limit=idle_limit()
    )


def _run(holders: dict[str | None, SessionHolder]) -> int:
    endings: dict[str | None, Ending] = {}

    def run(session_id: str | None) -> None:
        endings[session_id] = holders[session_id].run()
        print(f"Logon session {session_id}: {endings[session_id]}", flush=True)

    def stop(*_: object) -> None:
        for holder in holders.values():
            holder.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    threads = [threading.Thread(target=run, args=(session_id,)) for session_id in holders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = (Ending.SESSION_ENDED, Ending.OUT_OF_REACH)
    return 1 if any(ending in lost for ending in endings.values()) else 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
