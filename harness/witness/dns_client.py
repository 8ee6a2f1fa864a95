"""Asks servers for addresses, as `stub.py` says whom: a UDP socket to each, new ids for retries, TCP when truncated."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from harness.clock import monotonic_ns
from harness.kit.address import Address, join_address
from harness.units import NS_PER_S, to_ns, to_s
from harness.witness import stub

TRY_TIMEOUT_S = 0.3
TRIES = 3
"""Three tries fit into an operation's second. A stub resolver's own are longer (glibc: 5 s, twice), yet every
operation's deadline cuts those off just the same."""
_USABLE = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


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


@dataclass(frozen=True)
class Habits:
    """How a client asks: how long it waits for a server, and how often it asks all that it knows."""

    timeout_s: float = TRY_TIMEOUT_S
    attempts: int = TRIES


class _Lookup:
    """One lookup under way: what it asks, and what has come of it so far."""

    def __init__(self, question: bytes) -> None:
        self.question = question
        self.answers: dict[int, bytes] = {}
        self.told: asyncio.Queue[stub.Event] = asyncio.Queue()

    def answered(self, server: int, wire: bytes) -> None:
        """A server has answered it."""
        self.answers[server] = wire
        self.told.put_nowait(stub.Answered(server, usable=wire[3] & 0x0F in _USABLE))

    def refused(self, server: int) -> None:
        """A server's port is closed."""
        self.told.put_nowait(stub.Refused(server))


class _Socket(asyncio.DatagramProtocol):
    """The UDP socket to one server. refused: told of closed ports."""

    def __init__(self, server: int, rng: random.Random, refused: Callable[[], None]) -> None:
        self._server = server
        self._rng = rng
        self._refused = refused
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: dict[int, _Lookup] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # uvloop's is none of asyncio's classes

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """An answer: whoever asked under its id gets it. Late ones, and what nobody asked, are dropped."""
        lookup = self._pending.get(int.from_bytes(data[:2], "big")) if len(data) >= 12 else None
        if lookup is None or not data[2] & 0x80:
            return
        if data[12 : 12 + len(lookup.question)].lower() == lookup.question.lower():
            lookup.answered(self._server, data)

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed (ICMP)."""
        self._refused()
        for lookup in self._pending.values():
            lookup.refused(self._server)

    def send(self, query: bytes, lookup: _Lookup) -> int:
        """Ask under a new id, which is returned. Raises OSError when it is closed."""
        if self._transport is None or self._transport.is_closing():
            raise OSError("the DNS client is closed")
        query_id = self._rng.getrandbits(16)
        while query_id in self._pending:
            query_id = self._rng.getrandbits(16)
        self._pending[query_id] = lookup
        self._transport.sendto(query_id.to_bytes(2, "big") + query[2:])
        return query_id

    def forget(self, query_id: int) -> None:
        """Nobody waits under that id any more."""
        del self._pending[query_id]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class DnsClient:
    """A client of one server, or of several that it asks in turn. Create with `open_client`; close it."""

    def __init__(self, servers: Sequence[Address], rng: random.Random, habits: Habits) -> None:
        self._servers = tuple(servers)
        self._rng = rng
        self._habits = habits
        self._sockets: list[_Socket] = []
        self.failures = 0
        self.socket_errors = 0

    async def open(self) -> None:
        """Open a socket to each server."""
        for index, server in enumerate(self._servers):
            loop = asyncio.get_running_loop()
            _, opened = await loop.create_datagram_endpoint(self._socket(index), remote_addr=server)
            self._sockets.append(opened)

    def _socket(self, index: int) -> Callable[[], _Socket]:
        return lambda: _Socket(index, self._rng, self._refused)

    def _refused(self) -> None:
        self.socket_errors += 1

    async def query(self, name: str, family: str = "A") -> DnsReply:
        """The A (or AAAA) records of `name` now. Raises DnsFailure: no answer in all tries, or none that is one."""
        asked_ns = monotonic_ns()
        try:
            wire, server = await self._ask(_query_wire(name, family))
            if wire[2] & (dns.flags.TC >> 8):
                over_tcp = self._ask_tcp(_query_wire(name, family), server)
                async with asyncio.timeout(self._habits.timeout_s):
                    wire = await over_tcp
            addresses, ttl_s = _read(wire)
        except (TimeoutError, OSError, EOFError, DnsFailure, dns.exception.DNSException) as error:
            self.failures += 1
            raise DnsFailure(f"{name}: {error!r}") from error
        return DnsReply(addresses, ttl_s * NS_PER_S, asked_ns, monotonic_ns())

    async def _ask(self, query: bytes) -> tuple[bytes, int]:
        """The answer, and whose it is. Raises TimeoutError."""
        lookup, sent = _Lookup(query[12:]), list[tuple[int, int]]()
        state = stub.StubState(len(self._sockets), to_ns(self._habits.timeout_s), self._habits.attempts)
        event: stub.Event = stub.Ask()
        until_s = 0.0
        try:
            while True:
                state, effects = stub.step(state, event, monotonic_ns())
                for effect in effects:
                    match effect:
                        case stub.Use(server=server):
                            return lookup.answers[server], server
                        case stub.GiveUp(server=None):
                            raise TimeoutError(f"no answer from {', '.join(map(join_address, self._servers))}")
                        case stub.GiveUp(server=int(server)):
                            return lookup.answers[server], server
                        case stub.Send(server=server, wait_ns=wait_ns):
                            sent.append((server, self._sockets[server].send(query, lookup)))
                            until_s = to_s(monotonic_ns() + wait_ns)
                event = await _told(lookup, until_s)
        finally:
            for server, query_id in sent:
                self._sockets[server].forget(query_id)

    async def _ask_tcp(self, query: bytes, server: int) -> bytes:
        reader, writer = await asyncio.open_connection(*self._servers[server])
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
        """Close the sockets; queries under way run into their time-out."""
        for opened in self._sockets:
            opened.close()


async def _told(lookup: _Lookup, until_s: float) -> stub.Event:
    """What happens next; that the try has timed out, when nothing does."""
    try:
        async with asyncio.timeout(max(0.0, until_s - to_s(monotonic_ns()))):
            return await lookup.told.get()
    except TimeoutError:
        return stub.TimedOut()


async def open_client(server: Address, seed: int, *others: Address, habits: Habits | None = None) -> DnsClient:
    """A client of `server`, which asks `others` where that is no use. seed: of the query ids."""
    client = DnsClient((server, *others), random.Random(seed), habits or Habits())
    await client.open()
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
