"""Puts the evidence where the contract says: per drill beside its history, per run in the run's folder."""

from __future__ import annotations

from pathlib import Path

from harness.drill.evidence import DrillResult, RunResult
from harness.history import codec
from harness.reporting import allure, junit, report, run_json, timeline


def file_drill(result: DrillResult, run_folder: Path) -> None:
    """Draw a drill's timeline beside its history, and attach its evidence where Allure is at work."""
    folder = (run_folder / result.history).parent
    timeline.write_svg(list(codec.read(run_folder / result.history)), result, folder / "timeline.svg")
    allure.attach_drill(result, folder)


def file_run(run: RunResult, folder: Path) -> None:
    """Write run.json (validated), report.html and junit.xml."""
    run_json.write(run, folder / "run.json")
    report.write(run, folder)
    junit.write(run, folder / "junit.xml")
