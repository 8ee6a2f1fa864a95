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


def assert_claim(client: Client, settings: Settings, claim: Claim, held: Claim | None) -> Asserted:
    """Write `claim` if the table holds exactly `held` (None: no claim); of its holder's own, whatever its beat is."""
    sent_ns = time.monotonic_ns()
    condition, values = _condition(claim, held)
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
            ConditionExpression=condition,
            **({"ExpressionAttributeValues": values} if values else {}),
        )
    except CallFailed as failure:
        if not failure.condition_failed:
            return Asserted(client.region, claim, "failed", sent_ns)
        found = read_table(client, settings)
        if not found.reached:
            return Asserted(client.region, claim, "failed", sent_ns)
        return Asserted(client.region, claim, "refused", sent_ns, found.claim)
    return Asserted(client.region, claim, "taken", sent_ns)


def _condition(claim: Claim, held: Claim | None) -> tuple[str, dict[str, dict[str, str]]]:
    if held is None:
        return "attribute_not_exists(epoch)", {}
    same, values = (
        "epoch = :epoch AND holder = :holder",
        {":epoch": {"N": str(held.epoch)}, ":holder": {"S": held.holder}},
    )
    if held.holder == claim.holder and held.epoch == claim.epoch:
        return same, values
    return f"{same} AND beat = :beat", {**values, ":beat": {"N": str(held.beat)}}
