"""What a service decides about its health checks: who asks, what is asked, and what counts as a good answer.

The fleet (fleet.py) runs checkers (checker.py) of any kind of check; a service brings its kind and a `Policy` for it.
Route 53's is route53.py. Values here are compared to tell whether a check is still the same, so judges are values, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from harness.engines.health_checks.checker import Checker, Finished, Limits
from harness.kit.address import Address

Blindness = Literal["unreachable", "frozen"]
"""How health checks may be blind: they reach nothing, or nobody looks any more and the last word stays."""
Resolve = Callable[[str], str | None]
AddressBook = Mapping[str, Address]
"""Address to check -> where to dial instead."""


@dataclass(frozen=True)
class Place:
    """Where a checker says that it is. ip: from TEST-NET-2 (RFC 5737), so that nobody takes it for a real one."""

    region: str
    ip: str


class Judge(Protocol):
    """What is made of an answer, or of none."""

    @property
    def searched_bytes(self) -> int:
        """How much of a body is looked at; 0: the status alone decides."""
        ...

    def status(self, status: int, reason: str) -> Finished:
        """The result that a status line makes. Where it is good and a body is searched, that decides."""
        ...

    def body(self, body: bytes) -> Finished:
        """The result of a body, or of the beginning that is looked at."""
        ...

    def unanswered(self, finished: Finished) -> Finished:
        """A result that no answer made (see `Cause`), in the words of the service."""
        ...


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent. payload: b"": it is enough to connect. server_name: of SNI, None: without it.

    verified: whether the certificate of TLS must be valid. timed: whether the result says how long its steps took.
    """

    host: str
    port: int
    payload: bytes
    limits: Limits
    judge: Judge
    tls: bool = False
    verified: bool = False
    server_name: str | None = None
    timed: bool = False


class Check(Protocol):
    """Anything that checkers look at. Compared by value, but for what a policy leaves out."""

    @property
    def id(self) -> str:
        """What it is told apart by."""
        ...


C = TypeVar("C", bound=Check)
C_contra = TypeVar("C_contra", bound=Check, contravariant=True)


class Policy(Protocol[C_contra]):
    """How one service checks. All of it is pure."""

    def asks(self, check: C_contra) -> bool:
        """Whether checkers send requests for it."""
        ...

    def same(self, known: C_contra, now: C_contra) -> bool:
        """Whether what is known of a check stays true when it is configured like `now`."""
        ...

    def places(self, check: C_contra) -> tuple[Place, ...]:
        """Where its checkers are, one for each."""
        ...

    def fresh(self, check: C_contra) -> Checker:
        """One of its checkers before it has asked."""
        ...

    def limits(self, check: C_contra) -> Limits:
        """How long one of its requests may take."""
        ...

    def target(self, check: C_contra, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
        """Where a request goes, or its result when it cannot go anywhere."""
        ...

    def request(self, check: C_contra, address: Address, limits: Limits) -> Request:
        """The request that is sent there."""
        ...
