"""HTTP/1.1 as bytes, without sockets: one request out, one bounded response in (RFC 9112).

A client that measures wants to know which bytes came and when, and pays for every layer in lateness: so the witness
reads its answers itself. Only what a client of ours needs: no pipelining, no HEAD, no upgrades, no compression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEAD = 16 * 1024
MAX_BODY = 256 * 1024


class Garbage(ValueError):
    """What came is not an HTTP/1.1 response, or is larger than any answer to our requests can be."""


@dataclass(frozen=True)
class Response:
    """A whole answer. headers: lower-case names, the last of a repeated one. reusable: the connection stays open."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool


def render_request(
    method: str, path: str, host: str, headers: Mapping[str, str], body: bytes | None, *, keepalive: bool
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Connection: {'keep-alive' if keepalive else 'close'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class ResponseReader:
    """Collects the bytes of one response. Feed what comes; `response` is set when it is whole."""

    def __init__(self) -> None:
        self.response: Response | None = None
        self._data = bytearray()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._keeps = False
        self._body_at = -1
        self._length: int | None = None
        self._chunked = False

    def feed(self, data: bytes) -> None:
        """More bytes came. Raises Garbage."""
        self._data += data
        while self._body_at < 0:
            if not self._read_head():
                return
        self._read_body()

    def end(self) -> bool:
        """The peer closed. True when that makes a whole response; False: it was cut off."""
        if self._body_at >= 0 and self._length is None and not self._chunked and self.response is None:
            self._finish(bytes(self._data[self._body_at :]), reusable=False)
        return self.response is not None

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > MAX_HEAD or not b"HTTP/1.".startswith(self._data[:7]):
                raise Garbage(f"not an HTTP response: {bytes(self._data[:20])!r}")
            return False
        status_line, *lines = self._data[:end].decode("latin-1").split("\r\n")
        self._status, version = _parse_status_line(status_line)
        if 100 <= self._status < 200:
            del self._data[: end + 4]
            return bool(self._data)
        self._headers = _parse_headers(lines)
        self._frame(version)
        self._body_at = end + 4
        return True

    def _frame(self, version: str) -> None:
        connection = self._headers.get("connection", "").lower()
        self._keeps = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
        self._chunked = self._headers.get("transfer-encoding", "").lower().endswith("chunked")
        length = self._headers.get("content-length")
        if self._status in (204, 304):
            self._length = 0
        elif length is not None and not self._chunked:
            if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MAX_BODY:
                raise Garbage(f"content length {length[:20]!r}")
            self._length = int(length)

    def _read_body(self) -> None:
        if len(self._data) - self._body_at > MAX_BODY:
            raise Garbage(f"an answer of more than {MAX_BODY} bytes")
        if self._chunked:
            body = _dechunk(self._data, self._body_at)
            if body is not None:
                self._finish(body, reusable=self._keeps)
        elif self._length is not None and len(self._data) - self._body_at >= self._length:
            surplus = len(self._data) - self._body_at > self._length
            body = bytes(self._data[self._body_at : self._body_at + self._length])
            self._finish(body, reusable=self._keeps and not surplus)

    def _finish(self, body: bytes, *, reusable: bool) -> None:
        self.response = Response(self._status, self._headers, body, reusable)


def _parse_status_line(line: str) -> tuple[int, str]:
    version, _, rest = line.partition(" ")
    status = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (status.isascii() and status.isdigit() and len(status) == 3):
        raise Garbage(f"status line {line[:40]!r}")
    if rest[3:4] not in ("", " "):
        raise Garbage(f"status line {line[:40]!r}")
    return int(status), version


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Garbage(f"header line {line[:40]!r}")
        headers[name.lower()] = value.strip()
    return headers


def _dechunk(data: bytearray, at: int) -> bytes | None:
    """The body of a chunked message that starts at `at`; None when its last chunk has not come."""
    body = bytearray()
    while (end := data.find(b"\r\n", at)) >= 0:
        size_text = bytes(data[at:end]).partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError as error:
            raise Garbage(f"chunk size {size_text[:20]!r}") from error
        if not 0 <= size <= MAX_BODY:
            raise Garbage(f"chunk of {size} bytes")
        if size == 0:
            return bytes(body) if data.find(b"\r\n\r\n", end) >= 0 else None  # after trailers, if any
        at = end + 2 + size + 2
        if len(data) < at:
            return None
        if data[at - 2 : at] != b"\r\n":
            raise Garbage("a chunk without its end")
        body += data[end + 2 : end + 2 + size]
    return None
