"""Asks one server: over one UDP socket, under ids of its own, or over a TCP connection for each question."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from harness.kit.address import Address

log = logging.getLogger(__name__)

_HEADER = 12


class Refused(OSError):
    """The server's port is closed."""


class Upstream(asyncio.DatagramProtocol):
    """A client of one server. Create with `connected`; close it."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[int, tuple[bytes, asyncio.Future[bytes]]] = {}
        self._last = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """An answer; what nobody waits for any more is dropped."""
        if len(data) < _HEADER or not data[2] & 0x80:
            return
        question, future = self._waiting.get(int.from_bytes(data[:2], "big"), (b"", None))
        if future is not None and not future.done():
            future.set_result(question[:2] + data[2:])

    def error_received(self, exc: Exception) -> None:
        """ICMP: whoever waits is refused."""
        log.debug("%s:%d: %s", *self._server, exc)
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(Refused(str(exc)))

    async def ask(self, question: bytes, wait_s: float, *, tcp: bool = False) -> bytes:
        """The answer, under the question's own id. Raises TimeoutError, and OSError where the server refuses."""
        if tcp:
            async with asyncio.timeout(wait_s):
                return await self._over_tcp(question)
        if self._transport is None or self._transport.is_closing():
            raise OSError("closed")
        number = self._number()
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (question, future)
        try:
            self._transport.sendto(number.to_bytes(2, "big") + question[2:])
            async with asyncio.timeout(wait_s):
                return await future
        finally:
            del self._waiting[number]

    def _number(self) -> int:
        """One that nobody waits under."""
        self._last = (self._last + 1) & 0xFFFF
        while self._last in self._waiting:
            self._last = (self._last + 1) & 0xFFFF
        return self._last

    async def _over_tcp(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._server)
        try:
            writer.write(len(question).to_bytes(2, "big") + question)
            found = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        except EOFError as error:
            raise Refused("the connection was closed") from error
        finally:
            writer.close()
        if len(found) < _HEADER:
            raise Refused("its answer is none")
        return found

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


async def connected(server: Address) -> Upstream:
    """A client of `server`, with a port of its own."""
    loop = asyncio.get_running_loop()
    _, upstream = await loop.create_datagram_endpoint(lambda: Upstream(server), remote_addr=server)
    return upstream
