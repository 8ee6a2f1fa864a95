"""Where HTTP/1.1 messages begin and end (RFC 9112), for proxies that pass on the bytes as they came.

One `MessageReader` follows one direction of one connection. `feed` gives the parts of the *current* message; bytes
behind its end wait inside the reader until `resume`, so pipelined requests come out one at a time. No I/O here.

Strict where leniency lets two parties disagree about an end (request smuggling): bare LF, folded lines, space
before a colon, Content-Length beside Transfer-Encoding, repeated or non-decimal lengths are errors.

Longer than 300 lines because both directions share one reader, whose rules are only safe when they are read together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.wire.body import MAX_HEAD_BYTES, Body, ChunkedBody, EndlessBody, FramingError, LengthBody

MAX_INTERIM_HEADS = 16

_FIELD_BLOCK = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*\r\n")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP/1\.([01])")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\r\n\0]*))?")
_DECIMAL = re.compile(rb"[0-9]{1,18}")


_START = b"HTTP/1."


@dataclass(slots=True)
class Head:
    """Start line and headers of a message.

    raw: as received, with the empty line. fields: (lower-case name, value without outer white space), in order.
    keep_alive: the sender lets the connection live on after this message.
    """

    raw: bytes
    minor: int
    fields: list[tuple[bytes, bytes]]
    keep_alive: bool

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header, given in lower case; None when it is absent."""
        for key, value in self.fields:
            if key == name:
                return value
        return None


@dataclass(slots=True)
class RequestHead(Head):
    """A request's head. expects_continue: the client may wait for `100 Continue` before it sends the body.

    hosts: how many Host headers it has; RFC 9112 section 3.2 wants one in HTTP/1.1.
    """

    method: bytes = b""
    target: bytes = b""
    expects_continue: bool = False
    hosts: int = 1


@dataclass(slots=True)
class ResponseHead(Head):
    """A response's head. interim: 1xx, another head follows. until_close: only the end of the connection ends it.

    length: of the body, None when it is not told beforehand.
    """

    status: int = 0
    interim: bool = False
    until_close: bool = False
    length: int | None = None


@dataclass(slots=True)
class Part:
    """What one `feed` found of a message: a head (or None), body bytes, whether the message ended, an error.

    error: nothing more can be framed on this connection; `body` then holds the bytes that could not be framed.
    """

    head: Head | None = None
    body: bytes = b""
    finished: bool = False
    error: str | None = None


@dataclass(slots=True)
class MessageReader:
    """Frames one direction of a connection; see the module. Subclasses know requests from responses.

    max_head_bytes: longest accepted start line and headers together. decode: parts hold a chunked body's data, not its
    raw bytes.
    """

    max_head_bytes: int = MAX_HEAD_BYTES
    decode: bool = False
    finished: bool = False
    broken: bool = False
    _buffer: bytes = b""
    _body: Body | None = None
    _interim: int = field(default=0)

    @property
    def waiting_bytes(self) -> int:
        """Bytes held back: an incomplete head, or what came behind the end of the current message."""
        return len(self._buffer)

    @property
    def idle(self) -> bool:
        """Nothing of a message has come: an end of the connection is harmless now."""
        return self._body is None and not self._buffer and not self.broken

    def feed(self, data: bytes) -> list[Part]:
        """The parts of the current message that `data` brings. After an error, everything is one more error part."""
        if self.broken:
            return [Part(body=data, error="bytes behind a framing error")]
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if self.finished:
            self._buffer = data
            return []
        return self._parse(data)

    def resume(self) -> list[Part]:
        """Go on to the next message; returns the parts of it that had already come."""
        self.finished = False
        self._body = None
        self._interim = 0
        data, self._buffer = self._buffer, b""
        return self._parse(data) if data and not self.broken else []

    def end_of_stream(self) -> bool:
        """The peer ended the connection: True when that properly ends the current message."""
        if isinstance(self._body, EndlessBody):
            self.finished = True
        return self.finished

    def _parse(self, data: bytes) -> list[Part]:
        parts: list[Part] = []
        head: Head | None = None
        at = 0
        try:
            while not self.finished:
                head = None
                if self._body is None:
                    at = self._skip_empty_lines(data, at)
                    end = self._head_end(data, at)
                    if end < 0:
                        self._buffer = data[at:]
                        break
                    head = self._begin(data[at:end])
                    at = end
                    if self._body is None:
                        parts.append(Part(head))
                        continue
                start, at = at, self._body.take(data, at)
                self.finished = self._body.done
                content = self._body.content(data[start:at]) if self.decode else data[start:at]
                parts.append(Part(head, content, self.finished))
                if not self.finished:
                    return parts
        except FramingError as error:
            self.broken = True
            parts.append(Part(head, data[at:], error=str(error)))
            return parts
        if self.finished:
            self._buffer = data[at:]
        return parts

    def _head_end(self, data: bytes, at: int) -> int:
        """The end of the head that starts at `at`; -1 when it is not complete."""
        found = data.find(b"\r\n\r\n", at)
        size = (len(data) if found < 0 else found + 4) - at
        if size > self.max_head_bytes:
            raise FramingError(f"a head of more than {self.max_head_bytes} bytes")
        if found < 0:
            newline = data.find(b"\n", at)
            if newline == at or (newline > at and data[newline - 1] != 13):
                raise FramingError("a line ends with a bare LF")
            self._check_start(data, at)
            return -1
        return found + 4

    def _check_start(self, data: bytes, at: int) -> None:
        """Refuse an incomplete head that cannot become one. Raises FramingError."""

    def _skip_empty_lines(self, data: bytes, at: int) -> int:
        """Where the message starts; responses have nothing to skip."""
        return at

    def _begin(self, raw: bytes) -> Head:
        """Parse a head and set `_body`, or leave it None when another head follows. Raises FramingError."""
        raise NotImplementedError

    def _fields(self, raw: bytes, start: int) -> list[tuple[bytes, bytes]]:
        if _FIELD_BLOCK.fullmatch(raw, start) is None:
            raise FramingError("a malformed header line")
        fields = []
        for line in raw[start:-4].split(b"\r\n"):
            name, colon, value = line.partition(b":")
            if colon:
                fields.append((name.lower(), value.strip(b" \t")))
        return fields


