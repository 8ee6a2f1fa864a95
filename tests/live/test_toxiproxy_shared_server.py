"""Several worlds, and a user's own proxies, on one Toxiproxy: nobody sees, takes or mends what is somebody else's.

Against the embedded server, and against a real one where there is one.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from toxiproxy.api import APIConsumer
from toxiproxy_rig import Upstream, exchange, make_link, running_server, upstream

from harness.errors import HealError, LinkError
from harness.faults.actions import AddToxic, CutLink, DisableLink, EnableLink, RemoveToxic
from harness.parts.links.toxiproxy import healing
from harness.parts.links.toxiproxy.client import Proxy, Toxic, ToxiproxyClient
from harness.parts.links.toxiproxy.hand import LinkHand
from harness.parts.links.toxiproxy.prefix import new_prefix, prefixes_of_ours

pytestmark = [pytest.mark.live, pytest.mark.beside]

LINKS = ("clients->us-east-1:http", "clients->us-west-2:http")
EAST, WEST = LINKS
SILENCE = Toxic("timeout", attributes={"timeout": 0}, name="silence")


@pytest.fixture
def target() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture(params=["embedded", "real"])
def users(request: pytest.FixtureRequest, target: Upstream) -> Iterator[ToxiproxyClient]:
    """The user's own view of a server with a proxy of theirs, named as a link of ours is; broken, as they want it."""
    with contextlib.ExitStack() as stack:
        if request.param == "embedded":
            client = stack.enter_context(running_server())
        else:
            client = ToxiproxyClient(request.getfixturevalue("real_toxiproxy"))
        make_link(client, EAST, target.address)
        client.add_toxic(EAST, SILENCE)
        client.disable(EAST)
        yield client
        assert not client.proxies()[EAST].enabled
        assert [toxic.name for toxic in client.toxics(EAST)] == ["silence"]
        for name in client.proxies():
            client.delete(name)


def world(users: ToxiproxyClient, target: Upstream) -> ToxiproxyClient:
    client = ToxiproxyClient(users.url, prefix=new_prefix())
    made = client.populate([Proxy(name, ("127.0.0.1", 0), target.address) for name in LINKS])
    assert tuple(made) == LINKS
    return client


def works(client: ToxiproxyClient, link: str) -> bool:
    try:
        with socket.create_connection(client.proxies()[link].listen, timeout=1) as sock:
            sock.settimeout(0.3)
            return exchange(sock, b"ping") == b"ping"
    except OSError:
        return False


def test_two_worlds_have_the_same_links_and_do_not_meet(users: ToxiproxyClient, target: Upstream) -> None:
    one, two = world(users, target), world(users, target)
    assert set(one.proxies()) == set(two.proxies()) == set(LINKS)
    assert set(users.proxies()) == {EAST, *(c.prefix + name for c in (one, two) for name in LINKS)}
    breaking = [
        DisableLink(EAST),
        AddToxic(WEST, "lost.black_hole", "black_hole", "downstream"),
        CutLink(WEST),
    ]
    assert [result.error for result in LinkHand(one).apply(breaking)] == [None] * 3
    assert not works(one, EAST)
    assert not works(one, WEST)
    assert all(works(two, link) for link in LINKS)
    mending = [RemoveToxic(WEST, "lost.black_hole", "black_hole"), EnableLink(EAST)]
    assert [result.error for result in LinkHand(one).apply(mending)] == [None] * 2
    assert all(works(one, link) for link in LINKS)
    moved = one.update(EAST, upstream=("127.0.0.1", 9))
    assert (moved.name, two.proxies()[EAST].upstream) == (EAST, target.address)
    one.delete(EAST)
    assert set(one.proxies()) == {WEST}
    assert set(two.proxies()) == set(LINKS)


@pytest.mark.parametrize("how", ["reset", "heal", "heal all of ours"])
def test_only_what_is_ours_is_healed(users: ToxiproxyClient, target: Upstream, how: str) -> None:
    ours, others = world(users, target), world(users, target)
    for client in (ours, others):
        client.disable(EAST)
        client.add_toxic(WEST, SILENCE)
    if how == "reset":
        ours.reset()
    elif how == "heal":
        removed = f"{WEST}: toxic silence (timeout, downstream) removed"
        assert healing.heal_links(ours) == [f"{EAST}: enabled", removed]
        assert healing.heal_links(ours) == []
    else:
        assert len(healing.heal_links_of_ours(users.url)) == 4
        assert healing.heal_links_of_ours(users.url) == []
    assert all(works(ours, link) for link in LINKS)
    assert all(works(others, link) is (how == "heal all of ours") for link in LINKS)


