"""What a drill attaches to its Allure test, and the metadata beside the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

INNER = """
import sys
sys.path.insert(0, {unit!r})
from pathlib import Path
from dataclasses import replace
import test_reporting_sample as sample
from harness.outcome import Bracket
from harness.reporting import filing

def test_drill(tmp_path):
    run = sample.write_folder(tmp_path, replace(sample.drill(), rto=Bracket(10**9, {high}, 10**9)))
    filing.file_drill(run.drills[0], tmp_path, {{"subject": "shop", "profile": "fast"}})
    filing.file_run(run, tmp_path)
    assert (tmp_path / "region-lost-black-holed" / "timeline.svg").exists()
"""

CONFTEST = """
from harness.reporting import allure
def pytest_configure(config):
    allure.register(config)
"""


def _run(folder: Path, high_ns: int, *arguments: str) -> None:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_inner.py").write_text(INNER.format(unit=str(ROOT / "tests" / "unit"), high=high_ns))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:drill", "-p", "no:cacheprovider", "test_inner.py", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _result(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*-result.json")
    body: dict[str, Any] = json.loads(path.read_text())
    return body


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inner session that filed one drill twice, measuring something else the second time."""
    folder = tmp_path_factory.mktemp("inner")
    _run(folder, 2 * 10**9, "--alluredir", "first")
    _run(folder, 3 * 10**9, "--alluredir", "second")
    return folder


def test_picture_evidence_and_history_are_attached(folder: Path) -> None:
    attached = {a["name"]: folder / "first" / a["source"] for a in _result(folder / "first")["attachments"]}
    assert attached["timeline"].read_bytes().startswith(b"\x89PNG")
    assert attached["timeline (SVG)"].read_text().startswith("<?xml")
    assert json.loads(attached["evidence"].read_text())["name"] == "region-lost-black-holed"
    assert attached["history (gzip)"].read_bytes()[:2] == b"\x1f\x8b"


def test_measured_values_are_shown_but_do_not_make_it_another_test(folder: Path) -> None:
    first, second = _result(folder / "first"), _result(folder / "second")
    values = {p["name"]: (p["value"], p.get("excluded")) for p in first["parameters"]}
    assert values["RTO"] == ("1.00 – 2.00 s", True)
    assert values["subject"] == ("shop", None)  # of another subject it is another history
    assert values["RPO"] == ("12 – 15 items, oldest up to 1.42 s", True)
    assert first["parameters"] != second["parameters"]
    assert first["historyId"] == second["historyId"]


def test_environment_and_categories_stand_beside_the_results(folder: Path) -> None:
    lines = (folder / "first" / "environment.properties").read_text(encoding="ascii").splitlines()
    assert "profile=fast" in lines
    assert "version.toxiproxy=embedded 2.12" in lines
    assert "measurable.connect_time-outs=no: Toxiproxy accepts before it goes silent" in lines
    categories = json.loads((folder / "first" / "categories.json").read_text())
    assert categories[0]["name"] == "Objective or promise missed"
    rules = json.loads((folder / "first" / "allurerc.json").read_text())["categories"]["rules"]
    assert rules == categories


def test_without_allure_filing_a_drill_writes_only_to_its_own_folder(tmp_path: Path) -> None:
    _run(tmp_path, 2 * 10**9)
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"conftest.py", "test_inner.py"}
