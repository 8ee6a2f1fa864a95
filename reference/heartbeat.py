"""The heartbeat item of a region: what its storefronts and the monitor tell each other.

One item means one call: a storefront's beat writes its nonce and is answered with the latest grant and fence.

| attribute | written by | says |
| --- | --- | --- |
| `status` | storefront | the value that means operational |
| `beat_<instance>` | storefront | nonce of the latest beat |
| `errors_<instance>` | storefront | percent of its recent calls to the database that failed |
| `ack_<instance>` | storefront | epoch up to which it will never again accept a write |
| `echo_<instance>` | monitor | grant: epoch and nonce |
| `fenced` | monitor | epoch up to which nobody in this region may accept writes |
| `drain_token` | monitor | everything before this token must be replicated before it is reported |
| `hurry` | monitor | 1 while nobody may write, in a handover or at a fresh start: beat faster |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reference.active_region import RECORD_NAME, Record, parse_record
from reference.lease import Echo, Nonce, parse_echo, parse_nonce
from reference.settings import Settings

REPLICATION_NAME = "replication"
RISING_MARKS = frozenset({"fenced", "drain_token"})
Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A region's heartbeat item, parsed. Attributes that make no sense are left out."""

    status: str = ""
    beats: Mapping[str, Nonce] = field(default_factory=dict)
    echoes: Mapping[str, Echo] = field(default_factory=dict)
    acks: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    fenced: int = 0
    drain_token: int = 0
    hurry: bool = False


def parse_heartbeat(item: Mapping[str, Any]) -> Heartbeat:
    """Read a DynamoDB-JSON item."""
    beats: dict[str, Nonce] = {}
    echoes: dict[str, Echo] = {}
    acks: dict[str, int] = {}
    errors: dict[str, int] = {}
    for name, value in item.items():
        kind, _, instance = name.partition("_")
        if kind == "beat" and (nonce := parse_nonce(value.get("S", ""))):
            beats[instance] = nonce
        elif kind == "echo" and (echo := parse_echo(value.get("S", ""))):
            echoes[instance] = echo
        elif kind == "ack":
            acks[instance] = _number(value)
        elif kind == "errors":
            errors[instance] = _number(value)
    return Heartbeat(
        status=item.get("status", {}).get("S", ""),
        beats=beats,
        echoes=echoes,
        acks=acks,
        errors=errors,
        fenced=_number(item.get("fenced", {})),
        drain_token=_number(item.get("drain_token", {})),
        hurry=_number(item.get("hurry", {})) == 1,
    )


def _number(value: Mapping[str, Any]) -> int:
    text = value.get("N", "")
    return int(text) if str(text).isdigit() else 0


@dataclass(frozen=True, slots=True)
class Replication:
    """What the replicator into a region says of itself. `beat` changes while it lives."""

    beat: str
    drained_token: int
    caught_up: bool
    parked: int


def parse_replication(item: Mapping[str, Any]) -> Replication | None:
    """Read the replication item, or None when there is none."""
    if "beat" not in item:
        return None
    return Replication(
        beat=item["beat"].get("S", ""),
        drained_token=_number(item.get("drained_token", {})),
        caught_up=item.get("caught_up", {}).get("BOOL") is True,
        parked=_number(item.get("parked", {})),
    )


@dataclass(frozen=True, slots=True)
class RegionItems:
    """Everything the monitor reads from a region's table in one call."""

    heartbeat: Heartbeat
    record: Record | None
    replication: Replication | None


def status_arguments(settings: Settings) -> Arguments:
    """GetItem of the status of the replication into the component's own region."""
    return {"TableName": settings.table, "Key": {settings.key: {"S": REPLICATION_NAME}}, "ConsistentRead": True}


def look_arguments(settings: Settings, region: str) -> Arguments:
    """BatchGetItem of the heartbeat, the record and the replication status."""
    keys = [{settings.key: {"S": name}} for name in (region, RECORD_NAME, REPLICATION_NAME)]
    return {"RequestItems": {settings.table: {"Keys": keys, "ConsistentRead": True}}}


def parse_look(settings: Settings, region: str, reply: Mapping[str, Any]) -> RegionItems | None:
    """Read the answer to `look_arguments`, or None when DynamoDB left a part of it unprocessed."""
    if reply.get("UnprocessedKeys"):
        return None
    named = {item[settings.key]["S"]: item for item in reply.get("Responses", {}).get(settings.table, [])}
    return RegionItems(
        heartbeat=parse_heartbeat(named.get(region, {})),
        record=parse_record(named.get(RECORD_NAME, {})),
        replication=parse_replication(named.get(REPLICATION_NAME, {})),
    )


def beat_arguments(settings: Settings, instance: str, nonce: Nonce, ack: int, error_percent: int) -> Arguments:
    """UpdateItem of a storefront's beat; the answer is the whole item."""
    return _update(
        settings,
        settings.region,
        {
            "status": {"S": settings.value},
            f"beat_{instance}": {"S": str(nonce)},
            f"ack_{instance}": {"N": str(ack)},
            f"errors_{instance}": {"N": str(error_percent)},
        },
        returning="ALL_NEW",
    )


def grant_arguments(settings: Settings, region: str, epoch: int, echoes: Mapping[str, Nonce], hurry: bool) -> Arguments:
    """UpdateItem that grants the lease of `epoch`; refused by the table once that epoch is fenced."""
    values = {f"echo_{instance}": {"S": str(Echo(epoch, nonce))} for instance, nonce in echoes.items()}
    arguments = _update(settings, region, {**values, "hurry": {"N": str(int(hurry))}})
    arguments["ConditionExpression"] = "attribute_not_exists(#fenced) OR #fenced < :epoch"
    arguments["ExpressionAttributeNames"]["#fenced"] = "fenced"
    arguments["ExpressionAttributeValues"][":epoch"] = {"N": str(epoch)}
    return arguments


def mark_arguments(settings: Settings, region: str, marks: Mapping[str, int]) -> Arguments:
    """UpdateItem that sets `fenced`, `drain_token` or `hurry`; a late one never lowers a fence or a token."""
    arguments = _update(settings, region, {name: {"N": str(number)} for name, number in marks.items()})
    rising = [
        f"(attribute_not_exists(#n{i}) OR #n{i} <= :v{i})" for i, name in enumerate(marks) if name in RISING_MARKS
    ]
    if rising:
        arguments["ConditionExpression"] = " AND ".join(rising)
    return arguments


def _update(settings: Settings, region: str, values: Mapping[str, Any], returning: str = "NONE") -> Arguments:
    names = list(values)
    return {
        "TableName": settings.table,
        "Key": {settings.key: {"S": region}},
        "UpdateExpression": "SET " + ", ".join(f"#n{i} = :v{i}" for i in range(len(names))),
        "ExpressionAttributeNames": {f"#n{i}": name for i, name in enumerate(names)},
        "ExpressionAttributeValues": {f":v{i}": values[name] for i, name in enumerate(names)},
        "ReturnValues": returning,
    }
