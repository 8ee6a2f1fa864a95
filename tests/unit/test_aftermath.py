"""Gray time, requests that never end, and service that stays down after its cause is gone."""

from __future__ import annotations

from measurement_timeline import A, B, pulse, s, timeline

from harness.checkers.aftermath import goodput, hung
from harness.history.events import HealthTransition, Operation
from harness.measurement.gray import gray
from harness.measurement.shares import Share
from harness.outcome import Verdict

EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}


def health(place: str, status: str, at_s: float, kind: str = "route53") -> HealthTransition:
    healthy = status == "healthy"
    return HealthTransition(place, "healthy" if healthy else "unhealthy", 16 if healthy else 0, 16, s(at_s), kind=kind)


def clients(beats: str, address: str = "A") -> list[Operation]:
    return pulse("dns-0", "reads", beats, period_s=1.0, address=address, timeout_s=0.5)


# --- gray -------------------------------------------------------------------------------------------------------------


def test_what_clients_saw_before_anybody_else_is_gray() -> None:
    told = [health(EAST, "unhealthy", 6.0), health(EAST, "healthy", 11.0)]
    (one,) = gray(clients("...xxxxxx..."), told, PLACES) or ()
    assert one.place == EAST
    assert one.spans == ((s(3.0), s(6.0)),)
    assert one.ops[0] == f"dns-0.get.{s(3.0)}"


def test_a_health_check_that_never_notices_leaves_all_of_it_gray() -> None:
    (one,) = gray(clients("...iiii..."), [health(WEST, "unhealthy", 1.0)], PLACES) or ()
    assert one.longest_ns == one.total_ns == s(3.0)


def test_whoever_notices_counts_also_a_load_balancer() -> None:
    told = [health(EAST, "unhealthy", 3.0, "target"), health(WEST, "healthy", 0.0)]
    assert gray(clients("...xxxx..."), told, PLACES) == []


def test_a_place_that_is_called_healthy_again_too_soon_is_gray_again() -> None:
    told = [health(EAST, "unhealthy", 3.0), health(EAST, "healthy", 5.0), health(EAST, "unhealthy", 7.0)]
    (one,) = gray(clients("...xxxxxxx.."), told, PLACES) or ()
    assert one.spans == ((s(5.0), s(7.0)),)


def test_single_failures_and_failures_elsewhere_are_not() -> None:
    told = [health(EAST, "healthy", 0.0)]
    assert gray(clients(".x.x.x."), told, PLACES) == []
    assert gray(pulse("pinned-a-0", "reads", "..xxxx..", period_s=1.0), told, PLACES) == []
    assert gray(clients("..xxxx..", "-"), told, PLACES) == []


def test_where_nobody_tells_of_health_it_is_not_measurable() -> None:
    assert gray(clients("..xxxx.."), [], PLACES) is None


def test_several_clients_make_one_stretch() -> None:
    both = [*clients("..xxx....."), *pulse("dns-1", "writes", "...xxxx...", period_s=1.0)]
    (one,) = gray(both, [health(EAST, "healthy", 0.0)], PLACES) or ()
    assert one.spans == ((s(2.0), s(6.0)),)


# --- goodput ----------------------------------------------------------------------------------------------------------


def after(beats: str, within_s: float = 10.0) -> Verdict:
    operations = pulse("dns-0", "reads", beats, period_s=1.0)
    return goodput(
        operations, usual=Share(100, 100), healed_ns=s(10), within_ns=s(within_s), until_ns=None
    ).verdict  # fmt: skip


def test_service_that_stays_down_after_the_heal_is_found_with_the_requests_that_failed() -> None:
    operations = pulse("dns-0", "reads", "." * 5 + "x" * 15 + ".x" * 20, period_s=1.0)
    result = goodput(operations, usual=Share(100, 100), healed_ns=s(10), within_ns=s(10), until_ns=None)
    assert result.verdict is Verdict.MISSED
    assert "50.0%" in result.text
    (found,) = result.findings
    assert found.id == "A17"
    assert f"dns-0.get.{s(21)}" in found.text


def test_a_backlog_that_is_worked_off_in_time_is_legal() -> None:
    assert after("." * 10 + "x" * 9 + "." * 40) is Verdict.MET
    assert after("." * 60) is Verdict.MET
    assert after("." * 10 + "x" * 9 + ("." * 29 + "x") * 2) is Verdict.MET, "one of thirty fails"


def test_a_service_that_was_no_better_before_is_no_worse_now() -> None:
    operations = pulse("dns-0", "reads", ".x" * 30, period_s=1.0)
    result = goodput(operations, usual=Share(50, 100), healed_ns=s(10), within_ns=s(5), until_ns=None)
    assert result.verdict is Verdict.MET


def test_too_few_requests_tell_nothing() -> None:
    assert after("x" * 30, within_s=15.0) is Verdict.UNKNOWN
    assert after("") is Verdict.UNKNOWN


# --- hung -------------------------------------------------------------------------------------------------------------


def test_a_request_that_never_ends_is_found_and_named() -> None:
    text = "w1: dns-0 put a 1.0..\nw2: dns-0 put b 1.1..1.2 ok A\nw3: dns-0 put c 9.0..9.1 ok A\n"
    result = hung(timeline(text), budget_ns=s(5))
    assert result.verdict is Verdict.MISSED
    assert "w1" in result.text
    assert "1 of them never ended" in result.text
    assert result.findings[0].id == "A17"


def test_one_that_was_under_way_for_too_long_is_found_though_it_ended() -> None:
    assert hung(timeline("w1: dns-0 put a 1.0..8.0 ok A\n"), budget_ns=s(5)).verdict is Verdict.MISSED


def test_what_has_just_been_sent_may_still_be_under_way() -> None:
    text = "w1: dns-0 put a 1.0..1.1 ok A\nw2: dns-0 put b 4.0..\nw3: dns-0 put c 4.1..8.0 ok A\n"
    assert hung(timeline(text), budget_ns=s(5)).verdict is Verdict.MET
    assert hung([], budget_ns=s(5)).verdict is Verdict.UNKNOWN
