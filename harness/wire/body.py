"""Where the body of an HTTP/1.1 message ends, and what is in it (RFC 9112 sections 6 and 7). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.errors import WorldError

MAX_HEAD_BYTES = 64 * 1024
"""Start line and headers together, and trailers. ALB allows 64K for a request (its quotas page, "HTTP headers")."""

MAX_CHUNK_LINE_BYTES = 4096

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")


class FramingError(WorldError):
    """The bytes are no HTTP/1.x message whose end everybody agrees on."""


@dataclass(slots=True)
class LengthBody:
    """A body of a known length."""

    left: int

    def take(self, data: bytes, at: int) -> int:
        """Where the body's bytes in `data[at:]` end."""
        taken = min(self.left, len(data) - at)
        self.left -= taken
        return at + taken

    @property
    def done(self) -> bool:
        """Every byte has come."""
        return self.left == 0

    def content(self, taken: bytes) -> bytes:
        """What is in the bytes that were taken: themselves."""
        return taken


class EndlessBody:
    """A body that ends with the connection."""

    done = False

    def take(self, data: bytes, at: int) -> int:
        """Everything."""
        return len(data)

    def content(self, taken: bytes) -> bytes:
        """What is in the bytes that were taken: themselves."""
        return taken


@dataclass(slots=True)
class ChunkedBody:
    """A chunked body with its trailer section (RFC 9112 section 7.1). decode: keep its data for `content`."""

    decode: bool = False
    done: bool = False
    _left: int = 0
    _line: bytes = b""
    _expect: str = "size"
    _trailer_bytes: int = 0
    _content: list[bytes] = field(default_factory=list)

    def take(self, data: bytes, at: int) -> int:
        """Where the body's bytes in `data[at:]` end. Raises FramingError."""
        while at < len(data) and not self.done:
            at = self._take_chunk(data, at) if self._left else self._take_line(data, at)
        return at

    def content(self, taken: bytes) -> bytes:
        """The data in what was taken last, without sizes and trailers; only when it is decoded."""
        found = b"".join(self._content)
        self._content.clear()
        return found

    def _take_chunk(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        if self.decode:
            self._content.append(data[at : at + taken])
        self._left -= taken
        if not self._left:
            self._expect = "end of chunk"
        return at + taken

    def _take_line(self, data: bytes, at: int) -> int:
        newline = data.find(b"\n", at)
        end = len(data) if newline < 0 else newline + 1
        self._line += data[at:end]
        if self._expect == "end of chunk":
            if not b"\r\n".startswith(self._line):
                raise FramingError("chunked body: a chunk is longer than its size says")
        elif len(self._line) > MAX_CHUNK_LINE_BYTES:
            raise FramingError(f"chunked body: no {self._expect} line within {MAX_CHUNK_LINE_BYTES} bytes")
        if newline >= 0:
            line, self._line = self._line, b""
            if not line.endswith(b"\r\n"):
                raise FramingError("chunked body: a line ends with a bare LF")
            self._on_line(line[:-2])
        return end

    def _on_line(self, line: bytes) -> None:
        if self._expect == "end of chunk":
            self._expect = "size"
        elif self._expect == "size":
            size = _CHUNK_SIZE.fullmatch(line)
            if size is None:
                raise FramingError(f"chunked body: {line[:40]!r} is no chunk size")
            self._left = int(size.group(1), 16)
            if not self._left:
                self._expect = "trailer"
        elif not line:
            self.done = True
        else:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > MAX_HEAD_BYTES or _TRAILER.fullmatch(line) is None:
                raise FramingError("chunked body: a bad or too long trailer section")


Body = LengthBody | EndlessBody | ChunkedBody
