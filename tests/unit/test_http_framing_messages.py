"""Where HTTP messages end, and which bytes are refused rather than guessed at."""

from __future__ import annotations

import pytest

from harness.wire.framing import (
    MAX_HEAD_BYTES,
    MAX_INTERIM_HEADS,
    Part,
    RequestHead,
    RequestReader,
    ResponseHead,
    ResponseReader,
)


def one_request(data: bytes) -> tuple[RequestHead, bytes, RequestReader]:
    reader = RequestReader()
    parts = reader.feed(data)
    assert parts[-1].error is None, parts[-1].error
    assert reader.finished
    assert isinstance(parts[0].head, RequestHead)
    return parts[0].head, b"".join(part.body for part in parts), reader


def response(data: bytes, method: bytes = b"GET") -> tuple[list[Part], ResponseReader]:
    reader = ResponseReader(method=method)
    return reader.feed(data), reader


def test_a_pipelined_request_waits_until_the_first_is_done() -> None:
    first, body, reader = one_request(
        b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert (first.target, body) == (b"/a", b"abc")
    assert reader.feed(b"GET /c HTTP/1.1\r\n\r\n") == []
    (second,) = reader.resume()
    assert isinstance(second.head, RequestHead)
    assert second.head.target == b"/b"
    (third,) = reader.resume()
    assert isinstance(third.head, RequestHead)
    assert third.head.target == b"/c"


def test_the_head_is_kept_as_it_came() -> None:
    raw = b"GET /x?y=%20 HTTP/1.1\r\nhOsT:  a\r\nX-Empty:\r\nX-Latin: \xe9\r\n\r\n"
    head, _, _ = one_request(raw)
    assert head.raw == raw
    assert head.fields == [(b"host", b"a"), (b"x-empty", b""), (b"x-latin", b"\xe9")]
    assert head.get(b"missing") is None


def test_chunked_body_ends_behind_its_trailers_and_stays_raw() -> None:
    body = b'4;ext="a"\r\nWiki\r\nA\r\n0123456789\r\n0\r\nDigest: x\r\n\r\n'
    _, got, reader = one_request(b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n" + body + b"GET")
    assert got == body
    assert reader.waiting_bytes == 3


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: x, Close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n", False),
    ],
)
def test_who_keeps_the_connection(line: bytes, keeps: bool) -> None:
    head, _, _ = one_request(line + b"\r\n")
    assert head.keep_alive is keeps


def test_expect_continue_is_seen_only_where_a_body_follows() -> None:
    reader = RequestReader()
    (part,) = reader.feed(b"PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    assert isinstance(part.head, RequestHead)
    assert part.head.expects_continue
    assert not part.finished
    head, _, _ = one_request(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")
    assert not head.expects_continue


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/2.0\r\n\r\n", id="version"),
        pytest.param(b"GET  / HTTP/1.1\r\n\r\n", id="two spaces"),
        pytest.param(b"GET /a b HTTP/1.1\r\n\r\n", id="space in target"),
        pytest.param(b"\x16\x03\x01\x02\x00\r\n\r\n", id="TLS"),
        pytest.param(b"CONNECT a:1 HTTP/1.1\r\n\r\n", id="CONNECT"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", id="bare LF"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", id="space before colon"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", id="folded line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", id="bare CR"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\0\r\n\r\n", id="NUL"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="no colon"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", id="signed length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789", id="python's digits"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", id="empty length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="both"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", id="coding without chunked"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", id="chunked twice"),
        pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked in 1.0"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", id="no size"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", id="0x"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", id="chunk too long"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", id="bare LF in chunks"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 5000, id="endless extension"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", id="head too large"),
        pytest.param(b"GET /" + b"x" * MAX_HEAD_BYTES, id="endless head"),
    ],
)
def test_a_request_with_a_doubtful_end_is_refused(data: bytes) -> None:
    reader = RequestReader()
    parts = reader.feed(data)
    assert parts[-1].error is not None
    assert reader.broken
    assert [part.error is not None for part in reader.feed(b"GET / HTTP/1.1\r\n\r\n")] == [True]
    assert reader.resume() == []


def test_a_head_of_exactly_the_limit_passes() -> None:
    start = b"GET / HTTP/1.1\r\nA: "
    raw = start + b"x" * (MAX_HEAD_BYTES - len(start) - 4) + b"\r\n\r\n"
    head, _, _ = one_request(raw)
    assert len(head.raw) == MAX_HEAD_BYTES


@pytest.mark.parametrize(
    ("method", "data"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_responses_without_a_body_end_with_their_head(method: bytes, data: bytes) -> None:
    parts, reader = response(data, method)
    assert parts[-1].finished
    assert not reader.waiting_bytes


def test_an_interim_response_is_followed_by_the_real_one() -> None:
    parts, _ = response(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert [(part.head.status, part.finished) for part in parts if isinstance(part.head, ResponseHead)] == [
        (100, False),
        (200, True),
    ]


def test_a_response_without_length_ends_with_its_connection() -> None:
    parts, reader = response(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert isinstance(parts[0].head, ResponseHead)
    assert parts[0].head.until_close
    assert not parts[0].head.keep_alive
    assert not parts[-1].finished
    assert reader.end_of_stream()


def test_a_response_cut_short_is_not_complete() -> None:
    _, reader = response(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    assert not reader.end_of_stream()


def test_an_end_before_any_byte_is_not_a_response() -> None:
    assert not ResponseReader(method=b"GET").end_of_stream()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="101"),
        pytest.param(b"HTTP/1.1 999 X\r\n\r\n", id="status"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", id="both lengths"),
        pytest.param(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked in 1.0"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM_HEADS + 1), id="interim flood"),
    ],
)
def test_a_garbled_response_is_an_error(data: bytes) -> None:
    parts, _ = response(data)
    assert parts[-1].error is not None


def test_an_error_within_a_body_still_delivers_the_head() -> None:
    parts, _ = response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
    assert isinstance(parts[-1].head, ResponseHead)
    assert parts[-1].error is not None
    assert parts[-1].body == b"nonsense\r\n"
