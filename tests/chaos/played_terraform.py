"""Terraform, played over gRPC: its calls in its order, and what it makes of their answers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # there are no stubs

from chaos.processes import Killed
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chaos.processes import Machine, Process
    from support.clocks import FastClock

TYPE = "veeam_mount_point"
PARALLELISM = 10
_UNSEEN_SECONDS = 0.3
"""An answer that Terraform got so soon before its death may not be in the state."""
UNKNOWN = "(unknown)"

Values = dict[str, Any]


class Inconsistent(Exception):
    """Terraform would call it a bug in the provider."""


def dynamic(value: Any) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def plain(value: pb.DynamicValue) -> Any:
    return msgpack.unpackb(value.msgpack, ext_hook=lambda *_: UNKNOWN)


NULL = dynamic(None)


@dataclass(frozen=True)
class Instance:
    """One resource instance in the state."""

    state: bytes
    private: bytes
    identity: bytes
    tainted: bool = False

    @property
    def attributes(self) -> Values:
        found: Values = msgpack.unpackb(self.state)
        return found

    @property
    def value(self) -> pb.DynamicValue:
        return pb.DynamicValue(msgpack=self.state)

    @property
    def identity_data(self) -> pb.ResourceIdentityData:
        return _identity(self.identity)


class Action(StrEnum):
    """What a plan does with an instance."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass
class Run:
    """What one command told."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    done: list[Action] = field(default_factory=list)
    was_stopped: bool = False
    was_killed: bool = False

    def take(self, diagnostics: Any) -> bool:
        """Take note of a call's diagnostics; returns whether there is an error."""
        failed = False
        for diagnostic in diagnostics:
            text = f"{diagnostic.summary}\n{diagnostic.detail}"
            if diagnostic.severity == pb.Diagnostic.ERROR:
                self.errors.append(text)
                failed = True
            else:
                self.warnings.append(text)
        return failed


@dataclass(frozen=True)
class Change:
    """What is to be done with one instance, as a plan's file holds it."""

    action: Action
    config: Values | None
    planned: pb.DynamicValue
    private: bytes


@dataclass
class Plan:
    """What a plan has found, and what is to be done. Nothing is done when it has errors."""

    run: Run
    refreshed: dict[str, Instance]
    changes: dict[str, Change] = field(default_factory=dict)


