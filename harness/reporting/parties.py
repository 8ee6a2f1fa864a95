"""What the systems of others were told, in words. found: of one system, the evidence's `measured.parties`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.drill.evidence import DrillResult

_ROWS = {
    "due": "due to it",
    "missing": "never reached it",
    "doubled": "held more than once",
    "calls": "calls",
    "stored": "stored",
    "repeated": "repeats of what it had",
    "refused": "refused",
    "unanswered": "never answered",
    "lied": "answered 201 and not stored",
    "calls_in_trouble": "calls while it was in trouble",
}
_LATE = {"p50": "there after (half)", "p99": "there after (99 of 100)", "max": "there after (the last)"}


def rows(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """For the report: name -> value."""
    late = found.get("there_after_s", {})
    told = {words: found[name] for name, words in _ROWS.items() if name in found}
    return told | {words: f"{late[name]:.2f} s" for name, words in _LATE.items() if name in late}


def line(drill: DrillResult) -> str:
    """For the terminal: one line; "" where nothing was due to anybody."""
    found: Mapping[str, Any] = drill.measured.get("parties", {})
    told = []
    for system, one in found.items():
        if one["due"]:
            late = one.get("there_after_s", {})
            last = f", the last after {late['max']:.2f} s" if "max" in late else ""
            twice = f", {one['doubled']} twice" if one["doubled"] else ""
            told.append(f"{system} holds {one['due'] - one['missing']} of {one['due']}{twice}{last}")
    return "; ".join(told)
