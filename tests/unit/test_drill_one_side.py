"""A scenario that wants one side at a time, and designs that promise something else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.drill.judging import moves
from harness.drill.measures import Measures
from harness.outcome import Verdict


@pytest.mark.parametrize(
    ("promise", "verdict", "begins"),
    [
        (Promise("both"), Verdict.MISSED, "this scenario wants one side at a time, and the subject's file promises"),
        (Promise("both"), Verdict.MET, "both sides"),
        (Promise("one"), Verdict.MISSED, "both sides"),
        (None, Verdict.MISSED, "both sides"),
    ],
)
def test_who_promises_to_write_on_both_sides_is_told_that_the_scenario_wants_one(
    promise: Promise | None, verdict: Verdict, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = CheckResult("split-brain", verdict, "both sides accepted writes")
    monkeypatch.setattr(moves, "split_brain_of", lambda _: found)
    told = moves.one_side_required(cast("Measures", SimpleNamespace(case=SimpleNamespace(promise=promise))))
    assert (told.verdict, told.text.startswith(begins)) == (verdict, True)