class PlayedTerraform:
    """Plans and applies some mounts; `state` is what a state file would hold.

    A deposed instance is there under a name that no configuration has.
    """

    def __init__(
        self,
        machine: Machine,
        provider_block: Mapping[str, Any],
        schema: pb.Schema.Block,
        *,
        type_name: str = TYPE,
        creates_before_destroying: bool = False,
    ) -> None:
        self._machine = machine
        self._type_name = type_name
        self._creates_before_destroying = creates_before_destroying
        self._numbers = count(1)
        self._block = dict(provider_block)
        self._computed = {a.name: a.computed for a in schema.attributes}
        self._blocks = [block.type_name for block in schema.block_types]
        self.state: dict[str, Instance] = {}
        self._created: dict[str, float] = {}

    def config(self, written: Mapping[str, Any]) -> Values:
        """Return a block as Terraform sends it: all that is not written is null."""
        return dict.fromkeys([*self._computed, *self._blocks]) | dict(written)

    # Commands

    def apply(
        self,
        wanted: Mapping[str, Values],
        *,
        refresh: bool = True,
        replaced: Iterable[str] = (),
        interrupt: Callable[[Process], None] | None = None,
        in_apply: Callable[[Process, Run], None] | None = None,
        before_apply: Callable[[], None] = lambda: None,
        saved: bool = False,
    ) -> Run:
        """Plan and apply; a plan that is `saved` is applied by another command."""
        with ExitStack() as commands:
            commands.enter_context(self._machine.command())
            plan = self.plan(wanted, refresh=refresh, replaced=replaced)
            if saved:
                commands.close()
                commands.enter_context(self._machine.command())
            before_apply()
            return self._carry_out(plan, interrupt, in_apply)

    def refresh(self) -> Run:
        """Take over what there is (apply -refresh-only)."""
        with self._machine.command():
            run = Run()
            with self.configured(run) as process:
                refreshed = self._refresh(process, run)
            if not run.errors:
                self.state = refreshed
        return run

    def destroy(
        self, *, refresh: bool = True, interrupt: Callable[[Process], None] | None = None
    ) -> Run:
        """Delete all that the state holds."""
        with self._machine.command():
            run, refreshed = Run(), dict(self.state)
            if refresh:
                with self.configured(run) as process:
                    refreshed = self._refresh(process, run)
            if run.errors:
                return run
            plan = Plan(run, refreshed)
            with self.configured(run) as process:
                self._plan_all(process, plan, {}, ())
            return self._carry_out(plan, interrupt, None)

    def taint(self, name: str) -> None:
        """Mark an instance as one that has to be replaced."""
        self.state[name] = replace(self.state[name], tainted=True)

    # Steps of commands

    def plan(self, wanted: Mapping[str, Values], *, refresh: bool, replaced: Iterable[str]) -> Plan:
        run = Run()
        plan = Plan(run, dict(self.state))
        with self.configured(run) as process:
            if refresh:
                plan.refreshed = self._refresh(process, run)
            if not run.errors:
                self._plan_all(process, plan, wanted, set(replaced))
        return plan

    @contextmanager
    def configured(self, run: Run) -> Iterator[Process]:
        """Start a provider and configure it."""
        with self._machine.process() as process:
            answer = process.call(
                "ConfigureProvider",
                pb.ConfigureProvider.Request(
                    terraform_version="1.15.5", config=dynamic(self._block)
                ),
            )
            if run.take(answer.diagnostics):
                raise Inconsistent(f"the provider can't be configured: {run.errors}")
            yield process

    def _refresh(self, process: Process, run: Run) -> dict[str, Instance]:
        def read(name: str) -> Instance | None:
            before = self.state[name]
            answer = process.call(
                "ReadResource",
                pb.ReadResource.Request(
                    type_name=self._type_name,
                    current_state=before.value,
                    private=before.private,
                    current_identity=before.identity_data,
                ),
            )
            if run.take(answer.diagnostics):
                return before
            if answer.new_state == NULL:
                return None
            if answer.new_identity.identity_data.msgpack != before.identity:
                raise Inconsistent(f"a read changed the identity of {name}")
            return replace(before, state=answer.new_state.msgpack, private=answer.private)

        with ThreadPoolExecutor(PARALLELISM) as threads:
            found = dict(zip(self.state, threads.map(read, list(self.state)), strict=True))
        return {name: instance for name, instance in found.items() if instance}

    def _plan_all(
        self, process: Process, plan: Plan, wanted: Mapping[str, Values], replaced: Iterable[str]
    ) -> None:
        def work_out(name: str) -> Change | None:
            return self._plan_one(
                process, plan.run, plan.refreshed.get(name), wanted.get(name), name in replaced
            )

        names = sorted({*plan.refreshed, *wanted})
        with ThreadPoolExecutor(PARALLELISM) as threads:
            changes = list(threads.map(work_out, names))
        plan.changes = {n: c for n, c in zip(names, changes, strict=True) if c}

    def _plan_one(
        self,
        process: Process,
        run: Run,
        before: Instance | None,
        config: Values | None,
        replaced: bool,
    ) -> Change | None:
        if config is None:
            assert before is not None
            answer = self._ask_for_plan(process, before, None, before.private)
            if run.take(answer.diagnostics):
                return None
            return Change(Action.DELETE, None, NULL, answer.planned_private)
        if before is None or before.tainted:
            answer = self._ask_for_plan(process, None, config, b"")
            action = Action.REPLACE if before else Action.CREATE
        else:
            answer = self._ask_for_plan(process, before, config, before.private)
            action = Action.UPDATE
            if not answer.requires_replace and not replaced:
                if plain(answer.planned_state) == before.attributes:
                    return None
            elif not run.take(answer.diagnostics):
                action = Action.REPLACE
                answer = self._ask_for_plan(process, None, config, answer.planned_private)
        if run.take(answer.diagnostics):
            return None
        return Change(action, config, answer.planned_state, answer.planned_private)

    def _ask_for_plan(
        self, process: Process, before: Instance | None, config: Values | None, private: bytes
    ) -> Any:
        proposed = config
        if before and config is not None:
            kept = before.attributes
            proposed = config | {
                name: kept[name]
                for name, computed in self._computed.items()
                if computed and config[name] is None
            }
        return process.call(
            "PlanResourceChange",
            pb.PlanResourceChange.Request(
                type_name=self._type_name,
                prior_state=before.value if before else NULL,
                proposed_new_state=dynamic(proposed),
                config=dynamic(config),
                prior_private=private,
                prior_identity=before.identity_data if before else None,
            ),
        )

    def _carry_out(
        self,
        plan: Plan,
        interrupt: Callable[[Process], None] | None,
        in_apply: Callable[[Process, Run], None] | None,
    ) -> Run:
        run = plan.run
        if run.errors or not (plan.changes or in_apply):
            return run
        self.state = plan.refreshed
        self._created.clear()
        with self.configured(run) as process, ThreadPoolExecutor(PARALLELISM + 1) as threads:
            interrupting = threads.submit(interrupt, process) if interrupt else None
            making = [
                threads.submit(self._change, process, run, name, change)
                for name, change in plan.changes.items()
            ]
            for made in making:
                with suppress(Killed):
                    made.result()
            if in_apply and not process.is_stopped:
                with suppress(Killed):
                    in_apply(process, run)
            if interrupting:
                interrupting.result()
            run.was_stopped, run.was_killed = process.is_stopped, process.killed_at is not None
            if process.killed_at is not None:
                self._forget_unseen(process.killed_at)
        return run

    def _forget_unseen(self, killed_at: float) -> None:
        """Take out of the state what came too late to be written."""
        for name, moment in self._created.items():
            if moment > killed_at - _UNSEEN_SECONDS:
                self.state.pop(name, None)

    def _change(self, process: Process, run: Run, name: str, change: Change) -> None:
        if change.action is Action.REPLACE and self._creates_before_destroying:
            self._replace_gently(process, run, name, change)
            return
        if change.action in (Action.DELETE, Action.REPLACE) and not process.is_stopped:
            self._delete(process, run, name, change.private)
        if change.action in (Action.CREATE, Action.REPLACE) and name not in self.state:
            self._create(process, run, name, change)
        if change.action is Action.UPDATE:
            self._update(process, run, name, change)

    def _replace_gently(self, process: Process, run: Run, name: str, change: Change) -> None:
        """Replace with create_before_destroy: the old one is deposed meanwhile."""
        deposed = f"{name}, deposed {next(self._numbers)}"
        self.state[deposed] = self.state.pop(name)
        self._create(process, run, name, change)
        if name not in self.state:
            self.state[name] = self.state.pop(deposed)
        elif not self.state[name].tainted and not process.is_stopped:
            old = self.state[deposed]
            answer = self._ask_for_plan(process, old, None, old.private)
            if not run.take(answer.diagnostics):
                self._delete(process, run, deposed, answer.planned_private)

    def _delete(self, process: Process, run: Run, name: str, private: bytes) -> None:
        before = self.state[name]
        answer = self._ask_for_change(process, before, NULL, None, private)
        failed = run.take(answer.diagnostics)
        run.done += [] if failed else [Action.DELETE]
        if answer.new_state == NULL and not failed:
            del self.state[name]
        elif not failed:
            raise Inconsistent("a delete without effect and without an error")
        elif answer.new_state != NULL:  # else Terraform keeps all that it had
            self.state[name] = replace(
                before, state=answer.new_state.msgpack, private=answer.private
            )

    def _create(self, process: Process, run: Run, name: str, change: Change) -> None:
        answer = self._plan_again(process, run, None, change)
        if answer is None or process.is_stopped:
            return
        planned = answer.planned_state
        answer = self._ask_for_change(process, None, planned, change.config, answer.planned_private)
        failed = run.take(answer.diagnostics)
        if answer.new_state != NULL:
            _check_consistent(planned, answer.new_state)
            self.state[name] = Instance(
                answer.new_state.msgpack,
                answer.private,
                answer.new_identity.identity_data.msgpack,
                tainted=failed,
            )
            self._created[name] = time.monotonic()
            run.done.append(Action.CREATE)
        elif not failed:
            raise Inconsistent("a create with neither a state nor an error")

    def _update(self, process: Process, run: Run, name: str, change: Change) -> None:
        before = self.state[name]
        answer = self._plan_again(process, run, before, change)
        if answer is None or process.is_stopped:
            return
        planned = answer.planned_state
        answer = self._ask_for_change(
            process, before, planned, change.config, answer.planned_private
        )
        failed = run.take(answer.diagnostics)
        if answer.new_state != NULL:
            _check_consistent(planned, answer.new_state)
            run.done.append(Action.UPDATE)
            self.state[name] = replace(
                before, state=answer.new_state.msgpack, private=answer.private
            )
        elif not failed:
            raise Inconsistent("an update with neither a state nor an error")

    def _plan_again(
        self, process: Process, run: Run, before: Instance | None, change: Change
    ) -> Any:
        if process.is_stopped:
            return None
        private = before.private if before else b""
        answer = self._ask_for_plan(process, before, change.config, private)
        if run.take(answer.diagnostics):
            return None
        _check_consistent(change.planned, answer.planned_state)
        return answer

    def _ask_for_change(
        self,
        process: Process,
        before: Instance | None,
        planned: pb.DynamicValue,
        config: Values | None,
        private: bytes,
    ) -> Any:
        return process.call(
            "ApplyResourceChange",
            pb.ApplyResourceChange.Request(
                type_name=self._type_name,
                prior_state=before.value if before else NULL,
                planned_state=planned,
                config=dynamic(config),
                planned_private=private,
                planned_identity=before.identity_data if before else None,
            ),
        )


