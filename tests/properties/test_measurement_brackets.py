from __future__ import annotations

import random
import statistics

from hypothesis import given, settings
from hypothesis import strategies as st
from measurement_simulation import Loop, Mode, Outage, traffic

from harness.history.events import Completion, Event, FaultEvent, Operation
from harness.measurement.live import LiveState
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.outages import interruptions
from harness.measurement.phases import split
from harness.measurement.prediction import Conditions, Failure, predict
from harness.measurement.recovery_time import RecoveryTime, recovery_bracket, recovery_by_cohort
from harness.parts.steering.route53.law import Route53Law
from harness.units import NS_PER_MS, NS_PER_S

WINDOW_NS = 3 * NS_PER_S
START_NS = 5 * NS_PER_S

loops = st.builds(
    Loop,
    period_ns=st.integers(20 * NS_PER_MS, 500 * NS_PER_MS),
    one_way_ns=st.integers(0, 60 * NS_PER_MS),
)
modes: st.SearchStrategy[Mode] = st.sampled_from(("refuse", "black-hole", "retransmit"))
lengths = st.integers(0, 8 * NS_PER_S)


def fault_around(source: random.Random, start_ns: int) -> FaultInterval:
    return FaultInterval(start_ns - source.randint(0, 20 * NS_PER_MS), start_ns + source.randint(0, 20 * NS_PER_MS))


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), loop=loops, mode=modes, length_ns=lengths)
def test_the_bracket_contains_the_truth(seed: int, loop: Loop, mode: Mode, length_ns: int) -> None:
    source = random.Random(seed)
    outage = Outage(START_NS, START_NS + length_ns, mode)
    operations = list(traffic(source, "dns-0", "put", loop, outage, outage.end_ns + 2 * WINDOW_NS))
    padding = Padding(2 * loop.one_way_ns)
    fault = fault_around(source, START_NS)
    found = recovery_bracket(operations, fault, None, WINDOW_NS, padding)
    assert found is not None
    if found.unaffected:
        assert length_ns <= found.unseen_ns
        return
    assert found.confirmed
    assert found.bracket.high_ns is not None
    assert found.bracket.point_ns is not None
    assert found.bracket.low_ns <= length_ns <= found.bracket.high_ns
    assert found.bracket.low_ns <= found.bracket.point_ns <= found.bracket.high_ns
    if mode == "refuse":
        width_ns = found.bracket.high_ns - found.bracket.low_ns
        onset_ns = fault.start_high_ns - START_NS
        assert width_ns <= 2 * loop.period_ns + 4 * loop.one_way_ns + onset_ns
    (outage_found,) = interruptions(operations, WINDOW_NS, padding)
    assert outage_found.duration.high_ns is not None
    assert outage_found.duration.low_ns <= length_ns


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), mode=modes, ends=st.lists(lengths, min_size=2, max_size=6))
def test_the_worst_clients_bracket_contains_the_longest_outage(seed: int, mode: Mode, ends: list[int]) -> None:
    source = random.Random(seed)
    until_ns = START_NS + max(ends) + 2 * WINDOW_NS
    operations: list[Operation] = []
    for n, length_ns in enumerate(ends):
        loop = Loop(source.randint(50, 500) * NS_PER_MS, 10 * NS_PER_MS)
        outage = Outage(START_NS, START_NS + length_ns, mode)
        operations += traffic(source, f"dns-{n // 2}", "put" if n % 2 else "get", loop, outage, until_ns)
    fault = fault_around(source, START_NS)
    worst = recovery_by_cohort(operations, fault, None, WINDOW_NS, Padding(20 * NS_PER_MS))["dns"].worst
    if worst.unaffected:
        assert max(ends) <= worst.unseen_ns
        return
    assert worst.bracket.high_ns is not None
    assert worst.bracket.low_ns <= max(ends)
    assert max(ends) <= max(worst.bracket.high_ns, worst.unseen_ns)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), loop=loops, mode=modes, length_ns=lengths)
