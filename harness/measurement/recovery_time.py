"""How long clients were without service: a bracket, never a bare number.

Derivation. The truth is an outage [t0, t1) of the path that a client uses; D = t1 - t0. Write s and e for the send
and the end of an operation, L for the longest ordinary time between them, and name four operations of one client
and kind, in the order sent: g- the last good one, b_first the first bad, b_last the last bad, g+ the first good
one after which nothing fails for W.

* b_first met the outage while it was under way, and would have ended by s(b_first) + L: t0 <= s(b_first) + L.
* b_last met it after it was sent:                                                        t1 >= s(b_last).
* g- was served in ordinary time, so it was sent before t0, or the whole outage fits into L: t0 >= s(g-).
* Nothing of the fault's doing begins before its first effect, at f:                       t0 >= f.
* g+ was sent after the outage had begun, and was served:                                  t1 <= e(g+).

Hence D lies in [s(b_last) - s(b_first) - pad, max(e(g+) - max(s(g-), f), pad)], never below 0, where pad is the
steady state's p99.9 latency plus the witness's own lateness (between its time stamp and the wire). Time-outs do not
enter: operations are placed by when they were sent. An INFO is as bad as a FAIL: the client was not served.

Where the steady state fails now and then, "nothing fails for W" means: no more than its failure rate explains by
chance (statistics.CHANCE). The same number of failures is then taken off the ends of the outage, in the way that
shortens it most, before its lower end is computed: they may have been strays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import KINDS, FaultInterval, Kind, Padding
from harness.measurement.statistics import tolerated_failures
from harness.measurement.streams import CLIENT_TIMEOUT_NS, Stream, core_span, streams_of
from harness.outcome import Bracket

LAST_SEEN_NS = 100_000_000  # before the end of a window by the clock: the last operation that is known


@dataclass(frozen=True)
class RecoveryTime:
    """What one client (or the worst of several) went through after a fault; times in monotonic nanoseconds.

    client, kind: whose; of a worst case, the one that recovered last. first_bad_ns, last_bad_ns, last_good_before_ns,
    recovered_at_ns are send times, recovered_seen_ns is when that success returned. from_fault_ns: best single
    estimate of the time from the fault's first effect to recovery (phases add up to it), None when never recovered.
    unaffected: no failure beyond chance, recovery time 0. never_recovered: not within the history.
    recovered_only_after_heal: the first lasting success returned after healing had begun. confirmed: it was watched
    for W before the heal and the history's end. unseen_ns: an outage up to this long could have gone unnoticed.
    served_between_ns: of one that never recovered, the longest time between two failures in which it was served.
    """

    bracket: Bracket
    client: str = ""
    kind: str = ""
    unaffected: bool = False
    never_recovered: bool = False
    recovered_only_after_heal: bool = False
    confirmed: bool = True
    last_good_before_ns: int | None = None
    first_bad_ns: int | None = None
    last_bad_ns: int | None = None
    recovered_at_ns: int | None = None
    recovered_seen_ns: int | None = None
    from_fault_ns: int | None = None
    unseen_ns: int = 0
    served_between_ns: int = 0
    operations: int = 0
    failures: int = 0


@dataclass(frozen=True)
class CohortRecovery:
    """A cohort's recovery: the worst client over both kinds, the worst client of each kind, and every client."""

    cohort: str
    worst: RecoveryTime
    by_kind: Mapping[Kind, RecoveryTime]
    by_client: Mapping[tuple[str, Kind], RecoveryTime]


def recovery_bracket(
    operations: Iterable[Operation],
    fault: FaultInterval,
    heal_ns: int | None,
    window_ns: int,
    padding: Padding,
    baseline_failure_rate: float = 0.0,
    *,
    client: str | None = None,
    kind: Kind | None = None,
    horizon_ns: int | None = None,
    timeout_ns: int = CLIENT_TIMEOUT_NS,
) -> RecoveryTime | None:
    """The recovery of one client and kind, or the worst case over those that the filters leave; None for no operations.

    heal_ns: when healing began, None when it did not. window_ns: W, how long nothing may fail after a recovery.
    baseline_failure_rate: share of failures in steady state, 0..1. horizon_ns: end of the history (default: the last
    event of any operation given). timeout_ns: an operation without completion for this long is bad, not in flight.
    """
    everything = columns_of(operations)
    end_ns = everything.end_ns if horizon_ns is None else horizon_ns
    times = [
        recovery_of(stream, fault, heal_ns, window_ns, padding, baseline_failure_rate, name, of)
        for (_, name, of), stream in streams_of(everything, end_ns, timeout_ns)
        if (client is None or name == client) and (kind is None or of == kind)
    ]
    return worst(times) if times else None


