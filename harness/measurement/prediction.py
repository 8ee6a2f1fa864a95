"""The recovery time that the documented constants alone predict, to compare a drill with.

Two paths lead to recovery, and the later one wins:

    recovery <= max(detect by DNS + publish + TTL, detect by monitor + lease + set + view) + client period
    detect by DNS     <= (I + r) + (K - 1)(I + tau) + tau
    detect by monitor <= P + (K - 1) max(P, tau if checked serially) + tau

I: request interval, counted from one response to the next request; r: ordinary response time; tau: how long a failed
check takes; K: threshold. The edge's status flips with the check of the n-th of N uncoordinated checkers, n the
smallest number that leaves at most 18 % healthy; n of N uniform phases come at n/(N + 1) of an interval on average.
Sources: Route 53 API reference, HealthCheckConfig (interval 10 or 30 s, threshold 3); Route 53 Developer Guide, "How
Amazon Route 53 determines whether a health check is healthy" (18 %, connect 4 s, status 2 s).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness import scaling
from harness.measurement.phases import split
from harness.units import NS_PER_S, to_s

HEALTHY_SHARE_PERCENT = 18

Failure = Literal["refused", "black-hole", "silence"]


@dataclass(frozen=True)
class Constants:
    """What an environment documents about itself; times in nanoseconds, of the production profile unless scaled.

    failure: refused (checks fail at once), black-hole (connecting times out), silence (connected, then no answer).
    monitor_threshold 0: the subject has no monitor of its own, only the edge decides. clients: dns clients, whose
    caches are staggered by ttl / clients. client_period_ns: time between one client's operations of one kind.
    lease_ns: waited for after detection; lease_left_ns: how long a lease may still run when the fault begins, so it
    runs out beside detection. edge_follows: the standby's edge turns healthy only once it has been activated, so the
    answer waits for its health checks too.
    """

    request_interval_ns: int = 30 * NS_PER_S
    response_ns: int = NS_PER_S // 10
    failure_threshold: int = 3
    connect_timeout_ns: int = 4 * NS_PER_S
    status_timeout_ns: int = 2 * NS_PER_S
    failure: Failure = "black-hole"
    checkers: int = 16
    publish_ns: int = 0
    ttl_ns: int = 60 * NS_PER_S
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

    def scaled(self, scale: float) -> Constants:
        """The constants of a profile (see `harness.scaling`)."""
        times = (
            "request_interval_ns", "publish_ns", "monitor_period_ns", "lease_ns", "lease_left_ns", "view_ns",
        )  # fmt: skip
        timeouts = ("connect_timeout_ns", "status_timeout_ns", "monitor_timeout_ns")
        changes: dict[str, Any] = {name: scaling.interval_ns(getattr(self, name), scale) for name in times}
        changes |= {name: scaling.timeout_ns(getattr(self, name), scale) for name in timeouts}
        changes["ttl_ns"] = scaling.ttl_s(to_s(self.ttl_ns), scale) * NS_PER_S
        return replace(self, **changes)


@dataclass(frozen=True)
class Prediction:
    """Predicted recovery time: never above bound_ns, typical_ns on average; and the phases of each."""

    bound_ns: int
    typical_ns: int
    bound_phases_ns: Mapping[str, int | None]
    typical_phases_ns: Mapping[str, int | None]


def predict(c: Constants) -> Prediction:
    """The recovery time of a region's loss. Raises ValueError for constants that cannot be."""
    if c.failure_threshold < 1 or c.checkers < 1 or c.clients < 1 or c.monitor_threshold < 0:
        raise ValueError(f"thresholds and counts start at one: {c}")
    bound = _timeline(c, typical=False)
    typical = _timeline(c, typical=True)
    return Prediction(_total(bound), _total(typical), bound, typical)


def flips_needed(checkers: int) -> int:
    """How many of the checkers must call an endpoint unhealthy before its status is."""
    return checkers - checkers * HEALTHY_SHARE_PERCENT // 100


def _timeline(c: Constants, *, typical: bool) -> dict[str, int | None]:
    detect_ns = _edge_detection(c, typical=typical)
    active_ns = _monitor_path(c, typical=typical)
    turned_ns = active_ns + _edge_recovery(c, typical=typical) if c.edge_follows else detect_ns
    answer_ns = max(detect_ns, turned_ns) + c.publish_ns
    # Caches are staggered by ttl / n: the worst one has between (n - 1)/n and all of its TTL left.
    cached_ns = answer_ns + (c.ttl_ns * (2 * c.clients - 1) // (2 * c.clients) if typical else c.ttl_ns)
    recovered_ns = max(cached_ns, active_ns) + (c.client_period_ns // 2 if typical else c.client_period_ns)
    milestones = {"detect": detect_ns, "redirect": answer_ns, "activate": active_ns, "dns_ttl": cached_ns}
    return split(0, milestones, recovered_ns)


def _edge_detection(c: Constants, *, typical: bool) -> int:
    bound_tau_ns = {
        "refused": 0,
        "black-hole": c.connect_timeout_ns + c.status_timeout_ns,
        "silence": c.status_timeout_ns,
    }
    tau_ns = c.connect_timeout_ns if typical and c.failure == "black-hole" else bound_tau_ns[c.failure]
    first_ns = c.request_interval_ns + c.response_ns
    if typical:
        first_ns = first_ns * flips_needed(c.checkers) // (c.checkers + 1)
    return first_ns + (c.failure_threshold - 1) * (c.request_interval_ns + tau_ns) + tau_ns


def _edge_recovery(c: Constants, *, typical: bool) -> int:
    """Until enough checkers (more than 18 %) have seen the standby healthy as often as the threshold says."""
    needed = c.checkers - flips_needed(c.checkers) + 1
    first_ns = c.request_interval_ns + c.response_ns
    if typical:
        first_ns = first_ns * needed // (c.checkers + 1)
    return first_ns + (c.failure_threshold - 1) * (c.request_interval_ns + c.response_ns)


def _monitor_path(c: Constants, *, typical: bool) -> int:
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
