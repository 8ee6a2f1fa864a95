"""Drives DigitalOcean's machine (model.py): gives it the clock, logs what changes, answers DNS from its state."""

from __future__ import annotations

import logging
from collections.abc import Callable

from harness.clock import monotonic_ns, wall_time
from harness.engines.dns.answering import AnswerChanged
from harness.engines.dns.lookup import Answer
from harness.engines.provider.plane import AnsweringPlane
from harness.engines.provider.telling import answer_told, answered
from harness.engines.provider.values import Called
from harness.history.events import DnsAnswer, Happening
from harness.parts.steering.digitalocean import model, summary
from harness.parts.steering.digitalocean.calls import Rules
from harness.parts.steering.digitalocean.config import DigitalOceanConfig
from harness.parts.steering.digitalocean.model import Provider, State
from harness.parts.steering.digitalocean.telling import call_told
from harness.parts.steering.digitalocean.values import Reply, Request

log = logging.getLogger(__name__)


class Plane(AnsweringPlane[State]):
    """DigitalOcean in one event loop; listening is the server's. record: where events go."""

    def __init__(self, config: DigitalOceanConfig, record: Callable[[DnsAnswer | Happening], None]) -> None:
        super().__init__(config.seed, config.scale)
        self._record = record
        self._places = {address: place for place, address in config.edges.items()}
        self.provider = Provider(
            config.token,
            Rules(
                wall_ns=round(wall_time().timestamp() * 1e9) - monotonic_ns(),
                seed=config.seed,
                balancer_ns=model.seconds_ns(config.balancer_making_s, config.scale),
                droplet_ns=model.seconds_ns(config.droplet_making_s, config.scale),
                cluster_ns=model.seconds_ns(config.cluster_making_s, config.scale),
                edges=config.edges,
                unhealthy_threshold=config.unhealthy_threshold,
                healthy_threshold=config.healthy_threshold,
            ),
            config.watch,
            config.scale,
            config.requests_per_hour,
            config.requests_per_minute,
            config.callers,
        )
        self.state = self.provider.start()

    def answer(self, name: str, record_type: str) -> Answer:
        """One client's answer."""
        return self.state.answer(name, record_type)

    def lines(self) -> list[dict[str, str]]:
        """The account for people."""
        return summary.lines(self.provider, self.state, self._places, monotonic_ns())

    def call(self, request: Request) -> Reply:
        """Carry out a call of the API."""
        return next(effect for effect in self.happened(request) if isinstance(effect, Reply))

    def reset(self) -> None:
        """A new account."""
        self.happened(model.Reset())

    def happened(self, event: model.Event) -> tuple[model.Effect, ...]:
        """Take an event in, and tell what it changed."""
        now_ns = monotonic_ns()
        self.state, effects = self.provider.step(self.state, event, now_ns)
        for effect in effects:
            if isinstance(effect, AnswerChanged):
                log.info("answer for %s: %s", effect.name, ", ".join(effect.addresses) or "none")
                self._record(answered(effect, now_ns))
                self._record(answer_told(effect, self._places, now_ns))
            elif isinstance(effect, Called):
                outcome = effect.status or "carried out, never answered"
                log.info("api: %s %s %s, %s", effect.method, effect.path, outcome, effect.by or "the world itself")
                if effect.by:
                    self._record(call_told(effect, now_ns))
        return effects
