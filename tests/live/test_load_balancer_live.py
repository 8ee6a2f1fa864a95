"""The load balancer between raw clients and targets that work, break, hang or talk nonsense."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
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

from harness.history.codec import read
from harness.history.events import HealthTransition

pytestmark = [pytest.mark.live, pytest.mark.beside]

GET = b"GET /items/1 HTTP/1.1\r\nHost: app.example.com\r\n\r\n"
PUT = b"PUT /items/1 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\n{}"
OWN = "x-drill-load-balancer"
RESPONSE_S = 1.0
"""Patience with targets: short, and long enough for a busy machine."""


class Balancer:
    """A running load balancer."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.address: Address = (ready["listen"][0], ready["listen"][1])
        self._admin = ready["admin"]

    def register(self, *addresses: Address) -> None:
        targets = [
            {"id": f"app{n}.us-east-1", "address": list(address), "health_path": "/health"}
            for n, address in enumerate(addresses)
        ]
        admin(self._admin, "POST", "/targets", {"targets": targets})

    def targets(self) -> list[dict[str, Any]]:
        targets: list[dict[str, Any]] = admin(self._admin, "GET", "/targets")["targets"]
        return targets

    def reset(self) -> None:
        admin(self._admin, "POST", "/reset")

    def states(self) -> list[str]:
        return [target["state"] for target in self.targets()]

    def wait_for_states(self, *states: str) -> None:
        wait_for(lambda: self.states() == list(states), f"the targets are {states}")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Balancer, Path]]:
    """One whose checks are fast and whose patience with targets is short."""
    events = tmp_path_factory.mktemp("load-balancer") / "events.jsonl"
    config = {
        "region": "us-east-1",
        "listen": ["127.0.0.1", 0],
        "interval_s": 0.1,
        "timeout_s": 0.5,
        "healthy_threshold": 2,
        "unhealthy_threshold": 2,
        "response_timeout_s": RESPONSE_S,
        "events": str(events),
    }
    with running("harness.parts.edge.load_balancer", config) as ready:
        yield Balancer(ready), events


@pytest.fixture
def balancer(process: tuple[Balancer, Path]) -> Iterator[Balancer]:
    yield process[0]
    process[0].register()
    process[0].reset()


Fake = Callable[[Callable[[Peer], None]], FakeServer]


@pytest.fixture
def fake() -> Iterator[Fake]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(FakeServer(script))


def app(serve: Callable[[Peer, bytes], None], health: bytes = reply(b"fine")) -> Callable[[Peer], None]:
    """A target whose health path is answered apart from the rest."""

    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if request.startswith(b"GET /health "):
                peer.send(health)
            else:
                serve(peer, request)

    return script


def says(body: bytes, *fields: bytes) -> Callable[[Peer, bytes], None]:
    return lambda peer, request: peer.send(reply(body, *fields))


def traffic(server: FakeServer) -> list[bytes]:
    return [request for request in server.requests if not request.startswith(b"GET /health ")]


def ask_once(balancer: Balancer, request: bytes = GET) -> tuple[int, dict[str, str], bytes]:
    with Client(balancer.address) as client:
        return client.ask(request)


def test_without_a_target_it_answers_503_and_says_why(balancer: Balancer) -> None:
    with Client(balancer.address) as client:
        for _ in range(3):
            status, fields, _ = client.ask(PUT)
            assert (status, fields[OWN], fields["connection"]) == (503, "no-target", "keep-alive")


def test_a_refusing_target_is_a_502(balancer: Balancer) -> None:
    balancer.register(closed_port())
    with Client(balancer.address) as client:
        for _ in range(3):
            status, fields, _ = client.ask(PUT)
            assert (status, fields[OWN]) == (502, "target-refused")


def test_a_target_that_resets_is_a_502_and_is_not_asked_twice(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(lambda peer, request: peer.reset()))
    balancer.register(target.address)
    status, fields, _ = ask_once(balancer, PUT)
    assert (status, fields[OWN]) == (502, "target-reset")
    assert len(traffic(target)) == 1


def test_a_target_that_hangs_up_is_a_502(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(lambda peer, request: peer.sock.close()))
    balancer.register(target.address)
    status, fields, _ = ask_once(balancer, PUT)
    assert (status, fields[OWN]) == (502, "target-reset")
    assert len(traffic(target)) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", id="bad length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 40_000 + b"\r\n\r\n", id="head over 32K"),
        pytest.param(b"x" * 3_000_000, id="flood"),
        pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000, id="interim flood"),
    ],
)
def test_a_target_that_talks_nonsense_is_a_502(balancer: Balancer, fake: Fake, nonsense: bytes) -> None:
    target = fake(app(lambda peer, request: peer.send(nonsense)))
    balancer.register(target.address)
    request = PUT.replace(b"HTTP/1.1", b"HTTP/1.0") if b"102" in nonsense else PUT
    status, fields, _ = ask_once(balancer, request)
    assert (status, fields[OWN]) == (502, "target-garbage")


