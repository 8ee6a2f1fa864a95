"""One direction of a connection: from the socket that reads, through the pipe of toxics, to the socket that writes.

Without toxics a chunk goes straight on. Either way, a sink that cannot keep up stops the reading of the source.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from harness.clock import monotonic_ns
from harness.parts.links.toxiproxy.pipe import Pipe
from harness.parts.links.toxiproxy.toxics.base import NEVER_NS, Chunk, End, Ending, Item, Stream
from harness.units import NS_PER_MS


class Socket(Protocol):
    """What a flow asks of the sockets at its ends."""

    def read(self, wanted: bool) -> None:
        """Read, or leave the bytes where the sender notices."""
        ...

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def write_eof(self) -> None:
        """Send FIN after what was written."""
        ...


class Owner(Protocol):
    """What a flow asks of the connection that it is a direction of."""

    loop: asyncio.AbstractEventLoop
    in_request: bool
    holes: set[str]

    def is_still(self) -> bool:
        """Nothing moves any more."""
        ...

    def reset(self) -> None:
        """Close both sides with RST, now."""
        ...

    def finish(self) -> None:
        """Close both sides with FIN once they have got what was already forwarded."""
        ...

    def direction_ended(self) -> None:
        """One direction is over; the other may go on."""
        ...


class Flow:
    """One direction: what `source` reads goes through the pipe and is written to `sink`."""

    def __init__(self, connection: Owner, stream: Stream, source: Socket, sink: Socket) -> None:
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
            self._timer = loop.call_later(-(-wait_ns // NS_PER_MS) / 1000, self.pump)

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
