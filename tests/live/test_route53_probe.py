"""What one request of a health checker makes of what an endpoint sends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
from route53_rig import certificate

from harness.engines.dns.zone import HealthCheck
from harness.engines.health_checks.checker import Finished, Limits
from harness.engines.health_checks.probe import LONGEST_HEAD, Prober
from harness.engines.health_checks.route53 import SEARCHED_BYTES, request_for
from harness.units import NS_PER_S

__all__ = ["certificate"]
pytestmark = [pytest.mark.live, pytest.mark.beside]

LIMITS = Limits(connect_ns=5 * NS_PER_S, status_ns=5 * NS_PER_S, body_ns=NS_PER_S // 4)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FOUND = "Success: The search string was found"


async def probed(
    kind: str, *pieces: bytes, search: str | None, certificate: Path | None, stay: bool, timed: bool = False
) -> Finished:
    """The result of one request to an endpoint that sends these pieces one by one; stay: and then says nothing."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    leaving, left = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if stay:
                await leaving.wait()
            writer.close()
            await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    prober = Prober()
    result: asyncio.Future[Finished] = asyncio.get_running_loop().create_future()
    check = HealthCheck("check", kind, ip_address="192.0.2.1", search_string=search, measure_latency=timed)
    try:
        prober.send(request_for(check, server.sockets[0].getsockname()[:2], LIMITS), result.set_result)
        async with asyncio.timeout(10):
            return await result
    finally:
        leaving.set()
        await prober.close()
        async with asyncio.timeout(10):
            await left.wait()
        server.close()
        await server.wait_closed()


def outcome(
    *pieces: bytes, kind: str = "HTTP", search: str | None = None, certificate: Path | None = None, stay: bool = False
) -> str:
    return asyncio.run(probed(kind, *pieces, search=search, certificate=certificate, stay=stay)).text


@pytest.mark.parametrize("kind", ["HTTP", "HTTPS"])
def test_where_latency_is_measured_a_result_says_how_long_each_step_took(kind: str, certificate: Path) -> None:
    tls = certificate if kind == "HTTPS" else None
    found = asyncio.run(probed(kind, OK, search=None, certificate=tls, stay=False, timed=True))
    assert found.ok
    assert found.times is not None
    assert found.times.connect_ns >= 0
    assert (found.times.handshake_ns is not None) is (kind == "HTTPS")
    assert found.times.first_byte_ns is not None
    untimed = asyncio.run(probed(kind, OK, search=None, certificate=tls, stay=False))
    assert untimed.times is None


@pytest.mark.parametrize("kind", ["HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH"])
@pytest.mark.parametrize(
    "pieces",
    [(HINTS + OK,), (CONTINUE + OK,), (HINTS, CONTINUE, OK), (HINTS[:30], HINTS[30:] + OK)],
    ids=["hints", "continue", "one by one", "cut"],
)
def test_an_interim_answer_is_not_the_answer(kind: str, pieces: tuple[bytes, ...], certificate: Path) -> None:
    search = "hello" if kind.endswith("MATCH") else None
    tls = certificate if kind.startswith("HTTPS") else None
    wanted = FOUND if search else "Success: HTTP Status Code 200, OK"
    assert outcome(*pieces, kind=kind, search=search, certificate=tls) == wanted


def test_the_answer_behind_an_interim_one_decides() -> None:
    assert outcome(HINTS + b"HTTP/1.1 503 Away\r\n\r\n") == "Failure: HTTP Status Code 503, Away"
    assert outcome(HINTS) == "Failure: The connection was closed before the answer was complete"


def test_the_status_line_alone_decides_without_waiting_for_the_headers() -> None:
    assert outcome(b"HTTP/1.1 301 Moved\r\n", stay=True) == "Success: HTTP Status Code 301, Moved"
    assert outcome(b"HTTP/1.1 204\r\n", stay=True) == "Success: HTTP Status Code 204, -"


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH\r\n", b"hello", b"HTTP/1.1 20x\r\n\r\n", b"HTTP/1.1 " + b"x" * 20_000]
)
def test_what_is_not_http_fails_at_once(data: bytes) -> None:
    assert outcome(data, stay=True) == "Failure: The answer is not HTTP"


def test_a_search_string_counts_within_the_first_5120_bytes_of_the_body() -> None:
    def with_body(body: bytes, *fields: bytes) -> bytes:
        return b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", body])

    inside, outside = b"x" * (SEARCHED_BYTES - 5) + b"hello", b"x" * (SEARCHED_BYTES - 4) + b"hello"
    kind = "HTTP_STR_MATCH"
    assert outcome(with_body(inside), kind=kind, search="hello", stay=True) == FOUND
    missed = "Failure: The search string was not found in the first 5,120 bytes of the response body"
    assert outcome(with_body(outside), kind=kind, search="hello", stay=True) == missed
    assert outcome(OK.replace(b"hello", b"howdy"), kind=kind, search="hello", stay=True) == missed, "it is whole"
    chunked = with_body(b"3\r\nhel\r\n2\r\nlo\r\n", b"Transfer-Encoding: chunked")
    assert outcome(chunked, kind=kind, search="hello", stay=True) == FOUND, "chunks are how it travels, not what it is"


def test_a_searched_body_that_does_not_come_is_too_late() -> None:
    late = "Failure: The response body did not arrive in time"
    assert outcome(OK[:-1], kind="HTTP_STR_MATCH", search="hello", stay=True) == late


def test_response_headers_beyond_the_quota_are_no_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD + b"\r\n\r\nhello"
    assert outcome(head, kind="HTTP_STR_MATCH", search="hello") != FOUND
