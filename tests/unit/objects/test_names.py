"""The names of attributes: one word for one thing, as the table in CONTRIBUTING.md has them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.attribute import NestedAttribute, NestedBlock
from tfplugin.schema import Schema
from tfplugin.types import Bool, List, Number, String, TfType

TABLE = Path(__file__).parents[3] / "CONTRIBUTING.md"
FORMS: Mapping[type[TfType], str] = {String: "string", Number: "number", Bool: "bool"}


def schemas() -> dict[str, Schema]:
    provider = VeeamProvider()
    kinds: list[Mapping[str, Any]] = [
        provider.resources,
        provider.data_sources,
        provider.ephemeral_resources,
        provider.list_resources,
        provider.actions,
    ]
    return {cls.__name__: cls.schema for kind in kinds for cls in kind.values()}


def attributes(schema: Schema) -> Iterator[Any]:
    """Return the attributes of an object, those of lists and blocks too."""
    for one in schema.attributes:
        if not isinstance(one, NestedBlock):
            yield one
        yield from getattr(one, "attributes", ())


EVERY = {name: list(attributes(schema)) for name, schema in schemas().items()}


def form(attribute: Any) -> str:
    if isinstance(attribute, NestedAttribute):
        return "objects" if attribute.is_list else "object"
    if isinstance(attribute.type, List):
        return "list of strings"
    return next(name for kind, name in FORMS.items() if isinstance(attribute.type, kind))


def table() -> dict[str, set[str]]:
    """Return the forms that each name may have."""
    text = TABLE.read_text("utf-8").partition("## Names\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    named = [(name, row[1]) for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert len(named) == len(dict(named)), "a name stands in two rows"
    return {name: set(forms.split(", ")) for name, forms in named}


def test_every_attribute_has_a_row_with_its_form() -> None:
    used: dict[str, set[str]] = {}
    for one in (one for every in EVERY.values() for one in every):
        used.setdefault(one.name, set()).add(form(one))
    rows = table()
    assert {name for name in used | rows if used.get(name) != rows.get(name)} == set()


def test_a_list_of_what_was_found_is_named_as_its_data_source() -> None:
    for name, cls in VeeamProvider().data_sources.items():
        for one in cls.schema.attributes:
            if isinstance(one, NestedAttribute) and one.computed and one.name != "objects":
                assert name.removeprefix("veeam_").endswith(one.name)


def test_times_and_references_say_what_they_are() -> None:
    for every in EVERY.values():
        for one in every:
            is_time = "RFC 3339" in (one.description or "")
            assert is_time == one.name.endswith(("_at", "_after", "_before")), one.name
            assert one.name == "os_kind" or "kind" not in one.name


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("blank", ["", " \t "])
def test_a_blank_value_is_refused(name: str, blank: str) -> None:
    for one in EVERY[name]:
        if (one.required or one.optional) and form(one) in ("string", "list of strings"):
            assert one.check is not None, one.name
            with pytest.raises(ValueError, match=r"\w"):
                one.check(blank)
