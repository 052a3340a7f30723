"""The data source `veeam_hierarchy_object`: a VM or another object, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.inventory.hierarchy import OBJECT_TYPES
from terraform_provider_veeam.objects.base import VeeamObject
from terraform_provider_veeam.objects.hierarchy_reference import (
    DEFAULT_TYPE,
    HierarchyRef,
    find_by_name,
    root_attribute,
    validate_name,
)
from terraform_provider_veeam.objects.search import LOOK_UP_SECONDS
from terraform_provider_veeam.plugin import interfaces
from terraform_provider_veeam.plugin.interfaces import computed
from terraform_provider_veeam.plugin.schema import Attribute, Schema
from terraform_provider_veeam.plugin.types import String

if TYPE_CHECKING:
    from terraform_provider_veeam.plugin.interfaces import ReadDataContext, State, ValidateContext


class HierarchyObjectDataSource(VeeamObject, interfaces.DataSource):
    """`veeam_hierarchy_object`."""

    @classmethod
    def get_schema(cls) -> Schema:
        """Return the schema of the block."""
        return Schema(
            description="Finds a VM, or another object of the virtual infrastructure, by name, "
            "and returns the reference that jobs and backups know it by. Finding none is an "
            "error, and so is finding several.",
            attributes=[
                Attribute(
                    "name",
                    String(),
                    "Whole name, compared without regard to case.",
                    required=True,
                ),
                Attribute(
                    "type",
                    String(),
                    "Type of the object: `Vm` (default), `Folder`, `Host`, `Cluster`, `Tag`, "
                    "`ResourcePool`, `Datastore`, `Datacenter`, `VmGroup` and the others that "
                    "Enterprise Manager has.",
                    optional=True,
                ),
                root_attribute(computed=True),
                Attribute(
                    "wait_up_to",
                    String(),
                    "How long to wait for an object that is not there yet, like `10m`: Enterprise "
                    "Manager may take a while to know a VM that was just made. Default: not at "
                    "all.",
                    optional=True,
                ),
                computed("ref", HierarchyRef(), "Reference, `urn:PLATFORM:TYPE:ROOT.ID`."),
                computed(
                    "backup_server", String(), "Name of the backup server that knows its host."
                ),
            ],
        )

    def validate(self, ctx: ValidateContext, config: State) -> None:
        """Check what can be checked without the server."""
        validate_name(ctx, config["name"])
        if isinstance(config["wait_up_to"], str):
            try:
                parse_duration(config["wait_up_to"])
            except ValueError as error:
                ctx.diagnostics.add_error("Invalid wait_up_to", str(error), path=["wait_up_to"])
        kind = config["type"]
        known = sorted({name for names in OBJECT_TYPES.values() for name in names})
        if isinstance(kind, str) and kind.lower() not in map(str.lower, known):
            ctx.diagnostics.add_error(
                "Invalid type", f'"{kind}" is not one of {", ".join(known)}.', path=["type"]
            )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Return the one that is found."""
        if self.is_deferred(ctx):
            return None
        patience = parse_duration(config["wait_up_to"]) if config["wait_up_to"] else 0.0
        deadline = self.deadline(ctx, LOOK_UP_SECONDS + patience, "Looking the object up")
        kind = config["type"] or DEFAULT_TYPE
        found = find_by_name(
            self.manager, config["name"], kind, config, deadline, patience=patience
        )
        root = found.root
        return config | {
            "ref": found.ref,
            "hierarchy_root": config["hierarchy_root"] or (root and root.name),
            "backup_server": root and root.backup_server,
        }
