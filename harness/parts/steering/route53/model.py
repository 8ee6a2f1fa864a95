"""What the data plane answers, and how configuration, health and frozen names change that: a pure machine.

An answer follows from the snapshot of the moment of the query, so a status that flipped is in the next answer; a frozen
name keeps the snapshot that it was frozen with. `generation` grows with every change that could alter an answer;
whoever memoises answers drops them when it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.engines.dns.answering import AnswerChanged, Answered, Answering, Freeze, Thaw, possible
from harness.engines.dns.geography import Location
from harness.engines.dns.lookup import Answer, Pick, everyone, lookup, lookup_in
from harness.engines.dns.names import normalise
from harness.engines.dns.selection import Health, LoadBalancer
from harness.engines.dns.zone import Configuration
from harness.engines.health_checks.checker import Checker
from harness.engines.health_checks.health import NOTHING_TOLD, Told, status_of, statuses, votes

Checkers = Mapping[str, Sequence[Checker]]
"""What every checker knows, by health check id."""


@dataclass(frozen=True)
class Snapshot:
    """What answers follow from."""

    config: Configuration
    health: Health

    def seen_from(self, client: Location | None) -> Snapshot:
        """What answers to a client follow from. None: of it is known what is known of all."""
        return self if client is None else replace(self, health=replace(self.health, client=client))


@dataclass(frozen=True)
class Configured:
    """The control plane's configuration was read; the fleet has taken it over."""

    config: Configuration
    checkers: Checkers


@dataclass(frozen=True)
class Checked:
    """A checker's vote changed, or its first result came. check_id: of its health check; "" where it may be any."""

    checkers: Checkers
    check_id: str = ""


@dataclass(frozen=True)
class Targets:
    """Whether a load balancer has a healthy target."""

    load_balancer: str
    healthy: bool


@dataclass(frozen=True)
class Heard:
    """What checks watch that probe nothing: see harness.engines.health_checks.health.Told."""

    told: Mapping[str, bool | None]
    checkers: Checkers


@dataclass(frozen=True)
class Forgotten:
    """The checkers have forgotten what they saw, and nothing is frozen any more."""

    checkers: Checkers


@dataclass(frozen=True)
class StatusChanged:
    """Effect: a health check changed its status. region: whose edge it probes, or whose alarm it watches; None when it
    is no region's."""

    check_id: str
    healthy: bool
    votes: int
    checkers: int
    region: str | None


Event = Configured | Checked | Targets | Heard | Freeze | Thaw | Forgotten
Effect = StatusChanged | AnswerChanged


@dataclass(frozen=True)
class PlaneState(Answering[Snapshot]):
    """configured: whether a configuration was read. told: what is known of checks that probe nothing."""

    configured: bool = False
    told: Told = NOTHING_TOLD

    def answer(self, name: str, record_type: str, pick: Pick, client: Location | None = None) -> Answer:
        """The answer to one question; SERVFAIL until there is a configuration. client: where it is from."""
        if not self.configured:
            return Answer("SERVFAIL", authoritative=False)
        snapshot = self.basis(name).seen_from(client)
        return lookup(snapshot.config, snapshot.health, name, record_type, pick)

    def answer_in(
        self, zone_id: str, name: str, record_type: str, pick: Pick, client: Location | None = None
    ) -> Answer | None:
        """The answer that one hosted zone gives, None when there is no such zone here."""
        snapshot = self.basis(name).seen_from(client)
        zone = snapshot.config.zone_by_id(zone_id)
        if zone is None:
            return None
        if not zone.contains(normalise(name)):
            return Answer("REFUSED", authoritative=False)
        return lookup_in(snapshot.config, zone, snapshot.health, name, record_type, pick)

    def resolve(self, name: str, pick: Pick) -> str | None:
        """An IPv4 address of a name: a load balancer's, or one from our own zones; None when there is none."""
        balancer = self.now.health.load_balancer(name)
        if balancer is not None:
            return balancer.address
        return next(iter(self.answer(name, "A", pick).values("A")), None)

    def endpoint(self, check_id: str) -> str | None:
        """The address that a health check probes; None when it has none, or does not resolve."""
        check = self.now.config.checks.get(check_id)
        if check is None:
            return None
        return check.ip_address or (self.resolve(check.domain_name, everyone) if check.domain_name else None)


