"""What became of the business of a drill: its events, and the tables in which the application keeps what it is told."""

from __future__ import annotations

from collections.abc import Mapping

from harness.drill.measures import Measures
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Commit
from harness.measurement.business import Effects, effects_of


def business_of(measures: Measures) -> Effects | str:
    """What became of it at the place that serves in the end; or, in words, why nobody can say."""
    case = measures.case
    if case.business is None:
        return "the subject file does not say where the application keeps what it is told (`business:`)"
    changes = [event for event in measures.context if isinstance(event, BusinessChange)]
    if not changes:
        return "nothing happened in the business: there is no shop here, or it stood still"
    if measures.data.final is None:
        return "the data was not read after everything had gone quiet"
    database = case.database_of(measures.serving)
    tables = measures.data.items(measures.serving)
    gone = sorted({*case.business.keeps.values(), *filter(None, (case.business.effects,))} - tables.keys())
    if gone:
        return f"{database} has no table {', '.join(gone)}"
    held = {kind: tables[table] for kind, table in case.business.keeps.items()}
    counted = None if case.business.effects is None else tables[case.business.effects]
    told = [event for event in measures.context if isinstance(event, BusinessTold)]
    return effects_of(changes, told, held, counted, _commits(measures, case.business.keeps))


def _commits(measures: Measures, keeps: Mapping[str, str]) -> dict[str, list[Commit]] | None:
    logged = measures.data.commits
    if logged is None:
        return None
    return {kind: [one for one in logged if one.table == table] for kind, table in keeps.items()}
