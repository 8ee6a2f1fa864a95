"""How a version from another region is stored: by a call that takes effect only if nobody wrote meanwhile. Pure.

The condition compares what the item shows with what it is known to show. A write that adds attributes and changes none
can slip through; the region's log tells it then, and the machine puts it back (see model.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.parts.data.global_tables.model import Image, Stamp, Version
from harness.parts.data.global_tables.names import OURS

_COMPARED = 60
"""Attributes of an item that are compared: an expression has a length limit of 4 KB (Developer Guide, "Limits")."""


def writer_of(stamp: Stamp) -> str:
    """How the change log is to call the writer of a version that came from elsewhere."""
    return f"{OURS}: {stamp.region} {stamp.ns}"


def stamp_of(writer: str) -> Stamp | None:
    """The stamp in such a name; None for any other writer."""
    head, _, rest = writer.partition(": ")
    region, _, ns = rest.rpartition(" ")
    return Stamp(int(ns), region) if head == OURS and ns.isdigit() else None


def request(
    table: str, key: Mapping[str, Any], version: Version, over: Version | None
) -> tuple[str, Mapping[str, Any]]:
    """Operation and body."""
    body: dict[str, Any] = {"TableName": table, **_condition(key, None if over is None else over.image)}
    if version.image is None:
        return "DeleteItem", {**body, "Key": dict(key)}
    return "PutItem", {**body, "Item": dict(version.image)}


def _condition(key: Mapping[str, Any], image: Image | None) -> Mapping[str, Any]:
    if image is None:
        return {
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": {"#k": next(iter(key))},
        }
    compared = list(image.items())[:_COMPARED]
    return {
        "ConditionExpression": " AND ".join(f"#{n} = :{n}" for n in range(len(compared))),
        "ExpressionAttributeNames": {f"#{n}": name for n, (name, _) in enumerate(compared)},
        "ExpressionAttributeValues": {f":{n}": value for n, (_, value) in enumerate(compared)},
    }
