"""What Route 53 accepts in a batch of changes: a pure function of a zone's records and the changes.

Sources: API Reference, ChangeResourceRecordSets, ResourceRecordSet and AliasTarget; Developer Guide, "Supported DNS
record types" (CNAME) and "Choosing a routing policy". The sentences are AWS's where users have reported them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.engines.dns.zone import RecordSet

Action = Literal["CREATE", "UPSERT", "DELETE"]
Key = tuple[str, str, str | None]
"""A record set is named by name, type and set identifier together."""

_TTL_MAX = 2**31 - 1
_WEIGHT_MAX = 255
_IDENTIFIER_MAX = 128


@dataclass(frozen=True)
class Stored:
    """A record set with its routing policies, by the fields that ask for them. source: as it was written."""

    record: RecordSet
    policies: frozenset[str] = frozenset()
    source: Any = None

    @property
    def key(self) -> Key:
        """What names it."""
        return self.record.name, self.record.type, self.record.set_identifier

    @property
    def content(self) -> tuple[RecordSet, frozenset[str]]:
        """What has to be repeated to delete it; the order of values does not matter."""
        return replace(self.record, values=tuple(sorted(self.record.values))), self.policies


@dataclass(frozen=True)
class Change:
    """One change of a batch."""

    action: Action
    stored: Stored


Records = Mapping[Key, Stored]


def judge(zone: str, zone_id: str, before: Records, changes: Sequence[Change]) -> tuple[tuple[str, ...], Records]:
    """(what is wrong, the zone's records afterwards); nothing of a batch takes effect when anything is wrong.

    zone: the name of its apex, as record sets have it. Changes take effect in order; rules about several record sets
    are about what is there after all of them.
    """
    after = dict(before)
    problems: list[str] = []
    for change in changes:
        problems += _alone(zone, change)
        problems += _carried_out(zone, after, change)
    if not problems:
        written = [change.stored for change in changes if change.action != "DELETE"]
        kept = [stored for stored in written if after.get(stored.key) is stored]
        problems += [text for stored in kept for text in _alias_target(zone, zone_id, after, stored)]
        for name in dict.fromkeys(stored.record.name for stored in kept):
            problems += _together([stored for stored in after.values() if stored.record.name == name], zone)
    return tuple(dict.fromkeys(problems)), after


def _carried_out(zone: str, after: dict[Key, Stored], change: Change) -> Iterable[str]:
    stored, record = change.stored, change.stored.record
    there = after.get(stored.key)
    what = f"resource record set [name='{record.name}.', type='{record.type}'{_identified(record)}]"
    if change.action == "CREATE" and there is not None:
        yield f"Tried to create {what} but it already exists"
    elif change.action != "DELETE":
        after[stored.key] = stored
    elif there is None:
        yield f"Tried to delete {what} but it was not found"
    elif there.content != stored.content:
        yield f"Tried to delete {what} but the values provided do not match the current values"
    elif record.name == zone and record.type in ("NS", "SOA"):
        yield f"A HostedZone must contain exactly one {record.type} record for the zone itself."
    else:
        del after[stored.key]


def _identified(record: RecordSet) -> str:
    return "" if record.set_identifier is None else f", set identifier='{record.set_identifier}'"


def _alone(zone: str, change: Change) -> Iterable[str]:
    """Rules about one record set by itself."""
    record, policies = change.stored.record, change.stored.policies
    where = f"in Change with [Action={change.action}, Name={record.name}., Type={record.type}, "
    where += f"SetIdentifier={record.set_identifier or 'null'}]"
    if not (record.name == zone or record.name.endswith(f".{zone}")):
        yield f"RRSet with DNS name {record.name}. is not permitted in zone {zone}."
    if len(policies) > 1:
        yield f"Invalid request: Expected at most one of [{', '.join(sorted(policies))}], but found more {where}"
    if policies and record.set_identifier is None:
        yield f"Invalid request: Missing field 'SetIdentifier' {where}"
    if record.set_identifier is not None and not policies:
        yield f"Invalid request: Expected exactly one routing policy beside SetIdentifier, but found none {where}"
    if record.set_identifier is not None and not 1 <= len(record.set_identifier) <= _IDENTIFIER_MAX:
        yield f"Invalid request: SetIdentifier has 1 to {_IDENTIFIER_MAX} characters {where}"
    plain = (record.ttl_s is not None, bool(record.values))
    if plain != ((False, False) if record.alias is not None else (True, True)):
        expected = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"
        yield f"Invalid request: {expected} {where}"
    if record.ttl_s is not None and not 0 <= record.ttl_s <= _TTL_MAX:
        yield f"Invalid request: TTL is 0 to {_TTL_MAX}, not {record.ttl_s} {where}"
    if record.weight is not None and not 0 <= record.weight <= _WEIGHT_MAX:
        yield f"Invalid request: Weight is 0 to {_WEIGHT_MAX}, not {record.weight} {where}"
    if record.multivalue and (record.alias is not None or record.type in ("CNAME", "NS")):
        yield f"Invalid request: MultiValueAnswer cannot be used for an alias, CNAME or NS {where}"
    yield from _values(record)


def _values(record: RecordSet) -> Iterable[str]:
    check: Mapping[str, tuple[Callable[[str], object], str]] = {
        "A": (ipaddress.IPv4Address, "a valid IPv4 address"),
        "AAAA": (ipaddress.IPv6Address, "a valid IPv6 address"),
    }
    if record.type in check:
        read, wanted = check[record.type]
        for value in record.values:
            try:
                read(value)
            except ValueError:
                yield f"Invalid Resource Record: 'FATAL problem: ARRDATAIllegal ({value} is not {wanted})'"
    if record.type == "CNAME" and len(record.values) > 1:
        yield f"Invalid Resource Record: a CNAME has one value, {record.name}. has {len(record.values)}"


def _alias_target(zone: str, zone_id: str, after: Records, stored: Stored) -> Iterable[str]:
    """An alias to a record of its own zone: that is there, and another one. Other targets are AWS's own."""
    record = stored.record
    if record.alias is None or record.alias.zone_id != zone_id:
        return
    target = record.alias.name
    what = f"Tried to create an alias that targets {target}., type {record.type} in zone {zone_id}"
    if not (target == zone or target.endswith(f".{zone}")):
        yield f"{what}, but the alias target name does not lie within the target zone"
    elif target == record.name or not any(key[:2] == (target, record.type) for key in after):
        yield f"{what}, but that target was not found"


def _together(named: Sequence[Stored], zone: str) -> Iterable[str]:
    """Rules about all the record sets of one name."""
    name = named[0].record.name
    types = {stored.record.type for stored in named}
    if "CNAME" in types and name == zone:
        yield f"RRSet of type CNAME with DNS name {name}. is not permitted at apex in zone {zone}."
    elif "CNAME" in types and len(types) > 1:
        yield (
            f"RRSet of type CNAME with DNS name {name}. is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {zone}."
        )
    for kind in sorted(types):
        yield from _group(name, kind, [stored for stored in named if stored.record.type == kind])


def _group(name: str, kind: str, group: Sequence[Stored]) -> Iterable[str]:
    """Rules about the record sets of one name and type."""
    policies = {next(iter(stored.policies), "simple") for stored in group}
    what = f"RRSet with DNS name {name}., type {kind} cannot be created"
    if len(policies) > 1:
        yield f"{what} as other RRSets exist with the same name and type: {' and '.join(sorted(policies))}"
    roles: dict[str, list[str | None]] = {
        "failover": [stored.record.failover for stored in group],
        "region": [stored.record.region for stored in group],
    }
    for field, found in roles.items():
        for value in dict.fromkeys(value for value in found if value is not None and found.count(value) > 1):
            yield f"{what} as another one has the same {field}: {value}"
