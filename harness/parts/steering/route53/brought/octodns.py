"""A zone as octoDNS keeps it (YAML, one file for each zone), as its Route 53 provider would publish it.

A record with `dynamic:` becomes what that provider makes of it: for each pool a weighted record of each value with a
health check of its own (`_octodns-POOL-value.NAME`), above it a failover record to the pool itself and to the pool that
it falls back to (`_octodns-POOL-pool.NAME`), and the name itself an alias to the pool of the last rule, which everybody
gets whom no rule before it names. Sources: octoDNS, "Dynamic records"; octodns-route53, README and health checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import AliasTarget, HealthCheck, RecordSet
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought.model import Brought, Check, Record, Where
from harness.parts.steering.route53.record_sets import Stored

TTL_S = 3600
"""octoDNS's default for records without `ttl`."""
DYNAMIC_TTL_S = 60
_HEALTH = {"host": None, "path": "/_dns", "port": 443, "protocol": "HTTPS"}
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
        line = _line(document, key)
        bodies = document[key] if isinstance(document[key], list) else [document[key]]
        for body in bodies:
            where = Where(file, line, at)
            try:
                _add(body, at, where, records, checks, notes)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                problems.append(Problem(file, line, f"{at}: {said}"))
    if problems:
        raise InputError(*problems)
    return Brought(apex, tuple(records), checks, "", tuple(dict.fromkeys(notes)))


def _line(document: Any, key: Any) -> int | None:
    places = getattr(document, "lc", None)
    return None if places is None else int(places.key(key)[0]) + 1


def _add(
    body: Mapping[str, Any], name: str, where: Where, records: list[Record], checks: dict[str, Check], notes: list[str]
) -> None:
    kind, dynamic = str(body["type"]), body.get("dynamic")
    if not dynamic:
        records.append(_plain(body, name, kind, where))
        return
    ttl_s = int(body.get("ttl", DYNAMIC_TTL_S))
    rules: Sequence[Mapping[str, Any]] = dynamic["rules"]
    if any(rule.get("geos") or rule.get("subnets") for rule in rules):
        notes.append(f"{name}: of its rules, only the last one is followed: it is everybody's whom no other names")
    pools: Mapping[str, Mapping[str, Any]] = dynamic["pools"]
    health = dict((body.get("octodns") or {}).get("healthcheck") or {})
    own = dict(((body.get("octodns") or {}).get("route53") or {}).get("healthcheck") or {})
    chain = list(_chain(pools, str(rules[-1]["pool"])))
    for pool, fallback in chain:
        for number, value in enumerate(pools[pool]["values"]):
            found = _check(f"{name} {pool} {number}", value, name, {**health, **own}, where)
            status = str(value.get("status", "obey"))
            if status == "obey":
                checks[found.check.id] = found
            elif status == "down":
                continue
            records.append(
                _record(
                    f"_octodns-{pool}-value.{name}", kind, where, ttl_s=ttl_s, values=(str(value["value"]),),
                    set_identifier=f"{pool}-{number:03}", weight=int(value.get("weight", 1)),
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
            raise ValueError(f"pools fall back in a circle: {' -> '.join((*seen, pool))}")
        if pool not in pools:
            raise ValueError(f"there is no pool {pool}")
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
            port=int(said["port"]),
            path=str(said["path"]),
            domain_name=str(said["host"] or name),
            interval_s=int(said.get("request_interval", INTERVAL_S)),
            failure_threshold=int(said.get("failure_threshold", THRESHOLD)),
        ),
        where,
    )


def _plain(body: Mapping[str, Any], name: str, kind: str, where: Where) -> Record:
    values = body.get("values", body.get("value"))
    if values is None:
        raise KeyError("value")
    listed = values if isinstance(values, list) else [values]
    texts = tuple(" ".join(map(str, one.values())) if isinstance(one, Mapping) else str(one) for one in listed)
    return _record(name, kind, where, ttl_s=int(body.get("ttl", TTL_S)), values=texts)


def _record(name: str, kind: str, where: Where, **more: Any) -> Record:
    policies = {"weight": "Weight", "failover": "Failover"}
    found = RecordSet(normalise(name), kind, **more)
    return Record(Stored(found, frozenset(api for key, api in policies.items() if more.get(key) is not None)), where)
