"""One proxied connection: two sockets, and a flow in each direction.

A FIN in one direction leaves the other one open; a reset by either peer resets both sides.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from random import Random
from typing import Any

from harness.clock import monotonic_ns
from harness.parts.links.toxiproxy.flow import Flow
from harness.parts.links.toxiproxy.listener import set_reset_on_close
from harness.parts.links.toxiproxy.side import Side
from harness.parts.links.toxiproxy.toxics.base import Ending, Stream, Toxic


class Connection:
    """From an accepted client to the end of both sides.

    number: counts the proxy's connections. gone: called once when nothing is left of it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, number: int, client: socket.socket, gone: Callable[[Connection], None]
    ) -> None:
        self.loop = loop
        self.number = number
        self.in_request = False
        self.holes: set[str] = set()
        self._gone = gone
        self._waiting: socket.socket | None = client
        self.closed = False
        self._ended_directions = 0
        self._client = Side(self)
        self._server = Side(self)
        self._flows: dict[Stream, Flow] = {
            "upstream": Flow(self, "upstream", self._client, self._server),
            "downstream": Flow(self, "downstream", self._server, self._client),
        }
        self._client.reads = self._server.writes = self._flows["upstream"]
        self._server.reads = self._client.writes = self._flows["downstream"]
        self._dialling: asyncio.Task[None] | None = None

    def is_still(self) -> bool:
        """Nothing moves any more: it is in a black hole, or closed."""
        return self.closed or bool(self.holes)

    def dial(self, host: str, port: int) -> None:
        """Connect to the upstream, then begin to forward. A refusal resets the client."""
        self._dialling = self.loop.create_task(self._dial(host, port))

    async def _dial(self, host: str, port: int) -> None:
        try:
            await self.loop.create_connection(lambda: self._server, host, port)
            client, self._waiting = self._waiting, None
            if client is not None:
                await self.loop.connect_accepted_socket(lambda: self._client, client)
        except OSError:
            self._dialling = None
            self._client.lost = self._client.transport is None
            self._server.lost = self._server.transport is None
            self.reset()

    def add_toxic(self, stream: Stream, name: str, toxic: Toxic[Any], draws: Random) -> None:
        """Let a toxic work on this connection from now on."""
        if toxic.whole_connection:
            self.holes.add(name)
            self._freeze()
        else:
            self._flows[stream].pipe.add(name, toxic, draws, monotonic_ns())
            self._flows[stream].changed()

    def update_toxic(self, stream: Stream, name: str, toxic: Toxic[Any]) -> None:
        """Change a toxic that works on this connection."""
        if not toxic.whole_connection:
            self._flows[stream].pipe.update(name, toxic, monotonic_ns())
            self._flows[stream].changed()

    def remove_toxic(self, stream: Stream, name: str) -> None:
        """Take a toxic off. The last black hole that goes takes the connection with it."""
        if name in self.holes:
            self.holes.discard(name)
            if not self.holes:
                self.reset()
        else:
            self._flows[stream].pipe.remove(name, monotonic_ns())
            self._flows[stream].changed()

    def reset(self) -> None:
        """Close both sides with RST, now."""
        self._end(flush=False, reset=True)

    def drop(self) -> None:
        """Close both sides with FIN, now; what is under way is lost."""
        self._end(flush=False, reset=False)

    def finish(self) -> None:
        """Close both sides with FIN once they have got what was already forwarded."""
        self._end(flush=True, reset=False)

    def direction_ended(self) -> None:
        self._ended_directions += 1
        if self._ended_directions == len(self._flows):
            self.finish()

    def side_lost(self, side: Side) -> None:
        """A socket is gone: by our doing, or because its peer reset it, which the other side must then see too."""
        if self._client.lost and self._server.lost:
            self._gone(self)
        elif not self.closed and not self.holes:
            side.reads.end(Ending.RESET)

    def _freeze(self) -> None:
        for flow in self._flows.values():
            flow.stop_timer()
            flow.source.read(False)

    def _end(self, *, flush: bool, reset: bool) -> None:
        if self.closed and flush:
            return
        self.closed = True
        for flow in self._flows.values():
            flow.stop_timer()
        self._close_sides(flush=flush, reset=reset)
        if self._waiting is not None:
            if reset:
                set_reset_on_close(self._waiting)
            self._waiting.close()
            self._waiting = None
            if self._dialling is not None:
                self._dialling.cancel()
            self._gone(self)

    def _close_sides(self, *, flush: bool, reset: bool) -> None:
        for side in (self._client, self._server):
            side.close(flush=flush, reset=reset)
