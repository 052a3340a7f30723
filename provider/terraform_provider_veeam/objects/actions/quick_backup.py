"""The action `veeam_quick_backup`: one more restore point of a VM, now."""

from collections.abc import Iterator

from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import hierarchy, jobs
from terraform_provider_veeam.objects.base import Action, Context, Deadline, State, block


class QuickBackupAction(hierarchy.HierarchyReader, jobs.JobReader, Action):
    """`veeam_quick_backup`."""

    operation = "The quick backup"
    schema = block(
        "Makes an incremental restore point of a VM and waits until it is there. "
        "The VM has to be in a backup job that has a full backup of it.",
        *hierarchy.VM_ATTRIBUTES,
        invoke="2h",
    )

    rules = hierarchy.VM_RULES

    def look_ahead(self, config: State, deadline: Deadline) -> None:
        """Look the VM up, so that a wrong name fails before anything is done."""
        self.find_vm(config, deadline)

    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Start the backup and wait for its end."""
        vm = self.find_vm(config, deadline)
        name = printable(vm.name)
        yield f"Starting a quick backup of {name}"
        started = self.em.backups.quick_backup(vm, deadline)
        yield f"Backing up {name}: {printable(started.name)}"
        machines = yield from self.follow(ctx, started, deadline)
        points = [
            one.restore_point.id
            for one in machines
            if one.restore_point and (one.ref is None or vm.has_ref(one.ref))
        ]
        if points:
            yield f"Backed up {name}: restore point {points[0]}"
        else:
            yield f"Backed up {name}; Enterprise Manager does not tell the restore point yet"
