"""The list resource `veeam_job_object`: what jobs include."""

from collections.abc import Iterator

from terraform_provider_veeam.em.jobs.jobs import WantedJobs
from terraform_provider_veeam.objects import jobs
from terraform_provider_veeam.objects.base import Deadline, ListResource, State, block
from tfplugin.contexts import ListContext
from tfplugin.interfaces import ListedResource


class JobObjectList(jobs.JobReader, ListResource):
    """`veeam_job_object`, of one job or of all."""

    operation = "Listing the objects of jobs"
    schema = block(
        "The VMs and containers of VMs that jobs include, job by job.",
        jobs.job_id("UUID or URN of a job, to list what it includes.", optional=True),
        list="10m",
    )

    def find(self, ctx: ListContext, config: State, deadline: Deadline) -> Iterator[ListedResource]:
        """Return the objects, job by job."""
        is_one = config["job_id"] is not None
        for job in (
            [self.job(config, deadline)] if is_one else self.em.jobs.find(WantedJobs(), deadline)
        ):
            for one in job.objects:
                whole = {"job_id": job.id, "ref": one.ref} | jobs.results_of(job.id, one)
                yield ListedResource(
                    jobs.identity_of(job.id, one),
                    f"{one.name or one.ref} in {job.name}",
                    whole if ctx.include_resource_object else None,
                )
