"""The documents speak of what is there: links, paths, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from harness.cli.main import app
from harness.drill.catalogue import known_drills
from harness.topology.load import load_environment

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
_MAKE = re.compile(r"\bmake ((?:[a-z-]+ ?)+)")
_DRILL = re.compile(r"(?:^|[`\s/])drill ([a-z]+)\b")
_PROSE = {"itself", "is", "that", "run", "harness"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = [link for link in _LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`|^(?:make .*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    named = {word for text in code for words in _MAKE.findall(text) for word in words.split()}
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_drill_command_in_code_exists(path: Path) -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    code = re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))
    named = {word for text in code for word in _DRILL.findall(text)}
    assert named <= commands


def test_the_readme_names_every_drill() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [drill.name for drill in known_drills() if f"`{drill.name}`" not in text] == []


def rows_of_systems() -> list[list[str]]:
    """The README's table of systems: its rows without head and rule, as cells."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| system | stands here as |") :].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_each_system_of_the_readme_leads_to_a_drill_and_an_environment_that_there_are() -> None:
    drills = {drill.name: ROOT / "features" / drill.file.name for drill in known_drills()}
    rows = rows_of_systems()
    assert len(rows) > 5
    for system, _, environments, linked in rows:
        named = re.findall(r"\[`([a-z0-9-]+)`\]\(([^)]+)\)", linked)
        assert named, f"{system}: no drill"
        assert linked.count("`") == 2 * len(named), f"{system}: a drill without a link"
        assert [name for name, path in named if drills.get(name) != ROOT / path] == [], system
        found = re.findall(r"\[`([a-z0-9-]+)`\]\(([^)]+)\)", environments)
        assert found, f"{system}: no environment"
        for name, path in found:
            assert load_environment(ROOT / path).environment == name


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = [path.name for path in (ROOT / "harness").iterdir() if (path / "__init__.py").exists()]
    assert [package for package in packages if f"`harness/{package}/`" not in text] == []


def rows_of_the_tree() -> dict[str, str]:
    """The table of folders in the description of the architecture: path -> what is in it. Each stands there once."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text[text.index("| folder | what is in it |") :].partition("\n\n")[0]
    found: dict[str, str] = {}
    for line in table.splitlines()[2:]:
        named, told = (cell.strip() for cell in line.strip("|").split("|"))
        base = ""
        for path in re.findall(r"`([^`]+)`", named):
            base = "harness/" if path.startswith("harness/") else base
            whole = path if (ROOT / path).exists() else base + path
            assert whole not in found, f"{whole} has two rows"
            found[whole] = told
    return found


def code_in(folder: Path) -> set[str]:
    """Its folders with modules, and its modules."""
    inner = {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return inner | {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}


def test_the_architecture_has_one_row_for_each_folder_and_none_for_another() -> None:
    rows = rows_of_the_tree()
    assert [path for path in rows if not (ROOT / path).exists()] == []
    assert {f"harness/{name}" for name in code_in(ROOT / "harness")} - set(rows) == set()


def test_the_architecture_names_every_part_and_no_other() -> None:
    told = rows_of_the_tree()["harness/parts/"]
    parts = {path.parent.relative_to(ROOT / "harness/parts") for path in (ROOT / "harness/parts").rglob("server.py")}
    parts |= {path.parent.relative_to(ROOT / "harness/parts") for path in (ROOT / "harness/parts").glob("*/*/part.py")}
    named, family = set(), ""
    for path in re.findall(r"`([\w/]+)`", told):
        family = path.partition("/")[0] if "/" in path else family
        named.add(path if "/" in path.strip("/") else f"{family}/{path}")
    named.discard("regions/regions/")
    assert named == {str(path) for path in parts}


@pytest.mark.parametrize("folder", ["reference", "tests", "harness/checkers", "harness/engines", "harness/world"])
def test_the_architecture_names_what_lies_in_a_folder(folder: str) -> None:
    told = rows_of_the_tree()[f"{folder}/"]
    inner = {path.name for path in (ROOT / folder).iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    named = {name.strip("/") for name in re.findall(r"`([\w/]+)`", told)}
    assert inner <= named
