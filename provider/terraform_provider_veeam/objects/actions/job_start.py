"""The action `veeam_job_start`: a backup or replication job, started now."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import AccessDenied, BackupFailed, JobGone
from terraform_provider_veeam.em.jobs.sessions import SessionType
from terraform_provider_veeam.objects.actions.backup import BackupAction
from terraform_provider_veeam.objects.actions.base import timeout_attribute, validate_timeout
from terraform_provider_veeam.objects.job_fields import (
    job_id_attribute,
    job_id_of,
    no_such_job,
    validate_job_id,
)
from terraform_provider_veeam.plugin.interfaces import Refused
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Bool, String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.jobs.jobs import Job
    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "8h"
_JOIN, _FAIL = _IF_RUNNING = ("join", "fail")
_MAY_TRY_AGAIN = (
    "It was running already. If its schedule has retries, the job tries again by itself in some "
    "minutes, as a new session: veeam_backup_sessions shows it with is_retry."
)


class JobStartAction(BackupAction):
    """`veeam_job_start`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Starts a backup or replication job and waits until it is done. Copy jobs "
            "can't be started here. The account needs the role Portal Administrator.",
            attributes=[
                job_id_attribute(
                    "UUID of the job, or its URN, `urn:veeam:Job:UUID`: `id` of a `veeam_job`.",
                    required=True,
                ),
                Attribute(
                    "wait",
                    Bool(),
                    "Wait for the end of the run, and fail when it fails. Default `true`.",
                    optional=True,
                ),
                Attribute(
                    "if_running",
                    String(),
                    "What to do when the job runs already: `join` (default) waits for that run, "
                    "`fail` is an error.",
                    optional=True,
                ),
                timeout_attribute(_DEFAULT_TIMEOUT),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_job_id(ctx, config["job_id"])
        validate_timeout(ctx, config)
        if config["if_running"] not in (None, Unknown, *_IF_RUNNING):
            ctx.diagnostics.add_error(
                "Invalid if_running",
                f'"{config["if_running"]}" is neither "{_JOIN}" nor "{_FAIL}".',
                path=["if_running"],
            )

    def plan(self, ctx: ActionContext, config: State) -> None:
        """Look the job up, so that a wrong id fails before anything is done."""
        if self.is_known(ctx, config):
            with suppress(AccessDenied):  # the start tells it, should it have to
                self._job(config, self.bound(ctx, config, "Looking the job up"))

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Start the job, and wait for its end."""
        self.validate(ctx, config)  # what was not known when it was planned
        if ctx.diagnostics.has_errors():
            return
        deadline = self.bound(ctx, config, "The job")
        starts, job = self.manager.job_starts, self._job(config, deadline)
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
            running = starts.start_job(job, deadline)
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

    def _job(self, config: State, deadline: Deadline) -> Job:
        try:
            job = self.manager.job(job_id_of(config), deadline)
        except JobGone as error:
            raise no_such_job(error) from error
        if job.type not in (None, *SessionType):
            raise Refused(
                "The job can't be started here",
                f"{printable(job.name)} is of type {job.type}. Enterprise Manager starts copy jobs "
                "with another request, sync, and does not document which session tells how that "
                "ends. Start the job in the console of Veeam Backup & Replication.",
                path=["job_id"],
            )
        return job
