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
    capacity = float(run["machine"]["capacity_per_s"])
    if "rate_per_s" in run["machine"]:  # a machine that carries too little for two worlds is told, and runs none
        assert float(run["machine"]["rate_per_s"]) <= capacity / 4 + 0.1, "half of this world's half"
    else:
        assert all("run fewer at once" in "".join(drill["reasons"]) for drill in run["drills"]), told
    assert len({drill["history"] for drill in run["drills"]}) == 2
    times = [spanned(reports / "latest" / drill["history"]) for drill in run["drills"]]
    if all(times):
        ((begun, ended), (others_begun, others_ended)) = times
        together = min(ended, others_ended) - max(begun, others_begun)
        assert together > 0.5 * min(ended - begun, others_ended - others_begun), f"one after the other: {times}"
    else:
        assert "rate_per_s" not in run["machine"], "clients that were at work left a history"
    assert [found for found in left_running(ROOT) if "forkserver" in found and str(tmp_path) in found] == []


def spanned(history: Path) -> tuple[int, int] | tuple[()]:
    """When clients of a drill were at work: their first and last operations, by the machine's clock."""
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    times = [line["mono_ns"] for line in lines if line["t"] == "invoke"]
    return (min(times), max(times)) if times else ()
