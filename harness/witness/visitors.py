"""The clients that make journeys: they follow DNS, open a connection for each request, and never retry."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import Any

from harness.clock import monotonic_ns
from harness.history.events import DnsAnswer
from harness.journeys import KEY_PREFIX, Journey
from harness.rendering import rendered
from harness.units import to_ns, to_s
from harness.wire.exchange import Response, render_request
from harness.witness import outcomes, visits
from harness.witness.channel import ExchangeError
from harness.witness.dns_client import DnsFailure, NoAddress
from harness.witness.grid import Grid
from harness.witness.operation import Connected, Resolved
from harness.witness.resolver import Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.routes import FreshRoute
from harness.witness.stream import Stream
from harness.witness.surroundings import Surroundings

CLIENTS = 2
"""With caches that run out at different moments: one alone would take its own luck for everybody's."""
_READS = ("GET", "HEAD")


class Visitors:
    """The clients of one start, all in the same surroundings as the workload's, and in none of its numbers."""

    def __init__(self, around: Surroundings) -> None:
        config = around.config
        self._around = around
        self._journeys = config.workload.journeys
        self._requests = {j.name: config.workload.journey_request(j) for j in self._journeys}
        self._timeout_ns = to_ns(config.timeout_s)
        own = f"{config.key_prefix}{KEY_PREFIX}{around.prefix.removeprefix(config.key_prefix)}"
        self._state = visits.Visits(own, CLIENTS)
        self._routes = [FreshRoute(self._resolver(number), around.dial) for number in range(CLIENTS)]
        self._streams: list[Stream] = []
        self._worked: dict[str, list[int]] = {}

    def _resolver(self, number: int) -> Resolver:
        around = self._around
        cache = CacheState(around.origin_ns, number / CLIENTS)
        return Resolver(f"visitor-{number}", around.config.record, around.dns, cache, around.tasks, _unheard)

    def schedule(self, origin_ns: int) -> None:
        """Make journeys from now on, each at its own rate: they are few, and of fewer nothing could be said."""
        self.rest()
        for place, journey in enumerate(self._journeys):
            period_ns = to_ns(journey.period_s)
            grid = Grid(origin_ns + period_ns * place // len(self._journeys), period_ns)
            self._streams.append(Stream(grid, partial(self._due, journey)))
        for stream in self._streams:
            stream.start()

    def rest(self) -> None:
        """Begin none any more."""
        for stream in self._streams:
            stream.stop()
        self._streams = []

    def status(self) -> dict[str, Any]:
        """How many visits each journey has had, and how many worked; nothing without journeys."""
        counts = {name: {"made": made, "worked": worked} for name, (made, worked) in self._worked.items()}
        return {"journeys": counts} if self._journeys else {}

    def _due(self, journey: Journey, planned_ns: int) -> None:
        self._step(visits.Due(journey, planned_ns))

    def _step(self, event: visits.Event) -> None:
        self._state, effects = visits.step(self._state, event, monotonic_ns())
        for effect in effects:
            if isinstance(effect, visits.Go):
                self._around.tasks.spawn(self._go(effect.visit))
                continue
            made = effect.made
            counts = self._worked.setdefault(made.journey, [0, 0])
            counts[0] += 1
            counts[1] += made.worked
            self._around.record(made)

    async def _go(self, visit: visits.Visit) -> None:
        asked, route, dialled = self._requests[visit.journey.name], self._routes[visit.client], [""]
        if asked.method not in _READS:
            self._around.written(visit.key)
        sent = rendered(asked, {"id": visit.key, "op": visit.visit}, os.environ)
        host = sent.host or self._around.config.record
        request = render_request(sent.method, sent.path, host, sent.headers, sent.body, keepalive=False)

        def told(event: Resolved | Connected) -> None:
            dialled[0] = event.address

        answer: Response | None = None
        error = outcomes.TIMEOUT
        try:
            async with asyncio.timeout(to_s(visit.sent_ns + self._timeout_ns - monotonic_ns())):
                lease = await route.acquire(told)
                try:
                    answer = await lease.channel.exchange(request)
                finally:
                    route.release(lease)
        except TimeoutError:
            pass
        except NoAddress:
            error = outcomes.NO_ADDRESS
        except DnsFailure:
            error = outcomes.DNS
        except ExchangeError as failure:
            error = failure.word
        visit = visits.dialled(visit, dialled[0])
        if answer is None:
            self._step(visits.Failed(visit, error))
        else:
            self._step(visits.Answered(visit, answer.status, answer.headers, answer.body))


def _unheard(answer: DnsAnswer) -> None:
    """What these clients are answered moves nothing that is measured of the workload's."""
