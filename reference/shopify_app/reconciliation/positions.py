"""How far the shop was asked, and which region asks: rows of the shop's table, moved by conditional writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Arguments = dict[str, Any]
CLAIM = "reconciling"


def position_name(kind: str) -> str:
    """The row of a kind."""
    return f"reconciled:{kind}"


def position_of(item: Mapping[str, Any]) -> int | None:
    """Up to which version everything is known; None: nothing is."""
    found = item.get("position", {}).get("N")
    return None if found is None else int(found)


def move(table: str, kind: str, position: int) -> Arguments:
    """UpdateItem of a position, which never goes back."""
    return {
        "TableName": table,
        "Key": {"id": {"S": position_name(kind)}},
        "UpdateExpression": "SET #position = :position, what = :what",
        "ConditionExpression": "attribute_not_exists(#position) OR #position < :position",
        "ExpressionAttributeNames": {"#position": "position"},
        "ExpressionAttributeValues": {":position": {"N": str(position)}, ":what": {"S": "position"}},
    }


def claim(table: str, region: str, now_ms: int, until_ms: int) -> Arguments:
    """UpdateItem by which a region asks the shop for the others, too. Times are its own clock's: clocks that differ
    let two of them ask, which costs points and no more."""
    return {
        "TableName": table,
        "Key": {"id": {"S": CLAIM}},
        "UpdateExpression": "SET #region = :region, until_ms = :until, what = :what",
        "ConditionExpression": "attribute_not_exists(until_ms) OR until_ms < :now OR #region = :region",
        "ExpressionAttributeNames": {"#region": "region"},
        "ExpressionAttributeValues": {
            ":region": {"S": region}, ":until": {"N": str(until_ms)}, ":now": {"N": str(now_ms)},
            ":what": {"S": "claim"},
        },
    }  # fmt: skip


def release(table: str, region: str) -> Arguments:
    """UpdateItem by which it is done."""
    return {
        "TableName": table,
        "Key": {"id": {"S": CLAIM}},
        "UpdateExpression": "SET until_ms = :zero",
        "ConditionExpression": "#region = :region",
        "ExpressionAttributeNames": {"#region": "region"},
        "ExpressionAttributeValues": {":region": {"S": region}, ":zero": {"N": "0"}},
    }


def noted(table: str, region: str, said: str) -> Arguments:
    """UpdateItem of what a region has to say of its last reconciliation."""
    return {
        "TableName": table,
        "Key": {"id": {"S": f"journal:{region}"}},
        "UpdateExpression": "SET said = :said, what = :what",
        "ExpressionAttributeValues": {":said": {"S": said}, ":what": {"S": "journal"}},
    }
