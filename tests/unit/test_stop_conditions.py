"""A drill that is more than the application may suffer: healed at once, and ended as ABORTED with what was seen."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, World, environment, plan, run_drill, subject

from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import STOPPED_LATE, Drill
from harness.drill.stopping import replay
from harness.drill.stopping.evidence import NOT_SHOWN
from harness.drill.stopping.stated import conditions_of
from harness.errors import DrillAborted, DrillError, InputError, Problem, VerdictReached
from harness.history.events import Completion, FaultEvent, Invoke, Mark, StopEvent
from harness.outcome import Outcome, Verdict
from harness.reporting import run_json, run_json_reader
from harness.reporting.wording import VERDICT_MEANS
from harness.topology.load import load_environment
from harness.topology.stop import Stop, StopCommand, StopErrors, StopLatency
from harness.topology.timing import Profile, Timing
from harness.units import to_ns

Conditions = Mapping[str, StopErrors]
HALF: Conditions = {"errors": StopErrors(share=0.5, window_s=20)}
FAILED = "of 80 requests failed within 2.00 s"


def losing(
    conditions: Conditions, mode: str = "refuse", then: Callable[[Drill], None] = lambda drill: None
) -> Callable[[Drill], None]:
    """A region is lost, and clients are waited for; then what the caller wants."""

    def scenario(drill: Drill) -> None:
        drill.open()
        if conditions:
            drill.stop_when(**conditions)
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode=mode)
        drill.require_recovery(WEST)
        then(drill)

    return scenario


def whole(drill: Drill) -> None:
    """The way back."""
    drill.heal()
    drill.require_failback(EAST)
    drill.reach_steady_state(EAST)


def with_command(tmp: Path, *runs: tuple[float, int | None], every_s: float = 1, timeout_s: float = 2) -> Any:
    """Options of a world whose environment has a stop command, and what that says."""
    program = tmp / "look"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    stop = Stop(command=StopCommand(command=(str(program), "--token=xyz"), every_s=every_s, timeout_s=timeout_s))
    world = World(environment().model_copy(update={"stop": stop}), subject(), Timing(Profile.FAST))
    return SimulatedBackend(Story(command=runs), world)


def run_on(backend: SimulatedBackend, folder: Path, scenario: Callable[[Drill], None]) -> DrillResult:
    folder.mkdir(exist_ok=True)
    drill = Drill(backend, plan(), folder)
    ended: VerdictReached | None = None
    try:
        scenario(drill)
    except VerdictReached as reached:
        ended = reached
    return drill.finish(ended)


def heal_of(folder: Path) -> FaultEvent:
    return next(e for e in case_files.read(folder).events if isinstance(e, FaultEvent) and e.f == "stop")


def told(folder: Path, f: str) -> list[StopEvent]:
    return [e for e in case_files.read(folder).events if isinstance(e, StopEvent) and e.f == f]


class SlowToBreak(SimulatedBackend):
    """One where bringing a fault about takes long, and healing it may."""

    breaking_s, healing_s = 30.0, 0.0

    def _keep_waiting(self, seconds: float) -> None:
        until_ns = self.clock.now_ns() + to_ns(seconds)
        while self.clock.now_ns() < until_ns:
            self.wait(min(until_ns, self.clock.now_ns() + to_ns(0.1)))
            self.meanwhile()

    def inject(self, fault: Any) -> Any:
        held = super().inject(fault)
        heal = held.heal

        def slowly() -> None:
            with suppress(DrillAborted):
                self._keep_waiting(self.healing_s)
            heal()

        held.heal = slowly  # type: ignore[method-assign]
        try:
            self._keep_waiting(self.breaking_s)
        except BaseException:
            heal()
            raise
        return held


# --- what clients show ------------------------------------------------------------------------------------------------


def test_too_many_failures_heal_at_once_and_abort_the_drill(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF, then=whole))
    assert result.verdict is Verdict.ABORTED
    assert result.reasons[0].startswith(f"aborted 1.09 s after the first fault: 42 {FAILED} (52.5 %, clients that")
    assert "and at most 50 % may" in result.reasons[0]
    assert "for instance " in result.reasons[0]
    assert "connection refused" in result.reasons[0]
    assert result.stopped is not None
    assert len(result.stopped.samples) == 3
    assert result.stop_conditions == ("more than 50 % of requests fail within 2 s (clients that follow DNS)",)
    (abort,) = told(tmp_path / "d", "abort")
    assert abort.mono_ns == result.stopped.decided_ns
    assert heal_of(tmp_path / "d").mono_ns == abort.mono_ns
    assert result.stopped.healed_s == pytest.approx(0.001)
    assert (abort.mono_ns - result.stopped.until_ns) / 1e9 < 0.5


def test_a_condition_that_holds_while_a_fault_is_brought_about_ends_that(tmp_path: Path) -> None:
    backend = SlowToBreak(Story())
    result = run_on(backend, tmp_path / "d", losing(HALF, then=whole))
    assert result.verdict is Verdict.ABORTED
    assert "after the first fault" in result.reasons[0]
    (fault,) = result.faults
    assert fault.stop_ns is not None
    assert (fault.stop_ns - fault.start_ns) / 1e9 < 3, "nobody waited for the command's end"
    assert result.stopped is not None
    assert result.stopped.healed_s is not None
    assert again(tmp_path / "d").reasons == result.reasons


def test_a_condition_that_holds_while_healing_takes_long_is_told_when_all_is_healed(tmp_path: Path) -> None:
    class Slow(SlowToBreak):
        breaking_s, healing_s = 0.0, 5.0

    def scenario(drill: Drill) -> None:
        drill.open()
        drill.stop_when(errors=StopErrors(share=0.9, window_s=20))
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.heal()
        drill.require_failback(EAST)

    result = run_on(Slow(Story(takeover_s=None)), tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    (fault,) = result.faults
    assert fault.stop_ns is not None


def test_what_only_time_could_have_shown_is_not_held_against_an_aborted_drill(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF, then=whole))
    (rto,) = [one for one in result.results if one.name == "rto_s"]
    assert rto.verdict is Verdict.UNKNOWN
    assert rto.text.startswith("not judged, since the drill was aborted: until then ")


def test_requests_that_get_no_answer_in_time_are_slow(tmp_path: Path) -> None:
    slow: Conditions = {"latency": StopLatency(above_ms=500, share=0.3, window_s=20)}
    result = run_drill(tmp_path / "d", losing(slow, "black-hole"))
    assert result.verdict is Verdict.ABORTED
    assert "requests took longer than 500 ms within 2.00 s" in result.reasons[0]
    assert "no connection in time" in result.reasons[0]


def test_requests_that_are_refused_at_once_are_not_slow(tmp_path: Path) -> None:
    slow: Conditions = {"latency": StopLatency(above_ms=500, share=0.0, window_s=20)}
    assert run_drill(tmp_path / "d", losing(slow, "refuse", whole)).verdict is Verdict.MET


def test_clients_that_dial_a_place_show_what_is_wrong_there_alone(tmp_path: Path) -> None:
    there: Conditions = {"errors": StopErrors(share=0.9, window_s=20, requests=5, place="primary")}
    result = run_drill(tmp_path / "there", losing(there))
    assert result.verdict is Verdict.ABORTED
    assert f"clients that dial {EAST} directly" in result.reasons[0]
    elsewhere: Conditions = {"latency": StopLatency(above_ms=900, share=0.2, window_s=20, requests=5, place=WEST)}
    assert run_drill(tmp_path / "elsewhere", losing(elsewhere, "black-hole", whole)).verdict is Verdict.MET


@pytest.mark.parametrize(
    "near",
    [
        StopErrors(share=0.99, window_s=120),
        StopErrors(share=0.9, window_s=150),
        StopErrors(share=0.5, window_s=300),
        StopErrors(share=0.9, window_s=20, place=WEST, requests=5),
    ],
    ids=["a longer window", "a higher share", "much longer", "at a place that is well"],
)
def test_a_condition_that_never_holds_changes_no_verdict(near: StopErrors, tmp_path: Path) -> None:
    without = run_drill(tmp_path / "without", losing({}, then=whole))
    result = run_drill(tmp_path / "with", losing({"errors": near}, then=whole))
    assert (result.verdict, result.reasons, result.rto) == (Verdict.MET, without.reasons, without.rto)
    assert result.stopped is None
    assert [event.f for event in case_files.read(tmp_path / "with").events if isinstance(event, StopEvent)] == [
        "armed", "disarmed",
    ]  # fmt: skip


def test_more_requests_than_there_are_in_the_window_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        run_drill(tmp_path / "d", losing({"errors": StopErrors(window_s=20, requests=81)}))
    assert str(refused.value) == (
        "stop.errors.requests: 81, but in 2 s (fast profile) clients send 80 that count: say fewer, or a longer "
        "window_s"
    )


def test_before_a_fault_and_after_its_heal_nothing_is_watched(tmp_path: Path) -> None:
    """Service that comes back badly is a matter for objectives: there is nothing left to heal."""
    story = Story(relapse_back=(0.0, 6.0))
    conditions: Conditions = {"errors": StopErrors(share=0.9, window_s=150)}
    result = run_drill(tmp_path / "d", losing(conditions, then=whole), story)
    assert result.verdict is not Verdict.ABORTED


def test_each_further_fault_is_watched(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.stop_when(errors=StopErrors(share=0.6, window_s=40))
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse", for_s=10)
        drill.require_no_failover(EAST)
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.watch(20)

    result = run_drill(tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    assert [event.f for event in case_files.read(tmp_path / "d").events if isinstance(event, StopEvent)] == [
        "armed", "disarmed", "armed", "abort",
    ]  # fmt: skip
    assert len(result.faults) == 2
    assert all(fault.stop_ns is not None for fault in result.faults)


def test_two_faults_are_healed_together(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.stop_when(errors=StopErrors(share=0.8, window_s=20))
        drill.reach_steady_state(EAST)
        drill.inject("replication-stall")
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    (abort,) = told(tmp_path / "d", "abort")
    assert [fault.stop_ns is not None and fault.stop_ns >= abort.mono_ns for fault in result.faults] == [True, True]


def test_a_fault_that_is_never_applied_is_not_watched(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF), Story(), "fault=none")
    assert result.verdict is Verdict.INVALID
    assert told(tmp_path / "d", "armed") == []


def test_nothing_is_done_after_an_abort(tmp_path: Path) -> None:
    """A scenario that goes on all the same, as one whose step catches everything, breaks nothing more."""

    def scenario(drill: Drill) -> None:
        try:
            losing(HALF)(drill)
        except DrillError:
            drill.inject("region-outage", region=WEST, mode="refuse")
            drill.watch(5)

    result = run_drill(tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    assert len(result.faults) == 1


def test_what_was_broken_is_healed_before_anybody_hears_of_it(tmp_path: Path) -> None:
    drill = Drill(SimulatedBackend(), plan(), tmp_path)
    with pytest.raises(DrillAborted, match=r"requests failed within 2\.00 s"):
        losing(HALF)(drill)
    assert drill.record.active == {}
    assert drill.record.case.ended_by is not None
    assert drill.record.case.ended_by.verdict is Verdict.ABORTED
    drill.finish(None)


def test_a_scenario_states_conditions_over_the_environment_and_set_wins(tmp_path: Path) -> None:
    world = World(
        environment().model_copy(update={"stop": Stop(errors=StopErrors(share=0.1))}), subject(), Timing(Profile.FAST)
    )
    drill = Drill(SimulatedBackend(options=world), plan("stop.errors.share=0.7"), tmp_path)
    stop = drill.record.case.stop
    assert stop.errors is not None
    assert (stop.errors.share, stop.errors.window_ns) == (0.7, 3_000_000_000)
    drill.stop_when(errors=StopErrors(share=0.3, window_s=50))
    stop = drill.record.case.stop
    assert stop.errors is not None
    assert (stop.errors.share, stop.errors.window_ns) == (0.7, 5_000_000_000)


def test_one_that_is_stated_late_counts_what_was_seen_before(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.reach_steady_state(EAST)
        drill.stop_when(**HALF)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.require_recovery(WEST)

    early, late = run_drill(tmp_path / "early", losing(HALF)), run_drill(tmp_path / "late", scenario)
    assert late.verdict is Verdict.ABORTED
    assert late.stopped == early.stopped


def test_conditions_are_stated_before_anything_is_broken(tmp_path: Path) -> None:
    def late(drill: Drill) -> None:
        losing({}, then=lambda drill: drill.stop_when(**HALF))(drill)

    with pytest.raises(InputError) as refused:
        run_drill(tmp_path / "d", late)
    assert str(refused.value) == STOPPED_LATE


# --- the user's command -----------------------------------------------------------------------------------------------


def test_a_command_that_says_no_aborts_the_drill_with_what_it_said(tmp_path: Path) -> None:
    backend = with_command(tmp_path, (0.1, 0), (0.1, 0), (0.1, 3))
    result = run_on(backend, tmp_path / "d", losing({}, then=whole))
    assert result.verdict is Verdict.ABORTED
    assert "the stop command look exited with 3 after 0." in result.reasons[0]
    assert "and said: looked 3 times" in result.reasons[0]
    assert [event.code for event in told(tmp_path / "d", "command")] == [0, 0, 3]
    assert "xyz" not in (tmp_path / "d" / "case.json").read_text()


def test_it_is_asked_before_anything_is_broken(tmp_path: Path) -> None:
    result = run_on(with_command(tmp_path, (0.5, 1)), tmp_path / "d", losing({}))
    assert result.verdict is Verdict.ABORTED
    assert result.faults == ()
    assert result.reasons[0].startswith("aborted before anything was broken: the stop command look exited with 1")
    assert result.stopped is not None
    assert result.stopped.healed_s is None
    told_of_it = " ".join([*result.reasons, *(f.text for f in result.findings), *(r.text for r in result.results)])
    assert "healed" not in told_of_it, "nothing was broken"
    assert "proves nothing" not in told_of_it
    assert [f.text for f in result.findings] == ["the drill was stopped here, before anything was broken"]
    assert "healed at once" not in VERDICT_MEANS[Verdict.ABORTED]


def test_what_an_aborted_drill_had_no_time_to_show_is_no_doubt_about_its_abort(tmp_path: Path) -> None:
    backend = with_command(tmp_path, (0.1, 0), (0.01, 1), every_s=0.5)
    result = run_on(backend, tmp_path / "d", losing({}))
    assert result.verdict is Verdict.ABORTED
    assert not [reason for reason in result.reasons if "proves nothing" in reason]
    (validity,) = [one for one in result.results if one.name == "vacuity"]
    assert validity.verdict in (Verdict.MET, Verdict.UNKNOWN)
    assert again(tmp_path / "d").reasons == result.reasons


def test_what_an_abort_healed_is_seen_to_be_healed(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF, then=whole))
    assert [(fault.observed, fault.healed) for fault in result.faults] == [(True, True)]
    assert "recovered only because the fault was healed" in " ".join(result.reasons)


def test_one_that_gives_no_answer_in_time_says_no(tmp_path: Path) -> None:
    backend = with_command(tmp_path, (0.1, 0), (0.0, None))
    result = run_on(backend, tmp_path / "d", losing({}))
    assert result.verdict is Verdict.ABORTED
    assert "the stop command look gave no answer within 2." in result.reasons[0]
    assert "ended in look 2" in result.reasons[0]
    command = told(tmp_path / "d", "command")[-1]
    assert command.code is None
    assert command.from_ns is not None
    assert command.until_ns is not None
    assert 2e9 <= command.until_ns - command.from_ns < 2.6e9


def test_one_that_says_yes_changes_nothing_and_is_asked_as_often_as_it_says(tmp_path: Path) -> None:
    result = run_on(with_command(tmp_path, (0.1, 0)), tmp_path / "d", losing({}, then=whole))
    assert result.verdict is Verdict.MET
    runs = told(tmp_path / "d", "command")
    began = [event.from_ns or 0 for event in runs]
    assert len(runs) > 5
    assert all(1e9 <= later - earlier <= 1.5e9 for earlier, later in itertools.pairwise(began))


def test_it_is_asked_after_whatever_else_takes_time_before_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = with_command(tmp_path, (0.1, 0))
    monkeypatch.setattr(backend, "commits", lambda: None)

    def slowly(database: str, items_max: int) -> dict[str, str]:
        backend.clock.sleep_s(5)
        return {}

    monkeypatch.setattr(backend, "written", slowly)
    run_on(backend, tmp_path / "d", losing({}))
    case = case_files.read(tmp_path / "d").case
    first, fault_ns = told(tmp_path / "d", "command")[0], case.faults[0].started_ns
    looked_ns = max(look.until_ns for look in case.looks if look.until_ns <= fault_ns)
    assert looked_ns <= (first.from_ns or 0) < (first.until_ns or 0) <= fault_ns


def test_one_that_is_under_way_when_all_is_healed_is_ended(tmp_path: Path) -> None:
    backend = with_command(tmp_path, (0.1, 0), (1000.0, 0), timeout_s=500)
    assert run_on(backend, tmp_path / "d", losing({}, then=whole)).verdict is Verdict.MET


def test_one_that_is_not_there_is_told_before_the_drill_begins(tmp_path: Path) -> None:
    stop = Stop(command=StopCommand(command=("no-such-program", "x")))
    world = World(environment().model_copy(update={"stop": stop}), subject(), Timing(Profile.FAST))
    with pytest.raises(InputError) as refused:
        Drill(SimulatedBackend(options=world), plan(), tmp_path)
    text = "environment embedded: stop.command.command: there is no program no-such-program to run (looked along PATH)"
    assert str(refused.value) == text


# --- verdicts, evidence -----------------------------------------------------------------------------------------------


def test_a_control_whose_drill_was_aborted_does_not_hold(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.override(failover_off=True)
        drill.be_control(Verdict.MISSED)
        losing(HALF)(drill)
        drill.require_control()

    result = run_drill(tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    assert result.reasons[0].startswith(
        "the control does not hold: the drill inside it ended ABORTED instead of MISSED"
    )


def test_a_control_that_must_be_aborted_holds_only_when_it_is(tmp_path: Path) -> None:
    def control(conditions: Conditions) -> Callable[[Drill], None]:
        def scenario(drill: Drill) -> None:
            drill.be_control(Verdict.ABORTED)
            losing(conditions)(drill)
            drill.require_control()

        return scenario

    assert run_drill(tmp_path / "held", control(HALF)).verdict is Verdict.MET
    broken = run_drill(tmp_path / "not", control({"errors": StopErrors(share=0.9, window_s=300)}))
    assert broken.verdict is Verdict.MISSED
    early = run_on(
        with_command(tmp_path, (0.1, 1)),
        tmp_path / "early",
        lambda d: (d.be_control(Verdict.ABORTED), losing({})(d))[1],
    )
    assert early.verdict is Verdict.ABORTED  # nothing was broken: it has shown nothing


def again(folder: Path, change: Callable[[list[Any]], list[Any]] = lambda events: events) -> DrillResult:
    filed = case_files.read(folder)
    return conclude(filed.case, change(list(filed.events)), filed.commits, filed.final)


def test_the_abort_is_found_again_in_the_files(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF))
    found = again(tmp_path / "d")
    assert (found.verdict, found.reasons, found.stopped) == (result.verdict, result.reasons, result.stopped)


def test_an_abort_that_the_history_does_not_show_proves_nothing(tmp_path: Path) -> None:
    run_drill(tmp_path / "d", losing(HALF))

    def served(events: list[Any]) -> list[Any]:
        good = {"outcome": Outcome.OK, "error": None, "status": 200}
        return [replace(e, **good) if isinstance(e, Completion) and not e.served else e for e in events]

    found = again(tmp_path / "d", served)
    assert found.verdict is Verdict.INVALID
    assert NOT_SHOWN in found.reasons
    unarmed = again(tmp_path / "d", lambda events: [e for e in events if not _is_stop(e, "armed")])
    assert NOT_SHOWN in unarmed.reasons


def test_what_the_drill_had_not_been_told_of_yet_does_not_unsay_its_abort(tmp_path: Path) -> None:
    """The command says stop while more requests fail than may, and those are read a moment later."""
    run_on(with_command(tmp_path, (0.1, 0), (0.1, 3)), tmp_path / "d", losing({}))
    filed = case_files.read(tmp_path / "d")
    (abort,) = told(tmp_path / "d", "abort")
    few: Conditions = {"errors": StopErrors(share=0, window_s=10, requests=1)}
    errors = conditions_of(environment(), Timing(Profile.FAST), plan().settings, few).errors
    both = replace(filed.case, stop=replace(filed.case.stop, errors=errors))
    at_ns = abort.mono_ns - 500_000_000
    late = replace(next(e for e in filed.events if isinstance(e, Completion) and e.cohort == "dns"), op="late")
    failed = replace(late, mono_ns=at_ns, outcome=Outcome.FAIL, error="refused", status=None)
    sent = replace(next(e for e in filed.events if isinstance(e, Invoke)), op="late", mono_ns=at_ns - 1, extra=False)
    found = conclude(both, [*filed.events, sent, failed], filed.commits, filed.final)
    errors_too = replay.shown(both.stop, sorted_events(filed, sent, failed), replace(abort, condition="errors"))
    assert errors_too is not None
    assert (found.verdict, found.stopped and found.stopped.code) == (Verdict.ABORTED, 3)


def sorted_events(filed: case_files.Filed, *more: Any) -> list[Any]:
    return sorted([*filed.events, *more], key=lambda event: event.mono_ns)


def test_a_command_that_was_ended_since_all_was_healed_has_said_nothing(tmp_path: Path) -> None:
    """What ends the drill later is told with what was seen then."""

    def scenario(drill: Drill) -> None:
        losing({})(drill)
        drill.heal()
        drill.require_failback(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.require_recovery(WEST)

    backend = with_command(tmp_path, (0.1, 0), (1000.0, 0), (0.1, 0), (0.1, 3), timeout_s=500)
    result = run_on(backend, tmp_path / "d", scenario)
    assert result.verdict is Verdict.ABORTED
    assert "exited with 3" in result.reasons[0]
    assert result.stopped is not None
    assert result.stopped.code == 3


def test_a_condition_that_held_and_stopped_nothing_is_told(tmp_path: Path) -> None:
    """As where a step of somebody's own keeps the drill from looking."""
    run_drill(tmp_path / "d", losing({}, then=whole))
    filed = case_files.read(tmp_path / "d")
    conditions = conditions_of(environment(), Timing(Profile.FAST), plan().settings, HALF)
    healed_ns = heal_of(tmp_path / "d").mono_ns
    events = sorted(
        [*filed.events, StopEvent("armed", filed.case.faults[0].started_ns), StopEvent("disarmed", healed_ns)],
        key=lambda event: event.mono_ns,
    )
    found = conclude(replace(filed.case, stop=conditions), events, filed.commits, filed.final)
    assert found.verdict is Verdict.MET
    (finding,) = [finding for finding in found.findings if finding.id == "stop-missed"]
    assert finding.severity == "serious"
    assert finding.text.startswith("a stop condition held, and the drill was not stopped: 42 of 80 requests failed")


