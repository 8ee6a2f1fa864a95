"""How a client gets to a connection: past DNS or through its cache, a new connection each time or a pooled one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from harness.clock import monotonic_ns
from harness.witness.channel import Channel, ExchangeError
from harness.witness.operation import Connected, Resolved

log = logging.getLogger(__name__)

KEPT_IDLE = 10
"""Idle connections that a keep-alive client keeps: the pool size of requests and urllib3."""

Dial = Callable[[str], Awaitable[Channel]]
"""Connects to an answered address, by whichever link it stands for."""


Tell = Callable[[Resolved | Connected], None]
"""Hears how far an operation has got: what a deadline means depends on it."""


@dataclass(eq=False)
class Lease:
    """A connection in use, and the answered address it was dialled for."""

    channel: Channel
    address: str


class AddressSource(Protocol):
    """Where the next new connection goes."""

    async def address(self) -> str:
        """An answered address. Raises DnsFailure."""
        ...

    def broke(self) -> None:
        """A connection broke, or could not be made."""
        ...

    def silent(self) -> None:
        """Nothing came over a connection, or nobody took it, for as long as the client waits."""
        ...


class FixedAddress:
    """Never asks again: the edge of one region."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def address(self) -> str:
        return self._address

    def broke(self) -> None:
        """Nothing moves this client."""

    def silent(self) -> None:
        """Nor does silence."""


class HeldAddress:
    """Asks once, and again only after a connection broke: what a pooled HTTP client does.

    hang_ns: of a silent connection it does not know before so much time that it is of no use; 0: as soon as a request
    has got no answer.
    """

    def __init__(self, source: AddressSource, hang_ns: int = 0) -> None:
        self._source = source
        self._hang_ns = hang_ns
        self._held: str | None = None
        self._silent_ns: int | None = None

    async def address(self) -> str:
        if self._silent_ns is not None and monotonic_ns() - self._silent_ns >= self._hang_ns:
            self.broke()
        if self._held is None:
            self._held = await self._source.address()
        return self._held

    def broke(self) -> None:
        self._held = self._silent_ns = None

    def silent(self) -> None:
        if not self._hang_ns:
            self.broke()
        elif self._silent_ns is None:
            self._silent_ns = monotonic_ns()


class Route(Protocol):
    """Gives connections, and takes them back. keepalive: whether it keeps them open."""

    keepalive: bool

    async def acquire(self, tell: Tell) -> Lease:
        """A connection to send on. Raises DnsFailure, ExchangeError."""
        ...

    def release(self, lease: Lease) -> None:
        """The operation is over; a channel that is closed by now has broken, or its peer wanted it so."""
        ...

    def close(self) -> None:
        """Close what is idle."""
        ...


class FreshRoute:
    """A new connection for every operation."""

    keepalive = False

    def __init__(self, source: AddressSource, dial: Dial) -> None:
        self._source = source
        self._dial = dial

    async def acquire(self, tell: Tell) -> Lease:
        address = await self._source.address()
        tell(Resolved(address))
        channel = await self._dial(address)
        tell(Connected(address))
        return Lease(channel, address)

    def release(self, lease: Lease) -> None:
        lease.channel.close()

    def close(self) -> None:
        """Nothing is idle."""


class PooledRoute:
    """Idle connections in turn, and as many more as operations are outstanding: a slow answer delays no other.

    Dead ones are found while they are idle. keep: idle connections that are kept open.
    """

    keepalive = True

    def __init__(self, source: AddressSource, dial: Dial, keep: int) -> None:
        self._source = source
        self._dial = dial
        self._keep = keep
        self._idle: deque[Lease] = deque()
        self._closed = False

    async def acquire(self, tell: Tell) -> Lease:
        if self._idle:
            lease = self._idle.popleft()
            tell(Connected(lease.address))
            return lease
        return await self._connect(tell)

    async def _connect(self, tell: Tell) -> Lease:
        address = await self._source.address()
        tell(Resolved(address))
        try:
            channel = await self._dial(address)
        except ExchangeError:
            self._source.broke()
            raise
        except BaseException:  # cancelled by a deadline
            self._source.silent()
            raise
        tell(Connected(address))
        return Lease(channel, address)

    def release(self, lease: Lease) -> None:
        if lease.channel.given_up:
            self._source.silent()
        elif not lease.channel.open:
            self._source.broke()
        elif self._closed or len(self._idle) >= self._keep:
            lease.channel.close()
        else:
            self._idle.append(lease)
            lease.channel.watch(lambda: self._found_dead(lease))

    def _found_dead(self, lease: Lease) -> None:
        self._idle.remove(lease)
        self._source.broke()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.popleft().channel.close()


def _ignore(_: Resolved | Connected) -> None:
    """Nobody's operation waits for the connection."""


class WarmPooledRoute(PooledRoute):
    """A pool that opens its connections before the first operation needs one."""

    async def warm(self, timeout_s: float) -> None:
        """Open the pool's connections; one that fails is left to the operations, which record such things."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._warm()
        except TimeoutError:
            log.info("an edge took no connections before the workload began")

    async def _warm(self) -> None:
        leases: list[Lease] = []
        for _ in range(self._keep):
            try:
                leases.append(await self._connect(_ignore))
            except ExchangeError:
                break
        for lease in leases:
            self.release(lease)
