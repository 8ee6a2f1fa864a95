"""The data at the end, when the fault is healed and replication quiet: what was lost, doubled or brought back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, DELETE, FAIL, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.history.tables import TableState, state_of
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, MAYBE, PRESENT, Deletes, effects


@dataclass(frozen=True)
class FinalState:
    """Operation ids (keys where said), each list sorted.

    lost: acknowledged puts with no effect left on the serving side, nor a legal successor. maybe_lost: the same, if
    an unknown outcome went one way. elsewhere: those of `lost` that the other side still has. resurrected:
    acknowledged deletes whose key shows an older value. late: missing at takeover, there now. phantom: values that
    were never written, or whose write certainly failed. duplicated: values under more than one key. conflicts: keys
    that show different operations' values on the two sides. diverged: keys that differ in any way between the sides,
    None when the other side was not read. lacking: acknowledged writes with no effect left on the other side, and
    keys that differ although each side shows an acknowledged write, or has counted any: what was promised differs.
    """

    lost: tuple[str, ...]
    maybe_lost: tuple[str, ...]
    elsewhere: tuple[str, ...]
    resurrected: tuple[str, ...]
    late: tuple[str, ...]
    phantom: tuple[str, ...]
    duplicated: tuple[str, ...]
    conflicts: tuple[str, ...]
    diverged: tuple[str, ...] | None
    lacking: tuple[str, ...] = ()

    @property
    def lost_after_heal(self) -> int:
        return len(self.lost)


def lost_after_heal(
    operations: Iterable[Operation],
    serving: Mapping[str, str] | TableState,
    other: Mapping[str, str] | TableState | None,
    missing_ids: Iterable[str] = (),
) -> FinalState:
    """Compare every acknowledged write with the final tables; of counters only whether the sides agree.

    serving: key -> value on the side that the edge answers with; other: on the other side, None when it is gone for
    good. missing_ids: what the recovery point counted as missing.
    """
    columns = columns_of(operations)
    here = state_of(columns, serving)
    there = None if other is None else state_of(columns, other)
    deletes = Deletes(columns)
    rows = np.flatnonzero(columns.acknowledged & ~columns.counters[columns.key])
    effect = effects(columns, deletes, here, rows)
    lost = rows[(effect == LOST) & (columns.f[rows] == PUT)]
    maybe = rows[effect == MAYBE]
    missing = columns.rows_of(missing_ids)
    late = missing[columns.acknowledged[missing] & ~columns.counters[columns.key[missing]]]
    states = [here] if there is None else [here, there]
    return FinalState(
        lost=_ids(columns, lost),
        maybe_lost=_ids(columns, maybe[~_is_phantom(columns, here)[columns.key[maybe]]]),
        elsewhere=() if there is None else _ids(columns, lost[effects(columns, deletes, there, lost) == PRESENT]),
        resurrected=_ids(columns, rows[(effect == LOST) & (columns.f[rows] == DELETE)]),
        late=_ids(columns, late[effects(columns, deletes, here, late) == PRESENT]),
        phantom=tuple(sorted({value for state in states for value in _phantoms(columns, state)})),
        duplicated=tuple(sorted({value for state in states for value in _duplicates(columns, state)})),
        conflicts=() if there is None else _conflicts(columns, here, there),
        diverged=None if there is None else _diverged(columns, here, there),
        lacking=() if there is None else _lacking(columns, deletes, here, there, rows),
    )


def _ids(columns: Columns, rows: Rows) -> tuple[str, ...]:
    return tuple(sorted(columns.ops(rows)))


def _is_phantom(columns: Columns, state: TableState) -> Bools:
    """By key: whether it shows a value that was never written, or whose write certainly failed."""
    writer = columns.local(state.values)
    refused = (writer >= 0) & (columns.outcome[np.maximum(writer, 0)] == FAIL) if len(columns) else False
    found: Bools = (state.values != ABSENT) & ((writer < 0) | refused) & ~columns.counters
    return found


def _phantoms(columns: Columns, state: TableState) -> Iterable[str]:
    """Values on keys of the workload; what a subject keeps under keys of its own is its own business."""
    written = np.zeros(len(columns.names.keys), np.bool_)
    written[columns.key[columns.is_write]] = True
    return (state.text(int(key)) or "" for key in np.flatnonzero(written & _is_phantom(columns, state)))


def _duplicates(columns: Columns, state: TableState) -> Iterable[str]:
    values = columns.local(state.values)
    values = values[values >= 0]
    counts = np.bincount(values, minlength=len(columns))
    foreign = Counter(state.foreign.values())
    for row in columns.rows_of(foreign):
        counts[row] += foreign[columns.ops([row])[0]] if columns.f[row] == PUT else 0
    return columns.ops(np.flatnonzero(counts > 1))


def _conflicts(columns: Columns, here: TableState, there: TableState) -> tuple[str, ...]:
    both = (columns.local(here.values) >= 0) & (columns.local(there.values) >= 0)
    found = [columns.names.keys[int(key)] for key in np.flatnonzero(both & (here.values != there.values))]
    for key in here.foreign.keys() & there.foreign.keys():
        values = {here.foreign[key], there.foreign[key]}
        rows = columns.rows_of(values) if len(values) > 1 else ()
        if len(rows) > 1 and (columns.f[rows] == PUT).all():
            found.append(key)
    return tuple(sorted(found))


def _lacking(
    columns: Columns, deletes: Deletes, here: TableState, there: TableState, acknowledged: Rows
) -> tuple[str, ...]:  # fmt: skip
    gone = acknowledged[effects(columns, deletes, there, acknowledged) == LOST]
    shown = [columns.local(state.values) for state in (here, there)]
    promised = np.logical_and.reduce([(row >= 0) & columns.acknowledged[np.maximum(row, 0)] for row in shown])
    counted = np.zeros(len(columns.names.keys), np.bool_)
    counted[columns.key[columns.acknowledged]] = True
    apart = np.flatnonzero((here.values != there.values) & (promised | (counted & columns.counters)))
    return tuple(sorted({*columns.ops(gone), *(columns.names.keys[int(key)] for key in apart)}))


def _diverged(columns: Columns, here: TableState, there: TableState) -> tuple[str, ...]:
    found = [columns.names.keys[int(key)] for key in np.flatnonzero(here.values != there.values)]
    keys = here.foreign.keys() | there.foreign.keys()
    found.extend(key for key in keys if here.foreign.get(key) != there.foreign.get(key))
    return tuple(sorted(found))