def test_an_answer_of_the_command_that_was_changed_later_is_found(tmp_path: Path) -> None:
    run_on(with_command(tmp_path, (0.1, 0), (0.1, 3)), tmp_path / "d", losing({}))
    found = again(tmp_path / "d", lambda events: [replace(e, code=0) if _is_stop(e, "command") else e for e in events])
    assert NOT_SHOWN in found.reasons


def _is_stop(event: Any, f: str) -> bool:
    return isinstance(event, StopEvent) and event.f == f


def test_evidence_of_an_abort_fits_the_schema_and_reads_back(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", losing(HALF))
    assert run_json.problems_of(result) == []
    body = json.loads(json.dumps(run_json.drill_dict(result)))
    assert body["verdict"] == "ABORTED"
    assert body["stopped"]["condition"] == "errors"
    assert run_json_reader._drill(body).stopped == result.stopped
    unwatched = run_drill(tmp_path / "unwatched", losing({}, then=whole))
    assert "stopped" not in run_json.drill_dict(unwatched)


def test_the_end_of_an_aborted_drill_is_that_of_any_other(tmp_path: Path) -> None:
    run_drill(tmp_path / "d", losing(HALF))
    filed = case_files.read(tmp_path / "d")
    marks = [event.f for event in filed.events if isinstance(event, Mark)]
    assert marks[-3:] == ["heal", "quiesce", "done"]
    assert filed.final is not None
    assert filed.commits is not None


# --- files ------------------------------------------------------------------------------------------------------------

FILE = (
    "environment: mine\nplaces: [{name: a, role: primary}, {name: b, role: standby}]\n"
    "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\nstop:\n"
)


@pytest.mark.parametrize(
    ("said", "line", "text"),
    [
        ("  errors: {share: 1}\n", 5, "stop.errors.share"),
        ("  errors: {place: c}\n", 5, "stop.errors.place: no clients dial c directly; one of: a, b, or left out"),
        ("  latency: {share: 0.5}\n", 5, "stop.latency.above_ms"),
        ("  latency:\n    above_ms: 1000\n", 6, "stop.latency.above_ms: 1000 ms, but clients wait no longer than 1 s"),
        ("  command: {command: []}\n", 5, "stop.command.command"),
        ("  command: {command: [true], every_s: 0}\n", 5, "stop.command.every_s"),
        ("  errros: {}\n", 5, "stop.errros: unknown key; there are: errors"),
    ],
)
def test_a_condition_that_could_never_hold_is_refused_by_its_line(
    said: str, line: int, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE + said)
    with pytest.raises(InputError) as refused:
        load_environment(path)
    problems = [problem for problem in refused.value.problems if isinstance(problem, Problem)]
    assert any(problem.line == line and text in problem.text for problem in problems), problems


def test_requests_that_there_never_are_so_many_of_are_refused_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{FILE}  latency:\n    above_ms: 500\n    window_s: 10\n    requests: 100000\n")
    stated = load_environment(path)
    with pytest.raises(InputError) as refused:
        conditions_of(stated, Timing(Profile.FAST), plan().settings)
    assert str(refused.value).startswith(f"{path}:8: stop.latency.requests: 100000, but in ")
    with pytest.raises(InputError) as refused:
        conditions_of(stated, Timing(Profile.FAST), plan("stop.latency.window_s=20").settings)
    assert str(refused.value).startswith("stop.latency.requests: 100000, but in "), "the file does not say that"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (("stop.errors.share=1",), "--set stop.errors.share=1: "),
        (("stop.latency.share=0.2",), "--set stop.latency...: no stop condition of latency without above_ms as well"),
        (("stop.latency.above_ms=5000",), "stop.latency.above_ms: 5000 ms, but clients wait no longer than 1 s"),
        (("stop.errors.window_s=0.5",), "--set stop.errors.window_s=0.5: "),
    ],
)
def test_what_set_cannot_say_is_refused(settings: tuple[str, ...], text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        Drill(SimulatedBackend(), plan(*settings), tmp_path)
    assert text in str(refused.value)
