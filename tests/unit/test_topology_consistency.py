"""`consistency:` of a subject file: what is promised of the data, with defaults that any plan can keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checkers.promise import Promise
from harness.drill.promises import promise_of
from harness.errors import InputError
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Subject

ROOT = Path(__file__).parents[2]
SUBJECT = """\
subject: mine
tables:
  - {name: items, key: id, value: value}
components:
  - {name: app, command: [python, app.py], region: each, port_env: PORT}
"""


def loaded(folder: Path, section: str = "") -> Subject:
    path = folder / "subject.yaml"
    path.write_text(f"{SUBJECT}{section}\n", encoding="utf-8")
    return load_subject(path, load_environment(ROOT / "environments" / "embedded.yaml"))


def test_what_is_not_said_is_what_any_plan_can_keep(tmp_path: Path) -> None:
    assert promise_of(loaded(tmp_path).consistency) == Promise()
    assert Promise() == Promise(writes=None, reads="session", staleness_ns=0, deletes_final=True)


def test_everything_can_be_said(tmp_path: Path) -> None:
    section = "consistency: {writes: both, reads: eventual, staleness_s: 2.5, deletes: undoable}"
    assert promise_of(loaded(tmp_path, section).consistency) == Promise("both", "eventual", 2_500_000_000, False)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("consistency: {writes: some}", "'one' or 'both'"),
        ("consistency: {reads: eventual}", "needs staleness_s"),
        ("consistency: {reads: strong, staleness_s: 2}", "only for reads: eventual"),
        ("consistency: {staleness_s: 2}", "only for reads: eventual"),
        ("consistency: {reads: eventual, staleness_s: -1}", "staleness_s"),
        ("consistency: {delete: final}", "delete"),
    ],
)
def test_what_would_have_no_effect_or_no_meaning_is_refused_with_its_line(
    tmp_path: Path, section: str, words: str
) -> None:
    with pytest.raises(InputError) as refused:
        loaded(tmp_path, section)
    assert words in str(refused.value)
    assert "subject.yaml:6" in str(refused.value)


def test_the_reference_says_what_it_promises() -> None:
    subject = load_subject(
        ROOT / "reference" / "subject.yaml", load_environment(ROOT / "environments" / "embedded.yaml")
    )  # fmt: skip
    assert subject.consistency.writes == "one"
