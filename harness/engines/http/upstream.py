"""One connection to an upstream, and how sockets are told to behave."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from harness.kit.address import Address
from harness.wire.framing import Part, ResponseReader

_RESET = struct.pack("ii", 1, 0)
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class Failure(StrEnum):
    """How an upstream failed an exchange. CLOSED: it ended the connection without a reset."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    RESET = "reset"
    CLOSED = "closed"
    GARBAGE = "garbage"


def reset(transport: asyncio.Transport) -> None:
    """Close a connection so that the peer sees a reset: SO_LINGER 0, what is not sent yet is dropped."""
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def acknowledge_at_once(transport: asyncio.BaseTransport) -> None:
    """Turn delayed acknowledgements off until the kernel turns them on again (Linux, tcp(7): TCP_QUICKACK).

    A peer that writes head and body separately under Nagle's algorithm waits up to 40 ms for the first one's ACK.
    """
    if _QUICKACK is not None and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def without_delay(transport: asyncio.BaseTransport) -> None:
    """Send small segments at once (TCP_NODELAY)."""
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Exchange(Protocol):
    """What an upstream connection needs of the exchange that uses it. lost: its client is gone."""

    lost: bool

    def on_connected(self, upstream: Upstream) -> None:
        """The connection is there."""

    def on_response(self, parts: list[Part]) -> None:
        """Parts of the response arrived."""

    def on_upstream_lost(self, failure: Failure) -> None:
        """The connection ended."""

    def hold_reading(self, held: bool) -> None:
        """Stop or go on reading from the client."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes. key: of the connections that may carry it."""

    key: Hashable
    address: Address


class Upstream(asyncio.Protocol):
    """One connection to an upstream. owner: the exchange that uses it now."""

    def __init__(self, destination: Destination, owner: Exchange, max_head_bytes: int, quickack: bool) -> None:
        self.destination = destination
        self.owner: Exchange | None = owner
        self.reader = ResponseReader(max_head_bytes=max_head_bytes)
        self.transport: asyncio.Transport | None = None
        self._quickack = quickack
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        without_delay(transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        if self.owner is None or self.owner.lost:
            self.abort()
        else:
            self.owner.on_connected(self)

    @property
    def alive(self) -> bool:
        """Idle and not closed by its peer, as far as the kernel knows at this very moment."""
        if self.transport is None or self.transport.is_closing():
            return False
        # The event loop may not have told us yet of an end that the kernel already has.
        return not self._poll.poll(0)

    @property
    def reusable(self) -> bool:
        """The exchange left nothing behind in either direction."""
        transport = self.transport
        clean = transport is not None and not transport.is_closing() and not transport.get_write_buffer_size()
        return clean and not self.reader.waiting_bytes

    def send(self, data: bytes) -> None:
        """Write bytes of the current request."""
        if self.transport is not None and data:
            if self._quickack:
                acknowledge_at_once(self.transport)
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.owner is None:
            self.abort()  # nobody asked: whatever this is, the next request must not be answered with it
            return
        if self._quickack:
            acknowledge_at_once(cast(asyncio.Transport, self.transport))
        self.owner.on_response(self.reader.feed(data))

    def eof_received(self) -> bool:
        if self.owner is not None:
            if self.reader.end_of_stream():
                self.owner.on_response([Part(finished=True)])
            else:
                self.owner.on_upstream_lost(Failure.CLOSED)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.owner is not None:
            self.owner.on_upstream_lost(Failure.CLOSED if error is None else Failure.RESET)

    def pause_writing(self) -> None:
        if self.owner is not None:
            self.owner.hold_reading(True)

    def resume_writing(self) -> None:
        if self.owner is not None:
            self.owner.hold_reading(False)

    def hold_reading(self, held: bool) -> None:
        """Stop or go on reading, because the client does not take its response."""
        if self.transport is not None and not self.transport.is_closing():
            if held:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def detach(self) -> None:
        """End the exchange; the connection becomes idle."""
        self.owner = None
        self.reader.resume()

    def abort(self) -> None:
        """Close at once, dropping what was not sent: a flush into a black hole would never end."""
        self.owner = None
        if self.transport is not None:
            self.transport.abort()
