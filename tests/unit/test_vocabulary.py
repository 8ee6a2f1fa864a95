"""`drill steps` tells the truth: every step is listed, and what is told of it is what its definition takes."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_bdd.steps import StepFunctionContext

from harness.drill.catalogue import known_drills
from harness.errors import InputError
from harness.pytest_plugin.scenarios import defines
from harness.pytest_plugin.vocabulary import (
    PLACEHOLDERS,
    Phrase,
    known_phrases,
    nearest,
    our_definitions,
    phrase_of,
)

ROOT = Path(__file__).parents[2]
DEFINITIONS = our_definitions()
FILLED = {
    "REGION": ["the primary region", "region eu.central.1"],
    "MODE": ["black-holed", "refused", "reset"],
    "TROUBLE": ["throttled", "failing"],
    "LOSS": ["silent", "failing"],
    "BLIND": ["reach nothing", "stand still"],
    "COMPONENT": ["intermediary"],
    "CONSISTENCY": ["eventual", "strong"],
    "ATTRIBUTE": ["written_ms"],
    "VARIABLE": ["INBOX"],
    "VALUE": ["region"],
    "FILE": ["replication_lambda/article.py"],
    "N": ["7"],
    "PLACE": ["us-east-1"],
    "INSTANCE": ["monitor.outside"],
    "JOURNEY": ["pay", "add to cart"],
    "SYSTEM": ["ERP", "fulfilment"],
    "RESOLVER": ["resolver-1"],
    "SERVER": ["ns-2"],
    "SERVERS": ["the name servers", "the resolvers", "ns-1"],
    "WAY": ["truncated", "denied", "failed", "astray"],
}
NO_PLACEHOLDERS = {"API", "DB", "DNS", "MISSED", "INVALID", "ABORTED"}
ONE = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: f"{one.type} {phrase_of(one).shape}")


def sentences(shape: str) -> list[str]:
    """All that a shape says may be written: with and without what is in brackets, with every kind of word filled in."""
    parts = [["", part[1:-1]] if part[0] == "[" else [part] for part in re.findall(r"\[[^]]*\]|[^[]+", shape)]
    texts = ["".join(chosen) for chosen in itertools.product(*parts)]
    for name, values in FILLED.items():
        texts = [re.sub(rf"\b{name}\b", value, text) for text in texts for value in values]
    return list(dict.fromkeys(texts))


def fitting(text: str, kind: str | None) -> list[StepFunctionContext]:
    return [one for one in DEFINITIONS if defines(one, SimpleNamespace(name=text, type=kind))]


def test_all_three_kinds_are_there() -> None:
    assert {one.type for one in DEFINITIONS} == {"given", "when", "then"}
    assert set(FILLED) == set(PLACEHOLDERS)


@ONE
def test_a_step_says_what_it_is_for_and_how_it_is_written(definition: StepFunctionContext) -> None:
    phrase = phrase_of(definition)
    assert phrase.what.endswith("."), phrase
    assert phrase.examples
    for text in (*phrase.examples, *sentences(phrase.shape)):
        assert fitting(text, definition.type) == [definition], text
    unknown = set(re.findall(r"\b[A-Z][A-Z]+\b", phrase.shape)) - set(PLACEHOLDERS) - NO_PLACEHOLDERS
    assert not unknown


@ONE
def test_a_step_stands_in_the_guide(definition: StepFunctionContext) -> None:
    """A row of its table: what the step is, and what it says of itself."""
    guide = (ROOT / "docs" / "WRITING_A_DRILL.md").read_text(encoding="utf-8")
    phrase = phrase_of(definition)
    assert f"\n| {phrase.keyword} {phrase.shown} | {phrase.what} |\n" in guide


def test_every_step_of_the_drills_that_ship_is_known() -> None:
    assert len(known_drills()) > 5
    files = sorted((ROOT / "features").glob("*.feature"))
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    steps = [line.partition(" ")[2] for line in lines if line.startswith(("Given ", "When ", "Then ", "And "))]
    kinds = ("given", "when", "then")
    assert [step for step in steps if "<" not in step and not any(fitting(step, kind) for kind in kinds)] == []


def test_phrases_are_listed_given_when_then() -> None:
    kinds = [phrase.keyword for phrase in known_phrases(DEFINITIONS)]
    assert kinds == sorted(kinds, key=("Given", "When", "Then").index)
    assert len(kinds) == len(DEFINITIONS)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("the primary region is gone, refused", "REGION is lost, MODE [for N seconds]"),
        ("a recovery time objective of ten seconds", "a recovery time objective of N seconds"),
        ("client are served by the standby region", "clients are served by REGION within the recovery time objective"),
        ("the process monitor.outside is kiled", "the process INSTANCE is killed [for N seconds]"),
    ],
)
def test_the_nearest_step_is_found(text: str, shape: str) -> None:
    found = nearest(text, known_phrases(DEFINITIONS))
    assert found is not None
    assert found.shown == shape


@pytest.mark.parametrize(
    "text",
    [
        "the primary region is lost, black holed",
        "the primary region is lost, black holed, for 20 seconds",
        "the standby region is isolated from the rest, blackholed",
        "DynamoDB is lost in the primary region, refuse",
        "the monitor is cut off, silent",
    ],
)
def test_the_nearest_step_of_a_fault_that_has_modes_names_them(text: str) -> None:
    found = nearest(text, known_phrases(DEFINITIONS))
    assert found is not None
    assert f'"{found.shown}" (MODE is black-holed (no answer), refused ' in found.offered
    assert "or reset" in found.offered


def test_the_nearest_step_says_how_a_process_is_named() -> None:
    found = nearest("the process monitor is kiled", known_phrases(DEFINITIONS))
    assert found is not None
    assert "(INSTANCE is a process of the subject: COMPONENT.PLACE, as monitor.outside)" in found.offered


def test_nothing_is_near_to_something_else() -> None:
    assert nearest("qqq", known_phrases(DEFINITIONS)) is None


def test_words_are_looked_for_in_all_that_is_told() -> None:
    phrase = Phrase("When", "REGION is lost, MODE", "Breaks it.", ("the primary region is lost, reset",))
    assert phrase.about(["WHEN", "lost"])
    assert phrase.about(["black-holed"])
    assert not phrase.about(["lost", "process"])


def drill_steps(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli.main", "steps", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_users_own_steps_are_listed_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        'from pytest_bdd import then\n@then("my pager rang")\ndef _(drill):\n    """Asks the pager."""\n'
    )
    (tmp_path / "mine.feature").write_text("Feature: F\n  Scenario: S\n    Given nothing that anybody knows\n")
    (tmp_path / "test_mine.py").write_text(
        "from pytest_bdd import scenarios, when\nscenarios('mine.feature')\n@when('it rains')\ndef _(): pass\n"
    )
    done = drill_steps(tmp_path, "--in", ".")
    assert done.returncode == 0, done.stderr
    assert "my pager rang\n      Asks the pager.\n      Defined in " in done.stdout
    assert "it rains" in done.stdout
    assert "steady state in REGION" in done.stdout
    assert "trace" not in done.stdout.split()


def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import nothing_of_that_name\n")
    done = drill_steps(tmp_path, "--in", ".")
    assert done.returncode == 3
    assert "nothing_of_that_name" in done.stderr
    assert all(line.startswith(("drill: ", " ")) for line in done.stderr.splitlines())


def test_words_that_no_step_is_about() -> None:
    from harness.cli.steps import list_steps

    with pytest.raises(InputError, match="no step is about the primary region is gone; the nearest is "):
        list_steps(["the", "primary", "region", "is", "gone"])
