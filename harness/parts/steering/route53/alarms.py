"""What CLOUDWATCH_METRIC checks make of an alarm's metric: a pure function of the alarm's settings and the data.

Route 53 looks at the data, not at the alarm's state, so that SetAlarmState has no effect; it goes by the settings that
the alarm had when the check was made or last updated. The data of the last whole periods decide: the alarm is on when
`periods` of them in a row breach its threshold. One that does not breach it says that the alarm is off, whatever else
is known; without such a one, and with a period of which nothing is known, there is insufficient data.

Sources: Developer Guide, "How Route 53 determines the status of health checks that monitor CloudWatch alarms"; API
Reference, AlarmIdentifier (standard resolution, five statistics; neither metric math nor M out of N).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.units import NS_PER_S

LOOK_NS = 10 * NS_PER_S
"""Between two looks at a metric: our choice, since AWS documents no number."""
ASK_TIMEOUT_NS = 2 * NS_PER_S
"""How long a region's CloudWatch may take to answer, in any profile."""
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
"""Extended statistics are not supported (API Reference, AlarmIdentifier)."""
_STANDARD_S = 60
"""The shortest period of a metric of standard resolution."""


@dataclass(frozen=True)
class Alarm:
    """The settings of an alarm. period_s: as it was made, not scaled. periods: how many in a row must breach."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int
    periods: int
    threshold: float
    comparison: str


@dataclass(frozen=True)
class Unwatchable:
    """An alarm that Route 53 cannot watch, and why: there is never enough data of it."""

    why: str


@dataclass(frozen=True)
class Datum:
    """What was measured in one period; count is at least 1."""

    count: float
    total: float
    least: float
    most: float


def parse_alarm(body: Mapping[str, Any]) -> Alarm | Unwatchable:
    """One element of DescribeAlarms' MetricAlarms."""
    periods = int(body.get("EvaluationPeriods") or 1)
    if body.get("Metrics") or not body.get("MetricName"):
        return Unwatchable("it watches an expression over metrics")
    if body.get("Statistic") not in STATISTICS:
        return Unwatchable("its statistic is none of " + ", ".join(STATISTICS))
    if int(body.get("Period") or 0) < _STANDARD_S:
        return Unwatchable("its period is shorter than 60 s")
    if int(body.get("DatapointsToAlarm") or periods) != periods:
        return Unwatchable("it needs M out of N data points")
    if body.get("ComparisonOperator") not in _COMPARED:
        return Unwatchable("it compares with no threshold")
    return Alarm(
        namespace=str(body["Namespace"]),
        metric=str(body["MetricName"]),
        dimensions=tuple((str(one["Name"]), str(one["Value"])) for one in body.get("Dimensions") or ()),
        statistic=str(body["Statistic"]),
        period_s=int(body["Period"]),
        periods=periods,
        threshold=float(body["Threshold"]),
        comparison=str(body["ComparisonOperator"]),
    )


def periods(alarm: Alarm, now_s: float, scale: float) -> Sequence[tuple[int, int]]:
    """When the periods begin and end that decide, in seconds of the wall clock: the last whole ones, the oldest first.

    They begin at multiples of their length, which is in whole seconds also where it is scaled.
    """
    length_s = max(1, round(alarm.period_s * scale))
    last_s = int(now_s // length_s) * length_s
    return [(last_s - n * length_s, last_s - (n - 1) * length_s) for n in range(alarm.periods, 0, -1)]


def within_limits(alarm: Alarm, data: Iterable[Datum | None]) -> bool | None:
    """Whether the alarm is off; None: there is insufficient data. data: of each period, None without any."""
    breaching = [None if datum is None else _breaches(alarm, datum) for datum in data]
    if False in breaching:
        return True
    return None if None in breaching else False


def _breaches(alarm: Alarm, datum: Datum) -> bool:
    value = {
        "SampleCount": datum.count,
        "Sum": datum.total,
        "Average": datum.total / datum.count,
        "Minimum": datum.least,
        "Maximum": datum.most,
    }[alarm.statistic]
    return _COMPARED[alarm.comparison](value, alarm.threshold)
