"""Where alarms lead clients: what is set up, whose health a check is, how long it takes, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EDGES
from test_environment_keys import Calls

from harness.drill.plan import conditions_of
from harness.engines.dns.zone import AliasTarget, Configuration, RecordSet, Zone, parse_health_check
from harness.errors import InputError
from harness.measurement.prediction import Failure
from harness.measurement.prediction_interval import PreciseLaw
from harness.parts.steering.route53.alarm_law import AlarmLaw
from harness.parts.steering.route53.alarms import Alarm, parse_alarm
from harness.parts.steering.route53.edge_records import alarm_of, create_edge
from harness.parts.steering.route53.law import law, spec_of
from harness.parts.steering.route53.model import Configured, Heard, Plane, StatusChanged, start
from harness.parts.steering.route53.readiness import complaint, untold
from harness.topology.environment import Environment
from harness.topology.load import load_environment
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.steering import milestones_of, reads_metrics, settings_of

ROOT = Path(__file__).parents[2]
PRODUCTION, FAST = Timing(Profile.PRODUCTION), Timing(Profile.FAST)
FAILURES: tuple[Failure, ...] = ("refused", "black-hole", "silence")


@pytest.fixture
def environment() -> Environment:
    return load_environment(ROOT / "environments" / "route53-alarms.yaml")


def test_each_place_has_an_alarm_in_its_region_that_route_53_can_watch_and_a_check_on_it(
    environment: Environment,
) -> None:
    spec, calls = spec_of(environment), Calls()
    assert spec.alarm is not None
    create_edge(calls, environment, {r: (a, 80) for r, a in EDGES.items()}, "/health", spec)
    checks = [arguments["HealthCheckConfig"] for name, arguments in calls.made if name == "create_health_check"]
    for place, check in zip((environment.primary, environment.standby), checks, strict=True):
        made = alarm_of(place, spec.alarm)
        assert isinstance(parse_alarm(made), Alarm)
        assert check == {
            "Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": "Unhealthy",
            "AlarmIdentifier": {"Region": place.name, "Name": made["AlarmName"]},
        }  # fmt: skip
    assert reads_metrics(environment)


def test_a_check_of_an_alarm_is_told_of_the_place_whose_alarm_it_is() -> None:
    def checked(check_id: str, alarm: str) -> Any:
        config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": alarm}}
        return parse_health_check({"Id": check_id, "HealthCheckConfig": config})

    checks = {check.id: check for check in (checked("ours", "east-is-away"), checked("theirs", "errors"))}
    target = AliasTarget("ZE", "lb.example.net", False)
    record = RecordSet("app.example.com", "A", alias=target, set_identifier="east", weight=1, health_check_id="ours")
    plane = Plane(alarms={"east-is-away": "east"})
    state, _ = plane.step(
        start({"lb.example.net": "192.0.2.1"}),
        Configured(Configuration((Zone.of("Z", "example.com.", (record,)),), checks), {}),
        0,
    )
    _, effects = plane.step(state, Heard({"ours": False, "theirs": False}, {}), 0)
    told = [effect for effect in effects if isinstance(effect, StatusChanged)]
    assert [(e.check_id, e.healthy, e.region) for e in told] == [("ours", False, "east"), ("theirs", False, None)]


def test_steady_state_waits_for_a_period_of_data_of_both_places(environment: Environment) -> None:
    alarm = spec_of(environment).alarm
    assert alarm is not None
    checks: list[dict[str, Any]] = [{"region": "us-east-1", "told": True}, {"region": "us-west-2", "told": None}]
    (why,) = untold(checks, alarm, environment)
    assert "Reference Serving in CloudWatch of us-west-2" in why
    checks[1]["told"] = False
    assert untold(checks, alarm, environment) == []


@pytest.mark.parametrize(("told", "says", "passive"), [(None, "insufficient data", False), (False, "breaches", True)])
def test_what_is_wrong_with_a_place_is_said_of_its_metric(told: bool | None, says: str, passive: bool) -> None:
    found = complaint({"type": "CLOUDWATCH_METRIC", "region": "us-west-2", "told": told}, "/health")
    assert says in found.text
    assert found.passive is passive


@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
def test_what_is_soonest_is_never_later_than_what_is_typical_nor_that_than_the_bound(
    environment: Environment, timing: Timing
) -> None:
    found = law(environment, timing)
    assert isinstance(found, AlarmLaw)
    assert isinstance(found, PreciseLaw)
    for failure in FAILURES:
        typical, bound = (found.detect_ns(failure, typical=typical) for typical in (True, False))
        assert found.earliest_answer_ns(failure) <= found.earliest_detect_ns(failure) <= typical <= bound
    assert found.earliest_accept_ns() <= found.accept_ns(typical=True) <= found.accept_ns(typical=False)
    assert conditions_of(environment, timing).edge == found


def test_the_numbers_of_the_document(environment: Environment) -> None:
    found = law(environment, PRODUCTION)
    assert found.detect_ns("black-hole", typical=False) / NS_PER_S == 2 * 60 + 10 + 2
    assert found.detect_ns("black-hole", typical=True) / NS_PER_S == 5 + 2, "the region takes its CloudWatch along"
    assert found.accept_ns(typical=False) / NS_PER_S == 2 * 60 + 10
    assert [one.name for one in milestones_of(environment)] == ["detect"]
    assert settings_of(environment)["interval"] == ("steering", "alarm", "period_s")


def test_what_speaks_against_an_alarm_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\n"
        "places: [{name: a, role: primary, database: us-east-1}, {name: b, role: standby, database: us-east-1}]\n"
        "steering:\n"
        "  kind: route53\n"
        "  routing_controls: {}\n"
        "  alarm: {namespace: shop, metric: served, comparison: LessThanThreshold, threshold: 1}\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
    )
    with pytest.raises(InputError) as refused:
        load_environment(path)
    text = str(refused.value)
    for words in ("either an alarm or routing controls", "alarms alone are to lead", "nobody could tell them apart"):
        assert words in text


@pytest.mark.parametrize(
    "wrong", ["period_s: 10", "period_s: 90", "statistic: p99", "namespace: ''", "without_data: no"]
)
def test_what_route_53_cannot_watch_is_refused_by_its_line(wrong: str, tmp_path: Path) -> None:
    good = {"namespace": "shop", "metric": "m", "comparison": "LessThanThreshold", "threshold": "1"}
    key, _, value = wrong.partition(": ")
    lines = [f"    {name}: {said}\n" for name, said in {**good, key: value}.items()]
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\nplaces: [{name: us-east-1, role: primary}, {name: us-west-2, role: standby}]\n"
        "health_checks: {evaluate_target_health: false}\n"
        "steering:\n  kind: route53\n  alarm:\n"
        + "".join(lines)
        + "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
    )
    with pytest.raises(InputError) as refused:
        load_environment(path)
    assert f"alarm.{key}" in str(refused.value)
