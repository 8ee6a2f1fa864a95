"""How long clients were without service: a bracket, never a bare number.

Derivation. The truth is an outage [t0, t1) of the path that a client uses; D = t1 - t0. Write s and e for the send
and the end of an operation, L for the longest ordinary time between them, and name four operations of one client
and kind, in the order sent: g- the last good one, b_first the first bad, b_last the last bad, g+ the first good
one after which nothing fails for W.

* b_first met the outage while it was under way, and would have ended by s(b_first) + L: t0 <= s(b_first) + L.
* b_last met it after it was sent:                                                        t1 >= s(b_last).
* g- was served in ordinary time, so it was sent before t0, or the whole outage fits into L: t0 >= s(g-).
* g+ was sent after the outage had begun, and was served:                                  t1 <= e(g+).

Hence D lies in [s(b_last) - s(b_first) - pad, max(e(g+) - s(g-), pad)], never below 0, where pad is the
steady state's p99.9 latency plus the witness's own lateness (between its time stamp and the wire). Time-outs do not
enter: operations are placed by when they were sent. An INFO is as bad as a FAIL: the client was not served.

Where the steady state fails now and then, "nothing fails for W" means: no more than its failure rate explains by
chance (statistics.CHANCE). The same number of failures is then taken off the ends of the outage, in the way that
shortens it most, before its lower end is computed: they may have been strays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from harness.history.events import Operation
from harness.measurement.models import KINDS, FaultInterval, Kind, Padding, kind_of
from harness.measurement.recovery_time import CohortRecovery, RecoveryTime, worst
from harness.measurement.statistics import tolerated_failures
from harness.outcome import Bracket
from oracle.streams import CLIENT_TIMEOUT_NS, Stream, by_client, core_span, end_of, stream_of, up_to


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
    everything = list(operations)
    end_ns = end_of(everything) if horizon_ns is None else horizon_ns
    chosen = [
        o for o in everything if (client is None or o.invoke.client == client) and (kind is None or kind_of(o) == kind)
    ]
    times = [
        _of_stream(
            stream_of(group, end_ns, timeout_ns), fault, heal_ns, window_ns, padding, baseline_failure_rate, name, of
        )
        for (_, name, of), group in by_client(chosen).items()
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
    everything = list(operations) if until_ns is None else up_to(operations, until_ns)
    end_ns = end_of(everything) if until_ns is None else until_ns
    rates = baseline_failure_rates or {}
    cohorts: dict[str, dict[tuple[str, Kind], RecoveryTime]] = {}
    for (cohort, client, kind), group in by_client(everything).items():
        stream = stream_of(group, end_ns, timeout_ns)
        if until_ns is not None:
            # What was under way then is not known to have failed, and the clients were watched up to that moment.
            stream = replace(stream, horizon_ns=until_ns)
        time = _of_stream(stream, fault, heal_ns, window_ns, padding, rates.get(cohort, 0.0), client, kind)
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


def _of_stream(
    stream: Stream,
    fault: FaultInterval,
    heal_ns: int | None,
    window_ns: int,
    padding: Padding,
    rate: float,
    client: str,
    kind: Kind,
) -> RecoveryTime:
    first = _first_bad(stream, fault, heal_ns, window_ns, padding, rate)
    if first is None:
        return RecoveryTime(
            Bracket(0, 0, 0), client, kind, unaffected=True, from_fault_ns=0, operations=len(stream.sent_ns),
            unseen_ns=stream.widest_gap(fault.start_low_ns, heal_ns),
        )  # fmt: skip
    recovered = _lasting_success(stream, first, fault, heal_ns, window_ns, rate)
    end = len(stream.sent_ns) if recovered is None else recovered
    bad_ns = [stream.sent_ns[i] for i in range(first, end) if stream.bad[i]]
    strays = tolerated_failures(end - first, rate)
    low_ns = max(0, core_span(bad_ns, strays) - padding.total_ns)
    before = _last_good(stream, first, padding)
    good_ns = None if before is None else stream.sent_ns[before]
    start_ns = fault.start_low_ns if good_ns is None else max(fault.start_low_ns, good_ns)
    if recovered is None:
        return RecoveryTime(
            Bracket(low_ns, None), client, kind, never_recovered=True, confirmed=False,
            last_good_before_ns=good_ns, first_bad_ns=bad_ns[0],
            last_bad_ns=bad_ns[-1], served_between_ns=_served_between(stream, first),
            operations=len(stream.sent_ns), failures=len(bad_ns),
        )  # fmt: skip
    sent_ns, seen_ns = stream.sent_ns[recovered], stream.end_ns[recovered]
    high_ns = max(low_ns, seen_ns - start_ns, padding.total_ns)
    healed_first = heal_ns is not None and seen_ns >= heal_ns
    watched_ns = stream.horizon_ns if heal_ns is None or healed_first else min(heal_ns, stream.horizon_ns)
    moment_ns = (bad_ns[-1] + sent_ns) // 2
    from_fault_ns = max(0, moment_ns - fault.start_low_ns)
    midpoint_ns = moment_ns - (start_ns + bad_ns[0]) // 2
    return RecoveryTime(
        Bracket(low_ns, high_ns, _point(low_ns, high_ns, from_fault_ns, midpoint_ns)),
        client,
        kind,
        recovered_only_after_heal=healed_first,
        confirmed=watched_ns - sent_ns >= window_ns - min(100_000_000, window_ns // 100),
        last_good_before_ns=good_ns,
        first_bad_ns=bad_ns[0],
        last_bad_ns=bad_ns[-1],
        recovered_at_ns=sent_ns,
        recovered_seen_ns=seen_ns,
        from_fault_ns=from_fault_ns,
        operations=len(stream.sent_ns),
        failures=len(bad_ns),
    )


def _served_between(stream: Stream, first: int) -> int:
    """The longest time between two failures, from `first` on, with nothing but successes in between."""
    bad = [i for i in range(first, len(stream.sent_ns)) if stream.bad[i]]
    return max((stream.sent_ns[b - 1] - stream.sent_ns[a + 1] for a, b in pairwise(bad) if b > a + 1), default=0)


def _point(low_ns: int, high_ns: int, from_fault_ns: int, midpoint_ns: int) -> int:
    """The fault's own time is the better start if the client's failures agree with it; else the bracket's middle."""
    if low_ns <= from_fault_ns <= high_ns:
        return from_fault_ns
    return min(max(midpoint_ns, low_ns), high_ns)


