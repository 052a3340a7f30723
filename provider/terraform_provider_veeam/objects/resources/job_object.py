"""The resource `veeam_job_object`: a VM, or a container of VMs, in a job."""

from contextlib import suppress

from terraform_provider_veeam.em.errors import AccessDenied, AlreadyInJob, JobGone
from terraform_provider_veeam.em.jobs.jobs import Job, JobObject
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import hierarchy, identifiers, jobs
from terraform_provider_veeam.objects.base import Context, Resource, State, block
from tfplugin import contexts
from tfplugin.attribute import computed, required
from tfplugin.errors import Refused
from tfplugin.schema import Schema
from tfplugin.types import Unknown


class JobObjectResource(jobs.JobReader, hierarchy.HierarchyReader, Resource):
    """`veeam_job_object`."""

    schema = block(
        "Puts a VM, or a container of VMs, into a job, and takes it out again when destroyed. Its "
        "guest processing is that of the job. The account needs the role Portal Administrator.",
        jobs.job_id(
            "UUID of the job, or its URN, `urn:veeam:Job:UUID`: `id` of a `veeam_job`. "
            "A change forces replacement.",
            required=True,
            requires_replace=True,
        ),
        required(
            "ref",
            "Reference to the object, `urn:VMware:Vm:ROOT.ID`: `ref` of a "
            "`veeam_hierarchy_object`. A change forces replacement.",
            hierarchy.HierarchyRef(),
            check=hierarchy.ref,
            requires_replace=True,
        ),
        computed("id", "`JOB_UUID/OBJECT_ID`, as for import."),
        computed("object_id", "UUID of the object in this job."),
        computed("name", "Name of the object, known at plan."),
        create="10m",
        read="2m",
        delete="10m",
    )
    id_parts = ("job_id", "object_id")
    parse_id = staticmethod(identifiers.parse_job_object_id)
    identity_schema = Schema(
        attributes=[
            required("job_id", "UUID of the job."),
            required("object_id", "UUID of the object in the job."),
        ]
    )

    def look_ahead(self, ctx: contexts.PlanContext, planned: State) -> State:
        """Look up what a create will put where, so that a wrong id fails now.

        With create_before_destroy the job has the object by then: the apply is told it is ours.
        """
        if stored := self._provider.stored.get(self.key(ctx, planned)):
            self._registry.remember_found(stored)
        found: State = {}
        if not self._provider.is_configured:
            return found
        deadline = self.deadline_for(ctx, "read", planned, "Looking the object up")
        with suppress(AccessDenied):  # the create tells it, should it have to
            if planned["job_id"] is not Unknown:
                _check_kind(self.job(planned, deadline))
            if planned["ref"] is not Unknown:
                found["name"] = self.find_by_ref(planned["ref"], deadline).name
        return found

    def find_replacements(self, ctx: contexts.PlanContext, current: State, planned: State) -> None:
        """Take note of what Terraform has: it may be about to be replaced."""
        self._provider.stored[self.key(ctx, current)] = current["id"]

    def create(self, ctx: contexts.ResourceContext, planned: State) -> State | None:
        """Put the object into the job."""
        deadline = self.deadline_for(ctx, "create", planned, "Putting the object into the job")
        item = self.find_by_ref(planned["ref"], deadline)
        job_id = planned["job_id"]
        try:
            added = self.em.job_objects.add(job_id, item, deadline)
        except JobGone as error:
            raise jobs.no_such_job(error) from error
        except AlreadyInJob as error:
            there = identifiers.format_job_object_id(job_id, error.object_id)
            if self._registry.found_by_plan(self.em.account, there) is None:
                raise Refused(
                    error.summary,
                    f"{error.detail} Terraform does not take over what it has not made, unless it "
                    f"is asked to: import it, with the id {there}. If this resource replaces "
                    "another for the same object in a plan that was saved, plan and apply in one "
                    "command.",
                    path=["ref"],
                ) from error
            self._provider.taken_over.add(there)
            added = JobObject(error.object_id, item.ref, item.name)
        # The plan has told the name of the lookup: that of the job may be spelt in another way.
        name = item.name if planned["name"] is Unknown else planned["name"]
        return self._kept(ctx, planned, added._replace(name=name))

    def refresh(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        """Return the object as the job has it; None, with a warning, when it is gone."""
        deadline = self.deadline_for(ctx, "read", current, f"Reading object {current['id']}")
        name = printable(current["name"] or current["ref"])
        try:
            there = self.em.job_objects.list(current["job_id"], deadline)
        except JobGone:
            self._warn(ctx, f"{name} is in no job: its job is gone", "Somebody deleted the job.")
            return None
        for one in there:
            if one.id == current["object_id"]:
                return self._kept(ctx, current, one)
        again = [one for one in there if one.ref.casefold() == current["ref"].casefold()]
        how = "Somebody removed it."
        if again:
            told = identifiers.format_job_object_id(current["job_id"], again[0].id)
            how = f"Somebody removed it and put it in again: to take that over, import {told}."
        self._warn(ctx, f"{name} is no longer in its job as {current['object_id']}", how)
        return None

    def update(self, ctx: contexts.ResourceContext, current: State, planned: State) -> State:
        """Take over another spelling: any other change replaces the object."""
        return planned

    def delete(self, ctx: contexts.ResourceContext, current: State) -> None:
        """Take the object out of the job; what is gone already is no error."""
        if current["id"] in self._provider.taken_over:
            self._provider.taken_over.remove(current["id"])
            return
        deadline = self.deadline_for(ctx, "delete", current, "Taking the object out of the job")
        one = JobObject(current["object_id"], current["ref"], current["name"])
        self.em.job_objects.remove(current["job_id"], one, deadline)

    def take_over(self, ctx: contexts.ResourceContext, parent: str, own: str) -> State:
        """Take over an object that a job has."""
        deadline = self.deadline_for(ctx, "read", {}, "Reading the job")
        try:
            there = self.em.job_objects.list(parent, deadline)
        except JobGone as error:
            raise jobs.no_such_job(error, is_written=False) from error
        for one in there:
            if one.id == own:
                return self._kept(ctx, {"job_id": parent, "ref": one.ref}, one)
        has = "".join(f"\n  {one.id}  {printable(one.name or one.ref)}" for one in there)
        raise Refused(
            "Object not found in the job",
            f"Job {parent} has no object {own}. It has:{has or ' nothing.'}",
        )

    def _kept(self, ctx: contexts.ResourceContext, state: State, one: JobObject) -> State:
        ctx.identity = jobs.identity_of(state["job_id"], one)
        return state | jobs.results_of(state["job_id"], one)

    def _warn(self, ctx: Context, summary: str, how: str) -> None:
        ctx.diagnostics.add_warning(summary, f"{how} Terraform drops it from the state.")


def _check_kind(job: Job) -> None:
    if "Copy" in (job.type or ""):
        raise Refused(
            "The job includes no VMs",
            f"{printable(job.name)} is of type {job.type}: it copies the backups of other jobs. "
            "Put the object into one of those.",
            path=["job_id"],
        )
