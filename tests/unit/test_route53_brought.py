"""Zones that somebody brings along: what would be answered at each loss, what is wrong, and what is no zone at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.cli.commands import app
from harness.errors import InputError
from harness.parts.steering.route53.brought.reading import read
from harness.parts.steering.route53.brought.review import Review, review, unnamed

Written = Callable[..., Path]
EAST, WEST = "192.0.2.10", "198.51.100.7"
SOA = {
    "Name": "example.com.", "Type": "SOA", "TTL": 900,
    "ResourceRecords": [{"Value": "ns-1.example.org. a. 1 7200 900 1209600 86400"}],
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(content: object, name: str = "zone.json") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path

    return write


def failover(role: str, value: str, check: str | None, **more: Any) -> dict[str, Any]:
    body = {
        "Name": "app.example.com.", "Type": "A", "SetIdentifier": role.lower(), "Failover": role, "TTL": 60,
        "ResourceRecords": [{"Value": value}], "HealthCheckId": check, **more,
    }  # fmt: skip
    return {key: told for key, told in body.items() if told is not None}


def check(check_id: str, ip: str | None = None, **more: Any) -> dict[str, Any]:
    config = {"Type": "HTTP", "Port": 80, "RequestInterval": 10, "FailureThreshold": 3, **more}
    return {"Id": check_id, "HealthCheckConfig": {**config, **({"IPAddress": ip} if ip else {})}}


@pytest.fixture
def reviewed(written: Written) -> Callable[..., Review]:
    def look(records: list[Mapping[str, Any]], checks: list[Mapping[str, Any]] | None = None, s: float = 150) -> Review:
        known = None if checks is None else written({"HealthChecks": checks}, "checks.json")
        brought = read(written({"ResourceRecordSets": [SOA, *records]}), None, known)
        found = review(brought, s)
        return replace(found, findings=(*found.findings, *unnamed([brought])))

    return look


def alias(name: str, target: str, *, follows: bool, **more: Any) -> dict[str, Any]:
    where = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": target, "EvaluateTargetHealth": follows}
    return {"Name": name, "Type": "A", "AliasTarget": where, **more}


WHOLE = [failover("PRIMARY", EAST, "one"), failover("SECONDARY", WEST, "two")]
CHECKS = [check("one", EAST), check("two", WEST)]


def test_a_zone_that_is_whole_says_where_clients_are_led_and_when(reviewed: Callable[..., Review]) -> None:
    found = reviewed(WHOLE, CHECKS)
    assert found.findings == ()
    assert [(one.loss.target, sorted(one.loss.during), one.ttl_s) for one in found.outlooks] == [
        (EAST, [WEST], 60), (WEST, [EAST], 60),
    ]  # fmt: skip
    assert found.outlooks[0].detect_s == (20.0, 48.1)  # (K-1) I, and (I + r) + (K-1)(I + tau) + tau


@pytest.mark.parametrize(
    ("records", "checks", "says"),
    [
        ([failover("PRIMARY", EAST, None), WHOLE[1]], CHECKS[1:], r"2\.10 is lost: clients stay with it: app"),
        ([failover("PRIMARY", EAST, "gone"), WHOLE[1]], CHECKS[1:], "health check gone does not exist"),
        (WHOLE, [check("one", "192.0.2.99"), CHECKS[1]], r"health check one asks 192\.0\.2\.99"),
        (WHOLE, [check("one", EAST, Disabled=True), CHECKS[1]], "one is disabled, and so it is healthy whatever"),
        (WHOLE, [CHECKS[0], check("two", EAST)], r"198\.51\.100\.7 is never answered with.*two asks 192\.0\.2\.10"),
        (WHOLE, [CHECKS[0], check("two", WEST, Disabled=True, Inverted=True)], "never answered with"),
        ([failover("PRIMARY", EAST, "one", TTL=300), WHOLE[1]], CHECKS, "kept for 300 s, and 150 s are promised"),
        (WHOLE, [check("one", EAST, RequestInterval=30), CHECKS[1]], r"takes 120 - 168 s, and 150 s are promised"),
        (WHOLE, [*CHECKS, check("three", EAST)], "three is not named by any record"),
        ([*WHOLE, failover("PRIMARY", WEST, "one", SetIdentifier="again")], CHECKS, "failover RRSet with the same"),
        ([*WHOLE, alias("old.example.com.", "gone.example.com.", follows=True)], CHECKS, "of which there is no A"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said(
    records: list[Any], checks: list[Any], says: str, reviewed: Callable[..., Review]
) -> None:
    found = reviewed(records, checks)
    assert any(re.search(says, one.text) for one in found.findings), [one.text for one in found.findings]


def test_records_below_a_delegation_are_said_to_be_never_answered(reviewed: Callable[..., Review]) -> None:
    """But for the addresses of its name servers; and nothing is promised of the others."""
    cut = {"Name": "app.example.com.", "Type": "NS", "TTL": 300, "ResourceRecords": [{"Value": "ns.app.example.com."}]}
    server = {"Name": "ns.app.example.com.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.53"}]}
    left = {**server, "Name": "left.app.example.com."}
    below = [one | {"Name": "x.app.example.com."} for one in WHOLE]
    found = reviewed([cut, server, left, *below], CHECKS)
    told = [(one.serious, one.text.partition(":")[0]) for one in found.findings]
    assert told == [(False, "left.app.example.com A"), *[(True, "x.app.example.com A")] * 2]
    assert (found.outlooks, found.single) == ((), ())


def test_a_metric_that_is_lost_with_what_it_is_about_stays_healthy(reviewed: Callable[..., Review]) -> None:
    east, west = "lb-1.us-east-1.elb.amazonaws.com.", "lb-2.us-west-2.elb.amazonaws.com."
    records = [
        alias("app.example.com.", east, follows=False, SetIdentifier="a", Failover="PRIMARY", HealthCheckId="m"),
        alias("app.example.com.", west, follows=True, SetIdentifier="b", Failover="SECONDARY"),
    ]

    def metric(region: str, **more: Any) -> dict[str, Any]:
        return check("m", Type="CLOUDWATCH_METRIC", AlarmIdentifier={"Region": region, "Name": "5xx"}, **more)

    (told,) = reviewed(records, [metric("us-east-1")]).serious
    assert (
        "in us-east-1 itself: with the region there is no data of it, and without data it is LastKnownStatus"
        in told.text
    )
    assert reviewed(records, [metric("us-west-2")]).serious == ()
    assert reviewed(records, [metric("us-east-1", InsufficientDataHealthStatus="Unhealthy")]).serious == ()


def test_aliases_are_followed_and_one_that_evaluates_nothing_is_named(reviewed: Callable[..., Review]) -> None:
    east, west = "dualstack.lb-1.us-east-1.elb.amazonaws.com.", "dualstack.lb-2.us-west-2.elb.amazonaws.com."
    near = [
        alias("app.example.com.", east, follows=True, SetIdentifier="e", Region="us-east-1"),
        alias("app.example.com.", west, follows=False, SetIdentifier="w", Region="us-west-2"),
    ]
    (told,) = reviewed(near).serious
    assert "lb-2.us-west-2.elb.amazonaws.com is lost: clients stay" in told.text
    assert told.where is not None
    assert told.where.line is not None
    led = {one.loss.target: one.loss.during for one in reviewed(near).outlooks}
    assert led["dualstack.lb-1.us-east-1.elb.amazonaws.com"] == {"dualstack.lb-2.us-west-2.elb.amazonaws.com"}


def test_a_line_is_where_the_record_begins(reviewed: Callable[..., Review], tmp_path: Path) -> None:
    (told,) = reviewed([failover("PRIMARY", EAST, None), WHOLE[1]], CHECKS[1:]).serious
    assert told.where is not None
    lines = (tmp_path / "zone.json").read_text().splitlines()
    assert (lines[told.where.line - 1].strip(), '"primary"' in lines[told.where.line + 2]) == ("{", True)  # type: ignore[operator]


def plan(**health: Any) -> dict[str, Any]:
    def resource(kind: str, called: str, index: object = None, **values: Any) -> dict[str, Any]:
        at = f"{kind}.{called}" + ("" if index is None else f'["{index}"]')
        return {"address": at, "mode": "managed", "type": kind, "name": called, "index": index, "values": values}

    def record(role: str, value: str) -> dict[str, Any]:
        policy = [{"type": role}]
        return resource("aws_route53_record", "app", role, name="app.example.com", type="A", ttl=60, records=[value],
                        set_identifier=role, failover_routing_policy=policy)  # fmt: skip

    config = {"resources": [
        {"address": "aws_route53_record.app", "expressions": {
            "health_check_id": {"references": ["aws_route53_health_check.app.id", "aws_route53_health_check.app"]},
        }},
    ]}  # fmt: skip
    checks = {"type": "HTTP", "port": 80, "request_interval": 10, "failure_threshold": 3, "child_healthchecks": None}
    return {
        "format_version": "1.2", "terraform_version": "1.14.0",
        "planned_values": {"root_module": {"resources": [
            resource("aws_route53_zone", "main", name="example.com"),
            record("PRIMARY", EAST), record("SECONDARY", WEST),
            resource("aws_route53_health_check", "app", "PRIMARY", **{"ip_address": EAST, **checks, **health}),
            resource("aws_route53_health_check", "app", "SECONDARY", ip_address=WEST, **checks),
        ]}},
        "configuration": {"root_module": config},
    }  # fmt: skip


def test_a_terraform_plan_is_read_with_references_to_what_is_not_made_yet(written: Written) -> None:
    assert review(read(written(plan())), 150).findings == ()
    found = review(read(written(plan(ip_address="192.0.2.99"))), 150)
    (told,) = [one for one in found.serious if "stay" in one.text]
    assert str(told.where).endswith('(aws_route53_record.app["PRIMARY"])')
    assert 'aws_route53_health_check.app["PRIMARY"] asks 192.0.2.99' in told.text


def test_a_name_that_only_leads_to_another_one_is_kept_as_long_as_that_is(reviewed: Callable[..., Review]) -> None:
    www = {"Name": "www.example.com.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [{"Value": "app.example.com"}]}
    found = reviewed([*WHOLE, www], CHECKS)
    assert (found.findings, {one.ttl_s for one in found.outlooks}) == ((), {60})


@pytest.mark.parametrize(("mode", "at"), [("managed", "aws_route53_zone.main"), ("data", "data.aws_route53_zone.main")])
def test_names_of_a_plan_are_made_whole_and_those_not_known_yet_are_told(mode: str, at: str, written: Written) -> None:
    document = plan()
    resources = document["planned_values"]["root_module"]["resources"]
    resources[0] |= {"address": at, "mode": mode}
    for one in resources[1:3]:
        one["values"] |= {"name": "app", "records": None, "ttl": None, "alias": [{"evaluate_target_health": True}]}
    resources.append({"address": "aws_route53_record.valid", "type": "aws_route53_record", "values": {"ttl": 60}})
    document["configuration"]["root_module"]["resources"][0]["expressions"] |= {
        "zone_id": {"references": [f"{at}.zone_id", at]},
        "alias": [{"name": {"references": ["aws_lb.shop", "each.key"]}}],
    }
    brought = read(written(document))
    assert brought.notes == ("left out, for their names are known after apply only: aws_route53_record.valid",)
    led = [(one.loss.name, one.loss.target) for one in review(brought, 150).outlooks]
    assert led == [("app.example.com", f'aws_lb.shop["{role}"]') for role in ("primary", "secondary")]


OCTODNS = """
app:
  type: A
  ttl: {ttl}
  octodns: {{healthcheck: {{host: app.example.com, path: /health, port: 80, protocol: HTTP}}}}
  dynamic:
    pools:
      east: {{fallback: west, values: [{{value: 192.0.2.10}}, {{value: 192.0.2.11, weight: 2}}]}}
      west: {{values: [{{value: 198.51.100.7, status: {status}}}]}}
    rules: [{{pool: east}}]
