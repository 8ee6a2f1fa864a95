"""How long a container that ended waits until it is started again. No I/O.

"Container restarts" (concepts/workloads/pods/pod-lifecycle): after the first restart, which is immediate, the kubelet
delays restarts exponentially, 10 s, 20 s, 40 s, capped at 300 s; once a container has run for ten minutes without a
problem, its back-off begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.units import NS_PER_S

FIRST_NS = 10 * NS_PER_S
CAP_NS = 300 * NS_PER_S


@dataclass(frozen=True)
class BackOffTerms:
    """first_ns: the first delay; cap_ns: the longest. Two of the longest without an end, and it begins anew."""

    first_ns: int = FIRST_NS
    cap_ns: int = CAP_NS


@dataclass(frozen=True)
class BackOff:
    """delay_ns: of the next restart, None before the first; since_ns: when the last restart was."""

    delay_ns: int | None = None
    since_ns: int = 0


def restart_ns(backoff: BackOff, terms: BackOffTerms, ended_ns: int) -> int:
    """When a container that ended then is started again."""
    if backoff.delay_ns is None or _is_over(backoff, terms, ended_ns):
        return ended_ns
    return ended_ns + backoff.delay_ns


def after_restart(backoff: BackOff, terms: BackOffTerms, ended_ns: int, now_ns: int) -> BackOff:
    """It is started again now."""
    if backoff.delay_ns is None or _is_over(backoff, terms, ended_ns):
        return BackOff(terms.first_ns, now_ns)
    return BackOff(min(2 * backoff.delay_ns, terms.cap_ns), now_ns)


def _is_over(backoff: BackOff, terms: BackOffTerms, ended_ns: int) -> bool:
    return ended_ns - backoff.since_ns > 2 * terms.cap_ns
