"""What the Route 53 API says when it refuses: AWS's codes and sentences, rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from route53_api import CHECK, Api, Record, a, alias, api, cname, code_of, message_of, patched_moto, weighted, without

from harness.parts.steering.route53.edge_records import create_edge
from harness.topology.load import load_environment

__all__ = ["api", "patched_moto"]  # fixtures

ROOT = Path(__file__).parents[2]
POLICIES = "Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig"
ANSWERS = "AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId"
BALANCERS_EAST = "Z35SXDOTRQ7X7K"


def failover(name: str, identifier: str, role: str) -> Record:
    return a(name, SetIdentifier=identifier, Failover=role)


def located(name: str, identifier: str, **where: str) -> Record:
    return a(name, SetIdentifier=identifier, GeoLocation=where)


def latency(name: str, identifier: str, region: str) -> Record:
    return a(name, SetIdentifier=identifier, Region=region)


def multivalue(name: str, identifier: str) -> Record:
    return a(name, SetIdentifier=identifier, MultiValueAnswer=True)


def where(name: str, kind: str = "A", identifier: str = "null") -> str:
    return f"in Change with [Action=CREATE, Name={name}shop.test, Type={kind}, SetIdentifier={identifier}]"


INVALID_INPUT: dict[str, tuple[Record, str]] = {
    "no TTL": (
        without(a("g."), "TTL"), f"Invalid request: Expected exactly one of [{ANSWERS}], but found none {where('g.')}"
    ),
    "no identifier": (a("g.", Weight=1), f"Invalid request: Missing field 'SetIdentifier' {where('g.')}"),
    "an identifier and no policy": (
        a("g.", SetIdentifier="x"),
        f"Invalid request: Expected exactly one of [{POLICIES}], but found none {where('g.', identifier='x')}",
    ),
    "two policies": (
        weighted("g.", "x", Failover="PRIMARY"),
        f"Invalid request: Expected exactly one of [{POLICIES}], but found more than one {where('g.', identifier='x')}",
    ),
    "a policy that its type does not have": (
        weighted("g.", "x", "ns.test") | {"Type": "NS"},
        f"Invalid request: Expected exactly one of [{POLICIES}], but found none {where('g.', 'NS', 'x')}",
    ),
    "a weight": (
        weighted("g.", "x") | {"Weight": 256},
        "1 validation error detected: Value '256' at 'changeBatch.changes.1.member.resourceRecordSet.weight' failed to "
        "satisfy constraint: Member must have value less than or equal to 255",
    ),
    "a TTL and an identifier": (
        weighted("g.", "", TTL=-1),
        "2 validation errors detected: Value '' at 'changeBatch.changes.1.member.resourceRecordSet.setIdentifier' "
        "failed to satisfy constraint: Member must have length greater than or equal to 1; Value '-1' at "
        "'changeBatch.changes.1.member.resourceRecordSet.tTL' failed to satisfy constraint: Member must have value "
        "greater than or equal to 0",
    ),
    "a role": (
        failover("g.", "x", "TERTIARY"),
        "Invalid XML ; cvc-enumeration-valid: Value 'TERTIARY' is not facet-valid with respect to enumeration "
        "'[PRIMARY, SECONDARY]'. It must be a value from the enumeration.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", INVALID_INPUT)
def test_a_change_that_contradicts_itself_is_invalid_input(api: Api, why: str) -> None:
    record, message = INVALID_INPUT[why]
    assert api.refused(("CREATE", record)) == ("InvalidInput", message)


@pytest.mark.parametrize("field", ["Type", "Region", "Action"])
def test_a_value_that_its_enumeration_lacks_is_invalid_xml(api: Api, field: str) -> None:
    record = latency("g.", "x", "us-east-1") | ({} if field == "Action" else {field: "NOWHERE"})
    code, message = api.refused(("NOWHERE" if field == "Action" else "CREATE", record))
    assert code == "InvalidInput"
    assert message.startswith("Invalid XML ; cvc-enumeration-valid: Value 'NOWHERE' is not facet-valid")


def test_an_empty_batch_is_refused(api: Api) -> None:
    code, message = api.refused()
    assert (code, message[:27]) == ("InvalidInput", "1 validation error detected")


THERE = (
    a("a."), cname("c."), weighted("w.", "x"), failover("f.", "p", "PRIMARY"), latency("l.", "east", "us-east-1"),
    located("geo.", "eu", ContinentCode="EU"), multivalue("m.", "1"),
)  # fmt: skip
OTHERS = "cannot be created as other RRSets exist with the same name and type."
ALREADY = "RRSet with the same name and type already exists"

BESIDE: dict[str, tuple[Record, str]] = {
    "simple beside weighted": (a("w."), f"RRSet with DNS name w.shop.test., type A {OTHERS}"),
    "weighted beside simple": (
        weighted("a.", "y"),
        "RRSet with DNS name a.shop.test., type A, SetIdentifier y cannot be created as a non-weighted set exists with "
        "the same name and type.",
    ),
    "weighted with another TTL": (
        weighted("w.", "y", TTL=61),
        "RRSet with DNS name w.shop.test., type A, SetIdentifier y cannot be created as weighted sets must contain the "
        "same TTL.",
    ),
    "latency beside weighted": (
        latency("w.", "y", "us-west-2"),
        "RRSet with DNS name w.shop.test., type A, SetIdentifier y, and Region Name=us-west-2 cannot be created "
        f"because a non-latency {ALREADY}.",
    ),
    "a region twice": (
        latency("l.", "again", "us-east-1"),
        "RRSet with DNS name l.shop.test., type A, SetIdentifier again, and Region Name=us-east-1 cannot be created "
        "because a latency RRSet with the same name, type and region already exists.",
    ),
    "a location beside latency": (
        located("l.", "eu", ContinentCode="EU"),
        "RRSet with DNS name l.shop.test., type A, SetIdentifier eu, and routing to [continent = (EU)] cannot be "
        f"created because a non-GEO {ALREADY}",
    ),
    "a location twice": (
        located("geo.", "again", ContinentCode="EU"),
        "RRSet with DNS name geo.shop.test., type A, SetIdentifier again, and routing to [continent = (EU)] cannot be "
        "created because a GEO RRSet with the same name, type and location already exists",
    ),
    "failover beside weighted": (
        failover("w.", "y", "PRIMARY"),
        "RRSet with DNS name w.shop.test., type A, SetIdentifier y, and marked as primary cannot be created because a "
        f"non-failover {ALREADY}.",
    ),
    "a second primary": (
        failover("f.", "p2", "PRIMARY"),
        "RRSet with DNS name f.shop.test., type A, SetIdentifier p2, and marked as primary cannot be created because a "
        "failover RRSet with the same name, type and role already exists.",
    ),
    "multivalue beside simple": (
        multivalue("a.", "1"),
        "RRSet with DNS name a.shop.test., type A, SetIdentifier 1 cannot be created because a non multivalue answer "
        "rrset exists with the same name and type.",
    ),
    "CNAME at the apex": (
        cname(""), "RRSet of type CNAME with DNS name shop.test. is not permitted at apex in zone shop.test."
    ),
    "CNAME beside an A": (
        cname("a."),
        "RRSet of type CNAME with DNS name a.shop.test. is not permitted as it conflicts with other records with the "
        "same DNS name in zone shop.test.",
    ),
    "A beside a CNAME": (
        a("c."),
        "RRSet of type A with DNS name c.shop.test. is not permitted because a conflicting RRSet of type CNAME with "
        "the same DNS name already exists in zone shop.test.",
    ),
    "out of the zone": (
        a("") | {"Name": "g.other.test"}, "RRSet with DNS name g.other.test. is not permitted in zone shop.test."
    ),
    "what exists": (
        a("a."), "Tried to create resource record set [name='a.shop.test.', type='A'] but it already exists"
    ),
    "what exists with an identifier": (
        weighted("w.", "x"),
        "Tried to create resource record set [name='w.shop.test.', type='A', set-identifier='x'] but it already exists",
    ),
    "a name as an address": (
        a("g.", "app.example.com"),
        "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) "
        "encountered with 'app.example.com''",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", BESIDE)
def test_a_batch_that_does_not_fit_the_zone_is_told_in_aws_words(api: Api, why: str) -> None:
    assert api.upsert(*THERE) is None
    before = api.records()
    record, message = BESIDE[why]
    assert api.refused(("CREATE", record)) == ("InvalidChangeBatch", f"[{message}]")
    assert api.records() == before


def test_both_sides_of_a_group_may_move_in_one_batch(api: Api) -> None:
    """From latency to weights, a new TTL of all, a primary that becomes secondary: each only as a whole."""
    east, west = latency("l.", "e", "us-east-1"), latency("l.", "w", "us-west-2")
    assert api.upsert(east, west) is None
    assert api.upsert(weighted("l.", "e")) == "InvalidChangeBatch"
    assert api.upsert(weighted("l.", "e"), weighted("l.", "w")) is None
    assert api.upsert(weighted("l.", "e", TTL=5)) == "InvalidChangeBatch"
    assert api.upsert(weighted("l.", "e", TTL=5), weighted("l.", "w", TTL=5)) is None
    assert api.upsert(failover("f.", "e", "PRIMARY"), failover("f.", "w", "SECONDARY")) is None
    assert api.upsert(failover("f.", "w", "PRIMARY")) == "InvalidChangeBatch"
    assert api.upsert(failover("f.", "w", "PRIMARY"), failover("f.", "e", "SECONDARY")) is None


@pytest.mark.parametrize(
    "actions",
    [
        ("UPSERT", "UPSERT"), ("CREATE", "UPSERT"), ("CREATE", "DELETE"), ("DELETE", "DELETE"),
        ("DELETE", "CREATE", "UPSERT"),
    ],
    ids="-".join,
)  # fmt: skip
def test_a_record_set_is_changed_once_in_a_batch(api: Api, actions: tuple[str, ...]) -> None:
    assert api.upsert(a("a.")) is None
    code, message = api.refused(*((action, a("a.")) for action in actions))
    assert code == "InvalidChangeBatch"
    assert "The request contains an invalid set of changes for a resource record set 'A a.shop.test.'" in message
    assert api.change(("DELETE", a("a.")), ("CREATE", a("a.", "192.0.2.7"))) is None, "it may be made anew"
    assert api.records() == [("a.shop.test.", "A", None, ["192.0.2.7"])]


def test_all_that_exists_already_is_told(api: Api) -> None:
    assert api.upsert(a("a."), a("b.")) is None
    code, message = api.refused(("CREATE", a("a.")), ("CREATE", a("new.")), ("CREATE", a("b.")))
    assert (code, message.count("already exists"), "new" in message) == ("InvalidChangeBatch", 2, False)
    assert len(api.records()) == 2


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("A", "192.0.2.256", "ARRDATAIllegalIPv4Address"),
        ("AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address"),
        ("CNAME", "two words.test", "UnsupportedCharacter"),
        ("CNAME", "x" * 64 + ".test", "DomainLabelTooLong"),
        ("PTR", "a..test", "DomainLabelEmpty"),
        ("TXT", "bare", "InvalidCharacterString"),
        ("TXT", '"open', "InvalidCharacterString"),
        ("TXT", f'"{"x" * 256}"', "CharacterStringTooLong"),
        ("SPF", "v=spf1", "InvalidCharacterString"),
        ("MX", "mail.test", "MXRRDATANotTwoFields"),
        ("MX", "70000 mail.test", "MXRRDATAIllegalNumber"),
        ("SRV", "1 2 mail.test", "SRVRRDATANotFourFields"),
        ("CAA", "issue ca.test", "CAARRDATAIllegal"),
    ],
)
def test_values_are_checked_by_type(api: Api, kind: str, value: str, problem: str) -> None:
    code, message = api.refused(("CREATE", a("g.", value) | {"Type": kind}))
    assert code == "InvalidChangeBatch"
    assert f"FATAL problem: {problem} (" in message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("AAAA", "2001:db8::1"), ("CNAME", "elsewhere.test."), ("TXT", '"a" "b \\"quoted\\" c"'),
        ("MX", "10 mail.test"),
        ("SRV", "1 10 5269 xmpp.test."), ("CAA", '0 issue "ca.test"'), ("PTR", "a.test"), ("NS", "ns-1.test"),
    ],
)  # fmt: skip
def test_values_of_every_usual_type_are_taken(api: Api, kind: str, value: str) -> None:
    assert api.change(("CREATE", a("g.", value) | {"Type": kind})) is None
    assert api.records() == ([("g.shop.test.", kind, None, [value])] if kind != "NS" else [])


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a..shop.test", "DomainLabelEmpty"),
        (".shop.test", "DomainLabelEmpty"),
        ("x" * 64 + ".shop.test", "DomainLabelTooLong"),
        (".".join(["x" * 60] * 5) + ".shop.test", "DomainNameTooLong"),
        ("two words.shop.test", "UnsupportedCharacter"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}.shop.test", "UnsupportedCharacter"),
    ],
    ids=["empty", "leading dot", "long label", "long", "space", "accent"],
)
def test_a_name_that_dns_does_not_have_is_refused(api: Api, name: str, problem: str) -> None:
    code, message = api.refused(("CREATE", a("g.") | {"Name": name}))
    assert (code, f"FATAL problem: {problem} (" in message) == ("InvalidChangeBatch", True)


def test_the_same_value_twice_is_refused(api: Api) -> None:
    assert api.refused(("CREATE", a("g.", "192.0.2.1", "192.0.2.1"))) == (
        "InvalidChangeBatch", "[Duplicate Resource Record: '192.0.2.1']"
    )  # fmt: skip


def test_a_batch_has_a_thousand_records_and_an_upsert_counts_twice(api: Api) -> None:
    def batch(action: str, records: int) -> list[tuple[str, Record]]:
        return [(action, a(f"n{number}.")) for number in range(records)]

    assert api.refused(*batch("UPSERT", 501))[1] == "[Number of records limit of 1000 exceeded.]"
    assert api.change(*batch("CREATE", 600)) is None
    long = '"' + "x" * 250 + '"'
    wordy = [("CREATE", a(f"t{number}.", long) | {"Type": "TXT"}) for number in range(130)]
    assert api.refused(*wordy)[1] == "[Number of characters limit of 32000 exceeded.]"


def test_the_zones_own_records_can_be_replaced_and_not_removed(api: Api) -> None:
    found = api.route53.list_resource_record_sets(HostedZoneId=api.zone)["ResourceRecordSets"]
    servers, authority = sorted(found, key=lambda record: str(record["Type"]))
    assert api.refused(("DELETE", servers), ("DELETE", authority)) == (
        "InvalidChangeBatch",
        "[A HostedZone must contain at least one NS record for the zone itself., A HostedZone must contain exactly one "
        "SOA record.]",
    )
    other = servers | {"ResourceRecords": [{"Value": "ns.other.test"}]}
    assert api.change(("DELETE", servers), ("CREATE", other)) is None
    assert api.upsert(authority | {"TTL": 60}) is None
    assert api.refused(("CREATE", authority | {"Name": "below.shop.test"}))[0] == "InvalidChangeBatch"


@pytest.mark.parametrize(
    ("target", "zone", "fits"),
    [
        ("app-1.us-east-1.elb.amazonaws.com", BALANCERS_EAST, True),
        ("dualstack.app-1.us-east-1.elb.amazonaws.com.", BALANCERS_EAST, True),
        ("app-1.us-west-2.elb.amazonaws.com", BALANCERS_EAST, False),
        ("app.shop.test", BALANCERS_EAST, False),
        ("d1.cloudfront.net", "Z2FDTNDATAQYW2", True),
    ],
)
def test_an_alias_lies_in_the_zone_that_it_names(api: Api, target: str, zone: str, fits: bool) -> None:
    where = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": True}
    record = {"Name": "g.shop.test", "Type": "A", "AliasTarget": where}
    if fits:
        assert api.upsert(record) is None
        return
    what = f"Tried to create an alias that targets {target}., type A in zone {zone}, but"
    assert api.refused(("CREATE", record)) == (
        "InvalidChangeBatch",
        f"[{what} the alias target name does not lie within the target zone, {what} that target was not found]",
    )


def test_an_alias_within_the_zone_needs_its_target(api: Api) -> None:
    code, message = api.refused(("CREATE", alias(api, "g.", "nowhere.shop.test")))
    zone = api.zone.rsplit("/", 1)[-1]
    what = f"Tried to create an alias that targets nowhere.shop.test., type A in zone {zone}"
    assert (code, message) == ("InvalidChangeBatch", f"[{what}, but that target was not found]")


@pytest.mark.parametrize(
    "other", [{"GeoLocation": {"ContinentCode": "AS"}}, {"SetIdentifier": "other"}], ids=["location", "identifier"]
)
def test_a_deletion_repeats_where_it_answers(api: Api, other: Record) -> None:
    assert api.upsert(located("geo.", "eu", ContinentCode="EU")) is None
    assert api.change(("DELETE", located("geo.", "eu", ContinentCode="EU") | other)) == "InvalidChangeBatch"
    assert api.change(("DELETE", located("geo.", "eu", ContinentCode="EU"))) is None


@pytest.mark.parametrize(
    "policy",
    [
        {"GeoProximityLocation": {"AWSRegion": "us-east-1", "Bias": 5}},
        {"CidrRoutingConfig": {"CollectionId": "c8c02a84-aaaa-bbbb-e0d2-d833a2f80106", "LocationName": "office"}},
    ],
    ids=lambda policy: next(iter(policy)),
)
def test_policies_that_no_client_here_can_tell_apart_are_kept_all_the_same(api: Api, policy: Record) -> None:
    one = a("g.", SetIdentifier="1", **policy)
    assert api.upsert(one) is None
    found = api.route53.list_resource_record_sets(HostedZoneId=api.zone, StartRecordName="g.shop.test")
    assert found["ResourceRecordSets"][0].items() >= policy.items()
    assert api.upsert(one | {"SetIdentifier": "2"}) == "InvalidChangeBatch", "the same place twice"
    assert api.upsert(weighted("g.", "3")) == "InvalidChangeBatch"
    assert api.change(("DELETE", one)) is None


@pytest.mark.parametrize("name", ["embedded", "places"])
def test_the_harness_publishes_its_own_edge_by_what_aws_accepts(api: Api, name: str) -> None:
    environment = load_environment(ROOT / "environments" / f"{name}.yaml")
    edges = {place.name: (f"127.0.{n}.10", 18080) for n, place in enumerate(environment.places, 1)}
    zone = create_edge(api.route53, environment, edges, "/health")
    found = api.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert sorted(record["Failover"] for record in found if "Failover" in record) == ["PRIMARY", "SECONDARY"]


def test_every_change_has_an_id_and_its_comment(api: Api) -> None:
    def info(number: int) -> Any:
        batch = {"Comment": f"move {number}", "Changes": [{"Action": "UPSERT", "ResourceRecordSet": a(f"n{number}.")}]}
        return api.route53.change_resource_record_sets(HostedZoneId=api.zone, ChangeBatch=batch)["ChangeInfo"]

    first, second = info(1), info(2)
    assert (first["Comment"], second["Comment"], first["Status"]) == ("move 1", "move 2", "PENDING")
    assert first["Id"] != second["Id"]
    assert api.route53.get_change(Id=first["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_a_zones_reference_is_used_once(api: Api) -> None:
    api.route53.create_hosted_zone(Name="one.test", CallerReference="mine")
    found = message_of(lambda: api.route53.create_hosted_zone(Name="two.test", CallerReference="mine"))
    assert found == (
        "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."
    )  # fmt: skip


# --- health checks ----------------------------------------------------------------------------------------------------

TCP: dict[str, Any] = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
SUM: dict[str, Any] = {"Type": "CALCULATED", "HealthThreshold": 0}
METRIC: dict[str, Any] = {
    "Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": "errors"},
    "InsufficientDataHealthStatus": "Unhealthy",
}  # fmt: skip
CONTROL: dict[str, Any] = {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "arn:aws:route53-recovery-control::1:x"}

CHECKS: dict[str, tuple[dict[str, Any], str]] = {
    "a threshold": (
        CHECK | {"FailureThreshold": 11},
        "1 validation error detected: Value '11' at 'healthCheckConfig.failureThreshold' failed to satisfy constraint: "
        "Member must have value less than or equal to 10",
    ),
    "a metric of an endpoint": (
        CHECK | {"AlarmIdentifier": METRIC["AlarmIdentifier"]},
        "Invalid parameter : Basic health checks must not have an metric region specified.",
    ),
    "no data of an endpoint": (
        CHECK | {"InsufficientDataHealthStatus": "Healthy"},
        "Invalid parameter : Basic health checks must not have an insufficient data health state specified.",
    ),
    "a path of TCP": (TCP | {"ResourcePath": "/"}, "TCP health checks must not have a resource path specified."),
    "address and name of TCP": (
        TCP | {"FullyQualifiedDomainName": "app.test"},
        "TCP health checks that have IP address must not have a fully qualified domain name specified.",
    ),
    "a sum without a threshold": (
        {"Type": "CALCULATED"}, "Invalid parameter : Calculated health checks must have a health threshold specified."
    ),
    "a threshold of a sum": (
        SUM | {"FailureThreshold": 3},
        "Invalid parameter : Calculated health checks must not have a failure threshold specified.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", CHECKS)
def test_settings_are_refused_in_aws_words(api: Api, why: str) -> None:
    config, message = CHECKS[why]
    assert message_of(lambda: api.check(**config)) == ("InvalidInput", message)
    assert api.route53.list_health_checks()["HealthChecks"] == []


@pytest.mark.parametrize(
    "config",
    [
        SUM | {"RequestInterval": 10}, SUM | {"Port": 80}, SUM | {"MeasureLatency": True},
        SUM | {"IPAddress": "192.0.2.1"},
        METRIC | {"RequestInterval": 10}, METRIC | {"FailureThreshold": 1}, METRIC | {"Port": 80},
        METRIC | {"InsufficientDataHealthStatus": "Perhaps"}, {"Type": "CLOUDWATCH_METRIC"},
        {"Type": "RECOVERY_CONTROL"},
        CONTROL | {"RequestInterval": 10}, CONTROL | {"FailureThreshold": 1}, CONTROL | {"MeasureLatency": True},
        CHECK | {"HealthThreshold": 1}, CHECK | {"ChildHealthChecks": []}, CHECK | {"SearchString": "ok"},
        CHECK | {"RoutingControlArn": "arn"}, TCP | {"SearchString": "ok"},
        CHECK | {"Regions": ["us-east-1", "us-west-2", "moon-1"]},
    ],
    ids=lambda config: f"{config['Type']}-{list(config)[-1]}",
)  # fmt: skip
def test_a_type_takes_its_own_fields_only(api: Api, config: dict[str, Any]) -> None:
    assert code_of(lambda: api.check(**config)) == "InvalidInput"


def test_a_sum_is_of_checks_that_exist_and_are_no_sums(api: Api) -> None:
    child = api.check(**SUM)["Id"]
    assert code_of(lambda: api.check(**SUM | {"ChildHealthChecks": [child]})) == "InvalidInput"
    assert code_of(lambda: api.check(**SUM | {"ChildHealthChecks": ["nobody"]})) == "InvalidInput"


def test_a_check_gets_no_address_later(api: Api) -> None:
    named = api.check(**{name: value for name, value in CHECK.items() if name != "IPAddress"})["Id"]
    assert (
        code_of(lambda: api.route53.update_health_check(HealthCheckId=named, IPAddress="192.0.2.1")) == "InvalidInput"
    )


@pytest.mark.parametrize("config", [CHECK, TCP, SUM, METRIC, CONTROL], ids=lambda config: config["Type"])
def test_a_check_keeps_what_it_was_given_through_every_call(api: Api, config: dict[str, Any]) -> None:
    made = api.check("mine", **config)
    check = made["Id"]
    for found in (made, api.get_check(check), api.route53.list_health_checks()["HealthChecks"][0]):
        assert {name: found["HealthCheckConfig"].get(name) for name in config} == config
    assert api.check("mine", **config) == made, "the same again is the same check"
    assert code_of(lambda: api.check("mine", **config | {"Inverted": True})) == "HealthCheckAlreadyExists"
    api.route53.update_health_check(HealthCheckId=check, Inverted=True)
    found = api.get_check(check)["HealthCheckConfig"]
    assert {name: found.get(name) for name in config} == config
    assert found["Inverted"] is True


def test_a_metric_can_be_changed(api: Api) -> None:
    check = api.check("mine", **METRIC)["Id"]
    other = {"Region": "us-west-2", "Name": "latency"}
    api.route53.update_health_check(HealthCheckId=check, AlarmIdentifier=other, InsufficientDataHealthStatus="Healthy")
    found = api.get_check(check)["HealthCheckConfig"]
    assert (found["AlarmIdentifier"], found["InsufficientDataHealthStatus"]) == (other, "Healthy")
    assert code_of(lambda: api.check("mine", **METRIC)) == "HealthCheckAlreadyExists", "it is another one now"


@pytest.mark.parametrize(("kind", "port"), [("HTTP", 80), ("HTTPS", 443)])
def test_a_port_that_is_not_given_is_that_of_the_protocol(api: Api, kind: str, port: int) -> None:
    assert api.check(Type=kind, IPAddress="192.0.2.1")["HealthCheckConfig"]["Port"] == port


def test_the_reference_of_a_deleted_check_is_used_up(api: Api) -> None:
    check = api.check("mine", **CHECK)["Id"]
    api.route53.delete_health_check(HealthCheckId=check)
    assert message_of(lambda: api.check("mine", **CHECK)) == (
        "HealthCheckAlreadyExists",
        "A different health check has already been created with the specified caller reference.",
    )
    with pytest.raises(ClientError) as refused:
        api.check("mine", **CHECK)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert code_of(lambda: api.check("other", **CHECK)) is None


def test_a_failed_update_leaves_the_version(api: Api) -> None:
    check = api.check(**CHECK)["Id"]
    refused: list[Callable[[], Any]] = [
        lambda: api.route53.update_health_check(HealthCheckId=check, HealthCheckVersion=2, Port=81),
        lambda: api.route53.update_health_check(HealthCheckId=check, FailureThreshold=0),
        lambda: api.route53.update_health_check(HealthCheckId=check, ResetElements=["Port"]),
    ]
    codes = [code_of(call) for call in refused]
    assert codes == ["HealthCheckVersionMismatch", "InvalidInput", "InvalidInput"]
    assert api.get_check(check)["HealthCheckVersion"] == 1
