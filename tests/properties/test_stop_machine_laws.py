"""Whatever clients see, and whenever it is looked at: a drill is aborted when a condition holds, and only then."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from harness.drill.stopping import machine
from harness.drill.stopping import window as windows
from harness.drill.stopping.conditions import CommandCondition, RequestCondition, StopConditions
from harness.drill.stopping.machine import (
    Abort,
    Arm,
    CommandEnded,
    Disarm,
    EndCommand,
    Ended,
    Looked,
    RunCommand,
    State,
)
from harness.history.events import Completion
from harness.outcome import Outcome
from harness.units import NS_PER_MS, NS_PER_S

WINDOW_NS = 2 * NS_PER_S
ERRORS = RequestCondition(share=0.5, window_ns=WINDOW_NS, requests=4)
SLOW = RequestCondition(share=0.5, window_ns=WINDOW_NS, requests=4, above_ns=200 * NS_PER_MS)
COMMAND = CommandCondition("look", every_ns=NS_PER_S, timeout_ns=3 * NS_PER_S)

requests = st.lists(
    st.tuples(st.integers(0, 400 * NS_PER_MS), st.booleans(), st.integers(0, 400 * NS_PER_MS), st.booleans()),
    max_size=120,
)
"""How long after the one before it ended, whether it was served, how long it took, and whether it counts at all."""


def ended(number: int, at_ns: int, good: bool, took_ns: int = 0, cohort: str = "dns") -> Ended:
    outcome, error = (Outcome.OK, None) if good else (Outcome.FAIL, "refused")
    done = Completion(f"op-{number}", 0, f"{cohort}-0", cohort, "get", "k", None, outcome, at_ns, error=error)
    return Ended(done, at_ns - took_ns)


def course(steps: list[tuple[int, bool, int, bool]]) -> list[Ended]:
    found, at_ns = [], 10 * NS_PER_S
    for number, (later_ns, good, took_ns, counts) in enumerate(steps):
        at_ns += later_ns
        found.append(ended(number, at_ns, good, took_ns, "dns" if counts else "keepalive"))
    return found


def first_abort(state: State, events: list[machine.Event]) -> tuple[int, Abort] | None:
    for number, event in enumerate(events):
        state, effects = machine.step(state, event, 0)
        for effect in effects:
            if isinstance(effect, Abort):
                return number, effect
    return None


@given(requests)
def test_what_is_counted_is_what_clients_saw_in_that_time(steps: list[tuple[int, bool, int, bool]]) -> None:
    for condition in (ERRORS, SLOW):
        seen = course(steps)
        stopped = first_abort(machine.initial(StopConditions(errors=condition)), [Arm(), *seen])
        if stopped is None:
            continue
        breach = stopped[1].breach
        within = [e for e in seen if breach.from_ns <= e.completion.mono_ns < breach.until_ns]
        judged = [condition.bad(e.completion, e.completion.mono_ns - e.sent_ns) for e in within]
        assert (breach.bad, breach.total) == (judged.count(True), judged.count(True) + judged.count(False))
        assert Fraction(breach.bad, breach.total) > Fraction(1, 2)
        assert breach.total >= 4
        assert set(breach.ops) <= {e.completion.op for e, bad in zip(within, judged, strict=True) if bad}
        assert breach.until_ns - breach.from_ns == WINDOW_NS


@given(requests)
def test_it_never_misses_a_window_that_ends_with_a_slice(steps: list[tuple[int, bool, int, bool]]) -> None:
    seen = [e for e in course(steps) if e.completion.cohort == "dns"]
    stopped = first_abort(machine.initial(StopConditions(errors=ERRORS)), [Arm(), *seen])
    slice_ns = windows.window_of(WINDOW_NS).slice_ns
    last_ns = seen[-1].completion.mono_ns - windows.GRACE_NS if seen else 0
    first = seen[0].completion.mono_ns // slice_ns if seen else 0
    for end in range(first + 1, last_ns // slice_ns + 1):
        until_ns = end * slice_ns
        within = [e for e in seen if until_ns - WINDOW_NS <= e.completion.mono_ns < until_ns]
        bad = sum(not e.completion.served for e in within)
        if len(within) >= 4 and 2 * bad > len(within):
            assert stopped is not None
            assert stopped[1].breach.until_ns <= until_ns
            return
    assert stopped is None


@given(requests)
def test_a_good_run_is_never_aborted(steps: list[tuple[int, bool, int, bool]]) -> None:
    good = [(later, True, min(took, 200 * NS_PER_MS), counts) for later, _, took, counts in steps]
    conditions = StopConditions(ERRORS, SLOW)
    assert first_abort(machine.initial(conditions), [Arm(), *course(good)]) is None


@given(requests, st.integers(1, 40))
def test_at_rest_nothing_stops_it_and_looking_changes_nothing(
    steps: list[tuple[int, bool, int, bool]], every: int
) -> None:
    seen: list[machine.Event] = list(course(steps))
    state = machine.initial(StopConditions(errors=ERRORS))
    assert first_abort(state, [Arm(), Disarm(), *seen]) is None
    looked = [
        one for number, event in enumerate(seen) for one in ((event, Looked()) if number % every == 0 else (event,))
    ]
    plain, often = first_abort(state, [Arm(), *seen]), first_abort(state, [Arm(), *looked])
    assert (plain and plain[1]) == (often and often[1])


@given(requests)
def test_slices_never_add_up_beyond_their_number(steps: list[tuple[int, bool, int, bool]]) -> None:
    """Each look costs the same: nothing grows with the length of a drill."""
    state = machine.initial(StopConditions(errors=RequestCondition(0.99, WINDOW_NS, 1_000_000)))
    for event in course(steps):
        state, _ = machine.step(state, event, 0)
        (window,) = state.windows
        assert len(window.closed) <= window.slices
        assert len(window.open) <= 3
        assert (window.bad, window.total) == (sum(s.bad for s in window.closed), sum(s.total for s in window.closed))


answers = st.lists(st.tuples(st.integers(0, 4 * NS_PER_S), st.sampled_from([0, 0, 0, 1, -9])), min_size=1, max_size=20)


@given(answers)
def test_the_command_is_asked_again_until_it_says_no(runs: list[tuple[int, int]]) -> None:
    state, now_ns, asked = machine.initial(StopConditions(command=COMMAND)), 0, 0
    state, effects = machine.step(state, Arm(), now_ns)
    for took_ns, code in runs:
        assert effects == (RunCommand(),)
        assert not (state.ready and asked == 0)
        asked, began_ns = asked + 1, now_ns
        limit_ns = began_ns + COMMAND.timeout_ns
        assert machine.next_deadline_ns(state) == limit_ns
        if took_ns >= COMMAND.timeout_ns:
            state, effects = machine.step(state, Looked(), limit_ns)
            assert effects == (EndCommand(),)
            state, effects = machine.step(state, CommandEnded(began_ns, limit_ns, None), limit_ns)
            assert isinstance(effects[0], Abort)
            assert effects[0].breach.code is None
            return
        now_ns += took_ns
        state, effects = machine.step(state, CommandEnded(began_ns, now_ns, code), now_ns)
        if code:
            assert isinstance(effects[0], Abort)
            assert effects[0].breach.code == code
            assert machine.step(state, CommandEnded(now_ns, now_ns, 1), now_ns)[1] == ()
            return
        assert effects == ()
        assert state.ready
        due_ns = machine.next_deadline_ns(state)
        assert due_ns == max(began_ns + COMMAND.every_ns, now_ns)
        now_ns = due_ns
        state, effects = machine.step(state, Looked(), now_ns)


def test_a_long_silence_costs_nothing_and_forgets_what_was_before() -> None:
    seen = [ended(n, n * 10 * NS_PER_MS, False) for n in range(3)]
    late = [ended(n, 10**17 + n * 10 * NS_PER_MS, True) for n in range(3, 60)]
    assert first_abort(machine.initial(StopConditions(errors=ERRORS)), [Arm(), *seen, *late]) is None


def test_what_already_holds_when_a_fault_is_about_to_begin_is_told_before_it() -> None:
    seen: list[machine.Event] = [ended(n, n * 10 * NS_PER_MS, False) for n in range(60)]
    stopped = first_abort(machine.initial(StopConditions(errors=ERRORS)), [*seen, Arm()])
    assert stopped is not None
    assert stopped[0] == 60