def recovery_by_cohort(
    operations: Iterable[Operation],
    fault: FaultInterval,
    heal_ns: int | None,
    window_ns: int,
    padding: Padding,
    baseline_failure_rates: Mapping[str, float] | None = None,
    *,
    timeout_ns: int = CLIENT_TIMEOUT_NS,
    until_ns: int | None = None,
) -> dict[str, CohortRecovery]:
    """The recovery of every cohort; arguments as recovery_bracket. baseline_failure_rates: by cohort, default 0.

    until_ns: nothing from this moment on counts, for something else happened then; None: to the history's end.
    """
    columns = columns_of(operations)
    if until_ns is not None:
        columns = columns.up_to(until_ns)
    end_ns = columns.end_ns if until_ns is None else until_ns
    rates = baseline_failure_rates or {}
    cohorts: dict[str, dict[tuple[str, Kind], RecoveryTime]] = {}
    for (cohort, client, kind), stream in streams_of(columns, end_ns, timeout_ns):
        if until_ns is not None:
            # What was under way then is not known to have failed, and the clients were watched up to that moment.
            stream = replace(stream, horizon_ns=until_ns)
        time = recovery_of(stream, fault, heal_ns, window_ns, padding, rates.get(cohort, 0.0), client, kind)
        cohorts.setdefault(cohort, {})[client, kind] = time
    return {
        cohort: CohortRecovery(
            cohort,
            worst(list(times.values())),
            {
                kind: worst([time for (_, of), time in times.items() if of == kind])
                for kind in KINDS
                if any(of == kind for _, of in times)
            },
            times,
        )
        for cohort, times in cohorts.items()
    }


def worst(times: Sequence[RecoveryTime]) -> RecoveryTime:
    """The worst of several recoveries: the bracket of the largest of several unknown durations.

    Each end is the largest of its kind, which bounds the maximum even where brackets overlap. Raises ValueError for
    an empty sequence.
    """
    last = max(times, key=lambda t: (t.never_recovered, t.from_fault_ns or 0, t.bracket.low_ns))
    affected = [t for t in times if not t.unaffected]
    return RecoveryTime(
        bracket=_largest(times, last.from_fault_ns),
        client=last.client,
        kind=last.kind,
        unaffected=not affected,
        never_recovered=any(t.never_recovered for t in times),
        recovered_only_after_heal=any(t.recovered_only_after_heal for t in times),
        confirmed=all(t.confirmed for t in times),
        last_good_before_ns=last.last_good_before_ns,
        first_bad_ns=min((t.first_bad_ns for t in affected if t.first_bad_ns is not None), default=None),
        last_bad_ns=max((t.last_bad_ns for t in affected if t.last_bad_ns is not None), default=None),
        recovered_at_ns=None if last.never_recovered else last.recovered_at_ns,
        recovered_seen_ns=None if last.never_recovered else last.recovered_seen_ns,
        from_fault_ns=last.from_fault_ns,
        unseen_ns=max(t.unseen_ns for t in times),
        served_between_ns=last.served_between_ns,
        operations=sum(t.operations for t in times),
        failures=sum(t.failures for t in times),
    )


def _largest(times: Sequence[RecoveryTime], from_fault_ns: int | None) -> Bracket:
    """Bounds of the largest of several durations."""
    low_ns = max(t.bracket.low_ns for t in times)
    highs = [t.bracket.high_ns for t in times if t.bracket.high_ns is not None]
    points = [t.bracket.point_ns for t in times if t.bracket.point_ns is not None]
    if from_fault_ns is None or len(highs) < len(times):
        return Bracket(low_ns, None)
    return Bracket(low_ns, max(highs), _point(low_ns, max(highs), from_fault_ns, max(points)))


