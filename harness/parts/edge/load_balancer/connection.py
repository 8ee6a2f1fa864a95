"""One client connection of the load balancer: who gets the request, what is changed in it, what failures look like."""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Protocol

from harness.engines.http.answer import Answer
from harness.engines.http.relay import ClientConnection
from harness.engines.http.upstream import Destination, Failure, Upstream
from harness.kit.address import Address
from harness.names import HEADER_LOAD_BALANCER
from harness.parts.edge.load_balancer.choosing import Sticky, mark_of
from harness.parts.edge.load_balancer.config import Target
from harness.parts.edge.load_balancer.model import (
    MAX_REQUEST_HEAD_BYTES,
    MAX_REQUEST_LINE_BYTES,
    MAX_RESPONSE_HEAD_BYTES,
    TargetFailure,
    status_of,
)
from harness.wire.framing import RequestHead, ResponseHead

_HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"))
"""Headers of one connection only (RFC 9110 section 7.6.1); Transfer-Encoding stays, the body is passed on as it is."""
_REPLACED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"))
_HTTPS_PORT = 443
_OWN_HEADER = HEADER_LOAD_BALANCER.lower().encode()

_FAILURES = {
    Failure.REFUSED: TargetFailure.REFUSED,
    Failure.TIMEOUT: TargetFailure.TIMEOUT,
    Failure.RESET: TargetFailure.RESET,
    Failure.CLOSED: TargetFailure.RESET,
    Failure.GARBAGE: TargetFailure.GARBAGE,
}


