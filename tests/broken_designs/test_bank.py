"""The bank itself: every design can be started, is listed, and is told in the matrix as what it is."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bank import COMPONENTS, DESIGNS, START, Design, designs, rotating, write
from kill_matrix import Cell, Ended, Fate, show
from rich.console import Console

from harness.drill.catalogue import known_drills
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.assembly import build
from harness.world.part import Blueprint

ROOT = Path(__file__).resolve().parents[2]
KNOWN = designs()
DRILLS = {drill.name for drill in known_drills()}
EMBEDDED = ROOT / "environments" / "embedded.yaml"
ALL = pytest.mark.parametrize("design", KNOWN.values(), ids=lambda design: design.name)
START_AND_STOP = """
import sys
sys.path.insert(0, {folder!r})
import start
start.replace_decision({design!r}, {component!r})
import importlib
importlib.import_module(f"reference.{{start.PACKAGES.get({component!r}, {component!r})}}.service")
"""


@ALL
def test_a_design_says_what_is_wrong_and_who_must_catch_it(design: Design) -> None:
    assert design.about.endswith(".")
    assert design.rows
    assert design.caught_by
    assert set(design.caught_by) <= DRILLS
    for words in design.caught_by.values():
        assert words, "a drill that is red for any reason proves nothing"
        for word in words:
            re.compile(word)


@ALL
def test_a_design_breaks_something(design: Design) -> None:
    files = any(hasattr(design.module, name) for name in ("subject", "environment", "manifest"))
    assert design.replaced or files


@ALL
def test_the_files_of_a_design_are_sound(design: Design, tmp_path: Path) -> None:
    written = write(design, tmp_path)
    environment = load_environment(written.environment or EMBEDDED)
    subject = load_subject(written.subject, environment)
    started = {component.command[3] for component in subject.components}
    started |= {image.command[3] for image in subject.images.values()}
    assert started >= set(design.replaced), "what is replaced is what is started"
    for component in subject.components:
        assert component.command[:3] == ("python", str(START), design.name)
    for image in subject.images.values():
        assert image.command[:3] == ("python", str(START), design.name)
    assert build(Blueprint(environment, subject, Timing(Profile.FAST))), "and so are its manifests"


@pytest.mark.parametrize(
    ("design", "component"),
    [(design.name, component) for design in KNOWN.values() for component in design.replaced],
)
def test_the_replaced_decision_fits_the_reference_as_it_is(design: str, component: str) -> None:
    script = START_AND_STOP.format(folder=str(START.parent), design=design, component=component)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_designs_know_nothing_of_what_drills_them() -> None:
    for path in (*DESIGNS.glob("*.py"), START):
        assert not re.search(r"^\s*(from|import) harness", path.read_text(encoding="utf-8"), re.MULTILINE), path
    assert {c for design in KNOWN.values() for c in design.replaced} <= set(COMPONENTS)


def test_a_rotation_comes_round_to_everybody() -> None:
    names = [f"design{number}" for number in range(7)]
    seen = [name for seed in range(40, 44) for name in rotating(names, 2, seed)]
    assert set(seen) == set(names)
    assert rotating(names, 2, 40) == rotating(names, 2, 40)
    assert rotating(names, 99, 0) == names
    assert all(len(set(rotating(names, 2, seed))) == 2 for seed in range(50))


def cell(verdict: str | None, *reasons: str, design: str = "one", words: tuple[str, ...] = ("lost",)) -> Cell:
    return Cell(design, (33,), "a-drill", words, None if verdict is None else Ended(verdict, reasons))


@pytest.mark.parametrize(
    ("found", "fate"),
    [
        (cell("MISSED", "3 writes Lost"), Fate.CAUGHT),
        (cell("MISSED", "never recovered"), Fate.WRONG_WORDS),
        (cell("MISSED", "lost", "by us-east-1", words=("lost", "us-west-2|us-east-1")), Fate.CAUGHT),
        (cell("MET", "lost"), Fate.SURVIVED),
        (cell("INVALID", "lost"), Fate.SURVIVED),
        (cell("UNKNOWN", "lost"), Fate.SURVIVED),
        (cell(None), Fate.NOT_RUN),
    ],
)
def test_red_is_not_enough_the_reason_must_name_the_defect(found: Cell, fate: Fate) -> None:
    assert found.fate is fate


def told(cells: list[Cell], whole: dict[str, Ended | None]) -> tuple[int, str]:
    out = io.StringIO()
    code = show(cells, whole, Console(file=out, width=200))
    return code, out.getvalue()


def test_the_matrix_of_a_bank_that_is_all_caught() -> None:
    code, text = told([cell("MISSED", "3 writes lost")], {"a-drill": Ended("MET")})
    assert code == 0
    assert "1 of 1 broken designs were caught" in text
    assert "green" in text


def test_the_matrix_names_survivors_and_what_their_drill_did_not_say() -> None:
    cells = [cell("MET", "fine", design="calm"), cell("MISSED", "late", design="odd"), cell(None, design="mute")]
    code, text = told(cells, {"a-drill": Ended("MISSED", ("late",))})
    assert code == 1
    assert "calm in a-drill: survived, MET: fine" in text
    assert "not said: lost: late" in text
    assert "mute in a-drill: left no evidence" in text
    assert "the reference in a-drill must be MET: late" in text
    assert "0 of 3 broken designs were caught" in text
