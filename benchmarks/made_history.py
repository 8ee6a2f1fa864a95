"""A history of a given length, made as columns: what `checkers.py` times measurements and checkers on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.history.codes import ABSENT, ADD, DELETE, GET, INFO, OK, PUT, UNKNOWN, Names
from harness.history.columns import Columns
from harness.history.tables import CommitColumns, TableState
from harness.measurement.models import FaultInterval
from harness.units import NS_PER_MS, NS_PER_S

A, B = "127.0.1.10", "127.0.2.10"
CLIENTS = [*(f"dns-{n}" for n in range(8)), *(f"pinned-a-{n}" for n in range(2)), *(f"pinned-b-{n}" for n in range(2))]
COHORTS = ["dns", "pinned-a", "pinned-b"]
GAP_NS = 10 * NS_PER_MS
REGISTERS, COUNTERS = 50, 4
LAG_NS = NS_PER_S // 2


@dataclass
class History:
    """A drill, and what it left behind."""

    columns: Columns
    logs: dict[str, CommitColumns]
    final: dict[str, TableState]
    fault: FaultInterval
    heal_ns: int
    causal: bool = False


def history(count: int, *, counters: bool = True) -> History:
    """`count` operations, one every 10 ms; the outage is 5 % of the time, in the middle.

    counters: 1 % of the operations count; the oracle knows nothing of that.
    """
    source = np.random.default_rng(1)
    n = np.arange(count)
    start_ns, stop_ns = count // 2 * GAP_NS, (count // 2 + count // 20) * GAP_NS
    sent_ns = n * GAP_NS
    who = (n % len(CLIENTS)).astype(np.int32)
    cohort = np.where(who < 8, 0, np.where(who < 10, 1, 2)).astype(np.int16)
    pinned_b = cohort == 2
    down = (sent_ns >= start_ns) & (sent_ns < stop_ns) & ~pinned_b
    address = np.where(pinned_b | (sent_ns >= stop_ns), 1, 0).astype(np.int32)
    f = np.where(n // len(CLIENTS) % 2 == 1, GET, PUT).astype(np.int8)
    chance = source.random(count)
    register, counter = chance < 0.3, (chance > 0.99) & counters
    f[(f == PUT) & (chance > 0.96) & ~counter] = DELETE
    f[(f == PUT) & counter] = ADD
    # A unique key is the row of its put; a round of all clients later somebody reads it, or deletes it.
    unique = np.where(f == PUT, n, np.maximum(n - len(CLIENTS), 0))
    key = np.where(register, source.integers(0, REGISTERS, count), REGISTERS + COUNTERS + unique)
    key = np.where(counter, REGISTERS + n % COUNTERS, key).astype(np.int32)
    used = np.unique(np.concatenate((np.arange(REGISTERS + COUNTERS), key)))
    key = np.searchsorted(used, key).astype(np.int32)
    keys = [*(f"r{i}" for i in range(REGISTERS)), *(f"c{i}" for i in range(COUNTERS))]
    keys += [f"u{i}" for i in used[REGISTERS + COUNTERS :]]
    outcome = np.where(down, INFO, OK).astype(np.int8)
    returned_ns = sent_ns + np.where(down, NS_PER_S, source.integers(1, 10, count) * NS_PER_MS)
    names = Names([f"o{i}" for i in range(count)], keys, CLIENTS, COHORTS, [A, B], ["us-east-1", "us-west-2"])
    wrote = (f != GET) & ~down
    value = np.full(count, ABSENT, np.int32)
    value, counted = _shown(n, f, key, wrote, value, names)
    value[down] = ABSENT
    epoch = (address + 1).astype(np.int64)
    columns = Columns(
        names, sent_ns, returned_ns, sent_ns, f, outcome, who, cohort, key, value, address, address, epoch,
        np.zeros(count, np.bool_), np.zeros(count, np.int16),
    )  # fmt: skip
    names.grouped, names.group = _groups(n, f, register, down)
    logs = {place: _log(columns, wrote, counted, lag) for place, lag in (("us-east-1", 0), ("us-west-2", LAG_NS))}
    end = logs["us-west-2"].state_at(count * GAP_NS + NS_PER_S)
    final = {"us-west-2": end, "us-east-1": TableState(names, end.values.copy())}
    return History(columns, logs, final, FaultInterval(start_ns, start_ns + 20 * NS_PER_MS), stop_ns)


def _groups(n: Any, f: Any, register: Any, down: Any) -> tuple[Any, Any]:
    """One put of ten, and the next of the same client, as if one request had made both."""
    later = 2 * len(CLIENTS)
    alone = (f == PUT) & ~register & ~down
    chosen = np.flatnonzero(alone[:-later] & alone[later:] & (n[:-later] // later % 4 == 0))
    rows = np.concatenate((chosen, chosen + later))
    order = np.argsort(rows)
    return rows[order], np.concatenate((chosen, chosen))[order]


def _shown(
    n: Any, f: Any, key: Any, wrote: Any, value: Any, names: Names
) -> tuple[Any, Any]:  # fmt: skip
    """What each read shows, and what each increment makes: whatever was written to its key last."""
    order = np.lexsort((n, key))
    is_counter = (key[order] >= REGISTERS) & (key[order] < REGISTERS + COUNTERS)
    last = np.maximum.accumulate(np.where(wrote[order], np.arange(len(order)), -1))
    first = np.concatenate(([True], key[order][1:] != key[order][:-1]))
    begin = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    known = last >= begin
    writer = order[np.maximum(last, 0)]
    value[order] = np.where(known & (f[writer] == PUT), writer, ABSENT)
    adds = np.cumsum(wrote[order] & (f[order] == ADD))
    numbers = adds - np.where(begin > 0, adds[np.maximum(begin - 1, 0)], 0)
    counted = np.zeros(len(order), np.int64)
    counted[order] = numbers
    names.strange.extend(str(i) for i in range(int(counted.max(initial=0)) + 1))
    at = order[is_counter]
    value[at] = np.where(counted[at] > 0, UNKNOWN - counted[at], ABSENT)
    value[f != GET] = ABSENT
    return value.astype(np.int32), counted


def _log(columns: Columns, wrote: Any, counted: Any, lag_ns: int) -> CommitColumns:
    rows = np.flatnonzero(wrote)
    value = np.where(columns.f[rows] == PUT, rows, np.where(columns.f[rows] == ADD, UNKNOWN - counted[rows], ABSENT))
    at_ns = columns.sent_ns[rows] + NS_PER_MS // 2 + lag_ns
    return CommitColumns(columns.names, columns.key[rows], value.astype(np.int32), at_ns)
