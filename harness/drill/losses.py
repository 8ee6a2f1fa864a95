"""What the survivor of an episode lacked: the recovery point, and what its readers could not see where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.drill.case import Case
from harness.drill.cuts import cutting, left_behind, until_healed
from harness.drill.episodes import onset_of
from harness.history.columns import Columns
from harness.history.tables import CommitColumns
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import Earlier, RecoveryPoint, Scans, out_of_reach, recovery_point


def by_place(found: Iterable[tuple[str, frozenset[str]]]) -> Mapping[str, frozenset[str]]:
    """What was found of places, together."""
    places: dict[str, frozenset[str]] = {}
    for place, ids in found:
        places[place] = places.get(place, frozenset()) | ids
    return places


@dataclass(frozen=True, eq=False)
class LossOf:
    """Of one episode. operations: up to its end. log, data: the survivor's commits, and its table in the end."""

    case: Case
    index: int
    lost: str
    survivor: str
    operations: Columns
    log: CommitColumns | None
    data: Mapping[str, str] | None

    @property
    def source(self) -> CommitColumns | Scans | None:
        """What tells of the survivor's table; None where nothing does."""
        if self.log is not None:
            return self.log
        return None if self.data is None else Scans(None, self.data)

    @property
    def began(self) -> int | None:
        """The episode in which the place was lost: of one that began with a heal, the one before it."""
        earlier = range(self.index, -1, -1)
        return next((n for n in earlier if self.case.episodes[n].begins == "fault"), None)

    @property
    def onset(self) -> FaultInterval | None:
        """When that was."""
        return None if self.began is None else onset_of(self.case, self.case.episodes[self.began])

    def point(self, points: Sequence[RecoveryPoint], own: CommitColumns | None) -> RecoveryPoint | None:
        """What it lacked when it took over. points: of earlier losses of the place; own: its own commits."""
        if self.began is None or self.onset is None or self.source is None:
            return None
        held = None if own is None else own.state_at(self.onset.start_low_ns)
        faults = left_behind(self.case, self.case.episodes[self.began], self.lost)
        return recovery_point(
            self.operations,
            self.source,
            lost_address=self.case.addresses[self.lost],
            survivor_address=self.case.addresses[self.survivor],
            fault=until_healed(self.onset, faults),
            earlier=Earlier(points, held),
            cut_off=bool(faults),
        )

    def out_of_reach(self) -> frozenset[str]:
        """Writes that it could not show while replication was cut, although it never took over."""
        found: set[str] = set()
        if self.began is None or self.source is None:
            return frozenset()
        for fault in cutting(self.case, self.case.episodes[self.began]):
            lacked = out_of_reach(
                self.operations,
                self.source,
                lost_address=self.case.addresses[self.lost],
                survivor_address=self.case.addresses[self.survivor],
                fault=fault.interval,
            )
            found.update(() if lacked is None else lacked.counted | set(lacked.unknown_ids))
        return frozenset(found)
