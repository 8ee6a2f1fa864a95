"""Limits that follow from an environment's constants, folders of runs, and facts from what was seen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, EDGES, ROOT, WEST, environment

from harness.checkers.steady_state import ACKNOWLEDGED_WRITES
from harness.drill import options
from harness.drill.backend import SteadyEvidence
from harness.drill.evidence import DrillResult, Objectives
from harness.drill.lifecycle import Phase
from harness.drill.observation import Observation
from harness.drill.options import resolve
from harness.drill.plan import limits_of, objectives_of, window_s
from harness.drill.runner import Run
from harness.drill.settings import parse_settings
from harness.history.events import Completion, DnsAnswer, Event, Function, Invoke, Mark
from harness.outcome import Outcome, Verdict
from harness.topology.timing import Profile, Timing
from harness.units import to_ns

FAST, PRODUCTION = Timing(Profile.FAST), Timing(Profile.PRODUCTION)
S = to_ns(1)

# --- limits ---------------------------------------------------------------------------------------------------------


def test_the_window_covers_a_flip_of_the_edge_and_a_cached_answer() -> None:
    """Interval 1 s, three checks that hang for 1 s each, TTL 6 s; in production 10 s, 2 s and 60 s."""
    assert window_s(environment(), FAST) >= 1 + 2 * (1 + 1) + 1 + 6
    assert window_s(environment(), PRODUCTION) >= 10 + 2 * (10 + 2) + 2 + 60


def test_a_fault_is_held_for_longer_than_the_objective_and_the_window() -> None:
    limits = limits_of(environment(), FAST, Objectives(rto_s=20))
    assert limits.objective_ns == 20 * S
    assert limits.window_ns == to_ns(window_s(environment(), FAST))
    assert limits.failback_timeout_ns == 60 * S
    assert limits.steady_for_ns == 5 * S


def test_promises_come_from_the_environment_then_the_scenario_then_the_command_line() -> None:
    base = objectives_of(environment(), FAST, parse_settings([]))
    assert (base.rto_s, base.rpo_s, base.error_budget) == (20, 2, 0.25)
    assert objectives_of(environment(), PRODUCTION, parse_settings([])).rto_s == 150
    stated = replace(base, rto_s=9.0)
    assert objectives_of(environment(), FAST, parse_settings([]), stated).rto_s == 9
    assert objectives_of(environment(), FAST, parse_settings(["objective.rto_s=5"]), stated).rto_s == 5
    assert objectives_of(environment(), FAST, parse_settings(["objective.rpo_items=0"])).rpo_items == 0


# --- folders of runs --------------------------------------------------------------------------------------------------


def run(folder: Path) -> Run:
    return Run(
        resolve({"reports": str(folder), "environment": str(ROOT / "environments/embedded.yaml")}, {}, folder, 3)
    )


def test_a_drill_that_runs_again_gets_a_folder_with_a_number(tmp_path: Path) -> None:
    one = run(tmp_path)
    folders = [one.drill_folder("gray-failure") for _ in range(3)]
    assert [f.name for f in folders] == ["gray-failure", "gray-failure-2", "gray-failure-3"]
    assert all(f.parent == tmp_path / one.run_id for f in folders)
    assert re.fullmatch(r"\d{8}-\d{6}-\d+", one.run_id)


def test_a_run_in_which_nothing_was_filed_leaves_no_folder(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    one = run(reports)
    (one.folder / "allure-results").mkdir(parents=True)
    one.leave_nothing_empty()
    assert not reports.exists()
    reports.mkdir()
    other = run(reports)
    (other.folder / "allure-results").mkdir(parents=True)
    other.leave_nothing_empty()
    assert list(tmp_path.rglob("*")) == [reports]  # that was there before


def test_a_run_in_which_something_was_filed_is_left_as_it_is(tmp_path: Path) -> None:
    one = run(tmp_path)
    (one.folder / "allure-results").mkdir(parents=True)
    (one.drill_folder("gray-failure") / "witness.events.jsonl").write_text("")
    one.leave_nothing_empty()
    assert (one.folder / "allure-results").is_dir()
    assert (one.folder / "gray-failure" / "witness.events.jsonl").is_file()


def test_latest_points_to_the_last_run_whatever_it_pointed_to(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("gone")
    one = run(tmp_path)
    one.drill_folder("gray-failure")
    one.point_latest()
    one.point_latest()
    assert (tmp_path / "latest").resolve() == one.folder
    assert [p.name for p in tmp_path.glob(".latest*")] == []


def test_what_a_run_that_was_killed_had_begun_to_link_goes_and_that_of_one_that_lives_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left, own = (tmp_path / f".latest-20260101-000000-{pid}" for pid in (ended.pid, os.getpid()))
    for link in (left, own):
        link.symlink_to("somewhere")
    run(tmp_path).point_latest()
    assert (left.is_symlink(), own.is_symlink()) == (False, True)


def test_trying_whether_reports_can_be_written_leaves_nothing_however_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is tried has no name, so that a kill in the middle of it leaves nothing."""
    seen = []
    made = options.TemporaryFile

    def trying(**given: Any) -> Any:
        file = made(**given)
        seen.append(list(tmp_path.iterdir()))
        return file

    monkeypatch.setattr(options, "TemporaryFile", trying)
    assert options.for_writing(tmp_path / "reports") == tmp_path / "reports"
    assert seen == [[]]


