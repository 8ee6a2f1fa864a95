"""Messages that nobody should send: made of parts that lie about themselves, one after the other to one server.

Whatever is a question by its header gets an answer under its id; what is none gets none, since two servers that answer
answers go on forever. Nothing raises: a server that caught an error itself would say SERVFAIL, which no record here is
worth.
"""

from __future__ import annotations

import contextlib
import struct

import dns.exception
import dns.message
import dns.name
import dns.rcode
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_dns_server_fuzz import Plane, query

from harness.engines.dns import headers
from harness.engines.dns.headers import EDNS_UDP_BYTES
from harness.engines.dns.names import from_labels, normalise, to_labels
from harness.engines.dns.server import TCP_BYTES, Responder
from harness.parts.dns.relay import answers

# --- parts ------------------------------------------------------------------------------------------------------------

known = st.sampled_from([b"\3app\7example\3com\0", b"\1x\4wild\7example\3com\0", b"\2c1\7example\3com\0", b"\0"])
pointers = st.integers(0, 0x3FFF).map(lambda to: struct.pack("!H", 0xC000 | to))
labels = st.one_of(
    st.binary(min_size=1, max_size=63).map(lambda text: bytes((len(text),)) + text),
    st.binary(max_size=3).map(lambda text: b"\x3f" + text),  # shorter than it says
    st.sampled_from([b"\x40", b"\x80", b"\x41" + b"a" * 65]),  # kinds that there are not
)
names = st.one_of(
    known,
    st.builds(lambda parts, end: b"".join(parts) + end, st.lists(labels, max_size=6), pointers | st.just(b"\0")),
    st.just((b"\x3f" + b"a" * 63) * 5 + b"\0"),  # longer than any
    st.just(b"\1a" * 126 + b"\0"),
)  # fmt: skip
types = st.one_of(
    st.sampled_from([0, 1, 2, 5, 6, 16, 28, 41, 46, 249, 250, 251, 252, 253, 255]), st.integers(0, 0xFFFF)
)
classes = st.sampled_from([1, 3, 4, 254, 255, 1232, 0])
questions = st.builds(lambda name, kind, cls: name + struct.pack("!HH", kind, cls), names, types, classes)
options = st.builds(
    lambda code, size, text: struct.pack("!HH", code, len(text) if size is None else size) + text,
    st.sampled_from([3, 8, 10, 12, 15, 65001]), st.one_of(st.none(), st.integers(0, 0xFFFF)), st.binary(max_size=24),
)  # fmt: skip
bodies = st.one_of(st.binary(max_size=40), st.lists(options, max_size=3).map(b"".join))
records = st.builds(
    lambda name, kind, cls, ttl, size, body: name
    + struct.pack("!HHIH", kind, cls, ttl, len(body) if size is None else size)
    + body,
    names, types, classes, st.integers(0, 2**32 - 1), st.one_of(st.none(), st.integers(0, 0xFFFF)), bodies,
)  # fmt: skip
counts = st.one_of(st.sampled_from([0, 1, 1, 2]), st.integers(0, 0xFFFF))
flags = st.one_of(st.sampled_from([0x0000, 0x0100, 0x0120, 0x0110]), st.integers(0, 0xFFFF))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A header, and parts that need not be as many as it says."""
    asked, beside = draw(st.lists(questions, max_size=2)), draw(st.lists(records, max_size=3))
    honest = draw(st.booleans())
    told = (len(asked), 0, 0, len(beside)) if honest else tuple(draw(counts) for _ in range(4))
    header = struct.pack("!HHHHHH", draw(st.integers(0, 0xFFFF)), draw(flags), *told)
    return header + b"".join(asked) + b"".join(beside) + draw(st.sampled_from([b"", b"", b"\0", b"junk"]))


LOOP = b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\xc0\x0e\xc0\x0c" + b"\0\1\0\1"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(messages(), st.sampled_from([0, TCP_BYTES])), min_size=1, max_size=4))
@example([(LOOP, 0), (query("app.example.com"), 0), (LOOP, TCP_BYTES)])
@example([(b"", 0), (b"\0" * 11, 0), (b"\0" * 12, 0), (b"\xff" * 12, 0), (b"\0" * TCP_BYTES, TCP_BYTES)])
def test_whatever_is_a_question_gets_an_answer_and_nothing_else_does(sent: list[tuple[bytes, int]]) -> None:
    responder = Responder(Plane())
    for wire, limit in sent:
        found = responder.respond(wire, limit)
        if len(wire) < headers.HEADER_BYTES or wire[2] & 0x80:
            assert found is None
            continue
        assert found is not None
        assert (found[:2], found[2] & 0x80) == (wire[:2], 0x80)
        assert found[2] & 0x79 == wire[2] & 0x79, "the same opcode; and whether recursion was desired"
        assert len(found) <= (limit or EDNS_UDP_BYTES)
        assert dns.message.from_wire(found, keyring=False).rcode() != dns.rcode.SERVFAIL
        assert responder.respond(found, limit) is None, "no answer is answered"
    assert dns.message.from_wire(responder.respond(query("app.example.com"), 0) or b"").answer, "it goes on"


@settings(max_examples=100, deadline=None)
@given(messages(), messages())
def test_what_a_link_puts_in_the_place_of_an_answer_can_be_sent_whatever_was_asked(asked: bytes, found: bytes) -> None:
    for rcode in (dns.rcode.SERVFAIL, dns.rcode.NXDOMAIN):
        given_back = answers.bare(asked, rcode, truncated=True)
        assert given_back[:2] == asked[:2]
        assert dns.message.from_wire(given_back, keyring=False).rcode() == rcode
    answers.asking_for_soa(asked)
    answers.led_astray(found)
    with contextlib.suppress(dns.exception.FormError):  # what is itself an answer, and never gets there
        answers.denied(asked, found)


odd_labels = st.binary(min_size=1, max_size=12) | st.text("\\.052134*aA", min_size=1, max_size=8).map(str.encode)


@settings(max_examples=300, deadline=None)
@given(st.lists(odd_labels, min_size=1, max_size=4))
def test_every_name_that_can_be_asked_for_is_kept_and_answered_as_it_was(asked: list[bytes]) -> None:
    """Of A to Z alone is the small letter the same (RFC 4343)."""
    name = from_labels(asked)
    assert normalise(name) == name
    assert to_labels(name) == tuple(label.lower() for label in asked)
    below = dns.name.Name((*asked, b"x", b"wild", b"example", b"com", b""))
    answer = dns.message.from_wire(Responder(Plane()).respond(dns.message.make_query(below, "A").to_wire(), 0) or b"")
    assert answer.answer[0].name.labels == below.labels
