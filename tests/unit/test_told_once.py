"""What a drill says to whoever reads it for the first time: each fact once, by its cause, from one origin of time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan
from test_drill_promises import BothWrite, only_recovery, promises, run, there_and_back
from test_reporting_sample import drill as sample
from test_reporting_sample import run as sample_run

from harness.checkers.durability import differing
from harness.cli.verify import drills
from harness.drill import case_files
from harness.drill.case import Case, Ending
from harness.drill.evidence import DrillResult, Finding
from harness.drill.facade import Drill
from harness.drill.lifecycle import Phase
from harness.drill.observation import Observation
from harness.drill.progress import LiveStatus
from harness.drill.status import _began_ns
from harness.history.events import HealthTransition, Mark
from harness.measurement.why import why
from harness.names import CALIBRATION
from harness.outcome import Verdict
from harness.reporting import drill_view, glossary, objectives, run_json, run_json_reader, summary
from harness.topology.consistency import Consistency
from harness.topology.subject import SubjectTiming
from harness.units import to_ns
from harness.workload import Workload

BOTH = Consistency(writes="both")


def printed(result: DrillResult) -> str:
    console = Console(width=2000, record=True, color_system=None)
    summary.show(sample_run(result), None, console)
    return console.export_text()


def case_of(folder: Path) -> Case:
    return case_files.read(folder).case


# --- who noticed -----------------------------------------------------------------------------------------------------


class Watched(SimulatedBackend):
    """A load balancer notices at once, the edge's checks when `edge_s` have passed; the answer follows the first."""

    edge_s = 5.0

    def _take_over(self, lost: str) -> None:
        super()._take_over(lost)
        self._new = [event for event in self._new if not isinstance(event, HealthTransition)]
        self._tell("target")
        self._clock.after(to_ns(self.edge_s), self._tell, "route53")

    def _tell(self, kind: str) -> None:
        checkers = 1 if kind == "target" else 16
        self._new.append(HealthTransition(EAST, "unhealthy", 0, checkers, self._clock.ns, kind=kind))


class Punctual(Watched):
    """The edge's checks are there before the answer changes."""

    edge_s = 0.5


def test_a_detection_by_the_load_balancer_is_told_as_such(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, Watched)
    assert result.noticed_by == result.episodes[0].noticed_by == "target"
    views, _, _ = drill_view.phases(result.phases_ns, None, result.noticed_by)
    assert "the load balancer notices" in {view.name for view in views}
    run_json.write(sample_run(result), tmp_path / "run.json")
    assert run_json_reader.load(tmp_path / "run.json").drills[0].noticed_by == "target"


def test_what_the_edges_checks_notice_goes_on_being_theirs(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, Punctual)
    assert result.phases_ns["detect"] is not None
    assert result.noticed_by == ""
    assert "noticed_by" not in run_json.drill_dict(result)
    assert glossary.phase("detect") == "the edge's checks notice"


class Waiting(Watched):
    """The balancer notices; the answer waits for the edge's checks to find the standby healthy."""

    def _tell(self, kind: str) -> None:
        super()._tell(kind)
        if kind == "target":
            self._new.append(HealthTransition(WEST, "healthy", 16, 16, self._clock.ns))


class Nobody(Watched):
    """No check notices anything before the answer changes."""

    def _tell(self, kind: str) -> None:
        if kind != "target":
            super()._tell(kind)


@pytest.mark.parametrize(("world", "by"), [(Waiting, ""), (Nobody, "other")])
def test_who_noticed_is_whom_the_answer_waited_for(tmp_path: Path, world: type[Watched], by: str) -> None:
    assert run(tmp_path, only_recovery, world).noticed_by == by


def test_why_names_who_noticed() -> None:
    slow: dict[str, int | None] = {"detect": to_ns(9), "settle": to_ns(1)}
    assert "detection by the load balancer" in why(slow, "target")
    assert "detection by the edge's health checks" in why(slow)


# --- one origin of time ----------------------------------------------------------------------------------------------


class SlowStart(BothWrite):
    """The subject needs a while to start, and the sides never agree."""

    def open_drill(self, *told: Any) -> None:
        super().open_drill(*told)
        self._clock.sleep_s(2.5)


