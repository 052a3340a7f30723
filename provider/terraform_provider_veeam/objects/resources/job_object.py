"""The resource `veeam_job_object`: a VM, or a container of VMs, in a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import AccessDenied, AlreadyInJob, JobGone
from terraform_provider_veeam.em.jobs.jobs import JobObject
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.hierarchy_reference import (
    find_by_ref,
    ref_attribute,
    validate_ref,
)
from terraform_provider_veeam.objects.identifiers import (
    format_job_object_id,
    parse_job_object_id,
)
from terraform_provider_veeam.objects.job_fields import (
    identity_of,
    job_id_attribute,
    job_id_of,
    no_such_job,
    results_of,
    validate_job_id,
)
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import (
    IdentityAttribute,
    IdentitySchema,
    Refused,
    computed,
)
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.plugin.types import String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from terraform_provider_veeam.em.jobs.jobs import Job
    from terraform_provider_veeam.plugin.interfaces import (
        Context,
        CreateContext,
        DeleteContext,
        ImportContext,
        PlanContext,
        ReadContext,
        State,
        UpdateContext,
        ValidateContext,
    )

_CHANGE_SECONDS = 600.0
_READ_SECONDS = 120.0


class JobObjectResource(VeeamObject, interfaces.Resource):
    """`veeam_job_object`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the resource."""
        return Schema(
            version=0,
            description="Puts a VM, or a container of VMs, into a job, and takes it out again when "
            "destroyed. Its guest processing is that of the job. The account needs the role Portal "
            "Administrator.",
            attributes=[
                job_id_attribute(
                    "UUID of the job, or its URN, `urn:veeam:Job:UUID`: `id` of a `veeam_job`. "
                    "A change forces replacement.",
                    required=True,
                    requires_replace=True,
                ),
                ref_attribute(
                    "Reference to the object, `urn:VMware:Vm:ROOT.ID`: `ref` of a "
                    "`veeam_hierarchy_object`. A change forces replacement.",
                    required=True,
                    requires_replace=True,
                ),
                computed("id", String(), "`JOB_UUID/OBJECT_ID`, as for import."),
                computed("object_id", String(), "UUID of the object in this job."),
                computed("name", String(), "Name of the object, known at plan."),
            ],
        )

    @classmethod
    def get_identity_schema(cls) -> IdentitySchema:
        """Return the schema of the resource's identity."""
        return IdentitySchema(
            version=0,
            attributes=[
                IdentityAttribute("job_id", String(), "UUID of the job.", required_for_import=True),
                IdentityAttribute(
                    "object_id",
                    String(),
                    "UUID of the object in the job.",
                    required_for_import=True,
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_job_id(ctx, config["job_id"])
        validate_ref(ctx, config["ref"])

    def plan(self, ctx: PlanContext, current: State | None, planned: State | None) -> State | None:
        """Look up what a create will put where, so that a wrong id fails now."""
        if self.may_be_deferred(ctx) or not self._provider.is_configured:
            return planned
        if planned is None or current is not None:
            return planned
        deadline = self.deadline(ctx, _READ_SECONDS, "Looking the object up")
        try:
            if planned["job_id"] is not Unknown:
                _check_kind(self.manager.job(job_id_of(planned), deadline))
            if planned["ref"] is not Unknown:
                planned["name"] = find_by_ref(self.manager, planned["ref"], deadline).name
        except JobGone as error:
            raise no_such_job(error) from error
        except AccessDenied:
            return planned  # the create tells it, should it have to
        return planned

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Put the object into the job."""
        deadline = self.deadline(ctx, _CHANGE_SECONDS, "Putting the object into the job")
        item = find_by_ref(self.manager, planned["ref"], deadline)
        job_id = job_id_of(planned)
        try:
            added = self.manager.job_objects.add(job_id, item, deadline)
        except JobGone as error:
            raise no_such_job(error) from error
        except AlreadyInJob as error:
            raise Refused(
                error.summary,
                f"{error.detail} Terraform does not take over what it has not made, unless it is "
                "asked to: import it, with the id "
                f"{format_job_object_id(job_id, error.object_id)}.",
                path=["ref"],
            ) from error
        # The plan has told the name of the lookup: that of the job may be spelt in another way.
        name = item.name if planned["name"] is Unknown else planned["name"]
        return self._kept(ctx, planned, added._replace(name=name))

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """Return the object as the job has it; None, with a warning, when it is gone."""
        if not self._provider.is_configured:
            self.may_be_deferred(ctx)
            return current
        deadline = self.deadline(ctx, _READ_SECONDS, f"Reading object {current['id']}")
        name = printable(current["name"] or current["ref"])
        try:
            there = self.manager.objects_in_job(job_id_of(current), deadline)
        except JobGone:
            self._warn(ctx, f"{name} is in no job: its job is gone", "Somebody deleted the job.")
            return None
        for one in there:
            if one.id == current["object_id"]:
                return self._kept(ctx, current, one)
        again = [one for one in there if one.ref.casefold() == current["ref"].casefold()]
        how = "Somebody removed it."
        if again:
            told = format_job_object_id(job_id_of(current), again[0].id)
            how = f"Somebody removed it and put it in again: to take that over, import {told}."
        self._warn(ctx, f"{name} is no longer in its job as {current['object_id']}", how)
        return None

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State:
        """Take over another spelling: any other change replaces the object."""
        return planned

    def delete(self, ctx: DeleteContext, current: State) -> None:
        """Take the object out of the job; what is gone already is no error."""
        deadline = self.deadline(ctx, _CHANGE_SECONDS, "Taking the object out of the job")
        one = JobObject(current["object_id"], current["ref"], current["name"])
        self.manager.job_objects.remove(job_id_of(current), one, deadline)

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - tf's name
        """Take over an object that a job has."""
        if self.is_deferred(ctx):
            return None
        text = id
        if not text and ctx.identity:
            text = f"{ctx.identity['job_id']}/{ctx.identity['object_id']}"
        try:
            job_id, object_id = parse_job_object_id(text)
        except ValueError as error:
            raise Refused("Invalid import id", str(error)) from error
        deadline = self.deadline(ctx, _READ_SECONDS, "Reading the job")
        try:
            there = self.manager.objects_in_job(job_id, deadline)
        except JobGone as error:
            raise no_such_job(error, is_written=False) from error
        for one in there:
            if one.id == object_id:
                return self._kept(ctx, {"job_id": job_id, "ref": one.ref}, one)
        has = "".join(f"\n  {one.id}  {printable(one.name or one.ref)}" for one in there)
        raise Refused(
            "Object not found in the job",
            f"Job {job_id} has no object {object_id}. It has:{has or ' nothing.'}",
        )

    def _kept(
        self, ctx: CreateContext | ReadContext | ImportContext, state: State, one: JobObject
    ) -> State:
        job_id = job_id_of(state)
        ctx.identity = identity_of(job_id, one)
        return state | results_of(job_id, one)

    def _warn(self, ctx: Context, summary: str, how: str) -> None:
        ctx.diagnostics.add_warning(summary, f"{how} Terraform drops it from the state.")


def _check_kind(job: Job) -> None:
    """Raise Refused for a job that includes no objects but other jobs."""
    if "Copy" in (job.type or ""):
        raise Refused(
            "The job includes no VMs",
            f"{printable(job.name)} is of type {job.type}: it copies the backups of other jobs. "
            "Put the object into one of those.",
            path=["job_id"],
        )
