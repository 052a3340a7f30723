"""The data source `veeam_job`: exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.job_fields import (
    described,
    find_job,
    job_attributes,
    job_search_attributes,
    validate_job_search,
)
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class JobDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_job`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Finds one job that backs up, copies or replicates VMs. Finding none is an "
            "error, and so is finding several. The account needs the role Portal Administrator.",
            attributes=[
                Attribute(
                    "name",
                    String(),
                    "Whole name, compared without regard to case.",
                    required=True,
                ),
                *job_search_attributes(told=True),
                *job_attributes(),
                ListNestedAttribute(
                    "objects",
                    [
                        computed("object_id", String(), "UUID of the object in this job."),
                        computed("ref", String(), "Reference to the object."),
                        computed("name", String(), "Name of the object."),
                    ],
                    "The VMs and containers of VMs that it includes; a copy job has none.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_job_search(ctx, config)

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the one that is found."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking the job up")
        job = find_job(self.manager, config, deadline)
        told = described(job) | {
            "objects": [
                {"object_id": one.id, "ref": one.ref, "name": one.name} for one in job.objects
            ]
        }
        # What a user wrote stays as it is.
        return {name: told[name] if config[name] is None else config[name] for name in config}
