"""Drives GTM's machine (model.py): gives it the clock and chance, runs its agents, logs what changes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from harness.clock import monotonic_ns, wall_time
from harness.engines.dns.answering import AnswerChanged
from harness.engines.dns.lookup import Answer
from harness.engines.health_checks.checker import Observation
from harness.engines.health_checks.checking import Fleet
from harness.engines.provider.plane import AnsweringPlane
from harness.engines.provider.telling import answer_told, answered, call_told
from harness.engines.provider.values import ApiLoss, ApiLost, Called
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.parts.steering.akamai import model
from harness.parts.steering.akamai.agents import LivenessAgents, ServerCheck, checks_of, reported
from harness.parts.steering.akamai.calls import Rules
from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.liveness import LivenessRules, Stood
from harness.parts.steering.akamai.model import Follow, Gtm, Wake
from harness.parts.steering.akamai.signing import Credential
from harness.parts.steering.akamai.telling import health_told
from harness.parts.steering.akamai.values import Reply, Request
from harness.parts.steering.akamai.zones import Alias, picking
from harness.scaling import interval_ns
from harness.units import to_ns, to_s

log = logging.getLogger(__name__)

Record = Callable[[DnsAnswer | HealthTransition | Happening], None]


class Plane(AnsweringPlane[model.State]):
    """GTM in one event loop, agents included; listening is the server's. record: where events go."""

    def __init__(self, config: AkamaiConfig, record: Record) -> None:
        super().__init__(config.seed, config.scale)
        self._record = record
        self._places = {address: place for place, address in config.edges.items()}
        self.address_book = dict(config.address_book)
        phases = random.Random(f"{config.seed}/agents")
        self.gtm = Gtm(
            {one.client_token: Credential(**one.model_dump()) for one in config.credentials},
            Rules(
                wall_ns=round(wall_time().timestamp() * 1e9) - monotonic_ns(),
                seed=config.seed,
                activation_ns=interval_ns(to_ns(config.activation_s), config.scale),
            ),
            LivenessRules(
                config.agents,
                config.scale,
                config.half_life_tests,
                tuple(phases.random() for _ in range(config.agents + 1)),
            ),
            tuple(Alias(**one.model_dump()) for one in config.aliases),
            config.watch,
            config.scale,
        )
        self.fleet: Fleet[ServerCheck] = Fleet(
            policy=LivenessAgents(config.agents, config.scale),
            seed=config.seed,
            address_book=self.address_book,
            resolve=lambda _name: None,
            changed=lambda _check_id: None,
            heard=self._heard,
        )
        self.checks: dict[str, ServerCheck] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self.state, self._first = self.gtm.start(monotonic_ns())

    def start(self) -> None:
        """Let the clocks of agents run, in the running loop."""
        self._do(self._first)

    # What others read

    def answer(self, name: str, record_type: str) -> Answer:
        """One client's answer."""
        snapshot = self.state.basis(name)
        return self.state.answer(name, record_type, picking(snapshot.properties, self._draw))

    # What changes the state

    def call(self, request: Request) -> Reply:
        """Carry out a call of the API."""
        return next(effect for effect in self.happened(request) if isinstance(effect, Reply))

    def lose_api(self, mode: ApiLoss | None) -> None:
        """The API is lost, or there again."""
        self.happened(ApiLost(mode))

    def reset(self) -> None:
        """A new account, of which nothing is known."""
        self.happened(model.Reset())
        self.fleet.reset()

    def happened(self, event: model.Event) -> tuple[model.Effect, ...]:
        """Take an event in, and tell what it changed."""
        self.state, effects = self.gtm.step(self.state, event, monotonic_ns())
        self._do(effects)
        return effects

    def _heard(self, check_id: str, agent: int, seen: Observation) -> None:
        check = self.checks.get(check_id)
        if check is not None:
            self.happened(reported(check, agent, seen))

    def _do(self, effects: tuple[model.Effect, ...]) -> None:
        now_ns = monotonic_ns()
        for effect in effects:
            if isinstance(effect, Wake):
                self._wake(effect)
            elif isinstance(effect, Follow):
                self.checks = checks_of(effect.properties)
                self.fleet.follow(self.checks)
            else:
                self._tell(effect, now_ns)

    def _wake(self, wanted: Wake) -> None:
        def rung() -> None:
            self._timers.discard(timer)
            self.happened(wanted.event)

        delay_s = max(0.0, to_s(wanted.until_ns - monotonic_ns()))
        timer = asyncio.get_running_loop().call_later(delay_s, rung)
        self._timers.add(timer)

    def _tell(self, effect: model.Effect, now_ns: int) -> None:
        if isinstance(effect, AnswerChanged):
            log.info("answer for %s: %s", effect.name, ", ".join(effect.addresses) or "none")
            self._record(answered(effect, now_ns))
            self._record(answer_told(effect, self._places, now_ns))
        elif isinstance(effect, Stood):
            text = "%s: server %s is %s for most agents, and %s (%d of %d find it good)"
            how = "failing" if effect.failing else "good", "up" if effect.up else "down"
            log.info(text, effect.property, effect.server, *how, effect.well, effect.agents)
            told = health_told(effect, self._places, now_ns)
            if told is not None:
                self._record(told)
        elif isinstance(effect, Called):
            log.info("api: %s %s %s, %s", effect.method, effect.path, effect.status, effect.by or "the world itself")
            if effect.by:
                self._record(call_told(effect, now_ns))

    async def close(self) -> None:
        """Stop all clocks and agents."""
        for timer in self._timers:
            timer.cancel()
        await self.fleet.close()
