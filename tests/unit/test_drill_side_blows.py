"""Faults that hit one component, one kind of operation or one record, alone and in the middle of a loss."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan, run_drill

from harness.drill.evidence import DrillResult
from harness.drill.facade import NO_MONITOR, Drill
from harness.errors import DrillInvalid
from harness.outcome import Verdict
from harness.units import to_ns, to_s

MONITOR = f"monitor.{WEST}"
AFTER_S = 1.5


def lost_with(drill: Drill, kind: str, **parameters: str) -> None:
    """The primary is lost, and something else happens before anybody could be served again."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST)
    drill.watch(AFTER_S)
    drill.inject(kind, for_s=5, **parameters)
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    drill.require("durability", at_rest=True)


def plain(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST)
    drill.require_recovery(WEST)


def high_s(result: DrillResult) -> float:
    assert result.rto is not None
    assert result.rto.high_ns is not None
    return to_s(result.rto.high_ns)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("process-kill", {"instance": MONITOR}), ("component-isolated", {"instance": "monitor.outside", "to": WEST})],
)
def test_recovery_counts_from_the_loss_and_not_from_the_blow_beside_it(
    tmp_path: Path, kind: str, parameters: dict[str, str]
) -> None:
    result = run_drill(tmp_path / "both", lambda drill: lost_with(drill, kind, **parameters), Story(takeover_s=4.0))
    alone = run_drill(tmp_path / "alone", plain, Story(takeover_s=4.0))
    [episode] = result.episodes
    assert episode.faults == (0, 1)
    assert episode.expected == WEST
    assert episode.start_ns == result.faults[0].start_ns
    assert abs(high_s(result) - high_s(alone)) < 1.0
    assert high_s(result) > AFTER_S
    assert (alone.prediction_s is not None, result.prediction_s) == (True, None)


def test_a_plan_that_never_recovers_is_not_excused_by_the_blow(tmp_path: Path) -> None:
    result = run_drill(
        tmp_path,
        lambda drill: lost_with(drill, "component-isolated", instance="monitor.outside"),
        Story(takeover_s=None),
    )
    assert result.verdict is Verdict.MISSED


def writes_fail(drill: Drill) -> None:
    """`writes-fail-and-reads-work`."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("operations-refused", region="the primary region", operations="writes")
    drill.require_recovery(WEST)
    drill.require("rpo")
    drill.heal()
    drill.require_failback(EAST)
    drill.require("durability", at_rest=True)


def test_refused_writes_are_a_fault_that_is_seen_healed_and_recovered_from(tmp_path: Path) -> None:
    result = run_drill(tmp_path, writes_fail)
    assert result.verdict is Verdict.MET, result.reasons
    [fault] = result.faults
    assert (fault.kind, fault.target, fault.mode, fault.observed) == ("operations-refused", EAST, "error", True)
    assert any("PutItem" in line for line in fault.touched)


def test_nobody_who_takes_over_is_told_as_that(tmp_path: Path) -> None:
    assert run_drill(tmp_path, writes_fail, Story(takeover_s=None)).verdict is Verdict.MISSED


def test_poison_before_a_loss_is_part_of_its_episode(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("poison-record", region="the primary region", records=3)
        drill.watch(5)
        drill.inject("region-outage", region="the primary region")
        drill.require_recovery(WEST)
        drill.require("rpo")
        drill.heal()
        drill.require_failback(EAST)
        drill.require("durability", at_rest=True)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.MET, result.reasons
    [episode] = result.episodes
    assert episode.start_ns == result.faults[1].start_ns
    assert result.faults[0].observed
    assert high_s(result) < 20
    assert episode.steady_ns is not None
    assert episode.start_ns - result.faults[0].start_ns >= to_ns(5)


def test_the_monitor_is_what_the_subjects_file_says_and_without_one_nothing_is_shown(tmp_path: Path) -> None:
    backend = SimulatedBackend()
    assert Drill(backend, plan(), tmp_path).monitor == "monitor"
    backend.subject = backend.subject.model_copy(update={"failover": type(backend.subject.failover)()})
    with pytest.raises(DrillInvalid, match=NO_MONITOR[:30]):
        _ = Drill(backend, plan(), tmp_path).monitor
