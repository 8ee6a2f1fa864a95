"""What became of the business of a drill: its events, and the tables in which the application keeps what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.drill.case import Case
from harness.drill.tables import Tables
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Commit, Event
from harness.measurement.business import Effects, effects_of
from harness.units import to_s


def business_of(case: Case, data: Tables, events: Sequence[Event], serving: str) -> Effects | str:
    """What became of it at the place that serves in the end; or, in words, why nobody can say."""
    if case.business is None:
        return "the subject file does not say where the application keeps what it is told (`business:`)"
    changes = [event for event in events if isinstance(event, BusinessChange)]
    if not changes:
        return "nothing happened in the business: there is no shop here, or it stood still"
    if data.final is None:
        return "the data was not read after everything had gone quiet"
    database = case.database_of(serving)
    tables = data.items(serving)
    gone = sorted({*case.business.keeps.values(), *filter(None, (case.business.effects,))} - tables.keys())
    if gone:
        return f"{database} has no table {', '.join(gone)}"
    held = {kind: tables[table] for kind, table in case.business.keeps.items()}
    counted = None if case.business.effects is None else tables[case.business.effects]
    told = [event for event in events if isinstance(event, BusinessTold)]
    return effects_of(changes, told, held, counted, _commits(data, case.business.keeps), case.business.asks)


def as_evidence(found: Effects, case: Case) -> Mapping[str, Any]:
    """The `measured.business` object of run.json."""
    told: dict[str, Any] = {
        "changes": found.changes, "things": found.things, "lost": found.lost_changes, "undone": len(found.undone),
        "repeated": None if found.repeated is None else len(found.repeated),
        "put_back": None if found.put_back is None else len(found.put_back),
        "messages": found.messages, "attempts": found.attempts, "given_up": len(found.given_up),
        "forged": found.forged, "forged_taken": len(found.forged_taken), "distrusted": len(found.distrusted),
    }  # fmt: skip
    if found.delays_ns:
        late = {name: found.late_ns(share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
        told["known_after_s"] = {name: to_s(value) for name, value in late.items() if value is not None}
    if case.shop is not None:
        told |= {"told": case.shop.told, "untold": case.shop.untold}
    return told


def _commits(data: Tables, keeps: Mapping[str, str]) -> dict[str, list[Commit]] | None:
    logged = data.commits
    if logged is None:
        return None
    return {kind: [one for one in logged if one.table == table] for kind, table in keeps.items()}
