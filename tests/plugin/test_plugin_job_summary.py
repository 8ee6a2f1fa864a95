"""`drill run` in a GitHub job: the run is on the job's page, and what becomes of that changes no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_project import LOST, World, drill_run
from simulated_backend import Story


def test_a_run_is_on_the_page_of_its_job(project: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world(Story(takeover_s=None))
    page = project / "step_summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert drill_run(project, LOST) == 1
    told = page.read_text()
    assert told.startswith("## ✗ MISSED")
    assert "```mermaid\ngantt\n" in told
    assert "report.html`" in told


def test_a_page_that_cannot_be_written_is_told_and_changes_nothing(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    world(Story())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "absent" / "step_summary"))
    assert drill_run(project, LOST) == 0
    assert "no summary of the job: " in capfd.readouterr().out
