"""The virtual infrastructure: the hosts that backup servers know, and what is on them.

Follows the vendor's pages hierarchyroots_id, lookup_query, get_lookup and
constructing_hierarchyobjreftype.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em.http.decoders import links, text, unreadable
from terraform_provider_veeam.em.inventory.query import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.http.client import Client
    from terraform_provider_veeam.em.models import LogonSession

_PLATFORMS = {
    "VC": "VMware",
    "ESX": "VMware",
    "ESXI": "VMware",
    "VCDSYSTEM": "vCloud",
    "HVSERVER": "HyperV",
    "HVCLUSTER": "HyperV",
    "SCVMM": "HyperV",
}
OBJECT_TYPES = {
    "VMware": (
        *("Vm", "Host", "Cluster", "Template", "VirtualApp", "Vc", "Datacenter", "Folder"),
        *("Datastore", "ComputeResource", "ResourcePool", "Tag", "Category", "StoragePod"),
    ),
    "vCloud": ("VcdSystem", "Organization", "OrgVdc", "Vapp", "Vm", "VappTemplate", "VmTemplate"),
    "HyperV": ("Vm", "Host", "Cluster", "Scvmm", "HostGroup", "VmGroup"),
}
"""The types of objects that each platform has."""


class HierarchyRoot(NamedTuple):
    """A host, or what manages hosts, that was added to a backup server."""

    id: str
    name: str
    type: str | None
    """`VC`, `ESX`, `ESXi`, `HvServer`, `HvCluster`, `Scvmm`, `VcdSystem`."""
    backup_server: str | None
    backup_server_id: str | None

    def may_have(self, kind: str) -> bool:
        """Tell whether its platform has objects of a type; one that is not known may have any."""
        platform = _PLATFORMS.get((self.type or "").upper())
        if platform is None:
            return True
        return kind.lower() in map(str.lower, OBJECT_TYPES[platform])

    def is_called(self, name: str) -> bool:
        """Tell whether a person means it: by name, UUID or URN."""
        spellings = (self.name, self.id, f"urn:veeam:HierarchyRoot:{self.id}")
        return name.casefold() in map(str.casefold, spellings)


class HierarchyObject(NamedTuple):
    """A VM, a folder, a host, a tag or the like."""

    ref: str
    """`urn:PLATFORM:TYPE:ROOT.OBJECT`."""
    type: str | None
    name: str
    root: HierarchyRoot | None = None
    """Where a search by name has found it."""


def hierarchy_roots(
    client: Client, session: LogonSession, deadline: Deadline
) -> Iterator[HierarchyRoot]:
    """Return the hosts that the backup servers know."""
    for entity in query(client, session, "HierarchyRoot", deadline):
        servers = [link for link in links(entity) if link.is_below("/backupServers")]
        server = servers[0] if servers else None
        uid = (text(entity, "UID") or text(entity, "HierarchyRootId") or "").rpartition(":")[2]
        if not uid:
            raise unreadable("The query for HierarchyRoot was answered with one that has no UID.")
        yield HierarchyRoot(
            id=uid.lower(),
            name=text(entity, "Name") or uid,
            type=text(entity, "HostType"),
            backup_server=server.name if server else None,
            backup_server_id=server.path.rpartition("/")[2] if server else None,
        )


def find_objects(
    client: Client,
    session: LogonSession,
    roots: Iterable[HierarchyRoot],
    deadline: Deadline,
    *,
    name: str,
    kind: str,
) -> Iterator[HierarchyObject]:
    """Return the objects of a type whose whole name is that one, but for capitals.

    Raises UnexpectedAnswer.
    """
    for root in roots:
        for found in _look_up(client, session, _address(root, name, kind), deadline):
            is_kind = found.type is None or found.type.casefold() == kind.casefold()
            if is_kind and found.name.casefold() == name.casefold():
                yield found._replace(root=root)


def names_of_objects(
    client: Client,
    session: LogonSession,
    roots: Iterable[HierarchyRoot],
    kind: str,
    deadline: Deadline,
) -> set[str]:
    """Return the names of all objects of a type."""
    return {
        found.name
        for root in roots
        for found in _look_up(client, session, _address(root, "*", kind), deadline)
    }


def read_object(
    client: Client, session: LogonSession, ref: str, deadline: Deadline
) -> HierarchyObject | None:
    """Return the object that a reference leads to; None when there is none."""
    address = f"/lookup?hierarchyRef={quote(ref, safe=':')}"
    found = _look_up(client, session, address, deadline)
    return next((one for one in found if one.ref.casefold() == ref.casefold()), None)


def root_id_of(ref: str) -> str | None:
    """Return the UUID of the host that a reference names; None when it is no reference."""
    found = re.fullmatch(r"urn:\w+:\w+:([0-9a-f-]{36})\..+", ref, re.IGNORECASE | re.ASCII)
    return found[1].lower() if found else None


def _address(root: HierarchyRoot, name: str, kind: str) -> str:
    uid = quote(f"urn:veeam:HierarchyRoot:{root.id}", safe=":")
    return f"/lookup?host={uid}&name={quote(name, safe='*')}&type={quote(kind, safe='')}"


def _look_up(
    client: Client, session: LogonSession, address: str, deadline: Deadline
) -> list[HierarchyObject]:
    answer = client.request("GET", address, deadline, token=session.token)
    items = answer.document.collection("HierarchyItem")
    if items is None:
        raise unreadable(
            f"GET {address} was answered with {answer.status}, but not as a lookup is."
        )
    found = []
    for item in items:
        ref = text(item, "ObjectRef")
        if ref is None:
            raise unreadable(f"GET {address} was answered with an object without a reference.")
        found.append(HierarchyObject(ref, text(item, "ObjectType"), text(item, "ObjectName") or ""))
    return found
