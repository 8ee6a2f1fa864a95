"""Health checks and CloudWatch, by boto3: what a check makes of a metric, and what is told of every check."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from route53_rig import EAST, MOTO, World, wait_for, world
from werkzeug.serving import BaseWSGIServer, make_server

__all__ = ["world"]
pytestmark = [pytest.mark.live, pytest.mark.beside]

HERE, THERE = "us-east-1", "eu-west-1"
ALARM = {
    "AlarmName": "errors", "Namespace": "shop", "MetricName": "errors", "Statistic": "Maximum", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


class Region:
    """One region's CloudWatch."""

    def __init__(self, name: str) -> None:
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, MOTO, threaded=True)
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()
        session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=name)
        self.client = session.client(
            "cloudwatch", endpoint_url=f"http://127.0.0.1:{self.server.port}", config=Config(retries={"mode": "legacy"})
        )
        self._there = True

    def lose(self) -> None:
        if self._there:
            self._there = False
            self.server.shutdown()
            self.server.server_close()
            self._thread.join()

    def measured(self, errors: float) -> None:
        self.client.put_metric_data(Namespace="shop", MetricData=[{"MetricName": "errors", "Value": errors}])


@contextmanager
def regions(*names: str) -> Iterator[list[Region]]:
    found = [Region(name) for name in names]
    try:
        yield found
    finally:
        for region in found:
            region.lose()
            region.client.close()


def test_a_check_follows_a_metric_and_its_status_is_a_metric_itself(world: World) -> None:
    with regions(HERE, THERE) as (here, there):
        at = {name: ["127.0.0.1", region.server.port] for name, region in ((HERE, here), (THERE, there))}
        world.start(watch=[], cloudwatch=at)
        there.client.put_metric_alarm(**ALARM)

        def create(**config: Any) -> str:
            config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": THERE, "Name": "errors"}, **config}
            made = world.client.create_health_check(CallerReference=f"{len(statuses)}", HealthCheckConfig=config)
            statuses.append(str(made["HealthCheck"]["Id"]))
            return statuses[-1]

        def become(*wanted: str, errors: float | None = None) -> None:
            """Until they all are so at once, while this is measured."""

            def there_yet() -> bool:
                if errors is not None:
                    there.measured(errors)
                told = {check["id"]: check["status"] for check in world.call("GET", "/status")["checks"]}
                return [told.get(check) for check in statuses] == [f"{status}healthy" for status in wanted]

            wait_for(there_yet)

        def told(check: str) -> float | None:
            now = datetime.now(UTC)
            points = here.client.get_metric_statistics(
                Namespace="AWS/Route53", MetricName="HealthCheckStatus", Statistics=["Minimum"], Period=60,
                Dimensions=[{"Name": "HealthCheckId", "Value": check}],
                StartTime=now - timedelta(seconds=3), EndTime=now + timedelta(seconds=1),
            )["Datapoints"]  # fmt: skip
            return points[-1]["Minimum"] if points else None

        statuses: list[str] = []
        default, _, endpoint = create(), create(InsufficientDataHealthStatus="Unhealthy"), world.check(EAST)
        become("", "un")  # a new check is healthy until there is data, unless its settings say otherwise
        there.client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="nobody looks at it")
        become("", "", errors=1)
        become("un", "un", errors=9)
        wait_for(lambda: (told(default), told(endpoint)) == (0.0, 1.0))

        there.client.put_metric_alarm(**ALARM | {"Threshold": 20.0})
        create(InsufficientDataHealthStatus="Unhealthy")
        become("un", "un", "", errors=9)  # the older ones go by the settings that the alarm had
        world.client.update_health_check(HealthCheckId=default)
        become("", "un", "", errors=9)
        there.lose()
        become("", "un", "un")


def test_how_quick_an_endpoint_is_becomes_metrics_of_each_region_of_checkers(world: World) -> None:
    with regions(HERE) as (here,):
        world.start(watch=[], cloudwatch={HERE: ["127.0.0.1", here.server.port]})
        timed, untimed = world.check(EAST, MeasureLatency=True), world.check(EAST)

        def told(metric: str, check: str, **where: str) -> Any:
            now = datetime.now(UTC)
            wanted = {"HealthCheckId": check, **where}
            points = here.client.get_metric_statistics(
                Namespace="AWS/Route53", MetricName=metric, Statistics=["Minimum", "SampleCount"], Period=60,
                Dimensions=[{"Name": name, "Value": value} for name, value in wanted.items()],
                StartTime=now - timedelta(minutes=2), EndTime=now + timedelta(minutes=1),
            )["Datapoints"]  # fmt: skip
            return points and points[-1]

        for metric in ("ConnectionTime", "TimeToFirstByte"):
            of_one = wait_for(partial(told, metric, timed, Region="eu-west-1"))
            of_all = told(metric, timed)
            assert 0 <= of_one["Minimum"] < 10_000
            assert of_all["SampleCount"] > of_one["SampleCount"]
        assert wait_for(lambda: told("HealthCheckStatus", untimed))
        assert not told("ConnectionTime", untimed)
        assert not told("SSLHandshakeTime", timed), "it speaks no TLS"
