"""How a block says which VM or other object of the virtual infrastructure it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.plugin.interfaces import Refused
from terraform_provider_veeam.plugin.schema import Attribute
from terraform_provider_veeam.plugin.types import String, Unknown
from terraform_provider_veeam.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terraform_provider_veeam.em.deadline import Deadline
    from terraform_provider_veeam.em.errors import RequestRefused
    from terraform_provider_veeam.em.inventory.hierarchy import HierarchyObject, HierarchyRoot
    from terraform_provider_veeam.em.manager import EnterpriseManager
    from terraform_provider_veeam.plugin.interfaces import State, ValidateContext

DEFAULT_TYPE = "Vm"
_REF = r"urn:\w+:(?P<type>\w+):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\..+"


class HierarchyRef(String):
    """A reference to an object: Enterprise Manager spells its parts in one case or another."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        """Compare without regard to case."""
        try:
            return bool(a_decoded.casefold() == b_decoded.casefold())
        except AttributeError:
            return bool(a_decoded == b_decoded)


def ref_attribute(description: str, **rest: Any) -> Attribute:
    """Return the attribute `ref`."""
    return Attribute("ref", HierarchyRef(), description, **rest)


def root_attribute(**rest: Any) -> Attribute:
    """Return the attribute `hierarchy_root`."""
    return Attribute(
        "hierarchy_root",
        String(),
        "Name, UUID or URN of the host to look on, such as a vCenter Server, where several have "
        "one of that name, or others refuse the search. The data source `veeam_hierarchy_roots` "
        "lists them.",
        optional=True,
        **rest,
    )


def vm_attributes() -> list[Attribute]:
    """Return the attributes that say which VM is meant: `ref`, or `name`."""
    return [
        ref_attribute(
            "Reference to the VM, `urn:VMware:Vm:ROOT.ID`, as `veeam_hierarchy_object` finds it. "
            "Write this or `name`.",
            optional=True,
        ),
        Attribute(
            "name",
            String(),
            "Whole name of the VM, compared without regard to case.",
            optional=True,
        ),
        root_attribute(),
    ]


def validate_vm(ctx: ValidateContext, config: State) -> None:
    """Check what says which VM is meant, as far as it is known."""
    ref, name = config["ref"], config["name"]
    if (ref is None) == (name is None):
        ctx.diagnostics.add_error("Invalid VM", "Write either ref or name.", path=["ref"])
    if isinstance(ref, str):
        validate_ref(ctx, ref)
        if (told := type_in(ref)) and told.lower() != "vm":
            ctx.diagnostics.add_error("Invalid ref", f"It is of a {told}, no VM.", path=["ref"])
    if ref is not None and config["hierarchy_root"] is not None:
        ctx.diagnostics.add_error(
            "Invalid hierarchy_root", "A ref names its host itself.", path=["hierarchy_root"]
        )
    validate_name(ctx, name)


def validate_ref(ctx: ValidateContext, ref: Any) -> None:
    """Check a reference, if it is known."""
    if ref is not None and ref is not Unknown and type_in(ref) is None:
        ctx.diagnostics.add_error(
            "Invalid ref",
            f'"{ref}" is not a reference like '
            "urn:VMware:Vm:4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11.vm-31. The data source "
            "veeam_hierarchy_object finds one by name.",
            path=["ref"],
        )


def validate_name(ctx: ValidateContext, name: Any) -> None:
    """Check the name of an object, if it is known."""
    if name is not None and name is not Unknown and not name.strip():
        ctx.diagnostics.add_error("Invalid name", "It is blank.", path=["name"])


def type_in(ref: str) -> str | None:
    """Return the type that a reference names, as it is spelt; None when it is no reference."""
    found = re.fullmatch(_REF, ref, re.IGNORECASE | re.ASCII)
    return found["type"] if found else None


def find_vm(manager: EnterpriseManager, config: State, deadline: Deadline) -> HierarchyObject:
    """Return the VM that a block means. Raises Refused when there is none, or several are."""
    if config["ref"] is None:
        return find_by_name(manager, config["name"], DEFAULT_TYPE, config, deadline)
    return find_by_ref(manager, config["ref"], deadline)


def find_by_ref(manager: EnterpriseManager, ref: str, deadline: Deadline) -> HierarchyObject:
    """Return the object that a reference leads to. Raises Refused when there is none."""
    found = manager.hierarchy_object(ref, deadline)
    if found is None:
        raise Refused(
            "Object not found in the virtual infrastructure",
            f"Nothing has the reference {printable(ref)}. Was it deleted, or made after Enterprise "
            "Manager last looked? The data source veeam_hierarchy_object finds one by name.",
            path=["ref"],
        )
    return found


def find_by_name(
    manager: EnterpriseManager,
    name: str,
    kind: str,
    config: State,
    deadline: Deadline,
    *,
    patience: float = 0.0,
) -> HierarchyObject:
    """Return the only object of a type and a whole name.

    One that is not there yet is waited for as many seconds as `patience` says. Raises Refused for
    none or several.
    """
    roots = _roots(manager, config["hierarchy_root"], kind, deadline)
    found, left_out = manager.hierarchy_objects(roots, name, kind, deadline, patience=patience)
    if len(found) == 1:
        return found[0]
    if not found:
        similar = manager.similar_objects(roots, name, kind, deadline)
        told = f" Similar names: {', '.join(map(printable, similar))}." if similar else ""
        searched = [root for root in roots if root not in left_out]
        raise Refused(
            "Object not found in the virtual infrastructure",
            f"No {kind} is called {printable(name)} as a whole on {_listed(searched)}.{told}"
            f"{_not_searched(left_out)}",
            path=["name"],
        )
    lines = "".join(
        f"\n  {one.ref}  {printable(one.name)}{f' on {_told(one.root)}' if one.root else ''}"
        for one in found
    )
    raise Refused(
        "Several objects found in the virtual infrastructure",
        f"Set hierarchy_root, or take the ref of the one that is meant. Found:{lines}",
        path=["name"],
    )


def _roots(
    manager: EnterpriseManager, wanted: str | None, kind: str, deadline: Deadline
) -> list[HierarchyRoot]:
    """Return the hosts that may have an object of a type, or the one that a block names."""
    roots = manager.hierarchy_roots(deadline)
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
    """Return which hosts could not be searched, and why, with what to do about it."""
    if not left_out:
        return ""
    lines = "".join(
        f"\n  {_told(root)}: {error.detail.splitlines()[0]}" for root, error in left_out.items()
    )
    return (
        f"\nNot searched, because Enterprise Manager refused it:{lines}\nSet hierarchy_root to "
        "search a single host."
    )


def _listed(roots: list[HierarchyRoot]) -> str:
    return ", ".join(map(_told, roots)) or "none"


def _told(root: HierarchyRoot) -> str:
    server = f" of {root.backup_server}" if root.backup_server else ""
    return printable(f"{root.name}{server}")
