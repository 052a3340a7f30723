"""The action `veeam_quick_backup`: one more restore point of a VM, now."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from terraform_provider_veeam.em.errors import AccessDenied
from terraform_provider_veeam.objects.actions.backup import BackupAction
from terraform_provider_veeam.objects.actions.base import timeout_attribute, validate_timeout
from terraform_provider_veeam.objects.hierarchy_reference import (
    find_vm,
    validate_vm,
    vm_attributes,
)
from terraform_provider_veeam.plugin.schema import Schema
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_provider_veeam.plugin.interfaces import ActionContext, State, ValidateContext

_DEFAULT_TIMEOUT = "2h"


class QuickBackupAction(BackupAction):
    """`veeam_quick_backup`."""

    default_timeout = _DEFAULT_TIMEOUT

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block `config`."""
        return Schema(
            description="Makes an incremental restore point of a VM and waits until it is there. "
            "The VM has to be in a backup job that has a full backup of it.",
            attributes=[*vm_attributes(), timeout_attribute(_DEFAULT_TIMEOUT)],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_vm(ctx, config)
        validate_timeout(ctx, config)

    def plan(self, ctx: ActionContext, config: State) -> None:
        """Look the VM up, so that a wrong name fails before anything is done."""
        if self.is_known(ctx, config):
            with suppress(AccessDenied):  # the backup tells it, should it have to
                find_vm(self.manager, config, self.bound(ctx, config, "Looking the VM up"))

    def invoke(self, ctx: ActionContext, config: State) -> Iterator[str]:
        """Start the backup and wait for its end."""
        self.validate(ctx, config)  # what was not known when it was planned
        if ctx.diagnostics.has_errors():
            return
        deadline = self.bound(ctx, config, "The quick backup")
        vm = find_vm(self.manager, config, deadline)
        name = printable(vm.name)
        yield f"Starting a quick backup of {name}"
        started = self.manager.quick_backup(vm, deadline)
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
