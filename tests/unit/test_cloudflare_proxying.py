"""What Cloudflare's edge makes of a request: one more origin at most, where nothing was sent, and its error pages."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare_account import APP, Account

from harness.engines.http.upstream import Failure
from harness.history.events import DnsAnswer, Mark
from harness.parts.steering.cloudflare import proxying
from harness.parts.steering.cloudflare.forwarding import request_head, response_head
from harness.parts.steering.cloudflare.proxying import Course, status_of
from harness.wire.framing import RequestHead, RequestReader, ResponseHead, ResponseReader
from harness.witness.models import WitnessConfig
from harness.witness.outcomes import edge_of

EAST, WEST = "127.0.1.10", "127.0.2.10"


def course(*addresses: str, across: bool = False, draw: float = 0.0) -> tuple[Account, Course]:
    account = Account(anycast=("127.0.250.10",))
    monitor = account.monitor()
    east = account.pool("east", *addresses, monitor=monitor, check_regions=["WEU"])
    west = account.pool("west", WEST, monitor=monitor, check_regions=["WEU"])
    account.balancer(east, west, proxied=True, adaptive_routing={"failover_across_pools": across})
    account.sees()
    (balancer,) = account.state.account.balancers.values()
    return account, proxying.begun(balancer, account.state.chosen(APP), lambda: draw)


def again(account: Account, found: Course, status: int) -> Any:
    other = proxying.again(found, status, account.state.health, lambda: 0.0)
    return None if other is None or other.origin is None else other.origin.address


@pytest.mark.parametrize(
    ("failure", "detail", "status"),
    [
        (Failure.REFUSED, "connect: refused", 521),
        (Failure.TIMEOUT, "connect timed out", 522),
        (Failure.REFUSED, "connect: [Errno 113] No route to host", 523),
        (Failure.REFUSED, "connect: Network is unreachable", 523),
    ],
)
def test_an_origin_that_is_not_reached_is_left_for_another_one_once(failure: Failure, detail: str, status: int) -> None:
    account, found = course(EAST, "127.0.1.11")
    assert status_of(found, failure, detail) == status
    assert again(account, found, status) == "127.0.1.11"
    second = proxying.again(found, status, account.state.health, lambda: 0.0)
    assert second is not None
    assert again(account, second, status) is None, "at most once"


def test_what_was_sent_is_never_sent_again() -> None:
    account, found = course(EAST, "127.0.1.11")
    sent = proxying.connected(found)
    assert [status_of(sent, one, "") for one in (Failure.TIMEOUT, Failure.RESET, Failure.GARBAGE)] == [524, 520, 520]
    assert again(account, sent, 524) is None
    assert again(account, sent, 521) is None


def test_another_pool_is_asked_only_where_that_was_wanted() -> None:
    account, found = course(EAST)
    assert again(account, found, 521) is None
    account, found = course(EAST, across=True)
    assert again(account, found, 521) == WEST
    account.sees(west=0)
    (balancer,) = account.state.account.balancers.values()
    found = proxying.begun(balancer, account.state.chosen(APP), lambda: 0.0)
    assert again(account, found, 521) is None, "that one is not healthy"


def test_origins_are_drawn_by_weight_and_a_balancer_without_any_has_none() -> None:
    assert [course(EAST, "127.0.1.11", draw=draw)[1].origin.address for draw in (0.4, 0.6)] == [EAST, "127.0.1.11"]  # type: ignore[union-attr]
    assert proxying.drawn((), lambda: 0.0) is None


def test_an_answer_of_a_proxy_in_front_is_told_as_every_edge_behind_it() -> None:
    config = WitnessConfig(
        history="x", dns=("127.0.0.1", 53), record=APP, port=80, edges={"a": EAST, "b": WEST}, fronts=("127.0.250.10",)
    )
    answer = DnsAnswer("witness", "dns-0", APP, ("127.0.250.10",), 300.0, 5)
    told = config.behind(answer)
    assert isinstance(told, DnsAnswer)
    assert told.addresses == (EAST, WEST)
    plain, mark = DnsAnswer("witness", "dns-0", APP, (EAST,), 30.0, 5), Mark("steady", 5)
    assert (config.behind(plain), config.behind(mark)) == (plain, mark)
    assert (edge_of(None), edge_of(EAST)) == (None, EAST)


def asked(*fields: bytes) -> list[bytes]:
    raw = b"\r\n".join((b"POST /a HTTP/1.1", b"Host: app.example.com", b"Content-Length: 3", *fields, b"", b"abc"))
    head = RequestReader().feed(raw)[0].head
    assert isinstance(head, RequestHead)
    return request_head(head, b"192.0.2.7").removesuffix(b"\r\n\r\n").split(b"\r\n")


def test_an_origin_hears_nothing_of_the_clients_connection_and_who_the_client_is_from_the_edge() -> None:
    ours = [b"CF-Connecting-IP: 192.0.2.7", b"X-Forwarded-For: 192.0.2.7", b"CDN-Loop: cloudflare"]
    first = [b"POST /a HTTP/1.1", b"Host: app.example.com", b"Content-Length: 3"]
    assert asked() == [*first, *ours]
    said = (b"Connection: close, X-Hop, content-length", b"x-hop: 1", b"Keep-Alive: 5", b"Upgrade: websocket", b"TE: x")
    assert asked(*said) == [*first, *ours], "a length stays, whatever Connection names"
    assert asked(b"CF-Connecting-IP: 6.6.6.6", b"Cookie: a=b") == [*first, b"Cookie: a=b", *ours]
    assert asked(b"X-Forwarded-For: 198.51.100.1", b"CDN-Loop: other")[-2:] == [
        b"X-Forwarded-For: 198.51.100.1, 192.0.2.7", b"CDN-Loop: other, cloudflare",
    ]  # fmt: skip


@pytest.mark.parametrize(("keep", "word"), [(True, b"keep-alive"), (False, b"close")])
def test_a_client_hears_nothing_of_the_origins_connection_and_which_origin_it_was_from_the_edge(
    keep: bool, word: bytes
) -> None:
    raw = b"HTTP/1.0 200 OK\r\nConnection: close\r\nX-Drill-Edge: 192.0.2.9\r\nContent-Length: 0\r\nETag: x\r\n\r\n"
    head = ResponseReader().feed(raw)[0].head
    assert isinstance(head, ResponseHead)
    assert response_head(head, EAST, keep=keep) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: x\r\nX-Drill-Edge: 127.0.1.10\r\nConnection: %s\r\n\r\n" % word
    )
