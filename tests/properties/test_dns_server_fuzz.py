"""Whatever comes over the wire: never a crash, never silence where FORMERR or REFUSED is due, no wrong answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.engines.dns.headers import EDNS_UDP_BYTES
from harness.engines.dns.lookup import Answer, drawing, lookup
from harness.engines.dns.selection import Health
from harness.engines.dns.server import PLAIN_UDP_BYTES, TCP_BYTES, Responder
from harness.engines.dns.wire_cache import WireCache, key_of, question_end
from harness.engines.dns.zone import Configuration, RecordSet, Zone

SOA = RecordSet(
    "example.com", "SOA", ttl_s=900, values=("ns-1.example.com. hostmaster.example.com. 1 7200 900 1209600 60",)
)
APP, EAST = "app.example.com", "127.0.1.10"
RECORDS = [
    SOA,
    RecordSet("example.com", "NS", ttl_s=3600, values=("ns-1.example.com.", "ns-2.example.com.")),
    RecordSet(APP, "A", ttl_s=60, values=(EAST,), failover="PRIMARY", health_check_id="c", set_identifier="a"),
    RecordSet("app.example.com", "A", ttl_s=60, values=("127.0.2.10",), failover="SECONDARY", set_identifier="b"),
    RecordSet("*.wild.example.com", "A", ttl_s=60, values=("192.0.2.7",)),
    RecordSet("c1.example.com", "CNAME", ttl_s=30, values=("c2.example.com.",)),
    RecordSet("c2.example.com", "CNAME", ttl_s=20, values=("app.example.com.",)),
    RecordSet("loop.example.com", "CNAME", ttl_s=20, values=("loop.example.com.",)),
    RecordSet("away.example.com", "CNAME", ttl_s=20, values=("www.example.net.",)),
    RecordSet("many.example.com", "A", ttl_s=60, values=tuple(f"192.0.2.{n}" for n in range(1, 120))),
    RecordSet("text.example.com", "TXT", ttl_s=60, values=('"a" "b"',)),
    RecordSet("sub.example.com", "NS", ttl_s=300, values=("ns.sub.example.com.", "ns.example.net.")),
    RecordSet("ns.sub.example.com", "A", ttl_s=30, values=("192.0.2.53",)),
    RecordSet("to-sub.example.com", "CNAME", ttl_s=20, values=("www.sub.example.com.",)),
    RecordSet("dice.example.com", "A", ttl_s=60, values=("192.0.2.1",), weight=1, set_identifier="1"),
    RecordSet("dice.example.com", "A", ttl_s=60, values=("192.0.2.2",), weight=1, set_identifier="2"),
]  # fmt: skip


@dataclass
class Plane:
    """Decides as Route 53 does."""

    healthy: bool = True
    generation: int = 0
    draws: int = 0
    scale: float = 1.0
    asked: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    def answer(self, name: str, record_type: str) -> Answer:
        self.asked += 1
        config = Configuration((Zone.of("Z", "example.com", RECORDS),))
        return lookup(config, Health({"c": self.healthy}), name, record_type, drawing(self.draw))

    def draw(self) -> float:
        self.draws += 1
        return self.rng.random()

    def flip(self) -> None:
        self.healthy, self.generation = not self.healthy, self.generation + 1


def told(wire: bytes, limit: int = 0, plane: Plane | None = None) -> dns.message.Message | None:
    found = Responder(plane or Plane()).respond(wire, limit)
    return None if found is None else dns.message.from_wire(found)


def query(name: str, kind: str = "A", **options: Any) -> bytes:
    return dns.message.make_query(name, kind, **options).to_wire()


names = st.sampled_from(
    [
        "app.example.com",
        "x.wild.example.com",
        "c1.example.com",
        "no.example.com",
        "many.example.com",
        "example.net",
        ".",
    ]
)
kinds = st.sampled_from(["A", "AAAA", "SOA", "NS", "TXT", "CNAME", "MX", "TYPE65280", "ANY", "AXFR"])
edns = st.sampled_from(
    [{}, {"use_edns": 0}, {"use_edns": 0, "payload": 4096}, {"use_edns": 0, "want_dnssec": True}, {"use_edns": 1}]
)
queries = st.builds(lambda name, kind, options: query(name, kind, **options), names, kinds, edns)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A question in which some bytes are others, or missing, or too many."""
    wire = bytearray(draw(queries))
    for _ in range(draw(st.integers(1, 4))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(wire)))
    return bytes(wire[:cut]) + draw(st.binary(max_size=12)) if draw(st.booleans()) else bytes(wire)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=80), damaged(), queries), st.sampled_from([0, TCP_BYTES]))
