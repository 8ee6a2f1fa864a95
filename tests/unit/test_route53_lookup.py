"""From a question to an answer: existence, TTLs, CNAMEs, wildcards, refusals; and what boto3's answers become."""

from __future__ import annotations

from typing import Any

import pytest

from harness import scaling
from harness.engines.dns.lookup import Answer, everyone, lookup
from harness.engines.dns.selection import Health, LoadBalancer
from harness.engines.dns.zone import (
    AliasTarget,
    Configuration,
    RecordSet,
    Zone,
    parse_health_check,
    parse_record_set,
    parse_zone,
)

SOA = RecordSet("example.com", "SOA", 900, ("ns-2048.awsdns-64.com. hostmaster.example.com. 1 7200 900 1209600 86400",))
RECORDS = (
    SOA,
    RecordSet("example.com", "NS", 172800, ("ns-2048.awsdns-64.com",)),
    RecordSet("www.example.com", "A", 300, ("192.0.2.1", "192.0.2.2")),
    RecordSet("short.example.com", "CNAME", 60, ("WWW.example.com.",)),
    RecordSet("away.example.com", "CNAME", 60, ("elsewhere.example.net.",)),
    RecordSet("circle.example.com", "CNAME", 60, ("circle.example.com.",)),
    RecordSet("lb.example.com", "A", alias=AliasTarget("ZE", "lb-a.elb.amazonaws.com", True)),
    RecordSet("lb.example.com", "AAAA", alias=AliasTarget("ZE", "dualstack.lb-a.elb.amazonaws.com", True)),
    RecordSet("inner.example.com", "A", alias=AliasTarget("Z", "www.example.com", False)),
    RecordSet("lost.example.com", "A", alias=AliasTarget("Z", "nowhere.example.com", False)),
    RecordSet("loop.example.com", "A", alias=AliasTarget("Z", "loop.example.com", True)),
    RecordSet("deep.below.example.com", "TXT", 5, ('"hello"',)),
    RecordSet("*.wild.example.com", "A", 5, ("192.0.2.9",)),
)
CONFIG = Configuration((Zone.of("Z", "example.com.", RECORDS), Zone.of("Y", "sub.example.com", [])))
HEALTH = Health(load_balancers={"lb-a.elb.amazonaws.com": LoadBalancer("127.0.1.10")})


def ask(name: str, record_type: str = "A") -> Answer:
    return lookup(CONFIG, HEALTH, name, record_type, everyone)


@pytest.mark.parametrize(
    ("name", "record_type", "rcode", "values"),
    [
        ("www.example.com", "A", "NOERROR", ("192.0.2.1", "192.0.2.2")),
        ("WWW.EXAMPLE.COM.", "A", "NOERROR", ("192.0.2.1", "192.0.2.2")),
        ("www.example.com", "AAAA", "NOERROR", ()),
        ("below.example.com", "A", "NOERROR", ()),
        ("nope.example.com", "A", "NXDOMAIN", ()),
        ("nope.www.example.com", "A", "NXDOMAIN", ()),
        ("example.com", "NS", "NOERROR", ("ns-2048.awsdns-64.com",)),
        ("example.org", "A", "REFUSED", ()),
        ("notexample.com", "A", "REFUSED", ()),
        ("any.wild.example.com", "A", "NOERROR", ("192.0.2.9",)),
        ("a.b.wild.example.com", "A", "NOERROR", ("192.0.2.9",)),
        ("any.wild.example.com", "TXT", "NOERROR", ()),
        ("lb.example.com", "A", "NOERROR", ("127.0.1.10",)),
        ("lb.example.com", "AAAA", "NOERROR", ()),
        ("lost.example.com", "A", "SERVFAIL", ()),
        ("loop.example.com", "A", "SERVFAIL", ()),
        ("x.sub.example.com", "A", "NXDOMAIN", ()),
    ],
)
def test_every_question_has_one_answer(name: str, record_type: str, rcode: str, values: tuple[str, ...]) -> None:
    answer = ask(name, record_type)
    assert (answer.rcode, answer.values(record_type)) == (rcode, values)


