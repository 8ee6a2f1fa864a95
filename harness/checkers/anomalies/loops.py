"""Replication that goes in circles: each side takes the other's copies for writes of its own, and sends them back.

Every item is then committed again and again soon after it was written. A backfill commits each item once more, at some
later time; an application that writes an item in several steps does so before it answers. So only commits count that
came within ten seconds of the first one on that side, and after the write had been answered.

Where the replication is slow, few items go round more than once or twice in that time, and an average shows little. So
it is also looked at whether writes go to and fro: a write that is copied is committed on one side and then on the
other; one that is there, here, there and here again has been sent back, and then sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.checkers.anomalies.scene import Scene
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import NEVER_NS, Bools
from harness.history.tables import CommitColumns
from harness.measurement.newest import Ints, Rows
from harness.outcome import Verdict
from harness.units import to_ns

_NAME = "replication-loop"
_SOON_NS = to_ns(10.0)
_ITEMS = 10
"""Of fewer items nothing is said."""
_FAR_BEYOND = 1.5
"""Needless commits of each item, on average."""
_TURNS = 3
"""So often a write has changed sides when it has been sent back, and then sent again."""
_SHARE = 0.05
"""Of the writes; a few are committed once more by a backfill that began just then."""


@dataclass(frozen=True)
class _Side:
    items: int
    commits: float
    needless: float
    row: int
    count: int


def loops(scene: Scene) -> CheckResult | None:
    """Is every item committed about once on each side?"""
    sides = {side: of for side, log in scene.commits.items() if (of := _of_side(scene, side, log)) is not None}
    if not sides:
        return None
    found = [
        (side, Finding("A16", _told(scene, side, of), "serious"))
        for side, of in sides.items()
        if of.needless >= _FAR_BEYOND
    ]
    text = "; ".join(f.text for _, f in found)
    if (travelled := _to_and_fro(scene)) is not None:
        told = f"replication goes in circles: {'; '.join(filter(None, (travelled, text)))}"
        return CheckResult(_NAME, Verdict.MISSED, told, (Finding("A16", told, "serious"),))
    if len(found) > 1:
        return CheckResult(_NAME, Verdict.MISSED, f"replication goes in circles: {text}", tuple(f for _, f in found))
    if found:
        note = Finding("A16", f"applied again and again: {text}", "warning")
        return CheckResult(_NAME, Verdict.MET, f"one side only: {text}", (note,))
    counts = ", ".join(f"{of.commits:.1f} on {side}" for side, of in sides.items())
    return CheckResult(_NAME, Verdict.MET, f"commits for each item: {counts}, 1 is normal")


def _told(scene: Scene, side: str, of: _Side) -> str:
    return (
        f"{of.commits:.1f} commits for each item on {side} within 10 s, 1 is normal "
        f"({of.count} of {scene.told(of.row)})"
    )


def _of_side(scene: Scene, side: str, log: CommitColumns) -> _Side | None:
    columns = scene.columns
    writer, at = scene.writer_of(side), _shown(scene, side, log)
    counts = np.bincount(writer[at])
    items = int(np.count_nonzero(counts))
    if items < _ITEMS:
        return None
    at = at[counts[writer[at]] > 1]
    if not len(at):
        return _Side(items, 1.0, 0.0, 0, 1)
    at = at[np.argsort(writer[at], kind="stable")]
    rows = writer[at]
    starts, soon = _soon(rows, log.at_ns[at])
    again = np.ones(len(rows), np.bool_)
    again[starts] = False
    returned_ns = columns.returned_ns[rows]
    answered = (log.at_ns[at] > returned_ns) & (returned_ns != NEVER_NS)
    needless = int(np.count_nonzero(soon & again & answered))
    of_item = np.add.reduceat(soon.astype(np.int64), starts)
    worst = int(np.argmax(of_item))
    commits = (items - len(starts) + int(of_item.sum())) / items
    return _Side(items, commits, needless / items, int(rows[starts[worst]]), int(of_item[worst]))


def _to_and_fro(scene: Scene) -> str | None:
    """In words, that writes went from side to side and back and again; None: they did not."""
    rows, times, sides = [], [], []
    for number, (name, log) in enumerate(scene.commits.items()):
        writer, at = scene.writer_of(name), _shown(scene, name, log)
        rows.append(writer[at])
        times.append(log.at_ns[at])
        sides.append(np.full(len(at), number))
    row, at_ns, side = (np.concatenate(of) for of in (rows, times, sides))
    # Nearly all come once to each side, and are not worth sorting.
    times_seen = np.bincount(row)
    total, often = int(np.count_nonzero(times_seen)), times_seen[row] > _TURNS
    row, at_ns, side = row[often], at_ns[often], side[often]
    if not len(row):
        return None
    order = np.lexsort((at_ns, row))
    row, at_ns, side = row[order], at_ns[order], side[order]
    starts, soon = _soon(row, at_ns)
    turned = np.concatenate(([False], (row[1:] == row[:-1]) & (side[1:] != side[:-1])))
    turns = np.add.reduceat((turned & soon).astype(np.int64), starts)
    travelling = turns >= _TURNS
    count = int(np.count_nonzero(travelling))
    if count < max(_ITEMS, _SHARE * total):
        return None
    worst = int(np.argmax(turns))
    return (
        f"{count} of {total} writes went from side to side at least {_TURNS} times within 10 s, once is normal "
        f"({int(turns[worst])} times {scene.told(int(row[starts[worst]]))})"
    )


def _shown(scene: Scene, side: str, log: CommitColumns) -> Rows:
    """The commits of a side that show one of the key's own writes."""
    columns, writer = scene.columns, scene.writer_of(side)
    at = np.flatnonzero((writer >= 0) & (log.key < len(columns.names.keys)))
    shown: Rows = at[columns.key[writer[at]] == log.key[at]]
    return shown


def _soon(rows: NDArray[np.signedinteger[Any]], at_ns: Ints) -> tuple[Rows, Bools]:
    """Of commits in the order of their rows and times: where each row begins, and which came soon after its first."""
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    first_ns = np.repeat(at_ns[starts], np.diff(np.append(starts, len(rows))))
    return starts, at_ns <= first_ns + _SOON_NS
