"""Carries HTTP/1.1 exchanges between a client connection and upstream connections, at asyncio's protocol level.

`ClientConnection` serves one client, one exchange at a time: a pipelined request waits until the one before it is
answered. Subclasses decide where a request goes and what the client sees when the upstream fails; `Upstream` is one
connection to the other side, owned by at most one exchange. Each pauses the other when its peer does not read.

No request is ever sent twice: a pooled connection that died while idle is found out before anything is written.

Longer than 300 lines because an exchange is one protocol: every callback of asyncio reads and writes the same state.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import cast

from harness.engines.http.answer import Answer
from harness.engines.http.upstream import Destination, Failure, Upstream, reset, without_delay
from harness.wire.framing import Part, RequestHead, RequestReader, ResponseHead

MAX_WAITING_BYTES = 256 * 1024
"""Client bytes held for a request that waits (for a connection, or for its turn) before we stop reading."""

LINGER_S = 1.0
"""How long a connection whose request we did not read to its end is drained, so that the answer is not lost."""


class ClientConnection(asyncio.Protocol, ABC):
    """A client's connection: its requests go to an upstream one at a time, and their answers come back."""

    max_request_head_bytes = 64 * 1024
    max_response_head_bytes = 64 * 1024
    quickack = False
    connect_timeout_s: float | None = None

    def __init__(self) -> None:
        self.lost = False
        self.transport: asyncio.Transport | None = None
        self.reader = RequestReader(max_head_bytes=self.max_request_head_bytes)
        self.request: RequestHead | None = None
        self.response: ResponseHead | None = None
        self.request_done = False
        self.response_done = False
        self.upstream: Upstream | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connected: asyncio.Task[None] | None = None
        self._continued = False
        self._client_full = False
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self._draining = False
        self._passing = False
        self._linger: asyncio.TimerHandle | None = None
        self._held = False

    # What subclasses decide.

    @abstractmethod
    def choose(self, request: RequestHead) -> Destination | Answer:
        """Where a request goes, or what to answer instead of asking anybody."""

    @abstractmethod
    def take_pooled(self, destination: Destination) -> Upstream | None:
        """A live idle connection for this destination, removed from its pool; None to make a new one."""

    @abstractmethod
    def give_back(self, upstream: Upstream) -> None:
        """Keep an idle connection for later."""

    @abstractmethod
    def on_failure(self, failure: Failure, detail: str) -> None:
        """The upstream failed before the response was complete. Must answer, reset or close the client."""

    @abstractmethod
    def on_bad_request(self, detail: str) -> Answer:
        """The answer to a request that cannot be framed."""

    def request_bytes(self, request: RequestHead) -> bytes:
        """The head to send upstream; as it came unless a subclass changes it."""
        return request.raw

    def response_bytes(self, response: ResponseHead) -> bytes:
        """The head to send to the client; as it came unless a subclass changes it."""
        return response.raw

    def keeps_client(self) -> bool:
        """Whether the client connection lives on after the exchange that just ended."""
        return (
            self.request is not None
            and self.response is not None
            and self.request.keep_alive
            and self.response.keep_alive
        )

    def on_progress(self) -> None:
        """Something of the exchange moved on; for idle time-outs."""

    def on_exchange_end(self) -> None:
        """The exchange is over, well or not."""

    def on_client_lost(self) -> None:
        """The client is gone; `upstream` has been closed."""

    # The client's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        without_delay(transport)

    def data_received(self, data: bytes) -> None:
        if self._draining or self._passing:
            return
        self._on_request(self.reader.feed(data))

    def eof_received(self) -> bool:
        # A client that sends FIN is gone: half-closed connections do not survive a Toxiproxy link either.
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self.transport = None
        if self._linger is not None:
            self._linger.cancel()
        self._end_exchange()
        self.on_client_lost()

    def pause_writing(self) -> None:
        self._client_full = True
        if self.upstream is not None:
            self.upstream.hold_reading(True)

    def resume_writing(self) -> None:
        self._client_full = False
        if self.upstream is not None:
            self.upstream.hold_reading(False)

    def hold_reading(self, held: bool) -> None:
        """Stop or go on reading from the client. A held connection does not notice that its client left."""
        if self.transport is None or self.transport.is_closing() or held == self._held:
            return
        self._held = held
        if held:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _on_request(self, parts: list[Part]) -> None:
        for part in parts:
            if part.head is not None and not self._begin(cast(RequestHead, part.head)):
                return
            if part.error is not None:
                self._refuse(part.error)
                return
            if part.body:
                self._queue(part.body)
            self.request_done = self.request_done or part.finished
        self.on_progress()
        if self.upstream is not None:
            self._flush()
            if self.response_done and self.request_done:
                self._complete()
        if self.reader.waiting_bytes + self._outgoing_bytes > MAX_WAITING_BYTES:
            self.hold_reading(True)

    def _begin(self, request: RequestHead) -> bool:
        self.request, self.response = request, None
        self.request_done = self.response_done = self._continued = False
        if request.minor and request.hosts != 1:  # RFC 9112 section 3.2
            self.request_done = self.reader.finished
            self._refuse(f"an HTTP/1.1 request has one Host header, not {request.hosts}")
            return False
        destination = self.choose(request)
        if isinstance(destination, Answer):
            self.request_done = self.reader.finished
            self.answer(destination)
            return False
        self._queue(self.request_bytes(request))
        pooled = self.take_pooled(destination)
        if pooled is not None:
            self._own(pooled)
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(destination))
        return True

    def _queue(self, data: bytes) -> None:
        self._outgoing.append(data)
        self._outgoing_bytes += len(data)

    def _flush(self) -> None:
        if self.upstream is not None and self._outgoing:
            data = self._outgoing[0] if len(self._outgoing) == 1 else b"".join(self._outgoing)
            self._outgoing.clear()
            self._outgoing_bytes = 0
            self.upstream.send(data)

    def _refuse(self, detail: str) -> None:
        answer = self.on_bad_request(detail)
        if self.response is not None:
            self.reset_client()
        else:
            self.answer(answer)

    # The upstream's side.

    def connect_elsewhere(self, destination: Destination) -> None:
        """Try another upstream, from on_failure of one that was never connected: nothing has been sent yet."""
        self.upstream = None
        pooled = self.take_pooled(destination)
        if pooled is not None:
            self._own(pooled)
            self.hold_reading(False)
            self._flush()
            self.on_progress()
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(destination))

    async def _connect(self, destination: Destination) -> None:
        loop = asyncio.get_running_loop()
        upstream = Upstream(destination, self, self.max_response_head_bytes, self.quickack)
        try:
            async with asyncio.timeout(self.connect_timeout_s):
                await loop.create_connection(lambda: upstream, *destination.address)
        except TimeoutError:  # ours, or the kernel's ETIMEDOUT
            upstream.abort()
            self.fail(Failure.TIMEOUT, "connect timed out")
        except OSError as error:
            upstream.abort()
            self.fail(Failure.REFUSED, f"connect: {error}")
        except asyncio.CancelledError:
            upstream.abort()
            raise

    def on_connected(self, upstream: Upstream) -> None:
        """The connection that this exchange waits for is there."""
        # Nothing cancels a task that has done its work, but somebody must hold on to it until it returns.
        self._connected, self._connecting = self._connecting, None
        self._own(upstream)
        self.hold_reading(False)
        self._flush()
        self.on_progress()

    def _own(self, upstream: Upstream) -> None:
        assert self.request is not None
        upstream.owner = self
        upstream.reader.method = self.request.method
        self.upstream = upstream
        if self._client_full:
            upstream.hold_reading(True)

    def on_response(self, parts: list[Part]) -> None:
        """Parts of the response arrived."""
        self.on_progress()
        out: list[bytes] = []
        for part in parts:
            if part.error is not None and not self._passing:
                self._send(out)
                self.on_garbage(part)
                return
            if part.head is not None:
                head = cast(ResponseHead, part.head)
                self.response = None if head.interim else head
                self._continued = self._continued or head.interim
                out.append(self.response_bytes(head))
            if part.body:
                out.append(part.body)
            self.response_done = self.response_done or part.finished
        self._send(out)
        if self.response_done:
            self._after_response()

    def on_garbage(self, part: Part) -> None:
        """The response cannot be framed from `part` on."""
        self.fail(Failure.GARBAGE, part.error or "")

    def on_upstream_lost(self, failure: Failure) -> None:
        """The upstream's connection ended while this exchange used it."""
        if self.response_done:
            # An early answer, and then the end: pass both on; the rest of the request has nobody to read it.
            self._end_exchange()
            self.close_client()
        else:
            self.fail(failure, "connection ended")

    def fail(self, failure: Failure, detail: str) -> None:
        """Give the exchange up, and tell the client as the subclass sees fit."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self.upstream is not None:
            self.upstream.abort()
        if not self.lost and not self._draining:
            self.on_failure(failure, detail)

    def _send(self, pieces: list[bytes]) -> None:
        if self.transport is not None and pieces:
            self.transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _after_response(self) -> None:
        if self.request_done:
            self._complete()
        elif self.request is not None and self.request.expects_continue and not self._continued:
            # The client may or may not send the body now: where its next request starts is unknowable.
            self._end_exchange()
            self.close_client()

    def _complete(self) -> None:
        upstream, response = self.upstream, self.response
        keep = self.keeps_client()
        self.upstream = None
        self.on_exchange_end()
        if upstream is not None:
            if response is not None and response.keep_alive and upstream.reusable:
                upstream.hold_reading(False)
                upstream.detach()
                self.give_back(upstream)
            else:
                upstream.abort()
        self._forget_exchange()
        if keep:
            self._next_request()
        else:
            self.close_client()

    def _next_request(self) -> None:
        self.hold_reading(False)
        if self.reader.waiting_bytes:
            # Not from here: a client that pipelines many requests would nest as many calls.
            asyncio.get_running_loop().call_soon(self._pipelined_request)
        else:
            self.reader.resume()

    def _pipelined_request(self) -> None:
        if not self.lost and not self._draining:
            self._on_request(self.reader.resume())

    def _forget_exchange(self) -> None:
        self.request = self.response = None
        self.request_done = self.response_done = self._continued = False
        self._outgoing.clear()
        self._outgoing_bytes = 0

    def _end_exchange(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self.upstream is not None:
            self.upstream.abort()
            self.upstream = None
        self.on_exchange_end()
        self._forget_exchange()

    # Ways to end it.

    def answer(self, answer: Answer) -> None:
        """Send a response of our own, and go on with the next request if this one was read to its end."""
        if self.transport is None:
            return
        request = self.request
        keep = request is not None and request.keep_alive and self.request_done and not self.reader.broken
        self._end_exchange()
        self.transport.write(answer.render(keep=keep, with_body=request is None or request.method != b"HEAD"))
        if keep:
            self._next_request()
        else:
            self.close_client()

    def reset_client(self) -> None:
        """The client sees a reset."""
        self._end_exchange()
        if self.transport is not None:
            reset(self.transport)

    def close_client(self) -> None:
        """The client sees an orderly end, behind everything that was written.

        A request that is not complete is drained first: closing over unread bytes would make the kernel send a
        reset, which can overtake the answer.
        """
        if self.transport is None or self._draining:
            return
        if self.reader.finished or self.reader.idle:
            self.transport.close()
            return
        self._draining = True
        self.hold_reading(False)
        if not self.transport.is_closing():
            with suppress(OSError):  # a client that is gone by now, unnoticed while nothing was read
                self.transport.write_eof()
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)
