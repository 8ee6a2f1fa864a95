"""What an account may have, as AWS tells it and refuses more; and operations that nobody answers here."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest
from route53_api import CHECK, Api, a, api, code_of, message_of, patched_moto

from harness.engines.health_checks.route53 import places
from harness.parts.steering.route53 import account_api

__all__ = ["api", "patched_moto"]  # fixtures
HTTP: dict[str, Any] = {**CHECK}


def test_limits_and_counts_are_those_of_the_account_and_of_the_zone(api: Api) -> None:
    api.check(**HTTP)
    api.upsert(a("one."), a("two."))
    client = api.route53
    for kind, value, count in (
        ("MAX_HEALTH_CHECKS_BY_OWNER", 200, 1), ("MAX_HOSTED_ZONES_BY_OWNER", 500, 1),
        ("MAX_REUSABLE_DELEGATION_SETS_BY_OWNER", 100, 0), ("MAX_TRAFFIC_POLICIES_BY_OWNER", 50, 0),
        ("MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER", 5, 0),
    ):  # fmt: skip
        told = client.get_account_limit(Type=kind)
        assert (told["Limit"], told["Count"]) == ({"Type": kind, "Value": value}, count)
    told = client.get_hosted_zone_limit(HostedZoneId=api.zone, Type="MAX_RRSETS_BY_ZONE")
    assert (told["Limit"]["Value"], told["Count"]) == (10_000, 4), "the SOA and the NS record count as well"
    assert client.get_health_check_count()["HealthCheckCount"] == 1
    assert client.get_traffic_policy_instance_count()["TrafficPolicyInstanceCount"] == 0


def test_checkers_ask_from_where_they_are_said_to(api: Api) -> None:
    (network,) = api.route53.get_checker_ip_ranges()["CheckerIpRanges"]
    assert all(ipaddress.ip_address(place.ip) in ipaddress.ip_network(network) for place in places(300))


def test_one_more_than_an_account_may_have_is_refused_and_asking_again_for_one_is_not(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_api, "HEALTH_CHECKS", 1)
    monkeypatch.setattr(account_api, "HOSTED_ZONES", 1)
    first = api.check("mine", **HTTP)
    assert api.check("mine", **HTTP)["Id"] == first["Id"]
    code, text = message_of(lambda: api.check("other", **HTTP))
    assert code == "TooManyHealthChecks"
    assert "MAX_HEALTH_CHECKS_BY_OWNER" in text
    assert code_of(lambda: api.create_zone("more.test")) == "TooManyHostedZones"
    api.route53.delete_health_check(HealthCheckId=first["Id"])
    assert api.check("other", **HTTP)["Id"] != first["Id"]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("InvalidInput", lambda client, _: client.get_account_limit(Type="MAX_EVERYTHING")),
        ("InvalidInput", lambda client, zone: client.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_EVERYTHING")),
        (
            "HostedZoneNotPrivate",
            lambda client, zone: client.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_VPCS_ASSOCIATED_BY_ZONE"),
        ),
        (
            "NoSuchHostedZone",
            lambda client, _: client.get_hosted_zone_limit(HostedZoneId="ZNONE", Type="MAX_RRSETS_BY_ZONE"),
        ),
        (
            "NoSuchHealthCheck",
            lambda client, _: client.list_tags_for_resource(ResourceType="healthcheck", ResourceId="none"),
        ),
        (
            "NoSuchHostedZone",
            lambda client, zone: client.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone, "ZNONE"]),
        ),
        (
            "NoSuchHealthCheck",
            lambda client, _: client.change_tags_for_resource(
                ResourceType="healthcheck", ResourceId="none", AddTags=[{"Key": "Name", "Value": "x"}]
            ),
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_aws_codes(api: Api, code: str, call: Callable[[Any, str], Any]) -> None:
    assert code_of(lambda: call(api.route53, api.zone.rsplit("/", 1)[-1])) == code


def test_tags_of_what_there_is_are_kept(api: Api) -> None:
    check, client = api.check(**HTTP)["Id"], api.route53
    zone = api.zone.rsplit("/", 1)[-1]
    for kind, thing in (("healthcheck", check), ("hostedzone", zone)):
        client.change_tags_for_resource(ResourceType=kind, ResourceId=thing, AddTags=[{"Key": "Name", "Value": "east"}])
        (told,) = client.list_tags_for_resources(ResourceType=kind, ResourceIds=[thing])["ResourceTagSets"]
        assert told["Tags"] == [{"Key": "Name", "Value": "east"}]
        assert (
            client.list_tags_for_resource(ResourceType=kind, ResourceId=thing)["ResourceTagSet"]["ResourceId"] == thing
        )


@pytest.mark.parametrize(
    ("says", "call"),
    [
        ("traffic policies", lambda client, _: client.list_traffic_policies()),
        ("traffic policies", lambda client, _: client.create_traffic_policy(Name="a", Document="{}")),
        (
            "traffic policies",
            lambda client, zone: client.list_traffic_policy_instances_by_hosted_zone(HostedZoneId=zone),
        ),
        ("CIDR collections", lambda client, _: client.list_cidr_collections()),
        ("DNSSEC", lambda client, zone: client.enable_hosted_zone_dnssec(HostedZoneId=zone)),
        ("geolocations", lambda client, _: client.list_geo_locations()),
        ("private zones", lambda client, zone: client.list_vpc_association_authorizations(HostedZoneId=zone)),
        (
            "accelerated recovery",
            lambda client, zone: client.update_hosted_zone_features(HostedZoneId=zone, EnableAcceleratedRecovery=True),
        ),
        ("protection", lambda client, zone: client.list_resource_record_set_protections(HostedZoneId=zone)),
    ],
)
def test_what_nobody_answers_here_is_refused_in_route_53s_form_by_name(
    api: Api, says: str, call: Callable[[Any, str], Any]
) -> None:
    code, text = message_of(lambda: call(api.route53, api.zone.rsplit("/", 1)[-1]))
    assert code == "InvalidInput"
    assert says in text
