"""What a plan follows from by schema alone, before and after the resource is asked.

Nothing here knows the wire, and nothing asks the resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf.types import Unknown

from terraform_provider_veeam.plugin.codec import is_single

if TYPE_CHECKING:
    from tf.schema import Attribute, Block

    from terraform_provider_veeam.plugin.contexts import Path, State


def fill_in(block: Block, config: State, proposed: State, prior: State | None) -> State:
    """Return the proposed state with defaults, and with Unknown for what a create will find out.

    What is computed and was known before keeps its value. An object that ends up as it was is
    returned exactly as it was.
    """
    planned = {
        attribute.name: _fill_in_attribute(attribute, config, proposed, prior)
        for attribute in block.attributes
    }
    for nested in block.block_types:
        name = nested.type_name
        value = proposed[name]
        if value is None or value is Unknown:
            planned[name] = value
        elif is_single(nested):
            before = prior[name] if prior else None
            written = _object(config[name]) or value
            planned[name] = fill_in(nested.block, written, value, _object(before))
        else:
            # Elements of a set have no counterpart in the prior state: each stands for itself.
            before = prior[name] if prior else None
            planned[name] = (
                value
                if value == before
                else [
                    item if item is Unknown else fill_in(nested.block, item, item, None)
                    for item in value
                ]
            )
    return keep_spelling(block, planned, prior)


def _fill_in_attribute(
    attribute: Attribute, config: State, proposed: State, prior: State | None
) -> Any:
    if config[attribute.name] is not None or getattr(attribute, "write_only", False):
        return proposed[attribute.name]
    if attribute.default is not Unknown:
        return attribute.default
    if attribute.computed and prior is None:
        return Unknown
    return proposed[attribute.name]


def compute_all(block: Block, config: State) -> State:
    """Return the configuration with Unknown for all that is computed and not written."""
    return fill_in(block, config, config, None)


def keep_spelling(block: Block, state: State, reference: State | None) -> State:
    """Return the state with the reference's spelling of every value that means the same."""
    if reference is None:
        return state
    kept = dict(state)
    for attribute in block.attributes:
        name = attribute.name
        if name in state and not differs(attribute, reference[name], state[name]):
            kept[name] = reference[name]
    for nested in block.block_types:
        name = nested.type_name
        inner, before = _object(state.get(name)), _object(reference[name])
        if is_single(nested) and inner is not None and before is not None:
            kept[name] = keep_spelling(nested.block, inner, before)
    return kept


def differs(attribute: Attribute, before: Any, after: Any) -> bool:
    """Return whether two values mean something else; what is not known differs from everything."""
    if has_unknown(before) or has_unknown(after):
        return True
    if before is None or after is None:
        return before is not after
    return not attribute.type.semantically_equal(before, after)


def has_unknown(value: Any) -> bool:
    """Return whether a value, or anything in it, is not known."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is Unknown


def find_replacements(block: Block, prior: State, planned: State, path: Path) -> list[Path]:
    """Return where a change needs the resource to be replaced."""
    found = [
        [*path, attribute.name]
        for attribute in block.attributes
        if attribute.requires_replace
        and differs(attribute, prior[attribute.name], planned.get(attribute.name))
    ]
    for nested in block.block_types:
        name = nested.type_name
        before, after = prior[name], planned.get(name)
        if before == after:
            continue
        if is_single(nested):
            names = _names(nested.block)
            old = _object(before) or dict.fromkeys(names)
            new = _object(after) or dict.fromkeys(names, after)  # after is None or Unknown
            found += find_replacements(nested.block, old, new, [*path, name])
        elif any(attribute.requires_replace for attribute in nested.block.attributes):
            found.append([*path, name])
    return found


def _object(value: Any) -> State | None:
    return None if value is Unknown else value


def _names(block: Block) -> list[str]:
    return [a.name for a in block.attributes] + [n.type_name for n in block.block_types]
