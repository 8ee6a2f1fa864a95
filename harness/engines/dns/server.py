"""Authoritative DNS over UDP and TCP. Decides nothing: questions go to the data plane, answers to the wire.

Whatever has an id to answer to, and is no answer itself, gets an answer: FORMERR what nobody can read, SERVFAIL where
answering failed. What is asked beside data is answered so:

| asked for | answered |
| --- | --- |
| ANY | the name's CNAME, or a HINFO in the place of all that there is (RFC 8482 section 4.2) |
| a zone's transfer (AXFR, IXFR), another class than IN | REFUSED |
| a record that only messages have (OPT, TSIG) | FORMERR; other metatypes NOTIMP |
| anything, under EDNS beyond version 0 | BADVERS (RFC 6891 section 6.1.3) |
| anything, signed (TSIG) | NOTAUTH with BADKEY, since no key is known here (RFC 8945 section 5.2.1) |
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.rrset

from harness import scaling
from harness.engines.dns import headers
from harness.engines.dns.headers import EDNS_UDP_BYTES
from harness.engines.dns.lookup import Answer, RRset
from harness.engines.dns.names import from_labels, to_labels
from harness.engines.dns.tcp import Answer as Send
from harness.engines.dns.tcp import TcpClients
from harness.engines.dns.wire_cache import WireCache, key_of
from harness.kit.address import Address

log = logging.getLogger(__name__)

PLAIN_UDP_BYTES = 512
"""Largest UDP answer for a client without EDNS (RFC 1035 section 4.2.1)."""
TCP_BYTES = 65_535
ANY_TTL_S = 3600
_BIND_ATTEMPTS = 32
_NO_DATA: Mapping[dns.rdatatype.RdataType, dns.rcode.Rcode] = {
    dns.rdatatype.AXFR: dns.rcode.REFUSED, dns.rdatatype.IXFR: dns.rcode.REFUSED,
    dns.rdatatype.OPT: dns.rcode.FORMERR, dns.rdatatype.TSIG: dns.rcode.FORMERR,
}  # fmt: skip


class Answers(Protocol):
    """Whoever decides what is answered. generation: grows with every change that could alter an answer.

    draws: how often chance had a part in an answer so far. scale: of TTLs.
    """

    @property
    def generation(self) -> int: ...
    @property
    def draws(self) -> int: ...
    @property
    def scale(self) -> float: ...

    def answer(self, name: str, record_type: str) -> Answer:
        """One client's answer."""


@runtime_checkable
class Locating(Protocol):
    """One of those whose answer depends on where a client is."""

    def answer(self, name: str, record_type: str, subnet: str | None = None) -> Answer:
        """One client's answer. subnet: an address of its network, where its resolver tells (RFC 7871)."""

    def location(self, address: str | None) -> object:
        """Where an address is; None where nobody knows."""


