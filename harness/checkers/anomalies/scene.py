"""What all of these checkers look at, and how they tell an operation to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.checkers.promise import Promise
from harness.checkers.result import shortened
from harness.history.codes import ABSENT, FAIL, GET, Bools
from harness.history.columns import Columns
from harness.history.tables import CommitColumns, TableState
from harness.measurement.newest import Rows
from harness.measurement.severed import Cut, Side
from harness.measurement.superseding import Deletes
from harness.outcome import Outcome
from harness.units import to_s

_WHAT = {Outcome.OK: "acknowledged", Outcome.FAIL: "refused", Outcome.INFO: "never answered"}
_UNCERTAIN = "not acknowledged, and may have happened"


@dataclass(frozen=True, eq=False)
class Takeover:
    """A place took over at some moment. missing: by row, acknowledged writes that it certainly lacked; doubtful: or may
    have lacked, and those with an unknown outcome that it did not show."""

    place: str
    at_ns: int
    missing: Bools
    doubtful: Bools


@dataclass(frozen=True, eq=False)
class Scene:
    """See `anomalies`. explained, out_of_reach: by row. origin_ns: seconds in sentences count from here."""

    columns: Columns
    final: Mapping[str, TableState]
    commits: Mapping[str, CommitColumns]
    promise: Promise
    explained: Bools
    places: Mapping[str, str]
    serving: str | None
    moments: Sequence[tuple[int, str]]
    origin_ns: int
    out_of_reach: Mapping[str, Bools] = field(default_factory=dict)
    cuts: Sequence[Cut] = ()
    takeovers: Sequence[Takeover] = ()
    _writers: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    _sides: dict[str, Side] = field(default_factory=dict)

    def side(self, address: int) -> Side:
        """The place behind an address (its code), and what is known of what it had."""
        name = "" if address == ABSENT else self.columns.names.addresses[address]
        place = self.places.get(name, name)
        if place not in self._sides:
            self._sides[place] = Side(self.columns, place, self.places, self.commits.get(place))
        return self._sides[place]

    def writer_of(self, side: str) -> NDArray[np.int32]:
        """Of each commit of a side the row of the put that it shows; less than zero: of none."""
        if side not in self._writers:
            self._writers[side] = self.columns.local(self.commits[side].value)
        return self._writers[side]

    @cached_property
    def deletes(self) -> Deletes:
        """The deletes of the history by key."""
        return Deletes(self.columns)

    @cached_property
    def plain(self) -> Bools:
        """Which rows are of keys that nobody counts on."""
        columns = self.columns
        return ~columns.counters[columns.key] if len(columns.names.keys) else np.zeros(len(columns), np.bool_)

    @cached_property
    def kept(self) -> Rows:
        """Acknowledged puts and deletes that nothing accounts for."""
        return np.flatnonzero(self.columns.acknowledged & self.plain & ~self.explained)

    @cached_property
    def reads(self) -> Rows:
        """Reads that succeeded, of keys that nobody counts on."""
        return np.flatnonzero((self.columns.f == GET) & self.columns.good & self.plain)

    @cached_property
    def honest(self) -> Rows:
        """Those that showed nothing, or the value of a write of this very key that may have happened."""
        columns, rows = self.columns, self.reads
        writer = columns.writer[rows]
        safe = np.maximum(writer, 0)
        known = (writer >= 0) & (columns.outcome[safe] != FAIL) & (columns.key[safe] == columns.key[rows])
        honest: Rows = rows[known | (columns.value[rows] == ABSENT)]
        return honest

    def place(self, row: int) -> str | None:
        """Where an operation was sent; None while that is not known."""
        address = int(self.columns.address[row])
        if address == ABSENT:
            return None
        named = self.columns.names.addresses[address]
        return self.places.get(named, named)

    def s(self, moment_ns: int) -> str:
        """A moment, in seconds."""
        return f"{to_s(moment_ns - self.origin_ns):.2f} s"

    def told(self, row: int) -> str:
        """An operation with its client, key, place and times."""
        columns = self.columns
        o = columns.operation(row)
        where = self.place(row)
        through = "" if where is None else f" through {where}"
        if o.returned_ns is None:
            when = f"sent at {self.s(o.sent_ns)}"
        else:
            when = f"{to_s(o.sent_ns - self.origin_ns):.2f} to {self.s(o.returned_ns)}"
        if o.invoke.f == "get" and o.completion is not None and o.outcome is Outcome.OK:
            ended = "found nothing" if o.completion.v is None else f"showed {shortened(o.completion.v)}"
        else:
            ended = _WHAT[o.outcome] if o.returned_ns is None or o.outcome is not Outcome.INFO else _UNCERTAIN
        return f"{o.invoke.op} ({o.invoke.f} of {o.invoke.k} by {o.invoke.client}{through}, {when}, {ended})"

    def since(self, moment_ns: int) -> str:
        """How long after the last of the known events before it a moment was."""
        before = [(at_ns, what) for at_ns, what in self.moments if at_ns <= moment_ns]
        if not before:
            return f"{self.s(moment_ns)} after the start"
        at_ns, what = max(before)
        return f"{to_s(moment_ns - at_ns):.2f} s after {what}"

    def rows_of(self, f: int) -> Rows:
        """Writes of one kind that may have happened."""
        return np.flatnonzero((self.columns.f == f) & (self.columns.outcome != FAIL))


def several(count: int, one: str, many: str) -> str:
    """`1 read`, `2 reads`."""
    return f"{count} {one if count == 1 else many}"
