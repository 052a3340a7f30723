"""Backups that are started, and VMs that go into a job and out of it, in bad weather."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from chaos.invariants import Broken
from chaos.played_terraform import PlayedTerraform, Run, dynamic, interrupt_after, kill_after
from terraform_provider_veeam.objects.actions.job_start import JobStartAction
from terraform_provider_veeam.objects.actions.quick_backup import QuickBackupAction
from terraform_provider_veeam.objects.resources.job_object import JobObjectResource
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.schemas import schema_to_pb

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from chaos.played_terraform import Values
    from chaos.processes import Machine
    from em_simulator import Simulator
    from support.clocks import FastClock

STARTED_JOBS, CHANGED_JOB = ("Databases", "Replicas"), "Domain controllers"
_VMS = ("oracle03", "exch01", "web02", "oracle03.tech.local")
_TELLS = re.compile(
    r"not known whether|goes on|may yet begin|was started|^The \w+ .* failed|is done",
    re.MULTILINE,
)
_DID_NOT_START = "Enterprise Manager could not start"


def ways_of_backups(chance: random.Random) -> dict[str, Any]:
    """Return how a server differs from others about backups, hosts and times."""
    flags = ("links_starts", "links_replicas", "copies_at_once", "exact_names")
    return {name: chance.random() < 0.5 for name in (*flags, "two_servers", "lists_unique_ids")} | {
        "refused_roots": chance.choice([{}, {}, {"hv01.tech.local": chance.choice([400, 403])}]),
        "never": chance.choice([None, "0001-01-01T00:00:00", "1753-01-01T00:00:00Z"]),
    }


class BackupPlay:
    """What somebody does around backups beside their mounts."""

    def __init__(
        self,
        simulator: Simulator,
        machine: Machine,
        provider_block: Mapping[str, object],
        chance: random.Random,
        clock: FastClock,
        log: io.StringIO,
    ) -> None:
        self._log = log
        self._simulator = simulator
        self._machine = machine
        self._random = chance
        self._clock = clock
        self._terraform = PlayedTerraform(
            machine, provider_block, _schema(), type_name="veeam_job_object"
        )
        self._left_alone = set(simulator.objects_in(CHANGED_JOB))
        self._told: list[str] = []
        self._vms = list(_VMS)
        self._starts = dict.fromkeys(STARTED_JOBS, 0)

    def command(self) -> tuple[str, Run]:
        """Do something; returns what, and what it told. Raises Broken."""
        kind = self._random.choice(["job", "quick", "objects", "objects"])
        if kind == "objects":
            run = self._change_objects()
        elif kind == "quick" and self._vms:
            run = self._back_up(self._vms.pop())
        else:
            kind, run = "job", self._start_job()
        self._told += run.errors
        self._check_objects()
        return kind, run

    def end(self) -> Run:
        """Take everything out of the job again, in good weather. Raises Broken."""
        run = self._terraform.destroy()
        if self._terraform.state and not run.errors:
            # What a destroy finds gone already, it leaves in the state.
            run = self._terraform.refresh()
        if run.errors or self._terraform.state:
            raise Broken(f"with all faults gone, job objects stay: {run.errors}")
        self._check_objects()
        for vm in _VMS:
            self._count(vm)
        self._check_starts()
        return run

    def _change_objects(self) -> Run:
        job_id = self._simulator.job(CHANGED_JOB).id
        refs = self._random.sample(_VMS, self._random.randint(0, 3))
        wanted = {
            name: self._terraform.config({"job_id": job_id, "ref": self._simulator.vm(name)})
            for name in refs
        }
        interrupt = None
        if self._random.random() < 0.25:
            end = self._random.choice([kill_after, interrupt_after, interrupt_after])
            interrupt = end(self._random.uniform(0, 8), self._clock)
        run = self._terraform.apply(wanted, interrupt=interrupt)
        if run.was_killed:  # the log has to tell
            self._told += self._log.getvalue().splitlines()
        return run

    def _back_up(self, vm: str) -> Run:
        config = dict.fromkeys(a.name for a in QuickBackupAction.schema.attributes)
        run = self._invoke(
            "veeam_quick_backup", config | {"machine_name": vm, "timeouts": {"invoke": "10m"}}
        )
        self._check_told(run, self._count(vm), vm)
        return run

    def _start_job(self) -> Run:
        config = dict.fromkeys(a.name for a in JobStartAction.schema.attributes)
        name = self._random.choice(STARTED_JOBS)
        job_id = self._simulator.job(name).id
        before = self._started(name)
        run = self._invoke(
            "veeam_job_start", config | {"job_id": job_id, "timeouts": {"invoke": "10m"}}
        )
        self._starts[name] += 1
        self._check_starts()
        if not run.errors and not run.was_stopped and before == self._started(name) == 0:
            raise Broken("a job is said to have run, and did not")
        if self._started(name) > before:
            self._check_told(run, 1, name)
        return run

    def _invoke(self, name: str, config: Values) -> Run:
        run = Run()
        with (
            self._machine.command(),
            self._terraform.configured(run) as process,
            ThreadPoolExecutor(1) as threads,
        ):
            if self._random.random() < 0.25:
                seconds = self._random.uniform(0, 12)
                threads.submit(interrupt_after(seconds, self._clock), process)
            request = pb.InvokeAction.Request(action_type=name, config=dynamic(config))
            for event in process.stream("InvokeAction", request):
                run.take(event.completed.diagnostics)
            run.was_stopped = process.is_stopped
        return run

    # What must hold

    def _count(self, vm: str) -> int:
        """Return how often a VM was backed up quickly: each was asked for once."""
        ref = self._simulator.vm(vm)
        found = [
            session
            for session in self._simulator.started_backups()
            if session.job.name not in STARTED_JOBS and session.tasks[0].item.ref == ref
        ]
        if len(found) > 1:
            raise Broken(f"{vm} was backed up {len(found)} times")
        return len(found)

    def _check_told(self, run: Run, started: int, what: str) -> None:
        if not run.errors and not run.was_stopped and not started:
            raise Broken(f"{what} is said to be backed up, and is not")
        if run.errors and started:
            if any(_DID_NOT_START in text for text in run.errors):
                raise Broken(f"{what} was started after all: {run.errors}")
            if not any(_TELLS.search(text) for text in run.errors):
                raise Broken(f"nobody is told that {what} was started: {run.errors}")

    def _started(self, name: str) -> int:
        return sum(s.job.name == name for s in self._simulator.started_backups())

    def _check_starts(self) -> None:
        for name, asked in self._starts.items():
            if self._started(name) > asked:
                raise Broken(f"{asked} starts of {name} have become {self._started(name)}")

    def _check_objects(self) -> None:
        """Check that what is in the job is in the state, or that an error names it."""
        there = self._simulator.objects_in(CHANGED_JOB)
        if len(set(there)) != len(there):
            raise Broken(f"an object is in the job twice: {there}")
        known = {
            instance.attributes["ref"]: instance.attributes["object_id"]
            for instance in self._terraform.state.values()
        }
        for ref in set(there) - self._left_alone - set(known):
            if not any(ref in text for text in self._told):
                raise Broken(f"forgotten in the job: {ref}")
        removed = {
            entry.path.rpartition("/")[2]
            for entry in self._simulator.journal
            if entry.method == "DELETE"
        }
        for ref in set(known) - set(there):
            if known[ref] not in removed:
                raise Broken(f"in the state, but not in the job: {ref}")


@cache
def _schema() -> pb.Schema.Block:
    return schema_to_pb(JobObjectResource.schema).block
