"""Records that are for clients of some place: latency, geolocation, and whose place is known."""

from __future__ import annotations

from collections.abc import Mapping

import dns.edns
import dns.message
import pytest

from harness.engines.dns.geography import located
from harness.engines.dns.lookup import everyone
from harness.engines.dns.selection import Health, eligible
from harness.engines.dns.wire_cache import key_of
from harness.engines.dns.zone import Configuration, Zone, parse_health_check, parse_record_set
from harness.engines.health_checks.health import Told, statuses
from harness.parts.steering.route53 import model
from harness.parts.steering.route53.routing_controls.maintenance import REGIONS, Maintenance
from harness.parts.steering.route53.routing_controls.rules import RuleConfig

APP = "app.example.com"


def zone(*records: Mapping[str, object]) -> Zone:
    """Records of one name, each with an address of its number and a health check of its identifier."""
    return Zone.of(
        "Z",
        "example.com",
        [
            parse_record_set(
                {
                    "Name": APP, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": f"127.0.1.{number}"}],
                    "HealthCheckId": record["SetIdentifier"], **record,
                }
            )
            for number, record in enumerate(records)
        ],
    )  # fmt: skip


def chosen(found: Zone, client: str | None, *unhealthy: str) -> list[str | None]:
    health = Health(dict.fromkeys(unhealthy, False), client=None if client is None else located(client))
    return [record.set_identifier for record in eligible(found.group(APP, "A"), found, health)]


BY_LATENCY = zone(*({"SetIdentifier": region, "Region": region} for region in ("us-east-1", "us-west-2", "eu-west-1")))
BY_PLACE = zone(
    {"SetIdentifier": "california", "GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}},
    {"SetIdentifier": "states", "GeoLocation": {"CountryCode": "US"}},
    {"SetIdentifier": "europe", "GeoLocation": {"ContinentCode": "EU"}},
    {"SetIdentifier": "all", "GeoLocation": {"CountryCode": "*"}},
)


@pytest.mark.parametrize(
    ("client", "unhealthy", "answered"),
    [
        ("US-NY", (), "us-east-1"), ("US-CA", (), "us-west-2"), ("DE", (), "eu-west-1"), ("JP", (), "us-west-2"),
        ("DE", ("eu-west-1",), "us-east-1"), ("DE", ("eu-west-1", "us-east-1", "us-west-2"), "eu-west-1"),
        (None, (), "eu-west-1"),
    ],
)  # fmt: skip
def test_latency_answers_with_the_nearest_healthy_region(
    client: str | None, unhealthy: tuple[str, ...], answered: str
) -> None:
    assert chosen(BY_LATENCY, client, *unhealthy) == [answered]


@pytest.mark.parametrize(
    ("client", "unhealthy", "answered"),
    [
        ("US-CA", (), "california"), ("US-OR", (), "states"), ("FR", (), "europe"), ("JP", (), "all"),
        (None, (), "all"),
        ("US-CA", ("california",), "states"), ("US-CA", ("california", "states"), "all"),
        ("US-CA", ("california", "states", "europe", "all"), "california"),
    ],
)  # fmt: skip
def test_geolocation_answers_with_the_smallest_place_that_is_healthy(
    client: str | None, unhealthy: tuple[str, ...], answered: str
) -> None:
    assert chosen(BY_PLACE, client, *unhealthy) == [answered]


def test_a_client_whom_no_record_is_for_gets_no_answer() -> None:
    only = zone({"SetIdentifier": "europe", "GeoLocation": {"ContinentCode": "EU"}})
    state = model.Plane().step(model.start({}), model.Configured(Configuration((only,)), {}), 0)[0]
    for client, rcode, values in (("DE", "NOERROR", ("127.0.1.0",)), ("JP", "NOERROR", ())):
        answer = state.answer(APP, "A", everyone, located(client))
        assert (answer.rcode, answer.values("A")) == (rcode, values)


def test_an_answer_for_one_network_is_not_remembered_for_another() -> None:
    def known(*options: dns.edns.Option) -> object:
        query = dns.message.make_query(APP, "A", id=7)
        query.use_edns(options=list(options))
        return key_of(query.to_wire(), 0)

    cookie, other = (dns.edns.CookieOption(bytes([n] * 8), b"") for n in (1, 2))
    assert known(cookie) == known(other) == known(), "what a client adds for itself plays no part"
    assert known(dns.edns.ECSOption("203.0.113.0", 24)) is None
    assert known(cookie, dns.edns.ECSOption("203.0.113.0", 24)) is None


@pytest.mark.parametrize("text", ["eu-west-9", "XX", "DE-BE", "de", ""])
def test_a_place_that_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no AWS region"):
        located(text)


def test_checks_that_probe_nothing_say_what_they_are_told() -> None:
    control = parse_health_check(
        {"Id": "c", "HealthCheckConfig": {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "arn:c"}}
    )
    alarm = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": "errors"}}
    metrics = {
        kind: parse_health_check({"Id": kind, "HealthCheckConfig": {**alarm, "InsufficientDataHealthStatus": kind}})
        for kind in ("Healthy", "Unhealthy", "LastKnownStatus")
    }
    config = Configuration((), {"c": control, **metrics})

    def told(known: Told) -> list[bool]:
        return [statuses(config, {}, known)[name] for name in ("c", *metrics)]

    assert told(Told()) == [True, True, False, True], "a new check is healthy until there is data"
    off = Told().hearing({"arn:c": False, **dict.fromkeys(metrics, False)})
    assert told(off) == [False] * 4
    assert told(off.hearing(dict.fromkeys(metrics, None))) == [False, True, False, False]
    assert told(off.hearing({"arn:c": True, **dict.fromkeys(metrics, True)})) == [True] * 4


@pytest.mark.parametrize(
    ("config", "on", "holds"),
    [
        (RuleConfig("ATLEAST", 2, False), "a", False), (RuleConfig("ATLEAST", 2, False), "ab", True),
        (RuleConfig("AND", 0, False), "ab", False), (RuleConfig("AND", 0, False), "abc", True),
        (RuleConfig("OR", 0, False), "", False), (RuleConfig("OR", 0, False), "c", True),
        (RuleConfig("OR", 0, True), "", True), (RuleConfig("AND", 0, True), "abc", False),
    ],
)  # fmt: skip
def test_a_safety_rule_counts_controls_that_are_on(config: RuleConfig, on: str, holds: bool) -> None:
    assert config.holds("abc", on) is holds


def test_endpoints_are_away_in_turn_and_three_are_always_there() -> None:
    maintenance = Maintenance(2, 10)
    seen = dict.fromkeys(REGIONS, 0)
    for turn in range(5):
        away = maintenance.away(turn * 10)
        assert len(set(away)) == 2
        for region in away:
            seen[region] += 1
    assert set(seen.values()) == {2}, "each has its turns"
