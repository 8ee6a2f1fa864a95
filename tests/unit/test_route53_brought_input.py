"""Zones as people really have them: in any encoding, of other providers, half broken, several at once, and large."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from test_route53_brought import CHECKS, EAST, SOA, WEST, WHOLE, alias, check, failover, plan
from typer.testing import CliRunner

from harness.cli.commands import app
from harness.engines.dns.zone import HealthCheck
from harness.errors import InputError
from harness.parts.steering.route53.brought import texts
from harness.parts.steering.route53.brought.losses import Places
from harness.parts.steering.route53.brought.reading import read
from harness.parts.steering.route53.brought.review import review

Saved = Callable[..., Path]
ZONE = {"ResourceRecordSets": [SOA, *WHOLE]}


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    def save(content: object, name: str = "zone.json") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent=1).encode())
        return path

    return save


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_that_it_says(encoding: str, saved: Saved) -> None:
    assert read(saved(json.dumps(ZONE).encode(encoding))).name == "example.com"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{\n\n  'ü'".encode("latin-1"), r"zone\.json:3: this is no UTF-8 text \(byte 6\)"),
        (b"\xff\xfea", r"zone\.json: this is no UTF-16 text"),
        (b"a\n\0", r"zone\.json:2: this is no text: it has a NUL"),
        (b"PK\x03\x04\x80", "an archive, as `terraform plan -out` makes it"),
        (b" \n", r"zone\.json: it is empty"),
    ],
)
def test_what_is_no_text_is_said_with_its_line(content: bytes, says: str, saved: Saved) -> None:
    with pytest.raises(InputError, match=says):
        read(saved(content))


def test_a_folder_and_what_is_too_large_are_refused(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(ZONE)
    with pytest.raises(InputError, match="it is a folder: name a file in it"):
        read(path.parent)
    monkeypatch.setattr(texts, "SIZE_MAX_BYTES", 100)
    with pytest.raises(InputError, match="it is larger than"):
        read(path)


TEMPLATE = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([{"id": 1, "type": "A", "name": "@", "data": EAST, "ttl": 1800}], "a zone of DigitalOcean"),
        ({"domain_records": [], "links": {}}, "a zone of DigitalOcean"),
        ({"result": [{"type": "A", "content": EAST, "proxied": True}], "success": True}, "a zone of Cloudflare"),
        ([{"kind": "dns#resourceRecordSet", "name": "a."}], "a zone of Google Cloud DNS"),
        ([{"type": "Microsoft.Network/dnszones/A"}], "a zone of Azure DNS"),
        ({"recordsets": [], "metadata": {}}, "a zone of Akamai Edge DNS"),
        ({"name": "example.akadns.net", "properties": [], "datacenters": []}, "a domain of Akamai GTM"),
        ({"name": "app", "type": "failover", "trafficTargets": []}, "a property of Akamai GTM"),
        ({"success": True, "result": [{"default_pools": [], "fallback_pool": "b"}]}, "a load balancer of Cloudflare"),
        (TEMPLATE, "a template of CloudFormation: deploy it"),
        ({"version": 4, "terraform_version": "1.9.0", "resources": []}, "`terraform show -json` prints one"),
        ({"HostedZones": []}, "these are the names of zones"),
        ({"Changes": []}, "a batch of changes"),
        (b'{"@level":"info"}\n{"@level":"info"}\n', "the log of `terraform plan -json`"),
        (b"  # aws_route53_record.app will be created\n  + resource", "a plan for people"),
        (b'resource "aws_route53_record" "app" {\n}\n', "Terraform's configuration"),
        (b"ResourceRecordSets:\n- Name: example.com.\n", "AWS's list as YAML: add `--output json`"),
        (b"RESOURCERECORDSETS\texample.com.\tA\n", "AWS's list as text: add `--output json`"),
        (b"; exported\n\n$ORIGIN example.com.\n", "in the form of BIND"),
        (b"example.com\t3600\tIN\tSOA\ta. b. 1 2 3 4 5\n", "in the form of BIND"),
        (b"providers: {}\nzones: {}\n", "octoDNS's own configuration"),
    ],
)
def test_what_belongs_to_somebody_else_is_told_by_its_name(content: object, says: str, saved: Saved) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        read(saved(content))


def test_a_host_may_have_the_name_of_a_strangers_key(saved: Saved) -> None:
    found = read(saved(b"providers: {type: A, value: 192.0.2.1}\n", "example.com.yaml"))
    assert [one.stored.record.name for one in found.records] == ["providers.example.com"]


def test_everything_that_is_wrong_with_an_octodns_zone_is_told_at_once_with_its_line(saved: Saved) -> None:
    broken = (
        b"x: {type: A, ttl: abc, value: 192.0.2.1}\n"
        b"y:\n  - {type: A, value: 192.0.2.1}\n  - {type: AAAA}\n"
        b"z: [1]\n"
        b"v: {type: A, dynamic: {pools: {a: {values: [{value: 1.2.3.4, weight: x}]}}, rules: [{pool: a}]}}\n"
    )
    with pytest.raises(InputError) as error:
        read(saved(broken, "example.com.yaml"))
    assert [str(one).partition("example.com.yaml:")[2] for one in error.value.problems] == [
        "1: x.example.com: ttl: a whole number is wanted, not abc",
        "4: y.example.com: 'value' is missing",
        "5: z.example.com: a record: a mapping is wanted, not 1",
        "6: v.example.com: weight: a whole number is wanted, not x",
    ]


OCTODNS = b"""
'':
  - {type: MX, value: {exchange: mail.example.com., preference: 10}}
  - {type: CAA, value: {value: ca.example.net, tag: issue, flags: 0}}
  - {type: ALIAS, value: www.example.net.}
