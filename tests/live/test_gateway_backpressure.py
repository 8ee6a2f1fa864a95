"""What only shows when one side is faster than the other, or the kernel knows more than the event loop."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from test_gateway_fakes import Client, FakeServer, Peer, admin, running

from harness.engines.http.upstream import Destination, Upstream
from harness.parts.edge.gateway.config import parse_listener
from harness.parts.edge.gateway.connection import Caller, GatewayConnection
from harness.wire.framing import RequestHead

pytestmark = [pytest.mark.live, pytest.mark.beside]

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n\r\n"
TRIED_BYTES = 200_000_000
BLOCK = b"x" * 1_000_000
BOUND_BYTES = 40_000_000
"""Socket buffers of two hops grow to several megabytes each; a proxy that stores would take all that is tried."""


@pytest.fixture(scope="module", params=["gateway", "load_balancer"])
def proxy(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    base: dict[str, Any] = {"listeners": []}
    if request.param == "load_balancer":
        base = {"region": "us-east-1", "listen": ["127.0.0.1", 0], "interval_s": 300}
    with running(f"harness.parts.edge.{request.param}", base) as ready:
        yield request.param, ready


def through(proxy: tuple[str, dict[str, Any]], server: FakeServer) -> Client:
    kind, ready = proxy
    if kind == "gateway":
        routes = {"us-east-1": {"*": list(server.address)}}
        body = {"instance": "app.us-east-1", "region": "us-east-1", "routes": routes}
        host, port = admin(ready["admin"], "POST", "/listeners", body)["listeners"]["app.us-east-1"]
    else:
        admin(ready["admin"], "POST", "/targets", {"targets": [{"id": "app", "address": list(server.address)}]})
        host, port = ready["listen"]
    return Client((host, port))


def push(sock: socket.socket) -> int:
    """Sends until the other side takes no more for a while; returns how much it took."""
    sock.settimeout(0.7)
    sent = 0
    try:
        while sent < TRIED_BYTES:
            sent += sock.send(BLOCK)
    except TimeoutError:
        pass
    return sent


def test_a_flood_from_upstream_is_held_back_while_the_client_does_not_read(proxy: tuple[str, dict[str, Any]]) -> None:
    done = threading.Event()
    taken: list[int] = []

    def flood(peer: Peer) -> None:
        request = peer.read_request()
        if request is None or b"/flood" not in request:
            return
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n")
        taken.append(push(peer.sock))
        done.set()

    with FakeServer(flood) as server, through(proxy, server) as client:
        client.send(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        assert done.wait(20)
        assert taken[0] < BOUND_BYTES


def test_an_upload_is_held_back_while_the_upstream_does_not_read(proxy: tuple[str, dict[str, Any]]) -> None:
    done = threading.Event()

    def deaf(peer: Peer) -> None:
        done.wait(20)

    with FakeServer(deaf) as server, through(proxy, server) as client:
        client.send(HEAD)
        taken = push(client.sock)
        done.set()
    assert taken < BOUND_BYTES


def test_an_end_that_only_the_kernel_knows_of_is_found_before_the_connection_is_used_again() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
            owner = GatewayConnection(Caller(parse_listener({"instance": "a", "region": "r", "routes": {}})))
            owner.request = RequestHead(b"", 1, [], keep_alive=True, method=b"GET", target=b"/")
            upstream = Upstream(Destination("key", address), owner, 65536, quickack=False)
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: upstream, *address)
            peer, _ = listener.accept()
            upstream.detach()
            assert upstream.alive
            peer.close()
            # No await from here on: the event loop cannot have noticed.
            readable, _, _ = select.select([transport.get_extra_info("socket")], [], [], 5)
            assert readable
            assert not transport.is_closing()
            assert not upstream.alive
            upstream.abort()
            await asyncio.sleep(0)

    asyncio.run(story())
