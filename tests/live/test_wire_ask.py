"""A question over HTTP to a process of this machine, and every way in which no answer comes."""

from __future__ import annotations

import threading

import pytest
from free_ports import closed_port
from test_gateway_fakes import FakeServer, Peer, reply, until_eof

from harness.errors import WorldError
from harness.wire.admin_client import AdminClient
from harness.wire.ask import NoAnswer, ask, ask_status

pytestmark = [pytest.mark.live, pytest.mark.beside]


def saying(data: bytes) -> FakeServer:
    def script(peer: Peer) -> None:
        if peer.read_request() is not None:
            peer.send(data)

    return FakeServer(script)


def test_the_whole_answer_comes_back() -> None:
    chunked = b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    with saying(b"HTTP/1.1 100 Continue\r\n\r\n" + chunked) as server:
        answer = ask(server.address, "POST", "/a?b", timeout_s=5, headers={"X": "1"}, host="app.example.com")
    assert (answer.status, answer.body) == (201, b"ab")
    (request,) = server.requests
    assert request.startswith(b"POST /a?b HTTP/1.1\r\nHost: app.example.com\r\n")
    assert b"X: 1\r\n" in request
    assert request.endswith(b"Content-Length: 0\r\n\r\n"), "a POST without a body says so"


def test_an_answer_without_length_ends_with_its_connection() -> None:
    with saying(b"HTTP/1.1 200 OK\r\n\r\nall of it") as server:
        assert ask(server.address, "GET", "/", timeout_s=5).body == b"all of it"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "ended before"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "ended before"),
        (b"SSH-2.0\r\n", "begins no response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "200, and then: .*chunk size"),
    ],
)
def test_what_is_no_whole_answer_is_told(data: bytes, text: str) -> None:
    with saying(data) as server, pytest.raises(NoAnswer, match=text):
        ask(server.address, "GET", "/", timeout_s=5)


def test_nobody_there() -> None:
    with pytest.raises(NoAnswer, match="refused"):
        ask(closed_port(), "GET", "/", timeout_s=5)


def test_the_time_out_is_for_the_whole_even_when_something_comes_all_the_time() -> None:
    gone = threading.Event()

    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not gone.wait(0.02):
            peer.send(b"x")

    with FakeServer(drip) as server:
        with pytest.raises(NoAnswer, match="timed out"):
            ask(server.address, "GET", "/", timeout_s=0.3)
        gone.set()


def test_a_status_is_told_although_the_body_never_ends() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 503 Away\r\n\r\nand so on")
        until_eof(peer)

    with FakeServer(script) as server:
        assert ask_status(server.address, "/health", timeout_s=5) == 503


def test_an_admin_port_that_refuses_is_told_with_its_text() -> None:
    with saying(reply(b'{"error": "no such thing"}', status=b"400 Bad Request")) as server:
        client = AdminClient("gateway", server.address)
        with pytest.raises(WorldError, match=r'gateway: POST /listeners: 400 \{"error": "no such thing"\}'):
            client.post("/listeners", {"a": 1})
    assert server.requests[0].endswith(b'\r\n\r\n{"a": 1}')
    with pytest.raises(WorldError, match=r"gateway: GET /status: .*refused"):
        AdminClient("gateway", closed_port()).get("/status")