def test_a_silent_target_is_a_504_and_blocks_nobody(balancer: Balancer, fake: Fake) -> None:
    release = threading.Event()

    def slow(peer: Peer, request: bytes) -> None:
        if b"/slow" in request:
            release.wait(10)
        else:
            peer.send(reply(b"quick"))

    target = fake(app(slow))
    balancer.register(target.address)
    try:
        with Client(balancer.address) as stuck:
            began = time.monotonic()
            stuck.send(GET.replace(b"/items/1", b"/slow"))
            assert ask_once(balancer)[2] == b"quick"
            assert time.monotonic() - began < RESPONSE_S
            status, fields, _ = stuck.read_response()
            assert (status, fields[OWN]) == (504, "target-timeout")
            assert time.monotonic() - began >= RESPONSE_S - 0.01  # the event loop tells the time by the millisecond
    finally:
        release.set()


def test_connecting_to_a_black_hole_is_a_504(balancer: Balancer) -> None:
    with full_backlog() as hole:
        balancer.register(hole)
        status, fields, _ = ask_once(balancer)
        assert (status, fields[OWN]) == (504, "target-timeout")


def test_a_slow_but_steady_answer_is_no_timeout(balancer: Balancer, fake: Fake) -> None:
    def trickle(peer: Peer, request: bytes) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")
        for _ in range(12):
            time.sleep(0.1)  # what is tested is that time passes
            peer.send(b"x")

    balancer.register(fake(app(trickle)).address)
    assert ask_once(balancer)[2] == b"x" * 12


def test_an_answer_that_breaks_off_is_cut_for_the_client_too(balancer: Balancer, fake: Fake) -> None:
    def cut(peer: Peer, request: bytes) -> None:
        peer.send(reply(b"0123456789")[:-5])
        peer.reset()

    balancer.register(fake(app(cut)).address)
    with Client(balancer.address) as client:
        client.send(GET)
        with pytest.raises(ConnectionResetError):
            client.read_to_end()


def test_a_client_that_does_not_finish_its_request_gets_408(balancer: Balancer, fake: Fake) -> None:
    balancer.register(fake(app(says(b"x"))).address)
    assert ask_once(balancer, PUT[:-1])[0] == 408


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ],
)
def test_a_bad_request_reaches_no_target(balancer: Balancer, fake: Fake, request_: bytes, status: int) -> None:
    target = fake(app(says(b"x")))
    balancer.register(target.address)
    assert ask_once(balancer, request_)[0] == status
    assert traffic(target) == []


def test_requests_go_round_the_healthy_targets(balancer: Balancer, fake: Fake) -> None:
    targets = [fake(app(says(name))) for name in (b"a", b"b")]
    sick = fake(app(says(b"sick"), health=reply(b"", status=b"500 Oops")))
    balancer.register(*(target.address for target in targets), sick.address)
    balancer.wait_for_states("healthy", "healthy", "unhealthy")
    with Client(balancer.address) as client:
        bodies = [client.ask(GET)[2] for _ in range(10)]
    assert sorted(bodies) == [b"a"] * 5 + [b"b"] * 5
    assert all(first != second for first, second in pairwise(bodies))
    assert balancer.targets()[2]["reason"] == "Target.ResponseCodeMismatch"


def test_it_fails_open_when_every_target_is_unhealthy(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(says(b"still here"), health=reply(b"", status=b"503 No")))
    balancer.register(target.address)
    balancer.wait_for_states("unhealthy")
    assert ask_once(balancer)[2] == b"still here"


def test_a_target_that_recovers_gets_requests_again(balancer: Balancer, fake: Fake) -> None:
    well = threading.Event()

    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(b"a") if well.is_set() else reply(b"", status=b"500 Oops"))

    balancer.register(fake(script).address, fake(app(says(b"b"))).address)
    balancer.wait_for_states("unhealthy", "healthy")
    assert {ask_once(balancer)[2] for _ in range(4)} == {b"b"}
    well.set()
    balancer.wait_for_states("healthy", "healthy")
    assert {ask_once(balancer)[2] for _ in range(4)} == {b"a", b"b"}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: contextlib.nullcontext(closed_port()), "Target.FailedHealthChecks"),
        (full_backlog, "Target.Timeout"),
    ],
)
def test_why_a_target_is_unhealthy(
    balancer: Balancer, make: Callable[[], AbstractContextManager[Address]], reason: str
) -> None:
    with make() as address:
        balancer.register(address)
        balancer.wait_for_states("unhealthy")
        (target,) = balancer.targets()
    assert (target["healthy"], target["reason"]) == (False, reason)


