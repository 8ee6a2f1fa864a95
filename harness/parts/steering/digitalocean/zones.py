"""Domains as zones of the authoritative DNS engine: records of a name and type answer together, whatever is healthy."""

from __future__ import annotations

from collections.abc import Iterable

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import Configuration, RecordSet, Zone
from harness.parts.steering.digitalocean.records import absolute, soa_data, wire_data
from harness.parts.steering.digitalocean.values import Domain


def configuration(domains: Iterable[Domain]) -> Configuration:
    """What the name servers answer from."""
    return Configuration(tuple(map(_zone, domains)))


def _zone(domain: Domain) -> Zone:
    sets: dict[tuple[str, str], RecordSet] = {}
    for record in domain.records:
        name, values = normalise(absolute(record.name, domain)), (wire_data(record, domain),)
        if record.type == "SOA":
            values = (soa_data(domain),)
        before = sets.get((name, record.type))
        # Records of one name and type have one TTL (RFC 2181, section 5.2).
        ttl = record.ttl if before is None else min(record.ttl, before.ttl_s or record.ttl)
        sets[name, record.type] = RecordSet(name, record.type, ttl, (*(before.values if before else ()), *values))
    return Zone.of(domain.name, domain.name, sets.values())