@dataclass(slots=True)
class _Framing:
    """The headers that decide about ends."""

    length: int | None = None
    codings: list[bytes] = field(default_factory=list)
    options: list[bytes] = field(default_factory=list)
    expect: bytes = b""
    hosts: int = 0


def _framing(fields: list[tuple[bytes, bytes]]) -> _Framing:
    found = _Framing()
    for name, value in fields:
        if name == b"content-length":
            if found.length is not None or _DECIMAL.fullmatch(value) is None:
                raise FramingError(f"Content-Length {value[:40]!r} is repeated or no decimal number")
            found.length = int(value)
        elif name == b"transfer-encoding":
            found.codings += [coding.strip() for coding in value.lower().split(b",")]
        elif name == b"connection":
            found.options += [option.strip() for option in value.lower().split(b",")]
        elif name == b"expect":
            found.expect = value.lower()
        elif name == b"host":
            found.hosts += 1
    if found.length is not None and found.codings:
        raise FramingError("both Content-Length and Transfer-Encoding")
    return found


def _keep_alive(minor: int, options: list[bytes]) -> bool:
    if b"close" in options:
        return False
    return minor == 1 or b"keep-alive" in options


class RequestReader(MessageReader):
    """Frames requests. CONNECT is refused: what follows it is no HTTP."""

    __slots__ = ()

    def _skip_empty_lines(self, data: bytes, at: int) -> int:
        # RFC 9112 section 2.2: a server should ignore an empty line in front of a request.
        while data.startswith(b"\r\n", at):
            at += 2
        return at

    def _begin(self, raw: bytes) -> RequestHead:
        line_end = raw.index(b"\r\n")
        line = _REQUEST_LINE.fullmatch(raw, 0, line_end)
        if line is None:
            raise FramingError(f"{raw[: min(line_end, 80)]!r} is no request line of HTTP/1.0 or 1.1")
        method, target, minor = line.group(1), line.group(2), int(line.group(3))
        if method == b"CONNECT":
            raise FramingError("CONNECT is not supported")
        fields = self._fields(raw, line_end + 2)
        framing = _framing(fields)
        if framing.codings:
            if framing.codings != [b"chunked"] or minor == 0:
                raise FramingError("a Transfer-Encoding other than chunked in HTTP/1.1")
            self._body = ChunkedBody(self.decode)
        else:
            self._body = LengthBody(framing.length or 0)
        keep_alive = _keep_alive(minor, framing.options)
        expects = framing.expect == b"100-continue" and not self._body.done
        return RequestHead(raw, minor, fields, keep_alive, method, target, expects, framing.hosts)


@dataclass(slots=True)
class ResponseReader(MessageReader):
    """Frames responses. method: of the request that the next response answers (HEAD has no body)."""

    method: bytes = b""

    def coming_status(self) -> tuple[int, str] | None:
        """Status and reason of a final head that is under way; None while its first line is not there."""
        return status_line(self._buffer) if self._body is None else None

    def _check_start(self, data: bytes, at: int) -> None:
        if not _START.startswith(data[at : at + len(_START)]):
            raise FramingError(f"{data[at : at + 80]!r} begins no response of HTTP/1.0 or 1.1")

    def _begin(self, raw: bytes) -> ResponseHead:
        line_end = raw.index(b"\r\n")
        line = _STATUS_LINE.fullmatch(raw, 0, line_end)
        if line is None:
            raise FramingError(f"{raw[: min(line_end, 80)]!r} is no status line of HTTP/1.0 or 1.1")
        minor, status = int(line.group(1)), int(line.group(2))
        if status == 101:
            raise FramingError("101 Switching Protocols is not supported")
        fields = self._fields(raw, line_end + 2)
        framing = _framing(fields)
        keep_alive = _keep_alive(minor, framing.options)
        if status < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM_HEADS:
                raise FramingError(f"more than {MAX_INTERIM_HEADS} interim responses")
            return ResponseHead(raw, minor, fields, keep_alive, status, interim=True)
        self._body = self._body_of(minor, status, framing)
        endless = isinstance(self._body, EndlessBody)
        length = self._body.left if isinstance(self._body, LengthBody) else None
        return ResponseHead(raw, minor, fields, keep_alive and not endless, status, until_close=endless, length=length)

    def _body_of(self, minor: int, status: int, framing: _Framing) -> Body:
        """RFC 9112 section 6.3."""
        if self.method == b"HEAD" or status in (204, 304):
            return LengthBody(0)
        if framing.codings:
            if minor == 0:
                raise FramingError("Transfer-Encoding in an HTTP/1.0 response")
            return ChunkedBody(self.decode) if framing.codings[-1] == b"chunked" else EndlessBody()
        return EndlessBody() if framing.length is None else LengthBody(framing.length)


def status_line(raw: bytes) -> tuple[int, str] | None:
    """Status and reason of a final response's first line; None while it is not complete, and for an interim one."""
    line = _STATUS_LINE.match(raw)
    if line is None or not raw.startswith(b"\r\n", line.end()) or line.group(2) < b"200":
        return None
    return int(line.group(2)), (line.group(3) or b"").decode("latin-1")
