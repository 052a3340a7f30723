"""The data source `veeam_job`: exactly one."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, jobs
from terraform_provider_veeam.objects.base import DataSource, block
from tfplugin.contexts import Context, State


class JobDataSource(jobs.JobReader, DataSource):
    """`veeam_job`."""

    operation = "Looking the job up"
    schema = block(
        "Finds one job that backs up, copies or replicates VMs. Finding none is an "
        "error, and so is finding several. The account needs the role Portal Administrator.",
        checks.whole_name(),
        *jobs.search_attributes(computes=True),
        *jobs.job_attributes(),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        return jobs.described(self.only_job(config, deadline))
