"""Items in the table: versioned writes, and what a stored item looks like to a client.

A version is (epoch, seq, origin), compared in that order. `seq` counts the writes to the item and is raised by the
table itself in the very write, so it is monotone with any number of storefronts; the epoch leads, so that a write
under a later lease beats every write under an earlier one. Where there are no leases, each write also says when it was
made, by the clock of whoever made it: nothing else can say later which of two came last. A delete leaves a tombstone,
an item without a value, so that a record that is replicated late cannot bring the item back; `expires_at` (TTL)
removes it after a week.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.settings import TOMBSTONE_DAYS, Settings

S_PER_DAY = 86_400
Arguments = dict[str, Any]


def get_arguments(settings: Settings, item_id: str) -> Arguments:
    """A strongly consistent GetItem."""
    return {"TableName": settings.items_table, "Key": {settings.items_key: {"S": item_id}}, "ConsistentRead": True}


def put_arguments(settings: Settings, item_id: str, value: str, epoch: int, written_ms: int | None = None) -> Arguments:
    """UpdateItem that stores `value`, unless a later epoch has written the item. written_ms: Unix time."""
    arguments = _write(settings, item_id, epoch, written_ms)
    arguments["UpdateExpression"] += ", #value = :value REMOVE #expires"
    arguments["ExpressionAttributeValues"][":value"] = {"S": value}
    return arguments


def delete_arguments(
    settings: Settings, item_id: str, epoch: int, now_s: float, written_ms: int | None = None
) -> Arguments:
    """UpdateItem that leaves a tombstone, unless a later epoch has written the item. `now_s` is Unix time."""
    arguments = _write(settings, item_id, epoch, written_ms)
    arguments["UpdateExpression"] += ", #expires = :expires REMOVE #value"
    arguments["ExpressionAttributeValues"][":expires"] = {"N": str(int(now_s) + TOMBSTONE_DAYS * S_PER_DAY)}
    return arguments


def _write(settings: Settings, item_id: str, epoch: int, written_ms: int | None) -> Arguments:
    arguments: Arguments = {
        "TableName": settings.items_table,
        "Key": {settings.items_key: {"S": item_id}},
        "UpdateExpression": "SET #epoch = :epoch, #seq = if_not_exists(#seq, :zero) + :one, #origin = :origin",
        "ConditionExpression": "attribute_not_exists(#epoch) OR #epoch <= :epoch",
        "ExpressionAttributeNames": {
            "#epoch": "epoch",
            "#seq": "seq",
            "#origin": "origin",
            "#value": settings.items_value,
            "#expires": "expires_at",
        },
        "ExpressionAttributeValues": {
            ":epoch": {"N": str(epoch)},
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            ":origin": {"S": settings.region},
        },
    }
    if written_ms is not None:
        arguments["UpdateExpression"] += ", #written = :written"
        arguments["ExpressionAttributeNames"]["#written"] = "written_ms"
        arguments["ExpressionAttributeValues"][":written"] = {"N": str(written_ms)}
    return arguments


def value_of(settings: Settings, reply: Mapping[str, Any]) -> str | None:
    """The value in the answer to a GetItem; None when there is no item, or only a tombstone."""
    value: str | None = reply.get("Item", {}).get(settings.items_value, {}).get("S")
    return value
