"""How a block says which VM or other object of the virtual infrastructure it means."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from terraform_provider_veeam.em.errors import RequestRefused
from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject, HierarchyRoot
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks
from terraform_provider_veeam.objects.base import Deadline, State, VeeamObject
from tfplugin.attribute import Attribute, optional
from tfplugin.errors import Refused
from tfplugin.rules import at_most_one_of, exactly_one_of
from tfplugin.types import String

DEFAULT_TYPE = "Vm"
VM_RULES = (
    exactly_one_of("ref", "machine_name"),
    at_most_one_of("ref", "hierarchy_root", reason="A ref names its host itself."),
)
_REF = r"urn:\w+:(?P<type>\w+):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\..+"


class HierarchyRef(String):
    """A reference to an object: Enterprise Manager spells its parts in one case or another."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        """Compare without regard to case."""
        try:
            return bool(a_decoded.casefold() == b_decoded.casefold())
        except AttributeError:
            return bool(a_decoded == b_decoded)


def ref(text: str) -> str:
    """Return a reference to an object. Raises ValueError."""
    if _type_in(text) is None:
        raise ValueError(
            f'"{text}" is not a reference like '
            "urn:VMware:Vm:4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11.vm-31. The data source "
            "veeam_hierarchy_object finds one by name."
        )
    return text


def _vm_ref(text: str) -> str:
    found = _type_in(ref(text))
    if found and found.lower() != "vm":
        raise ValueError(f"It refers to a {found}, not to a VM.")
    return text


def _type_in(text: str) -> str | None:
    """Return the type that a reference names, as it is spelt; None when it is no reference."""
    found = re.fullmatch(_REF, text, re.IGNORECASE | re.ASCII)
    return found["type"] if found else None


def root_attribute(**rest: Any) -> Attribute:
    """Return the attribute `hierarchy_root`."""
    return optional(
        "hierarchy_root",
        "Name, UUID or URN of the host to look on, such as a vCenter Server, where several have "
        "one of that name, or others refuse the search. The data source `veeam_hierarchy_roots` "
        "lists them.",
        check=checks.name,
        **rest,
    )


VM_ATTRIBUTES = (
    optional(
        "ref",
        "Reference to the VM, `urn:VMware:Vm:ROOT.ID`, as `veeam_hierarchy_object` finds it. "
        "Write this or `machine_name`.",
        HierarchyRef(),
        check=_vm_ref,
    ),
    optional(
        "machine_name",
        "Whole name of the VM, compared without regard to case.",
        check=checks.needed_name,
    ),
    root_attribute(),
)


class HierarchyReader(VeeamObject):
    """An object that looks up VMs and other objects of the virtual infrastructure."""

    def find_vm(self, config: State, deadline: Deadline) -> HierarchyObject:
        """Return the VM that a block means. Raises Refused when there is none, or several are."""
        if config["ref"] is None:
            return self.find_by_name(config, DEFAULT_TYPE, deadline, attribute="machine_name")
        return self.find_by_ref(config["ref"], deadline)

    def find_by_ref(self, text: str, deadline: Deadline) -> HierarchyObject:
        """Return the object that a reference leads to. Raises Refused when there is none."""
        found = self.em.hierarchy.get(text, deadline)
        if found is None:
            raise Refused(
                "Object not found in the virtual infrastructure",
                f"Nothing has the reference {printable(text)}. Was it deleted, or made after "
                "Enterprise Manager last looked? The data source veeam_hierarchy_object finds one "
                "by name.",
                path=["ref"],
            )
        return found

    def find_by_name(
        self,
        config: State,
        kind: str,
        deadline: Deadline,
        *,
        attribute: str = "name",
        patience: float = 0.0,
    ) -> HierarchyObject:
        """Return the only object of a type and of the whole name in an attribute. Raises Refused.

        One that is not there yet is waited for as many seconds as `patience` says.
        """
        name, em = config[attribute], self.em
        roots = self._roots(config["hierarchy_root"], kind, deadline)
        found, left_out = em.hierarchy.find(roots, name, kind, deadline, patience=patience)
        if len(found) == 1:
            return found[0]
        if not found:
            similar = em.suggestions.object_names(roots, name, kind, deadline)
            told = f" Similar names: {', '.join(map(printable, similar))}." if similar else ""
            searched = [root for root in roots if root not in left_out]
            raise Refused(
                "Object not found in the virtual infrastructure",
                f"No {kind} is called {printable(name)} as a whole on {_listed(searched)}.{told}"
                f"{_not_searched(left_out)}",
                path=[attribute],
            )
        lines = "".join(
            f"\n  {one.ref}  {printable(one.name)}{f' on {_name(one.root)}' if one.root else ''}"
            for one in found
        )
        raise Refused(
            "Several objects found in the virtual infrastructure",
            f"Set hierarchy_root, or take the ref of the one that is meant. Found:{lines}",
            path=[attribute],
        )

    def _roots(self, wanted: str | None, kind: str, deadline: Deadline) -> Sequence[HierarchyRoot]:
        """Return the hosts that may have an object of a type, or the one that a block names."""
        roots = self.em.hierarchy.roots(deadline)
        if wanted is None:
            return [root for root in roots if root.may_have(kind)]
        named = [root for root in roots if root.is_called(wanted)]
        if not named:
            raise Refused(
                "Host not found in the virtual infrastructure",
                f"None is called {printable(wanted)}. Enterprise Manager knows: {_listed(roots)}.",
                path=["hierarchy_root"],
            )
        return named


def _not_searched(left_out: Mapping[HierarchyRoot, RequestRefused]) -> str:
    if not left_out:
        return ""
    lines = "".join(
        f"\n  {_name(root)}: {error.detail.splitlines()[0]}" for root, error in left_out.items()
    )
    return (
        f"\nNot searched, because Enterprise Manager refused it:{lines}\nSet hierarchy_root to "
        "search a single host."
    )


def _listed(roots: Sequence[HierarchyRoot]) -> str:
    return ", ".join(map(_name, roots)) or "none"


def _name(root: HierarchyRoot) -> str:
    server = f" of {root.backup_server}" if root.backup_server else ""
    return printable(f"{root.name}{server}")
