"""What a batch of stream records means for the other region: a pure decision for each batch.

An event is JSON, so binary values come as base64 text and are decoded first; passed on as they are, they would be
encoded twice. What a record means is decided by `reference.replicator.apply`: versions decide, so that repeats, and
records that come late, change nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference.replication_lambda.beat import Beat, beat_of
from reference.replicator.apply import Delete, Plan, Poison, Put, Route, Skip, merge, plan
from reference.replicator.record_text import encode

MESSAGE_BYTES_MAX = 200_000
"""Of a record that is sent to the queue whole; a message may have 256 KB (SQS Developer Guide, "Amazon SQS quotas")."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """What is done for one key, in order. number: the first record's sequence number, from which a failure is told."""

    number: str
    entries: tuple[Put | Delete, ...]


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that nobody can apply. message: for the queue."""

    number: str
    why: str
    message: str


@dataclass(frozen=True, slots=True)
class Work:
    """What a batch means. beats: the heartbeats in it, each with its record's sequence number."""

    groups: tuple[Group, ...] = ()
    bad: tuple[Bad, ...] = ()
    beats: tuple[tuple[str, Beat], ...] = ()


def decoded(record: Record) -> dict[str, Any]:
    """A record of an event with its binary values as bytes. Raises ValueError for what is no base64."""
    change = dict(record["dynamodb"])
    for name in ("Keys", "NewImage", "OldImage"):
        if name in change:
            change[name] = {key: _value(value) for key, value in change[name].items()}
    return {**record, "dynamodb": change}


def _value(value: Mapping[str, Any]) -> dict[str, Any]:
    (kind, held), *_ = value.items()
    try:
        if kind == "B":
            return {kind: base64.b64decode(held, validate=True)}
        if kind == "BS":
            return {kind: [base64.b64decode(one, validate=True) for one in held]}
    except (binascii.Error, TypeError) as error:
        raise ValueError(f"a binary value that is no base64: {error}") from error
    if kind == "L":
        return {kind: [_value(one) for one in held]}
    if kind == "M":
        return {kind: {name: _value(one) for name, one in held.items()}}
    return {kind: held}


def work_of(records: Sequence[Record], route: Route) -> Work:
    """What the records of an event mean, all of them."""
    entries: list[Put | Delete] = []
    first: dict[str, str] = {}
    bad: list[Bad] = []
    beats: list[tuple[str, Beat]] = []
    for record in records:
        number = number_of(record)
        match _plan(record, route):
            case Skip():
                continue
            case Poison(why=why):
                bad.append(Bad(number, why, message_of(_readable(record), why)))
            case Put() | Delete() as entry:
                entries.append(entry)
                first.setdefault(_key(entry, route), number)
                beat = beat_of(record["dynamodb"].get("NewImage", {}), route.key, route.source)
                beats += [] if beat is None else [(number, beat)]
    groups = tuple(Group(first[_key(group[0], route)], tuple(group)) for group in merge(entries, route))
    return Work(groups, tuple(bad), tuple(beats))


def _plan(record: Record, route: Route) -> Plan:
    try:
        return plan(decoded(record), route)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Poison(f"malformed record: {error!r}")


def _readable(record: Record) -> Record:
    """As the stream has it, where that can be told: what is read from the queue is not decoded once more."""
    try:
        return decoded(record)
    except (KeyError, TypeError, AttributeError, ValueError):
        return record


def _key(entry: Put | Delete, route: Route) -> str:
    return repr(entry.item[route.key] if isinstance(entry, Put) else entry.key[route.key])


def number_of(record: Record) -> str:
    """Its sequence number; "" for a record that has none."""
    change = record.get("dynamodb")
    return str(change.get("SequenceNumber", "")) if isinstance(change, Mapping) else ""


def message_of(record: Record, why: str) -> str:
    """A record as a message for the queue: whole where that fits, else where it is in the stream, and its key."""
    text = json.dumps({"why": why, "record": encode(record)})
    if len(text.encode()) <= MESSAGE_BYTES_MAX:
        return text
    change = record["dynamodb"]
    return json.dumps({"why": why, "keys": change.get("Keys"), "number": change.get("SequenceNumber")})


def arrived(work: Work, failed: Sequence[str]) -> tuple[tuple[str, Beat], ...]:
    """The heartbeats before which nothing of the batch has failed; the others come again."""
    lowest = min((int(number or 0) for number in failed), default=None)
    return tuple((number, beat) for number, beat in work.beats if lowest is None or int(number) < lowest)


def answer(failed: Sequence[str]) -> dict[str, Any]:
    """What the function returns: nothing, or the sequence number from which on it must be called again."""
    if not failed:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": min(failed, key=lambda number: int(number or 0))}]}
