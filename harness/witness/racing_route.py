"""Connects to one of several addresses of a name, as `racing` says: for clients of names with both families."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from harness.audience import IPv6
from harness.clock import monotonic_ns
from harness.units import to_s
from harness.witness import outcomes, racing
from harness.witness.channel import Channel, ExchangeError
from harness.witness.dns_client import DnsFailure, NoAddress
from harness.witness.nat64 import is_ipv6, translated
from harness.witness.operation import Connected, Resolved
from harness.witness.resolver import Resolver
from harness.witness.routes import Dial, Lease, Tell


class RacingRoute:
    """A new connection for every operation. resolvers: of each family. staggered: whether attempts overlap. ipv6: what
    becomes of it in the client's network."""

    keepalive = False

    def __init__(
        self, resolvers: Mapping[str, Resolver], dial: Dial, *, staggered: bool, ipv6: IPv6 = "carried"
    ) -> None:
        self._resolvers = resolvers
        self._dial = partial(_over, ipv6, dial)
        self._staggered = staggered

    async def acquire(self, tell: Tell) -> Lease:
        """See harness.witness.routes.Route."""
        run = _Run(racing.Race(self._staggered, frozenset(self._resolvers)), self._dial, tell)
        return await run.through(self._resolvers)

    def release(self, lease: Lease) -> None:
        """Nothing is kept."""
        lease.channel.close()

    def close(self) -> None:
        """Nothing is idle."""


class _Run:
    """One race. won: its end."""

    def __init__(self, race: racing.Race, dial: Dial, tell: Tell) -> None:
        self._race = race
        self._dial = dial
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._won: asyncio.Future[Lease] = self._loop.create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._channels: dict[str, Channel] = {}

    async def through(self, resolvers: Mapping[str, Resolver]) -> Lease:
        """The lease of the winner. Raises DnsFailure, ExchangeError."""
        lease: Lease | None = None
        try:
            for family, resolver in resolvers.items():
                self._spawn(self._look_up(family, resolver))
            lease = await self._won
        finally:
            for timer in self._timers:
                timer.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for channel in self._channels.values():
                if lease is None or channel is not lease.channel:
                    channel.close()
        return lease

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._loop.create_task(coroutine))

    async def _look_up(self, family: str, resolver: Resolver) -> None:
        try:
            found = racing.Found(family, await resolver.addresses())
        except DnsFailure:
            found = racing.Found(family, (), ok=False)
        self._step(found)

    async def _connect(self, address: str) -> None:
        try:
            self._channels[address] = await self._dial(address)
        except ExchangeError:
            self._step(racing.Broke(address))
        else:
            self._step(racing.Connected(address))

    def _step(self, event: racing.Event) -> None:
        self._race, effects = racing.step(self._race, event, monotonic_ns())
        for effect in effects:
            if isinstance(effect, racing.Attempt):
                self._tell(Resolved(translated(effect.address)))
                self._spawn(self._connect(effect.address))
            elif isinstance(effect, racing.Delay):
                later = partial(self._step, racing.Waited(effect.number))
                self._timers.append(self._loop.call_later(to_s(effect.after_ns), later))
            elif not self._won.done():
                self._end(effect)

    def _end(self, effect: racing.Won | racing.Lost) -> None:
        if isinstance(effect, racing.Won):
            end = translated(effect.address)
            self._tell(Connected(end))
            self._won.set_result(Lease(self._channels[effect.address], end))
        elif effect.why == "connect":
            self._won.set_exception(ExchangeError(outcomes.REFUSED))
        else:
            error: Callable[[str], Exception] = DnsFailure if effect.why == "dns" else NoAddress
            self._won.set_exception(error("no address to connect to"))


async def _over(ipv6: IPv6, dial: Dial, address: str) -> Channel:
    """A connection as the client's network carries it: to where a translator leads. Raises ExchangeError."""
    if is_ipv6(address) and ipv6 == "silent":
        await asyncio.Event().wait()  # until whoever waits gives up
    if is_ipv6(address) and ipv6 == "refused":
        raise ExchangeError(outcomes.REFUSED)
    return await dial(translated(address))
