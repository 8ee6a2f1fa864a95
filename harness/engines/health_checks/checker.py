"""One health checker: sends a request, waits for the verdict, sleeps until its next turn, asks again.

    waiting for its turn --Due--> asking --Finished--> waiting for its turn
                                    ^---- timed out, retries left ----'

A checker changes its vote only after so many consecutive results that contradict it: `threshold` bad ones, or
`up_threshold` good ones. A request that timed out is sent again at once while retries are left; only the last one of
them is a result. Checkers know nothing of each other: what they say together is the policy's of a service, as is what
they ask, how long they wait, and what they take for good (policy.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Cause = Literal["", "timeout", "connection", "closed", "protocol", "status", "body", "address"]
"""Why a request failed: too late, not connected, cut off, no HTTP, a wrong status, a wrong body, nowhere to send it."""
NOT_CONNECTED = "The connection was not established in time"
"""The text by which a time-out of connecting is told from the others, for services that make a difference."""


@dataclass(frozen=True)
class Limits:
    """How long one probe may take, in nanoseconds: to connect, then to answer, then to send the searched body.

    whole_ns: what all of that together may take; None: only the parts are limited.
    """

    connect_ns: int
    status_ns: int
    body_ns: int
    whole_ns: int | None = None

    @classmethod
    def together(cls, whole_ns: int) -> Limits:
        """One limit for everything."""
        return cls(whole_ns, whole_ns, whole_ns, whole_ns)


@dataclass(frozen=True)
class Due:
    """It is time for the next request."""


@dataclass(frozen=True)
class Times:
    """How long the steps of a request took. connect_ns: until TCP was connected; handshake_ns: of TLS; first_byte_ns:
    from there to the first byte of the answer. None: it did not come to that."""

    connect_ns: int
    handshake_ns: int | None = None
    first_byte_ns: int | None = None


@dataclass(frozen=True)
class Finished:
    """A request ended. text: what the service says about it. cause: why it failed. status: of HTTP, where one came.
    times: where they were asked for, and it was connected."""

    ok: bool
    text: str
    cause: Cause = ""
    status: int | None = None
    times: Times | None = None


@dataclass(frozen=True)
class Probe:
    """Effect: send one request, and report `Finished`."""


@dataclass(frozen=True)
class Sleep:
    """Effect: report `Due` at this time."""

    until_ns: int


@dataclass(frozen=True)
class VoteChanged:
    """Effect: this checker now holds the endpoint to be healthy, or unhealthy."""

    healthy: bool


@dataclass(frozen=True)
class Observation:
    """The result of one request. checked_ns: when its result was known. took_ns: since it was sent. times: see
    Finished."""

    ok: bool
    text: str
    checked_ns: int
    cause: Cause = ""
    status: int | None = None
    took_ns: int = 0
    times: Times | None = None


@dataclass(frozen=True)
class Checker:
    """State of one checker of one health check.

    interval_ns: between two turns, counted from the result, or with `paced` from one request to the next.
    threshold: consecutive bad results that make it unhealthy. up_threshold: consecutive good ones that make it healthy
    again, None: the same number. retries: how often a request that timed out is sent again at once.
    healthy: its vote; what it starts as is what it votes without data. contradictions: consecutive results against the
    vote. retried: requests of this turn that timed out. asked_ns: when this turn, sent_ns: when its last request began.
    last, last_failure: most recent result, and most recent bad one; None when there was none.
    """

    interval_ns: int
    threshold: int
    healthy: bool = True
    contradictions: int = 0
    asking: bool = False
    last: Observation | None = None
    last_failure: Observation | None = None
    up_threshold: int | None = None
    retries: int = 0
    paced: bool = False
    retried: int = 0
    asked_ns: int = 0
    sent_ns: int = 0

    @property
    def has_data(self) -> bool:
        """Whether it has had any result; until then its vote is not of its own making."""
        return self.last is not None

    def needed(self, *, ok: bool) -> int:
        """How many consecutive results of this kind change its vote."""
        return self.up_threshold if ok and self.up_threshold is not None else self.threshold


Event = Due | Finished
Effect = Probe | Sleep | VoteChanged


def step(state: Checker, event: Event, now_ns: int) -> tuple[Checker, tuple[Effect, ...]]:
    """The checker after `event`. Raises ValueError when a result comes that was not asked for, or a turn too many."""
    if isinstance(event, Due):
        if state.asking:
            raise ValueError("a checker sends one request at a time")
        return replace(state, asking=True, retried=0, asked_ns=now_ns, sent_ns=now_ns), (Probe(),)
    if not state.asking:
        raise ValueError("a result without a request")
    if event.cause == "timeout" and state.retried < state.retries:
        return replace(state, retried=state.retried + 1, sent_ns=now_ns), (Probe(),)
    took_ns = now_ns - state.sent_ns
    seen = Observation(event.ok, event.text, now_ns, event.cause, event.status, took_ns, event.times)
    against = 0 if event.ok == state.healthy else state.contradictions + 1
    turned = against >= state.needed(ok=event.ok) and against > 0
    after = replace(
        state,
        asking=False,
        healthy=event.ok if turned else state.healthy,
        contradictions=0 if turned else against,
        last=seen,
        last_failure=state.last_failure if event.ok else seen,
    )
    sleep = Sleep(max(now_ns, (state.asked_ns if state.paced else now_ns) + state.interval_ns))
    return after, (VoteChanged(event.ok), sleep) if turned else (sleep,)
