"""Which pool a load balancer leads to, and what the zone's name servers therefore answer.

Steering policy `off`: the first pool of `default_pools` that is healthy. When none is, the fallback pool, whose own
health does not count; when that one is disabled, nobody (the name answers its zone's SOA, or a proxied one error 530).
A policy that needs to know where a client is, or how quick a pool, has nothing to go by on one machine: `off` as well.
Sources: Cloudflare Load Balancing, "Standard options", "Fallback pools", "How a load balancer becomes unhealthy".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import Configuration, RecordSet, Zone
from harness.engines.provider.values import Json
from harness.parts.steering.cloudflare.balancers import TTL_S
from harness.parts.steering.cloudflare.health import (
    Endpoint,
    Health,
    endpoints_of,
    healthy_endpoints,
    is_address,
    serves,
)
from harness.parts.steering.cloudflare.values import Account

PROXIED_TTL_S = 300
"""Of the addresses of Cloudflare's own edge (TTL "Auto")."""
_SOA = "ada.ns.cloudflare.com. dns.cloudflare.com. 2350000000 10000 2400 604800 1800"
_SOA_TTL_S, _NS_TTL_S = 1_800, 86_400
NAME_SERVERS = ("ada.ns.cloudflare.com.", "bob.ns.cloudflare.com.")


@dataclass(frozen=True)
class Chosen:
    """Where a load balancer leads. pool: None where nobody is left. endpoints: those that may get a request now.

    fallback: it is the pool of last resort, whose health did not count. others: pools that would serve as well, in
    order, for a request that may go on to another pool.
    """

    pool: Json | None = None
    endpoints: tuple[Endpoint, ...] = ()
    fallback: bool = False
    others: tuple[Json, ...] = ()


def choose(balancer: Json, pools: Mapping[str, Json], health: Health) -> Chosen:
    """The pool that a load balancer leads to now."""
    wanted = [pools[pool] for pool in balancer["default_pools"] if pool in pools]
    healthy = [pool for pool in wanted if pool["enabled"] and serves(pool, health)]
    if healthy:
        return Chosen(healthy[0], healthy_endpoints(healthy[0], health), others=tuple(healthy[1:]))
    last = pools.get(balancer["fallback_pool"])
    if last is None or not last["enabled"]:
        return Chosen()
    endpoints = healthy_endpoints(last, health) or tuple(e for e in endpoints_of(last) if e.traffic)
    return Chosen(last, endpoints, fallback=True) if endpoints else Chosen()


def configuration(zone_id: str, zone: str, account: Account, health: Health, anycast: Iterable[str]) -> Configuration:
    """What the name servers of the account's zone answer from. anycast: the addresses of Cloudflare's own edge."""
    apex = normalise(zone)
    records = [
        RecordSet(apex, "SOA", _SOA_TTL_S, (_SOA,)),
        RecordSet(apex, "NS", _NS_TTL_S, NAME_SERVERS),
    ]
    names = set()
    for balancer in account.balancers.values():
        if balancer["enabled"]:
            names.add(normalise(balancer["name"]))
            records.extend(_records(balancer, account, health, tuple(anycast)))
    made = Zone.of(zone_id, apex, records)
    # A balancer that leads nowhere has a name all the same: no data, with the SOA.
    return Configuration((replace(made, names=made.names | names),))


def _records(balancer: Json, account: Account, health: Health, anycast: tuple[str, ...]) -> Iterator[RecordSet]:
    name = normalise(balancer["name"])
    if balancer["proxied"]:
        yield RecordSet(name, "A", PROXIED_TTL_S, anycast)
        return
    ttl_s = int(balancer.get("ttl") or TTL_S)
    endpoints = choose(balancer, account.pools, health).endpoints
    several = len(endpoints) > 1
    for endpoint in endpoints:
        kind = "CNAME" if not is_address(endpoint.address) else "AAAA" if ":" in endpoint.address else "A"
        # One of several by weight, as origin steering `random` does (weights have two decimals).
        yield RecordSet(
            name, kind, ttl_s, (endpoint.address,),
            set_identifier=endpoint.name if several else None,
            weight=max(1, round(100 * endpoint.weight)) if several else None,
        )  # fmt: skip
