"""Which records of a group Route 53 answers with, given what is healthy now.

The order of decisions (Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is
configured" and "... in more complex configurations"; API Reference, ResourceRecordSet):

1. A record is healthy when its health check is (or it has none), and, for an alias that evaluates target health, the
   target is too: at least one record of the target group, or a healthy target behind the load balancer.
2. The routing policy chooses among the healthy records. When none is healthy all count as healthy: never no answer.
3. Failover: a healthy primary, else a healthy secondary, else the primary.
4. Weighted: by weight among healthy records; weight 0 only when no healthy record has more; all 0: equal chances.
5. Latency: the healthy record whose region is nearest to the client. Geolocation: of the records that are for the
   client's place, those of the smallest place that has a healthy one: state, country, continent, everybody; no answer
   where none is for it.
6. Multivalue: up to eight healthy records; when all are unhealthy, up to eight unhealthy ones.
7. An alias is followed into its target group, which decides in the same way. One that evaluates target health is
   healthy only when a leaf below it is, so a dead branch is backed out of; one that does not must answer anyhow.

`eligible` says who may answer, without chance; `choose` draws among them with randomness that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.engines.dns.geography import Location
from harness.engines.dns.names import normalise
from harness.engines.dns.zone import AliasTarget, GeoLocation, Group, RecordSet, Zone

MULTIVALUE_LIMIT = 8
"""Multivalue answer routing answers with up to eight healthy records (API Reference, MultiValueAnswer)."""
DEEPEST_ALIAS = 16
"""Aliases nested deeper than this are a loop; the API lets one be made, and resolvers give up at similar depths."""
DUALSTACK = "dualstack."
"""In front of a load balancer's name: the same one (Developer Guide, alias to ELB)."""

Draw = Callable[[], float]
"""A number in [0, 1), new at each call."""


@dataclass(frozen=True)
class LoadBalancer:
    """What a load balancer's name stands for. healthy: at least one registered target is healthy."""

    address: str
    healthy: bool = True


@dataclass(frozen=True)
class Health:
    """All that selection needs to know of the world: health check statuses by id, load balancers by name.

    client: where whoever asks is; None: nobody knows.
    """

    checks: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    load_balancers: Mapping[str, LoadBalancer] = field(default_factory=lambda: MappingProxyType({}))
    client: Location | None = None

    def check(self, check_id: str) -> bool:
        """A health check's status; a deleted one, of which AWS promises nothing, is healthy."""
        return self.checks.get(check_id, True)

    def load_balancer(self, name: str) -> LoadBalancer | None:
        """The load balancer of this name; `dualstack.` in front is the same one (Developer Guide, alias to ELB)."""
        return self.load_balancers.get(normalise(name).removeprefix(DUALSTACK))


def is_healthy(record: RecordSet, zone: Zone, health: Health, depth: int = 0) -> bool:
    """Whether a record may be chosen while another is healthy: its health check AND its evaluated target."""
    if record.health_check_id is not None and not health.check(record.health_check_id):
        return False
    if record.alias is None or not record.alias.evaluate_target_health:
        return True
    return _target_healthy(record.alias, record.type, zone, health, depth + 1)


def _target_healthy(alias: AliasTarget, record_type: str, zone: Zone, health: Health, depth: int) -> bool:
    balancer = health.load_balancer(alias.name)
    if balancer is not None:
        return balancer.healthy
    if depth > DEEPEST_ALIAS:
        return False
    return any(is_healthy(record, zone, health, depth) for record in zone.group(alias.name, record_type))


def eligible(group: Group, zone: Zone, health: Health) -> Group:
    """The records of a group that may be answered with now. Of a group that is not empty, none only by geolocation."""
    healthy = tuple(record for record in group if is_healthy(record, zone, health))
    candidates = healthy or group
    if any(record.failover for record in group):
        return _failover(group, healthy)
    if any(record.weight is not None for record in group):
        return tuple(record for record in candidates if record.weight) or candidates
    if any(record.multivalue for record in group):
        return candidates
    if any(record.geo for record in group):
        return _by_place(group, healthy, health.client)
    # Simple groups hold one record; of records by latency, whose client nobody knows, the first by name.
    return tuple(sorted(candidates, key=lambda record: _distance(record, health.client)))[:1]


def _distance(record: RecordSet, client: Location | None) -> tuple[float, str]:
    far_km = client.distance_km(record.region) if client is not None and record.region is not None else 0.0
    return far_km, record.set_identifier or ""


def _by_place(group: Group, healthy: Group, client: Location | None) -> Group:
    """The smallest place first; one without a healthy record is passed over, unless all are."""
    for pool in (healthy, group):
        for fits in _PLACES:
            found = tuple(record for record in pool if record.geo is not None and fits(record.geo, client))
            if found:
                return found[:1]
    return ()


_PLACES: tuple[Callable[[GeoLocation, Location | None], bool], ...] = (
    lambda geo, client: bool(
        client and geo.subdivision and (geo.country, geo.subdivision) == (client.country, client.subdivision)
    ),
    lambda geo, client: bool(client and not geo.subdivision and geo.country == client.country),
    lambda geo, client: bool(client and not geo.country and geo.continent == client.continent),
    lambda geo, _: geo == GeoLocation(),
)
"""State, country, continent, everybody."""


def _failover(group: Group, healthy: Group) -> Group:
    for pool in (healthy, group):
        for role in ("PRIMARY", "SECONDARY"):
            found = tuple(record for record in pool if record.failover == role)
            if found:
                return found[:1]
    return group[:1]


def choose(candidates: Group, draw: Draw) -> Group:
    """The records to answer with, among those eligible. Draws only where chance decides."""
    if len(candidates) < 2:
        return candidates
    if candidates[0].multivalue:
        return tuple(shuffled(candidates, draw)[:MULTIVALUE_LIMIT])
    return (_weighted(candidates, draw),)


def _weighted(candidates: Group, draw: Draw) -> RecordSet:
    weights = [record.weight or 0 for record in candidates]
    if not any(weights):
        weights = [1] * len(candidates)
    mark = draw() * sum(weights)
    for record, weight in zip(candidates, weights, strict=True):
        mark -= weight
        if mark < 0:
            return record
    return candidates[-1]


def shuffled(items: Sequence[RecordSet], draw: Draw) -> list[RecordSet]:
    """The items in an order that `draw` decides."""
    return [item for _, item in sorted(((draw(), item) for item in items), key=lambda pair: pair[0])]
