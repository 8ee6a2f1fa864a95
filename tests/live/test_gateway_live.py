"""The gateway between real clients (unmodified boto3, raw sockets) and upstreams that work, break or vanish."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from free_ports import closed_port
from test_gateway_fakes import (
    Address,
    Client,
    FakeServer,
    Peer,
    admin,
    answering,
    full_backlog,
    reply,
    running,
    until_eof,
    wait_for,
)

pytestmark = [pytest.mark.live, pytest.mark.beside]

EAST, WEST = "us-east-1", "us-west-2"
NAMES = count()


@pytest.fixture(scope="module")
def gateway() -> Iterator[dict[str, Any]]:
    with running("harness.parts.edge.gateway", {"listeners": []}) as ready:
        yield ready


class Listener:
    """One instance's listener, with its counters."""

    def __init__(self, gateway: dict[str, Any], routes: dict[str, dict[str, Address]]) -> None:
        self._admin = gateway["admin"]
        self.instance = f"app{next(NAMES)}.{EAST}"
        self.replace(routes)

    def replace(self, routes: dict[str, dict[str, Address]]) -> None:
        body = {"instance": self.instance, "region": EAST, "routes": routes}
        host, port = admin(self._admin, "POST", "/listeners", body)["listeners"][self.instance]
        self.address: Address = (host, port)

    def remove(self) -> None:
        admin(self._admin, "DELETE", f"/listeners/{self.instance}")

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = admin(self._admin, "GET", "/status")["listeners"][self.instance]
        return status

    def counted(self, name: str, times: int = 1) -> Callable[[], bool]:
        return lambda: self.status()["counts"].get(name, 0) == times


Listen = Callable[[dict[str, dict[str, Address]]], Listener]


@pytest.fixture
def listen(gateway: dict[str, Any]) -> Iterator[Listen]:
    with ExitStack() as stack:

        def make(routes: dict[str, dict[str, Address]]) -> Listener:
            listener = Listener(gateway, routes)
            stack.callback(listener.remove)
            return listener

        yield make


@pytest.fixture
def fake() -> Iterator[Callable[[Callable[[Peer], None]], FakeServer]]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(FakeServer(script))


Fake = Callable[[Callable[[Peer], None]], FakeServer]