class Responder:
    """From query bytes to answer bytes. Answers that chance has no part in are remembered until the state changes."""

    def __init__(self, plane: Answers) -> None:
        self._plane = plane
        self._cache = WireCache()
        self._cached_generation = -1
        self._complained: set[str] = set()

    def respond(self, wire: bytes, limit: int) -> bytes | None:
        """The answer of at most `limit` bytes (TCP) or what the query's EDNS allows (UDP: limit 0); None: no answer."""
        found = key_of(wire, limit)
        if found is None:
            return self._compute(wire, limit)
        key, end = found
        if self._cached_generation != self._plane.generation:
            self._cache.forget()
            self._cached_generation = self._plane.generation
        known = self._cache.get(key, wire, end)
        if known is not None:
            return known
        draws = self._plane.draws
        answer = self._compute(wire, limit)
        if answer is not None and draws == self._plane.draws and answer[4:6] == b"\0\1":
            self._cache.put(key, answer)
        return answer

    def _compute(self, wire: bytes, limit: int) -> bytes | None:
        if not headers.is_question(wire):
            return None
        refused = headers.refused_unread(wire)
        if refused is not None:
            return headers.bare(wire, refused)
        try:
            query = dns.message.from_wire(wire, keyring=False)
        except (dns.exception.DNSException, struct.error, ValueError, IndexError):
            return headers.bare(wire, dns.rcode.FORMERR)
        try:
            response = dns.message.make_response(query, our_payload=EDNS_UDP_BYTES, pad=0)
            self._fill(query, response)
            return response.to_wire(max_size=limit or _udp_limit(query), prefer_truncation=True)
        except Exception:
            log.exception("no answer to %s", query.question[0])
            return headers.bare(wire, dns.rcode.SERVFAIL)

    def _fill(self, query: dns.message.Message, response: dns.message.Message) -> None:
        question = query.question[0]
        if query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
        elif query.had_tsig:
            _know_no_key(query, response)
        elif question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
        elif question.rdtype != dns.rdatatype.ANY and dns.rdatatype.is_metatype(question.rdtype):
            response.set_rcode(_NO_DATA.get(question.rdtype, dns.rcode.NOTIMP))
        else:
            self._tell(query, response)

    def _tell(self, query: dns.message.Message, response: dns.message.Message) -> None:
        asked, rdtype = query.question[0].name, query.question[0].rdtype
        name = from_labels(asked.labels[:-1])
        if rdtype == dns.rdatatype.ANY:
            answer = _least(name, self._answer(query, response, name, dns.rdatatype.CNAME))
        else:
            answer = self._answer(query, response, name, rdtype)
        response.set_rcode(dns.rcode.from_text(answer.rcode))
        if answer.authoritative:
            response.flags |= dns.flags.AA
        # The owner is spelled as it was asked (clients may randomise case), but only where it is the same name.
        response.answer, response.authority, response.additional = (
            [found for rrset in section if (found := self._to_rrset(rrset, asked)) is not None]
            for section in (answer.answers, answer.authority, answer.additional)
        )

    def _answer(
        self, query: dns.message.Message, response: dns.message.Message, name: str, rdtype: dns.rdatatype.RdataType
    ) -> Answer:
        """The answer, by the network that the client is said to be in, where that counts (RFC 7871 section 7.2)."""
        record_type, plane = dns.rdatatype.to_text(rdtype), self._plane
        subnet = next((option for option in query.options if isinstance(option, dns.edns.ECSOption)), None)
        if subnet is None or not isinstance(plane, Locating):
            return plane.answer(name, record_type)
        counts = subnet.srclen if plane.location(subnet.address) is not None else 0
        told = dns.edns.ECSOption(subnet.address, subnet.srclen, counts)
        response.use_edns(0, payload=EDNS_UDP_BYTES, options=[told])
        return plane.answer(name, record_type, subnet.address)

    def _to_rrset(self, rrset: RRset, asked: dns.name.Name) -> dns.rrset.RRset | None:
        ttl_s = scaling.ttl_s(rrset.ttl_s, self._plane.scale)
        try:
            owner = dns.name.Name((*to_labels(rrset.name), b""))
            return dns.rrset.from_text_list(
                asked if asked == owner else owner,
                ttl_s,
                "IN",
                rrset.type,
                list(rrset.values),
                origin=dns.name.root,  # a name without its trailing dot is absolute all the same (Developer Guide)
                relativize=False,
            )
        except (dns.exception.DNSException, ValueError) as error:
            if rrset.name not in self._complained:
                log.warning("record %s %s cannot be served: %s", rrset.name, rrset.type, error)
                self._complained.add(rrset.name)
            return None


def _udp_limit(query: dns.message.Message) -> int:
    if query.edns < 0:
        return PLAIN_UDP_BYTES
    return max(PLAIN_UDP_BYTES, min(query.payload, EDNS_UDP_BYTES))


def _least(name: str, about_cname: Answer) -> Answer:
    """The answer to ANY, of the one about the name's CNAME."""
    if about_cname.rcode != "NOERROR" or about_cname.answers or not about_cname.authoritative:
        return about_cname
    return Answer("NOERROR", (RRset(name, "HINFO", ANY_TTL_S, ('"RFC8482" ""',)),))


def _know_no_key(query: dns.message.Message, response: dns.message.Message) -> None:
    assert query.tsig is not None
    response.set_rcode(dns.rcode.NOTAUTH)
    signed = cast("dns.rdtypes.ANY.TSIG.TSIG", query.tsig[0])
    unsigned = signed.replace(mac=b"", error=dns.rcode.BADKEY, other=b"")
    response.tsig = dns.rrset.from_rdata(query.tsig.name, 0, unsigned)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        answer = self._responder.respond(data, 0)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    def error_received(self, exc: Exception) -> None:
        log.debug("a client went away: %s", exc)


class DnsServer:
    """The two listeners, on one port."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._clients = TcpClients(self._asked)

    async def start(self, host: str, port: int) -> Address:
        """Listen on `port` (0: any that is free for both); returns the address. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        for attempt in range(_BIND_ATTEMPTS):
            tcp = await asyncio.start_server(self._clients.serve, host, port)
            address: Address = tcp.sockets[0].getsockname()[:2]
            try:
                udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._responder), local_addr=address)
            except OSError:
                tcp.close()
                await tcp.wait_closed()
                if port or attempt == _BIND_ATTEMPTS - 1:
                    raise
                continue
            self._tcp, self._udp = tcp, udp
            return address
        raise AssertionError("the last attempt returns or raises")

    def _asked(self, wire: bytes, send: Send) -> bool:
        answer = self._responder.respond(wire, TCP_BYTES)
        if answer is not None:
            send(answer)
        return answer is not None

    async def close(self) -> None:
        """Close both listeners and every connection."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        await self._clients.close()
        if self._tcp is not None:
            await self._tcp.wait_closed()
