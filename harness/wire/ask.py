"""One way to ask another process of this machine over HTTP and wait for its answer: for threads, not event loops.

The time-out is for the whole exchange. Each request has a connection of its own.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.kit.address import Address, join_address
from harness.kit.tls import Tls
from harness.units import to_ns, to_s
from harness.wire.body import FramingError
from harness.wire.exchange import Response, ResponseCollector, render_request
from harness.wire.secured import context_of

_ANSWER_BYTES_MAX = 64 << 20
_READ_BYTES = 64 * 1024
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class NoAnswer(WorldError):
    """No whole HTTP answer came: refused, reset, cut off, too late, or no HTTP."""


def ask(
    address: Address,
    method: str,
    path: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    host: str | None = None,
    tls: Tls | None = None,
) -> Response:
    """The answer to one request. host: of the Host header, if not the address. tls: spoken with it. Raises NoAnswer."""
    if body is None and method in _WITH_BODY:
        body = b""
    request = render_request(method, path, host or join_address(address), headers or {}, body, keepalive=False)
    answer = ResponseCollector(method=method.encode("ascii"), max_body_bytes=_ANSWER_BYTES_MAX)
    with closing(_received(address, request, timeout_s, tls)) as pieces:
        for data in pieces:
            _feed(answer, data)
            if answer.response is not None:
                return answer.response
    raise NoAnswer("the connection ended before the answer was complete")


def ask_status(address: Address, path: str, *, timeout_s: float, tls: Tls | None = None) -> int:
    """The status of a GET, as soon as its head is there; the body may never end. Raises NoAnswer."""
    host = join_address(address) if tls is None else tls.server_name
    request = render_request("GET", path, host, {}, None, keepalive=False)
    answer = ResponseCollector()
    with closing(_received(address, request, timeout_s, tls)) as pieces:
        for data in pieces:
            _feed(answer, data)
            if answer.head is not None:
                return answer.head.status
    raise NoAnswer("the connection ended before the answer began")


def takes_connections(address: Address, timeout_s: float = 1.0) -> bool:
    """Whether anybody listens there; one who is too slow to say so counts as there."""
    try:
        with socket.create_connection(address, timeout=timeout_s) as sock:
            return bool(sock.getsockname() != sock.getpeername())
    except TimeoutError:
        return True
    except OSError:
        return False


def _feed(answer: ResponseCollector, data: bytes) -> None:
    if not data:
        answer.end()
        return
    try:
        answer.feed(data)
    except FramingError as error:
        if answer.head is None:
            raise NoAnswer(str(error)) from error
        raise NoAnswer(f"{answer.head.status}, and then: {error}") from error


@contextmanager
def _connected(address: Address, timeout_s: float, tls: Tls | None) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=timeout_s) as sock:
        if sock.getsockname() == sock.getpeername():  # a port of the ephemeral range, connected to itself
            raise ConnectionRefusedError("connection refused")
        if tls is None:
            yield sock
            return
        with context_of(tls).wrap_socket(sock, server_hostname=tls.server_name) as secured:
            yield secured


def _received(address: Address, request: bytes, timeout_s: float, tls: Tls | None) -> Generator[bytes, None, None]:
    """Send a request; what comes back, piece by piece, and nothing as the last piece. Raises NoAnswer."""
    until_ns = monotonic_ns() + to_ns(timeout_s)
    try:
        with _connected(address, timeout_s, tls) as sock:
            sock.sendall(request)
            while True:
                left_ns = until_ns - monotonic_ns()
                if left_ns <= 0:
                    raise TimeoutError("timed out")
                sock.settimeout(to_s(left_ns))
                data = sock.recv(_READ_BYTES)
                yield data
                if not data:
                    return
    except OSError as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