www: {{type: CNAME, value: app.example.com.}}
"""


def test_an_octodns_zone_is_what_its_provider_makes_of_it(written: Written) -> None:
    found = review(read(written(OCTODNS.format(ttl=30, status="obey"), "example.com.yaml")), 150)
    led = {one.loss.target: sorted(one.loss.during) for one in found.outlooks if one.loss.name == "app.example.com"}
    assert led == {EAST: ["192.0.2.11"], "192.0.2.11": [EAST], WEST: [EAST, "192.0.2.11"]}
    slow = review(read(written(OCTODNS.format(ttl=300, status="up"), "example.com.yaml")), 150)
    told = [(one.where.line, one.text.partition("kept for ")[2][:6]) for one in slow.serious if one.where]
    assert told == [(2, "300 s,")] * 4  # for each of both eastern values, of app and of www, whose own TTL is 3600 s


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("{ not json", "a.json", r"a\.json:1: this is no JSON"),
        ("[1]", "a.json", "none of what can be read: `aws route53"),
        ({"some": "thing"}, "a.json", "none of what can be read: `aws route53"),
        ({"HealthChecks": []}, "a.json", "--health-checks"),
        ({"ResourceRecordSets": [{"Type": "A"}], "x": 1}, "a.json", r"json:\d+: this is no record set: 'Name' is"),
        ({"ResourceRecordSets": [WHOLE[0]]}, "a.json", "one SOA record, and 0"),
        ({"ResourceRecordSets": [SOA], "IsTruncated": True}, "a.json", "one page of several"),
        ("$ORIGIN example.com.\n@ IN SOA a. b. 1 1 1 1 1\n", "example.com.zone", "in the form of BIND"),
        ("a: [1, 2", "example.com.yaml", r"example\.com\.yaml:1: this is no YAML"),
        ("app: {value: 192.0.2.1}", "example.com.yaml", r"example\.com\.yaml:1: app\.example\.com: 'type' is missing"),
        ("a: {type: A, dynamic: {pools: {a: {fallback: a}}, rules: [{pool: a}]}}", "x.org.yaml", "a circle"),
        ("app: {type: A, value: 192.0.2.1}", "zone.yaml", "say it with --zone"),
        ("\x00\x01", "a.yaml", "a.yaml"),
    ],
)  # fmt: skip
def test_what_is_no_zone_is_refused_with_file_and_line(content: object, name: str, says: str, written: Written) -> None:
    with pytest.raises(InputError, match=says):
        read(written(content, name))


def test_the_command_says_what_is_wrong_and_ends_so(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    runner = CliRunner()
    whole = written({"ResourceRecordSets": [SOA, *WHOLE]})
    checks = written({"HealthChecks": CHECKS}, "checks.json")
    good = runner.invoke(app, ["dns", "check", str(whole), "--health-checks", str(checks), "--objective", "150"])
    assert (good.exit_code, "20 - 48 s, and TTL 60 s" in good.output) == (0, True), good.output
    bad = runner.invoke(
        app, ["dns", "check", str(whole), "--health-checks", str(checks), "--objective", "60", "--json"]
    )
    told = json.loads(bad.output)
    assert (bad.exit_code, told["losses"][0]["lost"], told["findings"][0]["serious"]) == (1, EAST, True)
    none = runner.invoke(app, ["dns", "check", str(whole.with_name("no.json"))])
    assert isinstance(none.exception, InputError)
    assert "no such file" in str(none.exception)
