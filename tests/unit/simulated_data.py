"""The data of a simulated world: two tables, and how changes get from one to the other, well or badly.

Replication applies what is newer by the time of the write, so both sides agree in the end; every way not to do so is a
field of `Replication`, which a story names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from harness.history.events import Commit, Function
from harness.units import to_ns

TABLE = "items"


@dataclass(frozen=True)
class Replication:
    """How changes are carried over. Seconds are wall seconds of the simulation; 0: never.

    lag_s: from a commit to its arrival. backlog_s: from the heal to the arrival of what had to wait (None: lag_s).
    keeps_backlog: what could not be replicated is replicated after the heal; else the side that took it takes the other
    side's state back. loses_backlog: it is never sent, and each side keeps what it has. arrival_wins: what arrives
    later wins, however old it is. reorders_s: every third change comes later by that much. skew_s: the standby's clock
    is behind by that much, and clocks decide which write wins, also over what is written there. merges_back: after a
    heal, what one side lacks is copied from the other: deletes come back. counter: what becomes of increments on the
    way. echoes: a change is applied so many times more, on both sides, in turn (a loop). copies_every: every Nth put
    is stored under a second key, too, a moment later. drops_every: every Nth acknowledged put is not stored at all.
    cache_s: a region answers a key from its cache for so long after it was read there first, whatever is replicated
    meanwhile.
    """

    lag_s: float = 0.05
    backlog_s: float | None = None
    keeps_backlog: bool = True
    loses_backlog: bool = False
    arrival_wins: bool = False
    reorders_s: float = 0.0
    skew_s: float = 0.0
    merges_back: bool = False
    counter: Literal["exact", "overwritten", "twice"] = "exact"
    echoes: int = 0
    copies_every: int = 0
    drops_every: int = 0
    cache_s: float = 0.0


@dataclass(frozen=True)
class Change:
    """What a side did. stamp: when, by its clock. amount: of an increment, 0 for a put or a delete."""

    key: str
    value: str | None
    stamp: tuple[int, int]
    amount: int = 0


_NEVER = (-1, -1)


def _key_of_nobody(key: str) -> str:
    """One as the others are, which no client names: clients do not come to such numbers."""
    begin, _, number = key.rpartition("-")
    return f"{begin}-{5000 + int(number)}"


class Tables:
    """The tables of two regions. after: lets something happen later; whole: whether source can be read to target."""

    def __init__(
        self,
        regions: tuple[str, str],
        how: Replication,
        now_ns: Callable[[], int],
        after: Callable[..., None],
        whole: Callable[[str, str], bool],
    ) -> None:
        self._regions = regions
        self._how = how
        self._now_ns = now_ns
        self._after = after
        self._whole = whole
        self._items: dict[str, dict[str, str | None]] = {region: {} for region in regions}
        self._stamps: dict[str, dict[str, tuple[int, int]]] = {region: {} for region in regions}
        self._cache: dict[str, dict[str, tuple[str | None, int]]] = {region: {} for region in regions}
        self._backlog: dict[str, list[Change]] = {region: [] for region in regions}
        self._order, self._puts, self._changes, self._adds = count(), count(1), count(1), count(1)
        self.commits: list[Commit] = []

    @property
    def items(self) -> Mapping[str, Mapping[str, str | None]]:
        """Region -> key -> value."""
        return self._items

    def other(self, region: str) -> str:
        """The region that is not this one."""
        return self._regions[1] if region == self._regions[0] else self._regions[0]

    def write(self, region: str, f: Function, key: str, value: str | None) -> None:
        """An acknowledged write takes effect, and sets out for the other side."""
        how, ns = self._how, self._now_ns()
        if f == "put" and how.drops_every and not next(self._puts) % how.drops_every:
            return
        behind_ns = to_ns(how.skew_s) if region == self._regions[1] else 0
        stamp = (ns - behind_ns, next(self._order))
        if f == "add":
            self._store(region, Change(key, str(int(self._items[region].get(key) or 0) + 1), stamp, 1))
            change = Change(key, self._items[region][key], stamp, 1)
        else:
            change = Change(key, value if f == "put" else None, stamp)
            if how.skew_s and stamp < self._stamps[region].get(key, _NEVER):
                return  # acknowledged, and older than what is there: the clocks say so
            self._store(region, change)
        self._send(region, change)
        if f == "put" and how.copies_every and not len(self.commits) % how.copies_every:
            self._after(to_ns(0.02), self._copy, region, replace(change, key=_key_of_nobody(key)))
        if how.cache_s and key in self._cache[region]:
            self._cache[region][key] = (self._items[region].get(key), ns + to_ns(how.cache_s))

    def read(self, region: str, key: str) -> str | None:
        """What a client of that region is shown."""
        if self._how.cache_s:
            ns = self._now_ns()
            value, until_ns = self._cache[region].get(key, (None, -1))
            if ns >= until_ns:
                value, until_ns = self._items[region].get(key), ns + to_ns(self._how.cache_s)
                self._cache[region][key] = (value, until_ns)
            return value
        return self._items[region].get(key)

    def _copy(self, region: str, copy: Change) -> None:
        self._store(region, copy)
        self._send(region, copy)

    def healed(self) -> None:
        """What had to wait sets out."""
        backlog_s = self._how.lag_s if self._how.backlog_s is None else self._how.backlog_s
        self._after(to_ns(backlog_s), self._flush)

    def _send(self, source: str, change: Change) -> None:
        late_s = self._how.reorders_s if not next(self._changes) % 3 else 0.0
        self._after(to_ns(self._how.lag_s + late_s), self._replicate, source, self.other(source), change)

    def _replicate(self, source: str, target: str, change: Change) -> None:
        if self._whole(source, target):
            self._apply(target, change)
        else:
            self._backlog[target].append(change)

    def _apply(self, target: str, change: Change) -> None:
        if change.amount and self._how.counter != "overwritten":
            twice = self._how.counter == "twice" and not next(self._adds) % 5
            total = int(self._items[target].get(change.key) or 0) + change.amount * (2 if twice else 1)
            self._store(target, Change(change.key, str(total), change.stamp))
        elif self._how.arrival_wins or change.stamp > self._stamps[target].get(change.key, _NEVER):
            self._store(target, change)
        for _ in range(self._how.echoes):
            for region in (self.other(target), target):
                self._commit(region, change.key, self._items[region].get(change.key))

    def _store(self, region: str, change: Change) -> None:
        self._stamps[region][change.key] = change.stamp
        self._items[region][change.key] = change.value
        self._commit(region, change.key, change.value)

    def _commit(self, region: str, key: str, value: str | None) -> None:
        self.commits.append(Commit(region, TABLE, key, value, len(self.commits), self._now_ns()))

    def _flush(self) -> None:
        if self._how.merges_back:
            self._merge_back()
        for target in self._regions:
            waiting, self._backlog[target] = self._backlog[target], []
            source = self.other(target)
            for change in () if self._how.loses_backlog else waiting:
                if self._how.keeps_backlog:
                    self._replicate(source, target, change)
                else:
                    there = self._items[target].get(change.key)
                    stamp = self._stamps[target].get(change.key, change.stamp)
                    self._store(source, Change(change.key, there, stamp))

    def _merge_back(self) -> None:
        """Both sides get what either has; nobody knows any more what was deleted."""
        for target in self._regions:
            self._backlog[target] = [c for c in self._backlog[target] if c.value is not None]
            source = self.other(target)
            for key, value in sorted(self._items[source].items()):
                if value is not None and self._items[target].get(key) is None:
                    self._store(target, Change(key, value, self._stamps[source][key]))
