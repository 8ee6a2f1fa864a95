"""One request out, one whole response in: what counts as whole, as garbage, and as a connection to keep."""

from __future__ import annotations

import pytest

from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector, render_request


def collected(wire: bytes, **limits: int) -> ResponseCollector:
    answer = ResponseCollector(**limits)
    answer.feed(wire)
    return answer


def test_a_request_names_its_host_and_the_length_of_its_body() -> None:
    assert render_request("PUT", "/a", "h:1", {"X": "y"}, b"ab", keepalive=True) == (
        b"PUT /a HTTP/1.1\r\nHost: h:1\r\nConnection: keep-alive\r\nX: y\r\nContent-Length: 2\r\n\r\nab"
    )
    assert b"Content-Length" not in render_request("GET", "/", "h", {}, None, keepalive=False)


def test_a_whole_answer_has_its_headers_by_lower_case_name() -> None:
    answer = collected(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nab").response
    assert answer is not None
    assert (answer.status, answer.headers["x-a"], answer.body, answer.reusable) == (200, "2", b"ab", True)


def test_every_interim_answer_is_passed_over() -> None:
    wire = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
    answer = ResponseCollector()
    for index in range(len(wire)):
        assert answer.status is None
        answer.feed(wire[index : index + 1])
    assert answer.status == (200, "OK"), "as soon as its line is there"
    assert answer.head is None
    answer.feed(b"Content-Length: 0\r\n\r\n")
    assert answer.status == (200, "OK")
    assert answer.response is not None


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 ",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
    ],
)
def test_a_connection_that_ends_or_says_more_than_was_asked_is_not_used_again(wire: bytes) -> None:
    answer = collected(wire).response
    assert answer is not None
    assert (answer.body, answer.reusable) == (b"a", False)


@pytest.mark.parametrize("start", [b"S", b"HTTQ", b"HTTP/2 200\r\n", b"\r\n", b" HTTP/1.1"])
def test_what_cannot_become_an_answer_is_known_at_once(start: bytes) -> None:
    with pytest.raises(FramingError):
        collected(start)


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 11\r\n\r\n",
        b"\r\n" + b"x" * 11,
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11,
    ],
)
def test_too_large_a_body_is_refused_as_soon_as_it_is_known(body: bytes) -> None:
    with pytest.raises(FramingError, match="10 bytes"):
        collected(b"HTTP/1.1 200 OK\r\n" + body, max_body_bytes=10)


def test_too_large_a_head_is_refused() -> None:
    with pytest.raises(FramingError, match="100 bytes"):
        collected(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100, max_head_bytes=100)


def test_what_has_come_of_a_body_can_be_seen_before_it_is_whole() -> None:
    answer = collected(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\nc")
    assert (answer.body, answer.body_bytes, answer.response) == (b"abc", 3, None)


def test_a_head_that_is_good_is_known_even_when_its_body_is_not() -> None:
    answer = ResponseCollector()
    with pytest.raises(FramingError):
        answer.feed(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert answer.status == (200, "Fine")


def test_an_answer_to_head_has_no_body() -> None:
    answer = ResponseCollector(method=b"HEAD")
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    assert answer.response is not None
    assert answer.response.body == b""
