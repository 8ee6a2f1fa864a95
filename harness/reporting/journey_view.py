"""What became of journeys in one drill, as rows for its part of a report. No markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.drill.evidence import DrillResult
from harness.reporting import glossary, matrix_svg, wording


@dataclass(frozen=True)
class JourneyRow:
    """One journey under one fault. journeys: how many rows the fault has, in the first of them; 0 in the others.
    before, during, after: how many visits worked, and how long 95 of 100 of these took.
    """

    fault: str
    journeys: int
    journey: str
    state: str
    style: str
    mark: str
    text: str
    before: str
    during: str
    after: str


def rows(drill: DrillResult) -> tuple[JourneyRow, ...]:
    """In the order of the faults; none where the subject names no journeys."""
    told: Mapping[str, Any] = drill.measured.get("journeys") or {}
    cells = told.get("cells", ())
    counts = Counter(cell["fault"] for cell in cells)
    first = {cell["fault"]: number for number, cell in reversed(list(enumerate(cells)))}
    return tuple(
        _row(drill, cell, counts[cell["fault"]] if first[cell["fault"]] == number else 0)
        for number, cell in enumerate(cells)
    )


def _row(drill: DrillResult, cell: Mapping[str, Any], journeys: int) -> JourneyRow:
    state, number = cell["state"], cell["fault"]
    fault = drill.faults[number] if number < len(drill.faults) else None
    beside = [drill.faults[n] for n in cell.get("beside", ()) if n < len(drill.faults)]
    held = "; ".join(glossary.fault(one.kind, one.target, one.mode) for one in beside)
    return JourneyRow(
        fault="" if fault is None else glossary.fault(fault.kind, fault.target, fault.mode),
        journeys=journeys,
        journey=cell["journey"],
        state=state,
        style=matrix_svg.CLASSES[state],
        mark=matrix_svg.MARKS[state],
        text=f"{cell['text']}; beside it held: {held}" if held else cell["text"],
        before=_visited(cell["before"]),
        during=_visited(cell["during"]),
        after=_visited(cell["after"]),
    )


def _visited(found: Mapping[str, Any]) -> str:
    if not found["made"]:
        return "none"
    counted = f"{found['worked']} of {found['made']}"
    return counted if found["p95_s"] is None else f"{counted}, {wording.seconds(found['p95_s'])}"
