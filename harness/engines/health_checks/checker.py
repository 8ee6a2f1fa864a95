"""One health checker: sends a request, waits for the verdict, sleeps an interval, asks again.

    waiting for its turn --Due--> asking --Finished--> waiting for its turn (interval counted from the response)

A checker changes its vote only after `threshold` consecutive results that contradict it; the same number holds both
ways. A checker that has no result yet votes healthy. Checkers know nothing of each other: what they say together is
decided in health.py. Sources: Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is
healthy"; API Reference, HealthCheckConfig (RequestInterval, FailureThreshold).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness import scaling
from harness.units import to_ns

HTTP_CONNECT_TIMEOUT_S = 4
"""A TCP connection must be established within four seconds (Developer Guide, determining health)."""
TCP_CONNECT_TIMEOUT_S = 10
"""Ten seconds for a TCP health check (Developer Guide, determining health)."""
STATUS_TIMEOUT_S = 2
"""The HTTP status must arrive within two seconds after connecting (Developer Guide, determining health)."""
BODY_TIMEOUT_S = 2
"""For a string match, the body must arrive within two seconds after the status (same page)."""
SEARCHED_BYTES = 5_120
"""The search string must be wholly in the first 5,120 bytes of the body (Developer Guide, determining health)."""


@dataclass(frozen=True)
class Limits:
    """How long one probe may take, in nanoseconds: to connect, then to answer, then to send the searched body."""

    connect_ns: int
    status_ns: int
    body_ns: int

    @classmethod
    def of(cls, check_type: str, scale: float = 1.0) -> Limits:
        """The documented limits of a health check type, times `scale`, never below one second each."""
        connect_s = TCP_CONNECT_TIMEOUT_S if check_type == "TCP" else HTTP_CONNECT_TIMEOUT_S
        scaled = (scaling.timeout_ns(to_ns(s), scale) for s in (connect_s, STATUS_TIMEOUT_S, BODY_TIMEOUT_S))
        return cls(*scaled)


@dataclass(frozen=True)
class Due:
    """It is time for the next request."""


@dataclass(frozen=True)
class Finished:
    """A request ended. text: what GetHealthCheckStatus says about it."""

    ok: bool
    text: str


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
    """The result of one request. checked_ns: when its result was known."""

    ok: bool
    text: str
    checked_ns: int


@dataclass(frozen=True)
class Checker:
    """State of one checker of one health check.

    interval_ns: response to next request. healthy: its vote. contradictions: consecutive results against the vote.
    last, last_failure: most recent result, and most recent bad one; None when there was none.
    """

    interval_ns: int
    threshold: int
    healthy: bool = True
    contradictions: int = 0
    asking: bool = False
    last: Observation | None = None
    last_failure: Observation | None = None

    @property
    def has_data(self) -> bool:
        """Whether it has had any result; until then it votes healthy because it does not know better."""
        return self.last is not None


Event = Due | Finished
Effect = Probe | Sleep | VoteChanged


def step(state: Checker, event: Event, now_ns: int) -> tuple[Checker, tuple[Effect, ...]]:
    """The checker after `event`. Raises ValueError when a result comes that was not asked for, or a turn too many."""
    if isinstance(event, Due):
        if state.asking:
            raise ValueError("a checker sends one request at a time")
        return replace(state, asking=True), (Probe(),)
    if not state.asking:
        raise ValueError("a result without a request")
    seen = Observation(event.ok, event.text, now_ns)
    against = 0 if event.ok == state.healthy else state.contradictions + 1
    turned = against >= state.threshold
    after = replace(
        state,
        asking=False,
        healthy=event.ok if turned else state.healthy,
        contradictions=0 if turned else against,
        last=seen,
        last_failure=state.last_failure if event.ok else seen,
    )
    sleep = Sleep(now_ns + state.interval_ns)
    return after, (VoteChanged(event.ok), sleep) if turned else (sleep,)


def judge_status(status: int, reason: str) -> Finished:
    """The result of an HTTP answer: 2xx and 3xx are healthy (Developer Guide, determining health)."""
    ok = 200 <= status < 400
    return Finished(ok, f"{'Success' if ok else 'Failure'}: HTTP Status Code {status}, {reason or '-'}")


def judge_body(body: bytes, search_string: str) -> Finished:
    """The result of a string match: case-sensitive, wholly within the first 5,120 bytes of the body."""
    if search_string.encode() in body[:SEARCHED_BYTES]:
        return Finished(True, "Success: The search string was found")
    return Finished(False, "Failure: The search string was not found in the first 5,120 bytes of the response body")
