"""Values that can say "I do not know", and the orders in which verdicts outweigh each other."""

from __future__ import annotations

from itertools import permutations

import pytest

from harness.errors import (
    DrillError,
    DrillInvalid,
    DrillMissed,
    DrillUnknown,
    HealError,
    InputError,
    LinkError,
    Problem,
    ProcessError,
    SubjectError,
    VerdictReached,
    WorldError,
)
from harness.outcome import Bracket, Verdict, merge, merge_run
from harness.units import to_ns, to_s

MET, MISSED, UNKNOWN, INVALID = Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN, Verdict.INVALID
S = to_ns(1)


def test_a_drill_is_invalid_over_missed_over_unknown_over_met() -> None:
    order = (INVALID, MISSED, UNKNOWN, MET)
    for place, verdict in enumerate(order):
        for rest in permutations(order[place:]):
            assert merge(rest) is verdict


def test_a_run_is_missed_over_unknown_over_invalid_over_met() -> None:
    order = (MISSED, UNKNOWN, INVALID, MET)
    for place, verdict in enumerate(order):
        for rest in permutations(order[place:]):
            assert merge_run(rest) is verdict


def test_nothing_judged_is_no_pass() -> None:
    assert merge([]) is INVALID
    assert merge_run([]) is INVALID


@pytest.mark.parametrize(
    ("low", "high", "objective", "verdict"),
    [
        (1, 2, 2, MET),  # the objective itself is within
        (1, 2, 3, MET),
        (2, 3, 2, UNKNOWN),  # the low end may just meet it
        (1, 3, 2, UNKNOWN),
        (3, 4, 2, MISSED),
        (0, 0, 0, MET),
        (1, None, 2, MISSED),  # never seen to end
        (3, None, 2, MISSED),
    ],
)
def test_a_bracket_is_met_or_missed_only_as_a_whole(
    low: int, high: int | None, objective: int, verdict: Verdict
) -> None:
    assert Bracket(low * S, None if high is None else high * S).judge(objective * S) is verdict


def test_brackets_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot start below zero"):
        Bracket(-1, 5)
    with pytest.raises(ValueError, match="cannot end before it starts"):
        Bracket(5, 4)


def test_a_bracket_as_evidence_is_in_seconds() -> None:
    assert Bracket(S, 2 * S, S).as_evidence() == {"low_s": 1.0, "high_s": 2.0, "point_s": 1.0}
    assert Bracket(S, None).as_evidence() == {"low_s": 1.0, "high_s": None, "point_s": None}
    assert Bracket(S, 3 * S).width_ns == 2 * S
    assert Bracket(S, None).width_ns is None


def test_seconds_become_whole_nanoseconds() -> None:
    assert to_ns(0.1) == 100_000_000
    assert to_ns(1e-9) == 1
    assert to_s(to_ns(12.5)) == 12.5


def test_the_tree_of_errors_says_whose_fault_it_is() -> None:
    assert {c.__name__ for c in DrillError.__subclasses__()} == {
        "InputError", "SubjectError", "WorldError", "JudgingFailed", "NotMeasurable", "VerdictReached",
    }  # fmt: skip
    assert all(issubclass(c, WorldError) for c in (ProcessError, LinkError, HealError))
    assert all(issubclass(c, VerdictReached) for c in (DrillMissed, DrillUnknown, DrillInvalid))


def test_errors_say_where_and_all_of_it() -> None:
    error = InputError(Problem("a.yaml", 3, "wrong"), Problem("a.yaml", None, "too"), "and this")
    assert str(error) == "a.yaml:3: wrong\na.yaml: too\nand this"
    died = SubjectError("app.us-east-1", "exited with code 1", ["Traceback", "KeyError: 'PORT'"])
    assert str(died) == "component app.us-east-1: exited with code 1\n    Traceback\n    KeyError: 'PORT'"