@example(b"\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 0)  # a name that points at itself
@example(b"\0\1\x28\0\0\1\0\0\0\0\0\0\0\0\6\0\1", 0)  # an update
@example(query("app.example.com")[:-1], 0)
def test_any_bytes_get_an_answer_if_any_is_due(wire: bytes, limit: int) -> None:
    found = Responder(Plane()).respond(wire, limit)
    if len(wire) < 12 or wire[2] & 0x80:
        assert found is None, "no id to answer to, or an answer itself"
        return
    assert found is not None
    assert found[:2] == wire[:2]
    assert found[2] & 0x80
    answer = dns.message.from_wire(found)
    assert answer.rcode() in (
        dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.FORMERR, dns.rcode.NOTIMP,
        dns.rcode.BADVERS, dns.rcode.NOTAUTH,
    )  # fmt: skip
    assert len(found) <= (limit or EDNS_UDP_BYTES)
    if answer.question and wire[2] & 0x78 == 0:
        end = question_end(wire)
        assert found[12:end] == wire[12:end], "spelled as it was asked"


@settings(max_examples=150, deadline=None)
@given(queries, st.integers(0, 0xFFFF), st.randoms(use_true_random=False))
def test_a_remembered_answer_is_the_one_that_would_be_computed(wire: bytes, number: int, rng: random.Random) -> None:
    plane = Plane()
    responder = Responder(plane)
    responder.respond(wire, 0)
    other = number.to_bytes(2) + wire[2:12] + spelled_anew(wire, rng)
    assert responder.respond(other, 0) == Responder(Plane()).respond(other, 0)


def spelled_anew(wire: bytes, rng: random.Random) -> bytes:
    """The rest of a question with the letters of its name in upper or lower case."""
    end = wire.index(b"\0", 12)
    return bytes(b ^ 0x20 if chr(b).isalpha() and rng.random() < 0.5 else b for b in wire[12:end]) + wire[end:]


# --- what is remembered, and until when -------------------------------------------------------------------------------


def test_spelling_ids_and_cookies_cost_no_second_look() -> None:
    plane = Plane()
    responder = Responder(plane)
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    for number, name in enumerate(("app.example.com", "aPP.eXample.cOm", "APP.example.com")):
        wire = dns.message.make_query(name, "A", use_edns=0, options=[cookie] if number else [], id=number).to_wire()
        answer = dns.message.from_wire(responder.respond(wire, 0) or b"")
        assert (answer.id, answer.question[0].name.to_text()) == (number, f"{name}.")
        assert answer.answer[0].name.to_text() == f"{name}."
    assert plane.asked == 1


def test_a_flip_of_health_is_in_the_very_next_answer() -> None:
    plane = Plane()
    responder = Responder(plane)

    def address() -> str:
        return str(dns.message.from_wire(responder.respond(query("app.example.com"), 0) or b"").answer[0][0])

    seen = [address(), address()]
    plane.flip()
    seen += [address(), address()]
    plane.flip()
    assert [*seen, address()] == ["127.0.1.10", "127.0.1.10", "127.0.2.10", "127.0.2.10", "127.0.1.10"]
    assert plane.asked == 3


def test_what_chance_had_a_part_in_is_never_remembered() -> None:
    plane = Plane()
    responder = Responder(plane)
    found = {
        dns.message.from_wire(responder.respond(query("dice.example.com"), 0) or b"").answer[0][0] for _ in range(40)
    }
    assert (len(found), plane.asked) == (2, 40)


def test_the_cache_stays_small_and_keeps_what_is_new() -> None:
    cache = WireCache(entries=8)
    wires = [query(f"x{number}.example.com", id=1) for number in range(20)]
    for wire in wires:
        key, _ = key_of(wire, 0) or pytest.fail("a plain question")
        cache.put(key, wire)
    assert len(cache) <= 8
    key, end = key_of(wires[-1], 0) or pytest.fail("a plain question")
    assert cache.get(key, wires[-1], end) == wires[-1]


CHAIN = ["c1.example.com. 30 CNAME c2.example.com.", "c2.example.com. 20 CNAME app.example.com."]


# --- what an authoritative server answers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers", "soa_ttl"),
    [
        ("app.example.com", "A", "NOERROR", ["app.example.com. 60 A 127.0.1.10"], None),
        ("no.example.com", "A", "NXDOMAIN", [], 60),
        ("app.example.com", "AAAA", "NOERROR", [], 60),
        ("app.example.com", "TYPE65280", "NOERROR", [], 60),
        ("wild.example.com", "A", "NOERROR", [], 60),
        ("a.b.wild.example.com", "A", "NOERROR", ["a.b.wild.example.com. 60 A 192.0.2.7"], None),
        ("c1.example.com", "A", "NOERROR", [*CHAIN, "app.example.com. 60 A 127.0.1.10"], None),
        ("c1.example.com", "CNAME", "NOERROR", ["c1.example.com. 30 CNAME c2.example.com."], None),
        ("c1.example.com", "AAAA", "NOERROR", CHAIN, 60),
        ("away.example.com", "A", "NOERROR", ["away.example.com. 20 CNAME www.example.net."], None),
        ("www.example.net", "A", "REFUSED", [], None),
    ],
)  # fmt: skip
def test_what_is_answered(name: str, kind: str, rcode: str, answers: list[str], soa_ttl: int | None) -> None:
    found = told(query(name, kind))
    assert found is not None
    given_answers = [line.replace(" IN ", " ") for rrset in found.answer for line in rrset.to_text().splitlines()]
    assert (dns.rcode.to_text(found.rcode()), given_answers) == (rcode, answers)
    assert [rrset.ttl for rrset in found.authority] == ([] if soa_ttl is None else [soa_ttl])
    assert bool(found.flags & dns.flags.AA) is (rcode in ("NOERROR", "NXDOMAIN"))


