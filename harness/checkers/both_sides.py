"""What came of writes that several sides took while replication between them was cut: counted, and not judged.

A design whose fencing is off by choice, or that promises writes on both sides, has to put the sides together again.
Each key that several sides had acknowledged a write of is a conflict, and each of these sides has a loser there unless
its own last write is what the key shows in the end. That is no fault by itself: of two writes one must make room. What
is one is counted beside it: writes that nothing can have replaced, deletes that were undone, values under two keys.

A key that was written again after the cut shows nothing of who won: it is counted as undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.checkers.accepting import Logs, accepting
from harness.history.codes import ABSENT, DELETE, NEVER_NS, PUT
from harness.history.columns import Columns
from harness.history.tables import TableState, state_of
from harness.measurement.newest import Rows
from harness.measurement.severed import Cut
from harness.measurement.superseding import LOST, Deletes, effects

_SHOWN = 100
"""So many ids and keys are named; all are counted."""


@dataclass(frozen=True)
class BothSides:
    """One time without replication. writes: acknowledged meanwhile, by side. conflicts: keys that several sides wrote.

    Of the data in the end, None where it was not read: losers: the last write of a side to such a key, which made room
    for another side's. undecided: keys of conflicts that were written again since. lost: writes of that time that
    nothing can have replaced. resurrected: deletes of that time that were undone. duplicated: writes of that time that
    stand under more than one key. until_ns: None where it never came back.
    """

    from_ns: int
    until_ns: int | None
    writes: Mapping[str, int]
    conflicts: tuple[str, ...]
    losers: tuple[str, ...] | None = None
    undecided: int | None = None
    lost: tuple[str, ...] | None = None
    resurrected: tuple[str, ...] | None = None
    duplicated: tuple[str, ...] | None = None


def both_sides(
    columns: Columns,
    cuts: Iterable[Cut],
    places: Mapping[str, str],
    commits: Logs | None,
    final: Mapping[str, Mapping[str, str] | TableState],
    serving: str,
) -> Sequence[BothSides]:
    """One for each time without replication in which several sides acknowledged writes, in order of time.

    cuts: between databases. places: by edge address. commits, final: by place; final is empty where it was not read.
    serving: the place whose data clients see in the end.
    """
    states = {place: state_of(columns, items) for place, items in final.items()}
    found = []
    for begun_ns, ended_ns in _times(cuts):
        then = columns.between(begun_ns, ended_ns)
        told_of = np.flatnonzero(then.acknowledged)
        if len(np.unique(then.address[told_of])) < 2 and len(np.unique(then.region[told_of])) < 2:
            continue
        who = accepting(then, places, commits)
        at = np.flatnonzero(then.acknowledged & (who.likely != ABSENT) & ~columns.counters[then.key])
        side, rows = who.likely[at], at + (then.base - columns.base)
        if len(np.unique(side)) < 2:
            continue
        writes = {who.names[int(one)]: int(np.count_nonzero(side == one)) for one in np.unique(side)}
        one = _One(columns, rows, side)
        until_ns = None if ended_ns == NEVER_NS else ended_ns
        told = BothSides(begun_ns, until_ns, writes, tuple(columns.names.keys[int(k)] for k in one.conflicts))
        found.append(told if serving not in states else one.with_data(told, states, serving))
    return found


def _times(cuts: Iterable[Cut]) -> Iterator[tuple[int, int]]:
    """Stretches of time in which some cut held."""
    begun_ns = ended_ns = -1
    for cut in sorted(cuts, key=lambda cut: cut.begun_ns):
        if cut.begun_ns > ended_ns:
            if begun_ns >= 0:
                yield begun_ns, ended_ns
            begun_ns = cut.begun_ns
        ended_ns = max(ended_ns, cut.until_ns)
    if begun_ns >= 0:
        yield begun_ns, ended_ns


@dataclass(frozen=True, eq=False)
class _One:
    """Acknowledged writes of one time, in the order of sending, and whose each was."""

    columns: Columns
    rows: Rows
    side: Rows

    @property
    def conflicts(self) -> Rows:
        """Codes of the keys that several sides wrote."""
        pairs = np.unique(np.stack([self.columns.key[self.rows].astype(np.int64), self.side]), axis=1)
        keys, sides = np.unique(pairs[0], return_counts=True)
        found: Rows = keys[sides > 1]
        return found

    def with_data(self, told: BothSides, states: Mapping[str, TableState], serving: str) -> BothSides:
        """The same, with what the data in the end says of it."""
        columns, rows, here = self.columns, self.rows, states[serving]
        deletes = Deletes(columns)
        effect = effects(columns, deletes, here, rows)
        gone = rows[effect == LOST]
        losers, undecided = self._losers(here, int(self.rows[-1]))
        return BothSides(
            told.from_ns, told.until_ns, told.writes, told.conflicts, tuple(columns.ops(losers)), undecided,
            tuple(columns.ops(gone[columns.f[gone] == PUT])), tuple(columns.ops(gone[columns.f[gone] == DELETE])),
            tuple(columns.ops(self._duplicated(states.values()))),
        )  # fmt: skip

    def _losers(self, here: TableState, last: int) -> tuple[Rows, int]:
        """Of each side the last write of each conflict, unless it is what is shown; and keys that tell nothing."""
        columns, conflicts = self.columns, self.conflicts
        shown = columns.local(here.values[conflicts])
        since = np.zeros(len(columns.names.keys), np.bool_)
        since[columns.key[last + 1 :][columns.is_write[last + 1 :]]] = True
        own = np.isin(shown, self.rows)
        undecided = (since[conflicts] & ~own) | ((here.values[conflicts] != ABSENT) & ~own)
        winner = np.full(len(columns.names.keys), ABSENT, np.int64)
        winner[conflicts] = shown
        decided = np.zeros(len(columns.names.keys), np.bool_)
        decided[conflicts[~undecided]] = True
        at = np.flatnonzero(decided[columns.key[self.rows]])
        newest = {(int(columns.key[self.rows[i]]), int(self.side[i])): int(self.rows[i]) for i in at}
        lost = [
            row for (key, _), row in newest.items()
            if row != winner[key] and not (columns.f[row] == DELETE and winner[key] == ABSENT)
        ]  # fmt: skip
        return np.asarray(sorted(lost), np.int64), int(np.count_nonzero(undecided))

    def _duplicated(self, states: Iterable[TableState]) -> Rows:
        found = np.zeros(len(self.columns), np.bool_)
        for state in states:
            values = self.columns.local(state.values)
            several = np.bincount(values[values >= 0], minlength=len(found))
            for row in self.columns.rows_of(state.foreign.values()):
                several[row] += 1
            found |= several > 1
        found_rows: Rows = self.rows[found[self.rows]]
        return found_rows


def as_evidence(found: BothSides) -> Mapping[str, Any]:
    """The object of run.json."""
    told: dict[str, Any] = {
        "from_ns": found.from_ns, "until_ns": found.until_ns, "writes": dict(found.writes),
        "conflicts": len(found.conflicts), "conflict_keys": list(found.conflicts[:_SHOWN]),
        "undecided": found.undecided,
    }  # fmt: skip
    for name in ("losers", "lost", "resurrected", "duplicated"):
        ids: tuple[str, ...] | None = getattr(found, name)
        told[name] = None if ids is None else len(ids)
        told[f"{name}_ids"] = [] if ids is None else list(ids[:_SHOWN])
    return told
