"""Odd and malformed questions, to our name server and to Knot: where Knot answers we do, with the same code; and where
Knot is silent, as it may be, we say FORMERR."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import pytest
from dns_rig import APP, ZONE, authority, knot, resolver

from harness.engines.dns.server import Responder
from harness.kit.address import Address

pytestmark = [pytest.mark.live, pytest.mark.beside]

QUESTION = b"\3app\7example\3com\0\0\1\0\1"
PATIENCE_S = 5.0


def header(flags: bytes = b"\1\0", questions: int = 1, answers: int = 0, additional: int = 0) -> bytes:
    return b"\0\7" + flags + b"".join(n.to_bytes(2) for n in (questions, answers, 0, additional))


def opt(version: int = 0, size: int = 1232, told: int | None = None, data: bytes = b"") -> bytes:
    length = len(data) if told is None else told
    return b"\0\0\x29" + size.to_bytes(2) + bytes((0, version, 0, 0)) + length.to_bytes(2) + data


def plain(kind: str = "A", name: str = APP, cls: str = "IN") -> bytes:
    return dns.message.make_query(name, kind, cls).to_wire()


def signed() -> bytes:
    query = dns.message.make_query(APP, "A")
    query.use_tsig(dns.tsigkeyring.from_text({"key.": "aGVsbG8="}))
    return query.to_wire()


ANSWERED: Mapping[str, bytes] = {
    "a name": plain(),
    "no such name": plain(name=f"no.{ZONE}"),
    "no such type": plain("AAAA"),
    "an unknown type": plain("TYPE65280"),
    "a chain": plain(name=f"c1.{ZONE}"),
    "a wildcard": plain(name=f"x.wild.{ZONE}"),
    "a delegated name": plain("NS", f"sub.{ZONE}"),
    "below a delegated name": plain(name=f"www.sub.{ZONE}"),
    "a delegated name's DS": plain("DS", f"sub.{ZONE}"),
    "another zone": plain(name="www.example.net"),
    "the root": plain(name="."),
    "any": plain("ANY"),
    "class HS": plain(cls="HS"),
    "class NONE": plain(cls="NONE"),
    "class 77": plain(cls="CLASS77"),
    "the longest name": header() + (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0\0\1\0\1",
    "IQUERY": header(b"\x09\0") + QUESTION,
    "STATUS": header(b"\x11\0") + QUESTION,
    "opcode 15": header(b"\x79\0") + QUESTION,
    "opcode 15, EDNS": header(b"\x79\0", additional=1) + QUESTION + opt(),
    "EDNS 1": header(additional=1) + QUESTION + opt(1),
    "EDNS, size 0": header(additional=1) + QUESTION + opt(size=0),
    "two OPT": header(additional=2) + QUESTION + opt() + opt(),
    "an OPT in the answer": header(answers=1) + QUESTION + opt(),
    "an OPT that lies": header(additional=1) + QUESTION + opt(told=5),
    "an option that lies": header(additional=1) + QUESTION + opt(data=b"\0\x0a\0\x20ab"),
    "signed": signed(),
    "no question": header(questions=0),
    "no question, EDNS": header(questions=0, additional=1) + opt(),
    "too much": header() + QUESTION + b"x",
    "an answer too few": header(answers=5) + QUESTION,
    "an answer in it": header(answers=1) + QUESTION + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd",
    "reserved bits": header(b"\1\x70") + QUESTION,
    "an answer's bits": header(b"\7\x85") + QUESTION,
}
UNREADABLE: Mapping[str, bytes] = {
    "cut off": header() + QUESTION[:-1],
    "a header alone": header(),
    "two questions": header(questions=2) + QUESTION * 2,
    "a name that points at itself": header() + b"\xc0\x0c\0\1\0\1",
    "two that point at each other": header() + b"\xc0\x0e\xc0\x0c\0\1\0\1",
    "a name that points ahead": header() + b"\xc0\x20\0\1\0\1",
    "a label of a kind that there is not": header() + b"\x41a\0\0\1\0\1",
    "a name too long": header() + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",
}


def code(at: Address, wire: bytes) -> tuple[str, bool, bool, list[str]]:
    """Of the answer; whether it is authoritative, and has an OPT record where there is more to say than FORMERR; and
    the records of its authority section, by name and type."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(at)
        client.send(wire)
        answer = dns.message.from_wire(client.recv(65_535), keyring=False)
    knows_edns = answer.edns >= 0 and answer.rcode() != dns.rcode.FORMERR
    authority = [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rrset.ttl}" for rrset in answer.authority]
    return dns.rcode.to_text(answer.rcode()), bool(answer.flags & dns.flags.AA), knows_edns, authority


def test_knot_and_we_give_odd_questions_the_same_codes(tmp_path: Path) -> None:
    with authority() as server, resolver(knot, server.address, tmp_path) as at:
        ours = {what: code(server.address, wire) for what, wire in ANSWERED.items()}
        theirs = {what: code(at, wire) for what, wire in ANSWERED.items()}
    assert ours == theirs


@pytest.mark.parametrize("what", UNREADABLE)
def test_where_knot_is_silent_we_say_that_it_cannot_be_read(what: str) -> None:
    with authority() as server:
        found = Responder(server).respond(UNREADABLE[what], 0)
    assert found is not None
    assert dns.message.from_wire(found).rcode() == dns.rcode.FORMERR
