"""Other people's programs agree with our name server, and their caches with the one that our clients have."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest
from dns_rig import (
    APP,
    EAST,
    GONE,
    LATER,
    NEGATIVE_S,
    RESOLVERS,
    TTL_S,
    WEST,
    ZONE,
    Authority,
    addresses,
    ask,
    authority,
    required,
    resolver,
    until,
)

from harness.kit.address import Address
from harness.units import NS_PER_S, to_ns
from harness.witness import resolver_cache

pytestmark = pytest.mark.live
SLACK_S = 3.0
"""Lifetimes are whole seconds, whoever counts them down may round either way, and a busy machine takes its time."""


@pytest.fixture
def server() -> Iterator[Authority]:
    with authority() as found:
        yield found


# --- dig --------------------------------------------------------------------------------------------------------------


def dig(server: Authority, *words: str) -> str:
    host, port = server.address
    command = [str(required("dig", "apt install bind9-dnsutils")), f"@{host}", "-p", str(port), "+tries=1", "+time=5"]
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=20, check=True).stdout


EXPECTED = ("recursion requested but not available", "Some TSIG could not be validated")
"""Warnings that are due: nobody recurses here, and no key is known."""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((APP,), [r"flags: qr aa rd;", rf"{APP}\.\s+2\s+IN\s+A\s+{EAST}", r"EDNS: version: 0, flags:; udp: 1232"]),
        (("App.Example.COM",), [rf"App\.Example\.COM\.\s+2\s+IN\s+A\s+{EAST}"]),
        ((f"no.{ZONE}",), ["status: NXDOMAIN", rf"{ZONE}\.\s+{NEGATIVE_S}\s+IN\s+SOA", "ANSWER: 0, AUTHORITY: 1"]),
        ((APP, "AAAA"), ["status: NOERROR", rf"{ZONE}\.\s+{NEGATIVE_S}\s+IN\s+SOA", "ANSWER: 0, AUTHORITY: 1"]),
        ((f"six.{ZONE}", "AAAA"), [r"IN\s+AAAA\s+2001:db8::1"]),
        ((f"odd.{ZONE}", "CAA"), [r'IN\s+CAA\s+0 issue "ca.example.net"']),
        ((f"a.b.wild.{ZONE}",), [rf"a\.b\.wild\.{ZONE}\.\s+60\s+IN\s+A\s+192\.0\.2\.7"]),
        ((f"c1.{ZONE}",), [r"30\s+IN\s+CNAME", r"20\s+IN\s+CNAME", rf"long\.{ZONE}\.\s+300\s+IN\s+A", "ANSWER: 3"]),
        ((APP, "TYPE65280"), ["status: NOERROR", "ANSWER: 0"]),
        (("www.example.net",), ["status: REFUSED"]),
        ((APP, "+opcode=notify"), ["status: NOTIMP"]),
        ((APP, "+edns=3", "+noednsnegotiation"), ["status: BADVERS"]),
        ((APP, "-c", "CH"), ["status: REFUSED"]),
        ((APP, "+edns=1", "+noednsnegotiation"), ["status: BADVERS", "EDNS: version: 0"]),
        ((APP, "+opcode=15"), ["status: NOTIMP", "opcode: RESERVED15", "EDNS: version: 0"]),
        ((APP, "+header-only"), ["status: FORMERR"]),
        ((APP, "ANY"), [r'IN\s+HINFO\s+"RFC8482" ""']),
        ((ZONE, "AXFR"), ["Transfer failed"]),
        ((APP, "-y", "hmac-sha256:key:aGVsbG8="), ["status: NOTAUTH", "BADKEY"]),
        ((APP, "+subnet=198.51.100.0/24"), [rf"IN\s+A\s+{EAST}"]),
        ((APP, "+zflag", "+adflag", "+cdflag", "+ednsflags=0x7fff"), ["flags: qr aa rd;", "version: 0, flags:; udp"]),
        ((f"many.{ZONE}", "+ignore"), ["flags: qr aa tc"]),
        ((f"many.{ZONE}",), ["Truncated, retrying in TCP mode", "ANSWER: 119"]),
        ((f"many.{ZONE}", "+noedns", "+ignore"), ["flags: qr aa tc"]),
        ((APP, "+tcp", "+noedns"), [rf"IN\s+A\s+{EAST}", r"\(TCP\)"]),
        ((APP, "+cookie=1122334455667788"), [rf"IN\s+A\s+{EAST}"]),
    ],
)
def test_dig_reads_what_we_answer(server: Authority, words: tuple[str, ...], told: list[str]) -> None:
    found = dig(server, *words)
    assert [one for one in told if not re.search(one, found)] == [], found
    assert "malformed" not in found
    warned = [line for line in found.splitlines() if "WARNING" in line and not any(one in line for one in EXPECTED)]
    assert warned == []


# --- resolvers with caches --------------------------------------------------------------------------------------------


@pytest.fixture(params=list(RESOLVERS))
def between(request: pytest.FixtureRequest, server: Authority, tmp_path: Path) -> Iterator[Address]:
    with resolver(RESOLVERS[request.param], server.address, tmp_path) as at:
        yield at


def test_lifetimes_count_down_and_nobody_asks_meanwhile(server: Authority, between: Address) -> None:
    name = f"long.{ZONE}"

    def ttl() -> int:
        return int(ask(between, name).answer[0].ttl)

    first = ttl()
    assert 298 <= first <= 300
    until(lambda: ttl() < first)
    assert server.asked[name, "A"] == 1


def test_a_failover_is_seen_when_the_lifetime_is_over_and_no_later(server: Authority, between: Address) -> None:
    asked_s = time.monotonic()
    assert addresses(ask(between, APP)) == {EAST}
    server.healthy(primary=False)
    assert remembered(addresses(ask(between, APP)) == {EAST}, asked_s, TTL_S)
    assert until(lambda: addresses(ask(between, APP)) == {WEST}) < TTL_S + SLACK_S


def test_an_absence_is_remembered_for_as_long_as_the_soa_says(server: Authority, between: Address) -> None:
    """Of a name, and of a type of one; and our clients' own cache forgets it after the same time."""
    asked_s = time.monotonic()
    assert ask(between, GONE).rcode() == dns.rcode.NXDOMAIN
    assert ask(between, APP, "AAAA").answer == []
    server.add(GONE, LATER)
    server.add(APP, "2001:db8::5")
    assert remembered(ask(between, GONE).rcode() == dns.rcode.NXDOMAIN, asked_s, NEGATIVE_S)
    assert remembered(ask(between, APP, "AAAA").answer == [], asked_s, NEGATIVE_S)
    took_s = until(lambda: addresses(ask(between, GONE)) == {LATER})
    assert took_s < NEGATIVE_S + SLACK_S
    assert abs(took_s - ours_s(NEGATIVE_S)) < SLACK_S
    assert until(lambda: bool(ask(between, APP, "AAAA").answer)) < SLACK_S


