"""The data plane's state: configuration, health, frozen names; and the events that are logged when they change.

Answers are computed from the state of the moment of the query, so a flipped status is in the next answer. `generation`
grows with every change that could alter an answer; whoever memoises answers drops them when it does.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness import scaling
from harness.clock import monotonic_ns
from harness.engines.dns.lookup import Answer, Pick, drawing, everyone, lookup, lookup_in
from harness.engines.dns.selection import Health, LoadBalancer
from harness.engines.dns.zone import Configuration, normalise
from harness.engines.health_checks.checking import Fleet
from harness.engines.health_checks.health import statuses, votes
from harness.history.events import DnsAnswer, HealthTransition
from harness.names import AUTHORITATIVE
from harness.parts.steering.route53.config import DataPlaneConfig

log = logging.getLogger(__name__)

Record = Callable[[DnsAnswer | HealthTransition], None]


@dataclass(frozen=True)
class Snapshot:
    """What answers follow from."""

    config: Configuration
    health: Health


class DataPlane:
    """All state of the data plane. Belongs to one event loop; opens no sockets itself.

    record: where events go. The fleet of checkers is set up here, because what it sees is most of the state.
    """

    def __init__(self, settings: DataPlaneConfig, record: Record) -> None:
        self.settings = settings
        self._record = record
        self._random = random.Random(f"{settings.seed}/answers")
        self.draws = 0
        self.generation = 0
        self.configured = False
        self._frozen: dict[str, Snapshot] = {}
        self._watched: dict[str, tuple[tuple[str, ...], int]] = {}
        balancers = {normalise(name): LoadBalancer(lb.address) for name, lb in settings.load_balancers.items()}
        self.now = Snapshot(Configuration(), Health(load_balancers=balancers))
        self.fleet = Fleet(
            per_check=settings.checkers,
            scale=settings.scale,
            seed=settings.seed,
            address_book=settings.address_book,
            resolve=self.resolve,
            changed=lambda _check_id: self._refresh(),
        )

    # What others read

    def answer(self, name: str, record_type: str) -> Answer:
        """One client's answer."""
        return self._lookup(name, record_type, drawing(self._draw))

    def answer_in(self, zone_id: str, name: str, record_type: str) -> Answer | None:
        """The answer that one hosted zone gives, None when there is no such zone here."""
        snapshot = self._frozen.get(normalise(name), self.now)
        zone = snapshot.config.zone_by_id(zone_id)
        if zone is None:
            return None
        if not zone.contains(normalise(name)):
            return Answer("REFUSED", authoritative=False)
        return lookup_in(snapshot.config, zone, snapshot.health, name, record_type, drawing(self._draw))

    def possible(self, name: str, record_type: str = "A") -> tuple[tuple[str, ...], int]:
        """Every value that may be answered now, sorted, and the TTL in wire seconds; () and 0 when there is none."""
        answer = self._lookup(name, record_type, everyone)
        values = tuple(sorted(answer.values(record_type)))
        ttl_s = min((rrset.ttl_s for rrset in answer.answers), default=0)
        return values, scaling.ttl_s(ttl_s, self.settings.scale) if values else 0

    def resolve(self, name: str) -> str | None:
        """An IPv4 address of a name: a load balancer's, or one from our own zones; None when there is none."""
        balancer = self.now.health.load_balancer(name)
        if balancer is not None:
            return balancer.address
        return next(iter(self.answer(name, "A").values("A")), None)

    @property
    def scale(self) -> float:
        """What every TTL is multiplied by."""
        return self.settings.scale

    @property
    def frozen(self) -> tuple[str, ...]:
        """The names whose answer no longer follows health or configuration."""
        return tuple(sorted(self._frozen))

    # What changes the state

    def configure(self, config: Configuration) -> None:
        """Take over a configuration read from the control plane."""
        self.configured = True
        self.now = Snapshot(config, self.now.health)
        self.fleet.follow(config.checks)
        self._refresh(reconfigured=True)

    def set_load_balancer(self, name: str, *, healthy: bool) -> None:
        """Note whether a load balancer has a healthy target."""
        balancers = dict(self.now.health.load_balancers)
        before = balancers[name]
        if before.healthy == healthy:
            return
        log.info("load balancer %s has %s healthy target", name, "a" if healthy else "no")
        balancers[name] = LoadBalancer(before.address, healthy)
        self.now = Snapshot(self.now.config, Health(self.now.health.checks, balancers))
        self._moved()

    def freeze(self, name: str) -> tuple[str, ...]:
        """Keep answering for `name` as now, whatever changes; returns what may be answered. Freezing twice is once."""
        self._frozen.setdefault(normalise(name), self.now)
        log.info("answer for %s is frozen", normalise(name))
        return self.possible(name)[0]

    def thaw(self) -> None:
        """Let every name follow health and configuration again."""
        if self._frozen:
            log.info("answers are no longer frozen")
        self._frozen.clear()
        self._moved()

    def reset(self) -> None:
        """Forget what checkers have seen, and thaw."""
        self.fleet.reset()
        self._frozen.clear()
        self._refresh(reconfigured=True)

    # How a change spreads

    def _draw(self) -> float:
        self.draws += 1
        return self._random.random()

    def _lookup(self, name: str, record_type: str, pick: Pick) -> Answer:
        if not self.configured:
            return Answer("SERVFAIL", authoritative=False)
        snapshot = self._frozen.get(normalise(name), self.now)
        return lookup(snapshot.config, snapshot.health, name, record_type, pick)

    def _refresh(self, *, reconfigured: bool = False) -> None:
        before = self.now.health.checks
        after = statuses(self.now.config, self.fleet.states())
        if after != before:
            self.now = Snapshot(self.now.config, Health(after, self.now.health.load_balancers))
            self._log_transitions(before, after)
        if reconfigured or after != before:
            self._moved()

    def _log_transitions(self, before: Mapping[str, bool], after: Mapping[str, bool]) -> None:
        """One event per health check of a region's edge that changed its status; a new check is no change."""
        now_ns = monotonic_ns()
        for check_id, healthy in after.items():
            if before.get(check_id, healthy) == healthy:
                continue
            status: Literal["healthy", "unhealthy"] = "healthy" if healthy else "unhealthy"
            checkers = self.fleet.states().get(check_id, ())
            log.info("health check %s is %s: %d of %d checkers", check_id, status, votes(checkers), len(checkers))
            region = self.settings.regions.get(self.endpoint(check_id) or "")
            if region is not None:
                self._record(HealthTransition(region, status, votes(checkers), len(checkers), now_ns))

    def endpoint(self, check_id: str) -> str | None:
        """The address that a health check probes; None when it has none, or does not resolve."""
        check = self.now.config.checks.get(check_id)
        if check is None:
            return None
        return check.ip_address or (self.resolve(check.domain_name) if check.domain_name else None)

    def _moved(self) -> None:
        self.generation += 1
        if not self.configured:
            return
        now_ns = monotonic_ns()
        for name in self.settings.watch:
            seen = self.possible(name)
            if self._watched.get(name, ((), 0)) != seen:
                self._watched[name] = seen
                addresses, ttl_s = seen
                log.info("answer for %s: %s", name, ", ".join(addresses) or "none")
                self._record(DnsAnswer("world", AUTHORITATIVE, name, addresses, ttl_s, now_ns))
