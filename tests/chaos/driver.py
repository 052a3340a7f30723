"""One seed: a few mounts made, changed and unmade in bad weather."""

from __future__ import annotations

import datetime as dt
import io
import logging
import random
import sys
import threading
import traceback
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from chaos.backups import BackupPlay, ways_of_backups
from chaos.invariants import Broken, Invariants, fingerprint_of
from chaos.played_terraform import (
    Inconsistent,
    Instance,
    PlayedTerraform,
    Run,
    Values,
    interrupt_after,
    kill_after,
    read_data,
)
from chaos.processes import Machine, Process
from chaos.strangers import Stranger
from chaos.weather import Weather
from em_simulator import ADMINISTRATOR, Family, MountNumbers, Simulator
from em_simulator.certificate import Certificate
from em_simulator.forms import JsonLists, Paths
from em_simulator.habits import ShownSessions, Unknown
from support.clocks import FastClock
from terraform_provider_veeam.masking import mask
from terraform_provider_veeam.objects.data_sources.restore_points import RestorePointsDataSource
from terraform_provider_veeam.objects.resources.mount_point import MountPointResource
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.process import logs
from tfplugin.wire.schemas import schema_to_pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from em_simulator.certificate import ServerCertificate
    from tfplugin.wire import tfplugin6_pb2 as pb

FACTOR = 40.0
NAMES = [f"mount-{number}" for number in range(6)]
SHORT_IDLE_LIMIT = 200.0
LONG_APPLY = 300.0
_CHANGES = 8
_NEWER = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)  # than all that there is
_NO_TOKEN = "The state holds no token of the logon session"


class Outcome(NamedTuple):
    """How a seed went."""

    broken: str | None
    """What does not hold."""
    scenes: Counter[str]
    """What was played, and how often."""


