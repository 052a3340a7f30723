"""The virtual infrastructure: the hosts that backup servers know, and what is on them.

Follows the vendor's pages hierarchyroots_id, lookup_query, get_lookup and
constructing_hierarchyobjreftype.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import SessionClient
from terraform_provider_veeam.em.http.decoders import link_below, text, unreadable, uuid
from terraform_provider_veeam.em.inventory.backup_servers import backup_servers
from terraform_provider_veeam.em.inventory.query import query
from terraform_provider_veeam.em.logon import Group
from terraform_provider_veeam.em.polling import looks

_PLATFORMS = {
    **dict.fromkeys(("VC", "ESX", "ESXI"), "VMware"),
    **dict.fromkeys(("HVSERVER", "HVCLUSTER", "SCVMM"), "HyperV"),
    "VCDSYSTEM": "vCloud",
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

log = logging.getLogger(__name__)


class HierarchyRoot(NamedTuple):
    """A host, or what manages hosts, that was added to a backup server."""

    id: str  # UUID; version 12 may list another one than references name: `backup_server_of`
    uid: str  # URN, as a lookup takes it
    name: str
    type: str | None  # `VC`, `ESX`, `ESXi`, `HvServer`, `HvCluster`, `Scvmm`, `VcdSystem`
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
        spellings = (self.name, self.id, _urn(self.id), self.uid, self.uid.rpartition(":")[2])
        return name.casefold() in map(str.casefold, spellings)


class HierarchyObject(NamedTuple):
    """A VM, a folder, a host, a tag or the like."""

    ref: str  # `urn:PLATFORM:TYPE:ROOT.OBJECT`
    type: str | None
    name: str
    root: HierarchyRoot | None = None  # where a search by name has found it

    def has_ref(self, ref: str | None) -> bool:
        """Tell whether a reference leads to it, in whatever case its parts are spelt."""
        return ref is not None and self.ref.casefold() == ref.casefold()


class FoundObjects(NamedTuple):
    """What a search by name has found, and the hosts that could not be searched."""

    objects: list[HierarchyObject]
    left_out: Mapping[HierarchyRoot, errors.RequestRefused]  # out of scope, or of reach


def hierarchy_roots(client: SessionClient) -> Iterator[HierarchyRoot]:
    """Return the hosts that the backup servers know."""
    for entity in query(client, "HierarchyRoot"):
        root_id = uuid(entity, "HierarchyRootId") or uuid(entity)
        if not root_id:
            raise unreadable("The query for HierarchyRoot was answered with one that has no UID.")
        server = link_below(entity, "/backupServers")
        yield HierarchyRoot(
            id=root_id,
            uid=text(entity, "UID") or _urn(root_id),
            name=text(entity, "Name") or root_id,
            type=text(entity, "HostType"),
            backup_server=server.name if server else None,
            backup_server_id=server.path.rpartition("/")[2].lower() if server else None,
        )


def find_objects(
    client: SessionClient, roots: Sequence[HierarchyRoot], name: str | None, kind: str
) -> FoundObjects:
    """Return a type's objects of a whole name, in any capitals; None means any name.

    A host that refuses does not hide what others have; its refusal is raised when all do.
    """
    found: list[HierarchyObject] = []
    left_out: dict[HierarchyRoot, errors.RequestRefused] = {}
    for root in roots:
        try:
            on_root = _search(client, root, name or "*", kind)
        except (errors.AccessDenied, errors.NotFound, errors.RequestFailed) as error:
            log.info("%s is not searched: %s", root.name, error)
            left_out[root] = error
            continue
        found += [
            one._replace(root=root)
            for one in on_root
            if (one.type is None or one.type.casefold() == kind.casefold())
            and (name is None or one.name.casefold() == name.casefold())
        ]
    if left_out and len(left_out) == len(roots):
        raise next(iter(left_out.values()))
    return FoundObjects(found, left_out)


def read_object(client: SessionClient, ref: str) -> HierarchyObject | None:
    """Return the object that a reference leads to; None when there is none."""
    found = _look_up(client, f"/lookup?hierarchyRef={quote(ref, safe=':')}")
    return next((one for one in found if one.has_ref(ref)), None)


def backup_server_of(client: SessionClient, vm: HierarchyObject) -> str:
    """Return the id of a VM's backup server, which is its host's. Raises UnexpectedAnswer.

    The host is where it was found, or which its reference names, or which has it by name.
    """
    roots = [vm.root] if vm.root else list(hierarchy_roots(client))
    if len({root.backup_server_id for root in roots}) > 1:
        root_id = vm.ref.partition(".")[0].rpartition(":")[2]
        if named := [root for root in roots if root.is_called(root_id)]:
            roots = named
        else:
            found = find_objects(client, roots, vm.name, vm.type or "Vm").objects
            roots = [one.root for one in found if one.root and one.has_ref(vm.ref)]
    servers = {root.backup_server_id for root in roots if root.backup_server_id}
    if not servers:
        servers = {server.id for server in backup_servers(client)}
    if len(servers) != 1:
        raise errors.UnexpectedAnswer(
            "The VM's backup server is not known",
            f"{vm.ref} is on no host that Enterprise Manager lists with its backup server, or on "
            "hosts of several. The data source veeam_hierarchy_roots shows what it lists.",
        )
    return servers.pop()


def _urn(root_id: str) -> str:
    return f"urn:veeam:HierarchyRoot:{root_id}"


def _search(
    client: SessionClient, root: HierarchyRoot, name: str, kind: str
) -> list[HierarchyObject]:
    """Return what a host has of a type and a name; `*` stands for any name."""
    wanted = f"name={quote(name, safe='*')}&type={quote(kind, safe='')}"
    try:
        return _look_up(client, f"/lookup?host={quote(root.uid, safe=':')}&{wanted}")
    except (errors.NotFound, errors.RequestFailed):
        # Where both ids of a host differ, which one a lookup takes is not known.
        if root.uid.casefold() == _urn(root.id).casefold():
            raise
        return _look_up(client, f"/lookup?host={quote(_urn(root.id), safe=':')}&{wanted}")


def _look_up(client: SessionClient, address: str) -> list[HierarchyObject]:
    answer = client.get(address)
    items = answer.document.collection("HierarchyItem")
    if items is None:
        raise answer.unexpected("not as a lookup is")
    found = []
    for item in items:
        ref = text(item, "ObjectRef")
        if ref is None:
            raise unreadable(f"GET {address} was answered with an object without a reference.")
        found.append(HierarchyObject(ref, text(item, "ObjectType"), text(item, "ObjectName") or ""))
    return found


class Hierarchy(Group):
    """The hosts that the backup servers know, and what is on them."""

    def roots(self, deadline: Deadline) -> list[HierarchyRoot]:
        """Return the hosts that the backup servers know."""
        return self._browse(lambda own: list(hierarchy_roots(own)), deadline)

    def find(
        self,
        roots: Sequence[HierarchyRoot],
        name: str | None,
        kind: str,
        deadline: Deadline,
        *,
        patience: float = 0.0,
    ) -> FoundObjects:
        """Find objects, of any name for None; for `patience` seconds while there is none."""
        for so_far in chain((0.0,), looks(deadline)):
            found = self._browse(lambda own: find_objects(own, roots, name, kind), deadline)
            if found.objects or so_far >= patience:
                break
        return found

    def get(self, ref: str, deadline: Deadline) -> HierarchyObject | None:
        """Return the object that a reference leads to; None when there is none."""
        return self._browse(lambda own: read_object(own, ref), deadline)
