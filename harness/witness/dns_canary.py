"""Looks for a sign of life of a DNS server: one question over UDP, and an answer with an address in it."""

from __future__ import annotations

import asyncio
import random

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from harness.witness import outcomes
from harness.witness.models import DnsCanary

TRUNCATED = "truncated"


class DnsProbe:
    """Each from a port of its own. What is cut short, denied or led astray is an error, called by its name."""

    def __init__(self, canary: DnsCanary, timeout_s: float) -> None:
        self._address = canary.address
        self._name = canary.name
        self._bad = frozenset(canary.bad)
        self._timeout_s = timeout_s

    async def once(self) -> str | None:
        question = dns.message.make_query(self._name, dns.rdatatype.A, id=random.getrandbits(16))
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[bytes] = loop.create_future()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(heard), remote_addr=self._address)
        except OSError:
            return outcomes.REFUSED
        try:
            transport.sendto(question.to_wire())
            async with asyncio.timeout(self._timeout_s):
                wire = await heard
        except TimeoutError:
            return outcomes.TIMEOUT
        except OSError:
            return outcomes.REFUSED
        finally:
            transport.close()
        return self._error_in(question, wire)

    def _error_in(self, question: dns.message.Message, wire: bytes) -> str | None:
        try:
            answer = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return outcomes.GARBAGE
        if not question.is_response(answer):
            return outcomes.GARBAGE
        if answer.flags & dns.flags.TC:
            return TRUNCATED
        if answer.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(answer.rcode()).lower()
        found = {data.to_text() for rrset in answer.answer for data in rrset if rrset.rdtype == dns.rdatatype.A}
        if not found:
            return outcomes.NO_ADDRESS
        return f"led to {min(found & self._bad)}" if found & self._bad else None

    def close(self) -> None:
        """Nothing is kept open."""


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: asyncio.Future[bytes]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._heard.done():
            self._heard.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._heard.done():
            self._heard.set_exception(exc)
