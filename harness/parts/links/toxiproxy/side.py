"""One of the two sockets of a connection."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

from harness.parts.links.toxiproxy.flow import Flow
from harness.parts.links.toxiproxy.listener import set_reset_on_close
from harness.parts.links.toxiproxy.toxics.base import Ending

_WRITE_BUFFER_BYTES = 256 * 1024


class Owner(Protocol):
    """What a socket asks of the connection that it is a side of."""

    loop: asyncio.AbstractEventLoop
    closed: bool

    def side_lost(self, side: Side) -> None:
        """A socket is gone."""
        ...


class Side(asyncio.Protocol):
    """One of the two sockets. Ignores everything that comes too late."""

    reads: Flow
    writes: Flow

    def __init__(self, connection: Owner) -> None:
        self._connection = connection
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._reading = True
        self._early: list[bytes] = []
        self._early_eof = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._connection.closed:
            self.close(flush=False, reset=True)
            return
        self.transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._reading:  # uvloop begins to read after this call, whatever is said in it
            self._connection.loop.call_soon(self._pause)
        if self._early:
            self.transport.writelines(self._early)
            self._early.clear()
        if self._early_eof:
            self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        self.reads.receive(data)

    def eof_received(self) -> bool:
        self.reads.end(Ending.HALF)
        return True

    def pause_writing(self) -> None:
        self.writes.blocked = True
        self.writes.steer()

    def resume_writing(self) -> None:
        self.writes.blocked = False
        self.writes.pump()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._connection.side_lost(self)

    def read(self, wanted: bool) -> None:
        """Read, or leave the bytes in the kernel, so that the sender notices."""
        if wanted is self._reading:
            return
        self._reading = wanted
        if self.transport is None or self.transport.is_closing():
            return
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _pause(self) -> None:
        if not self._reading and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def write(self, data: bytes) -> None:
        """Send; a server that speaks first may do so a moment before its client's transport is there."""
        if self.transport is None:
            self._early.append(data)
        elif not self.transport.is_closing():
            self.transport.write(data)

    def write_eof(self) -> None:
        if self.transport is None:
            self._early_eof = True
        elif not self.transport.is_closing():
            self.transport.write_eof()

    def close(self, *, flush: bool, reset: bool) -> None:
        if self.transport is None or self.lost:
            return
        if reset:
            set_reset_on_close(self.transport.get_extra_info("socket"))
        if flush:
            self.transport.close()
        else:
            self.transport.abort()
