"""Runs the checkers of every health check: turns the checker core's effects into timers and requests."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from harness.clock import monotonic_ns
from harness.engines.dns.zone import HealthCheck
from harness.engines.health_checks.checker import Checker, Due, Effect, Event, Finished, Limits, Probe, Sleep, step
from harness.engines.health_checks.probe import Prober, request_for
from harness.units import to_ns, to_s

log = logging.getLogger(__name__)

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
AddressBook = Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Place:
    """Where a checker says that it is. ip: from TEST-NET-2 (RFC 5737), so that nobody takes it for a real one."""

    region: str
    ip: str


class _Running:
    """One checker: the state of its core, and the timer or request that will bring the next event."""

    def __init__(self, fleet: Fleet, check: HealthCheck, place: Place, state: Checker) -> None:
        self.place = place
        self.state = state
        self._fleet = fleet
        self._check = check
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def sleep(self, until_ns: int) -> None:
        delay_s = max(0.0, to_s(until_ns - monotonic_ns()))
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.handle, Due())

    def handle(self, event: Event) -> None:
        if self._stopped:
            return
        voted, had_data = self.state.healthy, self.state.has_data
        self.state, effects = step(self.state, event, monotonic_ns())
        if self.state.healthy != voted or self.state.has_data != had_data:
            self._fleet.changed(self._check.id)
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        if isinstance(effect, Probe):
            self._fleet.probe(self._check, self.handle)
        elif isinstance(effect, Sleep):
            self.sleep(effect.until_ns)

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()


class Fleet:
    """All checkers of all health checks.

    per_check: checkers of one health check. scale: multiplies intervals. seed: of the phases at which checkers start.
    address_book: address to check -> where to dial instead. resolve: the IPv4 address of a name, for checks without
    an address. changed: called with a check's id when a vote of it changed, or a first result came.
    """

    def __init__(
        self,
        *,
        per_check: int,
        scale: float,
        seed: int,
        address_book: AddressBook,
        resolve: Resolve,
        changed: Callable[[str], None],
    ) -> None:
        self._per_check = per_check
        self._scale = scale
        self._phases = random.Random(seed)
        self._address_book = address_book
        self._resolve = resolve
        self.changed = changed
        self._prober = Prober()
        self._checks: dict[str, HealthCheck] = {}
        self._running: dict[str, list[_Running]] = {}

    def follow(self, checks: Mapping[str, HealthCheck]) -> None:
        """Start checkers of new health checks, stop those that are gone; a check that was changed starts anew.

        An edit that leaves the endpoint and the thresholds alone (Inverted) keeps what is known.
        """
        for check_id, known in tuple(self._checks.items()):
            if not _asks_the_same(known, checks.get(check_id)):
                self._stop(check_id)
        for check_id, check in checks.items():
            if check.probes_endpoint and check_id not in self._running:
                self._start(check)

    def reset(self) -> None:
        """Forget everything that was seen: new phases, healthy until there is data."""
        checks = dict(self._checks)
        for check_id in checks:
            self._stop(check_id)
        self.follow(checks)

    def _start(self, check: HealthCheck) -> None:
        interval_ns = to_ns(check.interval_s * self._scale)
        now_ns = monotonic_ns()
        fresh = Checker(interval_ns, check.failure_threshold)
        fleet = [_Running(self, check, place, fresh) for place in places(self._per_check, check.regions)]
        self._checks[check.id] = check
        self._running[check.id] = fleet
        for checker in fleet:
            # Checkers are not coordinated (Developer Guide): each starts somewhere in its interval.
            checker.sleep(now_ns + round(self._phases.random() * interval_ns))

    def _stop(self, check_id: str) -> None:
        self._checks.pop(check_id, None)
        for checker in self._running.pop(check_id, ()):
            checker.stop()

    def states(self) -> Mapping[str, Sequence[Checker]]:
        """The state of every checker, by health check id."""
        return {check_id: tuple(c.state for c in fleet) for check_id, fleet in self._running.items()}

    def observers(self, check_id: str) -> Iterator[tuple[Place, Checker]]:
        """Each checker of one health check: where it is, and what it knows."""
        return ((checker.place, checker.state) for checker in self._running.get(check_id, ()))

    def probe(self, check: HealthCheck, done: Callable[[Finished], None]) -> None:
        """Send one request for `check` to where the address book says."""
        target = self._target(check)
        if isinstance(target, Finished):
            # Not at once: the checker that asks is still in the middle of its step.
            asyncio.get_running_loop().call_soon(done, target)
            return
        self._prober.send(request_for(check, target, Limits.of(check.type, self._scale)), done)

    def _target(self, check: HealthCheck) -> tuple[str, int] | Finished:
        address = check.ip_address or self._resolve(check.domain_name or "")
        if address is None:
            return Finished(False, "Failure: DNS resolution failed")
        if address in self._address_book:
            return self._address_book[address]
        if not _is_loopback(address):
            return Finished(False, f"Failure: {address} is not reachable here: it is not in the address book")
        return address, check.port or 80

    async def close(self) -> None:
        """Stop all checkers and close what they have open."""
        for check_id in tuple(self._running):
            self._stop(check_id)
        await self._prober.close()


def _asks_the_same(known: HealthCheck, now: HealthCheck | None) -> bool:
    """Whether what is known stays true: Inverted says only how a status is read."""
    return now is not None and replace(now, inverted=known.inverted) == known


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def places(count: int, regions: Sequence[str] = ()) -> tuple[Place, ...]:
    """`count` checkers spread evenly over `regions`, by default all that Route 53 checks from."""
    names = regions or REGIONS
    return tuple(Place(names[i % len(names)], f"198.51.100.{i % 254 + 1}") for i in range(count))