class Play:
    """One seed's story."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be replayed
        self._borrowed = self._chance(0.2)
        self._is_long = not self._borrowed and self._chance(0.015)
        self._weather = Weather(seed, loses_sessions=not self._borrowed)
        if self._is_long:
            self._weather.clear()
        self._clock = FastClock(FACTOR)
        self._log = io.StringIO()
        self.story: list[str] = []
        self.scenes: Counter[str] = Counter()
        self._simulator = Simulator(
            seed=seed,
            clock=self._clock,
            idle_limit=SHORT_IDLE_LIMIT if self._is_long else 900.0,
            mount_seconds=self._random.choice([0.0, 1.0, 4.0, 8.0]),
            mount_numbers=self._random.choice(list(MountNumbers)),
            json_names=self._random.choice(["camel", "pascal"]),
            json_nulls=self._random.choice(["null", "absent"]),
            opaque_tokens=self._chance(0.2),
            json_lists=self._random.choice(list(JsonLists)),
            paths=self._random.choice(list(Paths)),
            answers=self._random.choice(["asked", "asked", "asked", "xml"]),
            unknown=self._random.choice(list(Unknown)),
            shown_sessions=self._random.choice(list(ShownSessions)),
            needs_mount_body=self._chance(0.2),
            clock_ahead=self._random.choice([0.0, 0.0, -5400.0, 86400.0]),
            **ways_of_backups(self._random),
            faults=self._weather,
            certificate=_certificate(),
        )
        self._points = [point.id for point in self._simulator.restore_points(Family.VM)[:2]]

    def run(self) -> None:
        """Play a few commands, and destroy until all is gone. Raises Broken."""
        environment = {"VEEAM_EM_IDLE_LIMIT": f"{SHORT_IDLE_LIMIT:.0f}s"} if self._is_long else {}
        with (
            _logging_to(self._log),
            self._simulator,
            Machine(self._clock, environment) as machine,
        ):
            self._stranger = Stranger(self._simulator)
            for point in self._points:
                self._stranger.mount(point)
            self._terraform = PlayedTerraform(
                machine,
                self._provider_block(),
                _schema(),
                creates_before_destroying=self._chance(0.25),
            )
            self._invariants = Invariants(
                self._simulator, self._stranger, self._log, borrowed=self._borrowed
            )
            self._backups = BackupPlay(
                self._simulator,
                machine,
                self._provider_block(),
                random.Random(f"backups {self._random.random()}"),  # noqa: S311 - to be replayed
                self._clock,
                self._log,
            )
            if self._is_long:
                self._apply_for_long()
            else:
                wanted: dict[str, Values] = {}
                for _ in range(self._random.choice([1, 2, 2, 3, 4])):
                    wanted = self._change(wanted)
                    self._note(self._command(wanted))
                    if self._chance(0.7):
                        self._back_up()
                self._note(self._destroy(self._interrupt(0.15)))
            self._end()
            self.scenes["faults"] += self._weather.struck
            self.scenes["faults in pairs"] += self._weather.struck_twice
            self.scenes["requests"] += len(self._simulator.journal)

    def _provider_block(self) -> dict[str, object]:
        who: dict[str, object] = {"session_token": self._stranger.token}
        if not self._borrowed:
            who = {"username": ADMINISTRATOR.username, "password": ADMINISTRATOR.password}
        names = [attribute.name for attribute in VeeamProvider.schema.attributes]
        server = {
            "url": self._simulator.url,
            "ca_certificate": self._simulator.certificate_pem,
            "max_retries": self._random.choice([0, 2, 5]),
        }
        return dict.fromkeys(names) | who | server

    # What a person does

    def _change(self, wanted: dict[str, Values]) -> dict[str, Values]:
        """Return what a person writes next: mounts more or less, or other ones."""
        changed = {name: block for name, block in wanted.items() if self._chance(0.85)}
        names = self._random.sample(NAMES, self._random.randint(1, 6))
        for name in names[len(changed) :]:
            block = self._terraform.config({"restore_point_id": self._random.choice(self._points)})
            changed.setdefault(name, block)
        timeouts = {"create": "20m"}
        for name, block in changed.items():
            chance = self._random.random()
            more: Values = {}
            if chance < 0.1:
                more = {"timeouts": timeouts}
            elif chance < 0.2:
                more = {"os_kind": "Windows"}
            elif chance < 0.25:
                more = {"os_kind": "Linux"}
            elif chance < 0.3:
                more = {"restore_point_id": self._random.choice(self._points)}
            changed[name] = block | more
        return changed

    def _command(self, wanted: dict[str, Values]) -> Run:
        """Run a command of Terraform."""
        there = sorted(self._terraform.state.keys() & set(NAMES))
        if there and self._chance(0.15):
            self._tell("refresh", "")
            return self._terraform.refresh()
        tainted = [name for name in there if self._chance(0.15)]
        for name in tainted:
            self._terraform.taint(name)
        replaced = [name for name in there if self._chance(0.05)]
        refresh, saved, is_calm = self._chance(0.8), self._chance(0.2), self._chance(0.7)
        interrupt = self._interrupt(0.25)
        self._tell(
            "apply", f"of {len(wanted)}, {tainted=}, {replaced=}, {refresh=}, {saved=}, "
            f"interrupt={bool(interrupt)}"
        )  # fmt: skip
        self.scenes["saved plans"] += saved
        self.scenes["tainted"] += len(tainted)
        self.scenes["tainted without a read"] += bool(tainted and not refresh)
        with self._neighbours():
            self._weather.be_calm(is_calm)
            run = self._terraform.apply(
                wanted,
                refresh=refresh,
                replaced=replaced,
                interrupt=interrupt,
                in_apply=self._reader(handed_over=refresh and not saved),
                before_apply=lambda: self._weather.be_calm(False),
                saved=saved,
            )
            self._weather.be_calm(False)
        self.scenes["deposed left"] += len(self._terraform.state.keys() - set(NAMES))
        self.scenes["stopped"] += run.was_stopped
        self.scenes["killed"] += run.was_killed
        self.scenes.update(f"{action} done" for action in run.done)
        if refresh:
            _check_tokens(run)
        return run

    def _back_up(self) -> None:
        """Start backups, and change what a job includes."""
        self._weather.be_calm(self._chance(0.3))
        kind, run = self._backups.command()
        self._weather.be_calm(False)
        self._tell("backup", kind)
        self.scenes[f"backups: {kind}"] += 1
        self.scenes[f"backups: {kind}, without an error"] += not run.errors
        self._invariants.note(run)

    def _neighbours(self) -> _Neighbours:
        """Have others mount in the borrowed session during a command."""
        mounts = 0
        if self._borrowed and self._chance(0.7):
            mounts = self._random.randint(1, 4)
        self.scenes["mounts by others meanwhile"] += mounts
        chance = random.Random(self._random.random())  # noqa: S311 - to be replayed
        return _Neighbours(self._stranger, self._points, mounts, chance, self._clock)

    def _interrupt(self, probability: float) -> Callable[[Process], None] | None:
        if not self._chance(probability):
            return None
        end = kill_after if self._chance(0.3) else interrupt_after
        return end(self._random.uniform(0, 8), self._clock)

    def _destroy(self, interrupt: Callable[[Process], None] | None = None) -> Run:
        refresh = self._chance(0.5)
        self._tell("destroy", f"{refresh=}, interrupt={bool(interrupt)}")
        run = self._terraform.destroy(refresh=refresh, interrupt=interrupt)
        _check_tokens(run)
        return run

    def _apply_for_long(self) -> None:
        """Let an apply last longer than a session may be idle: what was there must be there."""
        point = self._points[0]
        wanted = {"mount-0": self._terraform.config({"restore_point_id": point})}
        self._tell("apply", "of 1")
        self._note(self._terraform.apply(wanted))
        self._simulator._manager.mount_seconds = LONG_APPLY
        self._weather.sessions_lost = True  # others' now, and ours after the apply
        wanted["mount-1"] = self._terraform.config({"restore_point_id": point})

        def check(process: Process, run: Run) -> None:
            if not all(map(self._is_there, self._terraform.state.values())):
                raise Broken("a mount died in an apply that took long")

        self._tell("apply", "for long")
        self._note(self._terraform.apply(wanted, in_apply=check))
        self._simulator._manager.mount_seconds = 0.0
        self.scenes["long applies"] += 1

    # Data sources

    def _reader(self, *, handed_over: bool) -> Callable[[Process, Run], None] | None:
        """Return what reads data sources of mounts that stay, and of new ones, in an apply."""
        if self._chance(0.3):
            return None
        before = set(map(_fingerprint, self._terraform.state.values()))
        is_calm = self._chance(0.7)

        def read(process: Process, run: Run) -> None:
            self._weather.be_calm(is_calm)
            for instance in list(self._terraform.state.values())[:3]:
                stays = _fingerprint(instance) in before
                must = is_calm and (handed_over or not stays)
                if self._read(process, run, instance, must=must):
                    self.scenes["reads by the hand-over"] += stays
                    self.scenes["reads of new mounts"] += not stays
            if self._chance(0.2):
                self._list_restore_points(process, run)
            self._weather.be_calm(False)

        return read

    def _list_restore_points(self, process: Process, run: Run) -> None:
        """List restore points while some come and others go: what stays is there, and once."""
        own, before = Run(), self._restore_points()
        config = dict.fromkeys(a.name for a in RestorePointsDataSource.schema.attributes)
        with _Retention(self._simulator, before - set(self._points), self._random, self._clock):
            found = read_data(process, own, "veeam_restore_points", config | {"limit": 1000})
        run.errors += own.errors
        run.warnings += own.warnings
        if found is None:
            return
        self.scenes["lists that change"] += 1
        ids = [one["id"] for one in found["restore_points"]]
        stay = before & self._restore_points()
        if len(ids) != len(set(ids)) or not stay <= set(ids):
            raise Broken(f"of {len(stay)} restore points {len(stay & set(ids))} are listed")

    def _restore_points(self) -> set[str]:
        return {point.id for point in self._simulator.restore_points(Family.VM)}

    def _read(self, process: Process, run: Run, instance: Instance, *, must: bool) -> bool:
        """Read what refers to a mount; tell whether that could be done."""
        attributes, own = instance.attributes, Run()
        session = {"session_fingerprint": attributes["session_fingerprint"]}
        config = {
            "restore_point_id": attributes["restore_point_id"],
            "restore_point_type": None,
            "mount_points": None,
        }
        listed = read_data(process, own, "veeam_mount_points", config | session)
        if listed and self._is_there(instance):
            hrefs = [point["href"].lower() for point in listed["mount_points"]]
            if attributes["href"].lower() not in hrefs or (len(hrefs) > 1 and not self._borrowed):
                raise Broken(f"veeam_mount_points of {attributes['href']} has {hrefs}")
        if attributes["file_system_roots"]:
            config = dict.fromkeys(("depth", "name", "limit", "files")) | {
                "mount_point_id": attributes["id"],
                "path": attributes["file_system_roots"][0],
            }
            read_data(process, own, "veeam_mount_point_files", config | session)
        run.errors += own.errors
        run.warnings += own.warnings
        if own.errors and must and self._is_there(instance) and not process.is_stopped:
            raise Broken(f"a mount's session is not at hand in the apply: {own.errors}")
        return not own.errors

    def _is_there(self, instance: Instance) -> bool:
        tokens = self._invariants.tokens()
        return any(
            mount.path.lower() == instance.attributes["href"].lower()
            and fingerprint_of(tokens[mount.session_id]) == _fingerprint(instance)
            for mount in self._simulator.mounts()
        )

    # What must hold

    def _note(self, run: Run) -> None:
        self._invariants.note(run)
        self._invariants.check(self._terraform.state, sessions_lost=self._weather.sessions_lost)

    def _end(self) -> None:
        """Let the sun shine: destroy must remove everything."""
        self._weather.clear()
        self.scenes["cancelled late"] += self._weather.cancelled_late
        if self._weather.cancelled_late:
            self._clock.wait(threading.Event(), 4.0)
        self._invariants.note(self._backups.end())
        last = self._destroy()
        self._note(last)
        if self._terraform.state and not last.errors:
            # What a destroy finds gone already, it leaves in the state.
            self._note(self._terraform.refresh())
        if last.errors or self._terraform.state:
            raise Broken(f"with all faults gone, destroy fails: {last.errors}")
        self._invariants.check_end(sessions_lost=self._weather.sessions_lost)
        self._invariants.check_secrets(self._log.getvalue())

    def _tell(self, command: str, how: str) -> None:
        self.story.append(f"{command} {how}".rstrip())
        self.scenes[f"{command} commands"] += 1

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


class _Neighbours:
    """Other users who mount in their session for the length of a `with` block."""

    def __init__(
        self,
        stranger: Stranger,
        points: list[str],
        mounts: int,
        chance: random.Random,
        clock: FastClock,
    ) -> None:
        def mount() -> None:
            for _ in range(mounts):
                clock.wait(threading.Event(), chance.uniform(0.0, 2.0))
                stranger.mount(chance.choice(points), chance.choice([0.0, 1.0, 4.0]))

        self._thread = threading.Thread(target=mount)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


class _Retention:
    """What makes restore points, and removes others, for the length of a `with` block."""

    def __init__(
        self, simulator: Simulator, there: set[str], chance: random.Random, clock: FastClock
    ) -> None:
        gone = chance.sample(sorted(there), _CHANGES)
        pauses = [chance.uniform(0.0, 1.0) for _ in gone]
        first = len(simulator.restore_points(Family.VM))

        def change() -> None:
            for number, (restore_point_id, pause) in enumerate(zip(gone, pauses, strict=True)):
                clock.wait(threading.Event(), pause)
                moment = _NEWER + dt.timedelta(minutes=first + number)
                simulator.add_restore_point("web02", f"{moment:%Y-%m-%dT%H:%M:%SZ}")
                simulator.remove_restore_point(Family.VM, restore_point_id)

        self._thread = threading.Thread(target=change)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


class _logging_to:  # noqa: N801 - reads as what it does
    """Send the provider's log lines, as Terraform would get them, to a file in memory."""

    def __init__(self, file: io.StringIO) -> None:
        self._file = file

    def __enter__(self) -> None:
        logs.setup({"TF_LOG": "TRACE"}, "veeam", mask)
        self._stderr, sys.stderr = sys.stderr, self._file

    def __exit__(self, *_: object) -> None:
        sys.stderr = self._stderr
        logging.getLogger().handlers.clear()


@cache
def _certificate() -> ServerCertificate:
    return Certificate()


@cache
def _schema() -> pb.Schema.Block:
    return schema_to_pb(MountPointResource.schema).block


def _fingerprint(instance: Instance) -> str:
    return str(instance.attributes["session_fingerprint"])


def _check_tokens(run: Run) -> None:
    """Check that tokens were at hand. Only what is tainted and was not read may lack its own."""
    if lacking := [text for text in run.errors if _NO_TOKEN in text]:
        raise Broken(f"a token is not at hand: {lacking}")


def play(seed: int) -> Outcome:
    """Play one seed."""
    playing, broken = Play(seed), None
    try:
        playing.run()
    except (Broken, Inconsistent) as error:
        broken = str(error)
    except Exception:  # noqa: BLE001 - the other seeds are played all the same
        broken = traceback.format_exc()
    if broken:
        broken = "\n  ".join((broken, *playing.story))
    return Outcome(broken, playing.scenes)
