"""A history of operations as columns of numbers, so that millions of them can be measured and judged in seconds.

One row is one operation, in the order of sending. Texts are codes: places in a list that stands beside the columns. To
whoever reads it as a sequence it is one of `Operation` objects, each made when it is asked for: of the few that a
finding shows. See `gathering` for how columns come about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import (
    ABSENT,
    ADD,
    FUNCTIONS,
    GET,
    INFO,
    NEVER_NS,
    NO_EPOCH,
    OK,
    OUTCOMES,
    PUT,
    UNKNOWN,
    Bools,
    Ints,
    Names,
    code,
)
from harness.history.events import Completion, Function, Invoke, Operation


@dataclass(frozen=True, eq=False)
class Columns(Sequence[Operation]):
    """Rows base, base + 1, ... of a history. Times in nanoseconds; returned_ns: NEVER_NS where nothing came back.

    value: for a read that succeeded, the row (of the whole history) of the write whose value it showed, or ABSENT, or
    UNKNOWN and below. who: code of the client. address, region: ABSENT where not known; epoch: NO_EPOCH.
    extra: sent beside the even grid, which shares of what was served leave out. status: of its answer, 0 without one.
    cut_ns: what returned later counts as not returned; see `up_to`.
    """

    names: Names
    sent_ns: NDArray[np.int64]
    returned_ns: NDArray[np.int64]
    planned_ns: NDArray[np.int64]
    f: NDArray[np.int8]
    outcome: NDArray[np.int8]
    who: NDArray[np.int32]
    cohort: NDArray[np.int16]
    key: NDArray[np.int32]
    value: NDArray[np.int32]
    address: NDArray[np.int32]
    region: NDArray[np.int32]
    epoch: NDArray[np.int64]
    extra: NDArray[np.bool_]
    status: NDArray[np.int16]
    base: int = 0
    cut_ns: int | None = None

    # --- as a sequence of operations ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.sent_ns)

    @overload
    def __getitem__(self, index: int) -> Operation: ...

    @overload
    def __getitem__(self, index: slice) -> Columns: ...

    def __getitem__(self, index: int | slice) -> Operation | Columns:
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            if step != 1:
                raise ValueError("columns can only be cut, not thinned out")
            return self._rows(first, max(first, last))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.operation(index % len(self))

    def __iter__(self) -> Iterator[Operation]:
        return (self.operation(row) for row in range(len(self)))

    def operation(self, row: int) -> Operation:
        """The operation of a row of these columns."""
        source = self.names.source
        if source is None:
            return self._made(row)
        found = source(self.base + row)
        completion = found.completion
        late = self.cut_ns is not None and completion is not None and completion.mono_ns > self.cut_ns
        return replace(found, completion=None) if late else found

    def operations(self, rows: Iterable[int] | Ints) -> list[Operation]:
        """The operations of some rows, in that order."""
        return [self.operation(int(row)) for row in rows]

    def ops(self, rows: Iterable[int] | Ints) -> list[str]:
        """The ids of the operations of some rows, in that order."""
        return [self.names.ops[self.base + int(row)] for row in rows]

    def _made(self, row: int) -> Operation:
        names, f = self.names, cast(Function, FUNCTIONS[self.f[row]])
        op, key, client = names.ops[self.base + row], names.keys[self.key[row]], names.clients[self.who[row]]
        cohort, sent_ns, returned_ns = names.cohorts[self.cohort[row]], int(self.sent_ns[row]), self.returned_ns[row]
        wrote = {"put": op, "add": "1"}.get(f)
        first = names.group_of(self.base + row)
        invoke = Invoke(
            op, 0, client, cohort, f, key, wrote, int(self.planned_ns[row]), sent_ns, extra=bool(self.extra[row]),
            group=None if first is None else names.ops[first],
        )  # fmt: skip
        if returned_ns == NEVER_NS:
            return Operation(invoke, None)
        completion = Completion(
            op, 0, client, cohort, f, key, names.text_of(int(self.value[row])) if f == "get" else wrote,
            OUTCOMES[self.outcome[row]], int(returned_ns),
            address=_name(names.addresses, self.address[row]),
            region=_name(names.regions, self.region[row]),
            epoch=None if self.epoch[row] == NO_EPOCH else int(self.epoch[row]),
            status=int(self.status[row]) or None,
        )  # fmt: skip
        return Operation(invoke, completion)

    # --- parts of it --------------------------------------------------------------------------------------------------

    def between(self, from_ns: int | None, until_ns: int | None) -> Columns:
        """What was sent in [from_ns, until_ns), with whatever became of it."""
        first = 0 if from_ns is None else int(np.searchsorted(self.sent_ns, from_ns))
        last = len(self) if until_ns is None else int(np.searchsorted(self.sent_ns, until_ns))
        return self._rows(first, max(first, last))

    def up_to(self, end_ns: int) -> Columns:
        """What was sent before end_ns, as it stood then: what had not returned had no outcome yet."""
        known = self.between(None, end_ns)
        late = (known.returned_ns > end_ns) & (known.returned_ns != NEVER_NS)
        if not late.any():
            return known

        def unless_late(column: NDArray[Any], instead: int) -> NDArray[Any]:
            return np.where(late, np.asarray(instead, column.dtype), column)

        return replace(
            known,
            returned_ns=unless_late(known.returned_ns, NEVER_NS),
            outcome=unless_late(known.outcome, INFO),
            value=unless_late(known.value, ABSENT),
            address=unless_late(known.address, ABSENT),
            region=unless_late(known.region, ABSENT),
            epoch=unless_late(known.epoch, NO_EPOCH),
            status=unless_late(known.status, 0),
            cut_ns=end_ns if self.cut_ns is None else min(end_ns, self.cut_ns),
        )

    def _rows(self, first: int, last: int) -> Columns:
        if first == 0 and last == len(self):
            return self
        arrays = {name: getattr(self, name)[first:last] for name in ARRAYS}
        return replace(self, **arrays, base=self.base + first)

    # --- what many ask for --------------------------------------------------------------------------------------------

    @cached_property
    def is_write(self) -> Bools:
        return np.not_equal(self.f, GET)

    @cached_property
    def good(self) -> Bools:
        """The client was served."""
        return np.equal(self.outcome, OK)

    @cached_property
    def acknowledged(self) -> Bools:
        """Writes whose client was told that they have happened."""
        return self.good & self.is_write

    @cached_property
    def declined(self) -> Bools:
        """Writes that were answered 4xx, with a status that does not say that they have had no effect."""
        found: Bools = self.is_write & (self.outcome == INFO) & (self.status >= 400) & (self.status < 500)
        return found

    @cached_property
    def settled_ns(self) -> NDArray[np.int64]:
        """When each can no longer take effect: its return, or never where the outcome is not known."""
        return np.where(self.outcome == INFO, NEVER_NS, self.returned_ns)

    @cached_property
    def writer(self) -> NDArray[np.int32]:
        """`value` as a row of these columns; UNKNOWN too for what is no put among them."""
        return self.local(self.value)

    def local(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Values' codes as rows of these columns, or ABSENT, or UNKNOWN."""
        found: NDArray[np.int32] = np.maximum(values, UNKNOWN).astype(np.int32, copy=False)
        writes = np.flatnonzero(found >= 0)
        rows = found[writes] - self.base
        if self.base or len(self) < len(self.names.ops):
            rows = np.where((rows >= 0) & (rows < len(self)), rows, UNKNOWN)
        inside = rows >= 0
        rows[inside] = np.where(self.f[rows[inside]] == PUT, rows[inside], UNKNOWN)
        found[writes] = rows
        return found

    @cached_property
    def counters(self) -> Bools:
        """By code of a key: whether somebody counts on it."""
        found = np.zeros(len(self.names.keys), np.bool_)
        found[self.key[self.f == ADD]] = True
        return found

    @cached_property
    def grouped(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every ordered pair of puts that one request made together: of each row, another one of its group."""
        rows, group = self.names.grouped - self.base, self.names.group
        inside = (rows >= 0) & (rows < len(self))
        order = np.lexsort((rows[inside], group[inside]))
        rows, group = rows[inside][order], group[inside][order]
        one, other = [rows[:0]], [rows[:0]]
        for apart in range(1, len(rows)):
            same = np.flatnonzero(group[apart:] == group[:-apart])
            if not len(same):
                break
            one += [rows[same], rows[same + apart]]
            other += [rows[same + apart], rows[same]]
        first, second = np.concatenate(one), np.concatenate(other)
        order = np.lexsort((second, first))
        return first[order], second[order]

    @cached_property
    def end_ns(self) -> int:
        """The last moment that the operations tell of; 0 for none."""
        returned = self.returned_ns[self.returned_ns != NEVER_NS]
        return max(int(self.sent_ns[-1]) if len(self) else 0, int(returned.max()) if len(returned) else 0, 0)

    def of_cohort(self, cohort: str) -> Bools:
        """Which rows are of a cohort's clients."""
        return np.equal(self.cohort, code(self.names.cohorts, cohort))

    def dialled(self, address: str) -> Bools:
        """Which rows are known to have dialled an address."""
        return np.equal(self.address, code(self.names.addresses, address))

    def rows_of(self, ops: Iterable[str]) -> NDArray[np.int64]:
        """The rows of operations by id, ascending; those that are not here are left out."""
        wanted = set(ops)
        if not wanted:
            return np.zeros(0, np.int64)
        if "op_rows" in self.names.__dict__ or len(self.names.ops) < 100_000 or len(wanted) > 1000:
            found = [self.names.op_rows[op] for op in wanted if op in self.names.op_rows]
        else:  # an index of millions of names is dearer than one look at each
            found = [row for row, op in enumerate(self.names.ops) if op in wanted]
        rows: NDArray[np.int64] = np.sort(np.asarray(found, np.int64)) - self.base
        return rows[(rows >= 0) & (rows < len(self))]

    def marked(self, ops: Iterable[str]) -> Bools:
        """Which rows are operations with these ids."""
        found = np.zeros(len(self), np.bool_)
        found[self.rows_of(ops)] = True
        return found


ARRAYS = (
    "sent_ns", "returned_ns", "planned_ns", "f", "outcome", "who", "cohort", "key", "value", "address", "region",
    "epoch", "extra", "status",
)  # fmt: skip


def _name(names: Sequence[str], code: int) -> str | None:
    return None if code == ABSENT else names[code]
