"""Properties as zones of the authoritative DNS engine: what may be handed out now, one record set for each server.

A property's name answers addresses; what it hands out as a name it answers as a CNAME. A customer's own zone leads to a
property by a CNAME of its own, as one does with a name that is to be steered by GTM.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from harness.engines.dns.lookup import Pick
from harness.engines.dns.names import normalise
from harness.engines.dns.selection import Draw
from harness.engines.dns.zone import Configuration, Group, RecordSet, Zone
from harness.parts.steering.akamai.handout import Handout, draw_servers, draw_target, handout
from harness.parts.steering.akamai.properties import Property, is_address

NAME_SERVERS = tuple(f"a{number}-64.akam.net." for number in range(1, 5))
_NS_TTL_S, _SOA_TTL_S, _MINIMUM_S = 86_400, 90_000, 60
_SOA = "{} hostmaster.akamai.com. 1 90000 3600 604800 {}"
_WEIGHT = 1000
"""Weights of the engine are whole numbers: so many to one of a target's."""
IsUp = Callable[[str, str], bool]
"""Whether a property's server may be handed out."""


@dataclass(frozen=True)
class Alias:
    """A name of the customer's that leads to a property, in the customer's zone. ttl_s: of its CNAME; negative_ttl_s:
    the minimum of the zone's SOA record."""

    name: str
    zone: str
    target: str
    ttl_s: int
    negative_ttl_s: int = _MINIMUM_S


def configuration(domains: Mapping[str, Iterable[Property]], aliases: Iterable[Alias], is_up: IsUp) -> Configuration:
    """What the name servers answer from. domains: their properties, by name."""
    zones = [Zone.of(name, name, [*_apex(name), *_records(properties, is_up)]) for name, properties in domains.items()]
    own: dict[str, list[RecordSet]] = {}
    for alias in aliases:
        records = own.setdefault(normalise(alias.zone), [*_apex(alias.zone, alias.negative_ttl_s)])
        records.append(RecordSet(normalise(alias.name), "CNAME", alias.ttl_s, (f"{alias.target}.",)))
    return Configuration((*zones, *(Zone.of(name, name, records) for name, records in own.items())))


def _apex(name: str, minimum_s: int = _MINIMUM_S) -> Iterator[RecordSet]:
    yield RecordSet(normalise(name), "SOA", _SOA_TTL_S, (_SOA.format(NAME_SERVERS[0], minimum_s),))
    yield RecordSet(normalise(name), "NS", _NS_TTL_S, NAME_SERVERS)


def _records(properties: Iterable[Property], is_up: IsUp) -> Iterator[RecordSet]:
    for prop in properties:
        yield from _handed_out(prop, handout(prop, partial(is_up, prop.name)))
        for kind, ttl_s, values in prop.static:
            yield RecordSet(prop.name, kind, ttl_s, values)


def _handed_out(prop: Property, out: Handout) -> Iterator[RecordSet]:
    if out.backup is not None:
        kind = prop.record_type if is_address(out.backup) else "CNAME"
        yield RecordSet(prop.name, kind, prop.ttl_s, (out.backup if is_address(out.backup) else f"{out.backup}.",))
        return
    for number, target in enumerate(out.targets):
        weight = _WEIGHT * target.weight
        if target.servers:
            for server in target.servers:
                yield _member(prop, number, weight, prop.record_type, server)
        elif target.cname:
            yield _member(prop, number, weight, "CNAME", f"{normalise(target.cname)}.")


def _member(prop: Property, number: int, weight: float, kind: str, value: str) -> RecordSet:
    identifier = f"{number}/{value}"
    return RecordSet(prop.name, kind, prop.ttl_s, (value,), set_identifier=identifier, weight=math.ceil(weight))


def picking(properties: Mapping[str, Property], draw: Draw) -> Pick:
    """A Pick for one client's answer: a data centre, then those of its servers that the handout mode gives."""

    def pick(candidates: Group) -> Group:
        prop = properties.get(candidates[0].name) if candidates else None
        if prop is None or candidates[0].set_identifier is None:
            return candidates
        by_target: dict[str, dict[str, RecordSet]] = {}
        for record in candidates:
            by_target.setdefault((record.set_identifier or "").partition("/")[0], {})[record.values[0]] = record
        targets = list(by_target.values())
        chosen = targets[draw_target([next(iter(members.values())).weight or 0 for members in targets], draw)]
        return tuple(chosen[value] for value in draw_servers(prop, list(chosen), draw))

    return pick
