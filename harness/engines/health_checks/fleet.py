"""All checkers of all health checks as one machine: who asks when, and what a new configuration makes them forget.

A health check that probes an endpoint has `per_check` checkers, spread over the regions that it names. They are not
coordinated (Route 53 Developer Guide): each starts somewhere in its interval, and what one of them finds out is
checker.py's. A check that was changed starts anew, unless only `Inverted` was: that says how a status is read, so what
is known stays true. Whatever a checker of an earlier run still reports is nobody's any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from harness import scaling
from harness.engines.dns.selection import Draw
from harness.engines.dns.zone import HealthCheck
from harness.engines.health_checks import checker
from harness.engines.health_checks.checker import Checker, Finished, Limits
from harness.kit.address import Address, is_loopback
from harness.units import to_ns

REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
"""Where Route 53's health checkers are (API Reference, HealthCheckConfig Regions)."""

Resolve = Callable[[str], str | None]
AddressBook = Mapping[str, Address]


@dataclass(frozen=True)
class Place:
    """Where a checker says that it is. ip: from TEST-NET-2 (RFC 5737), so that nobody takes it for a real one."""

    region: str
    ip: str


@dataclass(frozen=True)
class Seat:
    """One checker of one health check. run: counts starts, so that what is left of an earlier one can be told."""

    check_id: str
    number: int
    run: int


@dataclass(frozen=True)
class Followed:
    """The health checks are these now. draw: gives the phases at which new checkers start."""

    checks: Mapping[str, HealthCheck]
    draw: Draw


@dataclass(frozen=True)
class Forgotten:
    """Nothing that was seen counts any more: every checker starts anew, at a phase that `draw` gives."""

    draw: Draw


@dataclass(frozen=True)
class Due:
    """It is this checker's turn."""

    seat: Seat


@dataclass(frozen=True)
class Ended:
    """This checker's request ended."""

    seat: Seat
    result: Finished


@dataclass(frozen=True)
class Ask:
    """Effect: send one request (see `target`), and report `Ended`."""

    seat: Seat
    check: HealthCheck
    limits: Limits


@dataclass(frozen=True)
class Sleep:
    """Effect: report `Due` at this time."""

    seat: Seat
    until_ns: int


@dataclass(frozen=True)
class Drop:
    """Effect: this checker is gone; nothing needs to be reported of it."""

    seat: Seat


@dataclass(frozen=True)
class Voted:
    """Effect: a vote of this health check changed, or a first result came."""

    check_id: str


Event = Followed | Forgotten | Due | Ended
Effect = Ask | Sleep | Drop | Voted


@dataclass(frozen=True)
class Running:
    """The checkers of one health check."""

    check: HealthCheck
    run: int
    checkers: tuple[Checker, ...]

    def seats(self) -> Iterator[Seat]:
        """One for each checker, in their order."""
        return (Seat(self.check.id, number, self.run) for number in range(len(self.checkers)))


@dataclass(frozen=True)
class FleetState:
    """running: by health check. runs: how often checkers were started."""

    running: Mapping[str, Running] = field(default_factory=lambda: MappingProxyType({}))
    runs: int = 0

    def votes(self) -> Mapping[str, Sequence[Checker]]:
        """The state of every checker, by health check id."""
        return {check_id: running.checkers for check_id, running in self.running.items()}


@dataclass(frozen=True)
class FleetRules:
    """The machine. per_check: checkers of one health check. scale: multiplies intervals and time-outs."""

    per_check: int
    scale: float = 1.0

    def step(self, state: FleetState, event: Event, now_ns: int) -> tuple[FleetState, tuple[Effect, ...]]:
        """The fleet after `event`. A turn or a result of a checker that is gone changes nothing."""
        match event:
            case Followed():
                gone = [i for i, known in state.running.items() if not asks_the_same(known.check, event.checks.get(i))]
                state, dropped = _stop(state, gone)
                state, started = self._start(state, event.checks, event.draw, now_ns)
                return state, (*dropped, *started)
            case Forgotten():
                checks = {check_id: running.check for check_id, running in state.running.items()}
                state, dropped = _stop(state, checks)
                state, started = self._start(state, checks, event.draw, now_ns)
                return state, (*dropped, *started)
            case Due(seat=seat):
                return self._checked(state, seat, checker.Due(), now_ns)
            case Ended(seat=seat, result=result):
                return self._checked(state, seat, result, now_ns)

    def _start(
        self, state: FleetState, checks: Mapping[str, HealthCheck], draw: Draw, now_ns: int
    ) -> tuple[FleetState, list[Effect]]:
        running, runs = dict(state.running), state.runs
        effects: list[Effect] = []
        for check in checks.values():
            if not check.probes_endpoint or check.id in running:
                continue
            runs += 1
            interval_ns = scaling.interval_ns(to_ns(check.interval_s), self.scale)
            fresh = Running(check, runs, (Checker(interval_ns, check.failure_threshold),) * self.per_check)
            running[check.id] = fresh
            effects += [Sleep(seat, now_ns + round(draw() * interval_ns)) for seat in fresh.seats()]
        return FleetState(running, runs), effects

    def _checked(
        self, state: FleetState, seat: Seat, event: checker.Event, now_ns: int
    ) -> tuple[FleetState, tuple[Effect, ...]]:
        running = state.running.get(seat.check_id)
        if running is None or running.run != seat.run:
            return state, ()
        before = running.checkers[seat.number]
        after, wanted = checker.step(before, event, now_ns)
        checkers = (*running.checkers[: seat.number], after, *running.checkers[seat.number + 1 :])
        effects: list[Effect] = []
        if (after.healthy, after.has_data) != (before.healthy, before.has_data):
            effects.append(Voted(seat.check_id))
        for effect in wanted:
            if isinstance(effect, checker.Probe):
                effects.append(Ask(seat, running.check, Limits.of(running.check.type, self.scale)))
            elif isinstance(effect, checker.Sleep):
                effects.append(Sleep(seat, effect.until_ns))
        changed = replace(running, checkers=checkers)
        return replace(state, running={**state.running, seat.check_id: changed}), tuple(effects)


def _stop(state: FleetState, gone: Collection[str]) -> tuple[FleetState, list[Effect]]:
    dropped: list[Effect] = [Drop(seat) for check_id in gone for seat in state.running[check_id].seats()]
    kept = {check_id: running for check_id, running in state.running.items() if check_id not in gone}
    return replace(state, running=kept), dropped


def asks_the_same(known: HealthCheck, now: HealthCheck | None) -> bool:
    """Whether what is known stays true: Inverted says only how a status is read."""
    return now is not None and replace(now, inverted=known.inverted) == known


def target(check: HealthCheck, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
    """Where a request goes, or its result when it cannot go anywhere.

    address_book: address to check -> where to dial instead. resolve: the IPv4 address of a name, asked at every
    request of a check that has no address.
    """
    address = check.ip_address or resolve(check.domain_name or "")
    if address is None:
        return Finished(False, "Failure: DNS resolution failed")
    if address in address_book:
        return address_book[address]
    if not is_loopback(address):
        return Finished(False, f"Failure: {address} is not reachable here: it is not in the address book")
    return address, check.port or 80


def places(count: int, regions: Sequence[str] = ()) -> tuple[Place, ...]:
    """`count` checkers spread evenly over `regions`, by default all that Route 53 checks from."""
    names = regions or REGIONS
    return tuple(Place(names[i % len(names)], f"198.51.100.{i % 254 + 1}") for i in range(count))
