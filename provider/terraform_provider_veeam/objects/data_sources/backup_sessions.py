"""The data source `veeam_backup_sessions`: when a job ran or a machine was backed up, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.em.jobs.sessions import WantedSessions
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
from terraform_provider_veeam.plugin.types import List, Number, String, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.jobs.sessions import BackupSession, TaskSession
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext

DEFAULT_LIMIT = 100
_WHOSE = ("job_id", "job_name", "machine_name")
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
            description="The backups of a job or of a machine, the newest first, and how each "
            "ended. Enterprise Manager knows those of the last 30 days.",
            attributes=[
                job_id_attribute(
                    "UUID or URN of a job. Write this, `job_name` or `machine_name`.",
                    optional=True,
                ),
                _optional("job_name", "Whole name of a job, compared without regard to case."),
                _optional("machine_name", "Whole name of a VM, compared without regard to case."),
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
                            "reasons",
                            List(String()),
                            "Why it did not succeed, or not without remarks.",
                        ),
                        computed(
                            "restore_point_id",
                            String(),
                            "UUID of the restore point that a machine's has made, for "
                            "`veeam_mount_point`; null for a job's.",
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
        validate_counts(ctx, config, "limit")
        for name, parse in (
            ("since", moment),
            ("job_name", name_or_none),
            ("machine_name", name_or_none),
        ):
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
            job_id=job_id,
            job_name=config["job_name"],
            machine_name=config["machine_name"],
            since=moment(config["since"]),
        )
        if config["machine_name"] is not None:
            tasks = self.manager.task_sessions(wanted, limit, deadline)
            return config | {"sessions": list(map(_of_machine, tasks))}
        found = self.manager.backup_sessions(wanted, limit, deadline)
        return config | {"sessions": [self._of_job(one, deadline) for one in found]}

    def _of_job(self, session: BackupSession, deadline: Deadline) -> dict[str, Any]:
        told = session._asdict() | {"machine_name": None, "restore_point_id": None, "reasons": []}
        if session.result not in (None, "Success"):
            told["reasons"] = self.manager.backup_starts.reasons(session, deadline)
        return told


def _of_machine(session: TaskSession) -> dict[str, Any]:
    return session._asdict() | {"reasons": [session.reason] if session.reason else []}


def _optional(name: str, description: str) -> Attribute:
    return Attribute(name, String(), description, optional=True)
