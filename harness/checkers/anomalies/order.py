"""A side's commits in their order: where an older value, or an older delete, replaced something newer.

A side's commit log is read as what one careful observer of that side sees: once a write is there, nothing that had
settled before that write was sent may take its place. What was replaced counts only when its client was told that it is
done, and no recovery point accounts for it. A replacement lasts unless the side put it right by itself, without a
further write: a batch that is applied twice goes back and comes forward again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.checkers.anomalies.scene import Scene
from harness.history.codes import ABSENT, FAIL
from harness.history.tables import CommitColumns
from harness.measurement.newest import Rows, by_group, newest, sent_of


@dataclass(frozen=True)
class Replaced:
    """newer: the row of what was replaced. older: of what replaced it, None: a delete that must have come before.

    deleted: what was replaced was a delete, so that a value came back.
    """

    side: str
    newer: int
    older: int | None
    at_ns: int
    lasts: bool
    deleted: bool = False


def replaced(scene: Scene, side: str, log: CommitColumns) -> list[Replaced]:
    """Every one on one side, oldest first."""
    columns = scene.columns
    # Where an item was committed once, nothing was replaced.
    wanted = np.bincount(log.key, minlength=len(columns.counters)) > 1
    wanted[: len(columns.counters)] &= ~columns.counters
    wanted[len(columns.counters) :] = False
    known = np.flatnonzero(wanted[log.key])
    writer = scene.writer_of(side)[known]
    fits = (writer < 0) | (columns.key[np.maximum(writer, 0)] == log.key[known])
    known, writer = known[fits], writer[fits]
    order = by_group(log.key[known])
    known, writer = known[order], writer[order]
    key, at = log.key[known], np.arange(len(known))
    facts = np.flatnonzero(writer >= 0)
    counts = columns.acknowledged[writer[facts]] & ~scene.explained[writer[facts]]
    facts = facts[counts]
    size = max(len(columns), len(known)) + 2
    best = newest(size, key[facts], at[facts] + 1, writer[facts].astype(np.int64), key, at)
    value = writer >= 0
    settled_ns = columns.settled_ns[np.maximum(writer, 0)]
    ok = columns.outcome[np.maximum(writer, 0)] != FAIL
    older = value & ok & (sent_of(columns, best) > settled_ns)
    gone = np.flatnonzero((log.value[known] == ABSENT) & (best != ABSENT))
    before = np.searchsorted(columns.sent_ns, log.at_ns[known[gone]], side="right").astype(np.int64)
    lasts_ns = scene.deletes.may_last_ns(key[gone], before)
    older[gone] = sent_of(columns, best[gone]) > lasts_ns
    found = [
        Replaced(
            side, int(best[i]), int(writer[i]) if value[i] else None, int(log.at_ns[known[i]]),
            _lasts(scene, log, known, writer, key, int(i), int(columns.sent_ns[best[i]])),
        )
        for i in np.flatnonzero(older)
    ]  # fmt: skip
    found.extend(_come_back(scene, side, log, known, writer, key))
    return sorted(found, key=lambda one: one.at_ns)


def _lasts(
    scene: Scene, log: CommitColumns, known: Rows, writer: Rows, key: Rows, i: int, newer_sent_ns: int
) -> bool:  # fmt: skip
    """Whether nothing that was under way already put it right."""
    columns, at_ns = scene.columns, int(log.at_ns[known[i]])
    for j in range(i + 1, len(key)):
        if key[j] != key[i]:
            return True
        row = int(writer[j])
        if row >= 0 and columns.settled_ns[row] >= newer_sent_ns:
            return bool(columns.sent_ns[row] > at_ns)
        if log.value[known[j]] == ABSENT and _deleted_since(
            scene, int(key[i]), newer_sent_ns, int(log.at_ns[known[j]])
        ):
            return False
    return True


def _deleted_since(scene: Scene, key: int, from_ns: int, until_ns: int) -> bool:
    columns = scene.columns
    rows = scene.deletes.of_key(key)
    return bool(((columns.settled_ns[rows] >= from_ns) & (columns.sent_ns[rows] <= until_ns)).any())


def _come_back(
    scene: Scene, side: str, log: CommitColumns, known: Rows, writer: Rows, key: Rows
) -> Iterator[Replaced]:  # fmt: skip
    """Values that are committed again after a delete that they cannot have followed had taken effect there."""
    columns = scene.columns
    values = np.flatnonzero((writer >= 0) & scene.deletes.any[key])
    sent_by = np.searchsorted(columns.sent_ns, log.at_ns[known[values]], side="right").astype(np.int64)
    delete = scene.deletes.newest_before(key[values], sent_by)
    newer = sent_of(columns, delete) > columns.settled_ns[writer[values]]
    chosen = np.zeros(len(columns.names.keys), np.bool_)
    chosen[key[values[newer]]] = True
    at = np.flatnonzero(chosen[key])
    for part in np.split(at, np.flatnonzero(np.diff(key[at])) + 1) if len(at) else ():
        yield from _of_item(scene, side, log, known, writer, part, key)


def _of_item(
    scene: Scene, side: str, log: CommitColumns, known: Rows, writer: Rows, part: Rows, key: Rows
) -> Iterator[Replaced]:  # fmt: skip
    columns = scene.columns
    deletes = scene.deletes.of_key(int(key[part[0]]))
    shown_ns, learned = -1, -1
    for i in part:
        row, at_ns = int(writer[i]), int(log.at_ns[known[i]])
        if log.value[known[i]] == ABSENT:
            able = [
                int(d) for d in deletes if columns.sent_ns[d] <= at_ns and columns.settled_ns[d] >= shown_ns
            ]  # fmt: skip
            certain = able and shown_ns >= 0 and all(columns.acknowledged[d] and not scene.explained[d] for d in able)
            if certain:
                learned = max(learned, min(able, key=lambda d: int(columns.sent_ns[d])))
        elif row >= 0 and columns.outcome[row] != FAIL:
            if learned >= 0 and columns.settled_ns[row] < columns.sent_ns[learned]:
                last = int(columns.sent_ns[learned])
                yield Replaced(
                    side, learned, row, at_ns, _lasts(scene, log, known, writer, key, int(i), last), deleted=True
                )
            shown_ns = max(shown_ns, int(columns.sent_ns[row]))
