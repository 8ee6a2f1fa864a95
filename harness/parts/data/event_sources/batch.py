"""Records of a stream and batches of them: how they are gathered and cut in two, and what a handler's answer leaves.

AWS Lambda Developer Guide, "Process DynamoDB records with Lambda" (batching, partial batch response, bisecting).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
"""Of one batch (Lambda API Reference, CreateEventSourceMapping, BatchSize)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One change as the stream tells it. number: its sequence number; key: of its item, as a text; size: bytes that it
    adds to a batch; created_ns: when it took effect, on the machine's clock; body: as the API gives it."""

    number: str
    key: str
    size: int = 0
    created_ns: int = 0
    body: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def order(self) -> int:
        """Its place in its shard: sequence numbers are numbers of 21 to 40 digits."""
        return int(self.number)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one lane that are handed over together. retries: of those that count, used so far; invokes: calls of
    the function with its records. again: it has succeeded already, and is repeated."""

    records: tuple[Record, ...]
    retries: int = 0
    invokes: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The function is done with all of the batch."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The function failed, or gave an answer that says that all of the batch failed."""

    why: str


@dataclass(frozen=True, slots=True)
class FailedFrom:
    """The function is done with what comes before a sequence number (ReportBatchItemFailures)."""

    number: str


@dataclass(frozen=True, slots=True)
class NotInvoked:
    """The function was not called: too many calls under way. No retry is used up."""

    why: str


Outcome = Succeeded | Failed | FailedFrom | NotInvoked


def gathered(queue: Sequence[Record], size_max: int) -> int:
    """How many of the first records make a batch: at most `size_max`, and no more bytes than an invocation takes."""
    total = 0
    for count, record in enumerate(queue[:size_max]):
        total += record.size
        if count and total > PAYLOAD_BYTES_MAX:
            return count
    return min(size_max, len(queue))


def is_full(queue: Sequence[Record], size_max: int) -> bool:
    """Whether a batch need not wait for more."""
    return len(queue) >= size_max or sum(record.size for record in queue) >= PAYLOAD_BYTES_MAX


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """A batch cut in two. A cut uses up no retry."""
    middle = (len(batch.records) + 1) // 2
    return replace(batch, records=batch.records[:middle]), replace(batch, records=batch.records[middle:])


def split_by_age(batch: Batch, now_ns: int, age_max_ns: int) -> tuple[tuple[Record, ...], Batch]:
    """The records that are too old to be handed over, and the batch of the others."""
    old = tuple(record for record in batch.records if now_ns - record.created_ns > age_max_ns)
    if not old:
        return (), batch
    young = tuple(record for record in batch.records if now_ns - record.created_ns <= age_max_ns)
    return old, replace(batch, records=young)


def from_number(batch: Batch, number: str) -> tuple[Record, ...]:
    """The records of a batch from a sequence number on."""
    return tuple(record for record in batch.records if record.order >= int(number))


def outcome_of(answer: object, batch: Batch, *, partial: bool) -> Outcome:
    """What a handler's answer says of a batch. partial: whether the mapping has ReportBatchItemFailures.

    Without that, any answer that is no error is a success. With it (Developer Guide, "Configuring partial batch
    response with DynamoDB and Lambda"): nothing, an empty answer, or an empty or missing list is a success; an
    identifier that is empty, missing or none of the batch's means that all of it failed; else the lowest one counts.
    """
    if not partial or answer is None or answer == {}:
        return Succeeded()
    if not isinstance(answer, Mapping):
        return Failed(f"the answer is no object but {type(answer).__name__}")
    told = answer.get("batchItemFailures")
    if not told:
        return Succeeded()
    if not isinstance(told, list):
        return Failed(f"batchItemFailures is no list but {type(told).__name__}")
    known = {record.number: record for record in batch.records}
    lowest: Record | None = None
    for entry in told:
        number = entry.get("itemIdentifier") if isinstance(entry, Mapping) else None
        record = known.get(number) if isinstance(number, str) else None
        if record is None:
            return Failed(f"itemIdentifier {number!r} is none of the batch")
        lowest = record if lowest is None or record.order < lowest.order else lowest
    return Succeeded() if lowest is None else FailedFrom(lowest.number)
