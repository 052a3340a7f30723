"""The data source `veeam_jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.job_fields import (
    described,
    job_attributes,
    job_search_attributes,
    validate_job_search,
    wanted_jobs,
)
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import ListNestedAttribute, computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import List, String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class JobsDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_jobs`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Lists the jobs that back up, copy and replicate VMs. Enterprise Manager "
            "does not list those of agents, file shares and tapes here. The account needs the role "
            "Portal Administrator.",
            attributes=[
                Attribute(
                    "name",
                    String(),
                    "Whole name, compared without regard to case; `*` stands for anything.",
                    optional=True,
                ),
                *job_search_attributes(),
                ListNestedAttribute(
                    "jobs",
                    [
                        *job_attributes(),
                        computed("name", String(), "Name."),
                        computed(
                            "type",
                            String(),
                            "`Backup`, `Replica`, `BackupCopy` or `ImmediateBackupCopy`.",
                        ),
                        computed("backup_server", String(), "Name of the backup server."),
                        computed(
                            "refs",
                            List(String()),
                            "References to the VMs and containers of VMs that it includes.",
                        ),
                    ],
                    "The jobs, by name; what Enterprise Manager does not tell is null.",
                    computed=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_job_search(ctx, config)

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return what is found."""
        if self.is_deferred(ctx):
            return None
        deadline = self.deadline(ctx, LOOK_UP_SECONDS, "Looking jobs up")
        found = self.manager.jobs(wanted_jobs(config), deadline)
        return config | {
            "jobs": [
                described(job) | {"refs": [one.ref for one in job.objects]}
                for job in sorted(found, key=lambda job: job.name.casefold())
            ]
        }