def test_a_hanging_health_check_does_not_delay_the_other_target(balancer: Balancer, fake: Fake) -> None:
    hanging, well = fake(until_eof), fake(app(says(b"well")))
    balancer.register(hanging.address, well.address)
    wait_for(lambda: balancer.states()[1] == "healthy", "the second target is healthy")
    assert balancer.states()[0] == "initial"
    balancer.wait_for_states("unhealthy", "healthy")


def test_transitions_are_in_the_event_file(process: tuple[Balancer, Path], balancer: Balancer, fake: Fake) -> None:
    events = process[1]
    before = len(list(read(events)))  # beside them stand what became of the targets, in words
    target = fake(app(says(b"x")))
    balancer.register(target.address)
    balancer.wait_for_states("healthy")
    target.close()
    balancer.wait_for_states("unhealthy")
    up, down = [event for event in list(read(events))[before:] if isinstance(event, HealthTransition)]
    assert (up.target, up.status, up.healthy_checkers, up.checkers) == ("us-east-1", "healthy", 1, 1)
    assert (down.kind, down.status, down.healthy_checkers, down.source) == ("target", "unhealthy", 0, "world")
    assert up.mono_ns < down.mono_ns


def test_reset_forgets_what_it_knew_of_its_targets(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(says(b"x"), health=reply(b"", status=b"500 Oops")))
    balancer.register(target.address)
    balancer.wait_for_states("unhealthy")
    balancer.reset()
    assert balancer.states() == ["initial"]


def test_connections_are_kept_on_both_sides(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(says(b"x")))
    balancer.register(target.address)
    balancer.wait_for_states("healthy")
    with Client(balancer.address) as client:
        client.ask(GET)
        carried = target.accepted
        for _ in range(20):
            assert client.ask(PUT)[2] == b"x"
    assert ask_once(balancer)[2] == b"x"  # another client, the same connection to the target
    checks = len(target.requests) - len(traffic(target))
    assert target.accepted - checks <= 1, "more than one connection besides those of the health checks"
    assert carried >= 1


def test_a_target_that_answers_in_two_writes_is_not_slowed_by_delayed_acknowledgements(
    balancer: Balancer, fake: Fake
) -> None:
    def two_writes(peer: Peer, request: bytes) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        peer.send(b"body")

    balancer.register(fake(app(two_writes)).address)
    durations = []
    with Client(balancer.address) as client:
        for _ in range(50):
            began = time.perf_counter()
            client.ask(PUT)
            durations.append(time.perf_counter() - began)
    assert statistics.median(durations) < 0.02


def test_an_idle_connection_that_the_target_closed_is_not_used(balancer: Balancer, fake: Fake) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"once"))

    target = fake(once)
    balancer.register(target.address)
    with Client(balancer.address) as client:
        for asked in range(1, 11):
            assert client.ask(PUT)[2] == b"once"
            wait_for(lambda: target.ended == target.accepted, "the target hung up")
            assert len(traffic(target)) == asked


def test_the_target_learns_who_asked_and_the_client_keeps_its_connection(balancer: Balancer, fake: Fake) -> None:
    target = fake(app(says(b"x", b"Connection: close", b"X-Region: us-east-1", b"X-Drill-Load-Balancer: no-target")))
    balancer.register(target.address)
    request = (
        b"GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
        b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n"
    )
    with Client(balancer.address) as client:
        for _ in range(2):
            _, fields, _ = client.ask(request)
            assert "connection" not in fields
            assert fields["x-region"] == "us-east-1"
            assert OWN not in fields, "a target cannot speak for the load balancer"
    lines = traffic(target)[0].split(b"\r\n")
    assert b"Host: app.example.com" in lines
    assert b"X-Forwarded-For: 203.0.113.9, 127.0.0.1" in lines
    assert b"X-Forwarded-Proto: http" in lines
    assert not [line for line in lines if line.lower().startswith((b"connection", b"x-hop"))]


