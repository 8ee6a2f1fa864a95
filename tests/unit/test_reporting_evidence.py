"""run.json: written, validated, read back, and never believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_reporting_sample import drill, run

from harness.errors import InputError, WorldError
from harness.outcome import Bracket
from harness.reporting import run_json, run_json_reader, validate


def _write(tmp_path: Path, change: Callable[[dict[str, Any]], object] | None = None) -> Path:
    path = tmp_path / "run.json"
    run_json.write(run(), path)
    if change is not None:
        body = json.loads(path.read_text())
        change(body)
        path.write_text(json.dumps(body))
    return path


def test_evidence_read_back_is_the_evidence_that_was_written(tmp_path: Path) -> None:
    original = run(replace(drill(), failback={"returned": True, "flaps": 0}))
    run_json.write(original, tmp_path / "run.json")
    assert run_json_reader.load(tmp_path / "run.json") == original


def test_a_drill_that_measured_nothing_is_valid_evidence(tmp_path: Path) -> None:
    bare = replace(drill(), rto=None, rpo=None, failback=None, rto_by_cohort={"dns": None}, outages=(), faults=())
    run_json.write(run(bare), tmp_path / "run.json")
    read = run_json_reader.load(tmp_path / "run.json").drills[0]
    assert (read.rto, read.rpo, read.rto_by_cohort) == (None, None, {"dns": None})


def test_a_service_that_never_recovered_has_no_upper_bound_in_the_file(tmp_path: Path) -> None:
    run_json.write(run(replace(drill(), rto=Bracket(34_900_000_000, None))), tmp_path / "run.json")
    body = json.loads((tmp_path / "run.json").read_text())
    assert body["drills"][0]["rto"] == {"low_s": 34.9, "high_s": None, "point_s": None}


def test_a_bracket_inside_failback_is_written_in_seconds(tmp_path: Path) -> None:
    body = json.loads(_write(tmp_path).read_text())
    assert body["drills"][0]["failback"]["took"] == {"low_s": 3.2, "high_s": 3.5, "point_s": None}


def test_evidence_of_ours_that_breaks_its_schema_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="history_sha256"):
        run_json.write(run(replace(drill(), history_sha256="unknown")), tmp_path / "run.json")
    assert not (tmp_path / "run.json").exists()


def _first(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["drills"][0]
    return found


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "history outside the run": (lambda b: _first(b).update(history="../../etc/passwd"), "leaves the run's folder"),
    "absolute log": (lambda b: _first(b).update(logs=["/etc/passwd"]), "leaves the run's folder"),
    "NUL in a path": (lambda b: _first(b).update(history="a\0b"), "not a path"),
    "windows path": (lambda b: _first(b).update(history="..\\..\\x"), "leaves the run's folder"),
    "drills is a mapping": (lambda b: b.update(drills={}), r"\$\.drills"),
    "no verdict": (lambda b: b.pop("verdict"), "verdict"),
    "verdict of another world": (lambda b: b.update(verdict="PASS"), "PASS"),
    "number as a name": (lambda b: _first(b).update(name=7), r"drills\[0\]\.name"),
    "negative time": (lambda b: _first(b).update(rto={"low_s": -1, "high_s": 2}), "between 0"),
    "end before start": (lambda b: _first(b).update(rto={"low_s": 5, "high_s": 2}), "cannot end before"),
    "infinite time": (lambda b: _first(b).update(rto={"low_s": float("inf"), "high_s": None}), "Infinity"),
    "text for a setting": (lambda b: _first(b).update(settings={"a": {"b": 1}}), "settings"),
    "phases of text": (lambda b: _first(b).update(phases_ns={"detect": "long"}), "phases_ns"),
    "start beyond any clock": (lambda b: _first(b)["faults"][0].update(start_ns=10**30), "start_ns"),
    "not a date": (lambda b: b.update(started_at="yesterday"), "started_at"),
    "date without offset": (lambda b: b.update(started_at="2026-01-01T00:00:00"), "started_at"),
    "logs a string": (lambda b: _first(b).update(logs="x.log"), "logs"),
    "ids that are numbers": (lambda b: _first(b)["rpo"].update(missing_ids=[1]), "missing_ids"),
    "too many drills": (lambda b: b.update(drills=b["drills"] * 1001), "drills"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_run_file_is_refused_with_the_place(tmp_path: Path, name: str) -> None:
    change, text = HOSTILE[name]
    with pytest.raises(InputError, match=text):
        run_json_reader.load(_write(tmp_path, change))


@pytest.mark.parametrize("content", [b"", b"{", b"[1e999]", b"\xff\xfe", b"[" * 100_000, b"NaN", b"null", b"[]"])
def test_a_file_that_is_no_evidence_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=r"run\.json"):
        run_json_reader.load(tmp_path / "run.json")


def test_a_symbolic_link_does_not_lead_out_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "run" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="leaves"):
        run_json_reader.inside(tmp_path / "run", "link")


def test_a_file_over_the_limit_is_not_even_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path)
    monkeypatch.setattr(run_json_reader, "LARGEST_FILE_BYTES", path.stat().st_size - 1)
    with pytest.raises(InputError, match="the limit is"):
        run_json_reader.load(path)


def test_a_missing_run_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run_json_reader.load(tmp_path / "nowhere.json")


def test_the_validator_accepts_good_evidence_and_names_bad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = _write(tmp_path)
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert validate.main([str(good)]) == 0
    assert validate.main([str(good), str(bad)]) == 3
    assert "bad.json: $: 'schema' is a required property" in capsys.readouterr().err