def test_the_worst_drill_decides_the_run(tmp_path: Path) -> None:
    one = run(tmp_path)
    assert one.result({}, {}, {}).verdict is Verdict.INVALID  # nothing ran, so nothing was shown
    for verdict in (Verdict.MET, Verdict.INVALID, Verdict.MISSED):
        one.drills.append(DrillResult("d", "f", "s", verdict, (), Objectives(), "d/history.jsonl", "0" * 64))
    assert one.result({}, {}, {}).verdict is Verdict.MISSED
    assert one.result({}, {}, {}).seed == 3


# --- facts ------------------------------------------------------------------------------------------------------------

READY = SteadyEvidence(())


def operation(
    number: int, at_ns: int, client: str = "dns-0", f: Function = "put", *, good: bool = True, region: str = EAST
) -> list[Event]:
    who = (f"u{number}", 0, client, client.rpartition("-")[0], f, f"u{number}")
    outcome = Outcome.OK if good else Outcome.INFO
    return [
        Invoke(*who, None, at_ns, at_ns),
        Completion(*who, None, outcome, at_ns + 1000, EDGES[region], 200 if good else None),
    ]


def answer(client: str, region: str, at_ns: int) -> DnsAnswer:
    return DnsAnswer("witness", client, "app.example.com", (EDGES[region],), 6, at_ns)


def steady() -> Observation:
    seen = Observation(EDGES, EAST, WEST)
    seen.take([answer(client, EAST, 1) for client in ("authoritative", "dns-0")])
    for number in range(ACKNOWLEDGED_WRITES):
        seen.take(operation(number, 2 * S + number * to_ns(0.02)))
    return seen


def test_a_steady_state_has_no_reasons_against_it() -> None:
    assert steady().facts(READY).unsteady == ()
    assert steady().facts(None).unsteady == ()


def test_everything_that_is_missing_is_said() -> None:
    reasons = Observation(EDGES, EAST, WEST).facts(SteadyEvidence(("no write has been replicated yet",))).unsteady
    assert len(reasons) == 4
    text = "; ".join(reasons)
    assert "no client has been answered yet" in text
    assert "0 writes acknowledged so far, 50 needed" in text
    assert "no DNS answer yet" in text
    assert "no write has been replicated yet" in text


def test_two_failures_in_fifty_are_no_steady_state_and_one_says_nothing() -> None:
    seen = steady()
    seen.take(operation(900, 3 * S, good=False))
    assert seen.facts(READY).unsteady == ()
    seen.take(operation(901, 3 * S, good=False))
    assert seen.facts(READY).unsteady == ("only 96.2% of the clients' requests succeed",)


def test_a_client_with_another_answer_is_no_steady_state_but_other_cohorts_may_lag() -> None:
    seen = steady()
    seen.take([answer("ttl-violating-0", WEST, 3 * S), answer("keepalive-0", WEST, 3 * S)])
    assert seen.facts(READY).unsteady == ()
    seen.take([answer("dns-3", WEST, 3 * S)])
    assert any("DNS answers 127.0.2.10" in reason for reason in seen.facts(READY).unsteady)


def test_what_was_before_the_steady_state_was_asked_for_does_not_count() -> None:
    seen = steady()
    seen.take([Mark(Phase.STEADY.value, 4 * S)])
    unanswered, few = seen.facts(READY).unsteady
    assert unanswered == "no client has been answered yet"
    assert few == "0 writes acknowledged so far, 50 needed"


def test_being_served_by_the_other_side_counts_from_the_last_client_that_came() -> None:
    seen = steady()
    seen.expect_active(WEST)
    assert seen.facts(None).served_since_ns is None
    seen.take(operation(901, 10 * S, "dns-0", region=WEST))
    assert seen.facts(None).served_since_ns == 10 * S
    seen.take(operation(902, 11 * S, "dns-1", region=EAST))
    assert seen.facts(None).served_since_ns is None
    seen.take(operation(903, 12 * S, "dns-1", region=WEST))
    seen.take(operation(904, 13 * S, "dns-0", region=WEST))
    assert seen.facts(None).served_since_ns == 12 * S
    seen.take(operation(905, 14 * S, "dns-0", region=WEST, good=False))
    assert seen.facts(None).served_since_ns is None


def test_a_heal_makes_everybody_be_counted_anew() -> None:
    seen = steady()
    assert seen.facts(None).served_since_ns is not None
    seen.healed()
    assert seen.facts(None).served_since_ns is None


def test_without_a_fault_none_was_observed() -> None:
    assert not steady().facts(READY).fault_observed


def test_whoever_watches_looks_only_at_the_few_events_that_are_no_operations() -> None:
    seen = steady()
    assert len(seen.events) == 2 + 2 * ACKNOWLEDGED_WRITES
    assert [type(event) for event in seen.context] == [DnsAnswer, DnsAnswer]
