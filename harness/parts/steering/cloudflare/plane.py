"""Drives Cloudflare's machine (model.py): gives it the clock and chance, runs its checkers, logs what changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Literal

from harness.clock import monotonic_ns, wall_time
from harness.engines.dns.answering import AnswerChanged
from harness.engines.dns.lookup import Answer, drawing
from harness.engines.dns.names import normalise
from harness.engines.health_checks.checking import Fleet
from harness.engines.health_checks.policy import Blindness
from harness.engines.provider.plane import AnsweringPlane
from harness.engines.provider.telling import answer_told, answered, call_told
from harness.engines.provider.values import ApiLoss, ApiLost, Called
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.kit.address import Address
from harness.parts.steering.cloudflare import model, proxying
from harness.parts.steering.cloudflare.calls import Rules
from harness.parts.steering.cloudflare.checking import CloudflareCheckers, EndpointCheck, checks_of
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.health import Status, status_of
from harness.parts.steering.cloudflare.model import EndpointChanged
from harness.parts.steering.cloudflare.proxying import Course
from harness.parts.steering.cloudflare.telling import Led, led_told, pool_told
from harness.parts.steering.cloudflare.values import Reply, Request, identifier

log = logging.getLogger(__name__)

Record = Callable[[DnsAnswer | HealthTransition | Happening], None]


class Plane(AnsweringPlane[model.State]):
    """Cloudflare in one event loop, checkers included; listening is the server's. record: where events go."""

    def __init__(self, config: CloudflareConfig, record: Record) -> None:
        super().__init__(config.seed, config.scale)
        self._record = record
        self._places = config.places
        self._address_book: dict[str, Address] = dict(config.address_book)
        rules = Rules(
            account_id=identifier(0, "account"),
            zone_id=identifier(0, "zone"),
            zone=config.zone,
            wall_ns=round(wall_time().timestamp() * 1e9) - monotonic_ns(),
            seed=config.seed,
        )
        self.machine = model.Cloudflare(
            config.token,
            rules,
            config.watch,
            tuple(config.anycast),
            scale=config.scale,
            requests=config.requests,
            callers=config.callers,
        )
        self.state = self.machine.start()
        self._statuses: dict[str, Status] = {}
        self._led: dict[str, Led] = {}
        self.fleet: Fleet[EndpointCheck] = Fleet(
            policy=CloudflareCheckers(config.scale),
            seed=config.seed,
            address_book=self._address_book,
            resolve=lambda name: None,
            changed=lambda _: self._look(),
        )

    def answer(self, name: str, record_type: str) -> Answer:
        """One client's answer."""
        return self.state.answer(name, record_type, drawing(self._draw))

    def dial_by(self, addresses: Mapping[str, Address]) -> None:
        """Where health checks dial for an origin's address from now on."""
        self._address_book.clear()
        self._address_book.update(addresses)

    def begun(self, name: str) -> Course | None:
        """A request for a proxied name, where it goes first; None for a name that is not proxied here."""
        balancer = next(
            (b for b in self.state.account.balancers.values() if b["name"] == name and b["enabled"] and b["proxied"]),
            None,
        )
        return None if balancer is None else proxying.begun(balancer, self.state.chosen(name), self._draw)

    def again(self, course: Course, status: int) -> Course | None:
        """The same request at another origin, where it may go there."""
        return proxying.again(course, status, self.state.health, self._draw)

    def call(self, request: Request) -> Reply:
        """Carry out a call of the API; checkers follow what it changed."""
        before = self.state.account
        reply = next(effect for effect in self.happened(request) if isinstance(effect, Reply))
        if self.state.account is not before:
            self.fleet.follow(checks_of(self.state.account))
            self._look()
        return reply

    def lose_api(self, mode: ApiLoss | None) -> None:
        """The API is lost, or there again."""
        self.happened(ApiLost(mode))

    def reset(self) -> None:
        """An empty account, of which nothing is known."""
        self.happened(model.Reset())
        self.fleet.follow({})
        self._look()

    def blind(self, blindness: Blindness | None) -> None:
        """From now on health checks reach nothing, or stand still; None: they look again."""
        self.fleet.blind(blindness)
        log.info("health checks are %s", blindness or "looking again")

    def happened(self, event: model.Event) -> tuple[model.Effect, ...]:
        """Take an event in, and tell what it changed."""
        now_ns = monotonic_ns()
        self.state, effects = self.machine.step(self.state, event, now_ns)
        for effect in effects:
            self._tell(effect, now_ns)
        for name in self.machine.watch:
            self._tell_led(name, now_ns)
        return effects

    def _tell_led(self, name: str, now_ns: int) -> None:
        """Where a proxied name leads now: its answer never says."""
        balancers = [b for b in self.state.account.balancers.values() if normalise(b["name"]) == normalise(name)]
        if not any(b["proxied"] and b["enabled"] for b in balancers):
            return
        chosen = self.state.chosen(name)
        pool = None if chosen.pool is None else str(chosen.pool["name"])
        led, before = (pool, chosen.fallback), self._led.get(name)
        if led != before:
            self._led[name] = led
            self._record(led_told(name, led, before, now_ns))

    def _look(self) -> None:
        self.happened(model.Checked(self.fleet.states()))
        now_ns = monotonic_ns()
        for pool in self.state.account.pools.values():
            status = status_of(pool, self.state.health)
            before = self._statuses.get(pool["id"])
            if status != before:
                self._statuses[pool["id"]] = status
                log.info("pool %s is %s", pool["name"], status)
                self._record(pool_told(pool["name"], status, before, now_ns))

    def _tell(self, effect: model.Effect, now_ns: int) -> None:
        match effect:
            case AnswerChanged():
                log.info("answer for %s: %s", effect.name, ", ".join(effect.addresses) or "none")
                self._record(answered(effect, now_ns))
                self._record(answer_told(effect, self._places, now_ns))
            case EndpointChanged(address=address, healthy=healthy, healthy_votes=votes, data_centres=centres):
                status: Literal["healthy", "unhealthy"] = "healthy" if healthy else "unhealthy"
                log.info("endpoint %s is %s: %d of %d data centres", address, status, votes, centres)
                place = self._places.get(address)
                if place is not None:
                    self._record(HealthTransition(place, status, votes, centres, now_ns, kind="cloudflare"))
            case Called(method=method, path=path, status=number, by=by) if by:
                outcome = number or "never answered"
                log.info("api: %s %s %s, %s", method, path, outcome, by)
                self._record(call_told(effect, now_ns))
