"""A region server and a steering method that nobody here has heard of: one folder each, and drills run on them.

docs/ADDING_A_PART.md goes through these two step by step. The region server lies in a copy of the house (a tree of
links to this one), the steering method in a package of its own, found by its entry point.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import harness

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
MADE_UP = ROOT / "tests" / "parts"

ENVIRONMENT = f"""\
environment: made-up
places:
  - {{name: us-east-1, role: primary}}
  - {{name: us-west-2, role: standby}}
region_servers: {{kind: shelf, label: a shelf}}
steering: {{kind: switchboard, misses: 2}}
objectives:
  fast: {{rto_s: 20, rpo_s: 5}}
  production: {{rto_s: 150, rpo_s: 5}}
subject: {ROOT / "reference" / "subject.yaml"}
"""

FEATURE = """\
Feature: Made up
  Scenario: Lost and found
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then nothing that was acknowledged stays lost
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The house with one more folder in it, a package beside it, and somebody's environment and feature."""
    folder = tmp_path_factory.mktemp("made-up")
    house = Path(harness.__file__).parent
    for path in ("harness/parts", "harness/parts/regions"):
        (folder / path).mkdir(parents=True)
    for inside in ("", "parts", "parts/regions"):
        for entry in (house / inside).iterdir():
            place = folder / "harness" / inside / entry.name
            if entry.name != "__pycache__" and not place.exists():
                place.symlink_to(entry)
    (folder / "harness" / "parts" / "regions" / "shelf").symlink_to(MADE_UP / "shelf")
    (folder / "switchboard").symlink_to(MADE_UP / "switchboard")
    installed = folder / "switchboard-0.7.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: switchboard\nVersion: 0.7\n")
    (installed / "entry_points.txt").write_text("[drill_harness.parts]\nsteering.switchboard = switchboard\n")
    (folder / "made_up.yaml").write_text(ENVIRONMENT)
    (folder / "made_up.feature").write_text(FEATURE)
    return folder


def drill(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in the copy of the house, which leaves nothing in the house itself."""
    command: Sequence[str] = [sys.executable, "-m", "harness.cli.main", *arguments]
    paths = {"PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment = {**os.environ, **paths, "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False
    )


def test_a_drill_runs_on_parts_that_are_one_folder_each(folder: Path) -> None:
    done = drill(folder, "run", "made_up.feature", "--environment", "made_up.yaml", "--rerun-invalid", "1")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    run: dict[str, Any] = json.loads((folder / "reports" / "latest" / "run.json").read_text())
    (result,) = run["drills"]
    can = run["environment"]["capabilities"]
    assert (run["environment"]["name"], result["verdict"]) == ("made-up", "MET")
    assert {"shelf": "1.0", "switchboard": "0.7"}.items() <= run["versions"].items()
    assert "a shelf keeps no order of commits" in can["rpo_commit_log"]
    assert "dns_path_faults" not in can  # Route 53's to tell, and it is not here
    assert result["prediction_s"] is not None


def test_a_standing_world_and_the_doctor_are_told_by_the_parts(folder: Path) -> None:
    up = drill(folder, "env", "up", "--environment", "made_up.yaml")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        status = drill(folder, "env", "status").stdout
        assert "a shelf us-east-1" in status
        assert "answers for the primary, or the standby" in status
        assert "Route 53" not in status
        assert "app.example.com is 127.0." in status
        assert drill(folder, "heal").returncode == 0
    finally:
        down = drill(folder, "env", "down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert drill(folder, "doctor", "--environment", "made_up.yaml").returncode == 0


def test_a_kind_that_nobody_has_is_refused_with_those_there_are(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(
        ENVIRONMENT.replace("kind: shelf, label: a shelf", "kind: shlef").replace("misses: 2", "mises: 2")
    )
    done = drill(folder, "doctor", "--environment", "wrong.yaml")
    assert done.returncode == 3
    assert "wrong.yaml:5: region_servers.kind: no part is called 'shlef'; there are: " in done.stderr
    assert "moto, shelf\n" in done.stderr
    assert "wrong.yaml:6: steering.mises: unknown key" in done.stderr
