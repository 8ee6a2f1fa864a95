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
