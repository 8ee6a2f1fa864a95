"""The lifecycle machine, row by row of the table in its module, and what may never come out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill import lifecycle
from harness.drill.lifecycle import (
    Announce,
    Applied,
    Enter,
    Facts,
    GiveUp,
    Limits,
    Observed,
    Phase,
    Reached,
    State,
    step,
)
from harness.outcome import Verdict
from harness.units import to_ns

S = to_ns(1)
LIMITS = Limits(
    steady_for_ns=5 * S,
    steady_timeout_ns=40 * S,
    canary_timeout_ns=4 * S,
    objective_ns=20 * S,
    window_ns=10 * S,
    settle_ns=2 * S,
    failback_timeout_ns=60 * S,
)
UNSTEADY = Facts(unsteady=("3 of 16 checkers have data",))


def entered(phase: Phase, at_s: float = 0, state: State | None = None, until_s: float | None = None) -> State:
    until_ns = None if until_s is None else to_ns(until_s)
    after, effects = step(state or State(LIMITS), Enter(phase, until_ns), to_ns(at_s))
    assert effects == (Announce(phase),)
    assert after.phase is phase
    return after


def seen(state: State, at_s: float, facts: Facts) -> tuple[State, tuple[lifecycle.Effect, ...]]:
    return step(state, Observed(facts), to_ns(at_s))


# --- STEADY ---------------------------------------------------------------------------------------------------------


def test_steady_state_is_reached_when_it_held_for_long_enough() -> None:
    state, effects = seen(entered(Phase.STEADY), 1, Facts())
    assert effects == ()
    state, effects = seen(state, 5.9, Facts())
    assert effects == ()
    _, effects = seen(state, 6, Facts())
    assert Reached(Phase.STEADY) in effects


def test_a_break_of_the_steady_state_starts_the_count_again() -> None:
    state, _ = seen(entered(Phase.STEADY), 0.5, Facts())
    state, _ = seen(state, 5, UNSTEADY)
    state, effects = seen(state, 6, Facts())
    assert effects == ()
    state, effects = seen(state, 10.9, Facts())
    assert effects == ()
    assert Reached(Phase.STEADY) in seen(state, 11, Facts())[1]


def test_no_steady_state_before_the_fault_is_invalid_and_says_what_was_missing() -> None:
    state = entered(Phase.STEADY)
    assert seen(state, 40, UNSTEADY)[1] == ()
    ((effect),) = seen(state, 40.001, UNSTEADY)[1]
    assert isinstance(effect, GiveUp)
    assert effect.verdict is Verdict.INVALID
    assert "3 of 16 checkers have data" in effect.reason


def test_who_looks_late_blames_nobody_for_what_is_steady_by_then() -> None:
    state, _ = seen(entered(Phase.STEADY), 4, BROKEN)
    state, effects = seen(state, 60, Facts())
    assert effects == ()
    assert Reached(Phase.STEADY) in seen(state, 65, Facts())[1]


def test_a_steady_state_that_comes_late_and_breaks_is_none() -> None:
    state, _ = seen(entered(Phase.STEADY), 38, Facts())
    (effect,) = seen(state, 41, BROKEN)[1]
    assert effect == GiveUp(Verdict.MISSED, "no steady state within 40 s: it did not last: only 60.0% succeed")


BROKEN = Facts(unsteady=("only 60.0% succeed", "a part waits"), of_subject=("only 60.0% succeed",))


@pytest.mark.parametrize("after", [None, Phase.FAULT])
@pytest.mark.parametrize(("facts", "verdict"), [(BROKEN, Verdict.MISSED), (UNSTEADY, Verdict.INVALID)])
def test_no_steady_state_is_a_miss_where_the_subject_is_to_blame_and_nowhere_else(
    after: Phase | None, facts: Facts, verdict: Verdict
) -> None:
    """Also after a fault: that a part of the world is late says nothing of the subject."""
    state = entered(Phase.STEADY, 30, None if after is None else entered(after, 10))
    (effect,) = seen(state, 70.001, facts)[1]
    assert isinstance(effect, GiveUp)
    assert effect.verdict is verdict
    assert (facts.of_subject or facts.unsteady)[0] in effect.reason
    assert "a part waits" not in effect.reason


# --- FAULT ----------------------------------------------------------------------------------------------------------


def test_how_long_a_fault_took_to_be_brought_about_is_no_delay_of_anybody() -> None:
    state, effects = step(entered(Phase.FAULT, 100), Applied(), to_ns(160))
    assert effects == ()
    assert seen(state, 163.9, Facts())[1] == ()
    assert seen(state, 163.9, Facts(fault_observed=True))[1] == (Reached(Phase.FAULT),)
    assert [type(effect) for effect in seen(state, 164.1, Facts())[1]] == [GiveUp]
    waiting = entered(Phase.RECOVERY, 161, state)
    assert seen(waiting, 189, Facts())[1] == ()  # objective and window, from when the fault was there
    assert [type(effect) for effect in seen(waiting, 190.1, Facts())[1]] == [GiveUp]


def test_a_fault_is_there_once_its_canary_has_seen_it() -> None:
    state = entered(Phase.FAULT, 10)
    assert seen(state, 12, Facts())[1] == ()
    assert seen(state, 13, Facts(fault_observed=True))[1] == (Reached(Phase.FAULT),)


def test_a_fault_that_nobody_saw_proves_nothing() -> None:
    state = entered(Phase.FAULT, 10)
    assert seen(state, 14, Facts())[1] == ()
    (effect,) = seen(state, 14.001, Facts())[1]
    assert isinstance(effect, GiveUp)
    assert effect.verdict is Verdict.INVALID


# --- RECOVERY and HOLD ----------------------------------------------------------------------------------------------


def recovering() -> State:
    """The fault at 10 s, recovery waited for since 12 s."""
    return entered(Phase.RECOVERY, 12, entered(Phase.FAULT, 10))


def test_recovery_is_announced_as_a_hold_and_reached_after_the_window() -> None:
    state, effects = seen(recovering(), 15, Facts())
    assert effects == ()
    state, effects = seen(state, 18, Facts(recovered_since_ns=17 * S))
    assert effects == (Announce(Phase.HOLD),)
    state, effects = seen(state, 26.9, Facts(recovered_since_ns=17 * S))
    assert effects == ()
    assert seen(state, 27, Facts(recovered_since_ns=17 * S))[1] == (Reached(Phase.RECOVERY),)


def test_a_failure_during_the_hold_goes_back_to_recovery() -> None:
    state, _ = seen(recovering(), 18, Facts(recovered_since_ns=17 * S))
    assert state.phase is Phase.HOLD
    state, effects = seen(state, 20, Facts())
    assert effects == (Announce(Phase.RECOVERY),)
    assert state.phase is Phase.RECOVERY


def test_a_miss_is_certain_only_after_the_objective_and_the_whole_window() -> None:
    state = recovering()
    assert seen(state, 40, Facts())[1] == ()
    (effect,) = seen(state, 40.001, Facts())[1]
    assert isinstance(effect, GiveUp)
    assert effect.verdict is Verdict.MISSED
    assert "within 20 s" in effect.reason


def test_a_recovery_in_the_last_moment_gets_its_whole_window() -> None:
    state, _ = seen(recovering(), 30, Facts(recovered_since_ns=30 * S))
    assert seen(state, 39.9, Facts(recovered_since_ns=30 * S))[1] == ()
    assert seen(state, 40.001, Facts(recovered_since_ns=30 * S))[1] == (Reached(Phase.RECOVERY),)


def test_a_late_recovery_is_watched_to_its_end_and_left_to_the_bracket() -> None:
    """Between the two ends of the bracket it is nobody's miss yet."""
    facts = Facts(recovered_since_ns=to_ns(30.1))
    state, _ = seen(recovering(), 31, facts)
    assert seen(state, 40.05, facts)[1] == ()
    assert seen(state, 40.2, facts)[1] == (Reached(Phase.RECOVERY),)


