"""The data source `veeam_backup_sessions`: when a job ran or a machine was backed up, and how."""

from collections.abc import Callable
from typing import Any

from terraform_provider_veeam.em.errors import AccessDenied
from terraform_provider_veeam.em.inventory.restore_points import Wanted
from terraform_provider_veeam.em.jobs import sessions
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, jobs, selection
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import computed, found, optional
from tfplugin.errors import Refused
from tfplugin.rules import exactly_one_of
from tfplugin.types import Bool, List, String


class BackupSessionsDataSource(jobs.JobReader, DataSource):
    """`veeam_backup_sessions`."""

    operation = "Looking backup sessions up"
    schema = block(
        "The backups or replications of a job or of a machine, the newest first, and how each "
        "ended. Copies count as backups. Enterprise Manager knows those of the last 30 days.",
        jobs.job_id(
            "UUID or URN of a job. Write this, `job_name` or `machine_name`.", optional=True
        ),
        optional(
            "job_name", "Whole name of a job, compared without regard to case.", check=checks.name
        ),
        optional(
            "machine_name",
            "Whole name of a VM, compared without regard to case.",
            check=checks.name,
        ),
        optional(
            "type",
            "`Backup` (default) or `Replica`, for replications. A job that has made no "
            "backup is looked up among the replications by itself.",
            check=checks.one_of(sessions.SessionType),
        ),
        optional(
            "created_after", "Earliest time at which they began, RFC 3339.", check=checks.moment
        ),
        optional(
            "created_before", "Latest time at which they began, RFC 3339.", check=checks.moment
        ),
        checks.limit(100, "; more are left out with a warning"),
        found(
            "backup_sessions",
            "The backups, the newest first.",
            computed("id", "UUID."),
            computed("name", "Name, as Enterprise Manager shows it."),
            computed("job_name", "Name of the job."),
            computed("machine_name", "Name of the VM; null for a job's."),
            computed("created_at", "When it began, RFC 3339 in UTC."),
            computed("ended_at", "When it ended, RFC 3339 in UTC; null before."),
            computed(
                "state",
                "`Stopped` (a job's) or `Completed` (a machine's) when it is over; "
                "before, `Starting`, `Working`, `Pending`, `InProgress` and the like.",
            ),
            computed("result", "`Success`, `Warning` or `Failed`; null until it is over."),
            computed(
                "is_retry",
                "Whether it repeats only what failed in the one before, as a job does "
                "minutes later by itself; null for a machine's.",
                Bool(),
            ),
            computed(
                "reasons",
                "Why it did not succeed, or not without remarks: for a job, what is "
                "told of its machines.",
                List(String()),
            ),
            computed(
                "restore_point_id",
                "UUID of the restore point that a machine's has made, for `veeam_mount_point`; "
                "null for a job's, and where Enterprise Manager does not tell it, as for copies.",
            ),
            computed(
                "restore_point_type", "Family of that restore point, for `veeam_mount_point`."
            ),
        ),
        read="5m",
    )

    rules = (exactly_one_of("job_id", "job_name", "machine_name"),)

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the sessions of a job, or of a machine."""
        wanted = sessions.WantedSessions(
            type=config["type"] or sessions.SessionType.BACKUP,
            job_id=config["job_id"],
            job_name=config["job_name"],
            machine_name=config["machine_name"],
            created_after=config["created_after"],
            created_before=config["created_before"],
        )
        limit, backups = config["limit"], self.em.backups
        of_machine = config["machine_name"] is not None
        look: Callable[..., Any] = backups.task_sessions if of_machine else backups.job_sessions
        found = look(wanted, limit + 1, deadline)
        if not found and config["type"] is None and not of_machine:
            found = look(wanted._replace(type=sessions.SessionType.REPLICA), limit + 1, deadline)
        if not found:
            self._check_name(ctx, config, wanted, look, deadline)
        listed = selection.limited(ctx, found, limit, "backup sessions")
        if of_machine:
            return {"backup_sessions": list(map(_of_machine, listed))}
        return {"backup_sessions": [self._of_job(one, deadline) for one in listed]}

    def _check_name(
        self,
        ctx: Context,
        config: State,
        wanted: sessions.WantedSessions,
        look: Callable[..., Any],
        deadline: Deadline,
    ) -> None:
        """Tell whether there is such a job or machine. Raises Refused for a job that is not."""
        any_time = wanted._replace(created_after=None, created_before=None)
        if any(look(any_time._replace(type=kind), 1, deadline) for kind in sessions.SessionType):
            return
        machine, name = config["machine_name"], config["job_name"]
        if machine is not None:
            near = self.em.suggestions.machines(Wanted(machine_name=machine), deadline)
            ctx.diagnostics.add_warning(
                f"No backup of {printable(machine)} is known",
                f"Enterprise Manager knows no session of it, of the last 30 days.\n{near}",
                path=["machine_name"],
            )
            return
        path = ["job_id"] if name is None else ["job_name"]
        try:
            if name is None:
                self.job(config, deadline)
                return
            names = self.job_names(deadline)
        except AccessDenied as error:
            ctx.diagnostics.add_warning(
                "No session of the job is known, and whether there is such a job can't be told",
                error.detail,
                path=path,
            )
            return
        if name.casefold() not in map(str.casefold, names):
            raise Refused(
                "Job not found",
                f"None is called {printable(name)} as a whole, and none of that name has run in "
                f"the last 30 days. {selection.there_is(name, names)}",
                path=path,
            )

    def _of_job(self, session: sessions.JobSession, deadline: Deadline) -> State:
        is_good = session.result in (None, "Success")
        reasons = [] if is_good else self.em.backups.reasons(session, deadline)
        return session._asdict() | {"reasons": reasons}


def _of_machine(session: sessions.TaskSession) -> State:
    point = session.restore_point
    return session._asdict() | {
        "reasons": [session.reason] if session.reason else [],
        "restore_point_id": point and point.id,
        "restore_point_type": point and point.type,
    }
