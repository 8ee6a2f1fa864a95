"""Cloudflare's own edge: an HTTP proxy in front of the origins of proxied names, with connection pools of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from http import HTTPStatus

from harness import scaling
from harness.engines.dns.names import normalise
from harness.engines.http.answer import Answer, Status
from harness.engines.http.relay import ClientConnection
from harness.engines.http.upstream import Destination, Failure, Upstream
from harness.kit.address import Address
from harness.kit.process import binding
from harness.names import HEADER_EDGE
from harness.parts.steering.cloudflare import proxying
from harness.parts.steering.cloudflare.forwarding import request_head, response_head
from harness.parts.steering.cloudflare.plane import Plane
from harness.parts.steering.cloudflare.proxying import Course
from harness.units import to_ns, to_s
from harness.wire.framing import RequestHead, ResponseHead

_IDLE_MAX = 64
"""Idle connections that are kept for one origin; the oldest goes first."""


class Edge:
    """The proxies of one account. dial: an origin's address -> where it is dialled, once that is known."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.dial: dict[str, Address] = {}
        self.counts: Counter[str] = Counter()
        self.connections: set[EdgeConnection] = set()
        self.connect_timeout_s = _timeout_s(proxying.CONNECT_TIMEOUT_S, plane.scale)
        self.answer_timeout_s = _timeout_s(proxying.ANSWER_TIMEOUT_S, plane.scale)
        self._idle: dict[str, list[Upstream]] = {}

    async def listen(self, stack: AsyncExitStack, addresses: tuple[Address, ...]) -> None:
        """Serve on every one of `addresses` until the stack is left. Raises WorldError."""
        loop = asyncio.get_running_loop()
        stack.callback(self.close)
        for address in addresses:
            with binding("cloudflare's edge", address):
                server = await loop.create_server(lambda: EdgeConnection(self), *address)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)

    def close(self) -> None:
        """End every connection, on both sides."""
        self.forget()
        for connection in tuple(self.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def forget(self) -> None:
        """Close every idle connection to an origin."""
        for idle in self._idle.values():
            for upstream in idle:
                upstream.abort()
        self._idle.clear()

    def take_idle(self, key: str) -> Upstream | None:
        """A live idle connection to an origin, the one that was used last."""
        idle = self._idle.get(key, [])
        while idle:
            upstream = idle.pop()
            if upstream.alive:
                return upstream
            upstream.abort()
        return None

    def keep_idle(self, key: str, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        idle = self._idle.setdefault(key, [])
        idle.append(upstream)
        if len(idle) > _IDLE_MAX:
            idle.pop(0).abort()


class EdgeConnection(ClientConnection):
    """One client's connection."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self.connect_timeout_s = edge.connect_timeout_s
        self._edge = edge
        self._course: Course | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._peer = b"unknown"
        edge.connections.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]).encode() if peer else self._peer

    def choose(self, request: RequestHead) -> Destination | Answer:
        self._edge.counts["requests"] += 1
        self._course = self._edge.plane.begun(_host(request))
        if self._course is None:
            return Answer(HTTPStatus.CONFLICT, b"error code: 1001\n", fields=_OURS)
        if self._course.origin is None:
            return self._page(530)
        self._start_timer()
        return self._destination(self._course)

    def _destination(self, course: Course) -> Destination:
        assert course.origin is not None
        address = course.origin.address
        return Destination(address, self._edge.dial.get(address, (address, course.origin.port or 80)))

    def take_pooled(self, destination: Destination) -> Upstream | None:
        upstream = self._edge.take_idle(str(destination.key))
        if upstream is not None:
            self._connected_now()
        return upstream

    def give_back(self, upstream: Upstream) -> None:
        self._edge.keep_idle(str(upstream.destination.key), upstream)

    def on_connected(self, upstream: Upstream) -> None:
        self._connected_now()
        super().on_connected(upstream)

    def _connected_now(self) -> None:
        if self._course is not None:
            self._course = proxying.connected(self._course)

    def request_bytes(self, request: RequestHead) -> bytes:
        return request_head(request, self._peer)

    def response_bytes(self, response: ResponseHead) -> bytes:
        origin = None if self._course is None else self._course.origin
        if response.interim or origin is None:
            return response.raw
        keep = self.request is not None and self.request.keep_alive and not response.until_close
        return response_head(response, origin.address, keep=keep)

    def keeps_client(self) -> bool:
        request, response = self.request, self.response
        return request is not None and request.keep_alive and response is not None and not response.until_close

    def on_failure(self, failure: Failure, detail: str) -> None:
        course = self._course
        if self.response is not None or course is None:
            self.reset_client()
            return
        status = proxying.status_of(course, failure, detail)
        other = self._edge.plane.again(course, status)
        if other is None:
            self.answer(self._page(status))
            return
        self._edge.counts["retried"] += 1
        self._course = other
        self.connect_elsewhere(self._destination(other))

    def on_bad_request(self, detail: str) -> Answer:
        return Answer(HTTPStatus.BAD_REQUEST, f"{detail}\n".encode(), fields=_OURS)

    def on_exchange_end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_client_lost(self) -> None:
        self._edge.connections.discard(self)

    def _page(self, status: int) -> Answer:
        """The error page, as a program is shown it."""
        self._edge.counts[str(status)] += 1
        code = proxying.NO_ORIGIN if status == 530 else status
        origin = None if self._course is None else self._course.origin
        tried = () if origin is None else ((HEADER_EDGE, origin.address),)
        return Answer(
            Status(status, proxying.PHRASES[status]), f"error code: {code}\n".encode(), fields=(*_OURS, *tried)
        )

    def _start_timer(self) -> None:
        loop = asyncio.get_running_loop()
        late_s = 2 * self._edge.connect_timeout_s + self._edge.answer_timeout_s
        self._timer = loop.call_later(late_s, self._late)

    def _late(self) -> None:
        self._timer = None
        if not self.request_done:
            self._start_timer()  # the origin is given its time once it has all of the request
        elif self.response is None:
            self.fail(Failure.TIMEOUT, "the origin did not answer in time")


_OURS = (("Server", "cloudflare"),)


def _host(request: RequestHead) -> str:
    for name, value in request.fields:
        if name == b"host":
            return normalise(value.decode("latin-1").rpartition(":")[0] or value.decode("latin-1"))
    return ""


def _timeout_s(documented_s: float, scale: float) -> float:
    return to_s(scaling.timeout_ns(to_ns(documented_s), scale))
