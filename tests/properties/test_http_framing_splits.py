"""However a byte stream is cut into segments, the same messages come out of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.wire.framing import MessageReader, RequestReader, ResponseHead, ResponseReader

TOKEN = st.text("abcXYZ019-_", min_size=1, max_size=8).map(str.encode)
BODY = st.binary(max_size=60)
SAFE_FIELDS = st.lists(st.tuples(TOKEN.map(lambda name: b"X-" + name), TOKEN), max_size=4)


def chunked(pieces: list[bytes], trailers: list[tuple[bytes, bytes]]) -> bytes:
    sized = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return sized + b"0\r\n" + b"".join(b"%s: %s\r\n" % field for field in trailers) + b"\r\n"


@st.composite
def messages(draw: st.DrawFn, start_line: bytes) -> bytes:
    fields = draw(SAFE_FIELDS)
    if draw(st.booleans()):
        body = chunked(draw(st.lists(BODY, max_size=4)), draw(SAFE_FIELDS))
        fields.append((b"Transfer-Encoding", b"chunked"))
    else:
        body = draw(BODY)
        fields.append((b"Content-Length", b"%d" % len(body)))
    return start_line + b"\r\n" + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + body


REQUESTS = st.lists(
    st.sampled_from([b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"HEAD * HTTP/1.1"]).flatmap(messages), max_size=4
)
RESPONSES = st.lists(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Away"]).flatmap(messages),
    max_size=4,
)


def segments(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


def read_all(reader: MessageReader, pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Every message as (heads, body), the unfinished one last; and whether the stream broke."""
    found: list[list[bytes]] = [[b"", b""]]
    for piece in pieces:
        parts = reader.feed(piece)
        while True:
            for part in parts:
                if part.error is not None:
                    return [(heads, body) for heads, body in found[:-1]], True
                found[-1][0] += part.head.raw if part.head is not None else b""
                found[-1][1] += part.body
            if not reader.finished:
                break
            found.append([b"", b""])
            parts = reader.resume()
    return [(heads, body) for heads, body in found], False


@given(REQUESTS, st.lists(st.integers(0, 10_000), max_size=40))
def test_any_split_gives_the_same_requests(requests: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(requests)
    found, broken = read_all(RequestReader(), segments(stream, cuts))
    assert not broken
    assert [heads + body for heads, body in found] == [*requests, b""]


@given(RESPONSES)
def test_responses_survive_arriving_byte_by_byte(responses: list[bytes]) -> None:
    stream = b"".join(responses)
    found, broken = read_all(ResponseReader(method=b"GET"), [bytes([byte]) for byte in stream])
    assert not broken
    assert [heads + body for heads, body in found] == [*responses, b""]


@given(st.binary(max_size=30), REQUESTS, st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=40))
def test_a_corrupted_stream_is_judged_the_same_however_it_is_split(
    junk: bytes, requests: list[bytes], place: int, cuts: list[int]
) -> None:
    stream = b"".join(requests)
    place %= len(stream) + 1
    stream = stream[:place] + junk + stream[place:]
    whole = read_all(RequestReader(), [stream])
    assert read_all(RequestReader(), segments(stream, cuts)) == whole
    assert read_all(RequestReader(), [bytes([byte]) for byte in stream]) == whole


@given(st.binary(max_size=400))
def test_no_bytes_make_a_reader_raise(data: bytes) -> None:
    for reader in (RequestReader(), ResponseReader(method=b"GET")):
        read_all(reader, [data])


@given(BODY, st.lists(st.integers(0, 10_000), max_size=10))
def test_a_body_that_ends_with_the_connection_is_whole(body: bytes, cuts: list[int]) -> None:
    reader = ResponseReader(method=b"GET")
    got = b""
    for piece in segments(b"HTTP/1.0 200 OK\r\n\r\n" + body, cuts):
        for part in reader.feed(piece):
            assert part.head is None or isinstance(part.head, ResponseHead)
            got += part.body
    assert got == body
    assert reader.end_of_stream()
