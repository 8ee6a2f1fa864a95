"""Where nothing is replicated all of it is lost: how long the drill had been writing is no recovery point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from measurement_timeline import A, B, s, timeline
from rich.console import Console
from simulated_backend import EAST, WEST, Story
from test_drill_promises import BothWrite, run
from test_reporting_sample import drill as sample
from test_reporting_sample import run as sample_run

from harness.checkers import objectives
from harness.drill.evidence import DrillResult, ObjectiveResult, Objectives, RpoResult
from harness.drill.facade import Drill
from harness.history.events import Commit
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import RecoveryPoint, Scans, recovery_point
from harness.outcome import Verdict
from harness.reporting import allure, junit, run_json, run_json_reader, summary, wording
from harness.reporting.objectives import rows
from harness.topology.consistency import Consistency

FAULT = FaultInterval(s(10), s(10.02))
TAKEOVER = "t1: dns-0 put t1 14.0..14.2 ok B\n"
WRITTEN = """
    u1: dns-0 put u1 8.4..8.5 ok A
    u2: dns-0 put u2 9.0..9.1 ok A
    u3: dns-0 put u3 9.5..9.6 ok A
"""
APART = Story(lag_s=1e6)
"""A design that copies nothing."""


def measured(text: str, survivor: list[Commit] | Scans) -> RecoveryPoint:
    found = recovery_point(timeline(text + TAKEOVER), survivor, lost_address=A, survivor_address=B, fault=FAULT)
    assert found is not None
    return found


def commits(*entries: tuple[float, str]) -> list[Commit]:
    return [Commit("us-west-2", "items", k, k, n, s(at)) for n, (at, k) in enumerate(entries)]


def test_where_nothing_ever_arrived_the_seconds_have_no_bound() -> None:
    found = measured(WRITTEN, commits((14.1, "t1")))
    assert found.unbounded
    assert measured(WRITTEN, Scans({}, {"t1": "t1"})).unbounded
    told = objectives.rpo_s(found, 2.0)  # although the drill had been writing for 1.5 s only
    assert told.verdict is Verdict.MISSED
    assert told.text == (
        "all 3 acknowledged writes are lost (nothing was replicated); unbounded in seconds, objective 2 s"
    )
    assert objectives.rpo_s(found, 3600.0).verdict is Verdict.MISSED
    assert (
        "3 of 3 acknowledged writes missing at takeover: nothing was replicated" in objectives.rpo_items(found, 0).text
    )
    assert objectives.rpo_items(found, 3).verdict is Verdict.MET  # in items it is counted, and that count is right


@pytest.mark.parametrize(
    "arrived",
    [commits((8.6, "u1"), (14.1, "t1")), commits((14.1, "t1"), (20.0, "u2")), Scans(None, {"t1": "t1", "u1": "u1"})],
    ids=["in time", "after the heal", "seen in the end"],
)
def test_whatever_arrived_is_replication(arrived: list[Commit] | Scans) -> None:
    assert not measured(WRITTEN, arrived).unbounded


def test_what_was_written_last_may_have_been_on_its_way() -> None:
    assert not measured("u1: dns-0 put u1 9.7..9.8 ok A\n", commits((14.1, "t1"))).unbounded


def test_what_the_survivor_took_itself_is_no_replication() -> None:
    text = WRITTEN + "b1: pinned-b-0 put b1 9.0..9.1 ok B\n"
    assert measured(text, commits((9.05, "b1"), (14.1, "t1"))).unbounded


def lost(drill: Drill) -> None:
    drill.open()
    drill.promise(rpo_s=3600)
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region="the primary region", mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo")


def test_a_drill_of_a_design_without_replication_says_that_all_is_lost(tmp_path: Path) -> None:
    result = run(tmp_path, lost, BothWrite, APART, promised=Consistency(writes="both"))
    assert result.rpo is not None
    assert result.rpo.unbounded
    assert result.verdict is Verdict.MISSED
    assert "nothing was replicated" in result.reasons[0]
    assert "unbounded in seconds, objective 3600 s" in result.reasons[0]
    assert "(nothing was replicated)" in wording.lost(result)


def test_replication_that_works_is_never_called_unbounded(tmp_path: Path) -> None:
    result = run(tmp_path, lost, BothWrite, Story(lag_s=0.6), promised=Consistency(writes="both"))
    assert result.rpo is not None
    assert result.rpo.missing_low > 0
    assert not result.rpo.unbounded
    assert "unbounded" not in run_json.drill_dict(result)["rpo"]  # evidence of before stays as it was filed


ALL = RpoResult(162, 162, 162, 7.77, 0.03, span_s=7.77, unbounded=True)


def told(drill: DrillResult) -> dict[str, str]:
    """The recovery point as each report has it."""
    console = Console(width=200, record=True, color_system=None)
    summary.show(sample_run(drill), None, console)
    return {
        "terminal": console.export_text(),
        "junit": junit.render(sample_run(drill)).decode(),
        "allure": allure._measured(drill)["RPO"],
    }


def judged(*results: ObjectiveResult) -> DrillResult:
    return replace(sample(), rpo=ALL, results=results)


def test_every_report_says_that_all_of_it_is_lost(tmp_path: Path) -> None:
    drill = judged(ObjectiveResult("rpo", Verdict.MISSED, "all of it"))
    for text in told(drill).values():
        assert "all 162 items (nothing was replicated)" in text
        assert "7.77" not in text
    assert wording.recovery_point(replace(ALL, acknowledged=200)) == (
        "162 items, all that could be missing (nothing was replicated)"
    )
    assert any(row.measured == "unbounded: nothing was replicated" for row in rows(drill))
    run_json.write(sample_run(drill), tmp_path / "run.json")
    assert run_json_reader.load(tmp_path / "run.json").drills[0].rpo == ALL


NOTHING = RpoResult(200, 0, 0, None)


def test_no_report_shows_a_recovery_point_that_was_not_judged_as_none_lost() -> None:
    missed = (ObjectiveResult("rto_s", Verdict.MISSED, "never recovered"),)
    early = replace(sample(), rpo=NOTHING, results=missed, objectives=Objectives(rto_s=12, rpo_s=2))
    for name, text in told(early).items():
        assert "not judged" in text, name
        assert "0 items" not in text, name
    assert wording.lost(replace(early, results=(ObjectiveResult("rpo", Verdict.MET, "nothing missing"),))) == "0 items"


def test_what_is_missing_is_shown_where_nobody_asked_for_it() -> None:
    unasked = replace(sample(), results=(ObjectiveResult("split_brain", Verdict.MET, "one writer"),))
    assert wording.lost(unasked) == "12–15 items, ≤ 1.42 s, not judged"
