"""Availability, propagation, canaries, lateness, statistics and the live view."""

from __future__ import annotations

import random

import pytest
from measurement_timeline import A, B, pulse, s

from harness.history.events import CanaryProbe, Completion, DnsAnswer, Event, FaultEvent, Invoke, Operation
from harness.measurement import availability
from harness.measurement.canary import CanaryJudgement, Expectation, Fails, Rate, Slow, judge_canary, untouched
from harness.measurement.lateness import in_seconds, latency_ns, lateness_ns, padding
from harness.measurement.live import LiveState
from harness.measurement.models import FaultInterval
from harness.measurement.propagation import answer_at, answer_changes
from harness.measurement.statistics import binomial_interval, quantile, tolerated_failures
from harness.outcome import Outcome

LINK = "canary.outside->us-east-1:dynamodb"
WINDOW = FaultInterval(s(10), s(10.1), s(20), s(20.1))


def test_shares_per_cohort_kind_and_time() -> None:
    operations = pulse("dns-0", "writes", "..xi") + pulse("pinned-a-0", "reads", "....")
    assert availability.share(operations, cohort="dns").value == 0.5
    assert availability.share(operations, 0, s(0.2)).value == 1.0
    assert availability.share(operations, kind="reads").total == 4
    assert availability.share([]).value is None
    assert availability.failure_rates(operations, 0, s(1)) == {"dns": 0.5, "pinned-a": 0.0}
    assert availability.by_cohort(operations)["dns"].good == 2
    assert availability.bins(operations, s(0.2))["dns", "writes"] == {
        0: availability.Share(2, 2),
        s(0.2): availability.Share(0, 2),
    }


def dns(at: float, client: str, *addresses: str) -> DnsAnswer:
    return DnsAnswer("witness", client, "app.example.com", addresses, 6.0, s(at))


def test_only_a_different_answer_is_a_change() -> None:
    events = [dns(1, "dns-0", A), dns(2, "dns-0", A), dns(3, "dns-0", B), dns(4, "dns-1", B), dns(5, "dns-0", A)]
    changes = answer_changes(events)
    assert [a.mono_ns for a in changes["dns-0"]] == [s(3), s(5)]
    assert changes["dns-1"] == ()
    assert answer_at(events, "dns-0", s(3.5)) == (B,)
    assert answer_at(events, "dns-1", s(3.5)) is None


def probes(beats: str, took_s: float = 0.01, first_s: float = 5.0, slow_s: float = 0.5) -> list[CanaryProbe]:
    """One probe a second: `.` ok, `x` failed, `s` ok but slow."""
    return [
        CanaryProbe(LINK, beat != "x", s(first_s + n), s(first_s + n + (slow_s if beat == "s" else took_s)))
        for n, beat in enumerate(beats)
    ]


def test_only_databases_that_no_fault_touched_show_whether_the_rest_held() -> None:
    touched = "canary.us-west-2->us-east-1:dynamodb"
    seen = [
        CanaryProbe(LINK, True, s(1), s(1.1), None, "dynamodb"),
        CanaryProbe(LINK, False, s(2), s(3), "timeout", "dynamodb"),
        CanaryProbe(LINK, False, s(0.1), s(0.2), "reset", "dynamodb"),
        CanaryProbe(touched, False, s(2), s(3), "timeout", "dynamodb"),
        CanaryProbe("canary->us-east-1:http", False, s(2), s(3), "refused", "http"),
        CanaryProbe("canary->monitor.outside:process", False, s(2), s(2), "gone", "process"),
    ]
    assert untouched(seen, {touched}, s(1)) == {LINK: availability.Share(1, 2)}


def judged(beats: str, expectation: Expectation | None = None) -> CanaryJudgement:
    return judge_canary(probes(beats), [LINK], expectation or Fails(), WINDOW)


def test_a_fault_that_bit_is_observed_and_its_heal_too() -> None:
    # Probes at 5 to 10 s before the fault is complete, 11 to 19 during it, 20 at its end, 21 and on after it.
    found = judged("......xxxxxxxxxx...")
    assert found.observed
    assert found.healed is True


def test_a_fault_that_was_never_applied_is_not_observed() -> None:
    assert not judged("." * 20).observed


def test_a_link_that_was_dead_before_proves_nothing() -> None:
    assert not judged("xxxxxxxxxxxxxxxx...").observed


def test_a_fault_that_leaks_is_not_observed() -> None:
    assert not judged("......xxxx.xxxxx...").observed


def test_a_toxic_left_behind_is_noticed() -> None:
    assert judged("......xxxxxxxxxxxxx").healed is False


def test_no_probe_no_proof() -> None:
    assert not judged("......").observed
    assert not judge_canary(probes("......xxxxxxxxxx", first_s=50), [LINK], Fails(), WINDOW).observed
    assert not judge_canary(probes("......xxxxxxxxxx"), [], Fails(), WINDOW).observed
    assert not judge_canary(probes("......xxxxxxxxxx"), [LINK, "other"], Fails(), WINDOW).observed


def test_slowness_is_judged_by_the_median() -> None:
    assert judged("......ssssssssss..", Slow(300)).observed
    assert not judged("......ss........", Slow(300)).observed
    assert not judged("ssssssssssssssss", Slow(300)).observed


