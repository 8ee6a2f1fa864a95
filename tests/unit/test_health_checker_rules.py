"""A checker by rules that differ from Route 53's: two thresholds, retries at once, a pace, a vote without data."""

from __future__ import annotations

from harness.engines.health_checks.checker import Checker, Due, Finished, Limits, Probe, Sleep, VoteChanged, step
from harness.units import NS_PER_S

EVERY_NS = 60 * NS_PER_S
GOOD, BAD, LATE = Finished(True, "good"), Finished(False, "bad", "status", 503), Finished(False, "late", "timeout")


def fed(state: Checker, *results: Finished) -> Checker:
    for result in results:
        if not state.asking:
            state, _ = step(state, Due(), 0)
        state, _ = step(state, result, 1)
    return state


def test_the_ways_down_and_up_have_numbers_of_their_own() -> None:
    state = Checker(EVERY_NS, 1, up_threshold=3)
    assert not fed(state, BAD).healthy
    assert not fed(state, BAD, GOOD, GOOD).healthy
    assert not fed(state, BAD, GOOD, GOOD, BAD, GOOD).healthy
    assert fed(state, BAD, GOOD, GOOD, GOOD).healthy


def test_a_request_that_timed_out_is_sent_again_at_once_and_only_the_last_one_counts() -> None:
    state, _ = step(Checker(EVERY_NS, 1, retries=2), Due(), 0)
    for turn in (5, 10):
        state, effects = step(state, LATE, turn * NS_PER_S)
        assert (effects, state.healthy, state.has_data) == ((Probe(),), True, False)
    state, effects = step(state, LATE, 15 * NS_PER_S)
    assert effects == (VoteChanged(False), Sleep(15 * NS_PER_S + EVERY_NS))
    assert state.last is not None
    assert state.last.took_ns == 5 * NS_PER_S, "of the request that counts"


def test_a_retry_that_succeeds_leaves_nothing_against_it_and_the_next_turn_has_all_retries_again() -> None:
    state = fed(Checker(EVERY_NS, 1, retries=1), LATE, GOOD)
    assert state.healthy
    assert state.last_failure is None
    assert fed(state, LATE).asking, "asked again"


def test_what_is_refused_or_answered_wrongly_is_not_retried() -> None:
    assert not fed(Checker(EVERY_NS, 1, retries=2), BAD).healthy
    assert not fed(Checker(EVERY_NS, 1, retries=2), Finished(False, "refused", "connection")).healthy


def test_a_paced_checker_counts_from_its_request_and_is_never_due_in_the_past() -> None:
    state, _ = step(Checker(EVERY_NS, 1, paced=True), Due(), 7)
    assert step(state, GOOD, NS_PER_S)[1] == (Sleep(7 + EVERY_NS),)
    assert step(state, BAD, 2 * EVERY_NS)[1] == (VoteChanged(False), Sleep(2 * EVERY_NS))


def test_a_checker_may_hold_an_endpoint_to_be_down_until_it_has_data() -> None:
    state = Checker(EVERY_NS, 1, healthy=False, up_threshold=2)
    assert not fed(state, GOOD).healthy
    assert fed(state, GOOD, GOOD).healthy


def test_one_limit_for_everything() -> None:
    assert Limits.together(5) == Limits(connect_ns=5, status_ns=5, body_ns=5, whole_ns=5)
