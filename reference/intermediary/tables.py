"""The record of the active region and the claim of the leadership, in the table of one region."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from reference.active_region import RECORD_NAME, parse_record
from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.intermediary.leadership import Asserted, Claim, TableRead
from reference.settings import Settings

CLAIM_NAME = "intermediary"
FREE = "attribute_not_exists(#epoch) OR #epoch < :epoch OR (#epoch = :epoch AND #holder = :me)"


def read_table(client: Client, settings: Settings) -> TableRead:
    """Who is active and who leads, by this region's table."""
    keys = [{settings.key: {"S": name}} for name in (RECORD_NAME, CLAIM_NAME)]
    arguments = {"RequestItems": {settings.table: {"Keys": keys, "ConsistentRead": True}}}
    try:
        try:
            reply = client.call("batch_get_item", **arguments)
        except CallFailed as failure:
            if not failure.missing:
                raise
            ensure_health_table(client, settings)
            reply = client.call("batch_get_item", **arguments)
    except CallFailed:
        return TableRead(client.region, False)
    if reply.get("UnprocessedKeys"):
        return TableRead(client.region, False)
    named = {item[settings.key]["S"]: item for item in reply.get("Responses", {}).get(settings.table, [])}
    record = parse_record(named.get(RECORD_NAME, {}))
    return TableRead(client.region, True, record, parse_claim(named.get(CLAIM_NAME, {})))


def parse_claim(item: Mapping[str, Any]) -> Claim | None:
    """The claim in a DynamoDB-JSON item, or None."""
    try:
        return Claim(item["holder"]["S"], int(item["epoch"]["N"]), int(item["beat"]["N"]))
    except (KeyError, ValueError):
        return None


def assert_claim(client: Client, settings: Settings, claim: Claim) -> Asserted:
    """Write `claim` unless the table holds one of a higher epoch, or of the same epoch and another holder."""
    sent_ns = time.monotonic_ns()
    try:
        client.call(
            "put_item",
            TableName=settings.table,
            Item={
                settings.key: {"S": CLAIM_NAME},
                "holder": {"S": claim.holder},
                "epoch": {"N": str(claim.epoch)},
                "beat": {"N": str(claim.beat)},
            },
            ConditionExpression=FREE,
            ExpressionAttributeNames={"#epoch": "epoch", "#holder": "holder"},
            ExpressionAttributeValues={":epoch": {"N": str(claim.epoch)}, ":me": {"S": claim.holder}},
        )
    except CallFailed as failure:
        if not failure.condition_failed:
            return Asserted(client.region, claim, "failed", sent_ns)
        return Asserted(client.region, claim, "refused", sent_ns, read_table(client, settings).claim)
    return Asserted(client.region, claim, "taken", sent_ns)
