"""One TCP connection of a client, one HTTP exchange at a time, with the error that really happened."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

from harness.kit.address import Address
from harness.kit.tls import Tls
from harness.wire.body import FramingError
from harness.wire.exchange import Response, ResponseCollector
from harness.witness import outcomes
from harness.witness.wires import PlainWire, TlsWire, Wire

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 256 * 1024
"""No answer to a request of ours is larger: what is, is garbage."""


class ExchangeError(Exception):
    """No answer came. word: one of harness.witness.outcomes' error words."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


async def dial(address: Address, tls: Tls | None = None) -> Channel:
    """Connect. tls: None speaks without it. Raises ExchangeError (refused, unreachable, no-tls); a deadline is the
    caller's."""
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, address)
        # A port of the ephemeral range without a listener can connect to itself on loopback.
        if sock.getsockname() == sock.getpeername():
            raise ExchangeError(outcomes.REFUSED)
    except OSError as error:
        sock.close()
        refused = error.errno in (errno.ECONNREFUSED, errno.ECONNRESET, errno.ENOTCONN)
        raise ExchangeError(outcomes.REFUSED if refused else outcomes.UNREACHABLE) from error
    except BaseException:  # a deadline cancels us here: the socket must not outlive it
        sock.close()
        raise
    if tls is None:
        return Channel(sock, loop, PlainWire(sock, loop))
    wire = TlsWire(sock, loop, tls)
    try:
        await wire.greet()
    except OSError as error:  # ssl.SSLError is one
        sock.close()
        raise ExchangeError(outcomes.NO_TLS) from error
    except BaseException:
        sock.close()
        raise
    return Channel(sock, loop, wire)


class Channel:
    """A connected socket. Close it, or keep it while `exchange` leaves it open.

    given_up: closed since whoever waited for an answer waits no longer.
    """

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop, wire: Wire) -> None:
        self._sock = sock
        self._wire = wire
        self._loop = loop
        self._watched = False
        self.open = True
        self.given_up = False

    async def exchange(self, request: bytes) -> Response:
        """Send a request and read its answer.

        Raises ExchangeError: reset (also when the peer closes early), garbage. The channel is closed then, when the
        call is cancelled, and when the answer says that the connection ends.
        """
        self._unwatch()
        answer = ResponseCollector(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_BODY_BYTES)
        try:
            await self._wire.send(request)
            while answer.response is None:
                data = await self._wire.receive()
                if data:
                    answer.feed(data)
                elif not answer.end():
                    raise ExchangeError(outcomes.RESET)
        except OSError as error:
            self.close()
            raise ExchangeError(outcomes.RESET) from error
        except FramingError as error:
            self.close()
            raise ExchangeError(outcomes.GARBAGE) from error
        except BaseException:  # includes a deadline's cancellation: an answer may still come, so nobody may reuse it
            self.given_up = True
            self.close()
            raise
        if not answer.response.reusable:
            self.close()
        return answer.response

    def watch(self, on_break: Callable[[], None]) -> None:
        """While idle: close, and call `on_break`, as soon as the peer closes or sends something unasked."""

        def broken() -> None:
            if self._wire.idle():
                return
            self.close()
            on_break()

        self._watched = True
        self._loop.add_reader(self._sock, broken)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._sock)

    def close(self) -> None:
        """Close the socket. Closing twice is allowed."""
        self._unwatch()
        self.open = False
        self._sock.close()
