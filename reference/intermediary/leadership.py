"""Which of several intermediaries acts: a claim with an epoch and a beat, written on condition into both tables.

Who leads writes its claim again every round, to both tables, with a beat that grows. It leads until `sent + lease` of
the last round in which the table of the region that the one decider calls active took it: at any time one table
decides, and which one is said by a record that itself only moves under a growing epoch. So the loss of either region
is survived as soon as the decider has moved.

A claim of another holder is only replaced by whoever has seen it stand still for a lease and a margin, counted on its
own clock from when it saw it first, and only if it is still exactly that one: a beat in between refuses the write. A
table that cannot be reached has stood still for as long as that is known. The first time, every table must have taken
the claim, or have been out of reach for so long; from then on the deciding one alone counts, until the lease has run
out. A refusal, or the sight of a later claim, ends the leadership at once.

Nobody needs another's clock, and a process that was stopped finds its own lease run out when it wakes. What is not
covered: two that each reach one region only, and not the same, while the decider's record could not be written to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reference.active_region import Record, highest

Outcome = Literal["taken", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`holder` leads under `epoch`. beat: grows while it lives."""

    holder: str
    epoch: int
    beat: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a leadership lasts, how much longer others wait, and how much longer this one waits than others."""

    lease_ns: int
    margin_ns: int
    delay_ns: int

    @property
    def still_ns(self) -> int:
        """How long a claim must have stood still."""
        return self.lease_ns + self.margin_ns


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
class Table:
    """What is known of a region's table. seen_ns: when its claim was first seen to be this one. failed_ns: since when
    it cannot be reached, None while it can."""

    record: Record | None = None
    claim: Claim | None = None
    seen_ns: int = 0
    failed_ns: int | None = None
    reached: bool = False

    def still_from_ns(self) -> int:
        """From when on the claim there has stood still; 0 where there is none."""
        if self.failed_ns is not None:
            return max(self.failed_ns, self.seen_ns)
        return 0 if self.claim is None else self.seen_ns


@dataclass(frozen=True, slots=True)
class Seat:
    """What one instance knows of the leadership.

    epoch: of its claim, 0 while it makes none. answers: of the tables to the claim of this round. until_ns: it leads
    until then. began_ns: when this process did.
    """

    me: str
    began_ns: int
    tables: Mapping[str, Table]
    epoch: int = 0
    beat: int = 0
    until_ns: int = 0
    answers: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def decider(self) -> Record | None:
        """Who is active, by the latest record that was read."""
        return highest(table.record for table in self.tables.values())

    @property
    def known_epoch(self) -> int:
        """The highest epoch that any claim has."""
        return max((table.claim.epoch for table in self.tables.values() if table.claim), default=0)

    def leads(self, now_ns: int) -> bool:
        """Whether this instance may act."""
        return now_ns < self.until_ns

    def holds(self, table: Table) -> bool:
        """Whether a table has its own claim, the present one."""
        return table.claim is not None and (table.claim.holder, table.claim.epoch) == (self.me, self.epoch)


def read(seat: Seat, event: TableRead, now_ns: int) -> Seat:
    """After a table was read. Of a table that cannot be read, what was last known stays."""
    table = seat.tables[event.region]
    if not event.reached:
        return _failed(seat, event.region, now_ns)
    return _sees(seat, event.region, replace(table, record=event.record), event.claim, now_ns)


def claimed(seat: Seat, terms: Terms, now_ns: int) -> tuple[Seat, Claim | None, Mapping[str, Claim | None]]:
    """The claim to write in this round, and what each table must hold for it; None: somebody else may lead still.

    A table that holds somebody else's claim, which has not stood still for long enough, is left alone.
    """
    if not seat.epoch and not _free(seat, terms, now_ns):
        return seat, None, {}
    epoch = seat.epoch or seat.known_epoch + 1
    seat = replace(seat, epoch=epoch, beat=seat.beat + 1, answers={})
    wanted = {
        region: table.claim
        for region, table in seat.tables.items()
        if seat.holds(table) or now_ns >= table.still_from_ns() + (terms.still_ns if table.claim else 0)
    }
    return seat, Claim(seat.me, epoch, seat.beat), wanted


def _free(seat: Seat, terms: Terms, now_ns: int) -> bool:
    """Whether nobody else can lead any more, as far as the tables tell."""
    if not any(table.reached for table in seat.tables.values()):
        return False
    if all(table.reached and table.claim is None and table.failed_ns is None for table in seat.tables.values()):
        return now_ns >= seat.began_ns + terms.delay_ns  # nobody has ever led
    still_from_ns = max(table.still_from_ns() for table in seat.tables.values())
    return now_ns >= max(still_from_ns, seat.began_ns) + terms.still_ns + terms.delay_ns


def answered(seat: Seat, event: Asserted, terms: Terms, now_ns: int) -> Seat:
    """After one table has answered."""
    table = seat.tables[event.region]
    if event.outcome == "refused":
        seat = _sees(seat, event.region, table, event.found, now_ns)
        ours = event.found is not None and event.found.holder == seat.me
        return seat if ours else replace(seat, until_ns=0, epoch=0, answers={})
    if event.outcome == "failed":
        seat = _failed(seat, event.region, now_ns)
    elif event.claim.holder == seat.me and event.claim.epoch == seat.epoch:
        seat = _sees(seat, event.region, table, event.claim, now_ns)
    if (event.claim.epoch, event.claim.beat) != (seat.epoch, seat.beat):
        return seat  # of a round that is over
    seat = replace(seat, answers={**seat.answers, event.region: event.outcome})
    if not _counts(seat, event.sent_ns, terms, now_ns):
        return seat
    return replace(seat, until_ns=max(seat.until_ns, event.sent_ns + terms.lease_ns))


def _counts(seat: Seat, sent_ns: int, terms: Terms, now_ns: int) -> bool:
    """Whether what the tables have answered in this round makes it lead for one more lease."""
    decider = seat.decider
    if decider is not None and seat.answers.get(decider.region) != "taken":
        return False
    if "taken" not in seat.answers.values():
        return False
    if sent_ns < seat.until_ns:
        return True  # it leads already
    return all(
        seat.answers.get(region) == "taken"
        or (table.failed_ns is not None and now_ns >= table.failed_ns + terms.still_ns)
        for region, table in seat.tables.items()
    )


def _sees(seat: Seat, region: str, table: Table, claim: Claim | None, now_ns: int) -> Seat:
    """A table was reached, and holds this claim."""
    seen_ns = table.seen_ns if claim == table.claim and table.reached else now_ns
    table = replace(table, claim=claim, seen_ns=seen_ns, failed_ns=None, reached=True)
    seat = replace(seat, tables={**seat.tables, region: table})
    later = claim is not None and claim.holder != seat.me and claim.epoch >= seat.epoch
    return replace(seat, until_ns=0, epoch=0, answers={}) if later and seat.epoch else seat


def _failed(seat: Seat, region: str, now_ns: int) -> Seat:
    table = seat.tables[region]
    if table.failed_ns is not None:
        return seat
    return replace(seat, tables={**seat.tables, region: replace(table, failed_ns=now_ns)})
