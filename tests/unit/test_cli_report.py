"""`drill report` looks where `drill run` files, takes a run by any of its names, and says what it cannot do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from test_reporting_sample import run as sample_run

from harness import spelling
from harness.cli.report import folder_of, report
from harness.drill.options import for_writing, reports_folder
from harness.errors import InputError
from harness.history import codec
from harness.history.gathering import read_columns
from harness.outcome import Bracket
from harness.reporting import run_json, run_json_reader, verification
from harness.reporting.sources import read_history

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
    assert f"Report:{reports / NEW / 'report.html'}" in "".join(capsys.readouterr().out.split()), "wherever it breaks"
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


# --- evidence that was edited -----------------------------------------------------------------------------------------


def edited(reports: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The newest run, with something else in its run.json."""
    path = reports / NEW / "run.json"
    body = json.loads(path.read_text(encoding="utf-8"))
    change(body)
    path.write_text(json.dumps(body), encoding="utf-8")


def lengths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every length of time stands."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from lengths(value[key], (*path, key))
    elif isinstance(value, int | float) and str(path[-1]).endswith(("_s", "p999")) and "settings" not in path:
        yield path


ABSURD = (1e308, 10**30, -(10**30), 1e12)


def test_no_length_of_time_however_absurd_gets_further_than_a_refusal(reports: Path) -> None:
    whole = json.loads((reports / NEW / "run.json").read_text(encoding="utf-8"))
    places = list(lengths(whole))
    assert {path[-1] for path in places} >= {"duration_s", "oldest_missing_s", "low_s", "high_s"}
    places += [("drills", 0, name) for name in ("duration_s", "overhead_s", "unseen_s", "prediction_s")]
    places += [("drills", 0, "rpo", name) for name in ("span_s", "newest_missing_s", "after_s")]
    for number, place in enumerate(dict.fromkeys(places)):
        body = json.loads(json.dumps(whole))
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = ABSURD[number % len(ABSURD)]
        (reports / NEW / "run.json").write_text(json.dumps(body), encoding="utf-8")
        if {"objectives", "failback"} & set(place):  # they are shown as they stand
            report()
            continue
        with pytest.raises(InputError, match=rf"{place[-1]}: .*(less|greater) than the"):
            report()


@pytest.mark.parametrize("name", ["duration_s", "overhead_s", "unseen_s"])
@pytest.mark.parametrize("value", [1e308, 10**30])
def test_a_length_beyond_ten_years_is_refused_with_its_place(reports: Path, name: str, value: float) -> None:
    edited(reports, lambda body: body["drills"][0].update({name: value}))
    with pytest.raises(InputError, match=rf"\$\.drills\[0\]\.{name}: .* is greater than the maximum"):
        report()


def test_a_run_without_drills_has_no_verdict(reports: Path) -> None:
    edited(reports, lambda body: body.update(drills=[], verdict="MET"))
    with pytest.raises(InputError, match="it tells of no drill"):
        report()


def test_a_verdict_that_the_drills_do_not_make_is_refused(reports: Path) -> None:
    edited(reports, lambda body: body.update(verdict="UNKNOWN"))
    with pytest.raises(InputError, match=r"its verdict is UNKNOWN, and its drills make M"):
        report()


def test_a_named_pipe_is_no_evidence_and_keeps_nobody_waiting(reports: Path) -> None:
    path = reports / NEW / "run.json"
    [drill] = run_json_reader.load(path).drills[:1]
    history = path.parent / drill.history
    history.parent.mkdir(parents=True, exist_ok=True)
    history.unlink(missing_ok=True)
    os.mkfifo(history)
    assert "it is no regular file" in read_history(path.parent, drill).problem
    report()
    with pytest.raises(InputError, match="it is no regular file"):
        verification.verify(path.parent)
    for read in (codec.read, lambda file: read_columns(file)):
        with pytest.raises(OSError, match="it is no regular file"):
            list(read(history))


@pytest.mark.parametrize("value_ns", [0, 1, 4_999_999, 5_000_000, 15_000_000, 8_136_000_000, 10**40, -8_136_000_000])
def test_lengths_of_any_size_are_written_as_decimals_round_them(value_ns: int) -> None:
    exact = Decimal(value_ns) / 10**9
    with localcontext(prec=60):
        assert spelling.seconds(value_ns) == f"{exact.quantize(Decimal('0.01'), ROUND_HALF_EVEN)} s"
        if value_ns >= 0:
            low, high = (exact.quantize(Decimal("0.01"), way) for way in (ROUND_FLOOR, ROUND_CEILING))
            shown = spelling.bracket(Bracket(value_ns, value_ns))
            assert shown == (f"{low} s" if low == high else f"{low} – {high} s")
