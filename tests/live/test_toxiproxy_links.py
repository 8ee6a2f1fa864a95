"""The embedded server's links with real sockets: forwarding, every toxic, both kinds of loss, and the seed."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from free_ports import closed_port
from toxiproxy_rig import Address, Upstream, exchange, make_link, receive, running_server, upstream

from harness.errors import InputError, LinkError
from harness.parts.links.toxiproxy.client import Proxy, Toxic, ToxiproxyClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

LINK = "clients->us-east-1:http"


@pytest.fixture(scope="module")
def server() -> Iterator[ToxiproxyClient]:
    with running_server(seed=1) as client:
        yield client


@pytest.fixture
def target() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def link(server: ToxiproxyClient, target: Upstream) -> Iterator[Address]:
    yield make_link(server, LINK, target.address)
    server.delete(LINK)


@contextlib.contextmanager
def connected(address: Address, timeout_s: float = 5.0) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=timeout_s) as sock:
        yield sock


AT_MOST_MS = 10_000
"""On any machine. How exact the times are is for the conformance suite to say, of several tries."""


def elapsed_ms(started: float) -> float:
    return (time.monotonic() - started) * 1000


def test_bytes_pass_both_ways_and_a_half_close_keeps_the_answer(link: Address) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 100) == b"got 4"


def test_a_link_listens_on_an_edge_address(server: ToxiproxyClient, target: Upstream) -> None:
    address = make_link(server, "edge", target.address, host="127.0.1.10")
    try:
        assert address[0] == "127.0.1.10"
        with connected(address) as sock:
            assert exchange(sock, b"ping") == b"ping"
    finally:
        server.delete("edge")


def test_much_data_arrives_whole_though_nobody_reads_for_a_while(link: Address, target: Upstream) -> None:
    size = 80_000_000  # more than all the kernel buffers on the way
    with connected(link) as sock:
        sender = threading.Thread(target=sock.sendall, args=(bytes(size),))
        sender.start()
        sender.join(0.3)
        assert sender.is_alive(), "back pressure should have stopped the sender"
        assert len(receive(sock, size)) == size
        sender.join(5)
        assert len(target.seen[0]) == size


def test_a_hundred_clients_are_served_at_once(link: Address) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(link)) for _ in range(100)]
        for number, sock in enumerate(socks):
            sock.sendall(b"%04d" % number)
        assert [receive(sock, 4) for sock in socks] == [b"%04d" % number for number in range(100)]


def test_a_refused_upstream_reaches_the_client_as_a_reset(server: ToxiproxyClient) -> None:
    address = make_link(server, "nowhere", closed_port())
    try:
        with pytest.raises(ConnectionResetError), connected(address) as sock:  # as early as in connect()
            sock.recv(1)
    finally:
        server.delete("nowhere")


def test_a_reset_by_the_client_reaches_the_upstream(link: Address, target: Upstream) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert target.saw_end()


def test_disabled_means_fin_for_open_connections_and_refusal_for_new_ones(
    server: ToxiproxyClient, link: Address
) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        server.disable(LINK)
        assert sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(link, timeout=5)
    server.enable(LINK)
    assert server.proxies()[LINK].listen == link
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"


def test_nobody_else_gets_the_port_of_a_disabled_proxy_until_it_is_deleted(
    server: ToxiproxyClient, link: Address
) -> None:
    server.disable(LINK)
    with socket.socket() as thief, pytest.raises(OSError, match="in use"):
        thief.bind(link)
    server.enable(LINK)
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
    server.disable(LINK)
    server.delete(LINK)
    with socket.socket() as heir:
        heir.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heir.bind(link)
        heir.listen()
    server.populate([Proxy(LINK, link, link)])  # the fixture deletes it


def test_cut_resets_open_connections_and_accepts_new_ones(server: ToxiproxyClient, link: Address) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        server.cut(LINK)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"


def quickest_ms(sock: socket.socket) -> float:
    """Of five exchanges: a busy machine does not delay all of them."""
    took_ms = []
    for _ in range(5):
        started = time.monotonic()
        assert exchange(sock, b"ping") == b"ping"
        took_ms.append(elapsed_ms(started))
    return min(took_ms)


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_latency(server: ToxiproxyClient, link: Address, stream: str) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        server.add_toxic(LINK, Toxic("latency", stream, {"latency": 120}))
        for _ in range(2):
            started = time.monotonic()
            assert exchange(sock, b"ping") == b"ping"
            assert 120 <= elapsed_ms(started) < AT_MOST_MS
        server.remove_toxic(LINK, f"latency_{stream}")
        assert quickest_ms(sock) < 120


def test_latency_does_not_narrow_the_pipe(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("latency", "downstream", {"latency": 200}))
    with connected(link) as sock:
        started = time.monotonic()
        sender = threading.Thread(target=sock.sendall, args=(bytes(4_000_000),))
        sender.start()
        assert len(receive(sock, 4_000_000)) == 4_000_000
        sender.join()
        assert 200 <= elapsed_ms(started) < AT_MOST_MS


def test_bandwidth(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("bandwidth", "upstream", {"rate": 100}))
    with connected(link) as sock:
        started = time.monotonic()
        assert exchange(sock, bytes(30_000)) == bytes(30_000)
        assert 300 <= elapsed_ms(started) < AT_MOST_MS


def test_slow_close(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("slow_close", "upstream", {"delay": 200}))
    with connected(link) as sock:
        assert quickest_ms(sock) < 200
        started = time.monotonic()
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 100) == b"got 20"
        assert 200 <= elapsed_ms(started) < AT_MOST_MS


def test_timeout_closes_by_itself(server: ToxiproxyClient, link: Address, target: Upstream) -> None:
    server.add_toxic(LINK, Toxic("timeout", "upstream", {"timeout": 150}))
    with connected(link) as sock:
        started = time.monotonic()
        sock.sendall(b"lost")
        assert sock.recv(1) == b""
        assert 150 <= elapsed_ms(started) < AT_MOST_MS
    assert target.saw_end()
    assert target.seen[0] == b""


def test_timeout_of_zero_is_silent_until_it_is_removed(server: ToxiproxyClient, link: Address) -> None:
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
        server.add_toxic(LINK, Toxic("timeout", "downstream", {"timeout": 0}))
        sock.settimeout(0.3)
        sock.sendall(b"ping")
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(10)
        server.remove_toxic(LINK, "timeout_downstream")
        assert sock.recv(1) == b""


def test_reset_peer(server: ToxiproxyClient, link: Address, target: Upstream) -> None:
    server.add_toxic(LINK, Toxic("reset_peer", "upstream", {"timeout": 0}))
    with connected(link) as sock:
        sock.sendall(b"ping")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert target.saw_end()
    assert target.seen[0] == b"", "what was reset must not have taken effect"


def test_slicer(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("slicer", "downstream", {"average_size": 10, "size_variation": 2, "delay": 2000}))
    with connected(link) as sock:
        started = time.monotonic()
        sock.sendall(bytes(range(100)))
        first = sock.recv(100)
        assert len(first) <= 12
        assert first + receive(sock, 100 - len(first)) == bytes(range(100))
        assert elapsed_ms(started) >= 14


def test_limit_data(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("limit_data", "downstream", {"bytes": 10}))
    with connected(link) as sock:
        assert exchange(sock, b"12345678") == b"12345678"
        sock.sendall(b"abcdef")
        assert receive(sock, 100) == b"ab"


def test_toxicity_chooses_the_same_connections_for_the_same_seed(target: Upstream) -> None:
    def chosen(seed: int) -> list[bool]:
        with running_server(seed=seed) as server:
            address = make_link(server, LINK, target.address)
            server.add_toxic(LINK, Toxic("reset_peer", "upstream", {"timeout": 0}, toxicity=0.5))
            return [not answers(address) for _ in range(40)]

    first = chosen(5)
    assert 8 < sum(first) < 32
    assert chosen(5) == first
    assert chosen(6) != first


def answers(address: Address) -> bool:
    with connected(address) as sock:
        try:
            return exchange(sock, b"ping") == b"ping"
        except ConnectionResetError:
            return False


def test_request_failure_fails_a_share_of_requests_on_kept_connections_and_repeats(target: Upstream) -> None:
    def failures(seed: int) -> list[int]:
        """For 60 connections, after how many requests each was reset; 20 requests at most."""
        with running_server(seed=seed) as server:
            address = make_link(server, LINK, target.address)
            server.add_toxic(LINK, Toxic("request_failure", "upstream", {"rate": 0.3}))
            return [served(address, 20) for _ in range(60)]

    first = failures(3)
    requests = sum(min(count + 1, 20) for count in first)
    resets = sum(count < 20 for count in first)
    assert 0.2 < resets / requests < 0.4
    assert max(first) > 1, "the draw is for each request, not for each connection"
    assert failures(3) == first
    assert failures(4) != first


def served(address: Address, most: int) -> int:
    with connected(address) as sock:
        for count in range(most):
            try:
                if exchange(sock, b"ping") != b"ping":
                    return count
            except ConnectionError:
                return count
    return most


def test_request_failure_spares_the_body_of_a_request_that_was_let_through(
    server: ToxiproxyClient, link: Address
) -> None:
    """One draw for each request: with rate 1 the first byte fails, and with rate 0 nothing does."""
    server.add_toxic(LINK, Toxic("request_failure", "upstream", {"rate": 0.0}))
    with connected(link) as sock:
        for _ in range(20):
            assert exchange(sock, b"ping") == b"ping"
        server.update_toxic(LINK, Toxic("request_failure", "upstream", {"rate": 1.0}))
        with pytest.raises(ConnectionResetError):
            exchange(sock, b"ping")


def test_black_hole_swallows_data_and_the_servers_fin(server: ToxiproxyClient, link: Address, target: Upstream) -> None:
    with connected(link) as sock, connected(link) as closing:
        assert exchange(sock, b"ping") == b"ping"
        assert exchange(closing, b"ping") == b"ping"
        server.add_toxic(LINK, Toxic("black_hole", "upstream"))
        sock.sendall(b"lost")
        closing.shutdown(socket.SHUT_WR)
        for silent in (sock, closing):
            silent.settimeout(0.4)
            with pytest.raises(TimeoutError):
                silent.recv(1)
        assert not any(ended.is_set() for ended in target.ended), "a FIN came through the hole"
        assert target.seen[0] == b"ping"
        server.remove_toxic(LINK, "black_hole_upstream")
        for silent in (sock, closing):
            silent.settimeout(5)
            with pytest.raises(ConnectionResetError):
                silent.recv(1)
        assert target.saw_end(0)
        assert target.saw_end(1)
        assert target.seen[0] == b"ping", "lost data arrived late"


def test_black_hole_lets_new_connections_time_out_and_accepts_after_the_heal(
    server: ToxiproxyClient, link: Address
) -> None:
    if server.capabilities().black_hole != "accept-queue":
        pytest.skip("this system cannot keep an accept queue full")
    server.add_toxic(LINK, Toxic("black_hole"))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            socket.create_connection(link, timeout=0.3)
    outcome: list[float] = []

    def connect_through_the_heal() -> None:
        with connected(link, 10) as sock:
            assert exchange(sock, b"ping") == b"ping"
            outcome.append(time.monotonic())

    pending = threading.Thread(target=connect_through_the_heal)
    pending.start()
    pending.join(0.3)
    assert pending.is_alive()
    healed = time.monotonic()
    server.remove_toxic(LINK, "black_hole_downstream")
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"
    pending.join(10)
    assert outcome, "a connection that was pending never got through"
    assert outcome[0] >= healed


def test_black_hole_survives_a_restart_of_its_proxy(server: ToxiproxyClient, link: Address) -> None:
    if server.capabilities().black_hole != "accept-queue":
        pytest.skip("this system cannot keep an accept queue full")
    server.add_toxic(LINK, Toxic("black_hole"))
    server.disable(LINK)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(link, timeout=0.3)
    server.enable(LINK)
    with pytest.raises(TimeoutError):
        socket.create_connection(link, timeout=0.3)
    server.reset()
    with connected(link) as sock:
        assert exchange(sock, b"ping") == b"ping"


def test_a_partial_black_hole_silences_a_share_of_new_connections(server: ToxiproxyClient, link: Address) -> None:
    server.add_toxic(LINK, Toxic("black_hole", toxicity=0.5))
    silent = 0
    for _ in range(20):
        with connected(link, 0.2) as sock:
            try:
                exchange(sock, b"ping")
            except TimeoutError:
                silent += 1
    assert 3 <= silent <= 17


def test_proxies_come_from_the_configuration(target: Upstream) -> None:
    proxy = {"name": LINK, "listen": ["127.0.0.1", 0], "upstream": list(target.address)}
    with running_server(proxies=[proxy]) as server, connected(server.proxies()[LINK].listen) as sock:
        assert exchange(sock, b"ping") == b"ping"


def test_two_clients_do_not_share_a_server(server: ToxiproxyClient, link: Address) -> None:
    with running_server() as other:
        assert other.proxies() == {}
        assert set(server.proxies()) == {LINK}


def test_names_that_need_quoting_can_be_made_and_deleted(server: ToxiproxyClient, target: Upstream) -> None:
    check_name(server, target, "a/b c?d#e%->f:g", "x/y ?")


@pytest.mark.parametrize("name", ["{region}", "{", "}", "a{b}c->{d}:http", "{{x}}", "{x:.*}", "%7Bx%7D", "{a/b}"])
def test_names_with_braces_can_be_made_and_deleted(server: ToxiproxyClient, target: Upstream, name: str) -> None:
    check_name(server, target, name, "silence")
    check_name(server, target, "plain", name)
    check_name(server, target, name, name)


@pytest.mark.parametrize("quoted", ["%7Bregion%7D", "{region}"])
def test_braces_in_a_path_may_be_quoted_or_not(server: ToxiproxyClient, target: Upstream, quoted: str) -> None:
    make_link(server, "{region}", target.address)
    host, port = server.url.removeprefix("http://").split(":")
    for method, status in (("GET", 200), ("DELETE", 204), ("GET", 404)):
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request(method, f"/proxies/{quoted}")
        assert connection.getresponse().status == status
        connection.close()


def check_name(server: ToxiproxyClient, target: Upstream, name: str, toxic: str) -> None:
    """Whether a proxy and a toxic of these names can be made, found, changed and removed."""
    make_link(server, name, target.address)
    server.add_toxic(name, Toxic("latency", name=toxic))
    server.update_toxic(name, Toxic("latency", attributes={"latency": 1}, name=toxic))
    assert [toxic.name for toxic in server.toxics(name)] == [toxic]
    server.remove_toxic(name, toxic)
    server.disable(name)
    server.delete(name)
    assert name not in server.proxies()


def test_a_proxy_can_be_moved(server: ToxiproxyClient, link: Address) -> None:
    with upstream() as other:
        assert server.update(LINK, upstream=other.address) == Proxy(LINK, link, other.address)
        with connected(link) as sock:
            assert exchange(sock, b"ping") == b"ping"
        assert other.seen[0] == b"ping"


def test_errors_name_the_server_and_what_it_said(server: ToxiproxyClient, link: Address) -> None:
    with pytest.raises(LinkError, match=r"127\.0\.0\.1.*toxic not found"):
        server.remove_toxic(LINK, "imaginary")
    with pytest.raises(LinkError, match="address already in use"):
        server.populate([Proxy("thief", link, ("127.0.0.1", 1))])
    with pytest.raises(InputError, match="HOST:PORT"):
        ToxiproxyClient("https://somewhere/else")


def test_a_silent_server_is_given_up_on_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = ToxiproxyClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.3)
        started = time.monotonic()
        with pytest.raises(LinkError, match="timed out"):
            client.version()
        assert elapsed_ms(started) < AT_MOST_MS
