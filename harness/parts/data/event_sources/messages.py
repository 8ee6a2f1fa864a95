"""What is said in JSON: the event that a handler is given, the message about records that were given up. Pure.

Lambda Developer Guide, "Process DynamoDB records with Lambda" (example event) and "Retain discarded records for a
DynamoDB event source in Lambda" (example message): the message says where the records were, and does not hold them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.parts.data.event_sources.batch import Batch, Record


def record_of(body: Mapping[str, Any], now_ns: int, wall_ns: int) -> Record:
    """A record of GetRecords. now_ns, wall_ns: the machine's clock and the time of day at one moment."""
    change = body["dynamodb"]
    age_ns = max(0, wall_ns - round(float(change.get("ApproximateCreationDateTime", wall_ns / 1e9)) * 1e9))
    key = json.dumps(change["Keys"], sort_keys=True)
    size = int(change.get("SizeBytes") or 0) or len(json.dumps(body))
    return Record(str(change["SequenceNumber"]), key, size, now_ns - age_ns, body)


def event_of(batch: Batch, source: str) -> dict[str, Any]:
    """What the handler is given. source: ARN of the stream."""
    return {"Records": [{**_for_lambda(record.body), "eventSourceARN": source} for record in batch.records]}


def _for_lambda(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who deleted what had expired is spelt otherwise in an event (Developer Guide, "DynamoDB Streams and TTL")."""
    who = body.get("userIdentity")
    if not who:
        return body
    return {**body, "userIdentity": {"type": who.get("Type"), "principalId": who.get("PrincipalId")}}


def given_up(
    batch: Batch, condition: str, *, shard: str, source: str, function: str, request_id: str, wall_ns: int, error: bool
) -> dict[str, Any]:
    """The message to the destination. error: whether the function ended with one, and not with a partial answer."""
    first, last = batch.records[0], batch.records[-1]
    response = {"statusCode": 200, "executedVersion": "$LATEST"}
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function,
            "condition": condition,
            "approximateInvokeCount": batch.invokes,
        },
        "responseContext": {**response, "functionError": "Unhandled"} if error else response,
        "version": "1.0",
        "timestamp": _stamp(wall_ns / 1e9, "milliseconds"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first.number,
            "endSequenceNumber": last.number,
            "approximateArrivalOfFirstRecord": _stamp(_arrival(first, wall_ns), "seconds"),
            "approximateArrivalOfLastRecord": _stamp(_arrival(last, wall_ns), "seconds"),
            "batchSize": len(batch.records),
            "streamArn": source,
        },
    }


def _arrival(record: Record, wall_ns: int) -> float:
    return float(record.body.get("dynamodb", {}).get("ApproximateCreationDateTime", wall_ns / 1e9))


def _stamp(seconds: float, precision: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