class Balancer(Protocol):
    """What a connection needs of its load balancer."""

    response_timeout_s: float
    connect_timeout_s: float
    client_scheme: str
    counts: Counter[str]
    connections: set[BalancedConnection]

    sticky: Sticky | None

    def next_target(self, mark: str | None) -> Target | None:
        """Whose turn it is. mark: of the target that a cookie asks for."""

    def done(self, target: Target) -> None:
        """A request to a target is no longer under way."""

    def take_idle(self, address: Address) -> Upstream | None:
        """A live idle connection to a target."""

    def keep_idle(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""


class BalancedConnection(ClientConnection):
    """See the module. A request that was sent to a target is never sent again."""

    max_request_head_bytes = MAX_REQUEST_HEAD_BYTES
    max_response_head_bytes = MAX_RESPONSE_HEAD_BYTES
    quickack = True

    def __init__(self, balancer: Balancer) -> None:
        super().__init__()
        self.connect_timeout_s = balancer.connect_timeout_s
        self._balancer = balancer
        self._timer: asyncio.TimerHandle | None = None
        self._progress_s = 0.0
        self._forwarded: tuple[bytes, bytes] = (b"", b"")
        self._target: Target | None = None
        self._cookie = b""
        balancer.connections.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        scheme = self._balancer.client_scheme
        port = _HTTPS_PORT if scheme == "https" else local[1] if local else 0
        proto = f"X-Forwarded-Proto: {scheme}\r\nX-Forwarded-Port: {port}\r\n" if port else ""
        self._forwarded = (str(peer[0]).encode() if peer else b"unknown", proto.encode())

    def choose(self, request: RequestHead) -> Destination | Answer:
        self._balancer.counts["requests"] += 1
        if len(request.method) + len(request.target) > MAX_REQUEST_LINE_BYTES:
            return Answer(HTTPStatus.REQUEST_URI_TOO_LONG, b"The request line is longer than 16K.\n")
        sticky = self._balancer.sticky
        mark = None if sticky is None else sticky.asked_for(request.fields)
        target = self._balancer.next_target(mark)
        if target is None:
            return self._failed(TargetFailure.NO_TARGET, "no target is there to take requests")
        self._target = target
        self._cookie = b"" if sticky is None or mark == mark_of(target.id) else sticky.header(target.id)
        self._start_timer()
        return Destination(target.address, target.address)

    def take_pooled(self, destination: Destination) -> Upstream | None:
        return self._balancer.take_idle(destination.address)

    def give_back(self, upstream: Upstream) -> None:
        self._balancer.keep_idle(upstream)

    def request_bytes(self, request: RequestHead) -> bytes:
        address, proto = self._forwarded
        chain = [value for name, value in request.fields if name == b"x-forwarded-for"]
        forwarded = b"X-Forwarded-For: %s\r\n" % b", ".join([*chain, address])
        # An HTTP/1.0 target, or client, keeps a connection only when it is told to.
        again = b"Connection: keep-alive\r\n" if request.minor == 0 else b""
        return b"".join((_without(request, _HOP_BY_HOP | _REPLACED)[:-2], forwarded, proto, again, b"\r\n"))

    def response_bytes(self, response: ResponseHead) -> bytes:
        request = self.request
        assert request is not None
        if response.interim:
            return b"" if request.minor == 0 else response.raw
        raw = b"HTTP/1.1" + _without(response, _HOP_BY_HOP | {_OWN_HEADER})[8:-2] + self._cookie
        if response.until_close or not request.keep_alive:
            return raw + b"Connection: close\r\n\r\n"
        return raw + (b"Connection: keep-alive\r\n\r\n" if request.minor == 0 else b"\r\n")

    def keeps_client(self) -> bool:
        request, response = self.request, self.response
        return request is not None and response is not None and request.keep_alive and not response.until_close

    def on_failure(self, failure: Failure, detail: str) -> None:
        if self.response is None:
            self.answer(self._failed(_FAILURES[failure], detail))
            return
        # Too late for a status: the client must at least not take what it has for the whole.
        self._balancer.counts[f"cut {_FAILURES[failure].value}"] += 1
        self.reset_client()

    def on_bad_request(self, detail: str) -> Answer:
        self._balancer.counts["bad-request"] += 1
        return Answer(HTTPStatus.BAD_REQUEST, f"{detail}\n".encode())

    def on_progress(self) -> None:
        self._progress_s = asyncio.get_running_loop().time()

    def on_exchange_end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._release()

    def on_client_lost(self) -> None:
        self._release()
        self._balancer.connections.discard(self)

    def _release(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            self._balancer.done(target)

    def _failed(self, failure: TargetFailure, detail: str) -> Answer:
        self._balancer.counts[failure.value] += 1
        status = status_of(failure)
        body = f"{status.value} {status.phrase}: {detail}\n".encode()
        return Answer(status, body, fields=((HEADER_LOAD_BALANCER, failure.value),))

    def _start_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._progress_s = loop.time()
        self._timer = loop.call_later(self._balancer.response_timeout_s, self._on_timer)

    def _on_timer(self) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._progress_s + self._balancer.response_timeout_s - loop.time()
        if left_s > 0:
            self._timer = loop.call_later(left_s, self._on_timer)
            return
        self._timer = None
        if self.request_done or self._held:
            self.fail(Failure.TIMEOUT, "the target did not answer in time")
        elif self.response is None:
            self._balancer.counts["request-timeout"] += 1
            self.answer(Answer(HTTPStatus.REQUEST_TIMEOUT, b"The request did not arrive in time.\n"))
        else:
            self.reset_client()


def _without(head: RequestHead | ResponseHead, dropped: frozenset[bytes]) -> bytes:
    """The raw head without some headers, nor those that its Connection header names; still with its empty line."""
    named: set[bytes] = set()
    found = False
    for name, value in head.fields:
        if name in dropped:
            found = True
            if name == b"connection":
                named.update(option.strip() for option in value.lower().split(b","))
    if not found:
        return head.raw
    named -= {b"transfer-encoding", b"content-length", b"host"}  # naming these may not change where the message ends
    start, *lines = head.raw[:-4].split(b"\r\n")
    kept = [
        line for line, (name, _) in zip(lines, head.fields, strict=True) if name not in dropped and name not in named
    ]
    return b"\r\n".join([start, *kept, b"", b""])
