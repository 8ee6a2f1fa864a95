"""How a client of the audience gets to its connections: through caches of its own, and as its profile has it."""

from __future__ import annotations

from harness.history.events import DnsAnswer
from harness.units import to_ns
from harness.witness.attempts import Calls
from harness.witness.dns_client import DnsReply
from harness.witness.members import Family, Member
from harness.witness.nat64 import synthesised
from harness.witness.racing_route import RacingRoute
from harness.witness.resolver import Names, Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.retrying import policy_of
from harness.witness.routes import KEPT_IDLE, FreshRoute, HeldAddress, PooledRoute, Route
from harness.witness.surroundings import Surroundings


class OfFamily:
    """The name servers, asked for one family of addresses; a name without AAAA gets some that are made of its A."""

    def __init__(self, around: Surroundings, family: Family) -> None:
        self._around = around
        self._family = family

    async def query(self, name: str) -> DnsReply:
        """See Names."""
        reply = await self._around.dns.query(name, self._family)
        if self._family == "A" or reply.addresses:
            return reply
        return synthesised(reply, await self._around.dns.query(name, "A"))


def route_of(around: Surroundings, member: Member, number: int) -> Route:
    """Of one client. number: among those of its profile."""
    resolvers: dict[str, Resolver] = {family: _resolver(around, member, number, family) for family in member.families}
    if member.connections in ("racing", "in_turn"):
        return RacingRoute(resolvers, around.dial, staggered=member.connections == "racing", ipv6=member.ipv6)
    (resolver,) = resolvers.values()
    if member.connections == "pooled":
        return PooledRoute(HeldAddress(resolver, to_ns(member.hang_s)), around.dial, KEPT_IDLE)
    return FreshRoute(resolver, around.dial)


def calls_of(around: Surroundings, member: Member, number: int) -> Calls:
    """How it makes its calls."""
    timeout_s = around.config.timeout_s
    if member.retry is None:
        return Calls(timeout_s)
    policy = policy_of(member.retry, member.scale)
    return Calls(timeout_s, policy, member.scale, f"{around.config.seed} {member.cohort} {number}")


def _resolver(around: Surroundings, member: Member, number: int, family: Family) -> Resolver:
    """Caches of siblings run out at different moments; so do those of one client, one behind another or beside it."""
    client, names = f"{member.cohort}-{number}", OfFamily(around, family)
    found: Names = names
    for layer, cache in reversed(list(enumerate(member.caches))):
        nearest = layer == 0
        place = number if nearest and family == "A" else (number * 3 + 1 + layer) % member.clients
        state = CacheState(around.origin_ns, place / member.clients, cache.policy)
        found = Resolver(client, around.config.record, found, state, around.tasks, _unheard)
    assert isinstance(found, Resolver), "a member has one cache at least"
    return found


def _unheard(answer: DnsAnswer) -> None:
    """There are many of them, and what they were answered shows in where they were served."""
