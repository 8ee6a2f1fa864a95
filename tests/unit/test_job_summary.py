"""A run on the page of a CI job: all that a reader needs, and nothing that text from outside could do to the page."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_reporting_sample import drill as sample_drill
from test_reporting_sample import run as sample_run
from test_reporting_sample import write_folder

from harness.cli import job_summary as command
from harness.cli.report import report
from harness.drill.evidence import DrillResult, Finding, NotMeasured, RunResult
from harness.errors import InputError
from harness.outcome import Verdict
from harness.reporting import gantt, job_summary, run_json
from harness.reporting.lanes import Lanes, Row, Span
from harness.reporting.markdown import code, text

HOSTILE = (
    "<script>alert(1)</script> | a [link](https://example.com) ![x](http://example.com/x.png) `code` **bold** "
    "</details> www.example.com <!-- &lt; ``` # 1. _x_ ~~y~~ $z$ @someone \\| \x1b[31m\u202e"
)
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[\[\]!`*_~|$@#<>:]")


def hostile(drill: DrillResult) -> DrillResult:
    return replace(
        drill,
        name=HOSTILE,
        scenario=HOSTILE,
        verdict=Verdict.INVALID,
        reasons=(HOSTILE, f"second {HOSTILE}"),
        findings=(Finding("serious", HOSTILE),),
        typed=HOSTILE,
        why=HOSTILE,
        attempts=(replace(drill, verdict=Verdict.INVALID, reasons=(HOSTILE,)),),
    )


def test_a_run_with_its_timeline(tmp_path: Path) -> None:
    folder = tmp_path / "20261101-7"
    folder.mkdir()
    run = write_folder(folder, sample_drill())
    (folder / "report.html").write_text("")
    page = job_summary.render(run, folder, "https://example.com/1#artifacts")
    assert page.startswith("## ✓ MET")
    assert "| region\\-lost\\-black\\-holed | ✓ MET" in page
    assert re.search(r"\| \d\\\.\d\d – \d\\\.\d\d s \|", page)
    assert "```mermaid\ngantt\n" in page
    assert re.search(r"^    broken region lost us-east-1.* :crit, \d+, \d+$", page, re.MULTILINE)
    assert "<details><summary>Where the recovery time went</summary>" in page
    assert "[Files of this run](https://example.com/1#artifacts): `20261101-7/report.html`" in page
    assert page.count("```") == 2


def test_reasons_attempts_and_what_is_left_out_are_told(tmp_path: Path) -> None:
    drill = replace(sample_drill(), verdict=Verdict.MISSED, reasons=("clients waited",))
    again = replace(drill, attempts=(replace(drill, verdict=Verdict.INVALID, reasons=("the fault was not seen",)),))
    left = NotMeasured("poisoned", "f", "s", "no poison here")
    page = job_summary.render(replace(sample_run(again, verdict=Verdict.MISSED), not_measured=(left,)), tmp_path)
    assert "- clients waited\n" in page
    assert "**MISSED at the 2nd attempt; 1st INVALID because the fault was not seen**" in page
    assert "- poisoned is not measurable here: no poison here" in page
    assert "No timeline: " in page


def test_text_from_outside_stays_text(tmp_path: Path) -> None:
    page = job_summary.render(sample_run(hostile(sample_drill()), verdict=Verdict.INVALID), tmp_path)
    ours = re.sub(r"^Again: .*|</?(?:details|summary)>|\*\*(?=INVALID at)|\*\*$", "", page, flags=re.MULTILINE)
    assert "<script" not in ours
    assert "</details> www" not in ours
    assert "\x1b" not in page
    assert "\u202e" not in page
    for line in ours.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (7, 3), line
    assert not re.search(r"(?<!\\)!(?<!\\)\[|(?<!\\)\]\(", ours)
    assert text(HOSTILE).isprintable()
    rest = re.sub(r"&(?:amp|lt|gt);", "", text(HOSTILE))
    assert UNESCAPED.search(rest) is None, rest


def test_code_holds_any_text() -> None:
    assert code("drill run a") == "`drill run a`"
    assert code("a `b` ``c `") == "``` a `b` ``c ` ```"
    assert code("") == "` `"


def test_names_of_bars_have_nothing_that_mermaid_reads() -> None:
    lanes = Lanes(
        start_s=-5.0, end_s=20.0, origin="", faults=(Span(0.0, 10.0, "section: a; b #35; %% c\nend"),), phases=(),
        cohorts=(), writers=(Row("`click`: x", (Span(-9.0, 30.0, ""), Span(3.0, 3.0, ""))),), dns=(), health=(),
        regions=(), hidden=(),
    )  # fmt: skip
    lines = gantt.draw(lanes)
    bars = [line for line in lines if " :" in line]
    assert bars == [
        "    broken section a b 35 c end :crit, 5000, 15000",
        "    by click x :0, 25000",
        "    by click x :8000, 8001",
    ]
    assert gantt.draw(replace(lanes, faults=(), writers=())) == []


def test_bars_have_a_limit_that_is_told() -> None:
    many = tuple(Span(float(n), n + 0.5, "") for n in range(30))
    lanes = Lanes(0.0, 40.0, "", (), (), (), (Row("west", many),), (), (), (), ())
    lines = gantt.draw(lanes)
    assert "    section Writes, 22 more in the report" in lines
    assert len([line for line in lines if " :" in line]) == gantt.BARS_MAX


def test_a_summary_never_has_more_than_github_takes(tmp_path: Path) -> None:
    long = replace(sample_drill(), verdict=Verdict.MISSED, reasons=tuple(f"{n} {'<' * 500}" for n in range(12)))
    run = sample_run(*[replace(long, name=f"drill-{n}") for n in range(900)], verdict=Verdict.MISSED)
    page = job_summary.render(run, tmp_path)
    assert len(page.encode()) <= job_summary.LARGEST_BYTES
    assert re.search(r"\d+ more drills are told of in the report", page)
    assert "And 800 more." in page


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def filed(tmp_path: Path) -> tuple[RunResult, Path]:
    folder = tmp_path / "reports" / "20261101-080000-7"
    folder.mkdir(parents=True)
    run = replace(write_folder(folder, sample_drill()), run_id=folder.name)
    run_json.write(run, folder / "run.json")
    return run, folder


def test_drill_report_adds_it_to_any_file(filed: tuple[RunResult, Path], tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# mine\n")
    report(filed[1].name, str(tmp_path / "reports"), summary=str(file))
    report(filed[1].name, str(tmp_path / "reports"), summary=str(file))
    told = file.read_text()
    assert told.startswith("# mine\n## ✓ MET")
    assert told.count("disaster-recovery drills") == 2


def test_a_file_that_is_full_or_none_is_told(filed: tuple[RunResult, Path], tmp_path: Path) -> None:
    full = tmp_path / "full.md"
    full.write_bytes(b"x" * (1024 * 1024))
    os.mkfifo(tmp_path / "pipe")
    for name, told in (("full.md", "it is full"), ("pipe", "no regular file"), ("absent/x.md", "No such file")):
        with pytest.raises(InputError, match=f"{name}: .*{told}"):
            command.add(*filed, tmp_path / name, {})
    assert full.stat().st_size == 1024 * 1024


@pytest.mark.parametrize(
    ("variables", "link"),
    [
        ({}, ""),
        (
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/mine", "GITHUB_RUN_ID": "5"},
            "https://github.com/me/mine/actions/runs/5#artifacts",
        ),
        ({"GITHUB_SERVER_URL": "https://x)[y", "GITHUB_REPOSITORY": "me/mine", "GITHUB_RUN_ID": "5"}, ""),
        ({"CI_JOB_URL": "https://gitlab.example/a/b/-/jobs/1"}, "https://gitlab.example/a/b/-/jobs/1/artifacts/browse"),
        ({"CI_JOB_URL": "javascript:alert(1)"}, ""),
    ],
)
def test_where_the_files_are_is_known_from_the_servers_variables(variables: dict[str, str], link: str) -> None:
    assert job_summary.artefacts(variables) == link
