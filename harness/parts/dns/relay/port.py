"""One port for UDP and TCP that can be closed and opened again: it stays ours meanwhile, and refuses.

Beside what serves there, a socket of each kind holds the port: one for UDP that is connected to itself, so that it gets
nothing from anybody else, and one for TCP that does not listen. With those alone, the machine refuses: an ICMP message
for UDP, a reset for TCP, as from a host on which no name server runs.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Protocol, cast

from harness.engines.dns.headers import is_question
from harness.engines.dns.tcp import Answer, TcpClients
from harness.kit.address import Address

log = logging.getLogger(__name__)

_ATTEMPTS = 32
_BACKLOG = 64


class Served(Protocol):
    """Whoever gets the questions. May answer at once, later or never. What is no question is dropped before: a resolver
    would ask name servers about it that, rightly, do not answer, and think that they are gone."""

    def asked(self, question: bytes, *, tcp: bool, answer: Answer) -> None:
        """A question has come."""


class Port:
    """Closed at first. Create inside a running event loop; close it."""

    def __init__(self, host: str, served: Served) -> None:
        self._served = served
        self._keepers = _held(host)
        self.address: Address = self._keepers[0].getsockname()[:2]
        self._udp: asyncio.DatagramTransport | None = None
        self._gone = asyncio.Event()
        self._tcp: asyncio.Server | None = None
        self._clients = TcpClients(self._asked)

    async def open(self) -> None:
        """Take questions from now on."""
        if self._udp is not None:
            return
        loop = asyncio.get_running_loop()
        datagrams = _bound(self.address, socket.SOCK_DGRAM)
        self._gone = asyncio.Event()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._served, self._gone), sock=datagrams)
        self._tcp = await asyncio.start_server(
            self._clients.serve, sock=_bound(self.address, socket.SOCK_STREAM), backlog=_BACKLOG
        )

    async def shut(self) -> None:
        """Refuse from now on; connections that are open are reset."""
        if self._udp is None or self._tcp is None:
            return
        self._udp.close()
        self._tcp.close()
        self._udp, tcp, self._tcp = None, self._tcp, None
        await self._gone.wait()  # until then the machine takes datagrams for it
        await self._clients.close()
        await tcp.wait_closed()

    async def close(self) -> None:
        """Give the port back."""
        await self.shut()
        for keeper in self._keepers:
            keeper.close()

    def _asked(self, question: bytes, answer: Answer) -> bool:
        if not is_question(question):
            return False
        self._served.asked(question, tcp=True, answer=answer)
        return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, served: Served, gone: asyncio.Event) -> None:
        self._served = served
        self._gone = gone

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        def answer(wire: bytes) -> None:
            if not self._transport.is_closing():
                self._transport.sendto(wire, addr)

        if is_question(data):
            self._served.asked(data, tcp=False, answer=answer)

    def error_received(self, exc: Exception) -> None:
        log.debug("a client went away: %s", exc)


def _held(host: str) -> tuple[socket.socket, socket.socket]:
    """A port that is free for both, held by a socket of each kind. Raises OSError."""
    for attempt in range(_ATTEMPTS):
        datagrams = _bound((host, 0), socket.SOCK_DGRAM)
        address: Address = datagrams.getsockname()[:2]
        try:
            stream = _bound(address, socket.SOCK_STREAM)
        except OSError:
            datagrams.close()
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        datagrams.connect(address)
        return datagrams, stream
    raise AssertionError("the last attempt returns or raises")


def _bound(address: Address, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    found = socket.socket(family, kind)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if kind == socket.SOCK_STREAM:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setblocking(False)
        found.bind(address)
    except OSError:
        with suppress(OSError):
            found.close()
        raise
    return found