def signed(region: str, *, line: str = "POST / HTTP/1.1", body: bytes = b"{}", service: str = "dynamodb") -> bytes:
    scope = f"AKID/20260101/{region}/{service}/aws4_request"
    return (
        f"{line}\r\nHost: gateway\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, "
        f"SignedHeaders=host, Signature=00\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def table_of(region: str) -> bytes:
    return json.dumps({"TableNames": [region]}).encode()


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients: list[Any] = []

    def make(listener: Listener, region: str, service: str = "dynamodb", **options: Any) -> Any:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{listener.address[0]}:{listener.address[1]}")
        config = Config(retries={"total_max_attempts": 1}, **options)
        client = boto3.session.Session().client(service, region_name=region, config=config)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def test_unmodified_boto3_reaches_each_region_through_one_endpoint(
    listen: Listen, fake: Fake, dynamodb: Callable[..., Any]
) -> None:
    east, west = fake(answering(table_of(EAST))), fake(answering(table_of(WEST)))
    listener = listen({EAST: {"dynamodb": east.address}, WEST: {"*": west.address}})
    clients = {region: dynamodb(listener, region) for region in (EAST, WEST)}
    for _ in range(5):
        for region, client in clients.items():
            assert client.list_tables()["TableNames"] == [region]
    assert (len(east.requests), len(west.requests)) == (5, 5)
    assert listener.status()["routed"] == {f"{EAST}/dynamodb": 5, f"{WEST}/*": 5}
    # botocore pools the connection to the endpoint per client, and so the gateway does upstream.
    assert (east.accepted, west.accepted) == (1, 1)


def test_one_pooled_connection_alternates_between_regions(listen: Listen, fake: Fake) -> None:
    east, west = fake(answering(b"east")), fake(answering(b"west"))
    listener = listen({EAST: {"dynamodb": east.address}, WEST: {"dynamodb": west.address}})
    with Client(listener.address) as client:
        for _ in range(50):
            assert client.ask(signed(EAST))[2] == b"east"
            assert client.ask(signed(WEST))[2] == b"west"
    assert (east.accepted, west.accepted) == (1, 1)
    assert all(f"/{EAST}/".encode() in request for request in east.requests)
    assert all(f"/{WEST}/".encode() in request for request in west.requests)


def test_bytes_arrive_as_they_were_signed(listen: Listen, fake: Fake) -> None:
    east = fake(answering(b"ok"))
    listener = listen({EAST: {"*": east.address}})
    request = signed(EAST, body=bytes(range(256))).replace(b"Host:", b"X-oDD:   spaced  \r\nHost:")
    with Client(listener.address) as client:
        client.ask(request)
    assert east.requests == [request]


def test_route53_goes_to_the_control_plane(listen: Listen, fake: Fake, dynamodb: Callable[..., Any]) -> None:
    body = (
        b'<?xml version="1.0"?><ListHostedZonesResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
        b"<HostedZones/><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"
    )
    east, control = fake(answering(table_of(EAST))), fake(answering(body))
    listener = listen({EAST: {"dynamodb": east.address}, "aws-global": {"route53": control.address}})
    assert dynamodb(listener, WEST, "route53").list_hosted_zones()["HostedZones"] == []
    assert (len(east.requests), len(control.requests)) == (0, 1)


def test_a_presigned_url_reaches_the_region_it_was_signed_for(
    listen: Listen, fake: Fake, dynamodb: Callable[..., Any]
) -> None:
    east, west = fake(answering(b"east")), fake(answering(b"west"))
    listener = listen({EAST: {"*": east.address}, WEST: {"*": west.address}})
    client = dynamodb(listener, WEST, "s3", s3={"addressing_style": "path"}, signature_version="s3v4")
    url = client.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.read() == b"west"


def test_an_unsigned_call_goes_to_its_callers_region(listen: Listen, fake: Fake) -> None:
    east, west = fake(answering(b"east")), fake(answering(b"west"))
    listener = listen({EAST: {"*": east.address}, WEST: {"*": west.address}})
    with Client(listener.address) as client:
        assert client.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")[2] == b"east"
    assert listener.status()["counts"]["unsigned"] == 1


def test_a_call_without_a_route_says_so(listen: Listen, fake: Fake, dynamodb: Callable[..., Any]) -> None:
    east = fake(answering(b"{}"))
    listener = listen({EAST: {"dynamodb": east.address}})
    with pytest.raises(ClientError, match=r"no route for service dynamodb in region eu-west-1") as caught:
        dynamodb(listener, "eu-west-1").list_tables()
    assert caught.value.response["Error"]["Code"] == "NoRouteInDrill"
    with pytest.raises(ClientError, match=r"no route for service route53"):
        dynamodb(listener, EAST, "route53").list_hosted_zones()
    with Client(listener.address) as client:  # the connection lives on
        assert client.ask(signed("eu-west-1"))[0] == 400
        assert client.ask(signed(EAST))[2] == b"{}"


def test_a_refused_upstream_is_a_reset_for_the_caller(listen: Listen, dynamodb: Callable[..., Any]) -> None:
    listener = listen({EAST: {"*": closed_port()}})
    with pytest.raises(ConnectionClosedError):
        dynamodb(listener, EAST).list_tables()
    with Client(listener.address) as client, pytest.raises(ConnectionResetError):
        client.ask(signed(EAST))
    assert listener.counted("upstream_refused", 2)()


def test_a_reset_upstream_is_a_reset_for_the_caller(listen: Listen, fake: Fake, dynamodb: Callable[..., Any]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    east = fake(script)
    listener = listen({EAST: {"*": east.address}})
    with pytest.raises(ConnectionClosedError):
        dynamodb(listener, EAST).list_tables()
    with Client(listener.address) as client, pytest.raises(ConnectionResetError):
        client.ask(signed(EAST))
    assert len(east.requests) == 2  # one for each call: nothing was sent again


@pytest.mark.parametrize("moment", ["before the response", "within the response"])
def test_an_upstream_that_ends_the_connection_ends_it_for_the_caller(listen: Listen, fake: Fake, moment: str) -> None:
    part = reply(b"0123456789")[:-5] if moment == "within the response" else b""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(part)

    east = fake(script)
    listener = listen({EAST: {"*": east.address}})
    with Client(listener.address) as client:
        client.send(signed(EAST))
        assert client.read_to_end() == part
    assert len(east.requests) == 1


def test_a_silent_upstream_is_silence_for_the_caller(listen: Listen, fake: Fake, dynamodb: Callable[..., Any]) -> None:
    east = fake(until_eof)
    listener = listen({EAST: {"*": east.address}})
    with pytest.raises(ReadTimeoutError):
        dynamodb(listener, EAST, read_timeout=0.3).list_tables()
    wait_for(lambda: east.ended == 1, "the upstream connection is closed behind the caller")
    wait_for(listener.counted("client_gone"), "the caller's leaving is counted")


def test_a_black_hole_is_silence_and_leaves_nothing_behind(listen: Listen, dynamodb: Callable[..., Any]) -> None:
    with full_backlog() as hole:
        listener = listen({EAST: {"*": hole}})
        with pytest.raises(ReadTimeoutError):
            dynamodb(listener, EAST, read_timeout=0.3).list_tables()
        wait_for(lambda: listener.status()["open_connections"] == 0, "the gateway forgot the caller")


def test_a_silent_region_does_not_delay_the_other(listen: Listen, fake: Fake, dynamodb: Callable[..., Any]) -> None:
    east, west = fake(until_eof), fake(answering(table_of(WEST)))
    listener = listen({EAST: {"*": east.address}, WEST: {"*": west.address}})
    with Client(listener.address) as stuck:
        stuck.send(signed(EAST))
        wait_for(lambda: east.accepted == 1, "the first call hangs")
        assert dynamodb(listener, WEST).list_tables()["TableNames"] == [WEST]
        assert east.ended == 0, "the first call still hangs"


def test_a_connection_that_died_idle_is_replaced_before_the_request_is_sent(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"once"))

    east = fake(script)  # answers once, then ends the connection without saying so
    listener = listen({EAST: {"*": east.address}})
    with Client(listener.address) as client:
        for asked in range(1, 11):
            assert client.ask(signed(EAST))[2] == b"once"
            wait_for(lambda asked=asked: east.ended == asked, "the upstream ended its side")  # type: ignore[misc]
    assert (len(east.requests), east.accepted) == (10, 10)


def test_a_large_body_passes_whole_in_both_directions(listen: Listen, fake: Fake) -> None:
    blob = bytes(range(256)) * 40_000

    def script(peer: Peer) -> None:
        request = peer.read_request()
        assert request is not None
        peer.send(reply(request.partition(b"\r\n\r\n")[2]))

    listener = listen({EAST: {"*": fake(script).address}})
    with Client(listener.address) as client:
        assert client.ask(signed(EAST, body=blob))[2] == blob


def test_pipelined_requests_are_answered_one_by_one_in_order(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            assert peer._buffer == b"", "the next request came before this one was answered"
            peer.send(reply(request.split(b" ", 2)[1]))

    listener = listen({EAST: {"*": fake(script).address}})
    with Client(listener.address) as client:
        client.send(b"".join(signed(EAST, line=f"GET /{n} HTTP/1.1", body=b"") for n in range(200)))
        assert [client.read_response()[2] for _ in range(200)] == [b"/%d" % n for n in range(200)]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_statuses_without_a_body_leave_the_connection_usable(listen: Listen, fake: Fake, status: bytes) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(b"HTTP/1.1 " + status + b"\r\nX-Length: 0\r\n\r\n")

    east = fake(script)
    listener = listen({EAST: {"*": east.address}})
    with Client(listener.address) as client:
        for _ in range(3):
            client.send(signed(EAST))
            got = b""
            while not got.endswith(b"\r\n\r\n"):
                got += client.sock.recv(4096)
            assert got.startswith(b"HTTP/1.1 " + status)
    assert east.accepted == 1


def test_the_answer_to_head_has_a_length_but_no_body(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            full = reply(b"body")
            peer.send(full[:-4] if request.startswith(b"HEAD") else full)

    listener = listen({EAST: {"*": fake(script).address}})
    with Client(listener.address) as client:
        client.send(signed(EAST, line="HEAD / HTTP/1.1", body=b""))
        assert client.sock.recv(4096) == reply(b"body")[:-4]
        assert client.ask(signed(EAST))[2] == b"body"


def test_chunked_bodies_pass_as_they_came(listen: Listen, fake: Fake) -> None:
    chunks = b"3\r\nabc\r\n0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    received: list[bytes] = []

    def script(peer: Peer) -> None:
        data = b""
        while not data.endswith(chunks):
            data += peer.sock.recv(4096)
        received.append(data)
        peer.send(answer[:40])
        peer.send(answer[40:])
        until_eof(peer)

    listener = listen({EAST: {"*": fake(script).address}})
    request = signed(EAST, body=b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + chunks
    with Client(listener.address) as client:
        client.send(request[:-3])
        client.send(request[-3:])
        got = b""
        while len(got) < len(answer):
            got += client.sock.recv(4096)
    assert got == answer
    assert received == [request]


def test_100_continue_passes_and_the_exchange_goes_on(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.sock.recv(4096)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = peer.sock.recv(4096)
        peer.send(reply(body))
        answering(b"next")(peer)

    listener = listen({EAST: {"*": fake(script).address}})
    request = signed(EAST, body=b"data").replace(b"Host:", b"Expect: 100-continue\r\nHost:")
    with Client(listener.address) as client:
        client.send(request[:-4])
        assert client.sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.ask(b"data")[2] == b"data"
        assert client.ask(signed(EAST))[2] == b"next"


def test_an_early_refusal_of_an_expected_body_ends_the_connection(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.send(reply(b"no", status=b"417 Expectation Failed"))
        until_eof(peer)

    east = fake(script)
    listener = listen({EAST: {"*": east.address}})
    request = signed(EAST, body=b"data").replace(b"Host:", b"Expect: 100-continue\r\nHost:")
    with Client(listener.address) as client:
        client.send(request[:-4])
        assert client.read_response()[0] == 417
        assert client.read_to_end() == b""
    wait_for(lambda: east.ended == 1, "the upstream connection is closed")


@pytest.mark.parametrize(
    ("line", "field"), [("POST / HTTP/1.1", b"Connection: close"), ("POST / HTTP/1.0", b"X-Nothing: x")]
)
def test_a_client_that_does_not_keep_its_connection_sees_it_end(
    listen: Listen, fake: Fake, line: str, field: bytes
) -> None:
    east = fake(answering(b"bye"))
    listener = listen({EAST: {"*": east.address}})
    with Client(listener.address) as client:
        assert client.ask(signed(EAST, line=line).replace(b"Host:", field + b"\r\nHost:"))[2] == b"bye"
        assert client.read_to_end() == b""
    wait_for(lambda: east.ended == 1, "the upstream connection ends too")


def test_an_upstream_that_closes_after_each_answer_is_believed(listen: Listen, fake: Fake) -> None:
    east = fake(answering(b"x", b"Connection: close"))
    listener = listen({EAST: {"*": east.address}})
    with Client(listener.address) as client:
        assert client.ask(signed(EAST))[1]["connection"] == "close"
        assert client.read_to_end() == b""


def test_garbage_from_an_upstream_is_garbage_for_the_caller(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"\x00\xffgarbage\r\n\r\n")
        peer.send(b"more")

    listener = listen({EAST: {"*": fake(script).address}})
    with Client(listener.address) as client:
        client.send(signed(EAST))
        assert client.read_to_end() == b"\x00\xffgarbage\r\n\r\nmore"


def test_an_answer_nobody_asked_for_never_answers_the_next_request(listen: Listen, fake: Fake) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(b"right") + reply(b"WRONG"))

    listener = listen({EAST: {"*": fake(script).address}})
    with Client(listener.address) as client:
        for _ in range(10):
            assert client.ask(signed(EAST))[2] == b"right"


@pytest.mark.parametrize("fields", [b"", b"Host: a\r\nHost: b\r\n"], ids=["no Host", "two Hosts"])
def test_a_request_without_one_host_is_refused_and_never_forwarded(listen: Listen, fake: Fake, fields: bytes) -> None:
    east = fake(answering(b"x"))
    listener = listen({EAST: {"*": east.address}})
    request = signed(EAST).replace(b"Host: gateway\r\n", fields)
    with Client(listener.address) as client:
        assert client.ask(request)[0] == 400
        assert east.requests == []
        assert client.ask(signed(EAST))[0] == 200, "where the refused request ended is known"
    with Client(listener.address) as client:
        old = request.replace(b"HTTP/1.1", b"HTTP/1.0")
        assert client.ask(old)[2] == b"x", "HTTP/1.0 knows no Host"


def test_smuggled_lengths_are_refused_and_never_forwarded(listen: Listen, fake: Fake) -> None:
    east = fake(answering(b"x"))
    listener = listen({EAST: {"*": east.address}})
    request = signed(EAST).replace(b"Host:", b"Transfer-Encoding: chunked\r\nHost:")
    with Client(listener.address) as client:
        status, fields, _ = client.ask(request)
        assert (status, fields["connection"]) == (400, "close")
        assert client.read_to_end() == b""
    assert east.accepted == 0


def test_a_reused_world_takes_new_routes_on_the_same_address(listen: Listen, fake: Fake) -> None:
    old, new = fake(answering(b"old")), fake(answering(b"new"))
    listener = listen({EAST: {"*": old.address}})
    address = listener.address
    with Client(address) as client:
        assert client.ask(signed(EAST))[2] == b"old"
        listener.replace({EAST: {"*": new.address}})
        assert listener.address == address
        with pytest.raises(ConnectionResetError):
            client.ask(signed(EAST))
    with Client(address) as client:
        assert client.ask(signed(EAST))[2] == b"new"
    wait_for(lambda: old.ended == 1, "the old upstream connection is closed")
    assert listener.status()["counts"]["connections"] == 1


def test_a_removed_listener_refuses(gateway: dict[str, Any], fake: Fake) -> None:
    listener = Listener(gateway, {EAST: {"*": fake(answering(b"x")).address}})
    listener.remove()
    with pytest.raises(ConnectionRefusedError):
        Client(listener.address)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        listener.remove()


@pytest.mark.parametrize("body", [{}, {"instance": "x", "region": EAST, "routes": {EAST: {"s3": "nowhere"}}}])
def test_a_wrong_listener_is_refused_by_the_admin_api(gateway: dict[str, Any], body: object) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        admin(gateway["admin"], "POST", "/listeners", body)
