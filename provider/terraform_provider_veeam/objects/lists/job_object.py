"""The list resource `veeam_job_object`: what jobs include."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import JobGone
from terraform_provider_veeam.em.jobs.jobs import WantedJobs
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.job_fields import (
    identity_of,
    job_id_attribute,
    job_id_of,
    no_such_job,
    results_of,
    validate_job_id,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListedResource
from terraform_provider_veeam.plugin.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.jobs.jobs import Job
    from terraform_provider_veeam.plugin.interfaces import ListContext, State, ValidateContext

_SECONDS = 600.0


class JobObjectList(VeeamObject, interfaces.ListResource):
    """`veeam_job_object`, of one job or of all."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="The VMs and containers of VMs that jobs include, job by job.",
            attributes=[
                job_id_attribute("UUID or URN of a job, to list what it includes.", optional=True)
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_job_id(ctx, config["job_id"])

    def list(self, ctx: ListContext, config: State) -> Iterator[ListedResource]:
        """Return the objects, job by job."""
        deadline = self.deadline(ctx, _SECONDS, "Listing the objects of jobs")
        for job in self._jobs(config, deadline):
            for one in job.objects:
                whole = {"job_id": job.id, "ref": one.ref} | results_of(job.id, one)
                yield ListedResource(
                    identity_of(job.id, one),
                    f"{one.name or one.ref} in {job.name}",
                    whole if ctx.include_resource_object else None,
                )

    def _jobs(self, config: State, deadline: Deadline) -> Sequence[Job]:
        if config["job_id"] is None:
            return self.manager.jobs(WantedJobs(), deadline)
        try:
            return [self.manager.job(job_id_of(config), deadline)]
        except JobGone as error:
            raise no_such_job(error) from error
