"""`make drills-everywhere`: what is not installed is told, and what ends otherwise than elsewhere is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "drills"))

import everywhere

ALIKE = {"a": "MET", "b": "MET"}


def test_what_is_not_installed_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRILL_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("ministack", "dynoxide"):
        assert f"`drill install {name}`" in (everywhere.lacking(name) or "")
    assert everywhere.lacking("embedded") is None
    assert everywhere.lacking("nowhere") is not None


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (ALIKE, []),
        ({"a": "MET", "b": "UNKNOWN"}, ["b ended UNKNOWN on dynoxide, and MET on embedded"]),
        ({"b": "MET"}, ["a ended without evidence on dynoxide, and MET on embedded"]),
    ],
)
def test_drills_must_end_as_on_the_first(second: dict[str, str], told: list[str]) -> None:
    assert everywhere.differing({"embedded": ALIKE, "dynoxide": second}, ["a", "b"]) == told


def test_a_first_environment_without_evidence_is_no_pass() -> None:
    assert len(everywhere.differing({"embedded": {}}, ["a"])) == 1
