"""Drives one client's resolver cache over the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from harness.clock import monotonic_ns
from harness.history.events import DnsAnswer
from harness.units import NS_PER_S, to_s
from harness.witness import resolver_cache as cache
from harness.witness.dns_client import DnsFailure, DnsReply, NoAddress
from harness.witness.tasks import TaskSet


class Names(Protocol):
    """Whoever can be asked for the addresses of a name: name servers, or another cache."""

    async def query(self, name: str) -> DnsReply:
        """Raises DnsFailure."""
        ...


class Resolver:
    """Answers lookups from the cache, or by one query for all that wait. on_change hears of each new answer.

    Another one may ask it, since one cache can lie before another (`query`).
    """

    def __init__(
        self,
        client: str,
        record: str,
        dns: Names,
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
        """An address that is as old as the policy allows, at most. Raises DnsFailure, and NoAddress where that was
        answered."""
        addresses = await self.addresses()
        if not addresses:
            raise NoAddress(f"{self._record} has no address")
        return addresses[0]

    async def addresses(self) -> tuple[str, ...]:
        """All of them; none where that was answered. Raises DnsFailure."""
        future: asyncio.Future[tuple[str, ...] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._step(cache.Lookup())
        addresses = future.result() if future.done() else await future
        if addresses is None:
            raise DnsFailure(f"nobody answered for {self._record}")
        return addresses

    async def query(self, name: str) -> DnsReply:
        """What it knows of its one name, for as long as it will keep it. Raises DnsFailure."""
        asked_ns = monotonic_ns()
        addresses = await self.addresses()
        now_ns = monotonic_ns()
        return DnsReply(addresses, max(0, self._state.expires_ns - now_ns), asked_ns, now_ns)

    def broke(self) -> None:
        """A connection broke: nothing to an honest cache."""

    def silent(self) -> None:
        """Nor that nothing comes over it."""

    def _step(self, event: cache.Event) -> None:
        now_ns = monotonic_ns()
        self._state, effects = cache.step(self._state, event, now_ns)
        for effect in effects:
            if isinstance(effect, cache.Serve):
                self._release(effect.addresses)
            elif isinstance(effect, cache.Query):
                self._tasks.spawn(self._query())
            elif isinstance(effect, cache.Timer):
                after_s = to_s(effect.after_ns)
                asyncio.get_running_loop().call_later(after_s, self._step, cache.Waited(effect.query))
            elif isinstance(effect, cache.Refuse):
                self._release(None)
            elif isinstance(effect, cache.Changed):
                ttl_s = effect.ttl_ns / NS_PER_S
                self._on_change(DnsAnswer("witness", self._client, self._record, effect.addresses, ttl_s, now_ns))

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
