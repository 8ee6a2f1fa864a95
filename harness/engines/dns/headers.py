"""What a message's header alone decides: whether it is a question, and whether it is worth reading.

Reading costs time that the messages of others wait for: 64 KiB of records whose names all point back to a long one
took more than a second. No question is like that. So what is longer or has more records than any question is answered
FORMERR unread; so is what has not exactly one question (RFC 9619), and what is no question at all (another opcode)
NOTIMP, with all sections empty (RFC 8906 section 8.1.4).
"""

from __future__ import annotations

import dns.rcode

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
    """A header with this code under the question's id, and nothing else."""
    return wire[:2] + bytes((_QR | wire[2] & (_OPCODE | _RD), rcode)) + bytes(8)
