"""What a subject promises of its data is judged in every drill, whatever the scenario asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, EDGES, WEST, Fate, SimulatedBackend, Story, plan, slow_environment

from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import VerdictReached
from harness.history.events import Completion
from harness.outcome import Outcome, Verdict
from harness.topology.consistency import Consistency
from harness.units import to_ns

GOOD = Story()
STALE = Story(cache_s=30.0)
BROKEN = [
    pytest.param("writes-kept", Story(loses_backlog=True, merges_back=True), "lost", id="backlog-lost"),
    pytest.param("writes-kept", Story(skew_s=5.0), "older", id="conflicts-by-clock"),
    pytest.param("writes-kept", Story(arrival_wins=True, backlog_s=6.0), "older", id="late-write-wins"),
    pytest.param("counters", Story(counts=True, counter="twice"), "than it can be", id="counted-twice"),
    pytest.param("duplicates", Story(copies_every=10), "found more than once", id="copied"),
    pytest.param("replication-loop", Story(echoes=6), "replication goes in circles", id="circles"),
]


def run(
    folder: Path,
    scenario: Callable[[Drill], None],
    world: Callable[[Story], SimulatedBackend] = SimulatedBackend,
    story: Story = GOOD,
    *settings: str,
    promised: Consistency | None = None,
) -> DrillResult:
    """A drill on a world of its own. promised: instead of what the reference's file says."""
    folder.mkdir(exist_ok=True)
    backend = world(story)
    if promised is not None:
        backend.subject = backend.subject.model_copy(update={"consistency": promised})
    drill = Drill(backend, plan(*settings), folder)
    ended: VerdictReached | None = None
    try:
        scenario(drill)
    except VerdictReached as reached:
        ended = reached
    return drill.finish(ended)


