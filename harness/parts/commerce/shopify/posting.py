"""Posting one request to a URL: its name looked up in the world's DNS, its address dialled through a link.

A driver: what an outcome means is decided elsewhere. Redirects are not followed (they are failures), and certificates
are verified where the URL is https.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.clock import monotonic_ns
from harness.kit.address import Address, is_loopback
from harness.kit.tls import Tls
from harness.parts.commerce.shopify.delivery import taken
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, Way
from harness.parts.commerce.shopify.pooling import Line, Pool
from harness.units import to_s
from harness.wire.exchange import render_request
from harness.witness import outcomes, resolver_cache
from harness.witness.channel import ExchangeError, dial
from harness.witness.dns_client import DnsClient, DnsFailure, NoAddress, open_client
from harness.witness.resolver import Resolver
from harness.witness.tasks import TaskSet

_PLAIN = re.compile(r"[!-~]+")
_PORTS = {"http": 80, "https": 443}
_HOSTS_MAX = 256
"""Hosts whose connections are kept; whoever subscribes under more names than that starts over with new connections."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it. status: of the answer. error: why it counts as failed, in words. reached: the place whose
    link was dialled."""

    status: int | None
    error: str | None
    reached: str | None
    sent_ns: int
    returned_ns: int


@dataclass(eq=False, slots=True)
class _Host:
    """Whom a URL names. port: of it; header: as the Host header says it."""

    name: str
    port: int
    header: str
    tls: Tls | None
    pool: Pool
    resolver: Resolver | None


class Poster:
    """Posts. `open` it inside an event loop, and close it. on_error hears of mistakes of our own."""

    def __init__(self, config: DeliveryConfig, on_error: Callable[[BaseException], None]) -> None:
        self._config = config
        self._tasks = TaskSet(on_error)
        self._dns: DnsClient | None = None
        self._hosts: dict[tuple[str, str], _Host] = {}
        self._connect_s, self._total_s = to_s(config.connect_ns), to_s(config.total_ns)

    async def open(self) -> None:
        """Open the DNS socket."""
        self._dns = await open_client(self._config.dns, self._config.seed)

    async def close(self) -> None:
        """Close what is idle, and the DNS socket. What is under way is its owner's."""
        self.forget()
        if self._dns is not None:
            self._dns.close()
        await self._tasks.drain(0)

    def forget(self) -> None:
        """Close all idle connections, and forget what DNS has answered."""
        for host in self._hosts.values():
            host.pool.close()
        self._hosts.clear()

    @property
    def idle(self) -> int:
        """How many connections are kept."""
        return sum(len(host.pool) for host in self._hosts.values())

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, to: Way | None = None) -> Posted:
        """Post it once. to: where, past DNS and on a connection of its own; None: where the URL's name leads."""
        sent_ns = monotonic_ns()
        reached: list[str | None] = [None]
        status: int | None = None
        error: str | None
        try:
            host, path = self._host(url)
            request = render_request("POST", path, host.header, headers, body, keepalive=to is None)
            async with asyncio.timeout(self._total_s):
                status = await self._exchange(host, request, to, reached)
            error = None if taken(status) else _answered(status)
        except TimeoutError:
            error = outcomes.TIMEOUT
        except ExchangeError as problem:
            error = problem.word
        except NoAddress:
            error = outcomes.NO_ADDRESS
        except DnsFailure:
            error = outcomes.DNS
        except _NoUrl as problem:
            error = str(problem)
        return Posted(status, error, reached[0], sent_ns, monotonic_ns())

    async def _exchange(self, host: _Host, request: bytes, to: Way | None, reached: list[str | None]) -> int:
        line = None if to is not None else host.pool.take()
        if line is not None:
            reached[0] = line.place
        else:
            line = await self._connect(host, to, reached)
        try:
            response = await line.channel.exchange(request)
        finally:
            if to is None:
                host.pool.give_back(line)
            else:
                line.channel.close()
        return response.status

    async def _connect(self, host: _Host, to: Way | None, reached: list[str | None]) -> Line:
        place: str | None
        if to is not None:
            answered, place, address = to.address[0], to.place, to.address
        else:
            answered = host.name if host.resolver is None else await host.resolver.address()
            place, address = self._where(answered, host.port)
        reached[0] = place
        try:
            async with asyncio.timeout(self._connect_s):
                return Line(await dial(address, host.tls), answered, place)
        except TimeoutError:
            raise ExchangeError(outcomes.CONNECT_TIMEOUT) from None

    def _where(self, answered: str, port: int) -> tuple[str | None, Address]:
        """Which place an answered address is, and where it is dialled. Raises ExchangeError: it lies out of reach."""
        way = self._config.ways.get(answered)
        if way is not None:
            return way.place, way.address
        if not is_loopback(answered):
            raise ExchangeError(outcomes.UNREACHABLE)
        return None, (answered, port)

    def _host(self, url: str) -> tuple[_Host, str]:
        parts = _split(url)
        key = (parts.scheme, parts.netloc)
        found = self._hosts.get(key)
        if found is None:
            if len(self._hosts) >= _HOSTS_MAX:
                self.forget()
            found = self._hosts[key] = self._new_host(parts)
        return found, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _new_host(self, parts: SplitResult) -> _Host:
        assert self._dns is not None, "open() comes first"
        config, name = self._config, parts.hostname or ""
        tls = Tls(server_name=name, ca_file=config.ca_file) if parts.scheme == "https" else None
        resolver = None
        if not is_loopback(name):
            cache = resolver_cache.CacheState(monotonic_ns())
            resolver = Resolver(config.system, name, self._dns, cache, self._tasks, lambda answer: None)
        port = parts.port or _PORTS[parts.scheme]
        header = parts.netloc.rpartition("@")[2]
        return _Host(name, port, header, tls, Pool(config.kept, config.idle_ns), resolver)


class _NoUrl(Exception):
    """An address that nothing can be posted to."""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname and parts.port != 0 and _PLAIN.fullmatch(url):
            return parts
    except ValueError:
        pass
    raise _NoUrl(f"not an http or https address: {url:.80}")


def _answered(status: int) -> str:
    return f"answered {status}, and redirects are failures" if 300 <= status < 400 else f"answered {status}"
