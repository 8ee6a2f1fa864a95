"""The resiliency matrix: the newest evidence of each cell, what nobody has run, and what is worse than before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from test_reporting_sample import run as sample_run

from harness.cli.matrix import matrix as command
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.matrix import changes, in_words, matrix_of
from harness.errors import InputError
from harness.outcome import Verdict
from harness.reporting import job_summary, matrix_page, matrix_runs, report, run_json

WORKS, DEGRADED, FAILS, NOT_RUN = "works", "degraded", "does not work", "not run"
SHARES = {WORKS: 40, DEGRADED: 25, FAILS: 0, NOT_RUN: 2}
RULES = {
    "works_share": 0.95, "fails_share": 0.1, "before_share": 0.9, "slower_times": 3.0, "slower_s": 0.25,
    "visits_min": 5,
}  # fmt: skip
PLACE = {"kind": "place", "name": "us-east-1"}
ERP = {"kind": "third party", "name": "erp <&>"}


def cell(dependency: Mapping[str, str], failure: str, journey: str, state: str, fault: int = 0) -> dict[str, Any]:
    none = {"made": 0, "worked": 0, "p50_s": None, "p95_s": None}
    during = {"made": 40, "worked": SHARES[state], "p50_s": 0.02, "p95_s": 0.05}
    return {
        "fault": fault, "dependency": dict(dependency), "failure": failure, "beside": [], "journey": journey,
        "state": state, "text": f"{SHARES[state]} of 40 visits worked", "before": during, "during": during,
        "after": none, "out_s": 0.0, "worked_again": True, "errors": {},
    }  # fmt: skip


def drill(name: str, *cells: dict[str, Any], **changed: Any) -> DrillResult:
    told = {
        "rules": RULES,
        "made": [{"name": journey, "period_s": 0.5, "after": None} for journey in ("browse", "pay")],
        "watched": [PLACE, ERP],
        "cells": list(cells),
    }
    made = replace(sample_run().drills[0], name=name, verdict=Verdict.MET, measured={"journeys": told}, **changed)
    return replace(made, settings=changed.get("settings", {}), control=changed.get("control"))


def a_run(day: int, *drills: DrillResult, **changed: Any) -> RunResult:
    at = datetime(2026, 11, day, 8, tzinfo=UTC)
    made = replace(sample_run(), run_id=f"202611{day:02d}-080000-1", started_at=at, finished_at=at + timedelta(hours=1))
    verdicts = {one.verdict for one in drills}
    return replace(made, drills=drills, verdict=verdicts.pop() if len(verdicts) == 1 else Verdict.MISSED, **changed)


def lost(state: str, journey: str = "pay", **changed: Any) -> DrillResult:
    return drill("region-lost", cell(PLACE, "lost, refused", journey, state), **changed)


def states(*runs: RunResult) -> dict[tuple[str, str, str], str]:
    found = matrix_of(runs)
    assert found is not None
    return {(one.dependency.words, one.failure, one.journey): one.state for one in found.cells}


def test_the_newest_run_that_tells_of_a_cell_counts() -> None:
    older, newer = a_run(1, lost(FAILS)), a_run(2, lost(WORKS))
    assert states(newer, older)["place us-east-1", "lost, refused", "pay"] == WORKS
    elsewhere = a_run(3, drill("erp", cell(ERP, "slow", "pay", DEGRADED)))
    found = states(older, elsewhere)
    assert found["place us-east-1", "lost, refused", "pay"] == FAILS
    assert found["third party erp <&>", "slow", "pay"] == DEGRADED


def test_of_several_drills_of_one_run_the_worst_counts_and_all_are_linked() -> None:
    found = matrix_of([a_run(1, lost(WORKS), lost(FAILS), lost(DEGRADED))])
    assert found is not None
    (shown,) = (one for one in found.cells if one.evidence)
    assert [(one.number, one.state) for one in shown.evidence] == [(2, FAILS), (3, DEGRADED), (1, WORKS)]


def test_a_cell_that_nobody_ran_says_so_and_every_dependency_has_its_row() -> None:
    found = states(a_run(1, lost(WORKS)))
    assert found["place us-east-1", "lost, refused", "browse"] == NOT_RUN
    assert found["place us-east-1", "slow", "pay"] == NOT_RUN
    assert found["third party erp <&>", "lies", "pay"] == NOT_RUN
    assert ("place us-east-1", "lies", "pay") not in found, "a place does not lie"


@pytest.mark.parametrize(
    "no_evidence",
    [
        {"verdict": Verdict.INVALID},
        {"verdict": Verdict.ABORTED},
        {"control": "MISSED"},
        {"settings": {"failover": "off"}},
        {"settings": {"fault": "none"}},
    ],
)
def test_what_proves_nothing_or_is_broken_on_purpose_is_no_evidence(no_evidence: dict[str, Any]) -> None:
    verdict = no_evidence.pop("verdict", Verdict.MET)
    broken = replace(lost(FAILS, **no_evidence), verdict=verdict)
    assert states(a_run(1, lost(WORKS)), a_run(2, broken))["place us-east-1", "lost, refused", "pay"] == WORKS
    assert states(a_run(2, broken))["place us-east-1", "lost, refused", "pay"] == NOT_RUN


def test_other_promises_and_rates_are_evidence_all_the_same() -> None:
    other = lost(DEGRADED, settings={"objective.rto_s": "5", "workload.rate_per_s": "20", "fault.mode": "refuse"})
    assert states(a_run(1, other))["place us-east-1", "lost, refused", "pay"] == DEGRADED


def test_a_run_that_saw_too_little_leaves_older_evidence_in_place() -> None:
    found = states(a_run(1, lost(DEGRADED)), a_run(2, lost(NOT_RUN)))
    assert found["place us-east-1", "lost, refused", "pay"] == DEGRADED


def test_another_subject_is_another_matrix() -> None:
    found = matrix_of([a_run(1, lost(FAILS), subject="theirs"), a_run(2, lost(WORKS), subject="ours")])
    assert found is not None
    assert (found.subject, found.runs) == ("ours", ("20261102-080000-1",))
    assert matrix_of([replace(sample_run(), drills=())]) is None


def test_differences_are_said_once_for_journeys_that_changed_alike() -> None:
    both = drill("r", cell(PLACE, "slow", "browse", WORKS), cell(PLACE, "slow", "pay", WORKS))
    worse = drill("r", cell(PLACE, "slow", "browse", FAILS), cell(PLACE, "slow", "pay", FAILS))
    better = drill("q", cell(ERP, "lies", "pay", WORKS))
    before, now = matrix_of([a_run(1, both)]), matrix_of([a_run(1, both), a_run(2, worse, better)])
    assert before is not None
    assert now is not None
    assert in_words(changes(before, now)) == [
        ("worse", "place us-east-1 (slow), browse, pay: works -> does not work"),
        ("new", "third party erp <&> (lies), pay: not run -> works"),
    ]
    assert in_words(changes(now, before))[:2] == [
        ("gone", "third party erp <&> (lies), pay: works -> not run"),
        ("better", "place us-east-1 (slow), browse, pay: does not work -> works"),
    ]
    assert changes(now, now) == []


# --- the command, and its page ----------------------------------------------------------------------------------------


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRILL_REPORTS", str(tmp_path))
    for one in (a_run(1, lost(WORKS)), a_run(2, lost(FAILS), drill("q", cell(ERP, "lies", "browse", DEGRADED)))):
        (tmp_path / one.run_id).mkdir()
        run_json.write(one, tmp_path / one.run_id / "run.json")
    return tmp_path


def exit_code(*arguments: Any, **options: Any) -> int:
    with pytest.raises(typer.Exit) as ended:
        command(*arguments, **options)
    return ended.value.exit_code


def test_the_command_shows_writes_and_says_what_is_worse(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(fail_on=["worse"]) == 1
    said = capsys.readouterr().out
    assert "worse: place us-east-1 (lost, refused), pay: works -> does not work" in said
    assert "Not run: 16 of 18 cells" in said
    assert "third party erp <&>: lost, refused; lost, black-holed; slow; errors" in said
    page = (reports / "matrix.html").read_text()
    assert 'href="./20261102-080000-1/report.html#d1-region-lost-journeys"' in page
    assert "erp &lt;&amp;&gt;" in page
    assert "erp <&>" not in page
    assert "<script" not in page
    assert json.loads((reports / "matrix.json").read_text())["changes"][0]["change"] == "worse"


def test_without_a_condition_nothing_fails_and_not_run_can_be_one(reports: Path) -> None:
    assert exit_code() == 0
    assert exit_code(fail_on=["not-run"]) == 1
    assert exit_code("20261101-080000-1", fail_on=["worse"]) == 0, "there was nothing before it"


def test_it_is_compared_with_a_run_or_with_a_matrix_of_before(reports: Path, tmp_path: Path) -> None:
    assert exit_code(compare="20261102-080000-1", fail_on=["worse"]) == 0
    assert exit_code(compare="20261101-080000-1", fail_on=["worse"]) == 1
    assert exit_code("20261101-080000-1") == 0
    kept = tmp_path / "kept.json"
    kept.write_bytes((reports / "matrix.json").read_bytes())
    assert exit_code(compare=str(kept), fail_on=["worse"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "is no matrix of the schema drill-matrix/1"),
        ('{"schema": "drill-matrix/1", "cells": 3}', "does not fit"),
    ],
)
def test_what_is_no_matrix_is_refused_with_the_reason(reports: Path, text: str, said: str) -> None:
    (reports / "broken.json").write_text(text)
    with pytest.raises(InputError, match=said):
        command(compare=str(reports / "broken.json"))


def test_mistakes_of_the_command_line_are_told(reports: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--fail-on better: either worse or not-run"):
        command(fail_on=["better"])
    with pytest.raises(InputError, match="there are: 20261102-080000-1, 20261101-080000-1"):
        command("20991231-000000-1")
    with pytest.raises(InputError, match="tells of journeys"):
        command(reports=str(tmp_path / "20261101-080000-1"))


def test_a_run_that_cannot_be_read_is_named_and_the_others_count(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = reports / "20261103-080000-1"
    broken.mkdir()
    (broken / "run.json").write_text('{"journeys"')
    assert exit_code() == 0
    assert "left out:" in capsys.readouterr().out


def test_a_matrix_comes_back_from_its_file_as_it_was(reports: Path) -> None:
    exit_code()
    again = matrix_page.read_data(reports / "matrix.json")
    now = matrix_of([a_run(1, lost(WORKS)), a_run(2, lost(FAILS), drill("q", cell(ERP, "lies", "browse", DEGRADED)))])
    assert again == now


def test_a_report_has_the_matrix_of_its_own_run_and_the_journeys_of_each_drill(tmp_path: Path) -> None:
    page = report.render(a_run(1, lost(DEGRADED)), tmp_path)
    assert 'id="d1-region-lost-journeys"' in page
    assert 'href="#d1-region-lost-journeys"' in page
    assert "25 of 40 visits worked" in page
    without = report.render(sample_run(), tmp_path)
    assert "svg.matrix" not in without
    assert "What could still be done" not in without


def test_a_run_says_what_it_has_changed_and_nothing_of_what_it_did_not_run(reports: Path) -> None:
    third = a_run(3, lost(WORKS))
    found, compared_with = matrix_runs.told(third, reports)
    assert in_words(found) == [("better", "place us-east-1 (lost, refused), pay: does not work -> works")]
    assert compared_with == "the matrix after run 20261102-080000-1"
    (reports / third.run_id).mkdir()
    page = report.render(third, reports / third.run_id)
    assert "Compared with the matrix after run 20261102-080000-1." in page
    assert "place us-east-1 (lost, refused), pay: does not work -&gt; works" in page
    assert matrix_runs.told(a_run(1, lost(WORKS)), reports) == ([], ""), "nothing was before it"
    assert matrix_runs.told(replace(third, subject="theirs"), reports) == ([], "")


def test_a_jobs_page_has_the_matrix_of_its_run(tmp_path: Path) -> None:
    page = job_summary.render(a_run(1, lost(DEGRADED), drill("q", cell(ERP, "lies", "browse", WORKS))), tmp_path)
    assert "| place us\\-east\\-1 | lost, refused | not run | ~ degraded 62 % |" in page
    assert "16 of 18 cells of the resiliency matrix were not run here." in page
    assert "What could still be done" not in job_summary.render(sample_run(), tmp_path)


def test_what_stands_in_a_run_json_commands_no_terminal(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[31mred\x07"
    cells = (
        cell({"kind": evil, "name": evil}, evil, journey, state) for journey, state in ((evil, FAILS), ("pay", WORKS))
    )
    one = a_run(3, drill("a", *cells))
    (reports / one.run_id).mkdir()
    run_json.write(one, reports / one.run_id / "run.json")
    exit_code()
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["made", "worked"])
def test_numbers_without_end_are_no_crash(reports: Path, name: str) -> None:
    path = reports / "20261101-080000-1" / "run.json"
    body = json.loads(path.read_text())
    for one in body["drills"][0]["measured"]["journeys"]["cells"]:
        one["during"][name] = 10**400
    path.write_text(json.dumps(body))
    assert exit_code() == 0
    kept = json.loads((reports / "matrix.json").read_text())
    kept["rules"]["works_share"] = 10**400
    (reports / "kept.json").write_text(json.dumps(kept))
    with pytest.raises(InputError, match="too large"):
        command(compare=str(reports / "kept.json"))
