"""One HTTP/1.1 exchange as bytes, without sockets: one request out, one whole and bounded response in (RFC 9112).

A client that measures wants to know which bytes came and when, and pays for every layer in lateness: so our clients
collect their answers themselves. Only what they need: no pipelining, no upgrades, no compression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from harness.wire.body import MAX_HEAD_BYTES, FramingError
from harness.wire.framing import ResponseHead, ResponseReader, status_line


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. headers: lower-case names, the last of a repeated one. reusable: the connection stays open.

    reason: what the status line says beside the status.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool
    reason: str = ""


def render_request(
    method: str, path: str, host: str, headers: Mapping[str, str], body: bytes | None, *, keepalive: bool
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Connection: {'keep-alive' if keepalive else 'close'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class ResponseCollector:
    """Collects the bytes of one response; interim ones are passed over. Feed what comes.

    head: of the final response, once it is there; response: the whole, once it is. max_body_bytes: an answer with a
    larger body is refused; None: any size is taken.
    """

    __slots__ = ("_max_body_bytes", "_pieces", "_reader", "body_bytes", "head", "response")

    def __init__(
        self, *, method: bytes = b"GET", max_head_bytes: int = MAX_HEAD_BYTES, max_body_bytes: int | None = None
    ) -> None:
        self.head: ResponseHead | None = None
        self.response: Response | None = None
        self.body_bytes = 0
        self._pieces: list[bytes] = []
        self._max_body_bytes = max_body_bytes
        self._reader = ResponseReader(max_head_bytes, decode=True, method=method)

    @property
    def status(self) -> tuple[int, str] | None:
        """Status and reason, as soon as the status line of the final response is there."""
        return self._reader.coming_status() if self.head is None else status_line(self.head.raw)

    @property
    def body(self) -> bytes:
        """What has come of the body."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def feed(self, data: bytes) -> None:
        """More bytes came. Raises FramingError: they are no response, or one that is too large."""
        for part in self._reader.feed(data):
            if part.head is not None and not cast(ResponseHead, part.head).interim:
                self.head = cast(ResponseHead, part.head)
                self._refuse_size(self.head.length or 0)
            if part.error is not None:
                raise FramingError(part.error)
            if part.body:
                self._pieces.append(part.body)
                self.body_bytes += len(part.body)
                self._refuse_size(self.body_bytes)
            if part.finished:
                self._finish()

    def end(self) -> bool:
        """The peer closed. True when that makes a whole response; False: it was cut off."""
        if self.response is None and self._reader.end_of_stream():
            self._finish()
        return self.response is not None

    def _refuse_size(self, size: int) -> None:
        if self._max_body_bytes is not None and size > self._max_body_bytes:
            raise FramingError(f"an answer of more than {self._max_body_bytes} bytes")

    def _finish(self) -> None:
        assert self.head is not None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.head.fields}
        reusable = self.head.keep_alive and not self._reader.waiting_bytes
        _, reason = status_line(self.head.raw) or (0, "")
        self.response = Response(self.head.status, headers, self.body, reusable, reason)
