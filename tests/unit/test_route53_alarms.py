"""What checks of CloudWatch metrics make of an alarm's data, and what is told of all checks there."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engines.dns.zone import Configuration, HealthCheck
from harness.engines.health_checks.checker import Checker, Times
from harness.parts.steering.route53.alarms import (
    STATISTICS,
    Alarm,
    Datum,
    Unwatchable,
    parse_alarm,
    periods,
    within_limits,
)
from harness.parts.steering.route53.latency import Latencies, as_data
from harness.parts.steering.route53.metrics import Statuses, told_of

ERRORS: dict[str, Any] = {
    "AlarmName": "errors", "Namespace": "shop", "MetricName": "errors", "Dimensions": [{"Name": "at", "Value": "east"}],
    "Statistic": "Average", "Period": 60, "EvaluationPeriods": 3, "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold", "StateValue": "ALARM",
}  # fmt: skip


def alarm(**fields: Any) -> Alarm:
    found = parse_alarm(ERRORS | fields)
    assert isinstance(found, Alarm)
    return found


def data(text: str) -> list[Datum | None]:
    """`x`: breaches; `.`: does not; `?`: nothing is known."""
    known = {"x": Datum(2, 20, 0, 20), ".": Datum(2, 4, 0, 4), "?": None}
    return [known[one] for one in text]


@pytest.mark.parametrize(
    ("seen", "healthy"),
    [
        ("xxx", False), ("...", True), ("xx.", True), (".xx", True), ("?x.", True), ("?.?", True),
        ("???", None), ("?xx", None), ("xx?", None),
    ],
)  # fmt: skip
def test_an_alarm_is_on_when_all_its_periods_breach_whatever_its_state_is_set_to(
    seen: str, healthy: bool | None
) -> None:
    assert within_limits(alarm(), data(seen)) is healthy


@pytest.mark.parametrize(("statistic", "value"), [*zip(STATISTICS, [4.0, 2.5, 10.0, 1.0, 7.0], strict=True)])
@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", True, True, False), ("GreaterThanOrEqualToThreshold", True, False, False),
        ("LessThanThreshold", False, True, True), ("LessThanOrEqualToThreshold", False, False, True),
    ],
)  # fmt: skip
def test_every_statistic_is_compared_with_its_threshold(
    statistic: str, value: float, comparison: str, below: bool, at: bool, above: bool
) -> None:
    def healthy(threshold: float) -> bool | None:
        one = alarm(Statistic=statistic, ComparisonOperator=comparison, EvaluationPeriods=1, Threshold=threshold)
        return within_limits(one, [Datum(4, 10, 1, 7)])

    assert (healthy(value + 1), healthy(value), healthy(value - 1)) == (below, at, above)


def test_the_last_whole_periods_decide_and_they_shrink_with_the_profile() -> None:
    assert periods(alarm(), 305.5, 1) == [(120, 180), (180, 240), (240, 300)]
    assert periods(alarm(EvaluationPeriods=1), 305.5, 0.1) == [(294, 300)]
    assert periods(alarm(EvaluationPeriods=1), 305.5, 0.001) == [(304, 305)]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"Period": 10}, "60 s"), ({"Statistic": None, "ExtendedStatistic": "p99"}, "statistic"),
        ({"DatapointsToAlarm": 2}, "M out of N"), ({"MetricName": None, "Metrics": [{"Id": "m"}]}, "expression"),
        ({"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"}, "threshold"),
    ],
)  # fmt: skip
def test_an_alarm_that_route_53_cannot_watch_says_why(fields: dict[str, Any], why: str) -> None:
    found = parse_alarm(ERRORS | fields)
    assert isinstance(found, Unwatchable)
    assert why in found.why


def test_what_is_told_of_each_kind_of_check() -> None:
    checks = (
        HealthCheck("http", "HTTP"), HealthCheck("sum", "CALCULATED", children=("http", "alarm")),
        HealthCheck("alarm", "CLOUDWATCH_METRIC"), HealthCheck("new", "TCP"),
    )  # fmt: skip
    healthy = {"http": True, "sum": False, "alarm": False}
    checkers = {"http": tuple(Checker(1, 1, healthy=n < 3) for n in range(16))}
    seen = Statuses(Configuration((), {check.id: check for check in checks}), healthy, checkers)
    assert [one[:3] for one in told_of(seen)] == [
        ("http", "HealthCheckStatus", 1.0), ("http", "HealthCheckPercentageHealthy", 18.75),
        ("sum", "HealthCheckStatus", 0.0), ("sum", "ChildHealthCheckHealthyCount", 1.0),
        ("alarm", "HealthCheckStatus", 0.0),
    ]  # fmt: skip


def test_latencies_are_summed_by_region_and_over_all_of_them_and_told_once() -> None:
    known, ms = Latencies(), 1_000_000
    known.add("one", "us-east-1", Times(2 * ms, None, 10 * ms))
    known.add("one", "us-east-1", Times(4 * ms, 3 * ms, None))
    known.add("one", "eu-west-1", Times(90 * ms))
    told = {
        (one["MetricName"], *(d["Value"] for d in one["Dimensions"])): tuple(one["StatisticValues"].values())
        for one in as_data(known.take())
    }
    assert told == {
        ("ConnectionTime", "one"): (3, 96.0, 2.0, 90.0),
        ("ConnectionTime", "one", "us-east-1"): (2, 6.0, 2.0, 4.0),
        ("ConnectionTime", "one", "eu-west-1"): (1, 90.0, 90.0, 90.0),
        ("TimeToFirstByte", "one"): (1, 10.0, 10.0, 10.0),
        ("TimeToFirstByte", "one", "us-east-1"): (1, 10.0, 10.0, 10.0),
        ("SSLHandshakeTime", "one"): (1, 3.0, 3.0, 3.0),
        ("SSLHandshakeTime", "one", "us-east-1"): (1, 3.0, 3.0, 3.0),
    }
    assert as_data(known.take()) == []
