"""Which side accepted a write: the one that was dialled, unless its answer names another one.

A subject that names another region in its answer says that it forwarded the write. Where the commits of every side are
known, they tell whether that is so. A put's value stands nowhere else, so the side whose commits alone had it when
its client was told that it is done has accepted it, whatever the answer names; and where both had it by then, the named
side accepted it if it had it first. (It proves nothing that the dialled side had it first: whoever copies each write
to the other side before the answer is sometimes overtaken by his own copy.) Deletes and increments have no value of
their own: of them it is believed what the puts beside them, to the same side and with the same name, have shown.

So it is with puts that the commits do not tell of, though they rest on the answers alone. A name that is no place's
stands for the place that such puts were accepted by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, NEVER_NS, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Commit
from harness.history.tables import CommitColumns, commits_of
from harness.measurement.newest import Rows

Logs = Mapping[str, CommitColumns | Iterable[Commit]]
"""The commits of each place to the table that clients write."""


@dataclass(frozen=True, eq=False)
class Accepting:
    """By row: codes of places in `names`, ABSENT where that is not known.

    dialled: whose edge it was. likely: who accepted it, by the commits where they tell, else by what its answer says.
    shown: that it does not rest on the answer alone. refuted: the answer names another place, which is not true.
    """

    names: Sequence[str]
    dialled: NDArray[np.int64]
    likely: NDArray[np.int64]
    shown: Bools
    refuted: Bools

    @cached_property
    def sure(self) -> NDArray[np.int64]:
        """Who accepted it, if nobody forwarded a write of whom nothing but his own word says so."""
        return np.where(self.shown, self.likely, self.dialled)

    @cached_property
    def forwarded(self) -> Bools:
        """Writes that one side took, and that another one has accepted for certain."""
        return self.shown & np.not_equal(self.likely, self.dialled)


def accepting(columns: Columns, regions: Mapping[str, str], commits: Logs | None) -> Accepting:
    """Who accepted what. regions: place by edge address. commits: None where none are kept. O(n log n)."""
    logs = {} if commits is None or not set(regions.values()) <= commits.keys() else commits
    names: dict[str, int] = {place: code for code, place in enumerate(logs)}
    addresses = [names.setdefault(regions.get(name, name), len(names)) for name in columns.names.addresses]
    told = [names.setdefault(name, len(names)) for name in columns.names.regions]
    dialled = np.asarray([*addresses, ABSENT], np.int64)[columns.address]  # ABSENT is the last place
    named = np.asarray([*told, ABSENT], np.int64)[columns.region]
    likely = np.where(named == ABSENT, dialled, named)
    shown = likely == dialled
    claims = np.flatnonzero(columns.acknowledged & ~shown & (dialled != ABSENT))
    if logs and len(claims):
        likely[claims], shown[claims] = _by_commits(columns, logs, claims, dialled[claims], named[claims], len(names))
    refuted = np.zeros(len(columns), np.bool_)
    refuted[claims] = shown[claims] & (likely[claims] == dialled[claims]) & (named[claims] < len(logs))
    return Accepting(list(names), dialled, likely, shown, refuted)


def _by_commits(
    columns: Columns, logs: Logs, claims: Rows, dialled: NDArray[np.int64], named: NDArray[np.int64], names: int
) -> tuple[NDArray[np.int64], Bools]:  # fmt: skip
    """`likely` and `shown` of the rows whose answers name another side than the one that was dialled."""
    had_ns = np.stack([_first_ns(columns, commits_of(columns, log))[claims] for log in logs.values()])
    by_then = had_ns <= columns.returned_ns[claims]
    alone = np.count_nonzero(by_then, axis=0) == 1
    side = np.where(alone, np.argmax(by_then, axis=0), named)
    strange = named >= len(logs)
    own_ns = np.take_along_axis(had_ns, np.where(strange, 0, named)[None], 0)[0]
    first = (np.count_nonzero(had_ns <= own_ns, axis=0) == 1) & (own_ns <= columns.returned_ns[claims]) & ~strange
    shown = alone | first
    pair = np.unique(dialled * names + named, return_inverse=True)[1].reshape(-1)
    low, high = np.full(len(claims), names, np.int64), np.full(len(claims), ABSENT, np.int64)
    np.minimum.at(low, pair[shown], side[shown])
    np.maximum.at(high, pair[shown], side[shown])
    rest, single = ~shown, (low == high)[pair]
    side = np.where(rest & single, low[pair], side)
    # Who said it of several places, or meant one by a name of its own, has not said where this write was accepted.
    meant = (shown & strange).any()
    side[rest & ~single & ((low < high)[pair] | (strange & meant))] = ABSENT
    return side, shown | (rest & single & (columns.f[claims] != PUT))


def _first_ns(columns: Columns, log: CommitColumns) -> NDArray[np.int64]:
    """By row: when a side first committed the value of a put under its key; NEVER_NS for all others."""
    found = np.full(len(columns), NEVER_NS, np.int64)
    writer = columns.local(log.value)
    own = np.flatnonzero((writer >= 0) & (columns.key[np.maximum(writer, 0)] == log.key))
    np.minimum.at(found, writer[own], log.at_ns[own])
    return found
