"""Two worlds on one machine, each in a process of its own: one run of both, and no red that is the machine's fault."""

from __future__ import annotations

import json
import re
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
    machine = run["machine"]
    if "rate_per_s" in machine:  # a machine that carries less than two worlds has none
        assert float(machine["rate_per_s"]) <= float(machine["capacity_per_s"]) / 4 + 0.1
    assert len({drill["history"] for drill in run["drills"]}) == 2
    ports = [_ports(reports / "latest" / str(Path(drill["history"]).parent)) for drill in run["drills"]]
    assert ports[0]
    assert ports[1]
    assert not ports[0] & ports[1], "no port of one world is one of the other"
    assert [found for found in left_running(ROOT) if "forkserver" in found and str(tmp_path) in found] == []


def _ports(folder: Path) -> set[str]:
    """The ports that the logs of a drill name on loopback."""
    texts = [path.read_text(errors="replace") for path in folder.rglob("*.log")]
    return {port for text in texts for port in re.findall(r"127\.0\.\d+\.\d+:(\d{4,5})", text)}
