"""Two worlds on one machine, each in a process of its own: one run of both, and no red that is the machine's fault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import environment, left_running

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300)]


def test_two_drills_run_beside_each_other_in_worlds_of_their_own(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    arguments = [
        "drills", "-k", "never_applied", "--trials", "2", "-n", "2", "--worlds", "per-worker",
        "--reports", str(reports),
        "-p", "no:cacheprovider",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    told = done.stdout + done.stderr
    run = json.loads((reports / "latest" / "run.json").read_text())
    assert [drill["name"] for drill in run["drills"]] == ["control-fault-never-applied"] * 2, told
    assert {drill["verdict"] for drill in run["drills"]} <= {"MET", "INVALID"}, told
    assert run["machine"]["worlds"] == "2.0"
    if "rate_per_s" in run["machine"]:  # a world that was given too little of this machine is told, and runs no clients
        assert float(run["machine"]["rate_per_s"]) <= float(run["machine"]["capacity_per_s"]) / 4 + 0.1, (
            "half of its half"
        )
    assert len({drill["history"] for drill in run["drills"]}) == 2
    times = [spanned(reports / "latest" / drill["history"]) for drill in run["drills"]]
    for drill, at_work in zip(run["drills"], times, strict=True):
        assert at_work or "run fewer at once" in "".join(drill["reasons"]), told
    if all(times):
        ((begun, ended), (others_begun, others_ended)) = times
        together = min(ended, others_ended) - max(begun, others_begun)
        assert together > 0.5 * min(ended - begun, others_ended - others_begun), f"one after the other: {times}"
    assert [found for found in left_running(ROOT) if "forkserver" in found and str(tmp_path) in found] == []


def spanned(history: Path) -> tuple[int, int] | tuple[()]:
    """When clients of a drill were at work: their first and last operations, by the machine's clock."""
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    times = [line["mono_ns"] for line in lines if line["t"] == "invoke"]
    return (min(times), max(times)) if times else ()