@pytest.mark.parametrize("name", ["nope.example.com", "below.example.com"])
def test_absence_is_cacheable_no_longer_than_the_soa_says(name: str) -> None:
    (soa,) = ask(name).authority
    assert (soa.name, soa.type, soa.ttl_s) == ("example.com", "SOA", 900)


def test_a_smaller_soa_minimum_shortens_the_negative_ttl() -> None:
    zone = Zone.of("Z", "example.com", [RecordSet("example.com", "SOA", 900, ("a. b. 1 7200 900 1209600 60",))])
    answer = lookup(Configuration((zone,)), Health(), "nope.example.com", "A", everyone)
    assert answer.authority[0].ttl_s == 60


def test_a_refusal_is_not_authoritative_and_an_absence_is() -> None:
    assert not ask("example.org").authoritative
    assert ask("nope.example.com").authoritative


def test_a_cname_is_followed_inside_our_zones_and_shown() -> None:
    assert [(r.name, r.type) for r in ask("short.example.com").answers] == [
        ("short.example.com", "CNAME"),
        ("www.example.com", "A"),
    ]
    assert [r.type for r in ask("away.example.com").answers] == ["CNAME"]
    assert [r.type for r in ask("short.example.com", "CNAME").answers] == ["CNAME"]


def test_cnames_in_a_circle_end() -> None:
    assert len(ask("circle.example.com").answers) == 8


def test_an_alias_carries_the_name_that_was_asked_and_the_ttl_of_where_it_ends() -> None:
    assert [(r.name, r.ttl_s) for r in ask("inner.example.com").answers] == [("inner.example.com", 300)]
    assert [r.ttl_s for r in ask("lb.example.com").answers] == [60]


@pytest.mark.parametrize(
    ("ttl_s", "scale", "wire_s"), [(60, 0.1, 6), (5, 0.1, 1), (0, 0.1, 0), (60, 1.0, 60), (3, 0.1, 1)]
)
def test_ttls_on_the_wire_are_whole_seconds_and_never_rounded_down_to_uncacheable(
    ttl_s: int, scale: float, wire_s: int
) -> None:
    assert scaling.ttl_s(ttl_s, scale) == wire_s


def test_boto3_records_keep_their_policy_fields() -> None:
    body: dict[str, Any] = {
        "Name": "\\052.App.example.com.",
        "Type": "A",
        "SetIdentifier": "p",
        "Failover": "PRIMARY",
        "Weight": 0,
        "HealthCheckId": "h",
        "AliasTarget": {"HostedZoneId": "/hostedzone/ZE", "DNSName": "LB.example.com.", "EvaluateTargetHealth": True},
    }
    record = parse_record_set(body)
    assert record.name == "*.app.example.com"
    assert record.alias == AliasTarget("ZE", "lb.example.com", True)
    assert (record.failover, record.weight, record.health_check_id, record.ttl_s) == ("PRIMARY", 0, "h", None)


def test_the_soa_that_moto_spells_as_a_dictionary_is_read() -> None:
    zone = parse_zone(
        {"Id": "/hostedzone/Z", "Name": "example.com."},
        [
            {
                "Name": "example.com.",
                "Type": "SOA",
                "TTL": 900,
                "ResourceRecords": [{"Value": "{'Value': 'a. b. 1 2 3 4 5'}"}],
            }
        ],
    )
    assert zone.group("example.com", "SOA")[0].values == ("a. b. 1 2 3 4 5",)


def test_health_check_defaults_are_the_documented_ones() -> None:
    check = parse_health_check({"Id": "h", "HealthCheckConfig": {"Type": "HTTPS", "ResourcePath": "health"}})
    assert (check.interval_s, check.failure_threshold, check.port, check.path) == (30, 3, 443, "/health")