def test_the_terminal_and_the_findings_count_from_the_start_of_the_recording(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, SlowStart, Story(lag_s=1e6), promised=BOTH)
    filed = case_files.read(tmp_path)
    start = next(e.mono_ns for e in filed.events if isinstance(e, Mark) and e.f == Phase.STARTING)
    told = [finding for finding in result.findings if finding.id == "A10" and finding.at_ns is not None]
    assert told
    for finding in told:
        found = re.search(r"since (-?[\d.]+) s after the start", finding.text)
        if found is not None:
            assert finding.at_ns is not None
            assert float(found[1]) == pytest.approx((finding.at_ns - start) / 1e9, abs=0.01)
            assert float(found[1]) >= 0
    assert any("after the start" in finding.text for finding in told)
    text = drill_view.times(filed.events, result)
    assert f"{(result.faults[0].start_ns - start) / 1e9:.2f} s after that start" in text
    assert drill_view.times([], result) == ""


def test_the_lines_of_a_running_drill_count_from_there_too(tmp_path: Path) -> None:
    shown: list[LiveStatus] = []
    world = SimulatedBackend(Story())
    drill = Drill(world, plan(), tmp_path, shown.append)
    world._clock.sleep_s(7)  # between its making and its start
    only_recovery(drill)
    drill.finish(None)
    filed = case_files.read(tmp_path)
    start = next(e.mono_ns for e in filed.events if isinstance(e, Mark))
    fault_s = (filed.case.faults[0].started_ns - start) / 1e9
    lines = {line.strip() for status in shown for line in status.events if "fault region-outage" in line}
    assert lines
    assert all(float(line.split()[0]) == pytest.approx(fault_s, abs=0.06) for line in lines)


# --- each fact once --------------------------------------------------------------------------------------------------

SAID = "us-west-2 lacks 1 item that us-east-1 has: u1"


def test_a_finding_that_a_reason_says_is_not_said_again() -> None:
    both = (Finding("A10", SAID, "serious", 5), Finding("x", "something else", "warning"))
    missed = replace(
        sample(verdict=Verdict.MISSED), reasons=(f"the two sides differ in 1 item: {SAID}",), findings=both
    )
    assert printed(missed).count(SAID) == 1
    assert "something else" in printed(missed)
    rows = drill_view.findings(missed)
    assert [row.text for row in rows] == ["what the reason above says", "something else"]
    assert rows[0].number is not None  # its flag stays in the timeline
    met = replace(missed, verdict=Verdict.MET)  # then the reasons are not shown
    assert SAID in printed(met)
    assert drill_view.findings(met)[0].text == SAID


def durable(drill: Drill) -> None:
    there_and_back(drill)
    drill.require("durability", at_rest=True)


def test_that_the_sides_differ_is_found_once_and_in_detail(tmp_path: Path) -> None:
    result = run(tmp_path, durable, BothWrite, Story(lag_s=1e6), promised=BOTH)
    assert not [finding for finding in result.findings if finding.text.startswith("the two sides differ in items")]
    assert [finding for finding in result.findings if " lacks " in finding.text]


class NotCopied(BothWrite):
    """Its file says that nothing is replicated."""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.subject = self.subject.model_copy(update={"replication": "none"})


def test_sides_that_differ_by_design_are_a_note(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, NotCopied, Story(lag_s=1e6), promised=BOTH)
    told = [f for f in result.findings if f.id == "A10" or "the recovery point accounts for" in f.text]
    assert len(told) == 1
    assert {finding.severity for finding in told} == {"info"}
    assert sum(finding.id == "A10" for finding in told) == 1
    assert any("as the subject's file says (`replication: none`)" in finding.text for finding in told)


def test_sides_that_differ_against_the_design_stay_serious(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, BothWrite, Story(lag_s=1e6), promised=BOTH)
    assert {f.severity for f in result.findings if f.id == "A10"} == {"serious"}


# --- what the subject's file tells of itself -------------------------------------------------------------------------

TIMING = SubjectTiming(check_interval_s=1, check_timeout_s=1)


