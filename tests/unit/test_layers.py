"""The drawing of the layers in CONTRIBUTING shows what import-linter holds."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGE = "terraform_provider_veeam"
DRAWING = re.compile(r"^```text\n(┌.*?┘)\n```$", re.DOTALL | re.MULTILINE)
RULE = re.compile(r"[┌├└][─┬┼┴]+[┐┤┘]")

Layers = list[list[str]]


def contracts() -> dict[str, Any]:
    """Every contract about layers, by the module that it is about."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        container: contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
        for container in contract["containers"]
    }


def layers_of(contract: Any) -> Layers:
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def drawn() -> tuple[Layers, dict[str, Layers]]:
    """The layers of the drawing, and for each module in it those that are drawn inside.

    A rule parts two layers, │ the modules in one. A module's name comes first; below it, indented,
    are its own layers, a line for each, and more that begin with a dot where it is too long.
    """
    (drawing,) = DRAWING.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    lines = drawing.splitlines()
    assert len({len(line) for line in lines}) == 1, "the drawing is out of shape"
    layers: Layers = []
    inside: dict[str, Layers] = {}
    for line in lines:
        if RULE.fullmatch(line):
            layers.append([])
            continue
        for place, cell in enumerate(line.strip("│").split("│")):
            text = cell.strip()
            if text.startswith("· "):
                inside[layers[-1][place]][-1] += text[2:].split(" · ")
            elif cell.startswith("   "):
                inside[layers[-1][place]] += [text.split(" · ")] if text else []
            else:
                name = text.split()[0]
                layers[-1].append(name)
                inside[name] = []
    return layers[:-1], inside


def test_the_drawing_has_the_layers_of_the_package() -> None:
    assert drawn()[0] == layers_of(contracts()[PACKAGE])


def test_the_drawing_has_the_layers_inside_each_module() -> None:
    held = {
        name.removeprefix(f"{PACKAGE}."): layers_of(contract)
        for name, contract in contracts().items()
    }
    _, inside = drawn()
    assert inside == {name: held.get(name, []) for name in inside}


def test_a_new_module_has_to_say_where_it_lives() -> None:
    assert all(contract["exhaustive"] for contract in contracts().values())
    held = {name.removeprefix(f"{PACKAGE}.") for name in contracts()} - {PACKAGE, "tfplugin"}
    folder = ROOT / "provider" / PACKAGE
    packages = {
        ".".join(file.parent.relative_to(folder).parts) for file in folder.rglob("*/__init__.py")
    }
    # What is below `objects` is held apart by a contract of independence.
    assert held == {name for name in packages if not name.startswith("objects.")}
    assert "tfplugin" in contracts()


def test_the_files_that_decisions_and_contributing_name_are_there() -> None:
    pages = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "adr").iterdir()]
    named = {
        name for page in pages for name in re.findall(r"`([\w/]+\.py)`", page.read_text("utf-8"))
    }
    there = [f"/{file.relative_to(ROOT)}" for file in ROOT.glob("[pst]*/**/*.py")]
    assert {name for name in named if not any(one.endswith(f"/{name}") for one in there)} == set()
