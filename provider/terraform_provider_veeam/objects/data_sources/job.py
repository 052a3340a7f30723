"""The data source `veeam_job`: exactly one."""

from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.objects import checks, jobs
from terraform_provider_veeam.objects.base import DataSource
from tfplugin.attribute import computed, found, required
from tfplugin.contexts import Context, State
from tfplugin.schema import Schema


class JobDataSource(jobs.JobReader, DataSource):
    """`veeam_job`."""

    operation = "Looking the job up"
    schema = Schema(
        description="Finds one job that backs up, copies or replicates VMs. Finding none is an "
        "error, and so is finding several. The account needs the role Portal Administrator.",
        attributes=[
            required(
                "name", "Whole name, compared without regard to case.", check=checks.needed_name
            ),
            *jobs.search_attributes(computes=True),
            *jobs.job_attributes(),
            found(
                "objects",
                "The VMs and containers of VMs that it includes; a copy job has none.",
                computed("object_id", "UUID of the object in this job."),
                computed("ref", "Reference to the object."),
                computed("name", "Name of the object."),
            ),
        ],
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the one that is found."""
        job = self.only_job(config, deadline)
        objects = [one._asdict() | {"object_id": one.id} for one in job.objects]
        return job._asdict() | {"objects": objects}
