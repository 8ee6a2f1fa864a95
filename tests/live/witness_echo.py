"""A tiny application and a tiny DNS server for the witness's tests, both on one event loop, both easy to break."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress

import dns.message
import dns.rcode
import dns.rrset


class Echo:
    """Keeps items in memory; `mode` says how it answers from now on.

    ok | once (a key can be put once, ever) | 503 | 503-no-target | 500 | garbage | wrong-json | hang | reset
    """

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.mode = "ok"
        self.delay_once_s = 0.0
        self.items: dict[str, str] = {}
        self.known: set[str] = set()
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        self.address = ("127.0.0.1", 0)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.sleep(0)
        self._server = None

    def cut(self) -> None:
        """Close every open connection."""
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        self._open.discard(writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((method, path, headers))
        if self.delay_once_s:
            delay_s, self.delay_once_s = self.delay_once_s, 0.0
            await asyncio.sleep(delay_s)
        if self.mode == "hang":
            await reader.read()
            return False
        if self.mode == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if self.mode == "garbage":
            writer.write(b"220 smtp.example.com ESMTP\r\n\r\n")
            return False
        status, answer, extra = self._answer(method, path.rpartition("/")[2], body)
        close = headers.get("connection") == "close"
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(answer)}", f"X-Region: {self.region}", "X-Epoch: 3"]
        lines += [*extra, f"Connection: {'close' if close else 'keep-alive'}", "", ""]
        writer.write("\r\n".join(lines).encode() + answer)
        await writer.drain()
        return not close

    def _answer(self, method: str, key: str, body: bytes) -> tuple[int, bytes, list[str]]:
        if self.mode == "503-no-target":
            return 503, b"", ["X-Drill-Load-Balancer: no-target"]
        if self.mode in ("500", "503"):
            return int(self.mode), b"", []
        if self.mode == "wrong-json":
            return 200, b'{"other": 1}', []
        if method == "POST":
            for item in json.loads(body).get("items", ()):  # a canary's call to a database is a POST as well
                self.items[item["id"]] = item["value"]
            return 200, b"{}", []
        if method == "PUT":
            if self.mode == "once" and key in self.known:
                return 409, b'{"error": "exists"}', []
            self.known.add(key)
            self.items[key] = json.loads(body)["value"]
            return 200, b"{}", []
        if method == "DELETE":
            self.items.pop(key, None)
            return 204, b"", []
        if key not in self.items:
            return 404, b"", []
        return 200, json.dumps({"value": self.items[key]}).encode(), []


class TinyDns(asyncio.DatagramProtocol):
    """Answers every A query with `addresses` and `ttl_s`. silent: answers nothing. truncate: says TC over UDP."""

    def __init__(self, addresses: list[str], ttl_s: int) -> None:
        self.addresses = addresses
        self.ttl_s = ttl_s
        self.silent = False
        self.drop_next = 0
        self.truncate = False
        self.rcode = dns.rcode.NOERROR
        self.queries = 0
        self.tcp_queries = 0
        self.address = ("127.0.0.1", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        while self._transport is None:
            self._server = await asyncio.start_server(self._tcp, "127.0.0.1", 0)
            self.address = self._server.sockets[0].getsockname()[:2]
            try:
                self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=self.address)
            except OSError:  # a port that is free for TCP is another one's for UDP, now and then
                self._server.close()

    async def stop(self) -> None:
        assert self._transport is not None
        assert self._server is not None
        self._transport.close()
        self._server.close()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.queries += 1
        if self.drop_next:
            self.drop_next -= 1
            return
        if not self.silent:
            assert self._transport is not None
            self._transport.sendto(self._reply(data, truncate=self.truncate), addr)

    def _reply(self, data: bytes, *, truncate: bool) -> bytes:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.set_rcode(self.rcode)
        if truncate:
            reply.flags |= dns.flags.TC
        elif self.addresses and self.rcode == dns.rcode.NOERROR:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, self.ttl_s, "IN", "A", *self.addresses))
        return reply.to_wire()

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tcp_queries += 1
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        wire = self._reply(data, truncate=False)
        writer.write(struct.pack("!H", len(wire)) + wire)
        await writer.drain()
        writer.close()
