"""Drives the data plane's machine (model.py): gives it the clock and chance, runs its checkers, logs what changes."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Mapping
from typing import Literal

from harness.clock import monotonic_ns
from harness.engines.dns.geography import Location, located
from harness.engines.dns.lookup import Answer, drawing
from harness.engines.dns.names import normalise
from harness.engines.dns.zone import Configuration
from harness.engines.health_checks.checker import Observation
from harness.engines.health_checks.checking import Fleet
from harness.engines.health_checks.policy import Blindness
from harness.engines.health_checks.route53 import Route53Checkers
from harness.engines.provider.plane import AnsweringPlane
from harness.engines.provider.telling import answered
from harness.errors import InputError
from harness.history.events import DnsAnswer, HealthTransition
from harness.parts.steering.route53 import model
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.latency import Latencies
from harness.parts.steering.route53.metrics import Statuses
from harness.parts.steering.route53.model import Effect, Plane, Snapshot, StatusChanged

log = logging.getLogger(__name__)

Record = Callable[[DnsAnswer | HealthTransition], None]


class DataPlane(AnsweringPlane[model.PlaneState]):
    """The data plane of one event loop, checkers included; listening is the server's. record: where events go."""

    def __init__(self, settings: DataPlaneConfig, record: Record) -> None:
        super().__init__(settings.seed, settings.scale)
        self.settings = settings
        self._record = record
        self._plane = Plane(settings.watch, settings.regions, settings.scale, settings.alarms)
        self._locations = {ipaddress.ip_network(n): located(place) for n, place in settings.locations.items()}
        here = None if settings.clients_at is None else located(settings.clients_at)
        self.state = model.start({name: lb.address for name, lb in settings.load_balancers.items()}, here)
        self.fleet = Fleet(
            policy=Route53Checkers(settings.checkers, settings.scale),
            seed=settings.seed,
            address_book=settings.address_book,
            resolve=lambda name: self.state.resolve(name, drawing(self._draw)),
            changed=lambda check_id: self.happened(model.Checked(self.fleet.states(), check_id)),
            heard=self._heard,
        )
        self.latencies = Latencies()

    # What others read

    @property
    def now(self) -> Snapshot:
        """What answers follow from, unless their name is frozen."""
        return self.state.now

    @property
    def configured(self) -> bool:
        """Whether a configuration was read."""
        return self.state.configured

    @property
    def frozen(self) -> tuple[str, ...]:
        """The names whose answer no longer follows health or configuration."""
        return tuple(sorted(self.state.frozen))

    def answer(self, name: str, record_type: str, subnet: str | None = None) -> Answer:
        """One client's answer. subnet: an address of the network that it is in, where its resolver tells."""
        return self.state.answer(name, record_type, drawing(self._draw), self.location(subnet))

    def answer_in(self, zone_id: str, name: str, record_type: str, subnet: str | None = None) -> Answer | None:
        """The answer that one hosted zone gives, None when there is no such zone here."""
        return self.state.answer_in(zone_id, name, record_type, drawing(self._draw), self.location(subnet))

    def location(self, address: str | None) -> Location | None:
        """Where an address is: by the smallest network that is known to hold it; None where none is."""
        if address is None:
            return None
        found = ipaddress.ip_address(address)
        networks = [n for n in self._locations if n.version == found.version and found in n]
        return self._locations[max(networks, key=lambda n: n.prefixlen)] if networks else None

    def hear(self, told: Mapping[str, bool | None]) -> None:
        """Take in what is watched by checks that probe nothing."""
        self.happened(model.Heard(told, self.fleet.states()))

    def hear_metrics(self, told: Mapping[str, bool | None]) -> None:
        """The same of metrics: nothing while all health stands still, no data while checkers reach nothing."""
        if self.fleet.blindness != "frozen":
            self.hear(dict.fromkeys(told, None) if self.fleet.blindness else told)

    def _heard(self, check_id: str, number: int, seen: Observation) -> None:
        if seen.times is not None:
            places = [place for place, _ in self.fleet.observers(check_id)]
            self.latencies.add(check_id, places[number].region, seen.times)

    def statuses(self) -> Statuses:
        """What can be told of all health checks; may be called from any thread."""
        now = self.state.now
        checkers = {check_id: tuple(some) for check_id, some in self.fleet.states().items()}
        return Statuses(now.config, now.health.checks, checkers)

    def possible(self, name: str, record_type: str = "A") -> tuple[tuple[str, ...], int]:
        """Every value that may be answered now, sorted, and the TTL in wire seconds; () and 0 when there is none."""
        return self._plane.possible(self.state, name, record_type)

    def endpoint(self, check_id: str) -> str | None:
        """The address that a health check probes; None when it has none, or does not resolve."""
        return self.state.endpoint(check_id)

    def region(self, check_id: str) -> str | None:
        """The region that a health check is about; None where it is about none, or about several."""
        return self._plane.region(self.state, check_id)

    def told(self, check_id: str) -> bool | None:
        """What was heard last of a check that probes nothing; None: there is no data."""
        check = self.state.now.config.checks.get(check_id)
        return None if check is None or check.watches is None else self.state.told.now.get(check.watches)

    def control_followers(self) -> Mapping[str, str]:
        """Health check -> the routing control that it follows."""
        checks = self.state.now.config.checks.values()
        return {check.id: check.routing_control for check in checks if check.routing_control}

    # What changes the state

    def configure(self, config: Configuration) -> None:
        """Take over a configuration read from the control plane."""
        self.fleet.follow(config.checks)
        self.happened(model.Configured(config, self.fleet.states()))

    def blind(self, blindness: Blindness | None) -> None:
        """From now on health checkers reach nothing, or all health stands still; None: everything is looked at."""
        self.fleet.blind(blindness)
        log.info("health checks are %s", blindness or "looking again")

    def set_load_balancer(self, name: str, *, healthy: bool) -> None:
        """Note whether a load balancer has a healthy target."""
        if self.fleet.blindness == "frozen":
            return
        before = self.state
        self.happened(model.Targets(name, healthy))
        if self.state is not before:
            log.info("load balancer %s has %s healthy target", name, "a" if healthy else "no")

    def freeze(self, name: str) -> None:
        """Keep answering for `name` as now, whatever changes. Raises InputError where nothing is answered yet."""
        if not self.state.configured:
            raise InputError("nothing to freeze: no configuration was read from the control plane yet")
        super().freeze(name)
        log.info("answer for %s is frozen", normalise(name))

    def thaw(self) -> None:
        """Let every name follow health and configuration again."""
        if self.state.frozen:
            log.info("answers are no longer frozen")
        super().thaw()

    def reset(self) -> None:
        """Forget what checkers have seen, and thaw."""
        self.fleet.reset()
        self.happened(model.Forgotten(self.fleet.states()))

    def happened(self, event: model.Event) -> None:
        """Take an event in."""
        now_ns = monotonic_ns()
        self.state, effects = self._plane.step(self.state, event, now_ns)
        for effect in effects:
            self._tell(effect, now_ns)

    def _tell(self, effect: Effect, now_ns: int) -> None:
        if isinstance(effect, StatusChanged):
            status: Literal["healthy", "unhealthy"] = "healthy" if effect.healthy else "unhealthy"
            by = f": {effect.votes} of {effect.checkers} checkers" if effect.checkers else ""
            log.info("health check %s is %s%s", effect.check_id, status, by)
            if effect.region is not None:
                self._record(HealthTransition(effect.region, status, effect.votes, effect.checkers, now_ns))
            return
        log.info("answer for %s: %s", effect.name, ", ".join(effect.addresses) or "none")
        self._record(answered(effect, now_ns))
