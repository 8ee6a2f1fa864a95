"""One proxy: where it listens, where it leads, its toxics and its connections. Every method returns at once."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass, field
from random import Random
from typing import Any

from harness.kit.address import join_address
from harness.parts.links.toxiproxy import draws
from harness.parts.links.toxiproxy.connection import Connection
from harness.parts.links.toxiproxy.listener import Listener, reserve
from harness.parts.links.toxiproxy.model import (
    ApiError,
    ProxyBody,
    ToxicSpec,
    parse_address,
    parse_listen,
    parse_toxic,
    toxic_not_found,
    update_toxic,
)

_LOG = logging.getLogger(__name__)
_STREAM_ORDER = ("upstream", "downstream")


@dataclass
class _ActiveToxic:
    """A toxic, how many connections it has met, and what each of them drew for its toxicity."""

    spec: ToxicSpec
    met: int = 0
    streams: dict[int, tuple[float, Random]] = field(default_factory=dict)
    working: set[int] = field(default_factory=set)


class Proxy:
    """One named way from an address to another, with the toxics that work on it and the connections that it has now."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, listen: str, upstream: str, seed: int) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self._loop = loop
        self._seed = seed
        self._listener: Listener | None = None
        self._reserved: socket.socket | None = None
        self._held = False
        self._accepted = 0
        self._connections: dict[int, Connection] = {}
        self._toxics: list[_ActiveToxic] = []

    @property
    def enabled(self) -> bool:
        return self._listener is not None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def toxics(self) -> list[ToxicSpec]:
        """The toxics, upstream ones first, as Toxiproxy lists them."""
        return sorted((active.spec for active in self._toxics), key=lambda spec: _STREAM_ORDER.index(spec.stream))

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [spec.as_json() for spec in self.toxics],
        }

    def start(self) -> None:
        """Listen. Nothing happens when it does already. Raises ApiError when the address is not to be had."""
        if self._listener is not None:
            return
        address = parse_listen(self.listen)
        self._release()
        try:
            self._listener = Listener(self._loop, address, self._accept)
        except OSError as error:
            text = (error.strerror or str(error)).lower()
            raise ApiError(f"listen tcp {join_address(address)}: bind: {text}", 500) from error
        self.listen = join_address(self._listener.address)
        self._dig()

    def stop(self) -> None:
        """Stop listening and close every connection; the port stays ours."""
        if self._listener is None:
            return
        address = self._listener.address
        self._listener.close()
        self._listener = None
        self._reserved = reserve(address)
        self._held = False
        for connection in list(self._connections.values()):
            connection.drop()

    def close(self) -> None:
        """Stop for good, and give the port back."""
        self.stop()
        self._release()

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def differs(self, listen: str, upstream: str) -> bool:
        """Whether it would have to be started anew for these addresses. Raises ApiError for a wrong one."""
        return self.listen != join_address(parse_listen(listen)) or self.upstream != upstream

    def update(self, body: ProxyBody) -> None:
        """Change addresses (which closes its connections) and whether it is enabled. Raises ApiError."""
        listen = self.listen if body.listen is None else body.listen
        upstream = self.upstream if body.upstream is None else body.upstream
        enabled = self.enabled if body.enabled is None else body.enabled
        if self.differs(listen, upstream):
            self.close()
            self.listen, self.upstream = listen, upstream
        if enabled:
            self.start()
        else:
            self.stop()

    def cut(self) -> int:
        """Reset every connection now (RST to both sides). Returns how many there were."""
        cut = list(self._connections.values())
        for connection in cut:
            connection.reset()
        return len(cut)

    def toxic(self, name: str) -> ToxicSpec:
        """Raises ApiError 404 when there is none of this name."""
        return self._find(name).spec

    def add_toxic(self, body: object) -> ToxicSpec:
        """Put a toxic on this proxy, and on the connections that it has. Raises ApiError."""
        spec = parse_toxic(body)
        if any(active.spec.name == spec.name for active in self._toxics):
            raise ApiError("toxic already exists", 409)
        active = _ActiveToxic(spec)
        self._toxics.append(active)
        self._dig()  # first, so that what is in the accept queue becomes a connection that the hole swallows
        for connection in list(self._connections.values()):
            self._meet(active, connection)
        return spec

    def update_toxic(self, name: str, body: object) -> ToxicSpec:
        """Change a toxic's attributes or toxicity. Raises ApiError."""
        active = self._find(name)
        active.spec = update_toxic(active.spec, body)
        self._dig()
        for connection in list(self._connections.values()):
            self._meet(active, connection)
        return active.spec

    def remove_toxic(self, name: str) -> ToxicSpec:
        """Take a toxic off. Raises ApiError 404 when there is none of this name."""
        active = self._find(name)
        self._toxics.remove(active)
        for number in sorted(active.working):
            if number in self._connections:
                self._connections[number].remove_toxic(active.spec.stream, name)
        self._dig()
        return active.spec

    def _find(self, name: str) -> _ActiveToxic:
        for active in self._toxics:
            if active.spec.name == name:
                return active
        raise toxic_not_found()

    def _dig(self) -> None:
        """Make the accept queue full, or not, as the toxics want it."""
        wanted = any(active.spec.toxic.whole_connection and active.spec.toxicity >= 1 for active in self._toxics)
        if self._listener is None or wanted is self._held:
            return
        if wanted:
            self._held = self._listener.hold()
        else:
            self._listener.release()
            self._held = False

    def _accept(self, client: socket.socket) -> None:
        number = self._accepted
        self._accepted += 1
        connection = Connection(self._loop, number, client, self._gone)
        self._connections[number] = connection
        for active in self._toxics:
            self._meet(active, connection)
        try:
            host, port = parse_address(self.upstream)
        except ApiError as error:
            _LOG.error("%s: %s", self.name, error)
            connection.reset()
            return
        connection.dial(host or "127.0.0.1", port)

    def _meet(self, active: _ActiveToxic, connection: Connection) -> None:
        """Let the toxic work on the connection, change it, or take it off, as toxicity and the draw have it."""
        number, spec = connection.number, active.spec
        if number not in active.streams:
            stream = draws.stream(self._seed, self.name, spec.name, active.met)
            active.met += 1
            active.streams[number] = (stream.random(), stream)
        drawn, stream = active.streams[number]
        chosen = drawn < spec.toxicity
        if number in active.working:
            if chosen:
                connection.update_toxic(spec.stream, spec.name, spec.toxic)
            else:
                active.working.discard(number)
                connection.remove_toxic(spec.stream, spec.name)
        elif chosen:
            active.working.add(number)
            connection.add_toxic(spec.stream, spec.name, spec.toxic, stream)

    def _gone(self, connection: Connection) -> None:
        self._connections.pop(connection.number, None)
        for active in self._toxics:
            active.streams.pop(connection.number, None)
            active.working.discard(connection.number)
