"""DNS over TCP: messages with their length in front (RFC 7766), of clients that may be slow, silent or many.

A connection on which no whole message has come for `IDLE_S` is closed; so is one whose client takes no answers for as
long, since it would hold them here. There are `MOST` at a time: for one more, the one that has said nothing for longest
is reset. So whoever opens thousands shuts nobody out, and takes no sockets from health checkers in the same process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

IDLE_S = 10.0
MOST = 128

Answer = Callable[[bytes], None]
"""Sends an answer to whoever asked; does nothing when he is gone."""
Asked = Callable[[bytes, Answer], bool]
"""A message has come. False: the connection is to be closed."""


class TcpClients:
    """The connections of one listener; `serve` is for asyncio.start_server. most, idle_s: see above."""

    def __init__(self, asked: Asked, *, most: int = MOST, idle_s: float = IDLE_S) -> None:
        self._asked = asked
        self._most = most
        self._idle_s = idle_s
        self._open: dict[asyncio.StreamWriter, None] = {}  # silent for longest first
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        while len(self._open) >= self._most:
            self._reset(next(iter(self._open)))
        self._open[writer] = None
        try:
            await self._talk(reader, writer)
            writer.close()
            async with asyncio.timeout(self._idle_s):
                await writer.wait_closed()
        except (asyncio.IncompleteReadError, TimeoutError, OSError) as error:
            log.debug("a DNS client over TCP left: %r", error)
        finally:
            self._reset(writer)
            self._tasks.discard(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def answer(wire: bytes) -> None:
            if not writer.is_closing():
                writer.write(len(wire).to_bytes(2) + wire)

        while True:
            async with asyncio.timeout(self._idle_s):
                message = await _message(reader)
            if message is None or writer not in self._open or not self._asked(message, answer):
                return
            del self._open[writer]
            self._open[writer] = None
            async with asyncio.timeout(self._idle_s):
                await writer.drain()

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        """Its task ends by itself: what it waits for never comes. (Streams complain of a task that is cancelled.)"""
        self._open.pop(writer, None)
        writer.transport.abort()

    async def close(self) -> None:
        """Reset every connection."""
        for writer in tuple(self._open):
            self._reset(writer)
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """The next one; None: whoever asked has nothing more to say."""
    try:
        length = await reader.readexactly(2)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    return await reader.readexactly(int.from_bytes(length, "big"))