def test_the_objective_counts_from_the_fault_and_not_from_the_step_that_asks() -> None:
    late = entered(Phase.RECOVERY, 35, entered(Phase.FAULT, 10))
    assert isinstance(seen(late, 40.5, Facts())[1][0], GiveUp)


def test_a_recovery_is_no_sooner_than_the_place_that_is_meant_has_served_for_the_window() -> None:
    state, _ = step(State(LIMITS), Enter(Phase.RECOVERY, place="us-west-2"), 0)
    by_others = Facts(recovered_since_ns=2 * S)
    state, effects = seen(state, 20, by_others)
    assert effects == ()
    by_it = Facts(recovered_since_ns=2 * S, served_since_ns=22 * S)
    state, effects = seen(state, 31.9, by_it)
    assert effects == (Announce(Phase.HOLD),)
    assert Reached(Phase.RECOVERY) in seen(state, 32, by_it)[1]


def test_clients_that_are_served_by_somebody_else_are_given_up_in_the_end() -> None:
    state, _ = step(State(LIMITS), Enter(Phase.RECOVERY, place="us-west-2"), 0)
    by_others = Facts(recovered_since_ns=2 * S)
    assert seen(state, 30, by_others)[1] == ()
    [told] = seen(state, 30.1, by_others)[1]
    assert isinstance(told, GiveUp)
    assert "not all of them by us-west-2 within 20 s" in told.reason


# --- OBSERVE, FAILBACK, the rest ------------------------------------------------------------------------------------


def test_observing_ends_with_its_time_whatever_is_seen() -> None:
    state = entered(Phase.OBSERVE, 10, until_s=15)
    assert seen(state, 14.9, Facts())[1] == ()
    assert seen(state, 15, UNSTEADY)[1] == (Reached(Phase.OBSERVE),)
    assert seen(entered(Phase.OBSERVE, 10), 1e6, Facts())[1] == ()


def test_failback_is_reached_when_the_primary_has_served_everybody_for_a_while() -> None:
    state = entered(Phase.FAILBACK, 50)
    assert seen(state, 55, Facts())[1] == ()
    assert seen(state, 56.9, Facts(served_since_ns=55 * S))[1] == ()
    assert seen(state, 57, Facts(served_since_ns=55 * S))[1] == (Reached(Phase.FAILBACK),)


def test_a_failback_that_does_not_come_is_a_miss() -> None:
    state = entered(Phase.FAILBACK, 50)
    assert seen(state, 110, Facts())[1] == ()
    (effect,) = seen(state, 110.001, Facts())[1]
    assert isinstance(effect, GiveUp)
    assert effect.verdict is Verdict.MISSED


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.HEAL, Phase.QUIESCE, Phase.DONE])
def test_phases_that_wait_for_nothing_have_no_effects(phase: Phase) -> None:
    state = entered(phase)
    assert seen(state, 1e6, UNSTEADY) == (state, ())


def test_entering_a_phase_forgets_how_long_it_was_steady() -> None:
    state, _ = seen(entered(Phase.STEADY), 4, Facts())
    state = entered(Phase.STEADY, 5, state)
    assert seen(state, 6, Facts())[1] == ()
    assert state.steady_since_ns is None


def test_every_phase_that_waits_has_a_row_in_the_table() -> None:
    text = Path(lifecycle.__file__).read_text().split('"""')[1]
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")}
    assert rows - {"phase", "-" * 10} == {"STEADY", "FAULT", "RECOVERY", "HOLD", "OBSERVE", "FAILBACK"}
