"""A browser that goes through the proxy sees the world as clients do, and is led nowhere else."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import dns.rcode
import pytest
from witness_echo import Echo, TinyDns

from harness.errors import InputError
from harness.parts.edge.browser_proxy.server import serve

pytestmark = [pytest.mark.live, pytest.mark.beside]

A, B = "127.0.1.10", "127.0.2.10"
EDGE_PORT = 18080
SERVE = """
import json, sys
from harness.parts.edge.browser_proxy.server import serve
serve(json.loads(sys.argv[1]), lambda ready: print(json.dumps(ready), flush=True))
"""


class Arranged:
    """The proxy before two edges, and the DNS that it asks."""

    def __init__(self, dns: TinyDns, east: Echo, west: Echo, proxy: tuple[str, int]) -> None:
        self.dns, self.east, self.west = dns, east, west
        self._proxy = proxy

    async def ask(self, line: str, *headers: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Send a request whose first line is `line`; the answer's status, headers by lower-case name, and body."""
        reader, writer = await asyncio.open_connection(*self._proxy)
        fields = [f"{line} HTTP/1.1", f"Content-Length: {len(body)}", "Host: whatever", *headers]
        fields += [] if any(header.startswith("Connection:") for header in headers) else ["Connection: close"]
        writer.write("\r\n".join([*fields, "", ""]).encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {key.lower(): value.strip() for key, _, value in (text.partition(":") for text in head[1:] if text)}
        text = await reader.readexactly(int(found["content-length"])) if "content-length" in found else b""
        writer.close()
        return int(head[0].split(" ")[1]), found, text


@asynccontextmanager
async def arranged(ttl_s: int = 0) -> AsyncIterator[Arranged]:
    dns, east, west = TinyDns([A], ttl_s), Echo("us-east-1"), Echo("us-west-2")
    for part in (dns, east, west):
        await part.start()
    config = {
        "dns": list(dns.address),
        "zone": "example.com.",
        "port": EDGE_PORT,
        "address_book": {A: list(east.address), B: list(west.address)},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, json.dumps(config), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        listen = json.loads(await process.stdout.readline())["listen"]
        yield Arranged(dns, east, west, (listen[0], listen[1]))
    finally:
        process.terminate()
        code = await process.wait()
        for part in (dns, east, west):
            await part.stop()
    assert code == 0


def run(scenario: Callable[[Arranged], Coroutine[Any, Any, None]], ttl_s: int = 0) -> None:
    async def body() -> None:
        async with arranged(ttl_s) as at:
            await scenario(at)

    asyncio.run(body())


def test_a_request_reaches_the_edge_as_the_browser_made_it_and_so_does_the_answer() -> None:
    async def scenario(at: Arranged) -> None:
        put = await at.ask(
            "PUT http://app.example.com/items/a%2Fb?x=1", "X-Mine: yes", "Proxy-Connection: keep-alive", "X-Hop: no",
            "Connection: close, x-hop", body=b'{"value": "v"}',
        )  # fmt: skip
        assert (put[0], put[1]["x-region"], put[1]["x-epoch"], put[2]) == (200, "us-east-1", "3", b"{}")
        method, path, headers = at.east.requests[0]
        assert (method, path) == ("PUT", "/items/a%2Fb?x=1")
        assert (headers["host"], headers["x-mine"]) == ("app.example.com", "yes")
        assert "proxy-connection" not in headers
        assert "x-hop" not in headers
        assert (await at.ask(f"GET http://app.example.com:{EDGE_PORT}/items/none"))[0] == 404

    run(scenario)


def test_the_browser_follows_a_failover_when_the_answer_has_expired() -> None:
    async def scenario(at: Arranged) -> None:
        async def region() -> str:
            return (await at.ask("GET http://app.example.com/items/a"))[1]["x-region"]

        assert await region() == "us-east-1"
        at.dns.addresses = [B]
        queries = at.dns.queries
        assert await region() == "us-east-1"  # for as long as the TTL allows
        assert at.dns.queries == queries
        async with asyncio.timeout(10):
            while await region() != "us-west-2":
                await asyncio.sleep(0.02)
        assert at.dns.queries > queries

    run(scenario, ttl_s=2)


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("GET http://example.org/", 403, "example.org is not in the hosted zone example.com"),
        ("GET http://evilexample.com/", 403, "not in the hosted zone"),
        ("GET http://127.0.0.1/", 403, "not in the hosted zone"),
        ("GET http://app.example.com:22/", 403, f"the edges of this world listen on {EDGE_PORT}"),
        ("GET http://app.example.com:nonsense/", 400, "nonsense"),
        ("GET https://app.example.com/", 400, "this is a forward proxy"),
        ("GET /items/a", 400, "this is a forward proxy"),
        ("CONNECT app.example.com:443", 405, "there is no TLS in this world"),
    ],
)
def test_the_proxy_leads_nowhere_but_to_the_edges(line: str, status: int, told: str) -> None:
    async def scenario(at: Arranged) -> None:
        answer = await at.ask(line)
        assert answer[0] == status
        assert told in answer[2].decode()
        assert ("allow" in answer[1]) is (status == 405)
        assert at.east.connections == at.west.connections == 0

    run(scenario)


def test_a_name_without_an_address_or_with_a_strange_one_is_a_bad_gateway() -> None:
    async def scenario(at: Arranged) -> None:
        at.dns.addresses = ["192.0.2.1"]
        status, _, text = await at.ask("GET http://strange.example.com/")
        assert (status, text) == (502, b"strange.example.com is 192.0.2.1, which is no edge of this world\n")
        at.dns.rcode = dns.rcode.NXDOMAIN
        status, _, text = await at.ask("GET http://absent.example.com/")
        assert (status, text.startswith(b"no address")) == (502, True)

    run(scenario)


def test_an_edge_that_refuses_or_resets_is_a_bad_gateway_that_names_it() -> None:
    async def scenario(at: Arranged) -> None:
        at.east.mode = "reset"
        status, _, text = await at.ask("GET http://app.example.com/")
        assert (status, f"{at.east.address[1]}" in text.decode()) == (502, True)
        await at.east.stop()
        status, _, text = await at.ask("GET http://app.example.com/")
        assert (status, b"refused" in text) == (502, True)
        await at.east.start()

    run(scenario)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dns": ["192.0.2.1", 53]},
        {"listen": ["0.0.0.0", 0]},
        {"address_book": {A: ["198.51.100.7", 80]}},
        {"port": 0},
        {"zone": ""},
        {"unknown": 1},
    ],
)
def test_a_config_that_leads_off_this_machine_or_says_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    config = {"dns": ["127.0.0.1", 53], "zone": "example.com", "port": 80, "address_book": {A: ["127.0.0.1", 80]}}
    with pytest.raises(InputError):
        serve(config | wrong, lambda _: pytest.fail("it must not get ready"))
