"""`drill compare` as a command: what is checked before anything begins, what is left when it is interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from test_compare import OUTAGE, a_run, drill

from harness.cli import compare
from harness.drill.evidence import DrillResult
from harness.errors import InputError
from harness.outcome import Verdict
from harness.reporting.run_json import to_dict
from harness.scheduling import child
from harness.storable_text import write_json

RUN = "20261129-080000-41"


class Runs:
    """Stands in for `drill run`: each call ends as told, and files what it is told to file."""

    def __init__(self, *ends: DrillResult | int | type[BaseException]) -> None:
        self.ends = list(ends)
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], *_: Any) -> child.Finished:
        self.commands.append(command)
        end = self.ends.pop(0)
        if isinstance(end, type):
            raise end
        if isinstance(end, int):
            return child.Finished(41, end, False, "")
        folder = Path(command[command.index("--reports") + 1]) / RUN
        folder.mkdir(parents=True)
        write_json(folder / "run.json", to_dict(a_run(end)))
        return child.Finished(41, 0, False, "")


def compared(monkeypatch: pytest.MonkeyPatch, runs: Runs, folder: Path, **given: Any) -> tuple[int, list[Any]]:
    """The exit code, and the rows that were filed."""
    monkeypatch.setattr(child, "run", runs)
    with pytest.raises(typer.Exit) as ended:
        compare.compare(reports=str(folder), **given)
    told = json.loads((folder / "compare.json").read_text())
    assert (folder / "compare.html").is_file()
    return ended.value.exit_code, [(row["way"]["label"], row["verdict"], row["why"]) for row in told["rows"]]


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = Runs()
    monkeypatch.setattr(child, "run", runs)
    (tmp_path / "mine.yaml").write_text("environment: mine\n")
    with pytest.raises(InputError) as error:
        compare.compare(
            environment=["nowhere", str(tmp_path / "mine.yaml"), "embedded"], outage=["region-lost-refusd"],
            ttl=["nan"], interval=["0", "1e9"], threshold=["1.5"], profile="slow", seed="x", reports="/proc/reports",
        )  # fmt: skip
    told = str(error.value)
    for text in (
        "unknown environment nowhere", "mine.yaml:1: ", "did you mean region-lost-refused?", "--ttl nan",
        "--interval 0", "--interval 1e9", "--threshold 1.5", "--profile slow", "--seed x", "--reports /proc/reports",
    ):  # fmt: skip
        assert text in told
    assert not runs.commands


def test_what_no_way_takes_is_refused_and_what_some_do_not_take_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=r"embedded, interval 20 s: health_checks\.request_interval_s"):
        compare.compare(environment=["embedded"], interval=["20"], reports=str(tmp_path))
    runs = Runs(drill())
    code, rows = compared(monkeypatch, runs, tmp_path, environment=["embedded", "akamai"], interval=["20"])
    assert "not run: embedded, interval 20 s: " in capsys.readouterr().out
    assert [row[:2] for row in rows] == [("embedded, interval 20 s", ""), ("akamai, interval 20 s", "MET")]
    assert code == 2
    made = Path(runs.commands[0][runs.commands[0].index("--environment") + 1])
    assert made.parent == tmp_path / "akamai-interval-20-s"
    assert "test_interval_s: 20" in made.read_text()


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.MET, 0), (Verdict.MISSED, 1), (Verdict.INVALID, 2)])
def test_exit_codes_are_those_of_a_run(
    verdict: Verdict, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found, rows = compared(monkeypatch, Runs(drill(verdict)), tmp_path, environment=["embedded"], outage=[OUTAGE])
    assert (found, rows[0][1]) == (code, verdict.value)


def test_figures_of_an_earlier_comparison_are_never_taken_for_those_of_a_run_that_left_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compared(monkeypatch, Runs(drill()), tmp_path, environment=["embedded"])
    code, rows = compared(monkeypatch, Runs(3), tmp_path, environment=["embedded"])
    assert code == 2
    assert rows == [("embedded", "", "drill run left no evidence: it ended with exit code 3")]


@pytest.mark.parametrize("end", [KeyboardInterrupt, 130])
def test_when_it_is_interrupted_what_has_been_run_is_there(
    end: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = Runs(drill(), end)
    code, rows = compared(monkeypatch, runs, tmp_path, environment=["embedded", "akamai", "cloudflare"])
    assert code == 130
    assert rows == [("embedded", "MET", ""), ("akamai", "", "interrupted"), ("cloudflare", "", "interrupted")]
    assert "Interrupted: " in (tmp_path / "compare.html").read_text()
