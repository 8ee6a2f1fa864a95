"""The edge as the control plane has it: moto's own Route 53, asked with plain boto3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from simulated_backend import EAST, EDGES, WEST, environment

from harness.parts.steering.route53.balancer_zones import APPLICATION_BALANCERS, balancer_zone
from harness.parts.steering.route53.edge_records import balancer_dns_name, create_edge

PORT = 18080


@pytest.fixture
def route53(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        session = boto3.Session("key", "secret", region_name=EAST)
        client = session.client("route53")
        yield client
        client.close()


def created(route53: Any) -> tuple[str, list[dict[str, Any]], dict[str, dict[str, Any]]]:
    zone = create_edge(route53, environment(), {r: (a, PORT) for r, a in EDGES.items()}, "/health")
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    checks = {c["Id"]: c["HealthCheckConfig"] for c in route53.list_health_checks()["HealthChecks"]}
    return zone, records, checks


def test_the_name_has_a_primary_and_a_secondary_alias_with_a_check_each(route53: Any) -> None:
    zone, records, checks = created(route53)
    assert "/" not in zone
    aliases = {r["Failover"]: r for r in records if r["Type"] == "A"}
    assert set(aliases) == {"PRIMARY", "SECONDARY"}
    for role, region in (("PRIMARY", EAST), ("SECONDARY", WEST)):
        record = aliases[role]
        assert record["Name"] == "app.example.com."
        assert record["SetIdentifier"] == region
        target = record["AliasTarget"]
        assert target["DNSName"].rstrip(".") == f"dualstack.{balancer_dns_name(region)}"
        assert target["EvaluateTargetHealth"] is True
        assert checks[record["HealthCheckId"]]["IPAddress"] == EDGES[region]
        assert "TTL" not in record


def test_an_alias_names_the_zone_of_its_regions_balancers(route53: Any) -> None:
    _, records, _ = created(route53)
    zones = {r["SetIdentifier"]: r["AliasTarget"]["HostedZoneId"] for r in records if r["Type"] == "A"}
    assert zones == {EAST: "Z35SXDOTRQ7X7K", WEST: "Z1H1FL5HABSF5"}


def test_every_region_has_a_balancer_zone_of_its_own_and_an_unknown_one_has_nobodys() -> None:
    known = {region for partition in ("aws", "aws-cn", "aws-us-gov") for region in regions_of(partition)}
    assert known - set(APPLICATION_BALANCERS) == set()
    assert len(set(APPLICATION_BALANCERS.values())) == len(APPLICATION_BALANCERS)
    assert all(re.fullmatch(r"Z[0-9A-Z]{12,20}", balancer_zone(region)) for region in (*known, "mars-north-1"))
    assert balancer_zone("eu-central-1") == "Z215JYRZR1TBD5"
    assert balancer_zone("mars-north-1") not in APPLICATION_BALANCERS.values()


def regions_of(partition: str) -> list[str]:
    return list(boto3.Session("key", "secret", region_name=EAST).get_available_regions("elbv2", partition))


def test_checks_are_fast_http_checks_of_the_edge(route53: Any) -> None:
    for config in created(route53)[2].values():
        assert (config["Type"], config["Port"], config["ResourcePath"]) == ("HTTP", PORT, "/health")
        assert (config["RequestInterval"], config["FailureThreshold"]) == (10, 3)
        assert config["FullyQualifiedDomainName"] == "app.example.com"


def test_the_two_regions_have_checks_of_their_own(route53: Any) -> None:
    _, records, checks = created(route53)
    ids = [r["HealthCheckId"] for r in records if r["Type"] == "A"]
    assert len(set(ids)) == 2
    assert set(ids) == set(checks)
