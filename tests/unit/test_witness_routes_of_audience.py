"""How clients of the audience get to their connections: over real sockets, from an answer that moves away."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from harness.clock import monotonic_ns
from harness.units import NS_PER_S
from harness.witness.audience import route_of
from harness.witness.channel import Channel, ExchangeError
from harness.witness.dns_client import DnsClient, DnsReply, NoAddress
from harness.witness.members import Member, NameCache
from harness.witness.models import parse_config
from harness.witness.nat64 import synthesised, translated
from harness.witness.operation import Connected, Resolved
from harness.witness.routes import Lease, Route
from harness.witness.surroundings import Surroundings
from harness.witness.tasks import TaskSet

EAST, WEST = "127.0.1.10", "127.0.2.10"
ASKS_ANEW = NameCache(fixed_s=0.0)


class Names:
    """Name servers with A records alone, whose answer can be changed."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.families: list[str] = []

    async def query(self, name: str, family: str = "A") -> DnsReply:
        self.families.append(family)
        return DnsReply(self.addresses if family == "A" else (), 60 * NS_PER_S, 0, 0)


class Dialling:
    """Connections that are taken, refused, or never answered, by where they lead."""

    def __init__(self, **fates: str) -> None:
        self.fates = fates
        self.dialled: list[str] = []

    async def dial(self, address: str) -> Channel:
        self.dialled.append(address)
        fate = self.fates.get(address, "taken")
        if fate == "silent":
            await asyncio.Event().wait()
        if fate == "refused":
            raise ExchangeError("refused")
        return cast(Channel, Taken())


class Taken:
    """As much of a channel as routes look at."""

    def __init__(self) -> None:
        self.open, self.given_up = True, False

    def watch(self, on_break: Any) -> None:
        """Nothing breaks."""

    def close(self) -> None:
        self.open = False


class Around(Surroundings):
    """Surroundings with another way to dial."""

    dialling: Dialling

    async def dial(self, answered: str) -> Channel:
        return await self.dialling.dial(answered)


def route(names: Names, dialling: Dialling, **member: Any) -> Route:
    config = parse_config({"history": "h", "dns": ["127.0.0.1", 53], "record": "app.example.com", "port": 80})
    tasks = TaskSet(pytest.fail)
    around = Around(config, "", 0, cast(DnsClient, names), tasks, cast(Any, None), lambda _: None)
    object.__setattr__(around, "dialling", dialling)
    return route_of(around, Member(cohort="one", caches=(ASKS_ANEW,), **member), 0)


async def led(way: Route, within_s: float = 5.0) -> Lease:
    told: list[Resolved | Connected] = []
    async with asyncio.timeout(within_s):
        lease = await way.acquire(told.append)
    assert told[-1] == Connected(lease.address)
    return lease


RACING = {"connections": "racing", "families": ("AAAA", "A")}
IN_TURN = {"connections": "in_turn", "families": ("AAAA", "A")}


def test_a_race_asks_both_families_and_ends_where_the_record_says() -> None:
    names, dialling = Names(EAST), Dialling()
    assert asyncio.run(led(route(names, dialling, **RACING))).address == EAST
    assert {"AAAA", "A"} <= set(names.families)
    assert dialling.dialled[0] == EAST


def test_a_race_passes_by_an_address_that_never_answers() -> None:
    """Of two addresses one is silent: the next attempt begins a quarter of a second later, and wins."""
    names, dialling = Names(EAST, WEST), Dialling(**{EAST: "silent"})
    began_ns = monotonic_ns()
    assert asyncio.run(led(route(names, dialling, **RACING))).address == WEST
    assert monotonic_ns() - began_ns >= NS_PER_S // 4


def test_without_a_race_silence_holds_the_client_and_a_refusal_moves_it_on() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(led(route(Names(EAST, WEST), Dialling(**{EAST: "silent"}), **IN_TURN), 0.3))
    names, dialling = Names(EAST, WEST), Dialling(**{EAST: "refused"})
    assert asyncio.run(led(route(names, dialling, **IN_TURN))).address == WEST


def test_a_network_that_carries_no_ipv6_is_one_attempt_late_or_moves_its_clients_on() -> None:
    """The name has both families, and only IPv4 leads anywhere: nothing of IPv6 is dialled."""
    dialling, began_ns = Dialling(), monotonic_ns()
    assert asyncio.run(led(route(Names(EAST), dialling, ipv6="silent", **RACING))).address == EAST
    assert monotonic_ns() - began_ns >= NS_PER_S // 4
    assert dialling.dialled == [EAST]
    for family in (RACING, IN_TURN):
        dialling = Dialling()
        assert asyncio.run(led(route(Names(EAST), dialling, ipv6="refused", **family))).address == EAST
        assert dialling.dialled == [EAST]


def test_a_race_with_nowhere_to_go_says_so() -> None:
    with pytest.raises(NoAddress):
        asyncio.run(led(route(Names(), Dialling(), **RACING)))
    with pytest.raises(ExchangeError):
        asyncio.run(led(route(Names(EAST), Dialling(**{EAST: "refused"}), **RACING)))


def test_a_pool_holds_on_to_a_silent_address_for_as_long_as_its_application_waits() -> None:
    async def moved(hang_s: float) -> list[str]:
        names, dialling = Names(EAST), Dialling()
        way = route(names, dialling, connections="pooled", hang_s=hang_s)
        lease = await led(way)
        names.addresses = (WEST,)
        lease.channel.close()
        lease.channel.given_up = True
        way.release(lease)
        return [(await led(way)).address, *names.families]

    assert asyncio.run(moved(0.0)) == [WEST, "A", "A"]
    assert asyncio.run(moved(60.0)) == [EAST, "A"]


def test_a_translator_leads_an_address_that_was_made_of_another_to_that() -> None:
    absent, found = DnsReply((), 5, 0, 0), DnsReply((EAST,), 60, 0, 0)
    made = synthesised(absent, found)
    assert made.addresses == ("64:ff9b::7f00:10a",)
    assert made.ttl_ns == 5
    assert translated(made.addresses[0]) == EAST
    assert translated(WEST) == WEST
    assert translated("fd00::1") == "fd00::1"
