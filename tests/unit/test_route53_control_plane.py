"""The Route 53 API as AWS answers it: what is refused, what is one record and what two. In this process, by boto3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from route53_api import (
    CHECK,
    Api,
    Record,
    a,
    alias,
    api,
    at_once,
    cname,
    code_of,
    patched_moto,
    weighted,
    without,
)

__all__ = ["api", "patched_moto"]  # fixtures

# --- what a batch may not do ------------------------------------------------------------------------------------------

REFUSED: dict[str, Callable[[Api], Record]] = {
    "CNAME at the apex": lambda api: cname(""),
    "CNAME beside an A": lambda api: cname("a."),
    "A beside a CNAME": lambda api: a("c."),
    "AAAA beside a CNAME": lambda api: {**a("c.", "2001:db8::1"), "Type": "AAAA"},
    "two values of a CNAME": lambda api: {**cname("g."), "ResourceRecords": [{"Value": "x.test"}, {"Value": "y.test"}]},
    "Failover without SetIdentifier": lambda api: a("g.", Failover="PRIMARY"),
    "Weight without SetIdentifier": lambda api: a("g.", Weight=1),
    "Region without SetIdentifier": lambda api: a("g.", Region="us-east-1"),
    "MultiValueAnswer without SetIdentifier": lambda api: a("g.", MultiValueAnswer=True),
    "SetIdentifier without a policy": lambda api: a("g.", SetIdentifier="only"),
    "a SetIdentifier that is too long": lambda api: weighted("g.", "x" * 129),
    "weight and failover": lambda api: weighted("g.", "b", Failover="PRIMARY"),
    "weight and region": lambda api: weighted("g.", "b", Region="us-east-1"),
    "weight and multivalue": lambda api: weighted("g.", "b", MultiValueAnswer=True),
    "simple beside weighted": lambda api: a("w."),
    "failover beside weighted": lambda api: a("w.", SetIdentifier="y", Failover="SECONDARY"),
    "weighted beside simple": lambda api: weighted("a.", "y"),
    "multivalue beside failover": lambda api: a("f.", SetIdentifier="m", MultiValueAnswer=True),
    "a second PRIMARY": lambda api: a("f.", SetIdentifier="p2", Failover="PRIMARY"),
    "a second record of a region": lambda api: a("l.", SetIdentifier="other", Region="us-east-1"),
    "a weight of 256": lambda api: {**weighted("g.", "b"), "Weight": 256},
    "a negative TTL": lambda api: a("g.") | {"TTL": -1},
    "alias to a name that the zone does not have": lambda api: alias(api, "g.", "nowhere.shop.test"),
    "alias to another type": lambda api: alias(api, "g.", "c.shop.test"),
    "alias to itself": lambda api: alias(api, "g.", "g.shop.test"),
    "alias out of the zone": lambda api: alias(api, "g.", "a.other.test"),
    "alias with a TTL": lambda api: {**alias(api, "g.", "a.shop.test"), "TTL": 60},
    "alias with values": lambda api: {**a("g."), **alias(api, "g.", "a.shop.test")},
    "multivalue alias": lambda api: alias(api, "g.", "a.shop.test", SetIdentifier="m", MultiValueAnswer=True),
    "no TTL": lambda api: without(a("g."), "TTL"),
    "neither values nor alias": lambda api: without(a("g."), "TTL", "ResourceRecords"),
    "an A record whose value is a name": lambda api: a("g.", "app.example.com"),
    "an A record whose value is IPv6": lambda api: a("g.", "2001:db8::1"),
    "an AAAA record whose value is IPv4": lambda api: {**a("g."), "Type": "AAAA"},
    "a record outside the zone": lambda api: {**a("g."), "Name": "g.other.test"},
    "a name that only ends like the zone": lambda api: {**a("g."), "Name": "notshop.test"},
}


def filled(api: Api) -> list[Any]:
    there = [
        a("a."), cname("c."), weighted("w.", "x"), a("f.", SetIdentifier="p", Failover="PRIMARY"),
        a("l.", SetIdentifier="east", Region="us-east-1"),
    ]  # fmt: skip
    assert api.upsert(*there) is None
    return api.records()


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.parametrize("action", ["CREATE", "UPSERT"])
def test_what_aws_refuses_is_refused_with_the_whole_batch(api: Api, why: str, action: str) -> None:
    before = filled(api)
    good = a("good.")
    assert api.change(("UPSERT", good), (action, REFUSED[why](api))) in ("InvalidChangeBatch", "InvalidInput")
    assert api.records() == before
    assert api.upsert(good) is None


def test_what_aws_accepts_is_accepted(api: Api) -> None:
    filled(api)
    accepted = [
        weighted("w.", "y"),
        {**weighted("w.", "zero"), "Weight": 0},
        a("f.", SetIdentifier="s", Failover="SECONDARY"),
        a("l.", SetIdentifier="west", Region="us-west-2"),
        {**a("a.", "2001:db8::1"), "Type": "AAAA"},
        {**a("a.", '"text"'), "Type": "TXT"},
        cname("*."),
        a(""),
        alias(api, "alias.", "A.shop.test."),
        alias(api, "new-alias.", "new.shop.test"),
        a("new."),  # an alias and its target may come in one batch
        {**alias(api, "lb.", "dualstack.lb.us-east-1.elb.amazonaws.com"), "AliasTarget": {
            "HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "lb.us-east-1.elb.amazonaws.com", "EvaluateTargetHealth": True,
        }},
        a("m.", SetIdentifier="1", MultiValueAnswer=True),
        a("m.", SetIdentifier="2", MultiValueAnswer=True),
        a("geo.", SetIdentifier="1", GeoLocation={"CountryCode": "*"}),
    ]  # fmt: skip
    for record in accepted:
        if record["Name"] != "new-alias.shop.test":
            assert api.upsert(record) is None, record
    assert api.change(("DELETE", a("new.")), ("CREATE", accepted[9]), ("CREATE", a("new."))) is None


def test_every_problem_of_a_batch_is_told(api: Api) -> None:
    batch = [("CREATE", a("one.", "y")), ("UPSERT", a("two.", "x"))]
    with pytest.raises(
        ClientError, match=r"\[Invalid Resource Record: .* encountered with 'y'', Invalid Resource Record: .*'x''\]"
    ):
        api.route53.change_resource_record_sets(
            HostedZoneId=api.zone,
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in batch]},
        )


def test_of_all_that_create_a_record_one_wins_again_and_again(api: Api) -> None:
    for value in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):  # also the very record that was there before
        lock = ("CREATE", a("lock.", value))
        assert at_once(lambda _, lock=lock: api.change(lock), 8) == ["InvalidChangeBatch"] * 7 + [None]
        assert api.change(("CREATE", a("lock.", "192.0.2.9"))) == "InvalidChangeBatch"
        assert api.records() == [("lock.shop.test.", "A", None, [value])]
        assert api.change(("DELETE", a("lock.", value))) is None


def test_nobody_reads_half_of_a_batch(api: Api) -> None:
    seen: set[int] = set()
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            seen.add(len(api.records()))

    reader = threading.Thread(target=read_on)
    reader.start()
    pair = [weighted("w.", "x"), weighted("w.", "y")]
    try:
        for _ in range(20):
            assert api.change(*(("CREATE", record) for record in pair)) is None
            assert api.change(*(("DELETE", record) for record in pair)) is None
    finally:
        over.set()
        reader.join()
    assert seen <= {0, 2}


# --- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_a_record_is_named_by_name_type_and_identifier_together(api: Api, kind: str) -> None:
    values = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}
    regions = ("us-east-1", "us-west-2")
    every = [
        weighted(name, region, values[each]) | {"Type": each}
        for name in ("app.", "api.")
        for each in values
        for region in regions
    ]
    assert api.upsert(*every) is None
    before = api.records()
    gone = weighted("app.", "us-east-1", values[kind]) | {"Type": kind}
    assert api.change(("DELETE", gone)) is None
    assert sorted(api.records()) == sorted(r for r in before if r[:3] != ("app.shop.test.", kind, "us-east-1"))
    assert api.change(("DELETE", gone)) == "InvalidChangeBatch"
    assert api.change(("CREATE", gone)) is None
    assert sorted(api.records()) == sorted(before)
    for record in every:
        assert api.change(("DELETE", record)) is None
    assert api.records() == []


def test_every_kind_of_record_survives_its_sibling(api: Api) -> None:
    check = api.check(**CHECK)["Id"]
    assert api.upsert(a("target.")) is None
    target = {"name": "f.", "target": "target.shop.test", "HealthCheckId": check}
    pairs = [
        [alias(api, **target, SetIdentifier=role, Failover=role) for role in ("PRIMARY", "SECONDARY")],
        [a("l.", "192.0.2.1", "192.0.2.2", SetIdentifier=place, Region=place) for place in ("us-east-1", "us-west-2")],
        [a("m.", SetIdentifier=number, MultiValueAnswer=True) for number in "12"],
        [{**weighted("t.", number, '"x"', '"y z"'), "Type": "TXT"} for number in "12"],
        [a("g.", SetIdentifier=code, GeoLocation={"CountryCode": code}) for code in ("*", "DE")],
    ]

    def listed() -> list[Any]:
        found = api.route53.list_resource_record_sets(HostedZoneId=api.zone)["ResourceRecordSets"]
        return [record for record in found if record["Type"] not in ("NS", "SOA")]

    for first, second in pairs:
        assert api.upsert(first, second) is None
        before = listed()
        assert api.change(("DELETE", first)) is None
        assert listed() == [r for r in before if r.get("SetIdentifier") != first["SetIdentifier"]]
        assert api.change(("DELETE", second)) is None


@pytest.mark.parametrize(
    "other",
    [{"TTL": 61}, {"ResourceRecords": [{"Value": "192.0.2.9"}]}, {"Weight": 2}, {"HealthCheckId": "another"}],
    ids=str,
)
def test_a_deletion_repeats_what_is_there(api: Api, other: Record) -> None:
    assert api.upsert(weighted("w.", "x", "192.0.2.1", "192.0.2.2")) is None
    assert api.change(("DELETE", weighted("w.", "x", "192.0.2.1", "192.0.2.2") | other)) == "InvalidChangeBatch"
    assert len(api.records()) == 1
    assert api.change(("DELETE", weighted("w.", "x", "192.0.2.2", "192.0.2.1"))) is None, "in any order"
    assert api.records() == []


def test_a_zone_keeps_its_name_servers(api: Api) -> None:
    found = api.route53.list_resource_record_sets(HostedZoneId=api.zone)["ResourceRecordSets"]
    for record in found:
        assert api.change(("DELETE", record)) == "InvalidChangeBatch"


# --- letter case ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone_name", ["Mixed.Test", "mixed.test", "MIXED.TEST."])
@pytest.mark.parametrize("typed", ["app.mixed.test", "APP.mixed.test", "app.MIXED.TEST.", "App.Mixed.Test"])
def test_names_are_stored_in_lower_case_however_they_are_typed(api: Api, zone_name: str, typed: str) -> None:
    zone = api.create_zone(zone_name)
    assert api.route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "mixed.test."
    record = a("", "192.0.2.1") | {"Name": "app.mixed.test"}
    assert api.upsert(record, zone=zone) is None
    assert api.change(("CREATE", record | {"Name": typed}), zone=zone) == "InvalidChangeBatch"
    assert api.upsert(a("", "192.0.2.2") | {"Name": typed}, zone=zone) is None
    expected = [("app.mixed.test.", "A", None, ["192.0.2.2"])]
    assert api.records(zone) == expected
    assert api.records(zone, StartRecordName=typed, StartRecordType="A") == expected
    assert api.change(("DELETE", a("", "192.0.2.2") | {"Name": typed.upper()}), zone=zone) is None
    assert api.records(zone) == []
    found = api.route53.list_hosted_zones_by_name(DNSName=zone_name)["HostedZones"]
    assert [one["Id"] for one in found] == [zone]


def test_a_wildcard_is_one_record_in_either_spelling(api: Api) -> None:
    assert api.upsert(a("*.")) is None
    assert api.upsert(a("", "192.0.2.2") | {"Name": "\\052.shop.test"}) is None
    assert len(api.records()) == 1


# --- health checks ----------------------------------------------------------------------------------------------------

BAD_CHECKS: dict[str, dict[str, Any]] = {
    "FailureThreshold 11": {"FailureThreshold": 11},
    "FailureThreshold 0": {"FailureThreshold": 0},
    "RequestInterval 20": {"RequestInterval": 20},
    "port 0": {"Port": 0},
    "port 65536": {"Port": 65_536},
    "no such type": {"Type": "PING"},
    "HTTP_STR_MATCH without SearchString": {"Type": "HTTP_STR_MATCH"},
    "HTTPS_STR_MATCH without SearchString": {"Type": "HTTPS_STR_MATCH"},
    "a search string of 256 characters": {"Type": "HTTP_STR_MATCH", "SearchString": "x" * 256},
    "TCP without a port": {"Type": "TCP", "Port": None, "ResourcePath": None},
    "neither address nor name": {"IPAddress": None, "FullyQualifiedDomainName": None},
    "no address": {"IPAddress": "app.test"},
    "a path of 256 characters": {"ResourcePath": "/" + "x" * 255},
    "two regions": {"Regions": ["us-east-1", "us-west-2"]},
}


@pytest.mark.parametrize("why", BAD_CHECKS)
def test_settings_that_aws_refuses_make_no_health_check(api: Api, why: str) -> None:
    assert code_of(lambda: api.check(**CHECK | BAD_CHECKS[why])) == "InvalidInput"
    assert api.route53.list_health_checks()["HealthChecks"] == []


@pytest.mark.parametrize(
    "update",
    [
        {"FailureThreshold": 11},
        {"Port": 70_000},
        {"IPAddress": "x"},
        {"HealthThreshold": 257},
        {"Regions": ["eu-west-1"]},
    ],
    ids=str,
)
def test_settings_that_aws_refuses_change_no_health_check(api: Api, update: dict[str, Any]) -> None:
    before = api.check(**CHECK)
    assert code_of(lambda: api.route53.update_health_check(HealthCheckId=before["Id"], **update)) == "InvalidInput"
    assert api.get_check(before["Id"]) == before


def test_of_two_that_update_the_same_version_one_loses(api: Api) -> None:
    check = api.check(**CHECK)["Id"]
    for number in range(1, 4):
        assert api.get_check(check)["HealthCheckVersion"] == number
        guard = {"HealthCheckId": check, "HealthCheckVersion": number}

        def update(thread: int, guard: dict[str, Any] = guard) -> str | None:
            return code_of(lambda: api.route53.update_health_check(**guard, ResourcePath=f"/{thread}"))

        assert at_once(update, 4) == ["HealthCheckVersionMismatch"] * 3 + [None]
    api.route53.update_health_check(HealthCheckId=check, Inverted=True)
    assert api.get_check(check)["HealthCheckVersion"] == 5, "unguarded updates count, too"


def test_an_update_resets_what_it_names_and_leaves_the_rest(api: Api) -> None:
    regions = ["us-east-1", "us-west-2", "eu-west-1"]
    check = api.check(**CHECK, Regions=regions)["Id"]
    api.route53.update_health_check(HealthCheckId=check, FailureThreshold=5)
    assert api.get_check(check)["HealthCheckConfig"]["Regions"] == regions
    reset = ["ResourcePath", "FullyQualifiedDomainName", "Regions"]
    api.route53.update_health_check(HealthCheckId=check, ResetElements=reset)
    config = api.get_check(check)["HealthCheckConfig"]
    assert set(config) & set(reset) == set()
    assert (config["FailureThreshold"], config["IPAddress"]) == (5, "192.0.2.1")
    named = api.check(**CHECK | {"IPAddress": None})["Id"]
    wrong = {"HealthCheckId": named, "ResetElements": ["FullyQualifiedDomainName"]}
    assert code_of(lambda: api.route53.update_health_check(**wrong)) == "InvalidInput", "nothing would be left to ask"


def test_children_of_a_calculated_check_stay_until_they_are_reset(api: Api) -> None:
    child = api.check(**CHECK)["Id"]
    check = api.check(Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[child])["Id"]
    api.route53.update_health_check(HealthCheckId=check, Inverted=True)
    assert api.get_check(check)["HealthCheckConfig"]["ChildHealthChecks"] == [child]
    api.route53.update_health_check(HealthCheckId=check, ResetElements=["ChildHealthChecks"])
    assert not api.get_check(check)["HealthCheckConfig"].get("ChildHealthChecks")


def test_a_calculated_check_is_not_looked_at_by_checkers(api: Api) -> None:
    check = api.check(Type="CALCULATED", HealthThreshold=0)["Id"]
    for call in (api.route53.get_health_check_status, api.route53.get_health_check_last_failure_reason):
        assert code_of(partial(call, HealthCheckId=check)) == "InvalidInput"
        assert code_of(partial(call, HealthCheckId="nobody")) == "NoSuchHealthCheck"


@pytest.mark.parametrize(
    "config",
    [CHECK, {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}, {"Type": "CALCULATED", "HealthThreshold": 0}],
    ids=lambda config: config["Type"],
)
def test_a_reference_makes_one_health_check(api: Api, config: dict[str, Any]) -> None:
    first = api.check("mine", **config)
    assert api.check("mine", **config) == first
    assert code_of(lambda: api.check("mine", **config, Inverted=True)) == "HealthCheckAlreadyExists"
    assert api.check("other", **config)["Id"] != first["Id"]
    assert len(api.route53.list_health_checks()["HealthChecks"]) == 2
