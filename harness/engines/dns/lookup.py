"""From a question to an answer: zone, name, CNAME, wildcard, alias; what is missing is said with the zone's SOA.

Aliases are followed inside the zone and never shown; the answer carries the name that was asked for and the TTL of
the record that the alias ends at, 60 s for a load balancer (API Reference, ResourceRecordSet TTL). A name outside
every zone is refused; one that is delegated to others is referred to their name servers. NXDOMAIN and "no such type"
carry the SOA, whose TTL in the authority section is how long the absence may be cached: min(TTL of the SOA record, its
MINIMUM field) (RFC 2308 sections 3 and 5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from harness.engines.dns.names import normalise
from harness.engines.dns.selection import DEEPEST_ALIAS, Draw, Health, choose, eligible
from harness.engines.dns.zone import Configuration, Group, RecordSet, Zone

LOAD_BALANCER_TTL_S = 60
"""TTL of an alias to a load balancer (API Reference, ResourceRecordSet TTL)."""
LONGEST_CNAME_CHAIN = 8

Rcode = Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"]
Pick = Callable[[Group], Group]


@dataclass(frozen=True)
class RRset:
    """Records of one name and type as they are answered. ttl_s: documented seconds, not yet scaled."""

    name: str
    type: str
    ttl_s: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What is answered: code, and the three sections. authoritative: the AA bit."""

    rcode: Rcode
    answers: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    authoritative: bool = True
    additional: tuple[RRset, ...] = ()

    def values(self, record_type: str) -> tuple[str, ...]:
        """All answered values of one type, in answer order."""
        return tuple(value for rrset in self.answers if rrset.type == record_type for value in rrset.values)


class _Unresolvable(Exception):
    """An alias ends at nothing that exists here."""


def everyone(candidates: Group) -> Group:
    """A Pick that leaves nothing to chance: all records that may be answered with. For watching, not for clients."""
    return candidates


def drawing(draw: Draw) -> Pick:
    """A Pick for one client's answer."""
    return lambda candidates: choose(candidates, draw)


def lookup(config: Configuration, health: Health, name: str, record_type: str, pick: Pick) -> Answer:
    """The answer to one question. record_type: as in DNS (A, AAAA, CNAME, TXT, ...)."""
    zone = config.zone_for(normalise(name))
    if zone is None:
        return Answer("REFUSED", authoritative=False)
    return lookup_in(config, zone, health, name, record_type, pick)


def lookup_in(config: Configuration, zone: Zone, health: Health, name: str, record_type: str, pick: Pick) -> Answer:
    """The answer that one zone gives; a CNAME is followed as long as it stays in our zones."""
    asked = normalise(name)
    chain: tuple[RRset, ...] = ()
    here: Zone | None = zone
    try:
        while here is not None and len(chain) < LONGEST_CNAME_CHAIN:
            answer = _step(here, health, asked, record_type, pick)
            chain = (*chain, *answer.answers)
            if record_type == "CNAME" or not answer.answers or answer.answers[0].type != "CNAME":
                # The bit is about the first name: of a chain, one of ours.
                return replace(answer, answers=chain, authoritative=answer.authoritative or bool(chain))
            asked = normalise(answer.answers[0].values[0])
            here = config.zone_for(asked)
    except _Unresolvable:
        return Answer("SERVFAIL")
    return Answer("NOERROR", chain)


def _step(zone: Zone, health: Health, name: str, record_type: str, pick: Pick) -> Answer:
    cut = zone.cut_above(name) if zone.cuts else None
    if cut is not None and (name, record_type) != (cut, "DS"):  # which is the parent's (RFC 4035 section 3.1.4.1)
        return _referral(zone, cut)
    owner = _owner(zone, name)
    if owner is None:
        return Answer("NXDOMAIN", authority=_negative(zone))
    for candidate in (record_type, "CNAME"):
        group = zone.group(owner, candidate)
        if group:
            rrset = _rrset(name, group, zone, health, pick)
            return Answer("NOERROR", (rrset,)) if rrset else Answer("NOERROR", authority=_negative(zone))
    return Answer("NOERROR", authority=_negative(zone))


def _referral(zone: Zone, cut: str) -> Answer:
    """To the name servers of a delegated name, with those of their addresses that are known here (RFC 1034 section
    4.3.2)."""
    servers = tuple(_plain(record) for record in zone.group(cut, "NS"))
    names = dict.fromkeys(normalise(value) for rrset in servers for value in rrset.values)
    glue = tuple(_plain(one) for name in names for kind in ("A", "AAAA") for one in zone.group(name, kind))
    return Answer("NOERROR", authority=servers, authoritative=False, additional=glue)


def _plain(record: RecordSet) -> RRset:
    return RRset(record.name, record.type, record.ttl_s or 0, record.values)


def _owner(zone: Zone, name: str) -> str | None:
    """The name whose records answer for `name`: itself, or the wildcard at its closest encloser (RFC 4592)."""
    if name in zone.names:
        return name
    encloser = name
    while encloser not in zone.names:
        if not zone.contains(encloser):
            return None
        encloser = encloser.partition(".")[2]
    wildcard = f"*.{encloser}"
    return wildcard if wildcard in zone.names else None


def _rrset(name: str, group: Group, zone: Zone, health: Health, pick: Pick) -> RRset | None:
    leaves = _leaves(group, zone, health, pick, 0)
    values = tuple(dict.fromkeys(value for _, found in leaves for value in found))
    if not values:
        return None
    return RRset(name, group[0].type, min(ttl_s for ttl_s, _ in leaves), values)


def _leaves(group: Group, zone: Zone, health: Health, pick: Pick, depth: int) -> list[tuple[int, tuple[str, ...]]]:
    chosen = pick(eligible(group, zone, health))
    return [leaf for record in chosen for leaf in _follow(record, zone, health, pick, depth)]


def _follow(record: RecordSet, zone: Zone, health: Health, pick: Pick, depth: int) -> list[tuple[int, tuple[str, ...]]]:
    if record.alias is None:
        return [(record.ttl_s or 0, record.values)]
    balancer = health.load_balancer(record.alias.name)
    if balancer is not None:
        return [(LOAD_BALANCER_TTL_S, (balancer.address,))] if record.type == "A" else []
    target = zone.group(record.alias.name, record.type)
    if not target or depth >= DEEPEST_ALIAS:
        raise _Unresolvable
    return _leaves(target, zone, health, pick, depth + 1)


def _negative(zone: Zone) -> tuple[RRset, ...]:
    for record in zone.group(zone.name, "SOA"):
        *_, minimum = record.values[0].split()
        ttl_s = min(record.ttl_s or 0, int(minimum)) if minimum.isdecimal() else record.ttl_s or 0
        return (RRset(zone.name, "SOA", ttl_s, record.values),)
    return ()
