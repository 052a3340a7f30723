"""`make docs`: the registry's pages below docs/, from the provider's schema and examples/.

`--check` writes nothing and fails when a page differs. Only the folders of kinds are touched:
guides and decisions are written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.attribute import NestedAttribute, NestedBlock
from tfplugin.interfaces import Resource
from tfplugin.schema import Schema
from tfplugin.types import Bool, List, Number, Object, String

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tfplugin.interfaces import BlockObject, Function
    from tfplugin.types import TfType

ROOT = Path(__file__).resolve().parent.parent
DOCS, EXAMPLES = ROOT / "docs", ROOT / "examples"
PREFIX = "veeam_"
# The registry shows index.md at an address of another depth than its repository does: no relative
# link in it leads to the same page in both.
PAGES = "https://github.com/veeam-em/terraform-provider-veeam/blob/main/docs"
_NAMES: tuple[tuple[type[TfType], str], ...] = (
    (Bool, "Boolean"), (Number, "Number"), (String, "String"),
)  # fmt: skip
_NOTES = {
    "data-sources": "data source",
    "resources": "resource",
    "ephemeral-resources": "ephemeral resource",
    "list-resources": "list resource",
    "actions": "action",
    "functions": "function",
}
# Where the registry puts the pages of a kind, its examples' file, and since when it exists.
_FILES = {
    "resources": "resource.tf",
    "data-sources": "data-source.tf",
    "ephemeral-resources": "ephemeral-resource.tf",
    "list-resources": "list-resource.tfquery.hcl",
    "actions": "action.tf",
    "functions": "function.tf",
}
_READ_ALSO = {
    "resources/veeam_mount_point": (
        "[Restore a file](../guides/restore-a-file.md) goes the whole way to a lost file, and "
        "[Sessions and the lifetime of a mount point](../guides/sessions-and-lifetime.md) tells "
        "how to hold a mount.\n\n"
        "~> The state, and a plan that `terraform plan -out` saves, hold the token of the mount's "
        "logon session: keep both as the secrets that they are."
    ),
}
# Where the registry lists a page: one heading for all kinds of objects of a subject.
_SUBCATEGORIES = {
    "Mounts and files": (
        "veeam_mount_point", "veeam_mount_points", "veeam_mount_point_files", "veeam_logon_session",
        "veeam_file_download", "veeam_file_restore", "veeam_indexed_file_restore", "veeam_unmount",
        "veeam_file_versions", "veeam_restore_sessions", "mount_point_id", "parse_mount_point_id",
    ),
    "Machines and restore points": (
        "veeam_machines", "veeam_restore_point", "veeam_restore_points", "parse_uid",
    ),
    "Jobs and backups": (
        "veeam_job", "veeam_jobs", "veeam_job_object", "veeam_job_start", "veeam_quick_backup",
        "veeam_backup_sessions",
    ),
    "Infrastructure": (
        "veeam_backup_server", "veeam_backup_servers", "veeam_repository", "veeam_repositories",
        "veeam_hierarchy_object", "veeam_hierarchy_roots",
    ),
}  # fmt: skip
_SINCE = {
    "ephemeral-resources": "Terraform 1.10 or OpenTofu 1.11",
    "list-resources": "Terraform 1.14",
    "actions": "Terraform 1.14",
}

_IMPORT_NOTES = {
    "veeam_mount_point": (
        "An import needs the token of the logon session that made the mount point, the value of "
        "its header `X-RestSvcSessionId`: set `VEEAM_EM_SESSION_TOKEN` (or `session_token`), and "
        "leave `VEEAM_EM_USERNAME` and `VEEAM_EM_PASSWORD` unset. No other session can reach it."
    ),
}


def pages() -> Iterator[tuple[Path, str]]:
    """Return every generated page with its text."""
    provider = VeeamProvider()
    yield DOCS / "index.md", _index(provider)
    kinds: dict[str, Mapping[str, type[BlockObject]]] = {
        "resources": provider.resources,
        "data-sources": provider.data_sources,
        "ephemeral-resources": provider.ephemeral_resources,
        "list-resources": provider.list_resources,
        "actions": provider.actions,
    }
    for kind, classes in kinds.items():
        for name, cls in classes.items():
            yield DOCS / kind / f"{name.removeprefix(PREFIX)}.md", _page(kind, name, cls)
    for name, function in provider.functions.items():
        yield DOCS / "functions" / f"{name}.md", _function(name, function)


def _index(provider: VeeamProvider) -> str:
    schema = provider.schema
    guides = sorted((DOCS / "guides").glob("*.md"))
    return Template((ROOT / "templates" / "index.md").read_text("utf-8")).substitute(
        description=schema.description,
        pages=PAGES,
        example=_example(EXAMPLES / "provider" / "provider.tf"),
        schema=_schema(schema),
        guides="\n".join(f"- [{_title(guide)}]({PAGES}/guides/{guide.name})" for guide in guides),
    )


def _page(kind: str, name: str, cls: type[BlockObject]) -> str:
    schema = cls.schema
    folder = EXAMPLES / kind / name
    since = _SINCE.get(kind)
    return _joined(
        _head(name, _NOTES[kind], schema.description or ""),
        f"# {name} ({_NOTES[kind].capitalize()})",
        schema.description,
        f"-> {since} or newer is needed for {_NOTES[kind]}s." if since else None,
        _READ_ALSO.get(f"{kind}/{name}"),
        "## Example Usage",
        _example(folder / _FILES[kind]),
        _schema(schema),
        *(_identity_and_import(cls, folder) if issubclass(cls, Resource) else ()),
    )


def _identity_and_import(cls: type[Resource], folder: Path) -> Iterator[str]:
    identity = cls.identity_schema
    if identity is not None:
        yield "## Identity"
        yield "What tells one from every other; also what an import by identity is given."
        yield "\n".join(
            f"- `{attribute.name}` ({_type(attribute.type)}"
            f"{', Required for import' if attribute.required else ''}) "
            f"{attribute.description}"
            for attribute in identity.attributes
        )
    yield "## Import"
    if folder.name in _IMPORT_NOTES:
        yield _IMPORT_NOTES[folder.name]
    yield "With Terraform 1.12 or newer, by identity:"
    yield _example(folder / "import-by-identity.tf")
    yield "With Terraform 1.5 or newer, by id:"
    yield _example(folder / "import-by-string-id.tf")
    yield "Or by the command:"
    yield _example(folder / "import.sh", "shell")


def _function(name: str, function: type[Function]) -> str:
    signature = function.signature
    parameters = list(signature.parameters)
    shown = ", ".join(f"{p.name} {_type(p.type).lower()}" for p in parameters)
    return _joined(
        _head(name, "function", signature.summary or ""),
        f"# function: {name}",
        signature.description or signature.summary,
        "-> Terraform 1.8 or OpenTofu 1.7 or newer is needed for functions.",
        "## Example Usage",
        _example(EXAMPLES / "functions" / name / "function.tf"),
        "## Signature",
        f"```text\n{name}({shown}) {_type(signature.return_type.type).lower()}\n```",
        "## Arguments",
        "\n".join(
            f"{number}. `{p.name}` ({_type(p.type)}) {p.description or ''}".rstrip()
            for number, p in enumerate(parameters, start=1)
        ),
    )


def _schema(schema: Schema) -> str:
    groups, nested = _groups(schema.attributes, "###"), _nested(schema.attributes, ())
    return _joined("## Schema", *groups, *nested).rstrip()


def _is_block(attribute: object) -> bool:
    return isinstance(attribute, NestedBlock)


def _groups(attributes: Iterable[Any], level: str, path: tuple[str, ...] = ()) -> Iterator[str]:
    groups: dict[str, list[str]] = {"Required": [], "Optional": [], "Read-Only": []}
    for attribute in sorted(attributes, key=lambda one: (_is_block(one), one.name)):
        group = (
            "Required" if attribute.required else "Optional" if attribute.optional else "Read-Only"
        )
        groups[group].append(_line(attribute, path))
    for group, lines in groups.items():
        if lines:
            yield f"{level} {group}"
            yield "\n".join(lines)


def _nested(attributes: Iterable[Any], path: tuple[str, ...]) -> Iterator[str]:
    for attribute in sorted(attributes, key=lambda one: not _is_block(one)):
        if isinstance(attribute, NestedAttribute):
            inside = (*path, attribute.name)
            title = f"### Nested Schema for `{'.'.join(inside)}`"
            yield f'<a id="{_anchor(attribute, path)}"></a>\n{title}'
            yield from _groups(attribute.attributes, "####", inside)
            yield from _nested(attribute.attributes, inside)


def _anchor(attribute: Any, path: tuple[str, ...]) -> str:
    kind = "nestedblock" if _is_block(attribute) else "nestedatt"
    return "--".join((kind, *path, attribute.name))


def _line(attribute: Any, path: tuple[str, ...]) -> str:
    is_nested = isinstance(attribute, NestedAttribute)
    notes = [_type(attribute.type)]
    if is_nested:
        kind = "Block" if _is_block(attribute) else "Attributes"
        notes = [f"{kind} List" if attribute.is_list else kind]
    if attribute.sensitive:
        notes.append("Sensitive")
    if getattr(attribute, "write_only", False):
        notes.append("Write-only")
    if attribute.deprecated:
        notes.append("Deprecated")
    where = f"#{_anchor(attribute, path)}"
    nested = f" (see [below for nested schema]({where}))" if is_nested else ""
    return f"- `{attribute.name}` ({', '.join(notes)}) {attribute.description}{nested}"


def _type(kind: TfType) -> str:
    if isinstance(kind, List):
        return f"List of {_type(kind.element_type)}"
    if isinstance(kind, Object):
        return "Object"
    return next(name for cls, name in _NAMES if isinstance(kind, cls))


def _example(path: Path, language: str = "terraform") -> str:
    return f"```{language}\n{path.read_text().rstrip()}\n```"


def _head(name: str, kind: str, description: str) -> str:
    (subcategory,) = (subject for subject, names in _SUBCATEGORIES.items() if name in names)
    return (
        f'---\npage_title: "{name} ({kind.capitalize()})"\nsubcategory: "{subcategory}"\n'
        f"description: |-\n  {description}\n---\n\n"
        "<!-- Made by `make docs` from the schema and examples/: change those. -->"
    )


def _title(guide: Path) -> str:
    line = next(line for line in guide.read_text().splitlines() if line.startswith("# "))
    return line.removeprefix("# ")


def _joined(*parts: str | None) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> int:
    """Write the pages, or check them; returns the exit code."""
    check = "--check" in sys.argv[1:]
    wanted = dict(pages())
    generated = {path for kind in _FILES for path in (DOCS / kind).glob("*.md")}
    wrong = sorted(generated - set(wanted))
    wrong += [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    if check:
        for path in wrong:
            print(f"{path.relative_to(ROOT)} is not what the schema says: run make docs")
        return 1 if wrong else 0
    for path in generated - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
