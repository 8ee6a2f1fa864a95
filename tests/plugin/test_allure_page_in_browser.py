"""`drill report --allure` from a run to what a browser shows of it: no error, and nobody is asked for anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from headless_browser import CHROMIUM, look
from own_project import LOST, World, drill_run
from simulated_backend import Story

from harness.cli.report import report
from harness.drill.evidence import RunResult
from harness.errors import InputError
from harness.live import allure_program
from harness.reporting import allure_history, run_json_reader

OPEN_HISTORY = (
    "[...document.querySelectorAll('button')].filter(b => /^History/.test(b.innerText)).map(b => b.click()).length"
)
OPEN_ATTACHMENTS = OPEN_HISTORY.replace("History", "Attachments")
CHARTS = "location.hash = '#charts'"


def missing() -> str:
    if CHROMIUM is None:
        return "no Chromium along the PATH"
    try:
        allure_program.program()
    except InputError as error:
        return str(error)
    return ""


pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "all is there"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


@pytest.fixture
def runs(project: Path, world: World) -> list[RunResult]:
    """Three runs of one drill; it is missed in the second."""
    found = []
    for number, story in enumerate([Story(), Story(takeover_s=None), Story()]):
        world(story)
        assert drill_run(project, LOST) == number % 2
        folder = (project / "reports" / "latest").resolve()
        folder = folder.rename(folder.with_name(f"20261128-10000{number}-1"))  # all three come within a second
        body = json.loads((folder / "run.json").read_text())
        body["run_id"] = folder.name
        (folder / "run.json").write_text(json.dumps(body))
        (folder.parent / "latest").unlink()
        found.append(run_json_reader.load(folder / "run.json"))
    return found


def said(text: str) -> str:
    """What holds in a page once it says a text."""
    return f"document.body.innerText.includes('{text}')"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def test_the_page_opens_by_itself_and_shows_the_runs_before_it(
    project: Path, runs: list[RunResult], capsys: pytest.CaptureFixture[str]
) -> None:
    report("latest", str(project / "reports"), allure=True)
    folder = project / "reports" / runs[-1].run_id
    page = folder / "allure-report" / "index.html"
    assert f"Allure: {page}" in capsys.readouterr().out
    assert [path.name for path in page.parent.iterdir() if path.is_dir()] == []
    assert not list(folder.glob(".allure-report-*"))
    [result] = json.loads((page.parent / "test-results.json").read_text())["byId"]

    of_result, metadata, retries = f"{page.as_uri()}#{result}", said("Metadata"), said("Retries")
    start = look(page.as_uri(), wait_for=metadata, until_it_says=runs[-1].run_id)
    shown = look(of_result, [OPEN_HISTORY], wait_for=retries, until_it_says="History\n2")
    kept = look(of_result, [OPEN_ATTACHMENTS], wait_for=retries, until_it_says="timeline")
    charts = look(page.as_uri(), [CHARTS], wait_for=metadata, until_it_says="Status dynamics")
    for seen in (start, shown, kept, charts):
        assert seen.complaints == []
        assert {address.partition(":")[0] for address in seen.asked} <= {"file", "data", "blob"}
    assert runs[-1].run_id in start.texts[-1]
    assert "History\n2" in shown.texts[-1]
    assert "timeline" in kept.texts[-1]
    assert "Status dynamics" in charts.texts[-1]
    narrow = look(page.as_uri(), size=(390, 800), until_it_says="Powered by")
    assert "Powered by" in narrow.texts[-1]


def test_a_page_that_is_made_again_adds_nothing_to_the_history(project: Path, runs: list[RunResult]) -> None:
    reports = project / "reports"
    report(runs[1].run_id, str(reports), allure=True)  # an older one first: it knows nothing of what came later
    known = allure_history.read(reports / allure_history.FILE)
    assert list(known) == [run.run_id for run in runs[:2]]
    for _ in range(2):
        report("latest", str(reports), allure=True)
    known = allure_history.read(reports / allure_history.FILE)
    assert list(known) == [run.run_id for run in runs]
    points = [json.loads(line) for line in known.values()]
    assert [[result["status"] for result in point["testResults"].values()] for point in points] == [
        ["passed"], ["failed"], ["passed"],
    ]  # fmt: skip
    assert len({name for point in points for name in point["testResults"]}) == 1  # one drill, however often it ran
    assert [point["timestamp"] for point in points] == [round(run.started_at.timestamp() * 1000) for run in runs]


def test_many_files_are_for_a_web_server(project: Path, runs: list[RunResult]) -> None:
    report("latest", str(project / "reports"), allure=True, single_file=False)
    with served(project / "reports" / runs[-1].run_id / "allure-report") as address:
        seen = look(address, wait_for=said("Metadata"))
    assert seen.complaints == []
    assert {asked for asked in seen.asked if not asked.startswith((address, "data:", "blob:"))} == set()


def test_a_run_without_results_says_so(project: Path, runs: list[RunResult]) -> None:
    folder = project / "reports" / runs[-1].run_id
    (folder / "allure-results").rename(folder / "gone")
    with pytest.raises(InputError, match="has no allure-results"):
        report("latest", str(project / "reports"), allure=True)


def test_an_unreadable_earlier_run_is_left_out_and_told(
    project: Path, runs: list[RunResult], capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "reports" / runs[0].run_id / "run.json").write_text("{}")
    report("latest", str(project / "reports"), allure=True)
    assert f"{runs[0].run_id}/run.json" in capsys.readouterr().out
    assert list(allure_history.read(project / "reports" / allure_history.FILE)) == [run.run_id for run in runs[1:]]
