"""Answers that are put in the place of true ones, made from bytes to bytes.

All of them keep the question's id and spelling, so that whoever asked takes them for an answer.
"""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from harness.engines.dns.headers import HEADER_BYTES as _HEADER
from harness.engines.dns.wire_cache import question_end

WRONG_ADDRESS = "192.0.2.1"
"""An address for documentation (RFC 5737): nobody's, and dialled by nobody."""
_SOA = dns.rdatatype.SOA


def bare(question: bytes, rcode: dns.rcode.Rcode, *, truncated: bool = False) -> bytes:
    """An answer without any record; b"" for what is too short to be answered.

    truncated: with the bit that sends whoever asked to TCP.
    """
    if len(question) < _HEADER:
        return b""
    flags = 0x80 | (question[2] & 0x79) | (0x02 if truncated else 0)
    body, counts = _question_of(question), question[4:6]
    if not body:
        counts = bytes(2)
    return question[:2] + bytes((flags, int(rcode) & 0x0F)) + counts + bytes(6) + body


def _question_of(wire: bytes) -> bytes:
    """The one question, as it was spelled; b"" where there is not exactly one that can be read."""
    return wire[_HEADER : question_end(wire)] if wire[4:6] == b"\0\1" else b""


def asking_for_soa(question: bytes) -> bytes | None:
    """The same question, for the name's SOA: its answer shows how long an absence may be remembered there."""
    end = question_end(question)
    return question[: end - 4] + int(_SOA).to_bytes(2, "big") + question[end - 2 :] if end else None


def denied(question: bytes, about_soa: bytes) -> bytes:
    """NXDOMAIN with the zone's own SOA. about_soa: what the name server has answered to `asking_for_soa`."""
    try:
        message = dns.message.from_wire(about_soa)
        asked = dns.message.from_wire(question)
    except (dns.exception.DNSException, ValueError):
        return bare(question, dns.rcode.NXDOMAIN)
    found = [rrset for rrset in (*message.authority, *message.answer) if rrset.rdtype == _SOA]
    response = dns.message.make_response(asked)
    response.flags |= dns.flags.AA
    response.set_rcode(dns.rcode.NXDOMAIN)
    response.authority = [_with_negative_ttl(rrset) for rrset in found[:1]]
    return response.to_wire()


def _with_negative_ttl(rrset: dns.rrset.RRset) -> dns.rrset.RRset:
    """min(TTL of the SOA record, its MINIMUM field) (RFC 2308 section 5)."""
    rrset.ttl = min(rrset.ttl, rrset[0].minimum)
    return rrset


def led_astray(answer: bytes) -> bytes:
    """The answer with every address in it replaced by nobody's."""
    try:
        message = dns.message.from_wire(answer)
    except (dns.exception.DNSException, ValueError):
        return answer
    message.answer = [
        dns.rrset.from_text(rrset.name, rrset.ttl, "IN", "A", WRONG_ADDRESS)
        if rrset.rdtype == dns.rdatatype.A
        else rrset
        for rrset in message.answer
    ]
    return message.to_wire()
