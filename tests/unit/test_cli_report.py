"""`drill report` looks where `drill run` files, takes a run by any of its names, and says what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_reporting_sample import run as sample_run

from harness.cli.report import folder_of, report
from harness.drill.options import for_writing, reports_folder
from harness.errors import InputError
from harness.reporting import run_json

OLD, NEW = "20261101-080000-7", "20261102-080000-7"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, filed where DRILL_REPORTS says."""
    folder = tmp_path / "evidence"
    for name in (OLD, NEW):
        (folder / name).mkdir(parents=True)
        run_json.write(replace(sample_run(), run_id=name), folder / name / "run.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRILL_REPORTS", str(folder))
    return folder


def test_the_folder_of_the_runs_is_found_as_drill_run_finds_it(tmp_path: Path) -> None:
    assert reports_folder(None, {}, tmp_path) == Path("reports")
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\nreports = "project"\n')
    assert reports_folder(None, {}, tmp_path) == Path("project")
    assert reports_folder(None, {"DRILL_REPORTS": "variable"}, tmp_path) == Path("variable")
    assert reports_folder("given", {"DRILL_REPORTS": "variable"}, tmp_path) == Path("given")


def test_without_a_name_the_newest_run_is_shown_and_drawn_anew(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report()
    assert f"Report: {reports / NEW / 'report.html'}" in capsys.readouterr().out.replace("\n", "")
    assert (reports / NEW / "report.html").is_file()
    assert not (reports / OLD / "report.html").exists()


@pytest.mark.parametrize("name", [OLD, f"evidence/{OLD}", f"evidence/{OLD}/run.json"])
def test_a_run_is_known_by_its_id_its_folder_and_its_file(reports: Path, name: str) -> None:
    assert folder_of(name, reports).resolve() == reports / OLD


@pytest.mark.parametrize("name", ["absent", "a" * 400, "a/" * 3000, "evidence"])
def test_a_run_that_is_none_lists_those_that_there_are(reports: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"there are {NEW}, {OLD}"):
        folder_of(name, reports)


@pytest.mark.parametrize("folder", ["absent", "a" * 400])
def test_a_folder_without_runs_says_so(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match="there are none yet"):
        folder_of("latest", tmp_path / folder)


def test_evidence_that_cannot_be_written_to_is_shown_all_the_same(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (reports / NEW / "report.html").mkdir()
    with pytest.raises(InputError, match=r"report\.html: cannot be written: Is a directory"):
        report()
    shown = capsys.readouterr().out
    assert sample_run().drills[0].name in shown
    assert "Report:" not in shown


def test_the_folder_of_the_runs_must_be_said() -> None:
    with pytest.raises(InputError, match=r"^--reports : must not be empty"):
        reports_folder("", {}, Path.cwd())


def test_a_reports_folder_with_too_long_a_name_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputError, match="File name too long"):
        for_writing(Path("a" * 400))
