"""A zone as octoDNS keeps it (YAML, one file for each zone), as its Route 53 provider would publish it.

A record with `dynamic:` becomes what that provider makes of it: for each pool a weighted record of each value with a
health check of its own (`_octodns-POOL-value.NAME`), above it a failover record to the pool itself and to the pool that
it falls back to (`_octodns-POOL-pool.NAME`), and the name itself an alias to the pool of the last rule, which everybody
gets whom no rule before it names. Sources: octoDNS, "Dynamic records"; octodns-route53, README and health checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import AliasTarget, HealthCheck, RecordSet
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought.model import (
    UNFIT,
    Brought,
    Check,
    Misfit,
    Record,
    Where,
    mapping,
    sequence,
    told_of,
    whole,
)
from harness.parts.steering.route53.record_sets import Stored

TTL_S = 3600
"""octoDNS's default for records without `ttl`."""
DYNAMIC_TTL_S = 60
_HEALTH = {"host": None, "path": "/_dns", "port": 443, "protocol": "HTTPS"}
TEXTS = ("TXT", "SPF")
TYPES = frozenset((
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "SSHFP", "SVCB", "TLSA",
    *TEXTS,
))  # fmt: skip
"""Of records that Route 53 has (Developer Guide, "Supported DNS record types")."""
_ORDER = ("preference", "priority", "weight", "port", "exchange", "target", "flags", "tag", "value")
"""Of values that have several parts: MX, SRV, CAA."""
INTERVAL_S, THRESHOLD = 10, 6
"""Defaults of octodns-route53's health checks: request_interval and failure_threshold."""


def zone(file: str, document: Mapping[str, Any], name: str) -> Brought:
    """The zone of a file. name: its apex, which octoDNS has in the file's name. Raises InputError."""
    apex = normalise(name)
    records: list[Record] = []
    checks: dict[str, Check] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    for key in document:
        at = f"{key}.{apex}".lstrip(".") if key else apex
        for body, line in _bodies(document, key):
            where = Where(file, line, at)
            try:
                _add(mapping(body, "a record"), at, where, records, checks, notes)
            except UNFIT as error:
                problems.append(Problem(file, line, f"{at}: {told_of(error)}"))
    if problems:
        raise InputError(*problems)
    return Brought(apex, tuple(records), checks, "", tuple(dict.fromkeys(notes)))


def _bodies(document: Any, key: Any) -> Iterator[tuple[Any, int | None]]:
    """The records of a name, each with its line."""
    if not isinstance(document[key], list):
        yield document[key], _line(document, "key", key)
        return
    for number, body in enumerate(document[key]):
        yield body, _line(document[key], "item", number)


def _line(found: Any, kind: str, key: Any) -> int | None:
    places = getattr(found, "lc", None)
    return None if places is None else int(getattr(places, kind)(key)[0]) + 1


