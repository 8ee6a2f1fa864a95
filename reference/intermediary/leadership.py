"""Which of several intermediaries acts: a claim with an epoch, written on condition into the tables of both regions.

A claim replaces one of a lower epoch, and its holder's own; anything else is refused, in each table for itself. Who
leads writes its claim again every round, to both tables, with a beat that grows. It leads until `sent + lease` of the
last round in which

- the table of the region that the one decider calls active took the claim, and
- neither table refused it.

So one table decides at any time, and which one is said by a record that itself only moves under a growing epoch: the
loss of either region is survived as soon as the decider has moved. A refusal anywhere ends the leadership at once.

Whoever does not lead waits until no claim's beat has been seen to grow for a lease and a margin, counted on its own
clock from when it saw the last one; every lease that was given is over then, whatever clocks say. A process that was
stopped finds its lease run out when it wakes, since the clock went on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reference.active_region import Record, highest

TABLES = 2
Outcome = Literal["taken", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`holder` leads under `epoch`. beat: grows while it lives."""

    holder: str
    epoch: int
    beat: int = 0


@dataclass(frozen=True, slots=True)
class TableRead:
    """A region's table was read: who is active, and who leads. reached False: it was not to be read."""

    region: str
    reached: bool
    record: Record | None = None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Asserted:
    """An attempt to write a claim ended. `found`: what the table holds instead, where it refused."""

    region: str
    claim: Claim
    outcome: Outcome
    sent_ns: int
    found: Claim | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """What one instance knows of the leadership.

    tables: region -> what was last read there. seen_ns: when a claim of somebody else was last seen to be new, or this
    instance began. round: number of the claim being written; answers: of its tables.
    """

    me: str
    seen_ns: int
    tables: Mapping[str, TableRead] = field(default_factory=dict)
    epoch: int = 0
    beat: int = 0
    until_ns: int = 0
    answers: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def decider(self) -> Record | None:
        """Who is active, by the latest record that was read."""
        return highest(read.record for read in self.tables.values())

    @property
    def known_epoch(self) -> int:
        """The highest epoch that any claim has."""
        return max((read.claim.epoch for read in self.tables.values() if read.claim), default=0)

    def leads(self, now_ns: int) -> bool:
        """Whether this instance may act."""
        return now_ns < self.until_ns


def read(seat: Seat, event: TableRead, now_ns: int) -> Seat:
    """After a table was read. Of a table that cannot be read, what was last known stays."""
    before = seat.tables.get(event.region)
    if not event.reached:
        return seat
    known = before.claim if before else None
    news = event.claim is not None and event.claim.holder != seat.me and event.claim != known
    seat = replace(seat, tables={**seat.tables, event.region: event}, seen_ns=now_ns if news else seat.seen_ns)
    return _deposed(seat) if event.claim is not None and event.claim.epoch > seat.epoch else seat


def may_claim(seat: Seat, lease_ns: int, margin_ns: int, delay_ns: int, now_ns: int) -> bool:
    """Whether nobody else can lead any more, as far as at least one table tells."""
    if not seat.tables:
        return False
    latest = [r.claim for r in seat.tables.values() if r.claim and r.claim.epoch == seat.known_epoch]
    if latest and all(claim.holder == seat.me for claim in latest):
        return True  # its own claim is the last one: it is for the tables to say whether it still is
    never_led = not latest and len(seat.tables) == TABLES
    return now_ns - seat.seen_ns >= delay_ns + (0 if never_led else lease_ns + margin_ns)


def begin(seat: Seat, now_ns: int) -> tuple[Seat, Claim]:
    """The claim to write next: of the epoch that is held, or of a new one."""
    held = seat.epoch > 0 and seat.epoch >= seat.known_epoch
    epoch = seat.epoch if held else seat.known_epoch + 1
    seat = replace(seat, epoch=epoch, beat=seat.beat + 1, answers={})
    return seat, Claim(seat.me, epoch, seat.beat)


def answered(seat: Seat, event: Asserted, lease_ns: int, now_ns: int) -> Seat:
    """After one table has answered."""
    if event.outcome == "refused":
        known = seat.tables.get(event.region)
        table = TableRead(event.region, True, known.record if known else None, event.found)
        return _deposed(replace(seat, tables={**seat.tables, event.region: table}, answers={}, seen_ns=now_ns))
    if event.claim.epoch != seat.epoch or event.claim.beat != seat.beat or event.claim.holder != seat.me:
        return seat  # of a round that is over
    answers = {**seat.answers, event.region: event.outcome}
    seat = replace(seat, answers=answers)
    decider = seat.decider
    decisive = decider.region if decider is not None else ""
    counts = answers.get(decisive) == "taken" if decisive else "taken" in answers.values()
    return replace(seat, until_ns=max(seat.until_ns, event.sent_ns + lease_ns)) if counts else seat


def _deposed(seat: Seat) -> Seat:
    return replace(seat, until_ns=0, epoch=0)