def only_recovery(drill: Drill) -> None:
    """A scenario that asks for nothing but the recovery time."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region="the primary region", mode="black-hole")
    drill.require_recovery(WEST)


def there_and_back(drill: Drill) -> None:
    """It asks for the way back, too, and for nothing about data."""
    only_recovery(drill)
    drill.heal()
    drill.require_failback(EAST)
    drill.watch(3)


def promises(result: DrillResult) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in result.results if one.promise}


# --- worlds that stories cannot tell of ------------------------------------------------------------------------------


class Flapping(SimulatedBackend):
    """The edge cannot decide who serves, once clients have been moved."""

    def _take_over(self, lost: str) -> None:
        super()._take_over(lost)
        for turn in range(1, 5):
            self._clock.after(to_ns(30 + turn / 10), self._answer, EAST if turn % 2 else WEST)


class BothWrite(SimulatedBackend):
    """Both sides take writes at any time, and know of no epochs."""

    def _start_clients(self) -> None:
        self._accepting = {EAST, WEST}
        super()._start_clients()

    def _accept(self, region: str) -> None:
        super()._accept(region)
        self._accepting = {EAST, WEST}

    def _complete(self, *told: Any) -> None:
        super()._complete(*told)
        last = self._new[-1]
        if isinstance(last, Completion):  # and not what a refusal looked like
            self._new[-1] = replace(last, epoch=None)


class BothOnceThereIsNone(BothWrite):
    """Before anything is broken the standby accepts a write or two, by mistake; afterwards both sides accept all."""

    def _start_clients(self) -> None:
        super()._start_clients()
        self._clock.after(to_ns(0.2), self._forbid)

    def _forbid(self) -> None:
        self._accepting = {EAST}


class Forwarding(SimulatedBackend):
    """A side that is not active hands a write on to the one that is, and says so."""

    def _fate(self, region: str, *, is_write: bool) -> Fate:
        fate = super()._fate(region, is_write=is_write)
        refused = is_write and fate.outcome is Outcome.FAIL and fate.error is None
        passes = refused and self._active != region and self._reachable(self._active)
        return Fate(Outcome.OK, fate.after_ns, stored=False) if passes else fate

    def _complete(self, client: Any, planned: Any, address: str, fate: Fate, sent_ns: int) -> None:
        passed = planned.f != "get" and fate.outcome is Outcome.OK and not fate.stored
        if passed:
            self._tables.write(self._active, planned.f, planned.k, planned.v)
        super()._complete(client, planned, address, fate, sent_ns)
        if passed:
            self._say(region=self._active, epoch=self._epochs[self._active])

    def _say(self, **said: Any) -> None:
        last = self._new[-1]
        assert isinstance(last, Completion)
        self._new[-1] = replace(last, **said)


class Lying(BothWrite):
    """Both sides take writes at any time, and each answer names the first one."""

    def _complete(self, *told: Any) -> None:
        super()._complete(*told)
        last = self._new[-1]
        assert isinstance(last, Completion)
        self._new[-1] = replace(last, region=EAST)


# --- broken promises are misses ---------------------------------------------------------------------------------------


def test_a_design_that_keeps_its_promises_is_met_and_the_promises_stand_in_the_evidence(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back)
    assert result.verdict is Verdict.MET, result.reasons
    assert set(promises(result).values()) <= {Verdict.MET, Verdict.UNKNOWN}
    assert {"reads", "writes-kept", "one-side-writes", "flapping"} <= {
        name for name, verdict in promises(result).items() if verdict is Verdict.MET
    }
    assert result.promise == {
        "writes": "one", "writes_stated": True, "reads": "session", "staleness_s": 0.0, "deletes": "final",
    }  # fmt: skip
    assert result.warnings == 0


def test_reads_from_a_stale_cache_are_a_miss_that_nobody_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, story=STALE)
    assert result.verdict is Verdict.MISSED
    assert promises(result)["reads"] is Verdict.MISSED
    reason = result.reasons[0]
    # The defect, the side, and the operations with their client.
    assert "showed what their client knew to be replaced" in reason
    assert "through us-" in reason
    assert " by dns-" in reason or " by direct-" in reason
    assert "although" in reason


@pytest.mark.parametrize(("promise", "story", "words"), BROKEN)
def test_every_way_to_lose_or_garble_data_is_a_miss_that_nobody_asked_for(
    tmp_path: Path, promise: str, story: Story, words: str
) -> None:
    result = run(tmp_path, there_and_back, story=story)
    assert result.verdict is Verdict.MISSED, [one for one in result.results if one.promise]
    assert promises(result)[promise] is Verdict.MISSED
    assert words in " ".join(result.reasons)


def test_two_sides_that_accept_writes_are_a_miss_that_nobody_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, story=Story(fenced=False, failback_s=8))
    assert result.verdict is Verdict.MISSED
    assert promises(result)["one-side-writes"] is Verdict.MISSED
    told = next(reason for reason in result.reasons if "both sides accepted writes" in reason)
    assert EAST in told
    assert re.search(r"h0-\d+-\d+ \(epoch 1\)", told)  # and which writes


def test_an_answer_that_flaps_is_a_miss_and_is_told_by_the_names_of_places(tmp_path: Path) -> None:
    def watched(drill: Drill) -> None:
        only_recovery(drill)
        drill.watch(20)

    result = run(tmp_path, watched, Flapping)
    assert result.verdict is Verdict.MISSED
    assert promises(result)["flapping"] is Verdict.MISSED
    told = next(reason for reason in result.reasons if "the answer changed" in reason)
    assert WEST in told
    assert not any(address in told for address in EDGES.values())


def test_data_that_differs_in_the_end_is_a_warning_and_no_miss_where_nobody_asked(tmp_path: Path) -> None:
    """A plan need not replicate anything; what it promises of reads and writes is judged by itself."""

    def stalled(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("replication-stall", for_s=20)
        drill.require_no_failover(EAST)

    result = run(tmp_path, stalled, story=Story(loses_backlog=True))
    assert result.verdict is Verdict.MET, result.reasons
    assert any(f"{WEST} lacks" in finding.text and finding.severity == "serious" for finding in result.findings)
    assert result.warnings >= 1


def test_what_the_recovery_point_accounts_for_is_no_broken_promise_and_still_a_warning(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=Story(lag_s=0.4, loses_backlog=True, failback_s=None))
    assert result.verdict is Verdict.MET, result.reasons
    assert any("which the recovery point accounts for" in finding.text for finding in result.findings)
    assert result.warnings >= 1


# --- who may write ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", ["both", None])
def test_a_plan_with_writes_on_both_sides_is_no_finding(tmp_path: Path, stated: Any) -> None:
    result = run(tmp_path, only_recovery, BothWrite, promised=Consistency(writes=stated))
    assert result.verdict is Verdict.MET, result.reasons
    assert promises(result).get("one-side-writes") is not Verdict.MISSED
    assert result.promise is not None
    assert result.promise["writes"] == "both"
    told = [finding for finding in result.findings if "declare it" in finding.text]
    assert [finding.severity for finding in told] == ([] if stated else ["warning"])


def test_writes_on_both_sides_that_nobody_declared_are_not_measured_and_stand_in_the_headline(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, BothWrite, promised=Consistency())
    sides = next(one for one in result.results if one.name == "one-side-writes")
    assert sides.verdict is Verdict.UNKNOWN
    assert sides.text.startswith("not measured: both sides accept writes in the steady state")
    declared = run(tmp_path / "declared", only_recovery, BothWrite, promised=Consistency(writes="both"))
    assert result.warnings == declared.warnings + 1
    assert result.promise is not None
    assert result.promise["writes_stated"] is False


def test_a_few_early_writes_on_the_standby_are_no_plan_with_writes_on_both_sides(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, BothOnceThereIsNone, promised=Consistency())
    early = [o for o in result.reasons if "both sides accepted writes" in o]
    assert result.verdict is Verdict.MISSED
    assert promises(result)["one-side-writes"] is Verdict.MISSED
    assert "if both may, declare it: `consistency: {writes: both}`" in early[0]
    assert result.promise is not None
    assert result.promise["writes"] == "one"


@pytest.mark.parametrize("rate_per_s", [1, 2])
def test_slow_writes_on_both_sides_that_nobody_declared_are_no_miss(tmp_path: Path, rate_per_s: float) -> None:
    slow = slow_environment(rate_per_s, 2.0)
    slow = replace(slow, subject=slow.subject.model_copy(update={"consistency": Consistency()}))
    result = run(tmp_path, only_recovery, lambda story: BothWrite(story, slow), promised=Consistency())
    assert promises(result)["one-side-writes"] is Verdict.UNKNOWN
    told = [finding for finding in result.findings if finding.id == "writes-on-both-sides"]
    assert [finding.severity for finding in told] == ["warning"]
    assert "declare it" in told[0].text


class RefusesAndApplies(SimulatedBackend):
    """A side that is not active answers 409, which its file does not declare, and applies the write."""

    def _fate(self, region: str, *, is_write: bool) -> Fate:
        fate = super()._fate(region, is_write=is_write)
        refused = is_write and fate.outcome is Outcome.FAIL and fate.error is None
        return replace(fate, outcome=Outcome.INFO) if refused else fate

    def _complete(self, client: Any, planned: Any, address: str, fate: Fate, sent_ns: int) -> None:
        if planned.f != "get" and fate.outcome is Outcome.INFO and fate.error is None:
            self._tables.write(self._regions[address], planned.f, planned.k, planned.v)
        super()._complete(client, planned, address, fate, sent_ns)


@pytest.mark.parametrize("writes", ["one", None])
def test_a_standby_that_refuses_and_applies_all_the_same_is_a_second_side(tmp_path: Path, writes: Any) -> None:
    result = run(tmp_path, only_recovery, RefusesAndApplies, promised=Consistency(writes=writes))
    assert promises(result)["one-side-writes"] is Verdict.MISSED
    assert any("refused: [409]" in finding.text for finding in result.findings)


@pytest.mark.parametrize("writes", ["one", None])
def test_a_standby_that_forwards_and_says_so_keeps_its_promise(tmp_path: Path, writes: Any) -> None:
    result = run(tmp_path, only_recovery, Forwarding, promised=Consistency(writes=writes))
    sides = next(one for one in result.results if one.name == "one-side-writes")
    assert sides.verdict is Verdict.MET
    assert "forwarded, as the commits show" in sides.text
    assert result.promise is not None
    assert result.promise["writes"] == "one"
    assert not [finding for finding in result.findings if finding.id == "A8"]


def test_a_standby_that_says_it_forwarded_and_did_not_breaks_the_promise(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, Lying, promised=Consistency(writes="one"))
    assert result.verdict is Verdict.MISSED
    assert any("which the commits refute" in reason for reason in result.reasons)


def test_one_side_that_should_write_alone_is_held_to_it_from_the_steady_state_on(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, BothWrite, promised=Consistency(writes="one"))
    assert result.verdict is Verdict.MISSED
    assert promises(result)["one-side-writes"] is Verdict.MISSED


# --- what decides, and in which order ---------------------------------------------------------------------------------


def test_the_failed_objective_comes_before_the_broken_promise(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, BothWrite, GOOD, "objective.rto_s=5")
    assert result.verdict is Verdict.MISSED
    assert "objective 5 s" in result.reasons[0]
    assert "both sides accepted writes" in result.reasons[1]
    assert sum("objective 5 s" in reason for reason in result.reasons) == 1


def test_without_failover_the_recovery_time_is_missed_whatever_else_is_broken(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, SimulatedBackend, STALE, "failover=off")
    assert result.verdict is Verdict.MISSED
    assert "never recovered" in result.reasons[0]


def test_without_a_fault_nothing_is_judged(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, BothWrite, Story(), "fault=none")
    assert result.verdict is Verdict.INVALID
    assert promises(result) == {}


def test_a_control_keeps_its_own_expectation(tmp_path: Path) -> None:
    def control(drill: Drill) -> None:
        drill.open()
        drill.be_control(Verdict.MISSED)
        only_recovery(drill)
        drill.require_control()

    result = run(tmp_path, control, BothWrite)
    assert promises(result)["one-side-writes"] is Verdict.MISSED
    assert result.verdict is Verdict.MISSED
    assert "the control does not hold: the drill inside it ended MET instead of MISSED" in result.reasons[0]
    assert result.warnings == 0


def test_a_control_that_broke_nothing_does_not_hold_however_it_ended(tmp_path: Path) -> None:
    def control(drill: Drill) -> None:
        drill.open()
        drill.be_control(Verdict.INVALID)
        only_recovery(drill)
        drill.require_control()

    result = run(tmp_path, control, BothWrite, Story(steady=False))
    assert result.verdict is Verdict.INVALID
    assert (
        "the control does not hold: the drill inside it ended INVALID before anything was broken" in result.reasons[0]
    )


def test_a_reason_does_not_appear_twice_with_counts_that_moved(tmp_path: Path) -> None:
    def gray(drill: Drill) -> None:
        drill.open()
        drill.promise(error_budget=0.2)
        drill.reach_steady_state(EAST)
        drill.inject("gray-failure", region="the primary region", rate=0.35, service="dynamodb")
        drill.require_error_budget(20)

    result = run(tmp_path, gray, story=Story(takeover_s=None))
    assert result.verdict is Verdict.MISSED
    assert sum("operations failed" in reason for reason in result.reasons) == 1


def test_a_promise_that_was_not_put_to_the_test_is_not_measured_and_decides_nothing(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back)
    deletes = next(one for one in result.results if one.name == "deletes")
    if deletes.verdict is Verdict.UNKNOWN:
        assert deletes.text.startswith("not measured: ")
    assert result.verdict is Verdict.MET


def test_a_case_of_before_there_were_promises_is_judged_as_it_was(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, story=STALE)
    filed = case_files.read(tmp_path)
    again = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert again.reasons == result.reasons
    before = conclude(replace(filed.case, promise=None), filed.events, filed.commits, filed.final)
    assert before.verdict is Verdict.MET
    assert promises(before) == {}
    assert before.promise is None
    assert any("stale reads" in finding.text and finding.severity == "serious" for finding in before.findings)
