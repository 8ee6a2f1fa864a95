"""Runs the fleet of health checkers: turns the effects of its machine (fleet.py) into timers and requests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic

from harness.clock import monotonic_ns
from harness.engines.health_checks.checker import NOT_CONNECTED, Checker, Finished, Observation
from harness.engines.health_checks.fleet import (
    Ask,
    Drop,
    Due,
    Effect,
    Ended,
    Event,
    FleetRules,
    FleetState,
    Followed,
    Forgotten,
    Seat,
    Sleep,
    Voted,
)
from harness.engines.health_checks.policy import AddressBook, Blindness, C, Place, Policy, Resolve
from harness.engines.health_checks.probe import Prober
from harness.kit.address import ANY_ADDRESS
from harness.units import to_s

_UNREACHED = Finished(False, NOT_CONNECTED, "timeout")


class Fleet(Generic[C]):
    """All checkers of all health checks of one service.

    policy: what they are like. seed: of the phases at which checkers start. address_book, resolve: see Policy.target.
    changed: called with a check's id when a vote of it changed, or a first result came. heard: called with every
    result, by check and by number of the checker, for services that count otherwise.
    """

    def __init__(
        self,
        *,
        policy: Policy[C],
        seed: int,
        address_book: AddressBook,
        resolve: Resolve,
        changed: Callable[[str], None],
        heard: Callable[[str, int, Observation], None] | None = None,
    ) -> None:
        self._rules = FleetRules(policy)
        self._state: FleetState[C] = FleetState()
        self._draw = random.Random(seed).random
        self._address_book = address_book
        self._resolve = resolve
        self._changed = changed
        self._heard = heard
        self._prober = Prober()
        self._timers: dict[Seat, asyncio.TimerHandle] = {}
        self.blindness: Blindness | None = None
        self._held: list[Ask[C]] = []

    def follow(self, checks: Mapping[str, C]) -> None:
        """Start checkers of new health checks, stop those that are gone; a check that was changed starts anew."""
        self._step(Followed(checks, self._draw))

    def reset(self) -> None:
        """Forget everything that was seen: new phases, healthy until there is data."""
        self._step(Forgotten(self._draw))

    def blind(self, blindness: Blindness | None) -> None:
        """From now on requests reach nothing, or are not sent and say nothing; None: they are sent again.

        What a checker that stands still was about to ask, it asks once it moves again.
        """
        self.blindness = blindness
        if blindness != "frozen":
            held, self._held = self._held, []
            for wanted in held:
                self._ask(wanted)

    def states(self) -> Mapping[str, Sequence[Checker]]:
        """The state of every checker, by health check id."""
        return self._state.votes()

    def observers(self, check_id: str) -> Iterator[tuple[Place, Checker]]:
        """Each checker of one health check: where it is, and what it knows."""
        running = self._state.running.get(check_id)
        if running is None:
            return iter(())
        return zip(self._rules.policy.places(running.check), running.checkers, strict=True)

    def _step(self, event: Event[C]) -> None:
        self._state, effects = self._rules.step(self._state, event, monotonic_ns())
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect[C]) -> None:
        loop = asyncio.get_running_loop()
        match effect:
            case Sleep(seat=seat, until_ns=until_ns):
                delay_s = max(0.0, to_s(until_ns - monotonic_ns()))
                self._timers[seat] = loop.call_later(delay_s, self._step, Due(seat))
            case Drop(seat=seat):
                if seat in self._timers:
                    self._timers.pop(seat).cancel()
            case Voted(check_id=check_id):
                self._changed(check_id)
            case Ask():
                self._ask(effect)

    def _ask(self, wanted: Ask[C]) -> None:
        loop, policy = asyncio.get_running_loop(), self._rules.policy
        if self.blindness == "frozen":
            self._held.append(wanted)
            return
        if self.blindness == "unreachable":
            nowhere = policy.request(wanted.check, ANY_ADDRESS, wanted.limits)
            result = nowhere.judge.unanswered(_UNREACHED)
            loop.call_later(to_s(wanted.limits.connect_ns), self._ended, wanted, result)
            return
        where = policy.target(wanted.check, self._address_book, self._resolve)
        if isinstance(where, Finished):
            # Not at once: the step that asks may not be over.
            loop.call_soon(self._ended, wanted, where)
        else:
            self._prober.send(policy.request(wanted.check, where, wanted.limits), partial(self._ended, wanted))

    def _ended(self, wanted: Ask[C], result: Finished) -> None:
        if self.blindness == "frozen":
            self._held.append(wanted)
            return
        seat, before = wanted.seat, self._state.last(wanted.seat)
        self._step(Ended(seat, result))
        after = self._state.last(seat)
        if self._heard is not None and after is not None and after is not before:
            self._heard(seat.check_id, seat.number, after)

    async def close(self) -> None:
        """Stop all checkers and close what they have open."""
        self._held.clear()
        self._step(Followed({}, self._draw))
        await self._prober.close()
