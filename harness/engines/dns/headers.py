"""What a message's header alone decides: whether it is a question, and whether it is worth reading.

Reading costs time that the messages of others wait for: 64 KiB of records whose names all point back to a long one
took more than a second. No question is like that. So what is longer or has more records than any question is answered
FORMERR unread; so is what has not exactly one question (RFC 9619), and what is no question at all (another opcode)
NOTIMP, with all sections empty (RFC 8906 section 8.1.4).
"""

from __future__ import annotations

import dns.rcode

from harness.engines.dns.wire_cache import OPT, question_end

EDNS_UDP_BYTES = 1232
"""Largest UDP answer with EDNS (DNS flag day 2020); beyond it the truncation bit sends the client to TCP."""
HEADER_BYTES = 12
LONGEST_QUESTION = 4096
"""A name of 255 bytes, and padding, cookies and a signature beside it, leave most of this free."""
MOST_RECORDS = 8
"""Beside the question: an OPT, a signature, the SOA of whoever asks what has changed since (IXFR)."""

_QR, _OPCODE, _RD = 0x80, 0x78, 0x01


def is_question(wire: bytes) -> bool:
    """Whether an answer is due: it has an id to answer to, and is no answer itself, with which two servers could go on
    forever."""
    return len(wire) >= HEADER_BYTES and not wire[2] & _QR


def refused_unread(wire: bytes) -> dns.rcode.Rcode | None:
    """The code that a question gets at once; None: it is worth reading."""
    if wire[2] & _OPCODE:
        return dns.rcode.NOTIMP
    questions, *records = (int.from_bytes(wire[place : place + 2], "big") for place in range(4, HEADER_BYTES, 2))
    if len(wire) > LONGEST_QUESTION or questions != 1 or sum(records) > MOST_RECORDS:
        return dns.rcode.FORMERR
    return None


def bare(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A header with this code under the question's id, and nothing else; but an OPT record for whoever has plainly sent
    one, who would think otherwise that there is no EDNS here (RFC 6891 section 6.1.1)."""
    opt = OPT + EDNS_UDP_BYTES.to_bytes(2, "big") + bytes(6) if _has_opt(wire) else b""
    counts = bytes(7) + bytes((1 if opt else 0,))
    return wire[:2] + bytes((_QR | wire[2] & (_OPCODE | _RD), rcode)) + counts + opt


def _has_opt(wire: bytes) -> bool:
    """Whether an OPT record is all that there is, beside one question at most."""
    end = {b"\0\0": HEADER_BYTES, b"\0\1": question_end(wire)}.get(wire[4:6], 0)
    return end > 0 and wire[6:HEADER_BYTES] == b"\0\0\0\0\0\1" and wire[end : end + 3] == OPT