def recovery_of(
    stream: Stream,
    fault: FaultInterval,
    heal_ns: int | None,
    window_ns: int,
    padding: Padding,
    rate: float,
    client: str,
    kind: Kind,
) -> RecoveryTime:
    """The recovery of one client and kind; arguments as `recovery_bracket`."""
    first = _first_bad(stream, fault, heal_ns, window_ns, padding, rate)
    if first is None:
        return RecoveryTime(
            Bracket(0, 0, 0), client, kind, unaffected=True, from_fault_ns=0, operations=len(stream.sent_ns),
            unseen_ns=stream.widest_gap(fault.start_low_ns, heal_ns),
        )  # fmt: skip
    recovered = _lasting_success(stream, first, fault, heal_ns, window_ns, rate)
    end = len(stream.sent_ns) if recovered is None else recovered
    bad_ns = stream.sent_ns[first:end][stream.bad[first:end]]
    first_ns, last_ns = int(bad_ns[0]), int(bad_ns[-1])
    strays = tolerated_failures(end - first, rate)
    low_ns = max(0, core_span(bad_ns, strays) - padding.total_ns)
    before = _last_good(stream, first, padding)
    good_ns = None if before is None else int(stream.sent_ns[before])
    start_ns = fault.start_low_ns if good_ns is None else max(fault.start_low_ns, good_ns)
    if recovered is None:
        return RecoveryTime(
            Bracket(low_ns, None), client, kind, never_recovered=True, confirmed=False,
            last_good_before_ns=good_ns, first_bad_ns=first_ns,
            last_bad_ns=last_ns, served_between_ns=_served_between(stream, first),
            operations=len(stream.sent_ns), failures=len(bad_ns),
        )  # fmt: skip
    sent_ns, seen_ns = int(stream.sent_ns[recovered]), int(stream.end_ns[recovered])
    high_ns = max(low_ns, seen_ns - start_ns, padding.total_ns)
    healed_first = heal_ns is not None and seen_ns >= heal_ns
    watched_ns = stream.horizon_ns if heal_ns is None or healed_first else min(heal_ns, stream.horizon_ns)
    moment_ns = (last_ns + sent_ns) // 2
    from_fault_ns = max(0, moment_ns - fault.start_low_ns)
    midpoint_ns = moment_ns - (start_ns + first_ns) // 2
    return RecoveryTime(
        Bracket(low_ns, high_ns, _point(low_ns, high_ns, from_fault_ns, midpoint_ns)),
        client,
        kind,
        recovered_only_after_heal=healed_first,
        confirmed=watched_ns - sent_ns >= window_ns - min(LAST_SEEN_NS, window_ns // 100),
        last_good_before_ns=good_ns,
        first_bad_ns=first_ns,
        last_bad_ns=last_ns,
        recovered_at_ns=sent_ns,
        recovered_seen_ns=seen_ns,
        from_fault_ns=from_fault_ns,
        operations=len(stream.sent_ns),
        failures=len(bad_ns),
    )


def _served_between(stream: Stream, first: int) -> int:
    """The longest time between two failures, from `first` on, with nothing but successes in between."""
    bad = first + np.flatnonzero(stream.bad[first:])
    last, after = bad[:-1], bad[1:]
    apart = after > last + 1
    served_ns = stream.sent_ns[after[apart] - 1] - stream.sent_ns[last[apart] + 1]
    return int(served_ns.max()) if len(served_ns) else 0


def _point(low_ns: int, high_ns: int, from_fault_ns: int, midpoint_ns: int) -> int:
    """The fault's own time is the better start if the client's failures agree with it; else the bracket's middle."""
    if low_ns <= from_fault_ns <= high_ns:
        return from_fault_ns
    return min(max(midpoint_ns, low_ns), high_ns)


def _first_bad(
    stream: Stream, fault: FaultInterval, heal_ns: int | None, window_ns: int, padding: Padding, rate: float
) -> int | None:
    """The first failure that the fault can have caused, and that chance does not explain."""
    # One that was sent long before the fault and failed after it was hanging before it: not the fault's doing.
    could_be_hit = stream.bad & (stream.end_ns >= fault.start_low_ns)
    could_be_hit &= stream.sent_ns + padding.total_ns >= fault.start_low_ns
    if heal_ns is not None:
        could_be_hit &= stream.sent_ns < heal_ns
    at = np.flatnonzero(could_be_hit)
    return stream.first_clean(at, stream.sent_ns[at] + window_ns, rate, wanted=False)


def _lasting_success(
    stream: Stream, first: int, fault: FaultInterval, heal_ns: int | None, window_ns: int, rate: float
) -> int | None:
    """The first success after `first` that begins a clean window; a window before the heal ends with the heal."""
    at = first + 1 + np.flatnonzero(~stream.bad[first + 1 :] & (stream.sent_ns[first + 1 :] >= fault.start_high_ns))
    until_ns = stream.sent_ns[at] + window_ns
    if heal_ns is not None:
        until_ns = np.where(stream.end_ns[at] < heal_ns, np.minimum(until_ns, heal_ns), until_ns)
    return stream.first_clean(at, until_ns, rate)


def _last_good(stream: Stream, first: int, padding: Padding) -> int | None:
    """The last good operation before `first` that took no longer than usual.

    A slow one may have waited the outage out, so its send time would not bound the onset. Without any measured
    latency every good one is taken.
    """
    good = ~stream.bad[:first]
    if padding.latency_p999_ns:
        good &= stream.end_ns[:first] - stream.sent_ns[:first] <= padding.total_ns
    at = np.flatnonzero(good)
    return int(at[-1]) if len(at) else None
