"""The `measured.parties` object of run.json: by system, what it was told and what it made of it, and what it is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.drill.measures import Measures
from harness.measurement.parties import held, stormed
from harness.units import to_s

_SHARES = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def party_evidence(measures: Measures) -> Mapping[str, Any]:
    """By system that was told anything; {} where there is none."""
    return {system: _of(system, measures) for system in measures.parties.systems}


def _of(system: str, measures: Measures) -> Mapping[str, Any]:
    calls, due = measures.parties.calls(system), measures.parties.effects(system)
    found = held(due, calls)
    told: dict[str, Any] = {
        "calls": len(calls),
        "stored": sum(call.stored for call in calls),
        "repeated": found.repeats,
        "refused": sum(call.status is not None and call.status >= 400 for call in calls),
        "unanswered": sum(call.status is None for call in calls),
        "lied": found.lied,
        "due": found.due,
        "missing": len(found.missing),
        "doubled": len(found.doubled or ()),
    }
    if found.delays_ns:
        told["there_after_s"] = {name: to_s(found.late_ns(share)) for name, share in _SHARES}
    if troubles := measures.parties.troubles(system):
        told["calls_in_trouble"] = stormed(calls, due, troubles, measures.end_ns).calls
    return told