def start(load_balancers: Mapping[str, str], client: Location | None = None) -> PlaneState:
    """The state before any configuration. load_balancers: name -> address; they count as healthy until told. client:
    where all clients are of which nothing else is known."""
    balancers = {normalise(name): LoadBalancer(address) for name, address in load_balancers.items()}
    return PlaneState(now=Snapshot(Configuration(), Health(load_balancers=balancers, client=client)))


@dataclass(frozen=True)
class Plane:
    """The machine. watch: names whose answer is told when it changes. regions: answered address -> whose edge it is.
    scale: of TTLs. alarms: alarm -> whose health it is."""

    watch: tuple[str, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    alarms: Mapping[str, str] = field(default_factory=dict)

    def region(self, state: PlaneState, check_id: str) -> str | None:
        """The region that a health check is about; None where it is about none, or about several."""
        check = state.now.config.checks.get(check_id)
        if check is not None and check.alarm is not None:
            return self.alarms.get(check.alarm[1])
        return self.regions.get(state.endpoint(check_id) or "")

    def possible(self, state: PlaneState, name: str, record_type: str = "A") -> Answered:
        """Every value that may be answered now, and the TTL."""
        return possible(state.answer(name, record_type, everyone), self.scale, record_type)

    def step(self, state: PlaneState, event: Event, now_ns: int) -> tuple[PlaneState, tuple[Effect, ...]]:
        """The plane after `event`, and what changed for whoever watches."""
        match event:
            case Configured(config=config, checkers=checkers):
                state = replace(state, configured=True, now=Snapshot(config, state.now.health))
                return self._judged(state, checkers, moved=True)
            case Checked(checkers=checkers, check_id=check_id):
                return (state, ()) if _unmoved(state, checkers, check_id) else self._judged(state, checkers)
            case Heard(told=told, checkers=checkers):
                return self._judged(replace(state, told=state.told.hearing(told)), checkers)
            case Forgotten(checkers=checkers):
                return self._judged(state.thawed(), checkers, moved=True)
            case Targets():
                return self._targets(state, event)
            case Freeze(name=name):
                return state.freezing(name), ()
            case Thaw():
                return self._moved(state.thawed())

    def _targets(self, state: PlaneState, event: Targets) -> tuple[PlaneState, tuple[Effect, ...]]:
        health, name = state.now.health, normalise(event.load_balancer)
        before = health.load_balancers[name]
        if before.healthy == event.healthy:
            return state, ()
        balancers = {**health.load_balancers, name: replace(before, healthy=event.healthy)}
        return self._moved(replace(state, now=Snapshot(state.now.config, replace(health, load_balancers=balancers))))

    def _judged(
        self, state: PlaneState, checkers: Checkers, *, moved: bool = False
    ) -> tuple[PlaneState, tuple[Effect, ...]]:
        """The statuses that the checkers make now. moved: answers may have changed even if no status did."""
        before = state.now.health.checks
        after = statuses(state.now.config, checkers, state.told)
        told: tuple[Effect, ...] = ()
        if after != before:
            state = replace(state, now=Snapshot(state.now.config, replace(state.now.health, checks=after)))
            told = tuple(
                StatusChanged(
                    check_id,
                    healthy,
                    votes(checkers.get(check_id, ())),
                    len(checkers.get(check_id, ())),
                    self.region(state, check_id),
                )
                for check_id, healthy in after.items()
                if before.get(check_id, healthy) != healthy  # a new check is no change
            )
        if not moved and after == before:
            return state, ()
        state, changed = self._moved(state)
        return state, (*told, *changed)

    def _moved(self, state: PlaneState) -> tuple[PlaneState, tuple[Effect, ...]]:
        state = state.moved()
        if not state.configured:
            return state, ()
        return state.seeing({name: self.possible(state, name) for name in self.watch})


def _unmoved(state: PlaneState, checkers: Checkers, check_id: str) -> bool:
    """Whether one vote leaves its health check what it was: then nothing else changes either, and of hundreds of checks
    only this one was looked at."""
    check, before = state.now.config.checks.get(check_id), state.now.health.checks.get(check_id)
    if check is None or before is None or check.type == "CALCULATED":
        return False
    return status_of(check, checkers.get(check_id, ()), state.told) == before
