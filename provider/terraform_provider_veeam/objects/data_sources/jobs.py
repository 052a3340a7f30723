"""The data sources `veeam_job`, exactly one, and `veeam_jobs`."""

from terraform_provider_veeam.em.jobs.jobs import Job, WantedJobs
from terraform_provider_veeam.objects import backup_server, checks, jobs, selection
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from tfplugin.attribute import Attribute, computed, found, optional
from tfplugin.types import Bool

_TYPES = ("Backup", "Replica", "BackupCopy", "ImmediateBackupCopy")
_FOUND = (
    computed("id", "UUID, for `job_id` of other objects."),
    computed("platform", "`VMware`, `HyperV`, `vCloud` or another."),
    computed("description", "Description, as it was written."),
    computed("schedule_enabled", "Whether it runs by a schedule.", Bool()),
    computed("next_run_at", "When it runs next by its schedule, RFC 3339 in UTC."),
    found(
        "objects",
        "The VMs and containers of VMs that it includes; a copy job has none.",
        computed("id", "`JOB_UUID/OBJECT_UUID`, as for the import of a `veeam_job_object`."),
        computed("object_id", "UUID of the object in this job."),
        computed("ref", "Reference to the object."),
        computed("name", "Name of the object."),
    ),
)


def _search_attributes(*, computes: bool = False) -> list[Attribute]:
    return [
        optional(
            "type",
            f"Type of the job: {', '.join(f'`{kind}`' for kind in _TYPES)}.",
            check=checks.one_of(_TYPES, any_case=True),
            computed=computes,
        ),
        backup_server.attribute(computed=computes),
    ]


class _Reader(jobs.JobReader, DataSource):
    def wanted(self, config: State, deadline: Deadline) -> list[Job]:
        """Return the jobs that a block asks for."""
        server = self.server_name(config, deadline)
        found = self.em.jobs.find(WantedJobs(config["name"], config["type"], server), deadline)
        if not found:
            self.check_server(config, deadline)
        return found


class JobDataSource(_Reader):
    """`veeam_job`."""

    operation = "Looking the job up"
    schema = block(
        "Finds one job that backs up, copies or replicates VMs. Finding none is an error, and so "
        "is finding several. The account needs the role Portal Administrator.",
        checks.WHOLE_NAME,
        *_search_attributes(computes=True),
        *_FOUND,
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        only = selection.only(
            self.wanted(config, deadline),
            config["name"],
            ("job", "jobs"),
            lambda job: (job.id, job.name, job.type, job.backup_server),
            lambda: self.job_names(deadline),
        )
        return _described(only)


class JobsDataSource(_Reader):
    """`veeam_jobs`."""

    operation = "Looking jobs up"
    schema = block(
        "Lists the jobs that back up, copy and replicate VMs. Enterprise Manager does not list "
        "those of agents, file shares and tapes here. The account needs the role Portal "
        "Administrator.",
        checks.PATTERN,
        *_search_attributes(),
        found(
            "jobs",
            "The jobs, by name; what Enterprise Manager does not tell is null.",
            *_FOUND,
            computed("name", "Name."),
            computed("type", "`Backup`, `Replica`, `BackupCopy` or `ImmediateBackupCopy`."),
            computed("backup_server", "Name of the backup server."),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the jobs, by name."""
        by_name = sorted(self.wanted(config, deadline), key=lambda job: job.name.casefold())
        return {"jobs": list(map(_described, by_name))}


def _described(job: Job) -> State:
    objects = [jobs.results_of(job.id, one) | {"ref": one.ref} for one in job.objects]
    return job._asdict() | {"objects": objects}
