"""What build servers and terminals get: junit.xml, the summary, the live view."""

from __future__ import annotations

import io
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from test_reporting_sample import drill, run

from harness.drill.evidence import Finding
from harness.drill.progress import LiveStatus, PhaseProgress, RegionService
from harness.outcome import Bracket, Verdict
from harness.reporting import junit, summary
from harness.reporting.live_view import LiveView, heartbeat

EVIL = "<b>&\x00\x08\x1b[31m ]]> \ud800"


def _four() -> tuple[ElementTree.Element, list[ElementTree.Element]]:
    drills = [drill(f"drill-{verdict.lower()}", verdict) for verdict in Verdict]
    root = ElementTree.fromstring(junit.render(run(*drills, verdict=Verdict.MISSED)))
    return root, root.findall("./testsuite/testcase")


def test_a_missed_objective_is_a_failure_and_a_drill_that_proves_nothing_an_error() -> None:
    root, cases = _four()
    problems = {case.get("name"): [child.tag for child in case if child.tag in {"failure", "error"}] for case in cases}
    assert problems == {
        "drill-met": [],
        "drill-missed": ["failure"],
        "drill-unknown": ["error"],
        "drill-invalid": ["error"],
        "drill-aborted": ["error"],
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "1", "3")


def test_junit_carries_the_measured_bracket_as_properties() -> None:
    _, cases = _four()
    values = {p.get("name"): p.get("value") for p in cases[0].findall("./properties/property")}
    assert values["rto"] == "7.94 – 8.36 s"
    assert (values["rto_low_s"], values["rto_high_s"], values["rpo_missing_high"]) == ("7.9412", "8.3589", "15")


def test_junit_stays_well_formed_whatever_the_texts_hold() -> None:
    odd = replace(drill(EVIL, Verdict.MISSED), feature=EVIL, scenario=EVIL, why=EVIL, reasons=(EVIL,))
    case = ElementTree.fromstring(junit.render(run(odd, verdict=Verdict.MISSED))).find("./testsuite/testcase")
    assert case is not None
    assert case.get("name") == "<b>& ]]> "


def _summary(**options: object) -> str:
    late = replace(drill("replication-stalled-then-region-lost", Verdict.MISSED), rto=Bracket(12_100_000_000, None))
    many = replace(late, findings=tuple(Finding(f"f{n}", f"finding {n}", "warning") for n in range(9)))
    buffer = io.StringIO()
    console = Console(file=buffer, width=80, highlight=False, **options)  # type: ignore[arg-type]
    summary.show(run(drill(), many, verdict=Verdict.MISSED), Path("reports/r/report.html"), console)
    return buffer.getvalue()


def test_the_summary_fits_eighty_columns_and_says_everything_without_colour() -> None:
    text = _summary()
    assert "\x1b" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    for part in (
        "✓ MET",
        "✗ MISSED",
        "7.94 – 8.36 s",
        "12–15 items, ≤ 1.42 s",
        "why: 66 % of the recovery time is the DNS TTL",
        "predicted 9.20 s, measured about 8.14 s",
        "findings in the report only: 4",
        "Report: reports/r/report.html",
    ):
        assert part in text


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in _summary(force_terminal=True)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;32m" in _summary(force_terminal=True)


def test_a_drill_without_figures_says_not_measured() -> None:
    text = summary.plain_text(run(replace(drill(), rto=None, rpo=None, prediction_s=None)), Path("r"))
    assert text.splitlines()[1].split("  ")[-1].strip() == "not measured"
    assert "predicted" not in text


def test_terminal_sequences_in_evidence_do_not_reach_the_terminal() -> None:
    text = summary.plain_text(run(replace(drill("a\x1b[2Jb"), why="x\x07y", reasons=("\x1b]0;t\x07",))), Path("r"))
    assert not {"\x1b", "\x07"} & set(text)


STATUS = LiveStatus(
    drill="region-lost-black-holed",
    elapsed_s=23.4,
    phases=(
        PhaseProgress("steady state", "done", 5.1),
        PhaseProgress("recovery", "current", 6.2),
        PhaseProgress("heal", "to come"),
    ),
    broken=("region-outage us-east-1",),
    regions=(RegionService("us-east-1", 0, 20), RegionService("us-west-2", 19, 20)),
    dns_answer="us-west-2",
    outage_s=6.2,
    objective_s=12.0,
    acked_writes=1204,
    events=("12.3 s us-east-1 unhealthy",),
)


class _Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def _view(*, terminal: bool) -> tuple[LiveView, io.StringIO, _Clock]:
    buffer, clock = io.StringIO(), _Clock()
    console = Console(file=buffer, width=80, force_terminal=terminal, highlight=False, _environ={"TERM": "xterm"})
    return LiveView(console, clock), buffer, clock


def test_without_a_terminal_there_is_a_line_per_phase_and_per_event_and_no_more() -> None:
    view, buffer, clock = _view(terminal=False)
    with view:
        for tick in range(50):
            clock.now_s = tick / 10
            view.update(STATUS)
        view.update(replace(STATUS, events=(*STATUS.events, "12.5 s DNS answer: us-west-2")))
        view.update(replace(STATUS, phases=(PhaseProgress("heal", "current", 0.1),), events=()))
    elapsed = f"{STATUS.elapsed_s:.1f} s"
    assert [line.strip() for line in buffer.getvalue().splitlines()] == [
        STATUS.drill,
        "12.3 s us-east-1 unhealthy",
        f"{elapsed}  -- recovery",
        "12.5 s DNS answer: us-west-2",
        f"{elapsed}  -- heal",
    ]


def test_a_long_phase_gives_a_sign_of_life_every_ten_seconds() -> None:
    view, buffer, clock = _view(terminal=False)
    with view:
        for tick in range(260):
            clock.now_s = tick / 10
            view.update(replace(STATUS, events=()))
    assert buffer.getvalue().count("1204 writes acknowledged") == 2
    assert "us-west-2 19/20" in heartbeat(STATUS)


def test_on_a_terminal_everything_is_on_one_panel_and_the_cursor_comes_back() -> None:
    view, buffer, _ = _view(terminal=True)
    with view:
        view.update(STATUS)
    shown = buffer.getvalue()
    for part in ("region-lost-black-holed", "recovery", "0/20 served", "19/20 served", "down for 6.2 s, 12 s allowed"):
        assert part in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_the_cursor_comes_back_when_the_drill_raises() -> None:
    view, buffer, _ = _view(terminal=True)

    def broken_drill() -> None:
        with view:
            view.update(STATUS)
            raise RuntimeError("the drill broke")

    with pytest.raises(RuntimeError, match="the drill broke"):
        broken_drill()
    assert "\x1b[?25h" in buffer.getvalue()
    view.stop()


def test_updates_faster_than_the_eye_are_drawn_ten_times_a_second() -> None:
    view, buffer, clock = _view(terminal=True)
    with view:
        for tick in range(100):
            clock.now_s = tick / 100
            view.update(replace(STATUS, acked_writes=5000 + tick))
    drawn = sum(f"{5000 + tick} writes" in buffer.getvalue() for tick in range(100))
    assert 9 <= drawn <= 12


def test_updates_from_other_threads_and_after_the_end_do_no_harm() -> None:
    view, _, clock = _view(terminal=True)
    view.update(STATUS)
    view.start()
    view.start()

    def hammer() -> None:
        for tick in range(100):
            clock.now_s += 0.2
            view.update(replace(STATUS, elapsed_s=float(tick)))

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    view.stop()
    for thread in threads:
        thread.join(timeout=10)
    view.update(STATUS)
    assert not any(thread.is_alive() for thread in threads)
