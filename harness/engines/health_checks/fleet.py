"""All checkers of all health checks as one machine: who asks when, and what a new configuration makes them forget.

A service's policy (policy.py) says how many checkers a check has and what they are like. They are not coordinated: each
starts somewhere in its interval, and what one of them finds out is checker.py's. A check that was changed starts anew,
unless what is known stays true. Whatever a checker of an earlier run still reports is nobody's any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Generic

from harness.engines.dns.selection import Draw
from harness.engines.health_checks import checker
from harness.engines.health_checks.checker import Checker, Finished, Limits, Observation
from harness.engines.health_checks.policy import C, Policy


@dataclass(frozen=True)
class Seat:
    """One checker of one health check. run: counts starts, so that what is left of an earlier one can be told."""

    check_id: str
    number: int
    run: int


@dataclass(frozen=True)
class Followed(Generic[C]):
    """The health checks are these now. draw: gives the phases at which new checkers start."""

    checks: Mapping[str, C]
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
class Ask(Generic[C]):
    """Effect: send one request (see Policy), and report `Ended`."""

    seat: Seat
    check: C
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


Event = Followed[C] | Forgotten | Due | Ended
Effect = Ask[C] | Sleep | Drop | Voted


@dataclass(frozen=True)
class Running(Generic[C]):
    """The checkers of one health check."""

    check: C
    run: int
    checkers: tuple[Checker, ...]

    def seats(self) -> Iterator[Seat]:
        """One for each checker, in their order."""
        return (Seat(self.check.id, number, self.run) for number in range(len(self.checkers)))


@dataclass(frozen=True)
class FleetState(Generic[C]):
    """running: by health check. runs: how often checkers were started."""

    running: Mapping[str, Running[C]] = field(default_factory=lambda: MappingProxyType({}))
    runs: int = 0

    def votes(self) -> Mapping[str, Sequence[Checker]]:
        """The state of every checker, by health check id."""
        return {check_id: running.checkers for check_id, running in self.running.items()}

    def last(self, seat: Seat) -> Observation | None:
        """The most recent result of a checker; None without one, and for a checker that is gone."""
        running = self.running.get(seat.check_id)
        return running.checkers[seat.number].last if running is not None and running.run == seat.run else None


@dataclass(frozen=True)
class FleetRules(Generic[C]):
    """The machine, for the checks of one service."""

    policy: Policy[C]

    def step(self, state: FleetState[C], event: Event[C], now_ns: int) -> tuple[FleetState[C], tuple[Effect[C], ...]]:
        """The fleet after `event`. A turn or a result of a checker that is gone changes nothing."""
        match event:
            case Followed():
                gone = [i for i, known in state.running.items() if not self._stays(known.check, event.checks.get(i))]
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

    def _stays(self, known: C, now: C | None) -> bool:
        return now is not None and self.policy.asks(now) and self.policy.same(known, now)

    def _start(
        self, state: FleetState[C], checks: Mapping[str, C], draw: Draw, now_ns: int
    ) -> tuple[FleetState[C], list[Effect[C]]]:
        running, runs = dict(state.running), state.runs
        effects: list[Effect[C]] = []
        for check in checks.values():
            if check.id in running or not self.policy.asks(check):
                continue
            runs += 1
            fresh = self.policy.fresh(check)
            running[check.id] = started = Running(check, runs, (fresh,) * len(self.policy.places(check)))
            effects += [Sleep(seat, now_ns + round(draw() * fresh.interval_ns)) for seat in started.seats()]
        return FleetState(running, runs), effects

    def _checked(
        self, state: FleetState[C], seat: Seat, event: checker.Event, now_ns: int
    ) -> tuple[FleetState[C], tuple[Effect[C], ...]]:
        running = state.running.get(seat.check_id)
        if running is None or running.run != seat.run:
            return state, ()
        before = running.checkers[seat.number]
        after, wanted = checker.step(before, event, now_ns)
        checkers = (*running.checkers[: seat.number], after, *running.checkers[seat.number + 1 :])
        effects: list[Effect[C]] = []
        if (after.healthy, after.has_data) != (before.healthy, before.has_data):
            effects.append(Voted(seat.check_id))
        for effect in wanted:
            if isinstance(effect, checker.Probe):
                effects.append(Ask(seat, running.check, self.policy.limits(running.check)))
            elif isinstance(effect, checker.Sleep):
                effects.append(Sleep(seat, effect.until_ns))
        changed = replace(running, checkers=checkers)
        return replace(state, running={**state.running, seat.check_id: changed}), tuple(effects)


def _stop(state: FleetState[C], gone: Collection[str]) -> tuple[FleetState[C], list[Effect[C]]]:
    dropped: list[Effect[C]] = [Drop(seat) for check_id in gone for seat in state.running[check_id].seats()]
    kept = {check_id: running for check_id, running in state.running.items() if check_id not in gone}
    return replace(state, running=kept), dropped
