"""Toxics and pipes, without sockets and without waiting."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from harness.kit.address import join_address
from harness.parts.links.toxiproxy import draws
from harness.parts.links.toxiproxy.model import ApiError, parse_listen, parse_toxic
from harness.parts.links.toxiproxy.pipe import Pipe
from harness.parts.links.toxiproxy.toxics import TOXICS
from harness.parts.links.toxiproxy.toxics.bandwidth import Bandwidth
from harness.parts.links.toxiproxy.toxics.base import NEVER_NS, Chunk, End, Ending, Item, Toxic
from harness.parts.links.toxiproxy.toxics.latency import Latency
from harness.parts.links.toxiproxy.toxics.limit_data import LimitData
from harness.parts.links.toxiproxy.toxics.request_failure import RequestFailure
from harness.parts.links.toxiproxy.toxics.reset_peer import ResetPeer
from harness.parts.links.toxiproxy.toxics.slicer import Slicer
from harness.parts.links.toxiproxy.toxics.slow_close import SlowClose
from harness.parts.links.toxiproxy.toxics.timeout import Timeout
from harness.units import NS_PER_MS

FULL, RESET = End(Ending.FULL), End(Ending.RESET)


def pipe_of(*toxics: Toxic[Any]) -> Pipe:
    pipe = Pipe()
    for number, toxic in enumerate(toxics):
        pipe.add(f"t{number}", toxic, Random(number), 0)
    return pipe


def leaving(pipe: Pipe, until_ms: float) -> list[tuple[float, Item]]:
    """(milliseconds, item) for all that leaves by then, as a driver would see it."""
    out: list[tuple[float, Item]] = []
    now_ns = 0
    while now_ns <= until_ms * NS_PER_MS:
        item = pipe.pop(now_ns)
        if item is not None:
            out.append((now_ns / NS_PER_MS, item))
            continue
        next_ns = pipe.next_ns
        if next_ns >= NEVER_NS:
            break
        now_ns = max(next_ns, now_ns + 1)
    return out


def test_without_toxics_everything_passes_at_once() -> None:
    pipe = pipe_of()
    assert pipe.transparent
    pipe.push(Chunk(b"a"), 0)
    assert leaving(pipe, 0) == [(0, Chunk(b"a"))]


def test_latency_delays_data_and_keeps_order() -> None:
    pipe = pipe_of(Latency(latency=100))
    pipe.push(Chunk(b"a"), 0)
    pipe.push(Chunk(b"b"), 5 * NS_PER_MS)
    pipe.push(End(), 6 * NS_PER_MS)
    assert leaving(pipe, 1000) == [(100, Chunk(b"a")), (105, Chunk(b"b")), (105, End())]


def test_jitter_stays_within_its_bounds_and_is_drawn_from_the_seed() -> None:
    def run() -> list[tuple[float, Item]]:
        pipe = pipe_of(Latency(latency=50, jitter=20))
        out = []
        for start in range(0, 20_000, 200):
            pipe.push(Chunk(b"x"), start * NS_PER_MS)
            (at_ms, item), *_ = leaving(pipe, 20_000)
            out.append((at_ms - start, item))
        return out

    delays = [delay for delay, _ in run()]
    assert 30 <= min(delays) < 40
    assert 60 < max(delays) <= 70
    assert run() == run()


def test_bandwidth_takes_as_long_as_the_rate_says() -> None:
    pipe = pipe_of(Bandwidth(rate=10))  # 10 kB/s
    pipe.push(Chunk(bytes(2500)), 0)
    out = leaving(pipe, 10_000)
    assert [(at, len(item.data)) for at, item in out if isinstance(item, Chunk)] == [
        (100, 1000),
        (200, 1000),
        (250, 500),
    ]


def test_bandwidth_holds_up_its_source() -> None:
    pipe = pipe_of(Bandwidth(rate=10))
    assert pipe.has_room
    pipe.push(Chunk(bytes(100)), 0)
    assert not pipe.has_room
    leaving(pipe, 1000)
    assert pipe.has_room


def test_bandwidth_of_nothing_passes_nothing() -> None:
    pipe = pipe_of(Bandwidth(rate=0))
    pipe.push(Chunk(b"a"), 0)
    assert leaving(pipe, 1e9) == []
    pipe.remove("t0", 5)
    assert pipe.pop(5) == Chunk(b"a")


def test_slow_close_delays_the_end_only() -> None:
    pipe = pipe_of(SlowClose(delay=70))
    pipe.push(Chunk(b"a"), 0)
    pipe.push(End(), 0)
    assert leaving(pipe, 1000) == [(0, Chunk(b"a")), (70, End())]


def test_timeout_drops_data_and_closes_after_silence() -> None:
    pipe = pipe_of(Timeout(timeout=50))
    pipe.push(Chunk(b"a"), 30 * NS_PER_MS)
    assert leaving(pipe, 1000) == [(80, FULL)]


def test_timeout_of_zero_never_closes_but_a_fin_leaks() -> None:
    pipe = pipe_of(Timeout(timeout=0))
    pipe.push(Chunk(b"a"), 0)
    assert leaving(pipe, 1e9) == []
    pipe.push(End(), 5)
    assert pipe.pop(5) == End()


def test_removing_a_timeout_closes_the_connection() -> None:
    pipe = pipe_of(Timeout(timeout=0))
    pipe.push(Chunk(b"lost"), 0)
    pipe.remove("t0", 1)
    assert pipe.pop(1) == FULL
    assert pipe.pop(1) is None


def test_reset_peer_resets_on_the_first_byte_after_its_timeout() -> None:
    pipe = pipe_of(ResetPeer(timeout=40))
    assert leaving(pipe, 1000) == []
    pipe.push(Chunk(b"a"), 0)
    pipe.push(Chunk(b"b"), 1)
    assert leaving(pipe, 1000) == [(40, RESET)]


def test_slicer_loses_no_byte_and_spaces_its_slices() -> None:
    pipe = pipe_of(Slicer(average_size=10, size_variation=3, delay=1000))
    data = bytes(range(200))
    pipe.push(Chunk(data, starts_request=True), 0)
    out = [(at, item) for at, item in leaving(pipe, 1000) if isinstance(item, Chunk)]
    assert b"".join(item.data for _, item in out) == data
    assert [item.starts_request for _, item in out] == [True] + [False] * (len(out) - 1)
    assert max(len(item.data) for _, item in out) <= 13
    assert [at for at, _ in out] == list(range(len(out)))


@pytest.mark.parametrize("size", [0, 1, 2, 7, 1000])
def test_slicer_without_attributes_ends(size: int) -> None:
    cuts = list(Slicer().cuts(size, Random(0)))
    assert [start for start, _ in cuts[1:]] == [end for _, end in cuts[:-1]]
    assert cuts[0][0] == 0
    assert cuts[-1][1] == size


def test_limit_data_closes_at_its_limit() -> None:
    pipe = pipe_of(LimitData(bytes=5))
    pipe.push(Chunk(b"abc"), 0)
    pipe.push(Chunk(b"defg"), 0)
    assert leaving(pipe, 0) == [(0, Chunk(b"abc")), (0, Chunk(b"de")), (0, FULL)]


def test_limit_data_remembers_what_went_through_when_it_is_updated() -> None:
    pipe = pipe_of(LimitData(bytes=5))
    pipe.push(Chunk(b"abc"), 0)
    pipe.update("t0", LimitData(bytes=4), 0)
    pipe.push(Chunk(b"defg"), 0)
    assert leaving(pipe, 0) == [(0, Chunk(b"abc")), (0, Chunk(b"d")), (0, FULL)]


def test_request_failure_draws_once_for_each_request() -> None:
    toxic = RequestFailure(rate=0.5)
    expected = Random(0)
    pipe = pipe_of(toxic)
    passed = 0
    while expected.random() >= 0.5:
        passed += 1
        for chunk in (Chunk(b"head", starts_request=True), Chunk(b"body")):
            pipe.push(chunk, 0)
            assert pipe.pop(0) == chunk
    pipe.push(Chunk(b"head", starts_request=True), 0)
    assert pipe.pop(0) == RESET
    pipe.push(Chunk(b"body"), 0)
    assert pipe.pop(0) is None


def test_toxics_in_a_row_add_up() -> None:
    pipe = pipe_of(Latency(latency=100), Latency(latency=50), SlowClose(delay=10))
    pipe.push(Chunk(b"a"), 0)
    pipe.push(End(), 0)
    assert leaving(pipe, 1000) == [(150, Chunk(b"a")), (160, End())]


def test_a_slow_toxic_holds_up_the_ones_before_it() -> None:
    pipe = pipe_of(Latency(latency=1), Bandwidth(rate=1))
    for _ in range(3):
        pipe.push(Chunk(bytes(100)), 0)
    out = [at for at, item in leaving(pipe, 10_000)]
    assert out == [101, 201, 301]


def test_removing_a_toxic_lets_go_of_what_waits_in_it_in_order() -> None:
    pipe = pipe_of(Latency(latency=1000))
    pipe.push(Chunk(b"a"), 0)
    pipe.push(Chunk(b"b"), 0)
    pipe.remove("t0", 1)
    assert not pipe.transparent
    pipe.push(Chunk(b"c"), 1)
    assert [pipe.pop(1), pipe.pop(1), pipe.pop(1), pipe.pop(1)] == [Chunk(b"a"), Chunk(b"b"), Chunk(b"c"), None]
    assert pipe.transparent


def test_updating_a_toxic_counts_from_now() -> None:
    pipe = pipe_of(Timeout(timeout=1000))
    pipe.update("t0", Timeout(timeout=10), 5 * NS_PER_MS)
    assert leaving(pipe, 100) == [(15, FULL)]


def test_the_same_seed_draws_the_same_whatever_the_timing() -> None:
    first = [draws.stream(7, "p", "t", number).random() for number in range(200)]
    assert first == [draws.stream(7, "p", "t", number).random() for number in range(200)]
    assert first != [draws.stream(8, "p", "t", number).random() for number in range(200)]
    assert 60 < sum(draw < 0.5 for draw in first) < 140


def test_every_toxic_has_a_name_of_its_own_and_is_listed() -> None:
    assert all(kind == toxic.kind for kind, toxic in TOXICS.items())
    assert len(TOXICS) == 9


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"type": "request_failure", "attributes": {"rate": 1.5}}, "share between 0 and 1"),
        ({"type": "request_failure", "attributes": {"mode": "melt"}}, "can only be reset"),
        ({"type": "request_failure", "stream": "downstream"}, "upstream only"),
        ({"type": "latency", "attributes": {"latency": True}}, "attributes.latency"),
        ({"type": "latency", "attributes": []}, "into an object"),
        ({"type": "latency", "toxicity": "high"}, "toxicity"),
        ([], "into an object"),
    ],
)
def test_a_wrong_toxic_is_refused_with_its_reason(body: object, text: str) -> None:
    with pytest.raises(ApiError, match=text) as caught:
        parse_toxic(body)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "listen"),
    [("", "127.0.0.1:0"), ("localhost:5", "127.0.0.1:5"), (":7", "127.0.0.1:7"), ("127.0.1.10:0", "127.0.1.10:0")],
)
def test_addresses_to_listen_on_are_loopback_ones(text: str, listen: str) -> None:
    assert join_address(parse_listen(text)) == listen


@pytest.mark.parametrize("text", ["0.0.0.0:1", "10.0.0.1:1", "example.com:1", "127.0.0.1", "127.0.0.1:70000"])
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_listen(text)
    assert caught.value.status == 500
