"""Asks the authoritative server for addresses: one shared UDP socket, retries under new ids, TCP when truncated."""

from __future__ import annotations

import asyncio
import random
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from harness.clock import monotonic_ns
from harness.kit.address import Address
from harness.units import NS_PER_S

TRY_TIMEOUT_S = 0.3
TRIES = 3
"""Three tries fit into an operation's second. A stub resolver's own are longer (glibc: 5 s, twice), yet every
operation's deadline cuts those off just the same."""


class DnsFailure(Exception):
    """No usable answer came."""


class NoAddress(DnsFailure):
    """An answer came, and no address in it: the name does not exist, or has none."""


@dataclass(frozen=True)
class DnsReply:
    """addresses: in the answer's order, empty when the name has none. ttl_ns: of the answer, positive or negative."""

    addresses: tuple[str, ...]
    ttl_ns: int
    asked_ns: int
    received_ns: int


class DnsClient(asyncio.DatagramProtocol):
    """A client of one server. Create with `open_client`; close it."""

    def __init__(self, server: Address, rng: random.Random) -> None:
        self._server = server
        self._rng = rng
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: dict[int, tuple[bytes, asyncio.Future[bytes]]] = {}
        self.failures = 0
        self.socket_errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # uvloop's is none of asyncio's classes

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """An answer: whoever asked under its id gets it. Late ones, and what nobody asked, are dropped."""
        asked = self._pending.get(int.from_bytes(data[:2], "big")) if len(data) >= 12 else None
        if asked is None or not data[2] & 0x80:
            return
        question, future = asked
        if not future.done() and data[12 : 12 + len(question)].lower() == question.lower():
            future.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed (ICMP): the try runs into its time-out, as with a lost datagram."""
        self.socket_errors += 1

    async def query(self, name: str, family: str = "A") -> DnsReply:
        """The A (or AAAA) records of `name` now. Raises DnsFailure: no answer in three tries, or none that is one."""
        asked_ns = monotonic_ns()
        try:
            wire = await self._ask(_query_wire(name, family))
            if wire[2] & (dns.flags.TC >> 8):
                wire = await asyncio.wait_for(self._ask_tcp(_query_wire(name, family)), TRY_TIMEOUT_S)
            addresses, ttl_s = _read(wire)
        except (TimeoutError, OSError, EOFError, DnsFailure, dns.exception.DNSException) as error:
            self.failures += 1
            raise DnsFailure(f"{name}: {error!r}") from error
        return DnsReply(addresses, ttl_s * NS_PER_S, asked_ns, monotonic_ns())

    async def _ask(self, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        ids: list[int] = []
        try:
            for _ in range(TRIES):
                ids.append(self._send(query, future))
                done, _pending = await asyncio.wait((future,), timeout=TRY_TIMEOUT_S)
                if done:
                    return future.result()
            raise TimeoutError(f"no answer from {self._server[0]}:{self._server[1]}")
        finally:
            for query_id in ids:
                del self._pending[query_id]

    def _send(self, query: bytes, future: asyncio.Future[bytes]) -> int:
        if self._transport is None or self._transport.is_closing():
            raise OSError("the DNS client is closed")
        query_id = self._rng.getrandbits(16)
        while query_id in self._pending:
            query_id = self._rng.getrandbits(16)
        self._pending[query_id] = (query[12:], future)
        self._transport.sendto(query_id.to_bytes(2, "big") + query[2:])
        return query_id

    async def _ask_tcp(self, query: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._server)
        try:
            query_id = self._rng.getrandbits(16).to_bytes(2, "big")
            writer.write(struct.pack("!H", len(query)) + query_id + query[2:])
            length = int.from_bytes(await reader.readexactly(2), "big")
            wire = await reader.readexactly(length)
        finally:
            writer.close()
        if wire[:2] != query_id or wire[12 : 12 + len(query) - 12].lower() != query[12:].lower():
            raise DnsFailure("an answer to another question")
        return wire

    def close(self) -> None:
        """Close the socket; queries under way run into their time-out."""
        if self._transport is not None:
            self._transport.close()


async def open_client(server: Address, seed: int) -> DnsClient:
    """A client of `server`, bound to a port of its own. seed: of the query ids."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_datagram_endpoint(lambda: DnsClient(server, random.Random(seed)), remote_addr=server)
    return client


@lru_cache(maxsize=16)
def _query_wire(name: str, family: str) -> bytes:
    return dns.message.make_query(name, dns.rdatatype.from_text(family)).to_wire()


def _read(wire: bytes) -> tuple[tuple[str, ...], int]:
    """Addresses and lifetime in seconds. An absent name lives as long as RFC 2308 says: min(SOA TTL, SOA minimum)."""
    message = dns.message.from_wire(wire)
    if not isinstance(message, dns.message.QueryMessage):
        raise DnsFailure("not an answer to a query")
    if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise DnsFailure(dns.rcode.to_text(message.rcode()))
    if not message.question:
        raise DnsFailure("an answer without a question")
    try:
        chain = message.resolve_chaining()
    except dns.message.ChainTooLong as error:
        raise DnsFailure("a chain of aliases without an end") from error
    has_lifetime = chain.answer is not None or any(r.rdtype == dns.rdatatype.SOA for r in message.authority)
    addresses = tuple(rdata.address for rdata in chain.answer) if chain.answer is not None else ()
    return addresses, chain.minimum_ttl if has_lifetime else 0
