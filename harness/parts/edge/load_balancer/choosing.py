"""Whose turn it is among the targets that get requests: in a round, by how busy they are, or by a cookie. No I/O.

DigitalOcean documents `round_robin` and `least_connections` (API, load balancer, `algorithm`; of equally busy targets
the one whose turn it is), and sticky sessions: a cookie that names the target, set with the first answer, which holds
as long as that target gets requests at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

Algorithm = Literal["round_robin", "least_connections"]


class Named(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Sticky:
    """Sticky sessions by a cookie of this name, which lives for so many seconds."""

    name: str
    ttl_s: int

    def header(self, target: str) -> bytes:
        """The Set-Cookie line for a target."""
        return f"Set-Cookie: {self.name}={mark_of(target)}; Max-Age={self.ttl_s}; Path=/; HttpOnly\r\n".encode()

    def asked_for(self, fields: Sequence[tuple[bytes, bytes]]) -> str | None:
        """The mark that a request's cookies hold; None without one."""
        for name, value in fields:
            if name == b"cookie":
                for pair in value.decode("latin-1").split(";"):
                    key, _, mark = pair.strip().partition("=")
                    if key == self.name:
                        return mark
        return None


def mark_of(target: str) -> str:
    """How a cookie names a target: outside nobody learns what targets are called."""
    return hashlib.sha256(target.encode()).hexdigest()[:16]


def chosen(
    targets: Sequence[T], turn: int, algorithm: Algorithm, busy: Mapping[str, int], mark: str | None = None
) -> T | None:
    """The target of the `turn`-th request; None when there is none. busy: requests under way. mark: of a cookie."""
    if not targets:
        return None
    if mark is not None:
        for target in targets:
            if mark_of(target.id) == mark:
                return target
    start = turn % len(targets)
    ordered = (*targets[start:], *targets[:start])
    if algorithm == "round_robin":
        return ordered[0]
    return min(ordered, key=lambda target: busy.get(target.id, 0))
