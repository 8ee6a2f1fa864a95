"""What Route 53 accepts in a batch of changes: a pure function of a zone's records and the changes.

Sources: API Reference, ChangeResourceRecordSets and AliasTarget. A batch is judged as a whole and in order; nothing of
it takes effect when anything is wrong. The sentences are AWS's where users have reported them.

Accepted although AWS refuses it: a PRIMARY that is no alias and has no health check ("A non-alias primary
ResourceRecordSet must have an associated health check"); see `without_check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.engines.dns.names import escaped
from harness.parts.steering.route53 import record_groups, record_values
from harness.parts.steering.route53.balancer_zones import APPLICATION_BALANCERS
from harness.parts.steering.route53.record_sets import Change, Key, Records, Stored

_RECORDS_MAX = 1000
_CHARACTERS_MAX = 32_000
_BALANCER_REGIONS: Mapping[str, str] = {zone: region for region, zone in APPLICATION_BALANCERS.items()}
_APEX = {
    "NS": "A HostedZone must contain at least one NS record for the zone itself.",
    "SOA": "A HostedZone must contain exactly one SOA record.",
}


def judge(zone: str, zone_id: str, before: Records, changes: Sequence[Change]) -> tuple[tuple[str, ...], Records]:
    """(what is wrong, the zone's records afterwards).

    zone: the name of its apex, as record sets have it. Changes take effect in order; rules about several record sets
    are about what is there after all of them.
    """
    after = dict(before)
    problems: list[str] = [*_sizes(changes), *_repeated(changes)]
    for change in changes:
        problems += _alone(zone, change)
        problems += _carried_out(after, change)
    if not problems:
        problems += _afterwards(zone, zone_id, before, after, changes)
    return tuple(dict.fromkeys(problems)), after


def without_check(changes: Sequence[Change]) -> tuple[str, ...]:
    """Names of the primaries that AWS would refuse for having no health check."""
    return tuple(
        escaped(change.stored.record.name)
        for change in changes
        if change.action != "DELETE"
        and change.stored.record.failover == "PRIMARY"
        and change.stored.record.alias is None
        and change.stored.record.health_check_id is None
    )


def _sizes(changes: Sequence[Change]) -> Iterable[str]:
    """Developer Guide, quotas of ChangeResourceRecordSets: an UPSERT counts twice."""
    weighed = [(2 if change.action == "UPSERT" else 1, change.stored.record.values) for change in changes]
    if sum(times * len(values) for times, values in weighed) > _RECORDS_MAX:
        yield f"Number of records limit of {_RECORDS_MAX} exceeded."
    if sum(times * len(value) for times, values in weighed for value in values) > _CHARACTERS_MAX:
        yield f"Number of characters limit of {_CHARACTERS_MAX} exceeded."


def _repeated(changes: Sequence[Change]) -> Iterable[str]:
    """A record set is changed once; it may only be deleted and made again."""
    seen: dict[Key, list[str]] = {}
    for change in changes:
        seen.setdefault(change.stored.key, []).append(change.action)
    for (name, kind, _), actions in seen.items():
        if len(actions) > 1 and (len(actions), actions[0], actions[1] == "DELETE") != (2, "DELETE", False):
            yield (f"The request contains an invalid set of changes for a resource record set '{kind} {escaped(name)}'")


def _carried_out(after: dict[Key, Stored], change: Change) -> Iterable[str]:
    stored = change.stored
    there = after.get(stored.key)
    if change.action == "CREATE" and there is not None:
        yield f"Tried to create {stored.bracketed} but it already exists"
    elif change.action != "DELETE":
        after[stored.key] = stored
    elif there is None:
        yield f"Tried to delete {stored.bracketed} but it was not found"
    elif there.content != stored.content:
        yield f"Tried to delete {stored.bracketed} but the values provided do not match the current values"
    else:
        del after[stored.key]


def _alone(zone: str, change: Change) -> Iterable[str]:
    """Rules about one record set by itself."""
    record = change.stored.record
    yield from record_values.of_name(change.typed, record.type)
    if not (record.name == zone or record.name.endswith(f".{zone}")):
        yield f"RRSet with DNS name {escaped(record.name)} is not permitted in zone {escaped(zone)}"
    elif record.type == "SOA" and record.name != zone:
        yield _APEX["SOA"]
    yield from record_values.of_values(record)


def _afterwards(zone: str, zone_id: str, before: Records, after: Records, changes: Sequence[Change]) -> Iterable[str]:
    """Rules about several record sets, of what the batch leaves."""
    for kind, text in _APEX.items():
        if (zone, kind, None) in before and (zone, kind, None) not in after:
            yield text
    by_name: dict[str, list[Stored]] = {}
    for stored in after.values():
        by_name.setdefault(stored.record.name, []).append(stored)
    for written in (change.stored for change in changes if change.action != "DELETE"):
        yield from _alias_target(zone, zone_id, after, written)
        yield from record_groups.problems_of(written, by_name[written.record.name], zone)


def _alias_target(zone: str, zone_id: str, after: Records, stored: Stored) -> Iterable[str]:
    """An alias lies in the zone that it names, and what it names in this zone is there. Others are AWS's own."""
    record = stored.record
    if record.alias is None:
        return
    target, where = record.alias.name, record.alias.zone_id
    what = f"Tried to create an alias that targets {escaped(target)}, type {record.type} in zone {where}"
    outside = f"{what}, but the alias target name does not lie within the target zone"
    missing = f"{what}, but that target was not found"
    if where == zone_id:
        if not (target == zone or target.endswith(f".{zone}")):
            yield outside
        if target == record.name or record.type in _APEX or not any(k[:2] == (target, record.type) for k in after):
            yield missing
    elif where in _BALANCER_REGIONS and not _names_balancer(target, _BALANCER_REGIONS[where]):
        yield outside
        yield missing


def _names_balancer(target: str, region: str) -> bool:
    """Whether a name is one that load balancers of a region have: NAME.REGION.elb.amazonaws.com."""
    name, elb, _ = target.partition(".elb.")
    said = name.rpartition(".")[2]
    return bool(elb) and "amazonaws.com" in target and (said == region or said not in APPLICATION_BALANCERS)
