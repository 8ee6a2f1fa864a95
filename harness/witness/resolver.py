"""Drives one client's resolver cache over the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.clock import monotonic_ns
from harness.history.events import DnsAnswer
from harness.units import NS_PER_S
from harness.witness import resolver_cache as cache
from harness.witness.dns_client import DnsClient, DnsFailure, NoAddress
from harness.witness.tasks import TaskSet


class Resolver:
    """Answers lookups from the cache, or by one query for all that wait. on_change hears of each new answer."""

    def __init__(
        self,
        client: str,
        record: str,
        dns: DnsClient,
        state: cache.CacheState,
        tasks: TaskSet,
        on_change: Callable[[DnsAnswer], None],
    ) -> None:
        self._client = client
        self._record = record
        self._dns = dns
        self._state = state
        self._tasks = tasks
        self._on_change = on_change
        self._waiting: list[asyncio.Future[tuple[str, ...] | None]] = []

    async def address(self) -> str:
        """An address that is at most a TTL old. Raises DnsFailure, and NoAddress where that was answered."""
        addresses = self._step(cache.Lookup())
        if addresses is None:
            future: asyncio.Future[tuple[str, ...] | None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            addresses = await future
        if addresses is None:
            raise DnsFailure(f"nobody answered for {self._record}")
        if not addresses:
            raise NoAddress(f"{self._record} has no address")
        return addresses[0]

    def broke(self) -> None:
        """A connection broke: nothing to an honest cache."""

    def _step(self, event: cache.Event) -> tuple[str, ...] | None:
        now_ns = monotonic_ns()
        self._state, effects = cache.step(self._state, event, now_ns)
        served = None
        for effect in effects:
            if isinstance(effect, cache.Serve):
                served = effect.addresses
                self._release(served)
            elif isinstance(effect, cache.Query):
                self._tasks.spawn(self._query())
            elif isinstance(effect, cache.Refuse):
                self._release(None)
            elif isinstance(effect, cache.Changed):
                ttl_s = effect.ttl_ns / NS_PER_S
                self._on_change(DnsAnswer("witness", self._client, self._record, effect.addresses, ttl_s, now_ns))
        return served

    async def _query(self) -> None:
        try:
            reply = await self._dns.query(self._record)
        except DnsFailure:  # counted by the DNS client; the operations that wait end with the error "dns"
            self._step(cache.Failed())
        else:
            self._step(cache.Answered(reply.addresses, reply.ttl_ns))

    def _release(self, addresses: tuple[str, ...] | None) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(addresses)
