"""What a restore could not bring back: writes after the point that was restored to, whose items were then corrupted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.drill.case import Case
from harness.drill.case_recovery import CaseRestore
from harness.faults.table_corrupted import TableCorrupted
from harness.history.codes import DELETE, FAIL, PUT
from harness.history.columns import Columns
from harness.measurement.models import FaultInterval


@dataclass(frozen=True)
class RestorePoint:
    """explained: ids of writes that were made between the restored point and the corruption, to items that were
    replaced then. lost: the acknowledged ones of them that what was put back does not show, and that no later
    one of them replaced; maybe: those that nobody knows to have happened. oldest_ns, newest_ns: when the first and the
    last of the lost ones were acknowledged."""

    explained: frozenset[str] = frozenset()
    lost: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    oldest_ns: int | None = None
    newest_ns: int | None = None


def onset_before(case: Case, restore: CaseRestore) -> FaultInterval | None:
    """When what a restore is to undo began: the last corruption of that database before it."""
    found = [
        fault.interval
        for fault in case.faults
        if fault.kind == TableCorrupted.kind
        and fault.applied
        and fault.target == restore.database
        and fault.started_ns <= restore.asked_ns
    ]
    return found[-1] if found else None


def restore_point(case: Case, columns: Columns) -> RestorePoint:
    """Of all restores of a case together. columns: what the clients did."""
    rows: list[int] = []
    lost: list[int] = []
    maybe: list[int] = []
    for restore in case.restores:
        onset = onset_before(case, restore)
        if onset is None:
            continue
        replaced = {**dict.fromkeys(restore.removed), **restore.put_back}
        window = (columns.settled_ns > restore.point_ns) & (columns.sent_ns < onset.start_high_ns)
        writes = np.flatnonzero(window & ((columns.f == PUT) | (columns.f == DELETE)) & (columns.outcome != FAIL))
        by_key: dict[str, list[int]] = {}
        for row in writes:
            key = columns.names.keys[int(columns.key[row])]
            if key in replaced:
                by_key.setdefault(key, []).append(int(row))
        for key, here in by_key.items():
            rows += here
            shown = replaced[key]
            gone = [row for row in here if columns.f[row] == PUT and columns.ops([row])[0] != shown]
            if shown is not None and columns.rows_of([shown]).size:
                of_shown = int(columns.rows_of([shown])[0])
                gone = [row for row in gone if columns.settled_ns[of_shown] < columns.sent_ns[row]]
            known = [row for row in gone if columns.acknowledged[row]]
            # Of several the newest was there; those that it had replaced were not lost by the restore.
            lost += [r for r in known if not any(columns.sent_ns[o] > columns.settled_ns[r] for o in known)]
            maybe += [row for row in gone if not columns.acknowledged[row]]
    told = [int(columns.returned_ns[row]) for row in lost]
    return RestorePoint(
        frozenset(columns.ops(rows)), tuple(columns.ops(sorted(lost))), tuple(columns.ops(sorted(maybe))),
        min(told, default=None), max(told, default=None),
    )  # fmt: skip
