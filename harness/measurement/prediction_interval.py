"""Between which bounds the documented constants put every phase of a recovery, and the whole of it.

The bounds hold whatever the clocks of checkers, monitor and caches happened to show when the fault began. With D the
edge's decision, A the moment when the other side accepts, N the new answer, C the worst client's own new answer:

    detect    D                               as the law of the steering says; sooner where the answer itself changed
    redirect  max(D, A + accept) - D + publish   (the second only where the edge waits for the other side)
    activate  max(A - N, 0)
    dns_ttl   max(C - max(A, N), 0)           C - N: of n staggered caches the fullest has (n - 1)/n of the TTL left
    settle    up to the time between two operations of one client; where no answer changes and the edge waits for the
              other side, accept on top, and activate is max(A - D, 0)

Where the answer is changed by calls, `redirect` is `decide` but for these calls, and they are `api`.

    A at the earliest: (K - 1) P        at the latest: max(P + (K - 1) max(P, tau if serial) + tau + lease, lease left)
                                                       + P + set + view + the time between two writes there

The last P is the round in which the monitor acts. Each phase is a difference of two uncertain moments, so its bounds
are wide where both are; the whole recovery has bounds of its own, which are narrower than the sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.measurement.phases import answers_move
from harness.measurement.prediction import Conditions, EdgeLaw, Failure, api_ns, predict
from harness.outcome import Bracket


@runtime_checkable
class PreciseLaw(EdgeLaw, Protocol):
    """A law that also knows how soon the edge may have noticed. One that does not is taken to notice at once."""

    def earliest_detect_ns(self, failure: Failure) -> int:
        """From a loss until the edge's health checks have noticed: at least."""
        ...

    def earliest_answer_ns(self, failure: Failure) -> int:
        """From a loss until the answer is decided anew, by whatever else decides it besides: at least."""
        ...

    def earliest_accept_ns(self) -> int:
        """From a place's health until it may be answered with: at least."""
        ...


@dataclass(frozen=True)
class PredictedInterval:
    """total: of the recovery time; its point is what is typical. phases: by name, without those that nothing bounds."""

    total: Bracket
    phases: Mapping[str, Bracket]


def predict_interval(at_least: Conditions, at_most: Conditions, write_period_ns: int) -> PredictedInterval:
    """The bounds. at_least, at_most: the same, but for how checks may fail: with the quickest and the slowest failure.

    write_period_ns: time between two writes of whoever tries the other side. Raises ValueError as `predict` does.
    """
    typical_ns = predict(at_most).typical_ns
    noticed_ns, sooner_ns = _earliest(at_least)
    detect = _Moment(noticed_ns, at_most.edge.detect_ns(at_most.failure, typical=False))
    active = _active(at_most, write_period_ns)
    known, publish_ns = at_most.monitor_threshold > 0, at_most.edge.publish_ns
    turned = _Moment(0, 0)
    if at_most.edge_follows:
        turned = active.plus(_earliest_accept(at_least.edge), at_most.edge.accept_ns(typical=False))
    waited = turned.since(detect)
    answer = _Moment(sooner_ns, detect.high_ns).later(turned).plus(0, publish_ns)
    # Where the edge waits for the other side, that side accepts before the answer changes: only somebody must write.
    activate = Bracket(0, 2 * write_period_ns) if at_most.edge_follows else active.since(answer)
    overlap_ns = 0 if at_most.edge_follows else activate.high_ns or 0
    ttl_ns, period_ns = at_most.edge.ttl_ns, at_most.client_period_ns
    accepted_ns = 0
    if at_most.edge_follows and not answers_move(at_most.steps):
        # No answer tells when it has: whoever writes past the edge is first, and clients wait behind it.
        activate, accepted_ns = active.since(detect), at_most.edge.accept_ns(typical=False) + publish_ns
    # Each refresh waits for the next operation, so what is staggered drifts by as much.
    least_ttl_ns = max(0, ttl_ns * (at_most.clients - 1) // at_most.clients - 2 * period_ns)
    cached = answer.plus(least_ttl_ns, ttl_ns + period_ns)
    calls_ns = api_ns(at_most.edge)
    bounds = {
        "detect": Bracket(min(noticed_ns, max(sooner_ns, turned.low_ns)), detect.high_ns),
        "redirect": Bracket(waited.low_ns, (waited.high_ns or 0) + publish_ns),
        "decide": Bracket(waited.low_ns, (waited.high_ns or 0) + publish_ns - calls_ns),
        "api": Bracket(0, calls_ns),
        "activate": activate,
        "dns_ttl": Bracket(max(0, least_ttl_ns - overlap_ns) if known else 0, ttl_ns + period_ns),
        "settle": Bracket(0, period_ns + accepted_ns),
    }
    held_up = () if known else ("activate", "redirect", "decide")  # by what the subject does not document
    steps = (*at_most.steps, "settle")
    phases = {name: bounds[name] for name in steps if name not in held_up}
    low_ns = max(cached.low_ns, active.low_ns)
    high_ns = max(cached.high_ns, active.high_ns) + period_ns
    return PredictedInterval(Bracket(low_ns, high_ns, min(max(typical_ns, low_ns), high_ns)), phases)


@dataclass(frozen=True)
class _Moment:
    """When something happens after the fault, within bounds."""

    low_ns: int
    high_ns: int

    def later(self, other: _Moment) -> _Moment:
        return _Moment(max(self.low_ns, other.low_ns), max(self.high_ns, other.high_ns))

    def plus(self, low_ns: int, high_ns: int) -> _Moment:
        return _Moment(self.low_ns + low_ns, self.high_ns + high_ns)

    def since(self, before: _Moment) -> Bracket:
        return Bracket(max(0, self.low_ns - before.high_ns), max(0, self.high_ns - before.low_ns))


def _active(c: Conditions, write_period_ns: int) -> _Moment:
    """When the other side has acknowledged a write, as far as the subject documents itself."""
    if c.monitor_threshold == 0:
        return _Moment(0, 0)
    tau_ns = 0 if c.failure == "refused" else c.monitor_timeout_ns
    between_ns = max(c.monitor_period_ns, tau_ns) if c.monitor_serial else c.monitor_period_ns
    detected_ns = c.monitor_period_ns + (c.monitor_threshold - 1) * between_ns + tau_ns
    free_ns = max(detected_ns + c.lease_ns, c.lease_left_ns)
    high_ns = free_ns + c.monitor_period_ns + c.set_ns + c.view_ns + write_period_ns
    return _Moment((c.monitor_threshold - 1) * c.monitor_period_ns, high_ns)


def _earliest(c: Conditions) -> tuple[int, int]:
    """When the edge may have noticed, and when it may have changed its answer."""
    if not isinstance(c.edge, PreciseLaw):
        return 0, 0
    return c.edge.earliest_detect_ns(c.failure), c.edge.earliest_answer_ns(c.failure)


def _earliest_accept(edge: EdgeLaw) -> int:
    return edge.earliest_accept_ns() if isinstance(edge, PreciseLaw) else 0