def test_the_live_view_is_never_ahead_of_the_measurement(seed: int, loop: Loop, mode: Mode, length_ns: int) -> None:
    source = random.Random(seed)
    outage = Outage(START_NS, START_NS + length_ns, mode)
    operations = list(traffic(source, "dns-0", "put", loop, outage, outage.end_ns + 2 * WINDOW_NS))
    events: list[Event] = [o.invoke for o in operations] + [o.completion for o in operations if o.completion]
    events.append(FaultEvent("start", "region-outage", "us-east-1", mode, START_NS, START_NS))
    state = LiveState()
    for event in sorted(events, key=lambda e: (e.mono_ns, isinstance(e, Completion))):
        state.step(event)
    found = recovery_bracket(operations, FaultInterval(START_NS, START_NS), None, WINDOW_NS, Padding())
    assert found is not None
    assert state.recovered_since_ns is not None
    assert state.in_flight == 0
    if not found.unaffected:
        assert found.recovered_at_ns is not None
        assert state.recovered_since_ns >= found.recovered_at_ns


@given(
    start_ns=st.integers(0, 10**12),
    moments=st.lists(st.none() | st.integers(0, 10**12), min_size=1, max_size=6),
    total_ns=st.integers(0, 10**12),
)
def test_phases_add_up_whatever_was_seen(start_ns: int, moments: list[int | None], total_ns: int) -> None:
    found = split(start_ns, {f"m{n}": moment for n, moment in enumerate(moments)}, start_ns + total_ns)
    known = [value for value in found.values() if value is not None]
    assert sum(known) == total_ns
    assert min(known) >= 0
    assert [value is None for value in found.values()][:-1] == [moment is None for moment in moments]


failures: st.SearchStrategy[Failure] = st.sampled_from(("refused", "black-hole", "silence"))


@given(
    interval_s=st.integers(10, 30), threshold=st.integers(1, 10), failure=failures, ttl_s=st.integers(1, 300),
    clients=st.integers(1, 30), checkers=st.integers(1, 30), monitor_s=st.integers(0, 60), serial=st.booleans(),
)  # fmt: skip
def test_the_typical_time_is_within_the_bound(
    interval_s: int, threshold: int, failure: Failure, ttl_s: int, clients: int, checkers: int, monitor_s: int,
    serial: bool,
) -> None:  # fmt: skip
    found = predict(
        Conditions(
            Route53Law(interval_s * NS_PER_S, threshold, 4 * NS_PER_S, 2 * NS_PER_S, checkers, ttl_s * NS_PER_S),
            failure, clients, monitor_period_ns=monitor_s * NS_PER_S, monitor_threshold=monitor_s % 4,
            monitor_timeout_ns=2 * NS_PER_S, monitor_serial=serial,
        )
    )  # fmt: skip
    assert 0 < found.typical_ns <= found.bound_ns


def usual_estimate_ns(operations: list[Operation]) -> int:
    """First failure seen to first success seen after it: what a stopwatch beside the client says."""
    ends = [(o.returned_ns or 0, o.good) for o in operations]
    first_failure_ns = min(end_ns for end_ns, good in ends if not good)
    return min(end_ns for end_ns, good in ends if good and end_ns > first_failure_ns) - first_failure_ns


def test_the_usual_estimator_is_a_time_out_short_and_this_one_is_not() -> None:
    # Period 0.1 s, time-out 1 s, open loop, black hole: the usual estimator is biased by -0.98 s.
    source = random.Random(20)
    loop = Loop(100 * NS_PER_MS, 10 * NS_PER_MS)
    padding = Padding(20 * NS_PER_MS)
    usual: list[float] = []
    ours: list[float] = []
    widths: list[float] = []
    for _ in range(200):
        start_ns = START_NS + source.randrange(NS_PER_S)
        truth_ns = source.randrange(6 * NS_PER_S, 12 * NS_PER_S)
        outage = Outage(start_ns, start_ns + truth_ns, "black-hole")
        operations = list(traffic(source, "dns-0", "put", loop, outage, outage.end_ns + 4 * NS_PER_S))
        found = recovery_bracket(operations, FaultInterval(start_ns, start_ns), None, WINDOW_NS, padding)
        assert found is not None
        usual.append((usual_estimate_ns(operations) - truth_ns) / NS_PER_S)
        ours.append((midpoint_ns(found) - truth_ns) / NS_PER_S)
        assert found.bracket.high_ns is not None
        assert found.bracket.low_ns <= truth_ns <= found.bracket.high_ns
        widths.append((found.bracket.high_ns - found.bracket.low_ns) / NS_PER_S)
    assert -1.02 < statistics.mean(usual) < -0.94
    assert abs(statistics.mean(ours)) < 0.02
    assert max(abs(error) for error in ours) <= 0.11
    assert max(widths) <= 0.25


def midpoint_ns(found: RecoveryTime) -> int:
    assert found.bracket.point_ns is not None
    return found.bracket.point_ns
