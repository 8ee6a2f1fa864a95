"""What an HTTP exchange of a client goes over: a socket as it is, or TLS on it. For event loops.

TLS is kept apart from the socket (`ssl.SSLObject`), so that each waits for nothing but the loop, and what the peer
sends unasked while the connection is idle (session tickets) is not taken for an answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final, Protocol

from harness.kit.tls import Tls
from harness.wire.secured import context_of

_READ_SIZE: Final = 64 * 1024


class Wire(Protocol):
    """Sends and receives on one connected socket. All of it raises OSError; ssl.SSLError is one."""

    async def send(self, data: bytes) -> None:
        """All of it."""
        ...

    async def receive(self) -> bytes:
        """The next bytes; none: the peer has ended."""
        ...

    def idle(self) -> bool:
        """The socket is readable while nothing was asked: whether the connection may be kept all the same."""
        ...


class PlainWire:
    """The socket as it is."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        return await self._loop.sock_recv(self._sock, _READ_SIZE)

    def idle(self) -> bool:
        return False


class TlsWire:
    """TLS on it. Call `greet` first."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop, tls: Tls) -> None:
        self._plain = PlainWire(sock, loop)
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context_of(tls).wrap_bio(self._incoming, self._outgoing, server_hostname=tls.server_name)

    async def greet(self) -> None:
        """Agree on TLS with the peer. Raises ssl.SSLError, OSError."""
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        self._object.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        while True:
            try:
                return self._object.read(_READ_SIZE)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def idle(self) -> bool:
        try:
            data = self._sock.recv(_READ_SIZE)
            if not data:
                return False
            self._incoming.write(data)
            self._object.read(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True  # nothing that is meant for who reads
        except OSError:
            return False
        return False

    async def _feed(self) -> None:
        data = await self._plain.receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._plain.send(self._outgoing.read())
