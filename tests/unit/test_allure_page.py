"""Allure's page asks nobody for anything, and its history has one point for each run, however often a page is made."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import InputError, WorldError
from harness.live import allure_program
from harness.live.installing import recipes
from harness.reporting import allure_history
from harness.reporting.allure_page import POLICY, name_of, quiet, run_of
from harness.world import installed

PAGE = """<!DOCTYPE html>
<html dir="ltr" lang="en">
<head>
    <meta charset="utf-8">
</head>
<body>
    <script src="data:text/javascript;base64,Ly8gZ3RhZw=="></script>
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-LNDJ3J7WT0"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('js', new Date());
    </script>
    <script>window.allureReportData = {};</script>
</body>
</html>
"""


def test_a_page_loses_analytics_and_nothing_else() -> None:
    found = quiet(PAGE, "index.html")
    assert "google" not in found
    assert "dataLayer" not in found
    assert '<script src="data:text/javascript;base64,Ly8gZ3RhZw=="></script>' in found
    assert "<script>window.allureReportData = {};</script>" in found
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in found
    assert found.index("Content-Security-Policy") < found.index("<script")


@pytest.mark.parametrize(
    "other",
    [
        '<script src="https://example.com/a.js"></script>',
        "<script defer src='//example.com/a.js'></script>",
        '<img alt="" src="http://example.com/dot.gif">',
        '<link rel="stylesheet" href="https://example.com/a.css">',
        "<script>gtag('event')</script>",
        '<script>load("https://ssl.google-analytics.com/ga.js")</script>',
    ],
)
def test_a_page_that_would_ask_somebody_all_the_same_is_refused(other: str) -> None:
    with pytest.raises(WorldError, match=r"index\.html: this version of Allure makes pages that ask other hosts"):
        quiet(PAGE.replace("</body>", f"{other}\n</body>"), "index.html")


def test_a_page_whose_head_is_not_known_is_refused() -> None:
    with pytest.raises(WorldError):
        quiet("<html><body></body></html>", "index.html")


# --- the history ------------------------------------------------------------------------------------------------------


def point(run_id: str, **more: object) -> str:
    return json.dumps({"name": name_of(run_id), "testResults": {}, **more})


def file_of(folder: Path, *lines: str) -> Path:
    path = folder / allure_history.FILE
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_a_run_is_known_by_the_name_of_its_point() -> None:
    assert run_of(name_of("20261128-1")) == "20261128-1"
    assert run_of("Allure Report") is None


def test_no_file_is_no_history(tmp_path: Path) -> None:
    assert allure_history.read(tmp_path / allure_history.FILE) == {}


def test_points_are_in_the_order_of_the_runs_and_a_run_has_one(tmp_path: Path) -> None:
    points = allure_history.read(file_of(tmp_path, point("2"), point("1"), point("2", uuid="again")))
    assert list(points) == ["1", "2"]
    assert "again" in points["2"]
    assert list(allure_history.before(points, "2")) == ["1"]
    more = allure_history.with_point(points, "1", point("1", uuid="anew"))
    assert (list(more), "anew" in more["1"]) == (["1", "2"], True)


def test_there_is_a_limit_and_the_oldest_go(tmp_path: Path) -> None:
    points: allure_history.Points = {}
    for number in range(allure_history.POINTS_MAX + 7):
        points = allure_history.with_point(points, f"{number:04}", point(f"{number:04}"))
    assert len(points) == allure_history.POINTS_MAX
    assert next(iter(points)) == "0007"
    assert len(allure_history.before(points, "9999")) == allure_history.POINTS_MAX - 1
    path = tmp_path / allure_history.FILE
    allure_history.write(path, points)
    assert allure_history.read(path) == points
    assert [file.name for file in tmp_path.iterdir()] == [allure_history.FILE]


@pytest.mark.parametrize("bad", ["{", "[]", "null", '{"name": "other"}', "[" * 100_000, "\x00", '{"name": 5}'])
def test_a_line_that_is_no_point_is_told_with_its_number(tmp_path: Path, bad: str) -> None:
    path = file_of(tmp_path, point("1"), "", bad)
    with pytest.raises(InputError, match=rf"{allure_history.FILE}:3: not a point of the history"):
        allure_history.read(path)


def test_a_history_that_is_no_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / allure_history.FILE)
    with pytest.raises(InputError, match="no regular file"):
        allure_history.read(tmp_path / allure_history.FILE)


def test_a_point_has_the_time_of_its_run() -> None:
    at = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert json.loads(allure_history.dated(point("1", timestamp=5), at))["timestamp"] == 1795867200000
    with pytest.raises(WorldError):
        allure_history.dated("{}", at)


# --- the program ------------------------------------------------------------------------------------------------------


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is installed, and the PATH is a folder with node alone."""
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path / "cache"))
    folder = tmp_path / "bin"
    folder.mkdir()
    made(folder, "node", "exit 0")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def made(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_allure_is_among_the_programs_that_can_be_installed() -> None:
    assert recipes()["allure"] is allure_program.RECIPE


def test_where_it_is_missing_what_to_install_is_told(nothing: Path) -> None:
    with pytest.raises(InputError) as told:
        allure_program.program()
    assert "`drill install allure` (downloads it and some 160 packages from npm" in str(told.value)
    assert f"`npm install --global allure@{allure_program.VERSION}`" in str(told.value)


def test_without_node_that_is_told(nothing: Path) -> None:
    (nothing / "node").unlink()
    with pytest.raises(InputError, match=r"needs Node\.js 20 or later"):
        allure_program.program()


def test_one_along_the_path_is_taken_when_it_is_allure_3(nothing: Path) -> None:
    made(nothing, "allure", "echo 2.46.1")
    with pytest.raises(InputError, match="is another version of it"):
        allure_program.program()
    made(nothing, "allure", "echo 3.20.0")
    assert allure_program.program() == nothing / "allure"


def test_it_sees_nothing_of_the_users_environment_and_its_failure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLURE_TOKEN", "secret")
    made(tmp_path, "allure", 'echo "token: ${ALLURE_TOKEN:-none}, home: $HOME"; exit 4')
    with pytest.raises(WorldError, match=rf"exit code 4\n +token: none, home: {tmp_path}"):
        allure_program.run([str(tmp_path / "allure")], tmp_path)
