"""One health check request on the wire: connect, ask, judge, close. Everything it opens is closed when it is done.

A protocol of asyncio rather than an HTTP client: 32 of these run every second beside what is being measured.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from harness.engines.health_checks.checker import NOT_CONNECTED, Cause, Finished, Times
from harness.engines.health_checks.policy import Request
from harness.units import to_ns, to_s
from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector

LONGEST_HEAD = 16_384
"""Response headers may have 16,384 bytes (Developer Guide, quotas)."""


def _tls(request: Request) -> ssl.SSLContext | None:
    if not request.tls:
        return None
    context = ssl.create_default_context() if request.verified else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not request.verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Probe(asyncio.Protocol):
    """Reports once through `done`, then stays only until the peer has closed, for at most one body time-out more."""

    def __init__(self, request: Request, done: Callable[[Finished], None], connections: set[_Probe]) -> None:
        self._request = request
        self._connections = connections
        self._done: Callable[[Finished], None] | None = done
        self._answer = ResponseCollector(max_head_bytes=LONGEST_HEAD)
        self._status: Finished | None = None
        self._loop = asyncio.get_running_loop()
        whole_ns = request.limits.whole_ns
        self._latest = None if whole_ns is None else self._loop.time() + to_s(whole_ns)
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._began = self._loop.time()
        self._connected: float | None = None
        self._times: Times | None = None

    def tcp_connected(self) -> None:
        """TCP is connected, and TLS begins."""
        self._connected = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        if self._request.timed:
            now = self._loop.time()
            connected = now if self._connected is None else self._connected
            shaken = None if self._connected is None else to_ns(now - connected)
            self._times, self._began = Times(to_ns(connected - self._began), shaken), now
        if not self._request.payload:
            self._report(self._request.judge.unanswered(Finished(True, "A TCP connection was established")))
            self._transport.close()
            return
        self._transport.write(self._request.payload)
        self._wait(self._request.limits.status_ns, "No HTTP status arrived in time after connecting")

    def data_received(self, data: bytes) -> None:
        if self._done is None:  # judged already: read on only so that the peer is not reset while it writes
            return
        if self._times is not None and self._times.first_byte_ns is None:
            self._times = replace(self._times, first_byte_ns=to_ns(self._loop.time() - self._began))
        whole = False
        try:
            self._answer.feed(data)
            whole = self._answer.response is not None
        except FramingError:
            whole = True  # nothing more can be read: what came is judged
        if self._status is None:
            self._read_status(whole)
        if self._status is not None and self._done is not None:
            self._read_body(whole)

    def _read_status(self, whole: bool) -> None:
        found = self._answer.status
        if found is None:
            if whole:
                self._failed("The answer is not HTTP", "protocol")
            return
        self._status = self._request.judge.status(*found)
        if not self._status.ok or not self._request.judge.searched_bytes:
            self._report(self._status)
            return
        self._wait(self._request.limits.body_ns, "The response body did not arrive in time")

    def _read_body(self, whole: bool) -> None:
        match = self._request.judge.body(self._answer.body)
        if match.ok or whole or self._answer.body_bytes >= self._request.judge.searched_bytes:
            self._report(match)

    def eof_received(self) -> None:
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)
        self._cancel()
        self._connections.discard(self)

    def _ended(self, error: Exception | None) -> None:
        if self._done is None:
            return
        if self._status is not None and error is None:
            self._read_body(whole=True)
            return
        how = "was reset" if error is not None else "was closed"
        self._failed(f"The connection {how} before the answer was complete", "closed")

    def _wait(self, limit_ns: int, late: str) -> None:
        self._cancel()
        when = self._loop.time() + to_s(limit_ns)
        when = when if self._latest is None else min(when, self._latest)
        self._deadline = self._loop.call_at(when, self.fail, late, "timeout")

    def fail(self, text: str, cause: Cause) -> None:
        """Report a failure, unless something was reported already, and give the connection up."""
        self._failed(text, cause)
        self.abort()

    def _failed(self, text: str, cause: Cause) -> None:
        self._report(self._request.judge.unanswered(Finished(False, text, cause)))

    def _report(self, result: Finished) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        self._cancel()
        self._deadline = self._loop.call_later(to_s(self._request.limits.body_ns), self.abort)
        done(result if self._times is None else replace(result, times=self._times))

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def abort(self) -> None:
        """Give the connection up now; nothing is reported any more."""
        self._done = None
        self._cancel()
        if self._transport is not None:
            self._transport.abort()


async def _connect_in_two(probe: _Probe, request: Request, tls: ssl.SSLContext, name: str | None) -> None:
    """Connect, and then shake hands, so that it is known how long each of the two took."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in request.host else socket.AF_INET
    connected = socket.socket(family, socket.SOCK_STREAM)
    try:
        connected.setblocking(False)
        await loop.sock_connect(connected, (request.host, request.port))
    except BaseException:
        connected.close()
        raise
    probe.tcp_connected()
    await loop.create_connection(lambda: probe, sock=connected, ssl=tls, server_hostname=name)


class Prober:
    """Sends requests and remembers what is open, so that all of it can be closed."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._connections: set[_Probe] = set()

    def send(self, request: Request, done: Callable[[Finished], None]) -> None:
        """Start one request; `done` is called once with its result, never after `close`."""
        task = asyncio.get_running_loop().create_task(self._connect(request, done))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _connect(self, request: Request, done: Callable[[Finished], None]) -> None:
        probe = _Probe(request, done, self._connections)
        # An empty server name asks asyncio for TLS without SNI.
        tls = _tls(request)
        name = None if tls is None else request.server_name or ""
        try:
            async with asyncio.timeout(to_s(request.limits.connect_ns)):
                if tls is not None and request.timed:
                    await _connect_in_two(probe, request, tls, name)
                else:
                    await asyncio.get_running_loop().create_connection(
                        lambda: probe, request.host, request.port, ssl=tls, server_hostname=name
                    )
        except TimeoutError:
            probe.fail(NOT_CONNECTED, "timeout")
        except ConnectionRefusedError:
            probe.fail("Connection refused", "connection")
        except OSError as error:
            probe.fail(str(error.strerror or error), "connection")

    async def close(self) -> None:
        """Give up everything that is under way and wait until it is gone."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for probe in tuple(self._connections):
            probe.abort()
        # An aborted transport says so in the next turn of the loop; TLS takes one more.
        for _ in range(3):
            await asyncio.sleep(0)
