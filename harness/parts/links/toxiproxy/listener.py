"""A listening socket that can leave its accept queue full, so that new connections time out while connecting.

On Linux a SYN to a full accept queue is dropped, and the client tries again after 1, 3, 7 ... seconds. `hold` makes
the queue as short as possible (`listen(0)`: one place, tcp_conn_request in net/ipv4/tcp_input.c), takes that place
with a connection of its own, and verifies by TCP_INFO that the queue is full (for a listening socket tcpi_unacked is
its length, tcpi_sacked its limit). Elsewhere `hold` refuses, and the proxy accepts and stays silent.
"""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import struct
import sys
from collections.abc import Callable

from harness.kit.address import Address

_LOG = logging.getLogger(__name__)
_BACKLOG = 1024
_ACCEPTS_PER_TURN = 64
"""So that a flood of connections does not keep the loop from forwarding."""
_RETRY_S = 0.1
"""After an accept that failed for want of file descriptors or memory."""
_FILLERS_MAX = 8
_FILLER_WAIT_MS = 20
_LINGER_RESET = struct.pack("ii", 1, 0)

Accepted = Callable[[socket.socket], None]


def set_reset_on_close(sock: socket.socket) -> None:
    """From now on closing this socket sends RST, and drops what is not sent yet."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)


def can_hold() -> bool:
    """Whether this system drops connections to a full accept queue in the way that `Listener.hold` needs."""
    return sys.platform == "linux"


def reserve(address: Address) -> socket.socket | None:
    """A socket that is bound there and does not listen: connections are refused, and nobody else gets the port.

    A disabled proxy would else lose a port of the ephemeral range to whoever asks for any. None when it is taken.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError as error:
        _LOG.warning("%s: the port could not be kept while the proxy is disabled: %s", address, error)
        sock.close()
        return None
    return sock


class Listener:
    """Accepts connections on one address until it is closed. Every method returns at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address, accepted: Accepted) -> None:
        """Binds and listens. accepted: called with each new, non-blocking socket. Raises OSError."""
        self._loop = loop
        self._accepted = accepted
        self._fillers: list[socket.socket] = []
        self._retry: asyncio.TimerHandle | None = None
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._sock.setblocking(False)
            self._sock.bind(address)
            self._sock.listen(_BACKLOG)
        except OSError:
            self._sock.close()
            raise
        host, port = self._sock.getsockname()[:2]
        self.address: Address = (host, port)
        self._loop.add_reader(self._sock, self._readable)

    def close(self) -> None:
        """Stop listening; connections that were not accepted yet are reset by the system."""
        self._stop_accepting()
        self._close_fillers()
        self._sock.close()

    def hold(self) -> bool:
        """Let new connections hang. What had already connected is accepted first. False: not possible here."""
        if not can_hold():
            return False
        while self._accept_some():
            pass
        self._stop_accepting()
        self._sock.listen(0)
        for _ in range(_FILLERS_MAX):
            if self._queue_full() or self._fill():
                return True
        _LOG.warning(
            "%s: the accept queue cannot be filled, connections will be accepted and kept silent", self.address
        )
        self.release()
        return False

    def release(self) -> None:
        """Undo `hold`: reset whatever waited in the queue, and accept again."""
        self._close_fillers()
        length, _ = self._queue()
        for _ in range(length):
            try:
                waited, _ = self._sock.accept()
            except OSError:
                break  # it gave up by itself
            set_reset_on_close(waited)
            waited.close()
        self._sock.listen(_BACKLOG)
        self._loop.add_reader(self._sock, self._readable)

    def _readable(self) -> None:
        self._accept_some()

    def _accept_some(self) -> bool:
        """Accept up to a turn's worth. True when there may be more."""
        for _ in range(_ACCEPTS_PER_TURN):
            try:
                client, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._pause_accepting(error)
                return False
            client.setblocking(False)
            self._accepted(client)
        return True

    def _pause_accepting(self, error: OSError) -> None:
        _LOG.error("%s: cannot accept: %s", self.address, error)
        self._stop_accepting()
        self._retry = self._loop.call_later(_RETRY_S, self._loop.add_reader, self._sock, self._readable)

    def _stop_accepting(self) -> None:
        self._loop.remove_reader(self._sock)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _queue(self) -> tuple[int, int]:
        """Length and limit of the accept queue."""
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
        length, limit = struct.unpack_from("II", info, 24)
        return length, limit

    def _queue_full(self) -> bool:
        length, limit = self._queue()
        return length > limit

    def _fill(self) -> bool:
        """Take a place in the queue ourselves. True when it is full now."""
        filler = socket.socket(self._sock.family, socket.SOCK_STREAM)
        self._fillers.append(filler)
        filler.setblocking(False)
        filler.connect_ex(self._sock.getsockname())
        if self._queue_full():  # on loopback the handshake is usually over by now
            return True
        poll = select.poll()
        poll.register(filler, select.POLLOUT)
        poll.poll(_FILLER_WAIT_MS)
        return self._queue_full()

    def _close_fillers(self) -> None:
        for filler in self._fillers:
            set_reset_on_close(filler)
            filler.close()
        self._fillers.clear()
