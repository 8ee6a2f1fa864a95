"""Laws of the lifecycle machine under any sequence of steps and sightings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.drill.lifecycle import (
    Announce,
    Enter,
    Facts,
    GiveUp,
    Limits,
    Observed,
    Phase,
    Reached,
    State,
    next_deadline_ns,
    step,
)
from harness.outcome import Verdict

LIMITS = Limits(5, 40, 4, 20, 10, 2, 60)
moments = st.none() | st.integers(0, 300)
reasons = st.sampled_from([((), ()), (("why not",), ()), (("why not", "whose"), ("whose",))])
facts = st.builds(lambda why, *told: Facts(*why, *told), reasons, st.booleans(), moments, moments)
entries = st.builds(Enter, st.sampled_from(Phase), moments, st.sampled_from(["", "the standby"]))
events = entries | st.builds(Observed, facts)
histories = st.lists(st.tuples(st.integers(0, 15), events), max_size=40)


@given(histories)
def test_a_step_never_reaches_and_gives_up_at_once(history: list[tuple[int, Enter | Observed]]) -> None:
    state, now_ns = State(LIMITS), 0
    for passed_ns, event in history:
        now_ns += passed_ns
        before = state
        state, effects = step(state, event, now_ns)
        kinds = [type(effect) for effect in effects]
        assert not (Reached in kinds and GiveUp in kinds)
        assert kinds.count(Reached) <= 1
        assert kinds.count(GiveUp) <= 1
        assert kinds.count(Announce) <= 1
        if isinstance(event, Enter):
            assert effects == (Announce(event.phase),)
        if Announce in kinds:
            assert state.phase is next(e.phase for e in effects if isinstance(e, Announce))
        else:
            assert state.phase is before.phase
        if GiveUp in kinds and before.phase is Phase.STEADY:
            missed = any(isinstance(e, GiveUp) and e.verdict is Verdict.MISSED for e in effects)
            assert isinstance(event, Observed)
            assert missed == bool(event.facts.of_subject)


@given(st.sampled_from([Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.FAILBACK]), st.integers(0, 1000))
def test_no_wait_is_endless_when_nothing_is_ever_seen(phase: Phase, begun_ns: int) -> None:
    state, _ = step(State(LIMITS), Enter(phase), begun_ns)
    nothing = Facts(unsteady=("nothing",))
    for passed_ns in range(0, 200, 7):
        state, effects = step(state, Observed(nothing), begun_ns + passed_ns)
        if any(isinstance(effect, GiveUp) for effect in effects):
            return
    raise AssertionError(f"{phase} waits for ever")


@given(histories, facts, st.integers(0, 15), st.integers(1, 400))
def test_nothing_changes_before_the_deadline_when_nothing_new_is_seen(
    history: list[tuple[int, Enter | Observed]], last: Facts, passed_ns: int, later_ns: int
) -> None:
    """So whoever has looked may sleep until then, or until there is something new."""
    state, now_ns = State(LIMITS), 0
    for waited_ns, event in history:
        now_ns += waited_ns
        state, _ = step(state, event, now_ns)
    now_ns += passed_ns
    state, effects = step(state, Observed(last), now_ns)
    if any(isinstance(effect, Reached | GiveUp) for effect in effects):
        return  # whoever waited waits no more
    deadline_ns = next_deadline_ns(state, last)
    for moment_ns in range(now_ns, now_ns + later_ns if deadline_ns is None else min(now_ns + later_ns, deadline_ns)):
        assert step(state, Observed(last), moment_ns) == (state, ())
    if deadline_ns is not None and deadline_ns > now_ns and state.phase is not Phase.OBSERVE:
        _, effects = step(state, Observed(last), deadline_ns)
        assert effects


@given(histories)
def test_the_machine_depends_on_nothing_but_what_it_is_given(history: list[tuple[int, Enter | Observed]]) -> None:
    runs = []
    for _ in range(2):
        state, now_ns, run = State(LIMITS), 0, []
        for passed_ns, event in history:
            now_ns += passed_ns
            state, effects = step(state, event, now_ns)
            run.append((state, effects))
        runs.append(run)
    assert runs[0] == runs[1]
