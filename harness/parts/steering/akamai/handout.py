"""What a property hands out: which data centre answers, and which of its servers.

A data centre is up while enough of its servers are (`minLiveFraction`, at least one); one that hands a name out is up.
`failover` answers with the primary, the target of the greatest weight, else with the next one that is listed;
`ranked-failover` with the lowest precedence; `weighted-round-robin` with each of them as often as its weight says. When
all are down the backup is handed out, and without one all count as up. Of a data centre's servers those that are up are
handed out, as many as the handout mode says. Sources: Akamai, "Understand GTM concepts" ("Compute answer to DNS query",
"Zero target"), the GTM API's property object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.engines.dns.selection import Draw
from harness.parts.steering.akamai.properties import RANKED, WEIGHTED, Property, Target

Up = Callable[[str], bool]
"""Whether a server may be handed out."""


@dataclass(frozen=True)
class Handout:
    """What may be handed out now. targets: those that chance decides between, with the servers that are up.

    backup: an address or a name in their place.
    """

    targets: tuple[Target, ...] = ()
    backup: str | None = None


def handout(prop: Property, up: Up) -> Handout:
    """What a property may hand out."""
    alive = [target for target in (_alive(one, prop, up) for one in prop.targets) if target is not None]
    if not alive and prop.has_backup:
        return Handout(backup=prop.backup_ip or prop.backup_cname)
    return Handout(_chosen(prop, alive or list(prop.targets)))


def _alive(target: Target, prop: Property, up: Up) -> Target | None:
    """The target with the servers that are up; None when it is down."""
    if not target.servers:
        return target if target.cname else None
    live = tuple(server for server in target.servers if up(server))
    if not live or len(live) < prop.min_live_fraction * len(target.servers):
        return None
    return replace(target, servers=live)


def _chosen(prop: Property, targets: Sequence[Target]) -> tuple[Target, ...]:
    if prop.type == WEIGHTED:
        return tuple(target for target in targets if target.weight > 0) or tuple(targets)
    # Of equals the first one that is listed: sorting is stable.
    ranked = sorted(targets, key=lambda one: one.precedence if prop.type == RANKED else -one.weight)
    return tuple(ranked[:1])


def draw_target(weights: Sequence[float], draw: Draw) -> int:
    """Which of several targets answers, by their weights. Draws only where chance decides."""
    if len(weights) == 1:
        return 0
    shares = weights if any(weights) else [1.0] * len(weights)
    mark = draw() * sum(shares)
    for number, share in enumerate(shares):
        mark -= share
        if mark < 0:
            return number
    return len(shares) - 1


def draw_servers(prop: Property, servers: Sequence[str], draw: Draw) -> tuple[str, ...]:
    """The servers of one data centre that one answer has, by the handout mode."""
    match prop.mode:
        case "one-ip":
            return (servers[int(draw() * len(servers))],) if len(servers) > 1 else tuple(servers)
        case "one-ip-hashed":
            return (min(servers, key=lambda server: hashlib.sha256(f"{prop.name}/{server}".encode()).digest()),)
        case "all-live-ips":
            return tuple(servers)
        case "persistent":
            return tuple(sorted(servers)[: prop.limit])
        case _:
            return _some(servers, prop.limit or len(servers), draw)


def _some(servers: Sequence[str], limit: int, draw: Draw) -> tuple[str, ...]:
    if len(servers) < 2:
        return tuple(servers)
    shuffled = [server for _, server in sorted((draw(), server) for server in servers)]
    return tuple(shuffled[:limit])
