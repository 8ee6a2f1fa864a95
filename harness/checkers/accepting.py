"""Which side accepted a write: the one that was dialled, unless its answer or the commits name another one.

A subject that names another region in its answer says that it forwarded the write. Where the commits of every side are
known, they tell whether that is so, and whether one that names none did. A put's value stands nowhere else, so the side
whose commits alone had it when its client was told that it is done has accepted it, whatever the answer names; and
where both had it by then, the named side accepted it if it had it first, as did another side than the dialled one where
no name is given. (It proves nothing that the dialled side had it first where another is named: whoever copies each
write to the other side before the answer is sometimes overtaken by his own copy.) Deletes and increments have no value
of their own: a side whose log shows none of the key between sending and answer has not executed one. One that the
dialled side alone shows, and of which it shows more than the named one, is its own. Where nothing tells, the others of
the same function, side and name do; without any it rests on the answer alone.

So it is with puts that the commits do not tell of. A name that is no place's stands for the place that such puts were
accepted by.

A put that was answered 4xx, and that the dialled side's commits had first and before the answer, was accepted, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.checkers.committed import Logs, counts, had_ns
from harness.checkers.turns import SEVERAL
from harness.history.codes import ABSENT, ADD, PUT, Bools
from harness.history.columns import Columns
from harness.measurement.newest import Rows

__all__ = ["Accepting", "Logs", "accepting", "stored_alone"]

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Accepting:
    """By row: codes of places in `names`, ABSENT where that is not known.

    dialled: whose edge it was. likely: who accepted it, by the commits where they tell, else by what its answer says.
    shown: that it does not rest on the answer alone. refuted: the answer names another place, which is not true.
    despite: several of its side were accepted although they were answered 4xx.
    """

    names: Sequence[str]
    dialled: Places
    likely: Places
    shown: Bools
    refuted: Bools
    despite: Bools

    @cached_property
    def sure(self) -> Places:
        """Who accepted it, if nobody forwarded a write of whom nothing but his own word says so."""
        return np.where(self.shown, self.likely, self.dialled)

    @cached_property
    def forwarded(self) -> Bools:
        """Writes that one side took, and that another one has accepted for certain."""
        found: Bools = self.shown & (self.likely != self.dialled) & (self.likely != ABSENT)
        return found


def accepting(columns: Columns, regions: Mapping[str, str], commits: Logs | None) -> Accepting:
    """Who accepted what. regions: place by edge address. commits: None where none are kept. O(n log n)."""
    logs = {} if commits is None or not set(regions.values()) <= commits.keys() else commits
    names: dict[str, int] = {place: code for code, place in enumerate(logs)}
    addresses = [names.setdefault(regions.get(name, name), len(names)) for name in columns.names.addresses]
    told = [names.setdefault(name, len(names)) for name in columns.names.regions]
    dialled = np.asarray([*addresses, ABSENT], np.int64)[columns.address]  # ABSENT is the last place
    named = np.asarray([*told, ABSENT], np.int64)[columns.region]
    likely = np.where(named == ABSENT, dialled, named)
    shown, despite = likely == dialled, np.zeros(len(columns), np.bool_)
    by_place = (dialled >= 0) & (dialled < len(logs))
    wanted = columns.acknowledged & by_place
    if logs and len(columns):
        declined = columns.declined & (columns.f == PUT) & by_place
        had = np.stack([had_ns(columns, log, wanted) for log in logs.values()])
        silent, claims = (
            np.flatnonzero(wanted & shown),
            np.flatnonzero(columns.acknowledged & ~shown & (dialled != ABSENT)),
        )
        own_name = named[silent] != ABSENT
        likely[silent] = _unsaid(columns, silent, had[:, silent], dialled[silent], own_name=own_name)
        if len(claims):
            said = _Claims(columns, logs, claims, had[:, claims], dialled[claims], named[claims], len(names))
            likely[claims], shown[claims] = said.judged()
        despite = _despite(columns, had, np.flatnonzero(declined & shown), dialled)
    refuted = (
        columns.acknowledged & shown & (likely == dialled) & (named != dialled) & (named >= 0) & (named < len(logs))
    )
    return Accepting(list(names), dialled, likely, shown, refuted, despite)


def _first(had: NDArray[np.int64], returned_ns: NDArray[np.int64]) -> Places:
    """Which side alone had each by its answer, or before all others; ABSENT where there is none."""
    soonest = had.min(axis=0)
    once = (soonest <= returned_ns) & (np.count_nonzero(had == soonest, axis=0) == 1)
    return np.where(once, np.argmin(had, axis=0), ABSENT)


def _unsaid(
    columns: Columns, rows: Rows, had: NDArray[np.int64], dialled: Places, *, own_name: Bools
) -> Places:  # fmt: skip
    """Who accepted what was answered without another side's name; ABSENT where its likes are accepted by several.

    own_name: the answers that name the dialled side.
    """
    returned_ns, is_put = columns.returned_ns[rows], columns.f[rows] == PUT
    by_then = had <= returned_ns
    alone, lone = np.count_nonzero(by_then, axis=0) == 1, np.argmax(by_then, axis=0)
    first, group = _first(had, returned_ns), dialled * 2 + own_name
    low, high = _range_by(group, lone, alone, len(had))
    early = is_put & ~own_name & ~alone & (first != ABSENT)
    soonest, latest = _range_by(group, first, early, len(had))
    # A side that copies before it answers is sometimes overtaken by its own copy, and not every time.
    always = early & (soonest == latest) & (_count_by(group, early) >= SEVERAL)
    side = np.where(always & (low != high), first, dialled)
    side = np.where(alone, lone, np.where(low == high, low, side))
    vague = ~alone & ~is_put & (low < high)
    return np.where(vague, ABSENT, side)


def _range_by(group: Places, side: Places, chosen: Bools, none: int) -> tuple[Places, Places]:
    """By element the least and the greatest side of the chosen ones of its group; none and ABSENT without any."""
    groups, of = np.unique(group, return_inverse=True)
    of = of.reshape(-1)
    low, high = np.full(len(groups), none, np.int64), np.full(len(groups), ABSENT, np.int64)
    np.minimum.at(low, of[chosen], side[chosen])
    np.maximum.at(high, of[chosen], side[chosen])
    return low[of], high[of]


def _count_by(group: Places, chosen: Bools) -> Places:
    """By element how many of its group are chosen."""
    of = np.unique(group, return_inverse=True)[1].reshape(-1)
    found: Places = np.bincount(of[chosen], minlength=1 + int(of.max(initial=0)))[of]
    return found


def stored_alone(columns: Columns, commits: Logs, place: str) -> Bools:
    """Puts that one side's commits alone had when their clients were told, wherever they were sent."""
    nothing = np.zeros(len(columns), np.bool_)
    by_then = {name: had_ns(columns, log, nothing) <= columns.returned_ns for name, log in commits.items()}
    found: Bools = by_then[place] & columns.acknowledged & (columns.f == PUT)
    for name, had in by_then.items():
        found = found if name == place else found & ~had
    return found