def read_data(process: Process, run: Run, type_name: str, config: Values) -> Any:
    """Return what a data source finds; None after an error."""
    answer = process.call(
        "ReadDataSource", pb.ReadDataSource.Request(type_name=type_name, config=dynamic(config))
    )
    return None if run.take(answer.diagnostics) else plain(answer.state)


def interrupt_after(seconds: float, clock: FastClock) -> Callable[[Process], None]:
    """Return what stops a process after so many seconds of the clock."""

    def interrupt(process: Process) -> None:
        clock.wait(threading.Event(), seconds)
        process.stop()

    return interrupt


def kill_after(seconds: float, clock: FastClock) -> Callable[[Process], None]:
    """Return what kills Terraform after so many seconds of the clock."""

    def kill(process: Process) -> None:
        clock.wait(threading.Event(), seconds)
        process.kill()

    return kill


def _identity(packed: bytes) -> pb.ResourceIdentityData:
    return pb.ResourceIdentityData(identity_data=pb.DynamicValue(msgpack=packed))


def _check_consistent(planned: pb.DynamicValue, now: pb.DynamicValue) -> None:
    """Raise Inconsistent when what was known is another value now."""
    before, after = plain(planned), plain(now)
    differing = {
        name: (value, after[name])
        for name, value in before.items()
        if value not in (UNKNOWN, after[name])
    }
    if differing:
        raise Inconsistent(f"planned and now: {differing}")
