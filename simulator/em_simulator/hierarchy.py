"""The virtual infrastructure: the hosts that the backup server knows, and what is on them.

Follows the vendor's pages lookup_query, hierarchyroots_id and constructing_hierarchyobjreftype.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from em_simulator.catalogue import FIRST_SERVER, HIERARCHY_ROOT_ID, SECOND_SERVER, Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from em_simulator.catalogue import BackupServer, Machine

_NAMESPACE = uuid.UUID("0c7a6f0e-3d0e-4d43-9d3f-6d3b1f8f5a10")

_EVERYWHERE = ("Vm", "Host", "Cluster")
_TYPES = {
    "VMware": (
        *_EVERYWHERE,
        *("Template", "VirtualApp", "Vc", "Datacenter", "Folder", "Datastore", "ComputeResource"),
        *("ResourcePool", "Tag", "Category", "StoragePod"),
    ),
    "HyperV": (*_EVERYWHERE, "Scvmm", "HostGroup", "VmGroup"),
}


@dataclass(frozen=True, slots=True)
class HierarchyRoot:
    """A host that was added to a backup server."""

    id: str
    """As references name it."""
    name: str
    unique_id: str
    host_type: str
    """`VC` for a vCenter Server, `HvServer` for a Hyper-V host."""
    platform: str
    """As references spell it."""
    listed_types: tuple[str, ...]
    """The types for which the lookup service has a link."""
    server: BackupServer = FIRST_SERVER
    is_mistaken: bool = False
    """Whether lists of hosts name it by its unique id, as version 12 did before a fix."""

    @property
    def listed_id(self) -> str:
        """As lists of hosts name it."""
        return self.unique_id.lower() if self.is_mistaken else self.id

    @property
    def types(self) -> tuple[str, ...]:
        """The types that can be looked up."""
        return _TYPES[self.platform]

    @property
    def uid(self) -> str:
        """URN of the host, as lists of hosts name it."""
        return f"urn:veeam:HierarchyRoot:{self.listed_id}"


@dataclass(frozen=True, slots=True)
class HierarchyItem:
    """A VM, a folder, a host, a tag …."""

    root: HierarchyRoot
    type: str
    object_id: str
    """A managed object reference, or a GUID on Hyper-V."""
    name: str

    @property
    def ref(self) -> str:
        """Reference to the object."""
        return f"urn:{self.root.platform}:{self.type}:{self.root.id}.{self.object_id}"


VCENTER = HierarchyRoot(
    HIERARCHY_ROOT_ID,
    "vc01.tech.local",
    "09D89361-9178-4EAF-8037-E4E82B1932F0",
    "VC",
    "VMware",
    ("Vm", "Tag", "StoragePod"),
)
HYPERV = HierarchyRoot(
    "7d1f9a64-0f0b-4b5c-93a9-5f0e2d7c8b36",
    "hv01.tech.local",
    "hv01.tech.local",
    "HvServer",
    "HyperV",
    ("Vm", "VmGroup"),
)
_OTHERS = (
    HierarchyItem(VCENTER, "Vm", "vm-10031", "app01"),
    HierarchyItem(VCENTER, "Vm", "vm-10032", "app01-test"),
    HierarchyItem(VCENTER, "Vm", "vm-10033", "dc01"),
    HierarchyItem(VCENTER, "Vm", "vm-10034", "twin"),
    HierarchyItem(VCENTER, "Vm", "vm-10035", "Twin"),
    HierarchyItem(VCENTER, "Vm", "vm-10036", "srv04"),
    HierarchyItem(VCENTER, "Folder", "group-v22", "Production"),
    HierarchyItem(VCENTER, "Host", "host-9", "esx01.tech.local"),
    HierarchyItem(VCENTER, "Tag", "urn:vmomi:InventoryServiceTag:8d0c:GLOBAL", "Gold"),
    HierarchyItem(HYPERV, "Vm", "020aa5ab-3523-4946-b658-b8ad5b372439", "sqlsrv03"),
    HierarchyItem(HYPERV, "Vm", "f3c1b6a0-94f7-4a1e-b1c9-2f1ad6cf9e52", "dc01"),
    HierarchyItem(HYPERV, "Host", "2d7c8b36-93a9-4b5c-0f0b-7d1f9a645f0e", "hv01.tech.local"),
)


class Hierarchy:
    """All hosts with what is on them. With `matches_parts` a name finds longer ones too."""

    def __init__(
        self,
        machines: Iterable[Machine],
        *,
        matches_parts: bool = False,
        two_servers: bool = False,
        lists_unique_ids: bool = False,
    ) -> None:
        second = SECOND_SERVER if two_servers else FIRST_SERVER
        self.servers = tuple(dict.fromkeys((FIRST_SERVER, second)))
        """The backup servers that know the hosts."""
        self.vcenter = replace(VCENTER, is_mistaken=lists_unique_ids)
        self.hyperv = replace(HYPERV, is_mistaken=lists_unique_ids, server=second)
        self.roots = (self.vcenter, self.hyperv)
        """The hosts."""
        self._items = [
            HierarchyItem(self.vcenter, "Vm", machine.object_id, machine.name)
            for machine in machines
            if machine.family is Family.VM
        ]
        self._items += [
            replace(item, root=self.hyperv if item.root is HYPERV else self.vcenter)
            for item in _OTHERS
        ]
        self._matches_parts = matches_parts

    def __iter__(self) -> Iterator[HierarchyItem]:
        return iter(self._items)

    def root(self, uid: str) -> HierarchyRoot | None:
        """Return the host with a URN, or an id."""
        return next((r for r in self.roots if uid.lower() in (r.uid.lower(), r.listed_id)), None)

    def find(self, ref: str) -> HierarchyItem | None:
        """Return what a reference leads to; the case of its parts does not matter."""
        return next((item for item in self._items if item.ref.lower() == ref.lower()), None)

    def lookup(self, root: HierarchyRoot, pattern: str, kind: str) -> list[HierarchyItem]:
        """Return what a host has of a type; `*` in the name stands for anything."""
        name = ".*".join(map(re.escape, pattern.split("*")))
        wanted = re.compile(f".*{name}.*" if self._matches_parts else name, re.IGNORECASE)
        return [
            item
            for item in self._items
            if item.root == root
            and item.type.lower() == kind.lower()
            and wanted.fullmatch(item.name)
        ]

    def add(self, name: str) -> HierarchyItem:
        """Let somebody make a VM on the vCenter Server."""
        made = uuid.uuid5(_NAMESPACE, f"{name} {len(self._items)}")
        item = HierarchyItem(self.vcenter, "Vm", f"vm-{made.int % 10**9}", name)
        self._items.append(item)
        return item

    def remove(self, item: HierarchyItem) -> None:
        """Let somebody delete an object."""
        self._items.remove(item)