def _despite(columns: Columns, had: NDArray[np.int64], rows: Rows, dialled: Places) -> Bools:
    """Puts that were answered 4xx, and that the side which was dialled had first, where there are several of them."""
    found = np.zeros(len(columns), np.bool_)
    own = _first(had[:, rows], columns.returned_ns[rows]) == dialled[rows]
    rows = rows[own & (had[:, rows].min(axis=0) >= columns.sent_ns[rows])]
    if len(rows):
        found[rows] = np.bincount(dialled[rows])[dialled[rows]] >= SEVERAL
    return found


@dataclass(frozen=True, eq=False)
class _Claims:
    """Writes whose answers name another side than the one that was dialled. had: by place and row, see `had_ns`."""

    columns: Columns
    logs: Logs
    rows: Rows
    had: NDArray[np.int64]
    dialled: Places
    named: Places
    names: int

    def judged(self) -> tuple[Places, Bools]:
        """`likely` and `shown` of them."""
        returned_ns, f = self.columns.returned_ns[self.rows], self.columns.f[self.rows].astype(np.int64)
        by_then, strange, is_put = self.had <= returned_ns, self.named >= len(self.logs), f == PUT
        alone = np.count_nonzero(by_then, axis=0) == 1
        lone = np.argmax(by_then, axis=0)
        alone &= is_put | (lone != self.dialled) | self._has_more(lone)
        pair = self.dialled * self.names + self.named
        low, high = _range_by(pair, lone, alone & is_put, self.names)
        place = np.where(~strange, self.named, np.where((low == high) & (low != self.dialled), low, ABSENT))
        known, at = place != ABSENT, np.maximum(place, 0)
        own_ns = np.take_along_axis(self.had, at[None], 0)[0]
        in_time = known & (own_ns <= returned_ns)
        first = in_time & (np.count_nonzero(self.had <= own_ns, axis=0) == 1)
        shown, side = alone | first, np.where(alone, lone, np.where(first, place, self.named))
        low, high = _range_by(pair, side, shown & is_put, self.names)
        # Some other removal of the same key may have come first: that the puts are forwarded decides it.
        beside = ~is_put & ~shown & in_time & (low == high) & (low == place)
        shown, side = shown | beside, np.where(beside, place, side)
        of_kind = pair * (ADD + 1) + f
        own_low, own_high = _range_by(of_kind, side, shown, self.names)
        rest, single = ~shown, low == high
        alike = rest & ~is_put & (own_low == own_high)
        low, high = (
            np.where(is_put | (own_high == ABSENT), low, own_low),
            np.where(is_put | (own_high == ABSENT), high, own_high),
        )
        single = low == high
        side = np.where(rest & single, low, side)
        # Who said it of several places, or meant one by a name of its own, has not said where this write was accepted.
        meant = (shown & strange).any()
        side[rest & ~single & ((low < high) | (strange & meant))] = ABSENT
        return side, shown | alike

    def _has_more(self, lone: Places) -> Bools:
        """Whether a side shows more of a delete's or increment's kind than any other: they are no mere copies."""
        by_place = np.stack([counts(self.columns, log, self.rows) for log in self.logs.values()])
        own = np.take_along_axis(by_place, lone[None], 0)[0]
        more: Bools = np.count_nonzero(by_place >= own, axis=0) == 1
        return more
