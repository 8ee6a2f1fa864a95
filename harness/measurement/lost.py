"""What a recovery point is, and what it is measured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.history.codes import Bools
from harness.history.columns import Columns
from harness.history.tables import TableState, state_of
from harness.measurement.superseding import LOST, Deletes, effects


@dataclass(frozen=True)
class Look:
    """A table as it was read between two moments, each item at one of them in between."""

    from_ns: int
    until_ns: int
    items: Mapping[str, str]


@dataclass(frozen=True)
class Scans:
    """Stands in for a commit log: the survivor's table before and after takeover.

    before: read completely before that moment, None when there was no such scan; after: begun after that moment.
    Late arrivals only ever shrink what is missing, so the two bound the truth. looks: more of them, taken while clients
    were at work: those that are nearest to a moment bound what was there then most closely.
    """

    before: Mapping[str, str] | None
    after: Mapping[str, str]
    looks: Sequence[Look] = ()

    def until(self, moment_ns: int) -> tuple[Mapping[str, str] | None, int | None]:
        """The last one that had been read by a moment, None when there is none; and when it had been, where known."""
        by_then = [look for look in self.looks if look.until_ns <= moment_ns]
        last = max(by_then, key=lambda look: look.until_ns, default=None)
        return (self.before, None) if last is None else (last.items, last.until_ns)

    def since(self, moment_ns: int) -> tuple[Mapping[str, str], int | None]:
        """The first one that was begun after a moment, and when it had been read: None for the one of the end."""
        later = [look for look in self.looks if look.from_ns > moment_ns]
        first = min(later, key=lambda look: look.from_ns, default=None)
        return (self.after, None) if first is None else (first.items, first.until_ns)

    @property
    def all(self) -> Sequence[Mapping[str, str]]:
        """Every one of them."""
        ends = (self.before, self.after)
        return [*(look.items for look in self.looks), *(table for table in ends if table is not None)]


@dataclass(frozen=True, eq=False)
class Accepted:
    """By row: what the lost side accepted, and what the survivor did. Without anything better, whom a client dialled.

    Of writes that nobody answered it is what the lost side may have accepted.
    """

    by_lost: Bools
    by_survivor: Bools

    @classmethod
    def as_dialled(cls, columns: Columns, lost_address: str, survivor_address: str) -> Accepted:
        """Nobody forwarded anything."""
        return cls(columns.dialled(lost_address), columns.dialled(survivor_address))


@dataclass(frozen=True)
class Earlier:
    """What earlier losses of the same place have taken already.

    points: their recovery points. held: what the place's own table showed when this loss began, None when not known.
    """

    points: Sequence[RecoveryPoint] = ()
    held: Mapping[str, str] | TableState | None = None

    @property
    def until_ns(self) -> int:
        """Up to when they have counted writes that nobody answered."""
        return max((point.takeover_ns for point in self.points), default=-1)

    def again(self, columns: Columns, onset_ns: int) -> Mapping[int, int]:
        """By row, whether the place had a write again that was counted before: LOST: no, so it was not lost again."""
        counted: frozenset[str] = frozenset().union(*(point.counted for point in self.points))
        if not counted:
            return {}
        before = columns.between(None, onset_ns + 1)
        rows = before.rows_of(counted)
        rows = rows[before.is_write[rows]]
        if self.held is None:
            return dict.fromkeys((int(row) for row in rows), LOST)
        found = effects(before, Deletes(before), state_of(before, self.held), rows)
        return {int(row): int(effect) for row, effect in zip(rows, found, strict=True)}


@dataclass(frozen=True)
class RecoveryPoint:
    """missing_ids: certainly missing, in order of acknowledgement; maybe_ids: missing or not, nobody can know.

    oldest_missing_ns, newest_missing_ns: from that acknowledgement to the fault's onset (its high end), over certain
    and possible ones; None when nothing can be missing. oldest_certain_ns: over the certain ones, to the onset's low
    end. All are cut off at 0. span_ns: the recovery point in seconds, over certain and possible ones, to the onset's
    high end or the newest of them, whichever is later; span_certain_ns: over the certain ones, to the onset's low end
    or the newest of them. after_ids: those of both that were acknowledged after the onset; after_ns: how long after it
    the newest of them was. unknown_ids: writes with an unknown outcome that the survivor lacks, and
    increments that it lacks if one with an unknown outcome did happen: which of them is in a number nobody can tell.
    void_ids: those of missing and maybe that were acknowledged after the takeover; came_back: some such writes reached
    the survivor after the heal. unbounded: nothing that was written through the lost side ever reached the survivor, so
    the seconds only tell for how long the drill had been writing.
    """

    takeover_ns: int
    acknowledged: int
    missing_ids: tuple[str, ...]
    maybe_ids: tuple[str, ...]
    unknown: int
    oldest_missing_ns: int | None
    newest_missing_ns: int | None
    oldest_certain_ns: int | None
    span_ns: int | None = None
    span_certain_ns: int | None = None
    after_ids: tuple[str, ...] = ()
    after_ns: int | None = None
    unknown_ids: tuple[str, ...] = ()
    void_ids: tuple[str, ...] = ()
    came_back: bool = False
    unbounded: bool = False

    @property
    def missing_low(self) -> int:
        return len(self.missing_ids)

    @property
    def missing_high(self) -> int:
        return len(self.missing_ids) + len(self.maybe_ids)

    @property
    def counted(self) -> frozenset[str]:
        """Acknowledged writes that are missing, or may be."""
        return frozenset(self.missing_ids + self.maybe_ids)

    @property
    def explained(self) -> frozenset[str]:
        """Writes whose absence from the survivor is accounted for here, and so is no anomaly of its own."""
        accounted = self.counted.difference(self.void_ids) if self.came_back else self.counted
        return accounted.union(self.unknown_ids)


NEVER_LOST = Earlier()