def of_file(**told: Any) -> type[SimulatedBackend]:
    """A world with a subject whose file says so."""

    class Told(SimulatedBackend):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.subject = self.subject.model_copy(update=told)

    return Told


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"honours_time_scale": False, "timing": None}, "info"),
        ({"honours_time_scale": False, "timing": TIMING}, "warning"),
        ({"honours_time_scale": True, "timing": TIMING}, None),
    ],
)
def test_only_a_subject_with_intervals_of_its_own_is_warned_of_them(
    tmp_path: Path, told: dict[str, Any], severity: str | None
) -> None:
    result = run(tmp_path, only_recovery, of_file(**told))
    found = [finding.severity for finding in result.findings if finding.id == "mixed-timing"]
    assert found == ([] if severity is None else [severity])


def without(*functions: str) -> Workload:
    reference = SimulatedBackend().subject.workload
    return reference.model_copy(update=dict.fromkeys(functions))


def test_a_promise_about_deletes_is_none_where_there_are_no_deletes(tmp_path: Path) -> None:
    result = run(tmp_path / "none", only_recovery, of_file(workload=without("delete")))
    assert "deletes are final" not in objectives.promised(result)
    assert "deletes" not in {row.name for row in objectives.rows(result)}
    some = run(tmp_path / "some", only_recovery)
    assert "deletes are final" in objectives.promised(some)
    assert "deletes" in promises(some)


# --- what was not reached --------------------------------------------------------------------------------------------


def test_an_early_end_says_what_was_not_reached(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.promise(error_budget=0.1)
        drill.record.note(not_reached=("the lost region heals", "service fails back to region us-east-1"))
        only_recovery(drill)

    result = run(tmp_path, scenario, story=Story(takeover_s=None))
    assert result.verdict is Verdict.MISSED
    assert result.reasons[-1] == (
        "the drill ended there, and 2 later steps were not reached: "
        "the lost region heals; service fails back to region us-east-1"
    )
    assert result.objectives.error_budget is None  # nothing asks for it, neither what was reached nor what was not


def test_what_a_later_step_asks_for_is_promised_all_the_same(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.promise(error_budget=0.1)
        drill.record.note(not_reached=("over 9 seconds no more requests fail than the error budget allows",))
        only_recovery(drill)

    result = run(tmp_path, scenario, story=Story(takeover_s=None))
    assert (result.objectives.error_budget, result.objectives.rto_s is None) == (0.1, False)


def test_a_recovery_that_never_came_is_one_reason(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=Story(takeover_s=None))
    assert [reason for reason in result.reasons if "never recovered" in reason]
    assert not [reason for reason in result.reasons if "not served again" in reason]


def test_the_last_step_leaves_nothing_out(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=Story(takeover_s=None))
    assert not any("not reached" in reason for reason in result.reasons)
    assert isinstance(case_of(tmp_path).ended_by, Ending)


# --- numbers and words -----------------------------------------------------------------------------------------------


class Calibrated(NotCopied):
    """The harness has written an item while it calibrated, and the standby has none of it."""

    def data(self) -> Any:
        tables = {place: {t: dict(items) for t, items in found.items()} for place, found in super().data().items()}
        for items in tables[EAST].values():
            items.clear()
            items["6cfb703a"] = f"{CALIBRATION}18650bc084-1-0"
        for items in tables[WEST].values():
            items.clear()
        return tables


def words(result: DrillResult) -> Iterator[str]:
    yield from result.reasons
    yield from (finding.text for finding in result.findings)
    yield from (one.text for one in result.results)


def test_what_the_harness_wrote_itself_is_told_in_words(tmp_path: Path) -> None:
    result = run(tmp_path, there_and_back, Calibrated, promised=BOTH)
    told = " ".join(words(result))
    assert "6cfb703a, written by the harness while it calibrated" in told
    assert f"is {CALIBRATION}" not in told


def test_one_of_something_is_told_as_one() -> None:
    assert differing(1) == "the two sides differ in 1 item"
    assert differing(2) == "the two sides differ in 2 items"
    assert (drills(1), drills(3)) == ("1 drill", "3 drills")


def test_an_observation_without_marks_counts_from_what_it_is_told() -> None:
    assert _began_ns(Observation({EAST: "a", WEST: "b"}, EAST, WEST), 7) == 7