@pytest.mark.parametrize(
    "name", ["sub.example.com", "www.sub.example.com", "ns.sub.example.com", "x.y.sub.example.com"]
)
@pytest.mark.parametrize("kind", ["A", "NS", "TXT", "ANY"])
def test_what_is_delegated_is_referred_to_whoever_has_it(name: str, kind: str) -> None:
    found = told(query(name, kind))
    assert found is not None
    assert (found.rcode(), found.answer, bool(found.flags & dns.flags.AA)) == (dns.rcode.NOERROR, [], False)
    servers = {rdata.to_text() for rrset in found.authority for rdata in rrset}
    assert servers == {"ns.sub.example.com.", "ns.example.net."}
    assert [rrset.to_text() for rrset in found.additional] == ["ns.sub.example.com. 30 IN A 192.0.2.53"]


def test_a_chain_may_lead_out_of_the_zone_by_delegation() -> None:
    found = told(query("to-sub.example.com"))
    assert found is not None
    assert (len(found.answer), bool(found.flags & dns.flags.AA), len(found.authority)) == (1, True, 1)
    about_ds = told(query("sub.example.com", "DS"))
    assert about_ds is not None
    assert (about_ds.answer, about_ds.authority[0].rdtype) == ([], dns.rdatatype.SOA), "which is the parent's"


def test_an_endless_chain_ends() -> None:
    found = told(query("loop.example.com"))
    assert found is not None
    assert len(found.answer) <= 8


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, PLAIN_UDP_BYTES),
        ({"use_edns": 0, "payload": 600}, 600),
        ({"use_edns": 0, "payload": 65_000}, EDNS_UDP_BYTES),
    ],
)
def test_what_does_not_fit_into_a_datagram_is_cut_and_comes_whole_over_tcp(options: dict[str, Any], most: int) -> None:
    wire = query("many.example.com", **options)
    short = Responder(Plane()).respond(wire, 0) or b""
    assert len(short) <= most
    assert dns.message.from_wire(short).flags & dns.flags.TC
    whole = told(wire, TCP_BYTES)
    assert whole is not None
    assert len(whole.answer[0]) == 119
    assert not whole.flags & dns.flags.TC


def test_an_edns_version_that_nobody_knows_is_said_so() -> None:
    found = told(query("app.example.com", use_edns=3))
    assert found is not None
    assert (found.rcode(), found.edns) == (dns.rcode.BADVERS, 0)