def test_an_http_1_0_target_is_spoken_for_in_http_1_1(balancer: Balancer, fake: Fake) -> None:
    def old(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nold")

    balancer.register(fake(old).address)
    with Client(balancer.address) as client:
        client.send(GET)
        answer = client.read_to_end()
    assert answer == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nold"


def test_an_http_1_0_client_may_keep_its_connection(balancer: Balancer, fake: Fake) -> None:
    balancer.register(fake(app(says(b"x"))).address)
    request = GET.replace(b"HTTP/1.1", b"HTTP/1.0")
    with Client(balancer.address) as client:
        kept = request.replace(b"Host", b"Connection: Keep-Alive\r\nHost")
        assert client.ask(kept)[1]["connection"] == "keep-alive"
        assert client.ask(request)[1]["connection"] == "close"
        assert client.read_to_end() == b""


def test_a_removed_target_gets_no_more_requests(balancer: Balancer, fake: Fake) -> None:
    old, new = fake(app(says(b"old"))), fake(app(says(b"new")))
    balancer.register(old.address)
    with Client(balancer.address) as client:
        assert client.ask(GET)[2] == b"old"
        balancer.register(new.address)
        assert client.ask(GET)[2] == b"new"
    wait_for(lambda: old.ended == old.accepted, "its idle connections are closed")


def test_many_clients_at_once_each_get_their_own_answer(balancer: Balancer, fake: Fake) -> None:
    def echo(peer: Peer, request: bytes) -> None:
        peer.send(reply(request.split(b" ", 2)[1]))

    balancer.register(fake(app(echo)).address)
    wrong: list[bytes] = []

    def client(number: int) -> None:
        with Client(balancer.address) as connection:
            for n in range(20):
                path = b"/%d/%d" % (number, n)
                got = connection.ask(GET.replace(b"/items/1", path))[2]
                if got != path:
                    wrong.append(got)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_a_large_body_passes_whole_in_both_directions(balancer: Balancer, fake: Fake) -> None:
    blob = bytes(range(256)) * 20_000

    def echo(peer: Peer, request: bytes) -> None:
        peer.send(reply(request.partition(b"\r\n\r\n")[2]))

    balancer.register(fake(app(echo)).address)
    request = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(blob) + blob
    assert ask_once(balancer, request)[2] == blob


def test_a_wrong_list_of_targets_is_refused_and_changes_nothing(balancer: Balancer, fake: Fake) -> None:
    target = fake(answering(b"x"))
    balancer.register(target.address)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        admin(balancer._admin, "POST", "/targets", {"targets": [{"id": "x"}]})
    assert ask_once(balancer)[2] == b"x"


@contextlib.contextmanager
def like_digitaloceans(**settings: Any) -> Iterator[Balancer]:
    """One that answers 503 when no target is healthy."""
    config = {
        "region": "nyc3", "listen": ["127.0.0.1", 0], "interval_s": 0.1, "timeout_s": 2.0, "healthy_threshold": 2,
        "unhealthy_threshold": 2, "fails_open": False, **settings,
    }  # fmt: skip
    with running("harness.parts.edge.load_balancer", config) as ready:
        yield Balancer(ready)


def test_one_like_digitaloceans_answers_503_when_no_target_is_healthy(fake: Fake) -> None:
    with like_digitaloceans() as balancer:
        balancer.register(fake(app(says(b"a"), health=reply(b"", status=b"503 No"))).address)
        balancer.wait_for_states("unhealthy")
        status, fields, _ = ask_once(balancer)
        assert (status, fields[OWN]) == (503, "no-target")


def test_a_cookie_keeps_a_client_with_its_target_until_that_is_gone(fake: Fake) -> None:
    with like_digitaloceans(sticky={"cookie_name": "DO-LB", "cookie_ttl_s": 60}) as balancer:
        targets = {name: fake(app(says(name))).address for name in (b"a", b"b")}
        balancer.register(*targets.values())
        balancer.wait_for_states("healthy", "healthy")
        _, fields, first = ask_once(balancer)
        cookie = fields["set-cookie"].partition(";")[0].encode()
        again = GET.replace(b"\r\n\r\n", b"\r\nCookie: " + cookie + b"\r\n\r\n")
        answers = [ask_once(balancer, again) for _ in range(6)]
        assert {body for _, _, body in answers} == {first}
        assert all("set-cookie" not in told for _, told, _ in answers)
        (other,) = targets.keys() - {first}
        balancer.register(targets[other])
        balancer.wait_for_states("healthy")
        _, fields, body = ask_once(balancer, again)
        assert body == other
        assert fields["set-cookie"].partition(";")[0].encode() != cookie


def test_least_connections_spares_the_target_that_is_busy(fake: Fake) -> None:
    release = threading.Event()

    def slow(peer: Peer, request: bytes) -> None:
        release.wait(30)
        peer.send(reply(b"slow"))

    with like_digitaloceans(algorithm="least_connections") as balancer:
        busy = fake(app(slow))
        balancer.register(busy.address, fake(app(says(b"quick"))).address)
        balancer.wait_for_states("healthy", "healthy")
        with Client(balancer.address) as one, Client(balancer.address) as two:
            one.send(GET)
            two.send(GET)  # one of the two waits for the slow target
            wait_for(lambda: len(traffic(busy)) == 1, "one of them waits")
            assert {ask_once(balancer)[2] for _ in range(6)} == {b"quick"}
            release.set()
            assert {one.read_response()[2], two.read_response()[2]} == {b"slow", b"quick"}
