"""Every toxic on every stream, on our server and on a real Toxiproxy: what passes, and how long it takes.

Each is timed on both in turn, three times. A server must be on time: never early, and late by no more than TOLERANCE
allows; and the two must agree within the same tolerance. The best of three counts, because a busy machine adds to each.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

import pytest
from toxiproxy_rig import Address, exchange, make_link, receive, running_server

from harness.parts.links.toxiproxy.client import Toxic, ToxiproxyClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

STREAMS = ("upstream", "downstream")
TOLERANCE_MS = 25.0
TOLERANCE_SHARE = 0.1
EARLY_MS = 2.0
"""Clocks of two processes, and timers that round down to a millisecond."""
REPEATS = 3
numbers = itertools.count()


@dataclass
class Peer:
    """Echoes what it gets; closes when it is told `bye`. One for each connection: what came, and when it ended."""

    address: Address
    listener: socket.socket
    seen: list[bytearray] = field(default_factory=list)
    ended_s: list[float | None] = field(default_factory=list)

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.seen.append(bytearray())
            self.ended_s.append(None)
            threading.Thread(target=self._echo, args=(client, len(self.seen) - 1), daemon=True).start()

    def _echo(self, client: socket.socket, number: int) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.seen[number] += data
                if data.endswith(b"bye"):
                    break
                client.sendall(data)
        self.ended_s[number] = time.monotonic()

    def until_ended(self) -> float:
        """When the last connection ended."""
        until = time.monotonic() + 30
        while self.ended_s[-1] is None:
            assert time.monotonic() < until
            time.sleep(0.001)
        return self.ended_s[-1] or 0.0


@pytest.fixture
def peer() -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Peer(listener.getsockname(), listener)
        thread = threading.Thread(target=found.serve)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def ours() -> Iterator[ToxiproxyClient]:
    with running_server(seed=3) as client:
        yield client


@pytest.fixture(scope="module")
def real(real_toxiproxy: str) -> ToxiproxyClient:
    return ToxiproxyClient(real_toxiproxy)


@pytest.fixture(params=["ours", "real"])
def server(request: pytest.FixtureRequest) -> ToxiproxyClient:
    found: ToxiproxyClient = request.getfixturevalue(request.param)
    return found


@dataclass
class Link:
    """A proxy with a toxic on it, or without."""

    server: ToxiproxyClient
    peer: Peer
    name: str
    at: Address

    def connect(self) -> socket.socket:
        sock = socket.create_connection(self.at, timeout=5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


@contextlib.contextmanager
def link(server: ToxiproxyClient, peer: Peer, toxic: Toxic | None = None) -> Iterator[Link]:
    name = f"conformance-{next(numbers)}"
    at = make_link(server, name, peer.address)
    try:
        if toxic is not None:
            server.add_toxic(name, toxic)
        yield Link(server, peer, name, at)
    finally:
        server.delete(name)


def ms_since(start_s: float) -> float:
    return (time.monotonic() - start_s) * 1000


def echo(link: Link, size: int = 4) -> float:
    """A round trip on a connection that is there already. The first brings the connection about."""
    with link.connect() as sock:
        start_s = time.monotonic()
        assert exchange(sock, bytes(size)) == bytes(size)
        return ms_since(start_s)


def closing(link: Link, stream: str) -> float:
    """How long the end of one side takes to reach the other."""
    with link.connect() as sock:
        assert exchange(sock, b"ping") == b"ping"
        if stream == "upstream":
            start_s = time.monotonic()
            sock.close()
            return (link.peer.until_ended() - start_s) * 1000
        sock.sendall(b"bye")
        ended_s = link.peer.until_ended()
        assert receive(sock, 100) == b""
        return ms_since(ended_s)


def ending(link: Link) -> float:
    """How long a connection that sends is let live, and that nothing came back on it."""
    start_s = time.monotonic()
    with link.connect() as sock:
        with contextlib.suppress(ConnectionResetError):
            sock.sendall(b"lost")
            assert sock.recv(1) == b""
        return ms_since(start_s)


@dataclass(frozen=True)
class Case:
    """A toxic, how it is timed, and what that comes to by its own numbers."""

    toxic: str
    attributes: dict[str, int]
    timed: Callable[[Link, str], float]
    nominal_ms: float

    @property
    def passes(self) -> bool:
        """Whether data still passes, later."""
        return self.toxic in ("latency", "bandwidth", "slicer")

    def on(self, stream: str) -> Toxic:
        return Toxic(self.toxic, stream, dict(self.attributes))


CASES = [
    Case("latency", {"latency": 120}, lambda link, _: echo(link), 120),
    Case("bandwidth", {"rate": 100}, lambda link, _: echo(link, 30_000), 300),
    Case("slow_close", {"delay": 150}, closing, 150),
    Case("timeout", {"timeout": 150}, lambda link, _: ending(link), 150),
    Case("reset_peer", {"timeout": 100}, lambda link, _: ending(link), 100),
    Case("slicer", {"average_size": 10, "size_variation": 0, "delay": 5000}, lambda link, _: echo(link, 300), 145),
]


def best_ms(case: Case, server: ToxiproxyClient, peer: Peer, stream: str) -> float:
    with link(server, peer, case.on(stream)) as made:
        return case.timed(made, stream)


def tolerance_ms(nominal_ms: float) -> float:
    return TOLERANCE_MS + TOLERANCE_SHARE * nominal_ms


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.toxic)
def test_both_servers_take_as_long(
    ours: ToxiproxyClient, real: ToxiproxyClient, peer: Peer, case: Case, stream: str
) -> None:
    times: dict[str, list[float]] = {"ours": [], "real": []}
    for _ in range(REPEATS):
        times["ours"].append(best_ms(case, ours, peer, stream))
        times["real"].append(best_ms(case, real, peer, stream))
    best = {who: min(found) for who, found in times.items()}
    within = tolerance_ms(case.nominal_ms)
    assert abs(best["ours"] - best["real"]) <= within, times
    print(f"{case.toxic} {stream}: nominal {case.nominal_ms:g} ms, ours {best['ours']:.1f}, real {best['real']:.1f}")


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.toxic)
def test_a_server_is_on_time(server: ToxiproxyClient, peer: Peer, case: Case, stream: str) -> None:
    found = [best_ms(case, server, peer, stream) for _ in range(REPEATS)]
    assert min(found) >= case.nominal_ms - EARLY_MS
    assert min(found) <= case.nominal_ms + tolerance_ms(case.nominal_ms)


@pytest.mark.parametrize("stream", STREAMS)
def test_jitter_goes_both_ways_from_the_latency(server: ToxiproxyClient, peer: Peer, stream: str) -> None:
    toxic = Toxic("latency", stream, {"latency": 40, "jitter": 20})
    with link(server, peer, toxic) as made, made.connect() as sock:
        found = []
        for _ in range(30):
            start_s = time.monotonic()
            assert exchange(sock, b"ping") == b"ping"
            found.append(ms_since(start_s))
    assert min(found) >= 20 - EARLY_MS
    assert min(found) < 40 < max(found)
    assert abs(median(found) - 40) <= tolerance_ms(40)


@pytest.mark.parametrize("stream", STREAMS)
def test_bytes_arrive_whole_and_in_order_through_what_slows_or_cuts_them(
    server: ToxiproxyClient, peer: Peer, stream: str
) -> None:
    data = bytes(range(256)) * 40
    for toxic, attributes in (
        ("slicer", {"average_size": 100, "size_variation": 50, "delay": 0}),
        ("bandwidth", {"rate": 1000}),
        ("latency", {"latency": 20, "jitter": 10}),
    ):
        with link(server, peer, Toxic(toxic, stream, attributes)) as made, made.connect() as sock:
            assert exchange(sock, data) == data
        assert bytes(peer.seen[-1]) == data


@pytest.mark.parametrize("stream", STREAMS)
def test_timeout_of_zero_passes_nothing_until_it_is_removed(server: ToxiproxyClient, peer: Peer, stream: str) -> None:
    with link(server, peer, Toxic("timeout", stream, {"timeout": 0})) as made, made.connect() as sock:
        sock.sendall(b"ping")
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        assert bytes(peer.seen[-1]) == (b"" if stream == "upstream" else b"ping")
        sock.settimeout(5)
        server.remove_toxic(made.name, f"timeout_{stream}")
        assert sock.recv(1) == b""


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("kind", ["timeout", "reset_peer"])
def test_what_ends_a_connection_lets_nothing_through_on_its_stream(
    server: ToxiproxyClient, peer: Peer, kind: str, stream: str
) -> None:
    with link(server, peer, Toxic(kind, stream, {"timeout": 50})) as made, made.connect() as sock:
        sock.sendall(b"lost")
        if kind == "reset_peer":
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        else:
            assert sock.recv(1) == b""
    peer.until_ended()
    assert bytes(peer.seen[-1]) == (b"" if stream == "upstream" else b"lost")


@pytest.mark.parametrize("stream", STREAMS)
def test_limit_data_closes_after_so_many_bytes(server: ToxiproxyClient, peer: Peer, stream: str) -> None:
    with link(server, peer, Toxic("limit_data", stream, {"bytes": 10})) as made, made.connect() as sock:
        assert exchange(sock, b"12345678") == b"12345678"
        sock.sendall(b"abcdef")
        got = receive(sock, 100)
        assert got == b"ab" or (stream == "upstream" and got == b"")  # its answer may meet the closed link
    peer.until_ended()
    assert bytes(peer.seen[-1]) == (b"12345678ab" if stream == "upstream" else b"12345678abcdef")


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize(("toxicity", "least", "most"), [(0.0, 0, 0), (0.5, 18, 62), (1.0, 80, 80)])
def test_toxicity_is_the_share_of_connections(
    server: ToxiproxyClient, peer: Peer, stream: str, toxicity: float, least: int, most: int
) -> None:
    toxic = Toxic("limit_data", stream, {"bytes": 0}, toxicity=toxicity)
    hit = 0
    with link(server, peer, toxic) as made:
        for _ in range(80):
            with made.connect() as sock:
                sock.sendall(b"ping")
                try:
                    hit += receive(sock, 4) != b"ping"
                except ConnectionResetError:
                    hit += 1
    assert least <= hit <= most


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("case", [case for case in CASES if case.passes], ids=lambda case: case.toxic)
def test_a_toxic_on_an_open_connection_takes_hold_and_lets_go(
    server: ToxiproxyClient, peer: Peer, case: Case, stream: str
) -> None:
    with link(server, peer) as made, made.connect() as sock:
        assert exchange(sock, b"ping") == b"ping"
        server.add_toxic(made.name, case.on(stream))
        size = 30_000 if case.toxic == "bandwidth" else 300
        start_s = time.monotonic()
        assert exchange(sock, bytes(size)) == bytes(size)
        assert ms_since(start_s) >= case.nominal_ms - EARLY_MS
        server.remove_toxic(made.name, f"{case.toxic}_{stream}")
        found = []
        for _ in range(REPEATS):
            start_s = time.monotonic()
            assert exchange(sock, bytes(size)) == bytes(size)
            found.append(ms_since(start_s))
        assert min(found) < case.nominal_ms
