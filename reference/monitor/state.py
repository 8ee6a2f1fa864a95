"""What the monitor knows, hears of, and wants done: the values of its machine (see decision.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reference.active_region import NO_RECORD, Record
from reference.lease import Nonce
from reference.monitor.health import Look, View


class Phase(Enum):
    """What the monitor is about; the table in decision.py says what must not happen in each phase."""

    RECOVERING = "recovering"
    ACTIVE = "active"
    PREPARING = "preparing"
    FENCING = "fencing"
    DRAINING = "draining"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Looked:
    """A region was looked at."""

    look: Look


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record was written to a region's table and read back: `found` is what is there now (None: it failed)."""

    region: str
    found: Record | None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = Looked | Recorded | Tick


@dataclass(frozen=True, slots=True)
class Grant:
    """Echo these beats in the region's table under the epoch."""

    region: str
    epoch: int
    echoes: Mapping[str, Nonce]


@dataclass(frozen=True, slots=True)
class Mark:
    """Set marks (fenced, drain_token, hurry) in a region's heartbeat item."""

    region: str
    marks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Write the record to a region's table, and report what is there afterwards."""

    region: str
    record: Record


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the operators."""

    level: str
    what: str
    details: Mapping[str, object] = field(default_factory=dict)


Effect = Grant | Mark | WriteRecord | Announce


@dataclass(frozen=True, slots=True)
class Move:
    """The active region goes from one to another (or to the same one, under a new epoch)."""

    source: str
    target: Record
    former_epoch: int
    why: str
    drain: bool
    must_drain: bool = False
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything the monitor knows. `record` is the one that counts, or in RECORDING the one being written."""

    started_ns: int
    views: Mapping[str, View]
    phase: Phase = Phase.RECOVERING
    record: Record = NO_RECORD
    move: Move | None = None
    hold_off_ns: int = 0  # no failback before this
    alerted_ns: int = 0

    @property
    def hurried(self) -> bool:
        """Nobody may write just now, because of a handover or a fresh start: look and beat more often."""
        if self.phase is Phase.ACTIVE:
            return not self.views[self.record.region].holders  # not one grant yet
        return self.phase is not Phase.RECOVERING
