"""The recovery time that the documented constants alone predict, to compare a drill with.

Two paths lead to recovery, and the later one wins:

    recovery <= max(detect by the edge + publish + TTL, detect by monitor + lease + set + view) + client period
    detect by monitor <= P + (K - 1) max(P, tau if checked serially) + tau

P: the monitor's period; tau: how long a failed check takes; K: threshold. How the edge detects is the law of whatever
steers traffic (harness.world.steering); here it is only asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from harness.measurement.phases import STEPS, split
from harness.units import NS_PER_S

Failure = Literal["refused", "black-hole", "silence"]
"""How checks fail: refused at once; connecting times out; connected, then no answer."""


class EdgeLaw(Protocol):
    """How long the edge takes by its documented constants, in nanoseconds of one profile.

    publish_ns: from the decision to the new answer. ttl_ns: how long an answer may be cached.
    """

    @property
    def publish_ns(self) -> int: ...
    @property
    def ttl_ns(self) -> int: ...

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """From a loss until the answer is decided anew: at most, or typically."""
        ...

    def accept_ns(self, *, typical: bool) -> int:
        """From a place's health until it may be answered with: at most, or typically."""
        ...


@runtime_checkable
class CallingLaw(EdgeLaw, Protocol):
    """A law of somebody who changes the answer by calls. api_ns: how long these take, the last part of publish_ns."""

    @property
    def api_ns(self) -> int: ...


@runtime_checkable
class WaitingLaw(EdgeLaw, Protocol):
    """A law that says whether a new answer waits until the place that it leads to is healthy."""

    @property
    def waits(self) -> bool: ...


def waits(edge: EdgeLaw) -> bool:
    """Whether the answer waits for the other place's health; so it does where the law does not say."""
    return edge.waits if isinstance(edge, WaitingLaw) else True


def api_ns(edge: EdgeLaw) -> int:
    """How long the calls take that change the answer; nothing where there are none."""
    return edge.api_ns if isinstance(edge, CallingLaw) else 0


@dataclass(frozen=True)
class Conditions:
    """What a prediction is made from; times in nanoseconds of one profile.

    monitor_threshold 0: the subject has no monitor of its own, only the edge decides. clients: dns clients, whose
    caches are staggered by ttl / clients. client_period_ns: time between one client's operations of one kind.
    lease_ns: waited for after detection; lease_left_ns: how long a lease may still run when the fault begins, so it
    runs out beside detection. edge_follows: the standby's edge turns healthy only once it has been activated, so the
    answer waits for its health checks too. steps: the milestones that count, see harness.measurement.phases.
    """

    edge: EdgeLaw
    failure: Failure = "black-hole"
    clients: int = 4
    client_period_ns: int = NS_PER_S // 2
    monitor_period_ns: int = 0
    monitor_threshold: int = 0
    monitor_timeout_ns: int = 0
    monitor_serial: bool = False
    lease_ns: int = 0
    lease_left_ns: int = 0
    edge_follows: bool = False
    set_ns: int = 0
    view_ns: int = 0
    steps: Sequence[str] = STEPS


@dataclass(frozen=True)
class Prediction:
    """Predicted recovery time: never above bound_ns, typical_ns on average; and the phases of each."""

    bound_ns: int
    typical_ns: int
    bound_phases_ns: Mapping[str, int | None]
    typical_phases_ns: Mapping[str, int | None]


def predict(c: Conditions) -> Prediction:
    """The recovery time of a place's loss. Raises ValueError for conditions that cannot be."""
    if c.clients < 1 or c.monitor_threshold < 0:
        raise ValueError(f"thresholds and counts start at one: {c}")
    bound = _timeline(c, typical=False)
    typical = _timeline(c, typical=True)
    return Prediction(_total(bound), _total(typical), bound, typical)


def _timeline(c: Conditions, *, typical: bool) -> dict[str, int | None]:
    edge = c.edge
    detect_ns = edge.detect_ns(c.failure, typical=typical)
    active_ns = _monitor_path(c, typical=typical)
    turned_ns = active_ns + edge.accept_ns(typical=typical) if c.edge_follows else detect_ns
    answer_ns = max(detect_ns, turned_ns) + edge.publish_ns
    # Caches are staggered by ttl / n: the worst one has between (n - 1)/n and all of its TTL left.
    cached_ns = answer_ns + (edge.ttl_ns * (2 * c.clients - 1) // (2 * c.clients) if typical else edge.ttl_ns)
    recovered_ns = max(cached_ns, active_ns) + (c.client_period_ns // 2 if typical else c.client_period_ns)
    moments = {
        "detect": detect_ns, "redirect": answer_ns, "decide": answer_ns - api_ns(edge), "api": answer_ns,
        "activate": active_ns, "dns_ttl": cached_ns,
    }  # fmt: skip
    return split(0, {name: moments[name] for name in c.steps}, recovered_ns)


def _monitor_path(c: Conditions, *, typical: bool) -> int:
    if c.monitor_threshold == 0:
        return 0
    tau_ns = 0 if c.failure == "refused" else c.monitor_timeout_ns
    between_ns = max(c.monitor_period_ns, tau_ns) if c.monitor_serial else c.monitor_period_ns
    first_ns = c.monitor_period_ns // 2 if typical else c.monitor_period_ns
    detected_ns = first_ns + (c.monitor_threshold - 1) * between_ns + tau_ns
    free_ns = max(detected_ns + c.lease_ns, c.lease_left_ns)
    return free_ns + c.set_ns + (c.view_ns // 2 if typical else c.view_ns)


def _total(parts: Mapping[str, int | None]) -> int:
    return sum(part for part in parts.values() if part is not None)
