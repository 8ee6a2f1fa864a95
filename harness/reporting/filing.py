"""Files the evidence: everything that a run leaves in its folder, per drill as it ends and once at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from harness.drill.evidence import DrillResult, RunResult
from harness.reporting import allure, junit, report, run_json, timeline
from harness.reporting.sources import read_history


def warm() -> None:
    """Import what drawing needs (over a second of it), while a drill waits for its clients anyway."""
    timeline.warm()


def not_evidence(result: DrillResult) -> str:
    """Why run.json cannot say this of a drill; "" where it can."""
    try:
        found = run_json.problems_of(result)
    except ValueError as error:  # a number that JSON does not have
        return str(error)
    return "; ".join(found)


def file_drill(result: DrillResult, folder: Path, what: Mapping[str, str] = MappingProxyType({})) -> None:
    """When a drill has ended: draw timeline.svg beside its history, and attach its evidence where Allure is at work.

    folder: the run's. what: was drilled where, in words (subject, environment, profile). A history that cannot be read
    leaves no timeline; the report says why.
    """
    recorded = read_history(folder, result)
    if recorded.events:
        timeline.write_svg(recorded.events, result, (folder / result.history).parent / "timeline.svg")
    allure.attach_drill(result, folder, what)


def file_run(result: RunResult, folder: Path) -> Path:
    """At the end of a run: run.json, report.html, junit.xml, and Allure's metadata. Returns the report's path."""
    run_json.write(result, folder / "run.json")
    junit.write(result, folder / "junit.xml")
    allure.write_metadata(result)
    return report.write(result, folder)