def test_a_rate_is_judged_by_its_interval() -> None:
    window = FaultInterval(s(100), s(100), s(300), s(301))
    source = random.Random(7)
    beats = "." * 95 + "".join("x" if source.random() < 0.35 else "." for _ in range(190))
    assert judge_canary(probes(beats), [LINK], Rate(0.3, 0.4), window).observed
    assert not judge_canary(probes(beats), [LINK], Rate(0.7, 0.9), window).observed
    assert not judge_canary(probes("." * 285), [LINK], Rate(0.0, 0.4), window).observed


def test_lateness_and_latency_become_padding() -> None:
    late = [
        Operation(
            Invoke(str(n), 0, "dns-0", "dns", "get", "k", None, s(n), s(n) + n * 1000),
            Completion(str(n), 0, "dns-0", "dns", "get", "k", None, Outcome.OK, s(n) + n * 1000 + 5000),
        )
        for n in range(100)
    ]
    assert lateness_ns(late) == {"p50": 49_000, "p99": 98_000, "p999": 99_000, "max": 99_000}
    assert latency_ns(late)["p999"] == 5000
    assert padding(late, 0, s(50)).total_ns == 49_000 + 5000
    assert padding([], 0, 1).total_ns == 0
    assert in_seconds({"p50": s(2)}) == {"p50": 2.0}


def test_quantiles_are_by_nearest_rank() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2
    assert quantile([1, 2, 3, 4], 1.0) == 4
    with pytest.raises(ValueError, match="no quantile"):
        quantile([], 0.5)


def test_chance_explains_as_many_failures_as_the_binomial_says() -> None:
    # P(Bin(100, 1 %) >= 4) = 0.0184, >= 5: 0.0034.
    assert tolerated_failures(100, 0.01) == 4
    assert tolerated_failures(100, 0.0) == 0
    assert tolerated_failures(5, 1.0) == 5
    low, high = binomial_interval(5, 100)
    # Wilson's interval by hand: centre 0.0780, half width 0.0611.
    assert (round(low, 3), round(high, 3)) == (0.017, 0.139)
    assert binomial_interval(0, 0) == (0.0, 1.0)


def events_of(operations: list[Operation]) -> list[Event]:
    events: list[Event] = []
    for o in operations:
        events.append(o.invoke)
        if o.completion is not None:
            events.append(o.completion)
    return sorted(events, key=lambda e: (e.mono_ns, isinstance(e, Completion)))


def play(state: LiveState, events: list[Event]) -> None:
    for event in events:
        state.step(event)


def fault(at: float, f: str = "start") -> FaultEvent:
    return FaultEvent(f, "region-outage", "us-east-1", "refuse", s(at), s(at + 0.01))  # type: ignore[arg-type]


def live(*groups: list[Operation], fault_s: float = 1.0) -> LiveState:
    state = LiveState(survivor_address=B)
    events = events_of([o for group in groups for o in group])
    play(state, sorted([*events, fault(fault_s)], key=lambda e: e.mono_ns))
    return state


def test_live_recovery_waits_for_the_last_client_and_kind() -> None:
    good = pulse("dns-0", "writes", "." * 11 + "x" * 5 + "." * 20)
    reads = pulse("dns-0", "reads", "." * 11 + "x" * 9 + "." * 16)
    state = live(good, reads)
    assert state.recovered_since_ns == s(2.0)
    still_out = live(good, reads, pulse("dns-1", "reads", "." * 11 + "x" * 25))
    assert still_out.recovered_since_ns is None


def test_live_recovery_is_undone_by_a_time_out_that_ends_late() -> None:
    # The time-out was sent at 1.5 and known at 2.5, long after successes sent later.
    writes = pulse("dns-0", "writes", "." * 10 + "xx..." + "i" + "..........")
    state = live(writes)
    assert state.recovered_since_ns is not None
    assert state.recovered_since_ns > s(1.5)


def test_live_success_of_before_the_fault_is_no_recovery() -> None:
    assert live(pulse("dns-0", "writes", "." * 10)).recovered_since_ns is None


def test_live_counts_and_first_write_on_the_other_side() -> None:
    before = pulse("dns-0", "writes", "." * 10)
    standby = pulse("pinned-b-0", "writes", "..", address="B")
    after = pulse("dns-0", "writes", "...", first_s=1.5, address="B") + pulse("dns-0", "writes", "?", first_s=1.9)
    state = live(before, standby, after)
    assert state.acknowledged_writes == 15
    assert state.first_write_on_survivor_ns == s(1.51)
    assert state.in_flight == 1
    assert state.share("dns", B).total == 3
    assert state.share().value == 1.0


def test_live_shares_forget() -> None:
    state = live(pulse("dns-0", "writes", "x" * 10), pulse("dns-0", "writes", "." * 10, first_s=8.0))
    assert state.failures == 10
    assert state.share("dns").total == 10
    assert state.share("dns").value == 1.0


def test_live_knows_the_answer_and_the_canary() -> None:
    state = LiveState()
    play(
        state,
        [dns(1, "authoritative", A), dns(2, "dns-0", A), dns(3, "authoritative", B), *probes("x"), fault(9, "stop")],
    )
    assert state.authoritative == (B,)
    assert state.authoritative_since_ns == s(3)
    assert state.answers == {"authoritative": (B,), "dns-0": (A,)}
    assert state.canaries == {LINK: False}
    assert state.fault_stop_ns == s(9)