def _add(
    body: Mapping[str, Any], name: str, where: Where, records: list[Record], checks: dict[str, Check], notes: list[str]
) -> None:
    kind, dynamic = str(body["type"]), body.get("dynamic")
    if kind not in TYPES:
        notes.append(f"{name}: Route 53 has no {kind}, so this record is left out")
        return
    if not dynamic:
        records.append(_plain(body, name, kind, where))
        return
    ttl_s = whole(body, "ttl", DYNAMIC_TTL_S)
    dynamic = mapping(dynamic, "dynamic")
    rules = [mapping(rule, "rules") for rule in sequence(dynamic["rules"], "rules")]
    if any(rule.get("geos") or rule.get("subnets") for rule in rules):
        notes.append(f"{name}: of its rules, only the last one is followed: it is everybody's whom no other names")
    pools = {str(key): mapping(pool, f"pool {key}") for key, pool in mapping(dynamic["pools"], "pools").items()}
    health = dict((body.get("octodns") or {}).get("healthcheck") or {})
    own = dict(((body.get("octodns") or {}).get("route53") or {}).get("healthcheck") or {})
    chain = list(_chain(pools, str(rules[-1]["pool"])))
    for pool, fallback in chain:
        for number, value in enumerate(sequence(pools[pool]["values"], f"values of pool {pool}")):
            value = mapping(value, f"a value of pool {pool}")
            found = _check(f"{name} {pool} {number}", value, name, {**health, **own}, where)
            status = str(value.get("status", "obey"))
            if status == "obey":
                checks[found.check.id] = found
            elif status == "down":
                continue
            records.append(
                _record(
                    f"_octodns-{pool}-value.{name}", kind, where, ttl_s=ttl_s, values=(str(value["value"]),),
                    set_identifier=f"{pool}-{number:03}", weight=whole(value, "weight", 1),
                    health_check_id=found.check.id if status == "obey" else None,
                )
            )  # fmt: skip
        led = [("PRIMARY", f"_octodns-{pool}-value.{name}")]
        led += [("SECONDARY", f"_octodns-{fallback}-pool.{name}")] if fallback else []
        for role, target in led:
            records.append(
                _record(
                    f"_octodns-{pool}-pool.{name}", kind, where, alias=AliasTarget("", target, True),
                    set_identifier=f"{pool}-{role}", failover=role,
                )
            )  # fmt: skip
    records.append(_record(name, kind, where, alias=AliasTarget("", f"_octodns-{chain[0][0]}-pool.{name}", True)))


def _chain(pools: Mapping[str, Mapping[str, Any]], first: str) -> Iterator[tuple[str, str]]:
    """Each pool, and the one that it falls back to, "" for none."""
    seen: list[str] = []
    pool = first
    while pool:
        if pool in seen:
            raise Misfit(f"pools fall back in a circle: {' -> '.join((*seen, pool))}")
        if pool not in pools:
            raise Misfit(f"there is no pool {pool}")
        seen.append(pool)
        fallback = str(pools[pool].get("fallback") or "")
        yield pool, fallback
        pool = fallback


def _check(check_id: str, value: Mapping[str, Any], name: str, health: Mapping[str, Any], where: Where) -> Check:
    said = {**_HEALTH, **health}
    protocol = str(said["protocol"]).upper()
    return Check(
        HealthCheck(
            check_id,
            protocol,
            ip_address=str(value["value"]),
            port=whole(said, "port", 443),
            path=str(said["path"]),
            domain_name=str(said["host"] or name),
            interval_s=whole(said, "request_interval", INTERVAL_S),
            failure_threshold=whole(said, "failure_threshold", THRESHOLD),
        ),
        where,
    )


def _plain(body: Mapping[str, Any], name: str, kind: str, where: Where) -> Record:
    values = body.get("values", body.get("value"))
    if values is None:
        raise KeyError("value")
    listed = values if isinstance(values, list) else [values]
    texts = tuple(_words(one, kind) if isinstance(one, Mapping) else _text(str(one), kind) for one in listed)
    return _record(name, kind, where, ttl_s=whole(body, "ttl", TTL_S), values=texts)


def _words(value: Mapping[str, Any], kind: str) -> str:
    """In the order of a zone file, whatever theirs is here."""
    ordered = [key for key in _ORDER if key in value]
    named = (*ordered, *(key for key in value if key not in ordered))
    quoted = {"value"} if kind == "CAA" else set()
    return " ".join(f'"{value[key]}"' if key in quoted else str(value[key]) for key in named)


def _text(value: str, kind: str) -> str:
    """octoDNS puts quotes around texts, and takes the backslash before their semicolons away."""
    if kind not in TEXTS:
        return value
    plain = value.replace("\\;", ";").replace('"', '\\"')
    return " ".join(f'"{plain[start : start + 255]}"' for start in range(0, max(1, len(plain)), 255))


def _record(name: str, kind: str, where: Where, **more: Any) -> Record:
    policies = {"weight": "Weight", "failover": "Failover"}
    found = RecordSet(normalise(name), kind, **more)
    return Record(Stored(found, frozenset(api for key, api in policies.items() if more.get(key) is not None)), where)
