"""The replication's own health, end to end: a heartbeat record that goes the way of all others. Pure.

The keeper writes it beside the items of its region; the stream carries it to the function, and the function reports its
arrival in the other region, as the replication status that storefronts and the monitor read. So a report says: what was
written here before that beat is there by now (or in the queue, which is counted).

| attribute | says |
| --- | --- |
| `beat_count` | raised by the table itself, so that a number that is missing on arrival shows a gap in the stream |
| `beat_ms` | time of day at the source when it was written; the function, in the same region, takes it for the lag |
| `beat_token` | the drain token that the keeper has seen by then |
| `beat_parked` | messages in the queue, and records that are parked |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference.heartbeat import REPLICATION_NAME
from reference.settings import IDLE_POLL_INTERVAL_S, NS_PER_S, Settings

Arguments = dict[str, Any]
LAG_BEATS = 2
"""Caught up: the beat that has just arrived is no older than this many intervals."""
PREFIX = "replication-heartbeat."


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat. at_ms: Unix time."""

    count: int
    at_ms: int
    token: int
    parked: int


def beat_of(image: Mapping[str, Any], key: str, source: str) -> Beat | None:
    """The heartbeat in an item of the source region; None: it is another item."""
    try:
        if image[key]["S"] != PREFIX + source:
            return None
        numbers = (image[name]["N"] for name in ("beat_count", "beat_ms", "beat_token", "beat_parked"))
        return Beat(*(int(number) for number in numbers))
    except (KeyError, TypeError, ValueError):
        return None


def beat_arguments(settings: Settings, at_ms: int, token: int, parked: int) -> Arguments:
    """UpdateItem of the next heartbeat of the keeper's own region."""
    return {
        "TableName": settings.items_table,
        "Key": {settings.items_key: {"S": PREFIX + settings.region}},
        "UpdateExpression": "SET beat_ms = :ms, beat_token = :token, beat_parked = :parked, origin = :origin"
        " ADD beat_count :one",
        "ExpressionAttributeValues": {
            ":ms": {"N": str(at_ms)},
            ":token": {"N": str(token)},
            ":parked": {"N": str(parked)},
            ":origin": {"S": settings.region},
            ":one": {"N": "1"},
        },
    }


def lag_bound_ms(settings: Settings) -> int:
    """The lag up to which the replication counts as caught up."""
    return settings.ns(LAG_BEATS * IDLE_POLL_INTERVAL_S) * 1000 // NS_PER_S


def report_arguments(settings: Settings, beat: Beat, now_ms: int, stream: str) -> Arguments:
    """UpdateItem of the replication status in the other region; refused where a later beat was reported already.

    stream: the stream's ARN; those of a table that was made anew are counted anew. Answers what was reported before, so
    that a gap shows.
    """
    lag_ms = now_ms - beat.at_ms
    return {
        "TableName": settings.table,
        "Key": {settings.key: {"S": REPLICATION_NAME}},
        "UpdateExpression": "SET beat = :beat, #count = :count, drained_token = :token, caught_up = :caught_up,"
        " parked = :parked, lag_ms = :lag, stream_arn = :stream",
        "ConditionExpression": "attribute_not_exists(#count) OR #count < :count OR stream_arn <> :stream",
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": {
            ":beat": {"S": f"beat:{beat.count}"},
            ":count": {"N": str(beat.count)},
            ":token": {"N": str(beat.token)},
            ":caught_up": {"BOOL": abs(lag_ms) <= lag_bound_ms(settings)},
            ":parked": {"N": str(beat.parked)},
            ":lag": {"N": str(lag_ms)},
            ":stream": {"S": stream},
        },
        "ReturnValues": "UPDATED_OLD",
    }


def gap(reported: Mapping[str, Any], first: int, stream: str) -> tuple[int, int] | None:
    """Heartbeats that never came: (from, to), where the first of a batch does not follow the one reported before it.

    reported: the attributes that a report replaced; none at the very first one, and no matter of another stream's.
    """
    same = reported.get("stream_arn", {}).get("S") == stream
    before = int(reported.get("count", {}).get("N", "0") or 0) if same else 0
    return (before + 1, first - 1) if before and first > before + 1 else None
