from __future__ import annotations

from measurement_timeline import A, B, s, timeline
from simulated_backend import environment

from harness.drill.plan import conditions_of
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.measurement.models import FaultInterval
from harness.measurement.phases import INTERMEDIARY_STEPS, phases, split
from harness.measurement.prediction import Conditions, predict
from harness.measurement.why import why
from harness.parts.steering.route53.law import Route53Law, flips_needed, law
from harness.topology.subject import SubjectTiming
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S

FAULT = FaultInterval(s(10), s(10.02))
WRITES = timeline("""
  u1: dns-1 put u1  9.0..9.02   ok   A
  u2: dns-1 put u2 12.0..13.0   info A
  u3: dns-1 put u3 15.0..15.05  ok   B
""")


def health(at: float, target: str = "us-east-1", kind: str = "route53") -> HealthTransition:
    return HealthTransition(target, "unhealthy", 2, 16, s(at), kind=kind)


def answer(at: float, client: str, *addresses: str) -> DnsAnswer:
    return DnsAnswer("witness", client, "app.example.com", addresses, 6.0, s(at))


def of(*events: HealthTransition | DnsAnswer, total: float | None = 8.0) -> dict[str, int | None]:
    return phases(
        events, WRITES, FAULT, lost_region="us-east-1", lost_address=A, survivor_address=B, worst_client="dns-1",
        total_ns=None if total is None else s(total), flips=("route53",),
    )  # fmt: skip


def test_phases_add_up_to_the_total() -> None:
    found = of(health(13), answer(9, "authoritative", A), answer(14, "authoritative", B), answer(17, "dns-1", B))
    assert found == {"detect": s(3), "redirect": s(1), "activate": s(1.05), "dns_ttl": s(17) - s(15.05), "settle": s(1)}


def test_a_missing_milestone_goes_into_the_next_phase() -> None:
    found = of(answer(14, "authoritative", B), answer(17, "dns-1", B))
    assert found["detect"] is None
    assert found["redirect"] == s(4)
    assert sum(value or 0 for value in found.values()) == s(8)


def test_an_answer_that_changes_before_the_status_flips_counts_as_detected() -> None:
    found = of(health(16), answer(14, "authoritative", B), answer(17, "dns-1", B))
    assert (found["detect"], found["redirect"], found["activate"], found["dns_ttl"]) == (s(4), 0, s(1.05), s(1.95))


def test_milestones_out_of_order_take_no_time() -> None:
    found = of(health(13), answer(16, "authoritative", B), answer(17, "dns-1", B))
    assert (found["detect"], found["redirect"], found["activate"], found["dns_ttl"]) == (s(3), s(3), 0, s(1))


def test_a_milestone_after_the_recovery_is_cut_off_there() -> None:
    found = of(health(13), answer(14, "authoritative", B), answer(30, "dns-1", B))
    assert found["settle"] == 0
    assert sum(value or 0 for value in found.values()) == s(8)


def test_flips_of_other_regions_other_checks_and_earlier_times_are_no_milestones() -> None:
    found = of(health(11, "us-west-2"), health(12, kind="load-balancer"), health(9), answer(12, "dns-2", B))
    assert found["detect"] is None
    assert found["dns_ttl"] is None


def test_without_recovery_there_is_no_settling() -> None:
    found = of(health(13), total=None)
    assert found == {"detect": s(3), "redirect": None, "activate": s(2.05), "dns_ttl": None, "settle": None}
    assert why(found) == ""


def call(at: float, text: str = "200", source: str = "world", by: str = "intermediary.outside") -> Happening:
    return Happening("call", by, "PUT /v2/x", s(at), text, lasts=False, source=source)  # type: ignore[arg-type]


def moved(*events: HealthTransition | DnsAnswer | Happening, total: float | None = 8.0) -> dict[str, int | None]:
    return phases(
        events, WRITES, FAULT, lost_region="us-east-1", lost_address=A, survivor_address=B, worst_client="dns-1",
        total_ns=None if total is None else s(total), flips=("intermediary",), steps=INTERMEDIARY_STEPS,
    )  # fmt: skip


def looks(at: float) -> HealthTransition:
    return health(at, kind="intermediary")


ANSWERS = (answer(9, "authoritative", A), answer(15.2, "authoritative", B), answer(17, "dns-1", B))


def test_an_intermediary_has_phases_of_its_own_that_add_up() -> None:
    found = moved(looks(12), call(15.1), *ANSWERS)
    assert found == {
        "detect": s(2), "decide": s(15.1) - s(12), "api": s(15.2) - s(15.1), "dns_ttl": s(17) - s(15.2), "settle": s(1),
    }  # fmt: skip
    assert sum(value or 0 for value in found.values()) == s(8)


def test_calls_that_the_api_refused_are_the_apis_time() -> None:
    found = moved(looks(11), call(12, "429"), call(13, "429"), call(15.1), *ANSWERS)
    assert (found["decide"], found["api"]) == (s(1), s(15.2) - s(12))
    assert why(found) == "40 % of the recovery time is changing the record through the API (3.20 s of 8.00 s)"