def _first_bad(
    stream: Stream, fault: FaultInterval, heal_ns: int | None, window_ns: int, padding: Padding, rate: float
) -> int | None:
    """The first failure that the fault can have caused, and that chance does not explain."""
    for i, bad in enumerate(stream.bad):
        sent_ns = stream.sent_ns[i]
        if heal_ns is not None and sent_ns >= heal_ns:
            return None
        # One that was sent long before the fault and failed after it was hanging before it: not the fault's doing.
        could_be_hit = stream.end_ns[i] >= fault.start_low_ns and sent_ns + padding.total_ns >= fault.start_low_ns
        if bad and could_be_hit and not stream.clean(i, sent_ns + window_ns, rate):
            return i
    return None


def _lasting_success(
    stream: Stream, first: int, fault: FaultInterval, heal_ns: int | None, window_ns: int, rate: float
) -> int | None:
    """The first success after `first` that begins a clean window; a window before the heal ends with the heal."""
    for i in range(first + 1, len(stream.sent_ns)):
        if stream.bad[i] or stream.sent_ns[i] < fault.start_high_ns:
            continue
        until_ns = stream.sent_ns[i] + window_ns
        if heal_ns is not None and stream.end_ns[i] < heal_ns:
            until_ns = min(until_ns, heal_ns)
        if stream.clean(i, until_ns, rate):
            return i
    return None


def _last_good(stream: Stream, first: int, padding: Padding) -> int | None:
    """The last good operation before `first` that took no longer than usual.

    A slow one may have waited the outage out, so its send time would not bound the onset. Without any measured
    latency every good one is taken.
    """
    for i in range(first - 1, -1, -1):
        if stream.bad[i]:
            continue
        if padding.latency_p999_ns == 0 or stream.end_ns[i] - stream.sent_ns[i] <= padding.total_ns:
            return i
    return None