mail: {type: A, value: 192.0.2.1}
text: {type: TXT, value: 'v=spf1 \\; -all'}
"""


def test_values_of_octodns_are_written_as_its_provider_writes_them(saved: Saved) -> None:
    found = read(saved(OCTODNS, "example.com.yaml"))
    values = {one.stored.record.type: one.stored.record.values for one in found.records}
    assert values["MX"] == ("10 mail.example.com.",)
    assert values["CAA"] == ('0 issue "ca.example.net"',)
    assert values["TXT"] == ('"v=spf1 ; -all"',)
    assert found.notes == ("example.com: Route 53 has no ALIAS, so this record is left out",)
    assert review(found, 150).findings == ()


def relative(**changed: Any) -> Mapping[str, Any]:
    """The plan with names as people write them, in a zone that is looked up; one health check is made elsewhere."""
    made: dict[str, Any] = plan()
    resources = made["planned_values"]["root_module"]["resources"]
    zone = {**resources.pop(0), "address": "data.aws_route53_zone.main", "mode": "data"}
    zone["values"] = {"name": "example.com", "zone_id": "Z1"}
    for one in resources[:2]:
        one["values"] = {**one["values"], "name": "app", "zone_id": "Z1", **changed}
    text = {"type": "TXT", "name": "", "ttl": 60, "records": ["v=spf1 -all"], "zone_id": "Z1"}
    resources.append(
        {"address": "aws_route53_record.t", "mode": "managed", "type": "aws_route53_record", "values": text}
    )
    return {**made, "prior_state": {"values": {"root_module": {"resources": [zone]}}}}


def test_names_in_a_plan_are_those_of_its_zone_and_texts_have_no_quotes_of_their_own(saved: Saved) -> None:
    found = read(saved(relative()))
    assert (found.name, found.notes) == ("example.com", ())
    assert {one.stored.record.name for one in found.records} == {"app.example.com", "example.com"}
    assert review(found, 150).findings == ()


def test_a_health_check_that_a_plan_does_not_make_is_not_taken_for_missing(saved: Saved) -> None:
    made = saved(relative(health_check_id="1111-2222"))
    found = read(made)
    assert "1111-2222 are made elsewhere" in found.notes[0]
    assert not any("does not exist" in one.text for one in review(found, 150).findings)
    known = read(made, None, saved({"HealthChecks": CHECKS}, "checks.json"))
    assert any("1111-2222 does not exist" in one.text for one in review(known, 150).findings)


def test_a_zone_that_the_file_does_not_hold_is_not_taken_for_a_good_one(saved: Saved) -> None:
    with pytest.raises(InputError, match=r"no aws_route53_record of example\.org is in this; its records: app"):
        read(saved(plan()), "example.org")
    with pytest.raises(InputError, match=r"this is the zone example\.com, and not example\.org"):
        read(saved(ZONE), "example.org")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Type": ["A"]}, "type: must be"),
        ({"SetIdentifier": {}}, "set_identifier: must be"),
        ({"HealthCheckId": [1]}, "health_check_id: must be"),
        ({"Name": 5}, "of the wrong kind"),
        ({"TTL": "x"}, "of the wrong kind"),
        ({"ResourceRecords": 5}, "of the wrong kind"),
        ({"ResourceRecords": [{}]}, "'Value' is missing"),
    ],
)
def test_a_record_whose_fields_are_of_other_kinds_is_refused_with_its_line(
    changed: Mapping[str, Any], says: str, saved: Saved
) -> None:
    with pytest.raises(InputError, match=rf"zone\.json:\d+: this is no record set: .*{says}"):
        read(saved({"ResourceRecordSets": [SOA, {**WHOLE[0], **changed}]}))


def test_a_health_check_whose_fields_are_of_other_kinds_is_refused_with_its_line(saved: Saved) -> None:
    broken = saved({"HealthChecks": [check("one", EAST, FullyQualifiedDomainName=True, ChildHealthChecks=5)]}, "c.json")
    with pytest.raises(InputError, match=r"c\.json:\d+: this is no health check: "):
        read(saved(ZONE), None, broken)


def aws_route53_record(**values: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": "aws_route53_record", "address": "x", "values": values}


@pytest.mark.parametrize(
    ("kind", "says", "environment"),
    [
        ("cloudflare_load_balancer", "for Cloudflare (cloudflare_load_balancer)", "cloudflare"),
        ("akamai_gtm_property", "for Akamai GTM (akamai_gtm_property)", "akamai"),
        ("digitalocean_record", "for DigitalOcean (digitalocean_record)", "digitalocean"),
    ],
)
def test_the_plan_of_another_provider_is_told_by_its_name_with_where_its_policy_is_drilled(
    kind: str, says: str, environment: str, saved: Saved
) -> None:
    resource = {"address": f"{kind}.app", "mode": "managed", "type": kind, "name": "app", "values": {"name": "app"}}
    made = {"terraform_version": "1.9.8", "planned_values": {"root_module": {"resources": [resource]}}}
    with pytest.raises(InputError, match=re.escape(says)) as refused:
        read(saved(made))
    assert f"`drill run NAME -e {environment}`" in str(refused.value)
    with pytest.raises(InputError, match=re.escape("Terraform's configuration, for")):
        read(saved(f'resource "{kind}" "app" {{\n  name = "app"\n}}\n'.encode(), "main.tf"))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (5, "no aws_route53_record is in this plan"),
        ({"root_module": [1]}, "no aws_route53_record is in this plan"),
        ({"root_module": {"resources": [1, {"values": {}}], "child_modules": {}}}, "no aws_route53_record is in"),
        ({"root_module": {"resources": [aws_route53_record(type=3)]}}, "x: a name that is known after apply only"),
        (
            {"root_module": {"resources": [aws_route53_record(type="A", name="a.b.c", alias=[1])]}},
            "x: a value in it is",
        ),
    ],
)
def test_a_plan_of_another_shape_is_refused_in_words(values: object, says: str, saved: Saved) -> None:
    made = {"terraform_version": "1.9.8", "planned_values": values, "prior_state": 3, "configuration": [2]}
    with pytest.raises(InputError, match=re.escape(says)):
        read(saved(made))


@pytest.mark.parametrize(
    ("records", "nowhere"),
    [
        ([("CNAME", "gone.example.com.")], True),
        ([("CNAME", "elsewhere.example.net.")], False),
        ([("CNAME", "any.wild.example.com."), ("A *.wild", EAST)], False),
        ([("CNAME", "it.wild.example.com."), ("A *.wild", EAST), ("TXT deep.it.wild", '"x"')], True),
        ([("CNAME", "a.sub.example.com."), ("NS sub", "ns.example.net.")], False),
        ([("MX", "10 mail.example.com."), ("TXT mail", '"x"')], True),
        ([("MX", "0 .")], False),
        ([("SRV", "1 1 5060 sip.example.com."), ("AAAA sip", "2001:db8::1")], False),
    ],
)
def test_a_record_that_leads_to_a_name_that_is_not_there_points_nowhere(
    records: list[tuple[str, str]], nowhere: bool, saved: Saved
) -> None:
    made = []
    for what, value in records:
        kind, _, label = what.partition(" ")
        name = f"{label or 'from'}.example.com."
        made.append({"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]})
    found = review(read(saved({"ResourceRecordSets": [SOA, *made]})), 150)
    assert any("leads to" in one.text for one in found.serious) is nowhere, found.findings


def test_several_zones_are_looked_at_at_once_and_their_checks_are_those_of_one_account(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    other = json.loads(json.dumps(ZONE).replace("example.com", "example.org").replace('"two"', '"three"'))
    files = [str(saved(ZONE)), str(saved(other, "other.json"))]
    checks = str(saved({"HealthChecks": [*CHECKS, check("three", WEST), check("four", WEST)]}, "checks.json"))
    runner = CliRunner()
    found = runner.invoke(app, ["dns", "check", *files, "--health-checks", checks])
    assert found.exit_code == 0, found.output
    assert [line for line in found.output.splitlines() if line.startswith("Zone")] == [
        "Zone example.com", "Zone example.org",
    ]  # fmt: skip
    assert re.findall(r"health check (\w+) is not named by any record of (\w+)", found.output) == [("four", "these")]
    told = json.loads(runner.invoke(app, ["dns", "check", *files, "--health-checks", checks, "--json"]).output)
    assert [zone["zone"] for zone in told["zones"]] == ["example.com", "example.org"]
    broken = runner.invoke(app, ["dns", "check", "nowhere.json", str(saved([], "list.json")), "--zone", "a.b"])
    assert isinstance(broken.exception, InputError)
    assert len(broken.exception.problems) == 3


def test_a_name_is_never_cut_in_a_narrow_terminal(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    balancer = "dualstack.the-long-name-of-a-balancer-1.us-east-1.elb.amazonaws.com"
    records = [
        alias("app.example.com.", balancer, follows=True, SetIdentifier="a", Failover="PRIMARY"),
        failover("SECONDARY", WEST, None),
    ]
    found = CliRunner().invoke(app, ["dns", "check", str(saved({"ResourceRecordSets": [SOA, *records]}))])
    assert "…" not in found.output
    first = [line.split("  ")[0].strip() for line in found.output.splitlines()]
    assert balancer in "".join(first)


def test_what_watches_a_target_is_looked_for_once_however_many_names_lead_to_it(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    watches = Places.watches

    def counted(places: Places, one: HealthCheck, target: str) -> bool:
        calls.append(target)
        return watches(places, one, target)

    monkeypatch.setattr(Places, "watches", counted)
    records = [
        {**one, "Name": f"app{number}.example.com."} for number in range(40) for one in WHOLE
    ]  # fmt: skip
    brought = read(saved({"ResourceRecordSets": [SOA, *records]}), None, saved({"HealthChecks": CHECKS}, "checks.json"))
    assert len(review(brought, 150).outlooks) == 80
    assert len(calls) == 2 * len(CHECKS)
