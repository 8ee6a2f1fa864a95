"""One lane of a shard: batches one after the other, retried, cut in two, given up. Pure.

A shard has as many lanes as the mapping's parallelization factor. All records of an item go through the same lane, so
each item's changes keep their order. What is given up does not leave the lane before the destination has taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from harness.parts.data.event_sources.batch import (
    Batch,
    Failed,
    FailedFrom,
    NotInvoked,
    Outcome,
    Record,
    Succeeded,
    from_number,
    gathered,
    halves,
    is_full,
    split_by_age,
)
from harness.parts.data.event_sources.mapping import Mapping

EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"
"""Why records were given up, as the message to the destination says it (Developer Guide, "Retain discarded records for
a DynamoDB event source in Lambda")."""


class Phase(Enum):
    """What a lane waits for."""

    IDLE = "idle"
    INVOKING = "invoking"
    PAUSING = "pausing"
    DELIVERING = "delivering"
    DELIVERY_PAUSING = "delivery pausing"


@dataclass(frozen=True, slots=True)
class Lane:
    """queue: records that are in no batch yet; since_ns: when the first of them came. work: batches, the first of which
    is under way; given_up: what goes to the destination next, and why. failures: in a row; why: the latest."""

    queue: tuple[Record, ...] = ()
    since_ns: int = 0
    work: tuple[Batch, ...] = ()
    phase: Phase = Phase.IDLE
    until_ns: int = 0
    failures: int = 0
    why: str = ""
    given_up: tuple[tuple[Batch, str], ...] = ()
    repeat: Batch | None = None

    @property
    def held(self) -> int:
        """Records in it."""
        first_time = (batch for batch in (*self.work, *(batch for batch, _ in self.given_up)) if not batch.again)
        return len(self.queue) + sum(len(batch.records) for batch in first_time)

    @property
    def at_rest(self) -> bool:
        """Whether there is nothing in it, and nothing under way."""
        return not (self.queue or self.work or self.given_up or self.repeat) and self.phase is Phase.IDLE


@dataclass(frozen=True, slots=True)
class Call:
    """Call the function with a batch."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class HandOver:
    """Tell the destination that a batch was given up. condition: why, in the message's own words."""

    batch: Batch
    condition: str
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A batch was given up, and there is no destination."""

    batch: Batch
    condition: str
    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The function is done with these records."""

    records: tuple[Record, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Troubled:
    """The function failed."""

    why: str
    records: int


LaneEffect = Call | HandOver | Lost | Finished | Troubled
Step = tuple[Lane, tuple[LaneEffect, ...]]


def queued(lane: Lane, records: Sequence[Record], now_ns: int) -> Lane:
    """The lane with more records behind those it has."""
    if not records:
        return lane
    return replace(lane, queue=(*lane.queue, *records), since_ns=lane.since_ns if lane.queue else now_ns)


def due_ns(lane: Lane, mapping: Mapping) -> int | None:
    """When something is to be done although nothing happens; None: never."""
    if lane.phase in (Phase.PAUSING, Phase.DELIVERY_PAUSING):
        return lane.until_ns
    if lane.phase is Phase.IDLE and lane.queue and not lane.work:
        return lane.since_ns + mapping.window_ns
    return None


def go_on(lane: Lane, mapping: Mapping, now_ns: int) -> Step:
    """What can be done now."""
    if lane.phase in (Phase.INVOKING, Phase.DELIVERING):
        return lane, ()
    if lane.phase in (Phase.PAUSING, Phase.DELIVERY_PAUSING) and now_ns < lane.until_ns:
        return lane, ()
    if lane.given_up:
        return _give_up_next(lane, mapping)
    lane = replace(lane, phase=Phase.IDLE)
    if not lane.work:
        lane = _next_batch(lane, mapping, now_ns)
    if not lane.work:
        return lane, ()
    batch, rest = lane.work[0], lane.work[1:]
    old, young = split_by_age(batch, now_ns, mapping.keeps_ns)
    if old:
        gone = () if batch.again else ((replace(batch, records=old), TOO_OLD),)
        work = (young, *rest) if young.records else rest
        return go_on(replace(lane, work=work, given_up=gone, failures=0), mapping, now_ns)
    batch = replace(batch, invokes=batch.invokes + 1)
    return replace(lane, work=(batch, *rest), phase=Phase.INVOKING), (Call(batch),)


def _next_batch(lane: Lane, mapping: Mapping, now_ns: int) -> Lane:
    ripe = lane.queue and (is_full(lane.queue, mapping.batch_size) or now_ns - lane.since_ns >= mapping.window_ns)
    if ripe:
        count = gathered(lane.queue, mapping.batch_size)
        batches = [Batch(lane.queue[:count])]
        lane = replace(lane, queue=lane.queue[count:], since_ns=now_ns)
    elif lane.repeat is not None and not lane.queue:
        batches = []
    else:
        return lane
    if lane.repeat is not None:  # behind what came next: repeats may be out of order
        batches.append(lane.repeat)
    return replace(lane, work=tuple(batches), repeat=None)


def _give_up_next(lane: Lane, mapping: Mapping) -> Step:
    batch, condition = lane.given_up[0]
    if mapping.destination:
        return replace(lane, phase=Phase.DELIVERING), (HandOver(batch, condition, lane.why),)
    lane = replace(lane, phase=Phase.IDLE, given_up=lane.given_up[1:])
    return lane, (Lost(batch, condition, lane.why),)


def answered(lane: Lane, outcome: Outcome, mapping: Mapping, now_ns: int, luck: float) -> Step:
    """The function has ended. luck: a random number in [0, 1), for what is repeated."""
    batch, rest = lane.work[0], lane.work[1:]
    match outcome:
        case Succeeded():
            repeat = (
                replace(batch, again=True, invokes=0) if luck < mapping.repeats and not batch.again else lane.repeat
            )
            done = Finished(batch.records, batch.again)
            return replace(lane, work=rest, phase=Phase.IDLE, failures=0, repeat=repeat), (done,)
        case _ if batch.again:  # it has succeeded before
            return replace(lane, work=rest, phase=Phase.IDLE), ()
        case NotInvoked(why=why):
            return _pause(replace(lane, why=why), mapping, now_ns), (Troubled(why, 0),)
        case FailedFrom(number=number):
            return _failed_from(lane, number, mapping, now_ns)
        case Failed(why=why):
            return _failed(replace(lane, why=why), mapping, now_ns)


def _failed(lane: Lane, mapping: Mapping, now_ns: int) -> Step:
    batch, rest = lane.work[0], lane.work[1:]
    told = Troubled(lane.why, len(batch.records))
    if mapping.bisect and len(batch.records) > 1:
        return _pause(replace(lane, work=(*halves(batch), *rest)), mapping, now_ns), (told,)
    return _tried(lane, batch, mapping, now_ns, told)


def _failed_from(lane: Lane, number: str, mapping: Mapping, now_ns: int) -> Step:
    batch, rest = lane.work[0], lane.work[1:]
    left = from_number(batch, number)
    before = batch.records[: len(batch.records) - len(left)]
    lane = replace(lane, why=f"the function reports a failure from {number} on")
    told = Troubled(lane.why, len(left))
    effects: tuple[LaneEffect, ...] = (Finished(before), told) if before else (told,)
    batch = replace(batch, records=left)
    if mapping.bisect and before:  # cut where the function says, which uses up no retry
        return _pause(replace(lane, work=(batch, *rest), failures=0), mapping, now_ns), effects
    lane, _ = _tried(replace(lane, work=(batch, *rest)), batch, mapping, now_ns, told)
    return lane, effects


def _tried(lane: Lane, batch: Batch, mapping: Mapping, now_ns: int, told: Troubled) -> Step:
    """A retry is used up, or there is none left."""
    rest = lane.work[1:]
    batch = replace(batch, retries=batch.retries + 1)
    if mapping.exhausted(batch.retries):
        return replace(lane, work=rest, phase=Phase.IDLE, failures=0, given_up=((batch, EXHAUSTED),)), (told,)
    return _pause(replace(lane, work=(batch, *rest)), mapping, now_ns), (told,)


def _pause(lane: Lane, mapping: Mapping, now_ns: int) -> Lane:
    failures = lane.failures + 1
    return replace(lane, phase=Phase.PAUSING, until_ns=now_ns + mapping.pause_ns(failures), failures=failures)


def delivered(lane: Lane) -> Lane:
    """The destination has it."""
    return replace(lane, given_up=lane.given_up[1:], phase=Phase.IDLE, failures=0)


def not_delivered(lane: Lane, mapping: Mapping, now_ns: int) -> Lane:
    """The destination did not answer: once more, later."""
    return replace(_pause(lane, mapping, now_ns), phase=Phase.DELIVERY_PAUSING)