def remembered(found: bool, asked_s: float, ttl_s: int) -> bool:
    """Whether it was; or the lifetime may be over meanwhile, on a machine that stood still."""
    return found or time.monotonic() - asked_s > ttl_s - 1


def ours_s(ttl_s: int) -> float:
    """How long the cache of a client of ours serves an absence of that lifetime, asked every 50 ms."""
    state = resolver_cache.CacheState(0)
    state, _ = resolver_cache.step(state, resolver_cache.Lookup(), 0)
    state, _ = resolver_cache.step(state, resolver_cache.Answered((), to_ns(ttl_s)), 0)
    now_ns = 0
    while any(
        isinstance(e, resolver_cache.Serve) for e in resolver_cache.step(state, resolver_cache.Lookup(), now_ns)[1]
    ):
        now_ns += NS_PER_S // 20
    return now_ns / NS_PER_S


def test_what_is_too_long_for_a_datagram_comes_over_tcp(server: Authority, between: Address) -> None:
    name = f"many.{ZONE}"
    assert len(addresses(ask(between, name))) == 119
    assert server.over_tcp[name, "A"] >= 1


def test_chains_wildcards_and_both_families_come_through(server: Authority, between: Address) -> None:
    assert addresses(ask(between, f"c1.{ZONE}")) == {EAST}
    assert addresses(ask(between, f"x.wild.{ZONE}")) == {"192.0.2.7"}
    assert ask(between, f"six.{ZONE}", "AAAA").answer[0][0].to_text() == "2001:db8::1"
    for kind in ("AAAA", "TYPE65280", "CAA"):
        nothing = ask(between, APP, kind)
        assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])


def test_letters_in_any_case_and_what_only_edns_has_room_for_come_through(
    server: Authority, between: Address, request: pytest.FixtureRequest
) -> None:
    """Unbound makes the case of its letters random itself ("0x20"), and takes no answer that is spelled otherwise."""
    odd, more = "aPp.eXAMple.COM", f"more.{ZONE}"
    answer = ask(between, odd)
    assert (str(answer.question[0].name), addresses(answer)) == (f"{odd}.", {EAST})
    if "unbound" in request.node.callspec.id:
        assert any(name != name.lower() for name in server.spelled - {odd})
    assert len(addresses(ask(between, more, edns=True))) == 50
    assert more in server.with_edns
    assert server.over_tcp[more, "A"] == 0
