"""Every example and every block of HCL is one that Terraform takes; pages say what is so."""

import ast
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from helpers import REQUIRED, Server, mount_points
from terraform import ROOT, Workspace

from em_simulator import Family
from terraform_provider_veeam import __version__
from terraform_provider_veeam.provider import VeeamProvider

README = ROOT / "README.md"
EXAMPLES = {
    file.relative_to(ROOT).as_posix(): file.read_text()
    for file in sorted((ROOT / "examples").rglob("*"))
    if file.name.endswith((".tf", ".tfquery.hcl"))
}
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:terraform|hcl)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLE_TEXTS = [example.strip() for example in EXAMPLES.values()]
BLOCKS = {
    f"{page.relative_to(ROOT)}-{number}": block
    for page in PAGES
    if page.parent.name != "guides"  # test_guides.py follows those
    for number, block in enumerate(BLOCK.findall(page.read_text()), start=1)
    if block.strip() not in EXAMPLE_TEXTS  # validated once
}
LISTING = re.compile(r"^list ", re.MULTILINE)
IMPORT = re.compile(r"^import ", re.MULTILINE)
VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)
TEXTS = EXAMPLES | BLOCKS
LISTINGS = [name for name, text in TEXTS.items() if LISTING.search(text)]
IMPORTS = [name for name, text in TEXTS.items() if IMPORT.search(text)]
MODULES = [name for name in TEXTS if name not in {*LISTINGS, *IMPORTS}]
KINDS = {
    "resource_schemas": ("resources", "veeam_"),
    "data_source_schemas": ("data-sources", "veeam_"),
    "ephemeral_resource_schemas": ("ephemeral-resources", "veeam_"),
    "list_resource_schemas": ("list-resources", "veeam_"),
    "action_schemas": ("actions", "veeam_"),
}
VERSION = re.compile(r"terraform[-_]provider[-_]veeam[-_]v?(\d+\.\d+\.\d+)")
# Tables of messages, whose first cells quote the provider; those of Terraform itself are its own.
MESSAGE_TABLE = re.compile(
    r"^\| (?:message|warning|error) \|.*\n\|.*\n((?:\|.*\n?)+)", re.MULTILINE
)
OF_TERRAFORM = "\n## Terraform itself\n"
SPLIT = re.compile("[;,…]")
REGISTRY_PAGES = [
    page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.parent.name != "adr"
]
FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
LARGEST_PAGE = 500_000  # bytes
REPOSITORY = "https://github.com/veeam-em/terraform-provider-veeam"
REPOSITORY_LINK = re.compile(rf"\]\({REPOSITORY}/(blob|tree)/main/([^)]*)\)")
REQUIRED_PROVIDER = re.compile(r"veeam\s*=\s*\{[^}]*source[^}]*\}")
LINK = re.compile(r"\]\((?!https?://)([^)#]*)#?([^)]*)\)")


def whole(text: str) -> str:
    return text if "required_providers" in text else REQUIRED + text


@pytest.fixture(scope="session")
def errors(
    installed: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """What Terraform says against each text, all validated in one go, as modules."""
    folder = tmp_path_factory.mktemp("documentation") / "work"
    shutil.copytree(installed.folder, folder, symlinks=True)
    together = Workspace(folder, installed.environment | {"TF_DISABLE_PLUGIN_TLS": "1"})
    calls = []
    for number, name in enumerate(MODULES):
        (folder / str(number)).mkdir()
        together.write(whole(TEXTS[name]), f"{number}/main.tf")
        # Variables are unknown while a module is validated, whatever their values.
        values = "".join(f"  {one} = null\n" for one in VARIABLE.findall(TEXTS[name]))
        calls.append(f'module "of_{number}" {{\n  source = "./{number}"\n{values}}}\n')
    together.write(REQUIRED + "".join(calls))
    together.run("get", "-no-color")
    told = json.loads(together.attempt("validate", "-json").output)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in MODULES}
    for one in told["diagnostics"]:
        if one["severity"] == "error":
            number, _, _ = one["range"]["filename"].partition("/")
            found[MODULES[int(number)]].append(one)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_an_example_or_a_block_is_valid(errors: dict[str, list[dict[str, Any]]], name: str) -> None:
    assert errors[name] == []


