"""What the survivor of an episode lacked: the recovery point, and what its readers could not see where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.checkers.accepting import accepting, stored_alone
from harness.drill.case import Case
from harness.drill.cuts import cuts_of, cutting, left_behind, until_healed
from harness.drill.episodes import onset_of
from harness.history.codes import INFO
from harness.history.columns import Columns
from harness.history.tables import CommitColumns
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import (
    Accepted,
    Earlier,
    Look,
    RecoveryPoint,
    Scans,
    out_of_reach,
    recovery_point,
)
from harness.measurement.severed import Cut


def by_place(found: Iterable[tuple[str, frozenset[str]]]) -> Mapping[str, frozenset[str]]:
    """What was found of places, together."""
    places: dict[str, frozenset[str]] = {}
    for place, ids in found:
        places[place] = places.get(place, frozenset()) | ids
    return places


@dataclass(frozen=True, eq=False)
class LossOf:
    """Of one episode. operations: up to its end. logs: the commits of every place, as far as there are any.

    data: the survivor's table in the end. cuts: of replication, as far as they hold (see `severance`).
    """

    case: Case
    index: int
    lost: str
    survivor: str
    operations: Columns
    logs: Mapping[str, CommitColumns]
    data: Mapping[str, str] | None
    cuts: Sequence[Cut] = ()

    @property
    def source(self) -> CommitColumns | Scans | None:
        """What tells of the survivor's table; None where nothing does."""
        if self.survivor in self.logs:
            return self.logs[self.survivor]
        if self.data is None:
            return None
        database = self.case.database_of(self.survivor)
        looks = [Look(k.from_ns, k.until_ns, k.items) for k in self.case.looks if k.database == database]
        return Scans(None, self.data, looks)

    @property
    def began(self) -> int | None:
        """The episode in which the place was lost: of one that began with a heal, the one before it."""
        earlier = range(self.index, -1, -1)
        return next((n for n in earlier if self.case.episodes[n].begins == "fault"), None)

    @property
    def onset(self) -> FaultInterval | None:
        """When that was."""
        return None if self.began is None else onset_of(self.case, self.case.episodes[self.began])

    def point(self, points: Sequence[RecoveryPoint]) -> RecoveryPoint | None:
        """What it lacked when it took over. points: of earlier losses of the place."""
        if self.began is None or self.onset is None or self.source is None:
            return None
        own = self.logs.get(self.lost)
        held = None if own is None or not points else own.state_at(self.onset.start_low_ns)
        faults = left_behind(self.case, self.case.episodes[self.began], self.lost)
        return recovery_point(
            self.operations,
            self.source,
            lost_address=self.case.addresses[self.lost],
            survivor_address=self.case.addresses[self.survivor],
            fault=until_healed(self.onset, faults),
            earlier=Earlier(points, held),
            cut_off=bool(faults),
            accepted=self._accepted(self.onset),
            own=own,
        )

    def out_of_reach(self) -> frozenset[str]:
        """Writes that it could not show while replication was cut, although it never took over."""
        found: set[str] = set()
        if self.began is None or self.source is None:
            return frozenset()
        for fault in cutting(self.case, self.case.episodes[self.began]):
            if not any(self._leads_here(cut) for cut in cuts_of(self.case, fault)):
                continue
            lacked = out_of_reach(
                self.operations,
                self.source,
                lost_address=self.case.addresses[self.lost],
                survivor_address=self.case.addresses[self.survivor],
                fault=fault.interval,
                accepted=self._accepted(fault.interval),
            )
            found.update(() if lacked is None else lacked.counted | set(lacked.unknown_ids))
        return frozenset(found)

    def _leads_here(self, cut: Cut) -> bool:
        return cut in self.cuts and self.lost in cut.sources and self.survivor in cut.targets

    def _accepted(self, fault: FaultInterval) -> Accepted:
        """Who accepted what, as the commits of all places show it; what was not answered went where it was dialled.

        Unless it was sent before the fault to a side that is known to forward to the one that was lost.
        """
        columns, places = self.operations, self.case.by_address
        lost_address, survivor_address = self.case.addresses[self.lost], self.case.addresses[self.survivor]
        if not set(places.values()) <= self.logs.keys():
            return Accepted.as_dialled(columns, lost_address, survivor_address)
        found = accepting(columns, places, self.logs)
        lost, survivor = (found.names.index(place) for place in (self.lost, self.survivor))
        by_lost = (found.sure == lost) | stored_alone(columns, self.logs, self.lost)
        passed_on = np.unique(columns.address[by_lost & columns.acknowledged & (found.dialled != lost)])
        early = (columns.outcome == INFO) & (columns.sent_ns <= fault.start_high_ns)
        by_lost |= early & np.isin(columns.address, passed_on)
        return Accepted(by_lost, (found.sure == survivor) & ~(by_lost & columns.acknowledged))
