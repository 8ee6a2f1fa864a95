"""Writes whose value also stands under a key that no operation named: one create made twice, or the application's own.

From outside both look alike, so this is certain only where all of these hold:

- the key is made as those of acknowledged writes are, as the ids that the server gave (`key_kinds`), and not from the
  write's own key or value: entries of an outbox, idempotency records and indexes are made otherwise;
- by the commit log it never held anything else: a pointer to the latest moves on;
- by the whole log, whatever was removed since, most writes have no such key: an application that keeps an entry of each
  write does so for most, also where it clears them away later;
- it was not committed together with the item: what one transaction writes is meant to be there.

Where only the log is missing, or one of the last two speaks against it, it cannot be told; both, and it is the
application's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.checkers.anomalies.key_kinds import Kinds, mentions
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import Finding
from harness.history.codes import ABSENT, INFO, OK, PUT
from harness.history.tables import CommitColumns

_FEW = 10
"""So few entries are no habit of an application."""
_TOGETHER_NS = 1_000_000
"""The items of one transaction are logged one after another, within less than a further request would take."""


@dataclass(frozen=True)
class Copies:
    """found: everything that is worth telling; open: those of them that nobody can tell for certain."""

    found: tuple[Finding, ...] = ()
    open: tuple[Finding, ...] = ()


def nameless(scene: Scene, row: int) -> bool:
    """A create that was never answered: nobody knows which key it got, and its own id stands for it."""
    columns = scene.columns
    unanswered = int(columns.outcome[row]) == INFO
    return unanswered and columns.names.ops[columns.base + row] == columns.names.keys[int(columns.key[row])]


def unnamed_copies(scene: Scene) -> Copies:
    """Those in the final data of every side."""
    found: list[Finding] = []
    left: list[Finding] = []
    if any(state.foreign for state in scene.final.values()):
        table = _Unnamed(scene)
        for side in scene.final:
            found += table.judged(side, left)
    return Copies(tuple(found), tuple(left))


class _Unnamed:
    """What is known of keys that no operation named."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._first: dict[str, dict[str, int]] = {}
        columns = scene.columns
        rows = np.flatnonzero((columns.f == PUT) & (columns.outcome == OK))
        self._kinds = Kinds(columns.names.keys[int(key)] for key in np.unique(columns.key[rows]))

    def judged(self, side: str, left: list[Finding]) -> Iterator[Finding]:
        """What is wrong on a side, or worth telling. left: gets what cannot be told."""
        scene = self._scene
        copies = self._copies(side)
        if not copies:
            return
        log = scene.commits.get(side)
        of_items = {row: kept for row, keys in copies.items() if (kept := self._of_items(row, keys))}
        if log is not None:
            steady = _steady(log)
            of_items = {row: keys for row, keys in of_items.items() if set(keys) <= steady}
        together = {row for row, keys in of_items.items() if log is not None and self._together(row, keys)}
        if self._is_habit:
            of_items = {row: keys for row, keys in of_items.items() if row not in together}
            together = set(of_items)
        certain = {row: keys for row, keys in of_items.items() if log is not None and row not in together}
        if certain:
            yield self._finding(_told(scene, side, certain), certain, "serious")
        elif of_items:
            finding = self._finding(_told(scene, side, of_items), of_items, "info")
            left.append(finding)
            yield finding
        else:
            text = f"{_told(scene, side, copies)}: entries of the application's own, by all that can be seen"
            yield self._finding(text, copies, "info")

    def _finding(self, text: str, copies: dict[int, list[str]], severity: str) -> Finding:
        return Finding("A6", text, severity, int(self._scene.columns.sent_ns[next(iter(copies))]))

    def _copies(self, side: str) -> dict[int, list[str]]:
        """By row of a put: the unnamed keys that show its value, where that makes it stand there more than once."""
        scene, copies = self._scene, dict[int, list[str]]()
        columns, state = scene.columns, scene.final[side]
        for key, value in state.foreign.items():
            row = columns.local(np.asarray([columns.names.op_rows.get(value, ABSENT)], np.int32))[0]
            if row >= 0:
                copies.setdefault(int(row), []).append(key)
        values = columns.local(state.values)
        return {
            row: keys for row, keys in copies.items() if len(keys) + int(values[columns.key[row]] == row) > 1
        }  # fmt: skip

    def _of_items(self, row: int, keys: Sequence[str]) -> list[str]:
        """Those of the keys that are a second item's; of one that was never answered the first is its own."""
        columns = self._scene.columns
        own = {columns.names.ops[columns.base + row], columns.names.keys[int(columns.key[row])]}
        other = [key for key in keys if not any(mentions(key, text) for text in own)]
        if self._kinds:
            other = [key for key in other if key in self._kinds]
        elif other:
            first = Kinds(other[:1])
            other = [key for key in other if key in first]
        return other if len(other) > int(nameless(self._scene, row)) else []

    def _together(self, row: int, keys: Sequence[str]) -> bool:
        """Each of the keys was committed beside another one with the same value, where it was committed first."""
        return all(self._is_beside(row, key) for key in keys)

    def _is_beside(self, row: int, key: str) -> bool:
        first: tuple[int, CommitColumns, int] | None = None
        for side, log in self._scene.commits.items():
            found = self._places(side).get(key)
            if found is not None and (first is None or int(log.at_ns[found]) < first[0]):
                first = (int(log.at_ns[found]), log, found)
        if first is None:
            return False
        at_ns, log, at = first
        local = self._scene.columns.local(log.value[max(0, at - 1) : at + 2])
        near = np.abs(log.at_ns[max(0, at - 1) : at + 2] - at_ns) <= _TOGETHER_NS
        return int(np.sum((local == row) & near)) > 1

    def _places(self, side: str) -> dict[str, int]:
        """By unnamed key where in a side's log it stands first."""
        if side not in self._first:
            log = self._scene.commits[side]
            keys, first = np.unique(log.key, return_index=True)
            at = zip(keys.tolist(), first.tolist(), strict=True)
            self._first[side] = {log.key_text(key): place for key, place in at if key >= len(log.names.keys)}
        return self._first[side]

    @cached_property
    def _is_habit(self) -> bool:
        """Most writes have had an unnamed key beside their own that could be an item's."""
        written, copied = set[int](), set[int]()
        for side, log in self._scene.commits.items():
            writer = self._scene.writer_of(side)
            written.update(np.unique(writer[writer >= 0]).tolist())
            known = len(log.names.keys)
            is_item = np.asarray([key in self._kinds for key in log.foreign], np.bool_)
            at = np.flatnonzero((log.key >= known) & (writer >= 0))
            at = at[is_item[log.key[at] - known]] if len(is_item) else at[:0]
            copied.update(np.unique(writer[at]).tolist())
        copied = {row for row in copied if not nameless(self._scene, row)}
        return len(copied) > _FEW and len(copied) > 0.5 * len(written)


def _steady(log: CommitColumns) -> set[str]:
    """Unnamed keys that have held one value and no other."""
    pairs = np.unique(np.stack([log.key, log.value]).astype(np.int64), axis=1)
    keys, counts = np.unique(pairs[0], return_counts=True)
    once: NDArray[np.int64] = keys[(counts == 1) & (keys >= len(log.names.keys))]
    return {log.key_text(int(key)) for key in once}


def _told(scene: Scene, side: str, copies: dict[int, list[str]]) -> str:
    row = next(iter(copies))
    return (
        f"{several(len(copies), 'write', 'writes')} found more than once on {side} in the end: {scene.told(row)} also "
        f"under {', '.join(copies[row])}"
    )