@pytest.mark.parametrize("name", IMPORTS)
def test_an_example_of_an_import_is_valid(workspace: Workspace, name: str) -> None:
    """Only a root module may have one."""
    workspace.write(whole(TEXTS[name]))
    assert "Success!" in workspace.run("validate", "-no-color")


@pytest.mark.parametrize("name", LISTINGS)
def test_a_query_is_valid(workspace: Workspace, name: str) -> None:
    workspace.write(TEXTS[name], "example.tfquery.hcl")
    assert "Success!" in workspace.run("validate", "-query", "-no-color")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text()):
        other = page.parent / target if target else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other), f"{target}#{anchor}"


@pytest.mark.parametrize("page", REGISTRY_PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_registry_takes_a_page(page: Path) -> None:
    """What `tfplugindocs validate` looks at, but for the list of pages, which is tested below."""
    front = FRONT_MATTER.match(page.read_text())
    assert front, "it has no front matter"
    keys = re.findall(r"^(\w+):", front[1], re.MULTILINE)
    assert {"page_title", "description"} <= {*keys} <= {"page_title", "subcategory", "description"}
    has_subject = re.search('^subcategory: ".+"', front[1], re.MULTILINE) is not None
    assert has_subject is (page.name != "index.md")
    assert page.stat().st_size < LARGEST_PAGE
    folders = ["docs", "guides", *(folder for folder, _ in KINDS.values()), "functions"]
    assert page.parent.name in folders


def address_in_the_registry(page: Path) -> str:
    """Where the registry shows a page, from which a browser resolves its links."""
    path = page.relative_to(ROOT).with_suffix("").as_posix()
    return f"/providers/veeam-em/veeam/latest/{'docs' if path == 'docs/index' else path}"


@pytest.mark.parametrize("page", REGISTRY_PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_the_same_page_in_the_registry(page: Path) -> None:
    """It leaves relative links as they are, but for the `.md`, which it drops."""
    shown = {address_in_the_registry(other): other for other in REGISTRY_PAGES}
    here = address_in_the_registry(page)
    for target, anchor in LINK.findall(page.read_text()):
        address = urljoin(here, target.removesuffix(".md")) if target else here
        assert address in shown, target
        assert not anchor or anchor in anchors(shown[address]), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_the_repository_lead_to_what_is_in_it(page: Path) -> None:
    for kind, inside in REPOSITORY_LINK.findall(page.read_text()):
        target, _, anchor = inside.partition("#")
        file = ROOT / target
        assert file.is_file() if kind == "blob" else file.is_dir(), inside
        assert not anchor or anchor in anchors(file), inside


def test_a_configuration_says_which_versions_it_takes() -> None:
    constraint = f"~> {__version__.rpartition('.')[0]}"
    text = "".join([*EXAMPLES.values(), *(page.read_text() for page in PAGES)])
    blocks = REQUIRED_PROVIDER.findall(text)
    assert len(blocks) > 10
    for block in blocks:
        assert re.findall(r'version\s*=\s*"([^"]*)"', block) == [constraint]


def test_the_readme_is_whole_where_it_is_shown_alone() -> None:
    """As on a package index: each link names the repository, and what is there is here."""
    text = README.read_text()
    assert LINK.findall(text) == []
    assert len(REPOSITORY_LINK.findall(text)) > 10
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert {"Homepage", "Documentation", "Changelog", "Issues"} == {*urls}
    assert urls["Homepage"] == REPOSITORY
    for name in ("Documentation", "Changelog"):
        assert (ROOT / urls[name].removeprefix(f"{REPOSITORY}/blob/main/")).is_file()


def test_every_object_is_in_the_readme() -> None:
    rows = README.read_text().partition("\n| object |")[2].partition("\n\n")[0].splitlines()[2:]
    written = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    provider = VeeamProvider()
    objects = {
        "resource": provider.resources,
        "data": provider.data_sources,
        "ephemeral": provider.ephemeral_resources,
        "list": provider.list_resources,
        "action": provider.actions,
    }
    there = {f'{kind} "{name}"' for kind, names in objects.items() for name in names}
    functions = {name.removeprefix("provider::veeam::") for name in written if '"' not in name}
    assert {name for name in written if '"' in name} == there
    assert functions == {*provider.functions}


def anchors(page: Path) -> set[str]:
    """What a link can lead to on a page: its headings, and what is named."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)"', text)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings} | {*named}


def test_every_attribute_is_described_and_on_its_page(workspace: Workspace) -> None:
    workspace.write(REQUIRED)
    schemas = json.loads(workspace.run("providers", "schema", "-json"))
    (schema,) = schemas["provider_schemas"].values()
    seen = 0
    for kind, (folder, prefix) in KINDS.items():
        for name, described in schema[kind].items():
            page = (ROOT / "docs" / folder / f"{name.removeprefix(prefix)}.md").read_text()
            for attribute, description in attributes(described["block"]):
                assert description, f"{name}.{attribute}"
                assert f"- `{attribute}` (" in page, f"{name}.{attribute}"
                assert description in page, f"{name}.{attribute}"
                seen += 1
    for attribute, description in attributes(schema["provider"]["block"]):
        assert description
        assert description in (ROOT / "docs" / "index.md").read_text(), attribute
    for name, function in schema["functions"].items():
        page = (ROOT / "docs" / "functions" / f"{name}.md").read_text()
        assert function["description"] in page
        assert all(p["description"] in page for p in function["parameters"])
    assert seen > 80


def attributes(block: Any) -> Iterator[tuple[str, str]]:
    """Every attribute of a block and of those in it, with what is said of it."""
    for name, attribute in block.get("attributes", {}).items():
        kind = json.dumps(attribute.get("type"))
        assert '"object"' not in kind, f"{name} has parts without a description"
        yield name, attribute.get("description", "")
        yield from attributes(attribute.get("nested_type", {}))
    for name, nested in block.get("block_types", {}).items():
        yield name, nested["block"].get("description", "")
        yield from attributes(nested["block"])


def test_what_forces_replacement_says_so(workspace: Workspace, server: Server) -> None:
    workspace.write(mount_points(1))
    workspace.apply()
    replica = server.simulator.restore_points(Family.REPLICA)[0].id
    changed = """
  restore_point_type = "replica"
  os_kind            = "Linux"
  keep_alive         = "1h"
  timeouts = {
    read = "1m"
  }
"""
    workspace.write(mount_points(1, restore_point=replica, extra=changed))
    workspace.plan("-out=plan")
    (change,) = json.loads(workspace.run("show", "-json", "plan"))["resource_changes"]
    replacing = {name for (name,) in change["change"]["replace_paths"]}
    schemas = json.loads(workspace.run("providers", "schema", "-json"))["provider_schemas"]
    (schema,) = (provider["resource_schemas"]["veeam_mount_point"] for provider in schemas.values())
    told = dict(attributes(schema["block"]))
    assert replacing == {name for name, text in told.items() if "forces replacement" in text}
    assert replacing == {"os_kind", "restore_point_id", "restore_point_type"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_version_that_is_written_is_this_one(page: Path) -> None:
    assert {*VERSION.findall(page.read_text())} <= {__version__}


def test_every_message_that_is_explained_is_the_providers_own() -> None:
    said = "\n".join(texts_of_the_provider())
    seen = 0
    for page in sorted((ROOT / "docs" / "guides").glob("*.md")):
        text, _, of_terraform = page.read_text().partition(OF_TERRAFORM)
        assert "\n## " not in of_terraform, "what follows would not be looked at"
        for table in MESSAGE_TABLE.findall(text):
            for row in table.splitlines():
                message = row.split("|")[1]
                for part in filter(None, map(str.strip, SPLIT.split(message))):
                    assert part in said, f"{page.name}: {message}"
                    seen += 1
    assert seen > 60


def texts_of_the_provider() -> Iterator[str]:
    """Every string in the provider's sources, those that are written in several parts as one."""
    for file in (ROOT / "provider").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
