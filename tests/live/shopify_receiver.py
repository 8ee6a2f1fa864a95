"""An application that takes webhooks, and a shop's subscriptions, for tests; both easy to break."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from harness.kit.address import Address
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.subscribed import Subscribed

SECRET = "the app's client secret"
NAME = "app.example.com"
URL = f"http://{NAME}/webhooks"


@dataclass(frozen=True)
class Got:
    """One request. place: where it came in; connection: on which one, from 1."""

    place: str
    connection: int
    path: str
    headers: Mapping[str, str]
    body: bytes


def rightly_signed(got: Got, secret: str = SECRET) -> bool:
    """As the documentation has an app check it."""
    digest = base64.b64encode(hmac.new(secret.encode(), got.body, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(digest, got.headers.get("x-shopify-hmac-sha256", ""))


class Receiver:
    """The application at one place. answers: statuses of the next requests, the last of them for all further ones;
    0: no answer at all, -1: the connection is reset."""

    def __init__(self, place: str, host: str = "127.0.0.1", answers: Sequence[int] = (200,)) -> None:
        self.place = place
        self.address: Address = (host, 0)
        self.answers = list(answers)
        self.verifies = False
        self.got: list[Got] = []
        self.connections = 0
        self.changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> Receiver:
        self._server = await asyncio.start_server(self._serve, *self.address, ssl=tls)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    async def stop(self) -> None:
        """Take no more connections, and end those that there are."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await asyncio.sleep(0)

    async def until(self, count: int) -> list[Got]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(20):
            while len(self.got) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.got

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._one(reader, writer, connection):
                pass
        self._open.discard(writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines if one)}
        body = await reader.readexactly(int(headers["content-length"]))
        got = Got(self.place, connection, first.split(" ")[1], headers, body)
        status = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if self.verifies and not rightly_signed(got):
            status = 401
        self.got.append(got)
        self.changed.set()
        if status == 0:
            await reader.read()
            return False
        if status == -1:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        writer.write(b"HTTP/1.1 %d Any\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\nok" % status)
        await writer.drain()
        return True


@dataclass
class Names(asyncio.DatagramProtocol):
    """The world's name server: one address for every name, which a test may change. asked: how often."""

    answered: str
    ttl_s: int = 0
    asked: int = 0
    address: Address = ("127.0.0.1", 0)
    _transport: Any = None

    async def start(self) -> Names:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.address = self._transport.get_extra_info("sockname")
        return self

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.asked += 1
        ttl, host = struct.pack("!I", self.ttl_s), socket.inet_aton(self.answered)
        record = b"\xc0\x0c\x00\x01\x00\x01" + ttl + b"\x00\x04" + host
        self._transport.sendto(data[:2] + b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00" + data[12:] + record, addr)

    def stop(self) -> None:
        self._transport.close()


@dataclass
class SomeSubscriptions:
    """A shop's subscriptions."""

    held: list[Subscribed] = field(default_factory=list)

    def of(self, topic: str) -> Sequence[Subscribed]:
        return [one for one in self.held if one.topic == topic]

    def every(self) -> Sequence[Subscribed]:
        return list(self.held)

    def remove(self, subscription: str) -> None:
        self.held = [one for one in self.held if one.id != subscription]

    def move(self, address: str) -> None:
        """All of them point there from now on."""
        self.held = [replace(one, address=address) for one in self.held]


def subscribed(*topics: str, address: str = URL) -> SomeSubscriptions:
    """Subscriptions to these topics."""
    return SomeSubscriptions([Subscribed(f"s{n}", topic, address) for n, topic in enumerate(topics, 1)])


def order(number: int, version: int = 1, topic: str = "orders/create", **more: Any) -> Changed:
    """A change of an order."""
    body = {"id": number, "note": "Zoë/👍", **more}
    return Changed("orders", topic, f"gid://shopify/Order/{number}", number, version, body)
