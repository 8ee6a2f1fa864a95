"""The lifecycle of a drill, as a pure machine: it waits for what clients see, and gives up when a deadline passes.

    starting -> steady -> fault -> recovery -> hold -> heal -> failback -> steady again -> ... -> done

The steps of a scenario enter a phase (`Enter`) and say when a fault is there (`Applied`); the loop reports what the
witness has seen (`Observed`). The machine answers with effects: `Reached` (the step may return), `GiveUp` (the drill
ends with that verdict), `Announce` (a lifecycle mark for the history). It never asks the system under test anything.

| phase    | reached when                                               | given up when                        |
|----------|------------------------------------------------------------|--------------------------------------|
| STEADY   | facts are steady for `steady_for_ns` without a break       | `steady_timeout_ns` passed: see below |
| FAULT    | the canary has seen the fault at its victim                | `canary_timeout_ns` passed: INVALID  |
| RECOVERY | every judged client is served again by it (then HOLD)      | objective + window passed: MISSED    |
| HOLD     | nothing fails for the window (a failure: back to RECOVERY) | never: how late is for the bracket   |
| OBSERVE  | its time has passed                                        | never                                |
| FAILBACK | all clients are served by that place for `settle_ns`       | `failback_timeout_ns` passed: MISSED |

A steady state that is not reached is MISSED where the subject is to blame (after a fault that is more than before: see
`checkers/steady_state.py`); else the drill is INVALID, whenever that was: the harness was not able to look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from harness.outcome import Verdict
from harness.units import to_s


class Phase(StrEnum):
    """The phases of a drill, in their order."""

    STARTING = "starting"
    STEADY = "steady state"
    STEADY_HELD = "steady state held"
    FAULT = "fault"
    RECOVERY = "recovery"
    RECOVERED = "recovered"
    HOLD = "hold"
    OBSERVE = "observe"
    HEAL = "heal"
    FAILBACK = "failback"
    QUIESCE = "quiesce"
    DONE = "done"


@dataclass(frozen=True)
class Limits:
    """How long each wait may take, in nanoseconds."""

    steady_for_ns: int
    steady_timeout_ns: int
    canary_timeout_ns: int
    objective_ns: int
    window_ns: int
    settle_ns: int
    failback_timeout_ns: int


@dataclass(frozen=True)
class Facts:
    """What the witness has seen so far. The `..._since_ns` are the moments since when it has been so without a break.

    unsteady: reasons why this is no steady state, empty when it is one. of_subject: those that the subject is to blame
    for, and nobody else. served_since_ns: by the place that is meant.
    """

    unsteady: tuple[str, ...] = ()
    of_subject: tuple[str, ...] = ()
    fault_observed: bool = False
    recovered_since_ns: int | None = None
    served_since_ns: int | None = None


@dataclass(frozen=True)
class Enter:
    """A step of the scenario enters a phase. until_ns: when OBSERVE ends. place: who must serve, for messages.

    counts_anew: recovery is measured from here, as after a fault: one place has come back while others are lost.
    """

    phase: Phase
    until_ns: int | None = None
    place: str = ""
    counts_anew: bool = False


@dataclass(frozen=True)
class Applied:
    """The fault has been brought about: what that took (a command of the stack's owner, say) is nobody's delay."""


@dataclass(frozen=True)
class Observed:
    """The loop looked at the history."""

    facts: Facts


@dataclass(frozen=True)
class Reached:
    """What the phase waited for is there."""

    phase: Phase


@dataclass(frozen=True)
class GiveUp:
    """Nothing that follows can change this verdict."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Announce:
    """A mark for the history."""

    phase: Phase


Effect = Reached | GiveUp | Announce


@dataclass(frozen=True)
class State:
    """limits; the phase, since when, and who must serve in it; since when it has been steady; when the fault was
    applied, or whatever else recovery counts from."""

    limits: Limits
    phase: Phase = Phase.STARTING
    since_ns: int = 0
    until_ns: int | None = None
    steady_since_ns: int | None = None
    fault_ns: int | None = None
    place: str = ""


def step(state: State, event: Enter | Applied | Observed, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state and what to do. See the table at the top of this module."""
    if isinstance(event, Enter):
        return _enter(state, event, now_ns), (Announce(event.phase),)
    if isinstance(event, Applied):
        return replace(state, since_ns=now_ns, fault_ns=now_ns), ()
    if state.phase is Phase.STEADY:
        return _steady(state, event.facts, now_ns)
    if state.phase is Phase.FAULT:
        return state, _fault(state, event.facts, now_ns)
    if state.phase in (Phase.RECOVERY, Phase.HOLD):
        return _recovery(state, event.facts, now_ns)
    if state.phase is Phase.OBSERVE:
        passed = state.until_ns is not None and now_ns >= state.until_ns
        return state, (Reached(Phase.OBSERVE),) if passed else ()
    if state.phase is Phase.FAILBACK:
        return state, _failback(state, event.facts, now_ns)
    return state, ()


def _enter(state: State, event: Enter, now_ns: int) -> State:
    fault_ns = now_ns if event.phase is Phase.FAULT or event.counts_anew else state.fault_ns
    return replace(
        state,
        phase=event.phase,
        since_ns=now_ns,
        until_ns=event.until_ns,
        steady_since_ns=None,
        fault_ns=fault_ns,
        place=event.place,
    )


def _steady(state: State, facts: Facts, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    lasted = state.steady_since_ns is not None
    since = None if facts.unsteady else (state.steady_since_ns or now_ns)
    state = replace(state, steady_since_ns=since)
    if since is not None and now_ns - since >= state.limits.steady_for_ns:
        return replace(state, phase=Phase.STEADY_HELD), (Announce(Phase.STEADY_HELD), Reached(Phase.STEADY))
    # What is steady now may hold, however late it is: on a machine that stalls we may have looked too seldom to see it.
    if facts.unsteady and now_ns - state.since_ns > state.limits.steady_timeout_ns:
        waited = to_s(state.limits.steady_timeout_ns)
        reasons = "; ".join(facts.of_subject or facts.unsteady)
        reasons = f"it did not last: {reasons}" if lasted else reasons
        verdict = Verdict.MISSED if facts.of_subject else Verdict.INVALID
        return state, (GiveUp(verdict, f"no steady state within {waited:.0f} s: {reasons}"),)
    return state, ()


def _fault(state: State, facts: Facts, now_ns: int) -> tuple[Effect, ...]:
    if facts.fault_observed:
        return (Reached(Phase.FAULT),)
    if now_ns - state.since_ns > state.limits.canary_timeout_ns:
        return (GiveUp(Verdict.INVALID, "the fault was not observed at its victim: the drill proves nothing"),)
    return ()


def _recovery(state: State, facts: Facts, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    limits, started = state.limits, state.fault_ns if state.fault_ns is not None else state.since_ns
    since, lasting = _lasts_since(state, facts), facts.recovered_since_ns
    if since is not None and now_ns - since >= limits.window_ns:
        return state, (Reached(Phase.RECOVERY),)
    # The clients need the whole window after the objective's last moment before a miss is certain. Those that came
    # back late are watched to the end, too: whether that was too late is for the bracket to say.
    if since is None and now_ns - started > limits.objective_ns + limits.window_ns:
        within = f"within {to_s(limits.objective_ns):g} s, fault held"
        if lasting is None:
            return state, (GiveUp(Verdict.MISSED, f"clients were not served again {within}"),)
        if now_ns - lasting >= limits.window_ns:
            return state, (
                GiveUp(Verdict.MISSED, f"clients were served, but not all of them by {state.place} {within}"),
            )
    wanted = Phase.RECOVERY if since is None else Phase.HOLD
    if wanted is not state.phase:
        return replace(state, phase=wanted), (Announce(wanted),)
    return state, ()


def _lasts_since(state: State, facts: Facts) -> int | None:
    """Since when clients have been served without a break: by the place that is meant, where one is."""
    if not state.place or facts.recovered_since_ns is None:
        return facts.recovered_since_ns
    return None if facts.served_since_ns is None else max(facts.recovered_since_ns, facts.served_since_ns)


def _failback(state: State, facts: Facts, now_ns: int) -> tuple[Effect, ...]:
    since = facts.served_since_ns
    if since is not None and now_ns - since >= state.limits.settle_ns:
        return (Reached(Phase.FAILBACK),)
    if now_ns - state.since_ns > state.limits.failback_timeout_ns:
        waited = to_s(state.limits.failback_timeout_ns)
        where = state.place or "where it was"
        return (GiveUp(Verdict.MISSED, f"service did not come back to {where} within {waited:.0f} s"),)
    return ()


def next_deadline_ns(state: State, facts: Facts) -> int | None:
    """When the machine would answer differently although nothing new is seen; None: only news can change anything.

    facts: what was last seen. The moment is the first at which `step` may have an effect; it may turn out to be none.
    """
    limits = state.limits
    if state.phase is Phase.STEADY:
        given_up_ns = state.since_ns + limits.steady_timeout_ns + 1
        since = state.steady_since_ns
        return given_up_ns if since is None or facts.unsteady else since + limits.steady_for_ns
    if state.phase is Phase.FAULT:
        return state.since_ns + limits.canary_timeout_ns + 1
    if state.phase in (Phase.RECOVERY, Phase.HOLD):
        lasts_since, recovered_since = _lasts_since(state, facts), facts.recovered_since_ns
        if lasts_since is not None:
            return lasts_since + limits.window_ns
        started = state.fault_ns if state.fault_ns is not None else state.since_ns
        given_up_ns = started + limits.objective_ns + limits.window_ns + 1
        return given_up_ns if recovered_since is None else max(given_up_ns, recovered_since + limits.window_ns)
    if state.phase is Phase.OBSERVE:
        return state.until_ns
    if state.phase is Phase.FAILBACK:
        given_up_ns = state.since_ns + limits.failback_timeout_ns + 1
        since = facts.served_since_ns
        return given_up_ns if since is None else min(given_up_ns, since + limits.settle_ns)
    return None