def test_what_stays_broken_is_told_and_the_rest_is_healed(users: ToxiproxyClient, target: Upstream) -> None:
    ours, others = sorted((world(users, target), world(users, target)), key=lambda client: client.prefix)
    with socket.socket() as thief:
        for client in (ours, others):
            client.disable(EAST)
            client.add_toxic(WEST, SILENCE)
        try:
            thief.bind(ours.proxies()[EAST].listen)
        except OSError:
            pytest.skip("this server keeps the port of a disabled proxy")
        thief.listen()
        with pytest.raises(HealError, match=rf"still broken after a reset .*{EAST}.*address already in use"):
            healing.heal_links_of_ours(users.url)
        assert works(ours, WEST)
        assert all(works(others, link) for link in LINKS)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_populate_that_fails_half_way_leaves_nothing(users: ToxiproxyClient, target: Upstream, place: int) -> None:
    there = set(users.proxies())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = [Proxy(name, ("127.0.0.1", 0), target.address) for name in LINKS]
        wanted.insert(place, Proxy("taken", taken.getsockname(), target.address))
        client = ToxiproxyClient(users.url, prefix=new_prefix())
        with pytest.raises(LinkError, match="address already in use"):
            client.populate(wanted)
    assert set(users.proxies()) == there
    assert set(client.populate(wanted)) == {*LINKS, "taken"}, "and it can be tried again"


def test_a_populate_that_fails_keeps_what_was_there_before(users: ToxiproxyClient, target: Upstream) -> None:
    client = world(users, target)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        more = [Proxy(name, ("127.0.0.1", 0), target.address) for name in ("more", "taken")]
        more[1] = Proxy("taken", taken.getsockname(), target.address)
        with pytest.raises(LinkError, match="address already in use"):
            client.populate(more)
    assert set(client.proxies()) == set(LINKS)


def test_a_populate_that_is_interrupted_leaves_nothing(
    users: ToxiproxyClient, target: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ToxiproxyClient(users.url, prefix=new_prefix())
    call = client._call

    def interrupted(method: str, path: str, *rest: object, **more: object) -> object:
        answer = call(method, path, *rest, **more)  # type: ignore[arg-type]
        if path == "/populate":
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(client, "_call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.populate([Proxy(name, ("127.0.0.1", 0), target.address) for name in LINKS])
    assert set(users.proxies()) == {EAST}


@pytest.mark.parametrize("prefix", ["", "drill-00000000."])
def test_a_proxy_that_somebody_else_made_is_not_taken_over(
    users: ToxiproxyClient, target: Upstream, prefix: str
) -> None:
    theirs = ToxiproxyClient(users.url, prefix=prefix)
    link = EAST if not prefix else make_link(theirs, EAST, target.address) and EAST
    before = users.proxies()
    ours = ToxiproxyClient(users.url, prefix=prefix)
    with pytest.raises(LinkError, match=f"{prefix}{link} exists already, and was made by somebody else"):
        ours.populate([Proxy(WEST, ("127.0.0.1", 0), ("127.0.0.1", 9)), Proxy(link, ("127.0.0.1", 0), target.address)])
    assert users.proxies() == before
    made = ours.populate([Proxy(WEST, ("127.0.0.1", 0), ("127.0.0.1", 9))])
    assert ours.populate([Proxy(WEST, made[WEST].listen, target.address)])[WEST].upstream == target.address
    ours.delete(WEST)


def test_any_tool_can_address_a_proxy_of_ours(users: ToxiproxyClient, target: Upstream) -> None:
    client = world(users, target)
    host, port = client.url.removeprefix("http://").split(":")
    consumer = type("Consumer", (APIConsumer,), {"host": host, "port": int(port)})
    answer = consumer.get(f"/proxies/{client.prefix}{EAST}")  # as toxiproxy-python does: nothing is quoted
    assert answer.json()["name"] == client.prefix + EAST


def test_prefixes_of_ours_are_recognised_and_others_are_not() -> None:
    one = new_prefix()
    names = [one + EAST, one + WEST, "drill-00000000.a", EAST, "drill-me.a", "a.drill-00000000.b", "DRILL-00000000.a"]
    assert prefixes_of_ours(names) == tuple(sorted((one, "drill-00000000.")))
