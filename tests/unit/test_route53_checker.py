"""One health checker: thresholds, interval, limits."""

from __future__ import annotations

import pytest

from harness.engines.health_checks.checker import (
    Checker,
    Due,
    Finished,
    Probe,
    Sleep,
    VoteChanged,
    step,
)
from harness.engines.health_checks.route53 import SEARCHED_BYTES, judge_body, judge_status, limits_of
from harness.units import NS_PER_S

INTERVAL_NS = 10 * NS_PER_S


def fed(results: str, threshold: int = 3) -> Checker:
    """A checker after these results: `+` good, `-` bad."""
    state = Checker(INTERVAL_NS, threshold)
    for turn, result in enumerate(results):
        state, _ = step(state, Due(), 2 * turn * INTERVAL_NS)
        state, _ = step(state, Finished(result == "+", "text"), (2 * turn + 1) * INTERVAL_NS)
    return state


@pytest.mark.parametrize(
    ("results", "healthy"),
    [
        ("", True),
        ("--", True),
        ("---", False),
        ("--+--", True),
        ("--+---", False),
        ("---++", False),
        ("---+++", True),
        ("---++-+++", True),
        ("---++-++", False),
    ],
)
def test_a_vote_takes_three_contradictions_in_a_row_both_ways(results: str, healthy: bool) -> None:
    assert fed(results).healthy is healthy


def test_with_a_threshold_of_one_every_result_is_the_vote() -> None:
    assert [fed(results, threshold=1).healthy for results in ("+", "+-", "+-+")] == [True, False, True]


def test_the_interval_is_counted_from_the_response_not_from_the_request() -> None:
    state, asked = step(Checker(INTERVAL_NS, 3), Due(), 100)
    assert asked == (Probe(),)
    _, effects = step(state, Finished(False, "late"), 100 + 6 * NS_PER_S)
    assert effects == (Sleep(100 + 6 * NS_PER_S + INTERVAL_NS),)


def test_the_third_failure_says_that_the_vote_changed_and_still_asks_for_the_next_turn() -> None:
    state, _ = step(fed("--"), Due(), 70)
    state, effects = step(state, Finished(False, "no"), 80)
    assert effects == (VoteChanged(False), Sleep(80 + INTERVAL_NS))
    assert state.last_failure is state.last


def test_a_good_result_does_not_hide_why_it_last_failed() -> None:
    state = fed("-+")
    assert state.last is not None
    assert state.last.ok
    assert state.last_failure is not None
    assert not state.last_failure.ok


def test_a_checker_without_a_result_has_no_data_and_votes_healthy() -> None:
    assert (fed("").has_data, fed("").healthy, fed("-").has_data) == (False, True, True)


def test_answers_that_were_not_asked_for_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="without a request"):
        step(Checker(1, 1), Finished(True, ""), 0)
    with pytest.raises(ValueError, match="one request"):
        step(Checker(1, 1, asking=True), Due(), 0)


@pytest.mark.parametrize(
    ("kind", "scale", "seconds"),
    [("HTTP", 1.0, (4, 2, 2)), ("TCP", 1.0, (10, 2, 2)), ("HTTP", 0.1, (1, 1, 1)), ("HTTPS", 0.5, (2, 1, 1))],
)
def test_scaled_time_outs_never_go_below_a_second(kind: str, scale: float, seconds: tuple[int, int, int]) -> None:
    limits = limits_of(kind, scale)
    assert (limits.connect_ns, limits.status_ns, limits.body_ns) == tuple(s * NS_PER_S for s in seconds)


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (302, True), (399, True), (400, False), (503, False)]
)
def test_two_hundreds_and_three_hundreds_are_healthy(status: int, ok: bool) -> None:
    assert judge_status(status, "Reason").ok is ok


def test_the_search_string_counts_only_wholly_within_the_first_5120_bytes() -> None:
    inside = b"x" * (SEARCHED_BYTES - 4) + b"live"
    assert judge_body(inside, "live").ok
    assert not judge_body(b"x" + inside, "live").ok
    assert not judge_body(inside, "LIVE").ok
