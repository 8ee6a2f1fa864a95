"""The way to DNS over real sockets: resolvers, name servers and links that fail, as a client's stub meets them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harness.engines.dns.lookup import Answer, RRset
from harness.engines.dns.server import DnsServer, Responder
from harness.parts.dns.relay import model
from harness.parts.dns.relay.config import RelayConfig
from harness.parts.dns.relay.server import Relay
from harness.units import NS_PER_MS, NS_PER_S
from harness.witness.dns_canary import DnsProbe
from harness.witness.dns_client import DnsClient, DnsFailure, Habits, open_client
from harness.witness.models import DnsCanary
from harness.witness.tasks import TaskSet

pytestmark = pytest.mark.live

APP, EAST = "app.example.com", "127.0.1.10"
SOA = RRset("example.com", "SOA", 60, ("ns-1.example.com. hostmaster.example.com. 1 7200 900 1209600 86400",))


class Plane:
    """One address for every name."""

    generation, draws, scale = 0, 0, 1.0

    def answer(self, name: str, record_type: str) -> Answer:
        if record_type != "A":
            return Answer("NOERROR", authority=(SOA,))
        return Answer("NOERROR", (RRset(name, "A", 60, (EAST,)),))


class Names:
    """A relay in front of a name server, a client and canaries."""

    def __init__(self, relay: Relay, client: DnsClient) -> None:
        self.relay, self.client = relay, client

    async def trouble(self, target: str, kind: model.TroubleKind, **parameters: Any) -> None:
        for name, link in self.relay.links.items():
            if f"->{target}" in name:
                await link.happened(model.Trouble("t", kind, **parameters))

    async def asked(self) -> tuple[str, ...] | str:
        try:
            reply = await self.client.query(APP)
        except DnsFailure as error:
            return str(error)
        assert reply.ttl_ns == 60 * NS_PER_S, "the absence of a name lives as long as its SOA says"
        return reply.addresses

    async def canary(self, server: str) -> str | None:
        at = self.relay.links[f"canary->{server}:dns"].address
        canary = DnsCanary(kind="dns", link="c", address=at, name=APP, bad=("192.0.2.1",))
        for _ in range(3):  # one that is kept waiting by a busy machine is not so three times in a row
            if (found := await DnsProbe(canary, 0.15).once()) != "timeout":
                return found
        return "timeout"

    async def after(
        self, target: str, kind: model.TroubleKind, **parameters: Any
    ) -> tuple[Any, str | None, str | None]:
        """What a client and the canaries of the first resolver and name server meet in this trouble."""
        await self.trouble(target, kind, **parameters)
        found = await self.asked(), await self.canary("resolver-1"), await self.canary("ns-1")
        await self.relay.reset()
        return found


@asynccontextmanager
async def names() -> AsyncIterator[Names]:
    unheard: list[BaseException] = []
    tasks = TaskSet(unheard.append)
    server = DnsServer(Responder(Plane()))
    relay = Relay(RelayConfig(), tasks)
    await relay.open()
    await relay.lead_to(await server.start("127.0.0.1", 0))
    first, second = (relay.links[f"clients->resolver-{n}:dns"].address for n in (1, 2))
    client = await open_client(first, 1, second, habits=Habits(0.15, 2))
    try:
        yield Names(relay, client)
        await relay.reset()
        assert await client.query(APP), "well again"
    finally:
        client.close()
        await tasks.drain(0)
        await relay.close()
        await server.close()
    assert unheard == []


def run(body: Callable[[Names], Coroutine[Any, Any, None]]) -> None:
    async def around() -> None:
        async with names() as at:
            await body(at)

    asyncio.run(around())


def test_what_fails_on_the_way_and_what_is_still_answered() -> None:
    async def body(at: Names) -> None:
        well = (EAST,)
        assert (await at.asked(), await at.canary("ns-2")) == (well, None)
        for kind in ("black-hole", "refuse"):
            word = "timeout" if kind == "black-hole" else "refused"
            assert await at.after("resolver-1", kind) == (well, word, None)
            assert await at.after("ns-1", kind) == (well, None, word)
        assert await at.after("resolver-", "truncated") == (well, "truncated", None)
        assert await at.after("ns-", "truncated") == (well, None, "truncated")
        assert await at.after("resolver-1", "servfail") == (well, "servfail", None)
        assert await at.after("ns-1", "slow", delay_ns=300 * NS_PER_MS) == (well, None, "timeout")

    run(body)


def test_nobody_is_left_who_could_say() -> None:
    async def body(at: Names) -> None:
        told, *_ = await at.after("ns-", "refuse")
        assert "SERVFAIL" in told
        told, *_ = await at.after("resolver-", "black-hole")
        assert "no answer from" in told

    run(body)


def test_false_answers_are_believed_by_clients_and_seen_by_canaries() -> None:
    async def body(at: Names) -> None:
        assert await at.after("ns-", "nxdomain") == ((), "nxdomain", "nxdomain")
        assert await at.after("resolver-1", "nxdomain") == ((), "nxdomain", None)
        assert await at.after("ns-", "wrong-address") == (("192.0.2.1",), "led to 192.0.2.1", "led to 192.0.2.1")

    run(body)


def test_a_port_that_was_closed_is_the_same_when_it_is_open_again() -> None:
    async def body(at: Names) -> None:
        before = at.relay.links["canary->ns-1:dns"].address
        for _ in range(5):
            await at.trouble("ns-1", "refuse")
            assert await at.canary("ns-1") == "refused"
            await at.relay.reset()
            assert await at.canary("ns-1") is None
        assert at.relay.links["canary->ns-1:dns"].address == before

    run(body)
