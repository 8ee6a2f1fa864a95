"""Responses of our own: what a client is answered where nobody else does."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Status:
    """A status that HTTP's own list does not have."""

    value: int
    phrase: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of our own. fields: headers besides Content-Type, Content-Length and Connection."""

    status: HTTPStatus | Status
    body: bytes
    content_type: str = "text/plain"
    fields: tuple[tuple[str, str], ...] = ()

    def render(self, *, keep: bool, with_body: bool = True) -> bytes:
        """The bytes on the wire. keep: the connection lives on; with_body: False when it answers HEAD."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            *(f"{name}: {value}" for name, value in self.fields),
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            f"Connection: {'keep-alive' if keep else 'close'}",
        ]
        head = "\r\n".join(lines).encode("ascii", "replace") + b"\r\n\r\n"
        return head + self.body if with_body else head
