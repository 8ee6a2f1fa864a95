"""What a stream record of the other region means for this one: a pure decision for each record.

Versions decide, never the order of arrival or the kind of event: a record is applied only if its (epoch, seq, origin)
is above what the target holds, so redelivery, reordering and a second replicator change nothing. A record whose
origin is the target region came from here and is skipped, or it would go round for ever. Images are DynamoDB-JSON and
are passed on as they are, so that numbers and binaries keep their exact form.

Items that something else wrote carry no version: they are passed on in stream order, tagged with their origin, and
never replace a versioned item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
Version = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Route:
    """Where records come from and go to."""

    table: str
    key: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Put:
    """Store the image, if it is news."""

    item: Item
    version: Version | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the item, if it is no newer than what was removed (a tombstone whose time has come, usually)."""

    key: Item
    version: Version | None


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do."""

    why: str


@dataclass(frozen=True, slots=True)
class Poison:
    """The record cannot be understood. It is parked, so that it neither blocks the others nor gets lost."""

    why: str


Plan = Put | Delete | Skip | Poison


def version_of(item: Item) -> Version | None:
    """The version in an image, or None when something else wrote it. Raises ValueError on a malformed one."""
    if "epoch" not in item or "seq" not in item:
        return None
    try:
        return int(item["epoch"]["N"]), int(item["seq"]["N"]), str(item["origin"]["S"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"malformed version: {error!r}") from error


def plan(record: Mapping[str, Any], route: Route) -> Plan:
    """What to do about one record of the source's stream."""
    try:
        name, change = record["eventName"], record["dynamodb"]
        key = {route.key: change["Keys"][route.key]}
        if name == "REMOVE":
            image = change.get("OldImage", {})
            return Delete(key, version_of(image))
        if name not in {"INSERT", "MODIFY"}:
            return Poison(f"unknown event {name!r}")
        image = change["NewImage"]
        version = version_of(image)
    except (KeyError, TypeError, ValueError) as error:
        return Poison(f"malformed record: {error!r}")
    if image.get("origin", {}).get("S") == route.target:
        return Skip("it came from here")
    if set(image) == set(key):
        return Skip("only the key: the first half of an insert")
    if version is None:
        image = {**image, "origin": {"S": route.source}}
    return Put(image, version)


def merge(plans: Iterable[Put | Delete], route: Route) -> list[list[Put | Delete]]:
    """What to carry out for each key, in order; keys are independent of each other.

    A put that follows a put replaces it. One that follows a delete does not: after a removal versions start anew.
    """
    groups: dict[str, list[Put | Delete]] = {}
    for entry in plans:
        name = repr(entry.item[route.key] if isinstance(entry, Put) else entry.key[route.key])
        group = groups.setdefault(name, [])
        if group and isinstance(group[-1], Put) and isinstance(entry, Put):
            group[-1] = entry
        else:
            group.append(entry)
    return list(groups.values())


def request(entry: Put | Delete, route: Route) -> tuple[str, dict[str, Any]]:
    """The conditional call that carries out a plan: operation name and arguments."""
    if isinstance(entry, Put):
        arguments = {"TableName": route.table, "Item": entry.item}
        operation, newer = "put_item", "<"
    else:
        arguments = {"TableName": route.table, "Key": entry.key}
        operation, newer = "delete_item", "<="
    if entry.version is None:
        arguments["ConditionExpression"] = "attribute_not_exists(#epoch)"
        arguments["ExpressionAttributeNames"] = {"#epoch": "epoch"}
        return operation, arguments
    epoch, seq, origin = entry.version
    arguments["ConditionExpression"] = (
        "attribute_not_exists(#epoch) OR #epoch < :epoch OR (#epoch = :epoch AND #seq < :seq)"
        f" OR (#epoch = :epoch AND #seq = :seq AND #origin {newer} :origin)"
    )
    arguments["ExpressionAttributeNames"] = {"#epoch": "epoch", "#seq": "seq", "#origin": "origin"}
    arguments["ExpressionAttributeValues"] = {
        ":epoch": {"N": str(epoch)},
        ":seq": {"N": str(seq)},
        ":origin": {"S": origin},
    }
    return operation, arguments


def news(held: Version | None, entry: Put | Delete) -> bool:
    """The same condition as in `request`, for those who hold the version in memory (tests, simulations)."""
    if entry.version is None or held is None:
        return held is None
    return entry.version > held if isinstance(entry, Put) else entry.version >= held
