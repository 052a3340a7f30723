"""What the actions that start a job have in common: a timeout, progress, the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.types import Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Generator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.jobs.sessions import JobSession, TaskSession
    from terraform_provider_veeam.plugin.interfaces import ActionContext, Context, State


class BackupAction(VeeamObject, interfaces.Action):
    """An action that starts a job or a quick backup, with an attribute `timeout`."""

    default_timeout: str

    def is_known(self, ctx: ActionContext, config: State) -> bool:
        """Tell whether a plan can look things up: the server, and what is asked of it, is known."""
        if self.may_be_deferred(ctx) or not self._provider.is_configured:
            return False
        return all(value is not Unknown for value in config.values())

    def bound(self, ctx: Context, config: State, operation: str) -> Deadline:
        """Return the deadline that the block sets."""
        seconds = parse_duration(config["timeout"] or self.default_timeout)
        return self.deadline(ctx, seconds, operation, "timeout")

    def follow(
        self, ctx: ActionContext, started: JobSession, deadline: Deadline
    ) -> Generator[str, None, list[TaskSession]]:
        """Wait for the end of a session, with lines that tell how it goes.

        Returns the VMs' parts. A result with remarks is a warning. Raises BackupFailed.
        """
        starts, session = self.manager.job_starts, started
        for session in starts.follow(started, deadline):
            if not session.is_stopped:
                share = "" if session.percent is None else f", {session.percent} %"
                yield f"Still running: {printable(session.name)} ({session.state}{share})"
        outcome = starts.outcome(session, deadline)
        if session.result == "Warning":
            ctx.diagnostics.add_warning(
                f"The {session.type.noun} {printable(session.name)} ended with a warning",
                "\n".join(outcome.remarks) or "Enterprise Manager gave no reason.",
            )
        return outcome.machines
