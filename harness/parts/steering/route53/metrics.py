"""CloudWatch of each region: the data that CLOUDWATCH_METRIC checks look at, and what Route 53 tells there itself.

Asked over links like all that crosses regions: of a region that is lost there is insufficient data, and us-east-1 takes
along what would have been told there. boto3 blocks, so each region has a thread, and none waits for another one.

Told in us-east-1, a minute apart (scaled), in the namespace AWS/Route53 by HealthCheckId: HealthCheckStatus (1 or 0) of
every check, HealthCheckPercentageHealthy of those that probe an endpoint, ChildHealthCheckHealthyCount of calculated
ones; and what MeasureLatency asks for (latency.py) (Developer Guide, "Monitoring health checks using CloudWatch").
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from harness import scaling
from harness.clock import monotonic_ns, wall_time
from harness.engines.dns.zone import ENDPOINT_TYPES, Configuration, HealthCheck
from harness.engines.health_checks.checker import Checker
from harness.engines.health_checks.health import votes
from harness.kit.address import Address
from harness.names import CONTROL_REGION
from harness.parts.steering.route53.alarms import (
    LOOK_NS,
    Alarm,
    Datum,
    Unwatchable,
    parse_alarm,
    periods,
    within_limits,
)
from harness.parts.steering.route53.following import client_of
from harness.parts.steering.route53.latency import Latencies, as_data
from harness.units import NS_PER_S, to_s

log = logging.getLogger(__name__)

NAMESPACE = "AWS/Route53"
_TELL_NS = 60 * NS_PER_S
_AT_ONCE = 500
"""Metrics in one PutMetricData, which may have 1,000."""
_LONGEST_STEP_S = 5.0
_FAILURES = (BotoCoreError, ClientError, ResponseParserError)

Told = Mapping[str, bool | None]
"""By health check: whether its alarm is off, None without data."""


@dataclass(frozen=True)
class Statuses:
    """What there is to tell: all checks, whether each is healthy, and what its checkers know."""

    config: Configuration
    healthy: Mapping[str, bool]
    checkers: Mapping[str, tuple[Checker, ...]]


def told_of(seen: Statuses) -> Iterator[tuple[str, str, float, str]]:
    """(health check, metric, value, unit) of each metric."""
    for check in seen.config.checks.values():
        if check.id not in seen.healthy:
            continue
        yield check.id, "HealthCheckStatus", float(seen.healthy[check.id]), "None"
        some = seen.checkers.get(check.id, ())
        if check.type in ENDPOINT_TYPES and some:
            yield check.id, "HealthCheckPercentageHealthy", 100 * votes(some) / len(some), "Percent"
        if check.type == "CALCULATED":
            healthy = sum(seen.healthy.get(child, True) for child in check.children)
            yield check.id, "ChildHealthCheckHealthyCount", float(healthy), "None"


class RegionMetrics:
    """One region's CloudWatch, from a thread of its own.

    now: what there is to watch and to tell. hear: is given what was read; must be safe to call from another thread.
    """

    def __init__(
        self,
        region: str,
        address: Address,
        scale: float,
        now: Callable[[], Statuses],
        hear: Callable[[Told], None],
        latencies: Latencies,
    ) -> None:
        self._region = region
        self._scale = scale
        self._now = now
        self._hear = hear
        self._latencies = latencies
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(address,), name=f"metrics-{region}", daemon=True)
        self._alarms: dict[tuple[str, int], Alarm | Unwatchable] = {}
        self._answers: bool | None = None

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading, and wait for a call that is under way."""
        self._stopping.set()
        self._thread.join(_LONGEST_STEP_S)

    def _run(self, address: Address) -> None:
        client = client_of("cloudwatch", self._region, address)
        look_s = to_s(scaling.interval_ns(LOOK_NS, self._scale))
        told_ns: int | None = None
        try:
            while not self._stopping.is_set():
                self._look(client)
                due = told_ns is None or monotonic_ns() - told_ns >= scaling.interval_ns(_TELL_NS, self._scale)
                if self._region == CONTROL_REGION and due:
                    told_ns = monotonic_ns()
                    self._tell(client)
                self._stopping.wait(look_s)
        finally:
            client.close()

    def _look(self, client: Any) -> None:
        config = self._now().config
        watching = [check for check in config.checks.values() if check.alarm and check.alarm[0] == self._region]
        if not watching:
            return
        told: dict[str, bool | None] = dict.fromkeys((check.id for check in watching), None)
        try:
            for check in watching:
                told[check.id] = self._read(client, check, config.versions.get(check.id, 1))
        except (*_FAILURES, KeyError, ValueError, TypeError) as error:
            self._note(False, f"cannot be read, so there is insufficient data: {error!r}")
        else:
            self._note(True, "can be read")
        if not self._stopping.is_set():
            self._hear(told)

    def _read(self, client: Any, check: HealthCheck, version: int) -> bool | None:
        alarm = self._alarm(client, check, version)
        if not isinstance(alarm, Alarm):
            return None
        wanted = periods(alarm, wall_time().timestamp(), self._scale)
        return within_limits(alarm, [_measured(client, alarm, *period) for period in wanted])

    def _alarm(self, client: Any, check: HealthCheck, version: int) -> Alarm | Unwatchable | None:
        known = self._alarms.get((check.id, version))
        if known is not None or check.alarm is None:
            return known
        name = check.alarm[1]
        alarms = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        self._alarms[check.id, version] = found = parse_alarm(alarms[0])
        if isinstance(found, Unwatchable):
            log.warning("health check %s: the alarm %s cannot be watched: %s", check.id, name, found.why)
        return found

    def _tell(self, client: Any) -> None:
        data = [
            {"MetricName": metric, "Dimensions": [{"Name": "HealthCheckId", "Value": check}], "Value": v, "Unit": unit}
            for check, metric, v, unit in told_of(self._now())
        ] + as_data(self._latencies.take())
        try:
            for start in range(0, len(data), _AT_ONCE):
                client.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + _AT_ONCE])
        except _FAILURES as error:
            self._note(False, f"takes no metrics: {error}")

    def _note(self, answers: bool, text: str) -> None:
        if answers != self._answers:
            log.log(logging.INFO if answers else logging.WARNING, "CloudWatch of %s %s", self._region, text)
        self._answers = answers


def _measured(client: Any, alarm: Alarm, begin_s: int, end_s: int) -> Datum | None:
    found = client.get_metric_statistics(
        Namespace=alarm.namespace,
        MetricName=alarm.metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in alarm.dimensions],
        StartTime=datetime.fromtimestamp(begin_s, UTC),
        EndTime=datetime.fromtimestamp(end_s, UTC),
        Period=end_s - begin_s,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
    )["Datapoints"]
    if not found:
        return None
    return Datum(
        count=sum(float(one["SampleCount"]) for one in found),
        total=sum(float(one["Sum"]) for one in found),
        least=min(float(one["Minimum"]) for one in found),
        most=max(float(one["Maximum"]) for one in found),
    )


def of_regions(
    regions: Mapping[str, Address],
    scale: float,
    now: Callable[[], Statuses],
    hear: Callable[[Told], None],
    latencies: Latencies,
) -> Iterable[RegionMetrics]:
    """One for each region, not started."""
    return [RegionMetrics(region, address, scale, now, hear, latencies) for region, address in regions.items()]
