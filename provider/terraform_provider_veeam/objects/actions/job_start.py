"""The action `veeam_job_start`: a backup or replication job, started now."""

from collections.abc import Iterator

from terraform_provider_veeam.em.errors import BackupFailed
from terraform_provider_veeam.em.jobs.jobs import Job
from terraform_provider_veeam.em.jobs.sessions import SessionType
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, jobs
from terraform_provider_veeam.objects.base import Action, Context, Deadline, State, block
from tfplugin.attribute import flag, optional
from tfplugin.errors import Refused

_JOIN, _FAIL = "join", "fail"
_MAY_TRY_AGAIN = (
    "It was running already. If its schedule has retries, the job tries again by itself in some "
    "minutes, as a new session: veeam_backup_sessions shows it with is_retry."
)


class JobStartAction(jobs.JobReader, Action):
    """`veeam_job_start`."""

    operation = "The job"
    schema = block(
        "Starts a backup or replication job and waits until it is done. Copy jobs "
        "can't be started here. The account needs the role Portal Administrator.",
        jobs.job_id(
            "UUID of the job, or its URN, `urn:veeam:Job:UUID`: `id` of a `veeam_job`.",
            required=True,
        ),
        flag("wait", "Wait for the end of the run, and fail when it fails. Default `true`."),
        optional(
            "if_running",
            "What to do when the job runs already: `join` (default) waits for that run, "
            "`fail` is an error.",
            check=checks.one_of((_JOIN, _FAIL)),
        ),
        invoke="8h",
    )

    def look_ahead(self, config: State, deadline: Deadline) -> None:
        """Look the job up, so that a wrong id fails before anything is done."""
        self._startable(config, deadline)

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Start the job, and wait for its end."""
        starts, job = self.em.backups, self._startable(config, deadline)
        name = printable(job.name)
        running = joined = starts.running(job, deadline)
        if running and config["if_running"] == _FAIL:
            raise Refused(
                f"Job {name} runs already",
                f'Its session is {printable(running.name)}, and if_running is "{_FAIL}".',
                path=["if_running"],
            )
        if running:
            retry = ", a retry of what failed before" if running.is_retry else ""
            yield f"Job {name} runs already: {printable(running.name)}{retry}"
        else:
            yield f"Starting job {name}"
            running = starts.start(job, deadline)
            yield f"Started job {name}: {printable(running.name)}"
        if config["wait"] is False:
            return
        try:
            machines = yield from self.follow(ctx, running, deadline)
        except BackupFailed as error:
            if joined:
                raise error.add(_MAY_TRY_AGAIN) from error
            raise
        points = sum(one.restore_point is not None for one in machines)
        made = f": {points} restore point{'' if points == 1 else 's'}" if points else ""
        yield f"Job {name} is done{made}"

    def _startable(self, config: State, deadline: Deadline) -> Job:
        job = self.job(config, deadline)
        if job.type not in (None, *SessionType):
            raise Refused(
                "The job can't be started here",
                f"{printable(job.name)} is of type {job.type}. Enterprise Manager starts copy jobs "
                "with another request, sync, and does not document which session tells how that "
                "ends. Start the job in the console of Veeam Backup & Replication.",
                path=["job_id"],
            )
        return job
