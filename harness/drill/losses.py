"""What the survivor of an episode lacked: the recovery point, and what its readers could not see where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.drill.case import Case
from harness.drill.cuts import cutting, left_behind, until_healed
from harness.drill.episodes import onset_of
from harness.history.columns import Columns
from harness.history.tables import CommitColumns, TableState
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import Earlier, RecoveryPoint, Scans, out_of_reach, recovery_point


@dataclass(frozen=True, eq=False)
class LossOf:
    """Of one episode. operations: up to its end. source: tells of the survivor's table; None where nothing does."""

    case: Case
    index: int
    lost: str
    survivor: str
    operations: Columns
    source: CommitColumns | Scans | None

    @property
    def began(self) -> int | None:
        """The episode in which the place was lost: of one that began with a heal, the one before it."""
        earlier = range(self.index, -1, -1)
        return next((n for n in earlier if self.case.episodes[n].begins == "fault"), None)

    @property
    def onset(self) -> FaultInterval | None:
        """When that was."""
        return None if self.began is None else onset_of(self.case, self.case.episodes[self.began])

    def point(self, points: Sequence[RecoveryPoint], held: TableState | None) -> RecoveryPoint | None:
        """What it lacked when it took over; see `Earlier` for the two."""
        if self.began is None or self.onset is None or self.source is None:
            return None
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
