"""Applies a plan: each write once, and only where the table is still as the plan saw it.

A write is conditional on the item that it replaces, so what changed since the plan was made is never overwritten: it is
told, and stays for another plan. A write that is found done already counts as done, so that a plan may be applied again
and again, after an interruption too; how far it has come is kept in a file beside the plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.comparison.canonical import item, text_of
from harness.comparison.live import LiveTable
from harness.errors import InputError
from harness.reconciliation.deciding import UNDECIDED, Write, write_of
from harness.reconciliation.plan import Action, Plan
from harness.storable_text import write_text

_KEEP_EVERY = 100
_CONDITIONS_MAX = 60
"""An expression has at most 4 KB (Developer Guide, "Constraints"): so many attributes are looked at."""


@dataclass
class Applied:
    """written: in this run; already: as planned before it; changed: since the plan was made, by key."""

    written: int = 0
    already: int = 0
    undecided: int = 0
    left: int = 0
    changed: list[str] = field(default_factory=list)


def progress_file(plan: Plan) -> Path:
    """Where it is kept how many lines of a plan are done."""
    return plan.file.with_name(plan.file.name + ".done")


def apply(plan: Plan, tables: Mapping[str, LiveTable], told: Callable[[int], None]) -> Applied:
    """Apply a plan to tables A and B, from where it stopped. told: hears how many lines are done.

    Raises InputError, WorldError.
    """
    kept = progress_file(plan)
    begin = _kept(kept)
    result = Applied()
    done = begin
    try:
        for action in plan.actions():
            if action.number < begin:
                continue
            _one(action, tables, result)
            # What changed, or is undecided, is asked about again in the next run.
            if done == action.number and action.winner != UNDECIDED and not result.changed:
                done += 1
                if done % _KEEP_EVERY == 0:
                    write_text(kept, f"{done}\n")
            told(action.number + 1)
    finally:
        write_text(kept, f"{done}\n")
    return result


def _kept(file: Path) -> int:
    try:
        return int(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise InputError(f"{file}: it says no number of lines; delete it to begin anew, which does no harm") from error


def _one(action: Action, tables: Mapping[str, LiveTable], result: Applied) -> None:
    write = write_of(action.winner, action.difference)
    if write is None:
        result.undecided += action.winner == UNDECIDED
        result.left += action.winner != UNDECIDED
        return
    table = tables[write.side]
    if _written(table, write):
        result.written += 1
        return
    now = table.item(write.key)
    if _text(now) == _text(write.item):
        result.already += 1
    else:
        result.changed.append(f"{json.dumps(write.key)} in {write.side}")


def _text(found: Mapping[str, Any] | None) -> str:
    return "" if found is None else text_of(item(dict(found)))


def _written(table: LiveTable, write: Write) -> bool:
    """Whether it was written; False where the table is not as it was."""
    condition = condition_of(write)
    if write.item is None:
        return table.put(None, write.key, condition)
    return table.put(write.item, write.key, condition)


def condition_of(write: Write) -> dict[str, Any]:
    """That the item is still the one that the plan saw, attribute by attribute."""
    if write.expected is None:
        return {
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": {"#k": next(iter(write.key))},
        }
    names, values, parts = {}, {}, []
    for number, (name, value) in enumerate(sorted(write.expected.items())[:_CONDITIONS_MAX]):
        names[f"#n{number}"], values[f":v{number}"] = name, value
        parts.append(f"#n{number} = :v{number}")
    for number, name in enumerate(sorted((write.item or {}).keys() - write.expected.keys())[:_CONDITIONS_MAX]):
        names[f"#m{number}"] = name
        parts.append(f"attribute_not_exists(#m{number})")
    return {
        "ConditionExpression": " AND ".join(parts),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
