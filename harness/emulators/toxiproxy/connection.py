"""One proxied connection: two sockets, and a pipe of toxics in each direction.

Without toxics a chunk goes straight from one transport to the other. Either way a side that cannot keep up stops the
reading of the other, and a FIN in one direction leaves the other one open.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from random import Random
from typing import Any, cast

from harness.clock import monotonic_ns
from harness.emulators.toxiproxy.listener import set_reset_on_close
from harness.emulators.toxiproxy.pipe import Pipe
from harness.emulators.toxiproxy.toxics.base import NEVER_NS, Chunk, End, Ending, Item, Stream, Toxic

_WRITE_BUFFER_BYTES = 256 * 1024
_NS_PER_MS = 1_000_000


class Flow:
    """One direction: what `source` reads goes through the pipe and is written to `sink`."""

    def __init__(self, connection: Connection, stream: Stream, source: Side, sink: Side) -> None:
        self.connection = connection
        self.pipe = Pipe()
        self.source = source
        self.sink = sink
        self.direct = True
        self.blocked = False
        self._upstream = stream == "upstream"
        self._ended = False
        self._timer: asyncio.Handle | None = None

    def receive(self, data: bytes) -> None:
        """Bytes from the source."""
        connection = self.connection
        if connection.holes:  # read before the reading could be stopped: lost like the rest
            return
        starts_request = self._upstream and not connection.in_request
        if self._upstream:
            connection.in_request = True
        if self.direct:
            self._write(data)
        else:
            self._push(Chunk(data, starts_request))

    def end(self, how: Ending) -> None:
        """The source has ended."""
        if self.connection.holes:
            return
        if self.direct:
            self._deliver(End(how))
        else:
            self._push(End(how))

    def changed(self) -> None:
        """The pipe's toxics were changed."""
        self.direct = self.pipe.transparent
        self.pump()

    def pump(self) -> None:
        """Deliver what is due, one item for each turn of the loop, and see to it that we are called again."""
        self.stop_timer()
        if self.connection.is_still():
            return
        if not self.blocked:
            item = self.pipe.pop(monotonic_ns())
            if item is not None:
                self._deliver(item)
                if self.connection.is_still():
                    return
            self._arm()
        self.direct = self.pipe.transparent
        self.steer()

    def steer(self) -> None:
        """Read the source only while there is room for what it sends."""
        if self.connection.is_still():
            return
        self.source.read(not self.blocked if self.direct else self.pipe.has_room)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _push(self, item: Item) -> None:
        self.pipe.push(item, monotonic_ns())
        self.pump()

    def _arm(self) -> None:
        next_ns = self.pipe.next_ns
        if next_ns >= NEVER_NS:
            return
        wait_ns = next_ns - monotonic_ns()
        loop = self.connection.loop
        if wait_ns <= 0:
            self._timer = loop.call_soon(self.pump)
        else:  # the loop's timers count whole milliseconds; never early
            self._timer = loop.call_later(-(-wait_ns // _NS_PER_MS) / 1000, self.pump)

    def _deliver(self, item: Item) -> None:
        if isinstance(item, Chunk):
            self._write(item.data)
        elif item.how is Ending.RESET:
            self.connection.reset()
        elif item.how is Ending.FULL:
            self.connection.finish()
        elif not self._ended:
            self._ended = True
            self.sink.write_eof()
            self.connection.direction_ended()

    def _write(self, data: bytes) -> None:
        if not self._upstream:
            self.connection.in_request = False
        self.sink.write(data)


class Side(asyncio.Protocol):
    """One of the two sockets. Ignores everything that comes too late."""

    reads: Flow
    writes: Flow

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._reading = True
        self._early: list[bytes] = []
        self._early_eof = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._connection.closed:
            self.close(flush=False, reset=True)
            return
        self.transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._reading:  # uvloop begins to read after this call, whatever is said in it
            self._connection.loop.call_soon(self._pause)
        if self._early:
            self.transport.writelines(self._early)
            self._early.clear()
        if self._early_eof:
            self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        self.reads.receive(data)

    def eof_received(self) -> bool:
        self.reads.end(Ending.HALF)
        return True

    def pause_writing(self) -> None:
        self.writes.blocked = True
        self.writes.steer()

    def resume_writing(self) -> None:
        self.writes.blocked = False
        self.writes.pump()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._connection.side_lost(self)

    def read(self, wanted: bool) -> None:
        """Read, or leave the bytes in the kernel, so that the sender notices."""
        if wanted is self._reading:
            return
        self._reading = wanted
        if self.transport is None or self.transport.is_closing():
            return
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _pause(self) -> None:
        if not self._reading and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def write(self, data: bytes) -> None:
        """Send; a server that speaks first may do so a moment before its client's transport is there."""
        if self.transport is None:
            self._early.append(data)
        elif not self.transport.is_closing():
            self.transport.write(data)

    def write_eof(self) -> None:
        if self.transport is None:
            self._early_eof = True
        elif not self.transport.is_closing():
            self.transport.write_eof()

    def close(self, *, flush: bool, reset: bool) -> None:
        if self.transport is None or self.lost:
            return
        if reset:
            set_reset_on_close(self.transport.get_extra_info("socket"))
        if flush:
            self.transport.close()
        else:
            self.transport.abort()


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
