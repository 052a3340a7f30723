"""The data source `veeam_backup_sessions`: when a job ran or a machine was backed up, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.jobs.sessions import SessionType, WantedSessions
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.identifiers import parse_uid
from terraform_provider_veeam.objects.job_fields import job_id_attribute, validate_job_id
from terraform_provider_veeam.objects.search import (
    LOOK_UP_SECONDS,
    moment,
    name_or_none,
    validate_counts,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import Bool, List, Number, String, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.jobs.sessions import JobSession, TaskSession
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext

DEFAULT_LIMIT = 100
_WHOSE = ("job_id", "job_name", "machine_name")
_OF_MACHINES = ("machine_name", "restore_point_id", "restore_point_type")
_PARSERS: dict[str, Callable[[str | None], Any]] = {
    "since": moment,
    "job_name": name_or_none,
    "machine_name": name_or_none,
}


class BackupSessionsDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_backup_sessions`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="The backups or replications of a job or of a machine, the newest first, "
            "and how each ended. Copies count as backups. Enterprise Manager knows those of the "
            "last 30 days.",
            attributes=[
                job_id_attribute(
                    "UUID or URN of a job. Write this, `job_name` or `machine_name`.",
                    optional=True,
                ),
                _optional("job_name", "Whole name of a job, compared without regard to case."),
                _optional("machine_name", "Whole name of a VM, compared without regard to case."),
                _optional(
                    "type",
                    "`Backup` (default) or `Replica`, for replications. A job that has made no "
                    "backup is looked up among the replications by itself.",
                ),
                _optional("since", "Earliest time at which they began, RFC 3339."),
                Attribute(
                    "limit",
                    Number(),
                    f"How many to return at most. Default `{DEFAULT_LIMIT}`.",
                    optional=True,
                ),
                ListNestedAttribute(
                    "sessions",
                    [
                        computed("id", String(), "UUID."),
                        computed("name", String(), "Name, as Enterprise Manager shows it."),
                        computed("job_name", String(), "Name of the job."),
                        computed("machine_name", String(), "Name of the VM; null for a job's."),
                        computed("created_at", String(), "When it began, RFC 3339 in UTC."),
                        computed(
                            "ended_at", String(), "When it ended, RFC 3339 in UTC; null before."
                        ),
                        computed(
                            "state",
                            String(),
                            "`Stopped` (a job's) or `Completed` (a machine's) when it is over; "
                            "before, `Starting`, `Working`, `Pending`, `InProgress` and the like.",
                        ),
                        computed(
                            "result",
                            String(),
                            "`Success`, `Warning` or `Failed`; null until it is over.",
                        ),
                        computed(
                            "is_retry",
                            Bool(),
                            "Whether it repeats only what failed in the one before, as a job does "
                            "minutes later by itself; null for a machine's.",
                        ),
                        computed(
                            "reasons",
                            List(String()),
                            "Why it did not succeed, or not without remarks: for a job, what is "
                            "told of its machines.",
                        ),
                        computed(
                            "restore_point_id",
                            String(),
                            "UUID of the restore point that a machine's has made, for "
                            "`veeam_mount_point`; null for a job's, and where Enterprise Manager "
                            "does not tell it, as for copies.",
                        ),
                        computed(
                            "restore_point_type",
                            String(),
                            "Family of that restore point, for `veeam_mount_point`.",
                        ),
                    ],
                    "The backups, the newest first.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        if sum(config[name] is not None for name in _WHOSE) != 1:
            ctx.diagnostics.add_error(
                "Invalid search", f"Write one of {', '.join(_WHOSE)}.", path=["job_name"]
            )
        validate_job_id(ctx, config["job_id"])
        if config["type"] not in (None, Unknown, *SessionType):
            ctx.diagnostics.add_error(
                "Invalid type",
                f'"{config["type"]}" is neither {" nor ".join(SessionType)}.',
                path=["type"],
            )
        validate_counts(ctx, config, "limit")
        for name, parse in _PARSERS.items():
            try:
                parse(None if config[name] is Unknown else config[name])
            except ValueError as error:
                ctx.diagnostics.add_error(f"Invalid {name}", str(error), path=[name])

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what is found."""
        if self.is_deferred(ctx):
            return None
        self.validate(ctx, config)  # what was not known when it was written
        if ctx.diagnostics.has_errors():
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking backup sessions up")
        limit = DEFAULT_LIMIT if config["limit"] is None else int(config["limit"])
        job_id = config["job_id"] and parse_uid(config["job_id"]).uuid
        wanted = WantedSessions(
            type=SessionType(config["type"] or SessionType.BACKUP),
            job_id=job_id,
            job_name=config["job_name"],
            machine_name=config["machine_name"],
            since=moment(config["since"]),
        )
        if config["machine_name"] is not None:
            tasks = self.manager.task_sessions(wanted, limit, deadline)
            return config | {"sessions": list(map(_of_machine, tasks))}
        found = self.manager.job_sessions(wanted, limit, deadline)
        if not found and config["type"] is None:
            replications = wanted._replace(type=SessionType.REPLICA)
            found = self.manager.job_sessions(replications, limit, deadline)
        return config | {"sessions": [self._of_job(one, deadline) for one in found]}

    def _of_job(self, session: JobSession, deadline: Deadline) -> dict[str, Any]:
        told = session._asdict() | dict.fromkeys(_OF_MACHINES) | {"reasons": []}
        if session.result not in (None, "Success"):
            told["reasons"] = self.manager.job_starts.reasons(session, deadline)
        return told


def _of_machine(session: TaskSession) -> dict[str, Any]:
    point = session.restore_point
    return session._asdict() | {
        "is_retry": None,
        "reasons": [session.reason] if session.reason else [],
        "restore_point_id": point and point.id,
        "restore_point_type": point and point.type.value,
    }


def _optional(name: str, description: str) -> Attribute:
    return Attribute(name, String(), description, optional=True)
