"""A small HTTP forward proxy for people: a browser or `curl -x` that goes through it sees the world as clients do.

Names of the hosted zone are resolved by asking the world's own name server, for as long as its TTL allows, so the
browser follows a failover as a well-behaved client would. Everything else is refused: this proxy leads nowhere but to
the world's own edges, on loopback. There is no TLS in this world, so CONNECT is refused too.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from pydantic import Field
from yarl import URL

from harness.clock import monotonic_ns
from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.admin import serve_http
from harness.kit.config import Strict, Text, parsed
from harness.kit.process import Ready, run_until_signal
from harness.witness import resolver_cache
from harness.witness.dns_client import DnsClient, DnsFailure, open_client
from harness.witness.resolver import Resolver
from harness.witness.tasks import TaskSet

_LOG = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 65.0
"""Longer than the load balancer's own 60 s, so that its 504 is what the browser sees."""
_CHUNK_BYTES = 64 * 1024
_NAMES_MAX = 256
_HTTP_PORT = 80
# RFC 9110 section 7.6.1, and what proxies are told besides.
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip


_CARRIED = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
"""What is carried, for `Allow` (RFC 9110 section 15.5.6): everything but CONNECT."""


class ProxyConfig(Strict):
    """listen: where (port 0: anywhere). dns: the world's name server. zone: names that exist. port: of the edges.

    address_book: answered address -> where its link really listens; an answer that is not in it is refused.
    """

    listen: LoopbackAddress = ANY_ADDRESS
    dns: LoopbackAddress
    zone: Text
    port: int = Field(ge=1, le=65_535)
    address_book: dict[str, LoopbackAddress]


class _Refused(Exception):
    """The proxy does not carry this request. Its text is the answer's body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class BrowserProxy:
    """The handler of all requests. Create and use inside one event loop."""

    def __init__(self, config: ProxyConfig, dns: DnsClient, session: aiohttp.ClientSession, tasks: TaskSet) -> None:
        self._config = config
        self._dns = dns
        self._session = session
        self._tasks = tasks
        self._resolvers: dict[str, Resolver] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Carry one request to the edge that DNS answers with."""
        try:
            name, path = self._target(request)
            address = await self._resolve(name)
            return await self._carry(request, name, address, path)
        except _Refused as refused:
            allow = {"Allow": _CARRIED} if refused.status == 405 else {}
            return web.Response(status=refused.status, text=f"{refused}\n", headers=allow)

    def _target(self, request: web.BaseRequest) -> tuple[str, str]:
        """The name that is asked for, and path with query, untouched."""
        if request.method == "CONNECT":
            raise _Refused(405, "there is no TLS in this world: use http://")
        asked = request.raw_path
        try:
            parts = urlsplit(asked)
            name, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise _Refused(400, f"not an address: {asked[:200]!r}") from None
        if parts.scheme != "http" or not name:
            raise _Refused(400, f"this is a forward proxy: ask it for http://NAME.{self._config.zone}/")
        zone = self._config.zone.rstrip(".")
        if name != zone and not name.endswith(f".{zone}"):
            raise _Refused(403, f"{name} is not in the hosted zone {zone}: this proxy leads nowhere else")
        if port not in (None, _HTTP_PORT, self._config.port):
            raise _Refused(403, f"port {port}: the edges of this world listen on {self._config.port} (80 means that)")
        return name, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    async def _resolve(self, name: str) -> Address:
        resolver = self._resolvers.get(name)
        if resolver is None:
            if len(self._resolvers) >= _NAMES_MAX:  # names that do not exist are cached too
                self._resolvers.clear()
            cache = resolver_cache.CacheState(monotonic_ns())
            resolver = Resolver("browser", name, self._dns, cache, self._tasks, _note_change)
            self._resolvers[name] = resolver
        try:
            answered = await resolver.address()
        except DnsFailure as error:
            raise _Refused(502, f"no address: {error}") from error
        if answered not in self._config.address_book:
            raise _Refused(502, f"{name} is {answered}, which is no edge of this world")
        return self._config.address_book[answered]

    async def _carry(self, request: web.BaseRequest, name: str, address: Address, path: str) -> web.StreamResponse:
        headers = [(key, value) for key, value in request.headers.items() if key.lower() not in _dropped(request)]
        headers = [(key, value) for key, value in headers if key.lower() != "host"]
        headers.append(("Host", name))
        url = URL(f"http://{address[0]}:{address[1]}{path}", encoded=True)
        body = await request.read() if request.can_read_body else None
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as answer:  # fmt: skip
                return await self._relay(request, answer)
        except TimeoutError as error:
            raise _Refused(504, f"the edge {address[0]}:{address[1]} does not answer") from error
        except aiohttp.ClientConnectorError as error:
            raise _Refused(502, f"the edge {address[0]}:{address[1]}: {os.strerror(error.errno or 0)}") from error
        except aiohttp.ClientError as error:
            raise _Refused(502, f"the edge {address[0]}:{address[1]}: {error}") from error

    async def _relay(self, request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason)
        for key, value in answer.headers.items():
            if key.lower() not in _HOP_BY_HOP:
                response.headers.add(key, value)
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                await response.write(chunk)
        except (aiohttp.ClientError, TimeoutError) as error:
            # Half of the answer is out: the one honest thing left is to cut it off.
            _LOG.info("the answer broke off: %s", error)
            response.force_close()
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response


def _dropped(request: web.BaseRequest) -> set[str]:
    named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
    return named | _HOP_BY_HOP


def _note_change(answer: Any) -> None:
    _LOG.info("%s is %s for %g s", answer.name, ", ".join(answer.addresses) or "nowhere", answer.ttl_s)


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT. config: see ProxyConfig. ready: {"listen": [host, port]}.

    Raises InputError for a wrong config, WorldError when its address cannot be bound.
    """
    checked = parsed(ProxyConfig, config, "browser proxy")
    run_until_signal(lambda stop: _serve(checked, ready, stop))


async def _serve(config: ProxyConfig, ready: Ready, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        dns = await open_client(config.dns, seed=monotonic_ns())
        stack.callback(dns.close)
        tasks = TaskSet(lambda error: _LOG.error("a query failed", exc_info=error))
        # One connection per request: a kept one would stay with an edge that DNS has long left.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_READ_TIMEOUT_S)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True), timeout=timeout, auto_decompress=False,
                trust_env=False, cookie_jar=aiohttp.DummyCookieJar(),
            )
        )  # fmt: skip
        server = web.Server(BrowserProxy(config, dns, session, tasks).handle)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        ready({"listen": list(await serve_http(stack, "browser proxy", runner, config.listen))})
        await stop.wait()
