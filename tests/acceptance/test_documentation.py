"""Every example and every block of HCL in the documentation is one that Terraform takes."""

import re
from pathlib import Path

import pytest
from helpers import REQUIRED
from terraform import ROOT, Workspace

EXAMPLES = sorted((ROOT / "examples").rglob("*.tf"))
QUERIES = sorted((ROOT / "examples").rglob("*.tfquery.hcl"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:terraform|hcl)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text()), start=1)
]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def validate(workspace: Workspace, text: str) -> None:
    workspace.write(text if "required_providers" in text else REQUIRED + text)
    assert "Success!" in workspace.run("validate", "-no-color")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_is_valid(workspace: Workspace, example: Path) -> None:
    validate(workspace, example.read_text())


@pytest.mark.parametrize("example", QUERIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_of_a_query_is_valid(workspace: Workspace, example: Path) -> None:
    workspace.write(example.read_text(), "example.tfquery.hcl")
    assert "Success!" in workspace.run("validate", "-query", "-no-color")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_in_the_documentation_is_valid(workspace: Workspace, block: str) -> None:
    validate(workspace, block)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target
