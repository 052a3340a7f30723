"""The data source `veeam_jobs`."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, jobs
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.attribute import computed, found
from tfplugin.contexts import Context, State


class JobsDataSource(jobs.JobReader, DataSource):
    """`veeam_jobs`."""

    operation = "Looking jobs up"
    schema = block(
        "Lists the jobs that back up, copy and replicate VMs. Enterprise Manager "
        "does not list those of agents, file shares and tapes here. The account needs the role "
        "Portal Administrator.",
        checks.pattern(),
        *jobs.search_attributes(),
        found(
            "jobs",
            "The jobs, by name; what Enterprise Manager does not tell is null.",
            *jobs.job_attributes(),
            computed("name", "Name."),
            computed("type", "`Backup`, `Replica`, `BackupCopy` or `ImmediateBackupCopy`."),
            computed("backup_server", "Name of the backup server."),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the jobs, by name."""
        by_name = sorted(self.jobs(config, deadline), key=lambda job: job.name.casefold())
        return {"jobs": list(map(jobs.described, by_name))}
