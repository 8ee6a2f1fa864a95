"""What the application's rows look like, and the conditional writes that make it safe to do everything twice. Pure.

| table | key | a write is taken | so that |
| --- | --- | --- | --- |
| inbox | id of the webhook | while there is none | a repeat is known as one, in whichever region it arrives |
| things, one table a kind | number | over an older version | disorder undoes nothing |
| effects | e.g. `erp:1001` | while there is none | it is done once, whoever asks for it and how often |

A row of the effects is also the place of the effect in the queue to its third party: that it is to be done, and that it
was counted, is one write. What is finished keeps its key and loses its body, so that a look at all rows stays cheap.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference.shopify_app.intake import Webhook
from reference.shopify_app.things import Effect, Thing

Arguments = dict[str, Any]
NEW, DONE, PARKED, BEAT = "new", "done", "parked", "beat"
QUEUED, SENT, DEAD = "queued", "sent", "dead"
ROW_BODY_MAX = 350_000
"""Bytes of a body in a row, which holds 400 KB in all (DynamoDB Developer Guide, "Quotas")."""


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as it waits in the inbox. region: whose worker it waits for. body: None where it was too large."""

    id: str
    topic: str
    region: str
    body: bytes | None
    state: str = NEW


@dataclass(frozen=True, slots=True)
class Queued:
    """An effect as it waits to be sent. order: of which it is sent before others."""

    key: str
    party: str
    region: str
    order: tuple[int, str]
    body: Mapping[str, object]
    state: str = QUEUED


def inbox_put(table: str, webhook: Webhook, region: str, now_us: int) -> Arguments:
    """PutItem of a webhook, unless it is there already."""
    packed = gzip.compress(webhook.body, 1, mtime=0)
    item: dict[str, Any] = {
        "id": {"S": webhook.id},
        "topic": {"S": webhook.topic},
        "event": {"S": webhook.event},
        "triggered_at": {"S": webhook.triggered_at},
        "region": {"S": region},
        "received_us": {"N": str(now_us)},
        "state": {"S": NEW},
    }
    if len(packed) <= ROW_BODY_MAX:
        item["body"] = {"B": packed}
    return {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}


def received(item: Mapping[str, Any]) -> Received:
    """The webhook in a row of the inbox."""
    packed = item.get("body", {}).get("B")
    body = None if packed is None else gzip.decompress(packed)
    state = item.get("state", {}).get("S", "")
    return Received(item["id"]["S"], item.get("topic", {}).get("S", ""), item["region"]["S"], body, state)


def settle(table: str, key: str, state: str, why: str = "") -> Arguments:
    """UpdateItem of a row that is finished: it keeps what tells that it was there. A parked one keeps its body."""
    removed = "" if state in (PARKED, DEAD) else " REMOVE body"
    return {
        "TableName": table,
        "Key": {"id": {"S": key}},
        "UpdateExpression": f"SET #state = :state, why = :why{removed}",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}, ":why": {"S": why[:1000]}},
    }


def adopt(table: str, key: str, lost: str, region: str) -> Arguments:
    """UpdateItem by which a region takes over a row of a region that is lost."""
    return {
        "TableName": table,
        "Key": {"id": {"S": key}},
        "UpdateExpression": "SET #region = :mine",
        "ConditionExpression": "#region = :lost",
        "ExpressionAttributeNames": {"#region": "region"},
        "ExpressionAttributeValues": {":mine": {"S": region}, ":lost": {"S": lost}},
    }


def waiting(table: str, state: str, start: Mapping[str, Any] | None) -> Arguments:
    """Scan of the rows that nobody has finished. start: where the page before ended."""
    arguments: Arguments = {
        "TableName": table,
        "FilterExpression": "#state = :state",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}},
    }
    return {**arguments, "ExclusiveStartKey": start} if start else arguments


def beat(table: str, region: str) -> Arguments:
    """UpdateItem of a region's beat, in the inbox itself: where it fails, no webhook could be taken either."""
    arguments = touch(table, region)
    arguments["UpdateExpression"] += " ADD beats :one"
    arguments["ExpressionAttributeValues"][":one"] = {"N": "1"}
    return arguments


def touch(table: str, region: str) -> Arguments:
    """The same write, without a beat."""
    return {
        "TableName": table,
        "Key": {"id": {"S": f"beat:{region}"}},
        "UpdateExpression": "SET #state = :beat, topic = :beat",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":beat": {"S": BEAT}},
    }


def thing_put(thing: Thing, source: str) -> Arguments:
    """PutItem of a thing, unless a version as new is there. source: what told of it."""
    return {
        "TableName": thing.kind,
        "Item": {
            "id": {"S": thing.key},
            "version": {"N": str(thing.version)},
            "data": {"S": json.dumps(thing.data)},
            "source": {"S": source},
        },
        "ConditionExpression": "attribute_not_exists(id) OR version < :version",
        "ExpressionAttributeValues": {":version": {"N": str(thing.version)}},
    }


def effect_put(table: str, effect: Effect, region: str, now_us: int) -> Arguments:
    """PutItem of an effect, which counts as done once from now on, unless it was asked for before."""
    return {
        "TableName": table,
        "Item": {
            "id": {"S": effect.key},
            "count": {"N": "1"},
            "party": {"S": effect.party},
            "body": {"S": json.dumps(effect.body)},
            "region": {"S": region},
            "queued_us": {"N": str(now_us)},
            "state": {"S": QUEUED},
        },
        "ConditionExpression": "attribute_not_exists(id)",
    }


def effect_count(table: str, effect: Effect, region: str, now_us: int) -> Arguments:
    """UpdateItem that counts an effect once more, without a condition."""
    item = effect_put(table, effect, region, now_us)["Item"]
    del item["count"]
    key = {"id": item.pop("id")}
    names = {f"#{name}": name for name in item}
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in item)} ADD #count :one",
        "ExpressionAttributeNames": {**names, "#count": "count"},
        "ExpressionAttributeValues": {**{f":{name}": value for name, value in item.items()}, ":one": {"N": "1"}},
    }


def queued(item: Mapping[str, Any]) -> Queued:
    """The effect in a row."""
    key = item["id"]["S"]
    return Queued(
        key=key,
        party=item["party"]["S"],
        region=item["region"]["S"],
        order=(int(item["queued_us"]["N"]), key),
        body=json.loads(item.get("body", {}).get("S", "{}")),
        state=item.get("state", {}).get("S", ""),
    )
