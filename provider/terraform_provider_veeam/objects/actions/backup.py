"""What the actions that start a job have in common: progress, and the outcome."""

from collections.abc import Generator

from terraform_provider_veeam.em.jobs.sessions import JobSession, TaskSession
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects.base import Action, Context, Deadline


class BackupAction(Action):
    """An action that starts a job or a quick backup."""

    def follow(
        self, ctx: Context, started: JobSession, deadline: Deadline
    ) -> Generator[str, None, list[TaskSession]]:
        """Tell how a session goes, until its end; return the VMs' parts. Raises BackupFailed."""
        starts, session = self.em.backups, started
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