def test_calls_of_the_adversary_and_those_from_before_the_loss_was_noticed_decide_nothing() -> None:
    found = moved(call(10.5), looks(12), call(13, source="harness"), call(15.1), *ANSWERS)
    assert (found["detect"], found["decide"]) == (s(2), s(15.1) - s(12))


def test_the_other_side_that_takes_writes_only_after_the_record_has_moved_has_a_phase_of_its_own() -> None:
    early = (answer(9, "authoritative", A), answer(13.2, "authoritative", B), answer(17, "dns-1", B))
    found = moved(looks(12), call(13), *early)
    assert found["activate"] == s(15.05) - s(13.2)
    assert sum(value or 0 for value in found.values()) == s(8)


def test_an_intermediary_that_was_told_to_move_before_it_noticed_has_decided_all_that_time() -> None:
    found = moved(looks(16), call(15.1), *ANSWERS)
    assert (found["detect"], found["decide"], found["api"]) == (None, s(5.1), s(15.2) - s(15.1))


def test_a_history_without_calls_still_adds_up() -> None:
    found = moved(looks(12), *ANSWERS)
    assert (found["decide"], found["api"]) == (None, s(3.2))
    assert sum(value or 0 for value in found.values()) == s(8)


def test_the_largest_phase_is_named_with_its_share() -> None:
    found = split(0, {"detect": s(3), "dns_ttl": s(9.1)}, s(10))
    assert why(found) == "61 % of the recovery time is the DNS TTL (6.10 s of 10.00 s)"
    assert why({}) == ""


# Expected values: 500,000 simulated drills of 16 uncoordinated checkers and 20 resolver caches each.
EDGE_10S = Route53Law(10 * NS_PER_S, 3, 4 * NS_PER_S, 2 * NS_PER_S, checkers=16, ttl_ns=60 * NS_PER_S)
ROUTE53_10S = Conditions(EDGE_10S, "black-hole", clients=20, client_period_ns=NS_PER_S)


def test_the_bound_is_that_of_the_constants() -> None:
    assert predict(ROUTE53_10S).bound_ns == s(10.1 + 2 * 16 + 6) + s(60) + s(1)


def test_the_typical_detection_by_refused_checks_is_what_simulation_finds() -> None:
    refused = Conditions(EDGE_10S, "refused")
    found = predict(refused)
    detect_ns = found.typical_phases_ns["detect"]
    assert detect_ns is not None
    assert abs(detect_ns - s(28.6)) < s(0.5)
    assert found.bound_phases_ns["detect"] == s(30.1)


def test_a_slow_monitor_hides_behind_nothing() -> None:
    # A serial monitor with the SDK's default time-outs: 60 s to connect, five attempts.
    slow = Conditions(
        EDGE_10S, monitor_period_ns=5 * NS_PER_S, monitor_threshold=3,
        monitor_timeout_ns=300 * NS_PER_S, monitor_serial=True,
    )  # fmt: skip
    found = predict(slow)
    assert found.bound_ns > 600 * NS_PER_S
    assert sum(value or 0 for value in found.bound_phases_ns.values()) == found.bound_ns
    assert "activating" in why(found.bound_phases_ns)


def test_fourteen_of_sixteen_checkers_flip_an_endpoint() -> None:
    assert flips_needed(16) == 14
    assert flips_needed(15) == 13


def test_the_fast_profile_scales_intervals_but_no_time_out_below_a_second() -> None:
    fast = law(environment(), Timing(Profile.FAST))
    assert fast.interval_ns == NS_PER_S
    assert fast.ttl_ns == 6 * NS_PER_S
    assert fast.connect_timeout_ns == NS_PER_S
    monitor = SubjectTiming(check_interval_s=5, check_timeout_s=0.5)
    assert conditions_of(environment(), Timing(Profile.FAST), subject=monitor).monitor_timeout_ns == NS_PER_S // 2


def test_a_place_that_comes_back_has_the_same_milestones_turned_round() -> None:
    """Everything was lost; the heal at 10 s brings one place back, which then serves again."""
    healthy = HealthTransition("us-west-2", "healthy", 3, 16, s(12))
    events = [answer(9, "authoritative", A), answer(9, "dns-1", A), healthy,
              answer(13, "authoritative", B), answer(17, "dns-1", B)]  # fmt: skip
    found = phases(
        events, WRITES, FAULT, lost_region="", lost_address="", survivor_region="us-west-2", survivor_address=B,
        worst_client="dns-1", total_ns=s(8), flips=("route53",),
    )  # fmt: skip
    assert found == {"detect": s(2), "redirect": s(1), "activate": s(2.05), "dns_ttl": s(1.95), "settle": s(1)}


def test_an_answer_that_never_left_a_place_is_there_at_once_when_it_comes_back() -> None:
    events = [answer(9, "authoritative", B), answer(9, "dns-1", B)]
    found = phases(
        events, WRITES, FAULT, lost_region="", lost_address="", survivor_region="us-west-2", survivor_address=B,
        worst_client="dns-1", total_ns=s(6), flips=("route53",),
    )  # fmt: skip
    assert (found["detect"], found["redirect"], found["activate"]) == (None, 0, s(5.05))
