"""Files the evidence: everything that a run leaves in its folder, per drill as it ends and once at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.drill.evidence import DrillResult, NotMeasured, RunResult
from harness.drill.runner import Run
from harness.reporting import allure, junit, report, run_json, run_json_reader, timeline
from harness.reporting.sources import read_history

PART = "run.json"
_FACTS = ("versions", "capabilities", "machine")


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
    allure.attach_drill(result, folder, what, recorded)


def file_part(result: RunResult, folder: Path, worker: str) -> dict[str, Any]:
    """At the end of one process of several that drilled in one run: what `join` needs of it, as plain data."""
    name = f".{worker}.{PART}" if result.drills else ""
    if name:
        run_json.write(result, folder / name)
    left = [{**asdict(one), "tags": list(one.tags)} for one in result.not_measured]
    facts = {"versions": result.versions, "capabilities": result.capabilities, "machine": result.machine}
    return {"folder": str(folder), "drills": name, "not_measured": left, **{k: dict(v) for k, v in facts.items()}}


def join(run: Run, parts: Sequence[Mapping[str, Any]]) -> tuple[RunResult, Path]:
    """One run of the parts that its processes filed, and its report's path. Raises InputError, OSError."""
    for part in parts:
        if part["drills"]:
            run.drills.extend(run_json_reader.load(run.folder / part["drills"]).drills)
        run.not_measured.extend(NotMeasured(**{**one, "tags": tuple(one["tags"])}) for one in part["not_measured"])
    # The first of those that could tell most: a process whose world did not come up knows little.
    facts: dict[str, Any] = {name: max((part[name] for part in parts), key=len, default={}) for name in _FACTS}
    result = run.result(**facts)
    path = file_run(result, run.folder)
    for part in parts:
        if part["drills"]:
            (run.folder / part["drills"]).unlink()
    run.point_latest()
    return result, path


def file_run(result: RunResult, folder: Path) -> Path:
    """At the end of a run: run.json, report.html, junit.xml, and Allure's metadata. Returns the report's path."""
    run_json.write(result, folder / "run.json")
    junit.write(result, folder / "junit.xml")
    allure.write_metadata(result)
    return report.write(result, folder)
