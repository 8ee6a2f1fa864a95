"""What docs/ROUTE53.md says of checks, alias trees, places and the API's pace, end to end, by boto3 and over UDP."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import boto3
import dns.edns
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from route53_rig import EAST, WEST, Edge, World, certificate, wait_for, world

__all__ = ["certificate", "world"]
pytestmark = [pytest.mark.live, pytest.mark.beside]

SECURE = "127.0.3.10"
INSIDE, OUTSIDE = b"x" * (5_120 - 5) + b"alive", b"x" * (5_121 - 5) + b"alive"
"""A text that ends with the 5,120th byte, and with the 5,121st."""


def record(name: str, identifier: str, policy: dict[str, Any], to: str, check: str | None = None) -> dict[str, Any]:
    """to: an address, or the name of another record, whose health is evaluated."""
    found: dict[str, Any] = {"Name": f"{name}.example.com", "Type": "A", "SetIdentifier": identifier, **policy}
    if check is not None:
        found["HealthCheckId"] = check
    if to[0].isdigit():
        return {**found, "TTL": 5, "ResourceRecords": [{"Value": to}]}
    return {**found, "AliasTarget": {"HostedZoneId": "", "DNSName": f"{to}.example.com", "EvaluateTargetHealth": True}}


def publish(world: World, zone: str, *records: dict[str, Any]) -> None:
    for one in records:
        if "AliasTarget" in one:
            one["AliasTarget"]["HostedZoneId"] = zone.rsplit("/", 1)[-1]
    world.change(zone, *records)


def check(world: World, **config: Any) -> str:
    """That falls and rises with one result."""
    given = {"FailureThreshold": 1, "RequestInterval": 10, **config}
    if config["Type"] == "CALCULATED":
        given = config
    reference = f"{len(world.client.list_health_checks()['HealthChecks'])}"
    made = world.client.create_health_check(CallerReference=reference, HealthCheckConfig=given)
    return str(made["HealthCheck"]["Id"])


def test_a_nested_tree_backs_out_of_dead_branches_and_fails_open(world: World, certificate: Path) -> None:
    asked_for: set[str | None] = set()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.sni_callback = lambda _, name, __: asked_for.add(name)
    secure = Edge(tls=tls)
    world.west.body = INSIDE
    try:
        book = {EAST: list(world.east.address), WEST: list(world.west.address), SECURE: list(secure.address)}
        world.start(watch=[], address_book=book)
        zone = world.zone()
        named = check(
            world, Type="HTTPS", IPAddress=SECURE, EnableSNI=True, FullyQualifiedDomainName="shop.example.com"
        )
        nameless = check(world, Type="HTTPS", IPAddress=SECURE, FullyQualifiedDomainName="shop.example.com")
        text = check(world, Type="HTTP_STR_MATCH", IPAddress=WEST, SearchString="alive")
        tcp = check(world, Type="TCP", IPAddress=EAST, Port=80)
        either = check(world, Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[named, text])
        first, second = {"Failover": "PRIMARY"}, {"Failover": "SECONDARY"}
        publish(
            world, zone,
            record("a", "secure", {"Weight": 1}, SECURE, named), record("a", "text", {"Weight": 1}, WEST, text),
            record("b", "tcp", {"Weight": 1}, EAST, tcp),
            record("tree", "a", first, "a"), record("tree", "b", second, "b"),
            record("top", "tree", {"Weight": 9}, "tree"), record("top", "sorry", {"Weight": 0}, "192.0.2.9"),
            record("sum", "1", first, "192.0.2.1", either), record("sum", "2", second, "192.0.2.2"),
        )  # fmt: skip

        def answers(top: set[str], sum_: str) -> bool:
            """All that `top` answers in 20 questions, and what `sum` answers."""
            seen = {address for _ in range(20) for address in world.addresses("top.example.com")}
            return seen == top and world.addresses("sum.example.com") == [sum_]

        def told(name: str) -> list[str]:
            tested = world.client.test_dns_answer(HostedZoneId=zone, RecordName=f"{name}.example.com", RecordType="A")
            return list(tested["RecordData"])

        wait_for(lambda: answers({SECURE, WEST}, "192.0.2.1"))
        wait_for(lambda: asked_for == {None, "shop.example.com"})
        status = world.client.get_health_check_status(HealthCheckId=nameless)["HealthCheckObservations"]
        assert status[0]["StatusReport"]["Status"] == "Success: HTTP Status Code 200, X"

        secure.status = 503
        wait_for(lambda: answers({WEST}, "192.0.2.1"))
        reasons = world.client.get_health_check_last_failure_reason(HealthCheckId=named)["HealthCheckObservations"]
        assert {r["StatusReport"]["Status"] for r in reasons} == {"Failure: HTTP Status Code 503, X"}
        world.west.body = OUTSIDE
        wait_for(lambda: answers({EAST}, "192.0.2.2"))
        assert (told("top"), told("sum")) == ([EAST], ["192.0.2.2"])
        world.east.close()
        wait_for(lambda: answers({"192.0.2.9"}, "192.0.2.2"))  # its weight is 0: the last one that is healthy
        seen = {address for _ in range(20) for address in world.addresses("tree.example.com")}
        assert seen == {SECURE, WEST}, "where nothing is healthy, everything is taken for healthy, the primary first"
        assert told("tree")[0] in seen
        world.west.body = INSIDE
        wait_for(lambda: answers({WEST}, "192.0.2.1"))
    finally:
        secure.close()


def test_clients_are_answered_by_their_subnet_and_the_api_has_its_pace(world: World) -> None:
    world.start(watch=[], locations={"203.0.113.0/24": "DE", "198.51.100.0/24": "US-CA"})
    zone = world.zone()
    there = check(world, Type="HTTP", IPAddress=EAST)
    publish(
        world, zone,
        record("geo", "germany", {"GeoLocation": {"CountryCode": "DE"}}, EAST, there),
        record("geo", "europe", {"GeoLocation": {"ContinentCode": "EU"}}, "192.0.2.2"),
        record("geo", "california", {"GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}}, "192.0.2.3"),
        record("geo", "all", {"GeoLocation": {"CountryCode": "*"}}, "192.0.2.4"),
    )  # fmt: skip

    def answered(subnet: str | None) -> tuple[str, ...]:
        reply = world.ask("geo.example.com", subnet=subnet)
        return tuple(item.to_text() for rrset in reply.answer for item in rrset)

    def all_of_them() -> list[tuple[str, ...]]:
        return [answered(subnet) for subnet in ("203.0.113.0/24", "198.51.100.7/32", None)]

    wait_for(lambda: all_of_them() == [(EAST,), ("192.0.2.3",), ("192.0.2.4",)])
    (told,) = world.ask("geo.example.com", subnet="203.0.113.0/24").options
    assert isinstance(told, dns.edns.ECSOption)
    assert (told.address, told.srclen, told.scopelen) == ("203.0.113.0", 24, 24)
    world.east.status = 500
    wait_for(lambda: answered("203.0.113.0/24") == ("192.0.2.2",))
    where = {"ResolverIP": "192.0.2.53", "EDNS0ClientSubnetIP": "203.0.113.9", "EDNS0ClientSubnetMask": "32"}
    tested = world.client.test_dns_answer(
        HostedZoneId=zone, RecordName="geo.example.com", RecordType="A", **where
    )  # fmt: skip
    assert tested["RecordData"] == ["192.0.2.2"]

    world.pace(insync_s=0.7, calls_per_s=5)
    session = boto3.session.Session(aws_access_key_id="y", aws_secret_access_key="y", region_name="us-east-1")
    client = session.client(
        "route53", endpoint_url=world.client.meta.endpoint_url, config=Config(retries={"total_max_attempts": 1})
    )
    upsert = {
        "Action": "UPSERT",
        "ResourceRecordSet": record("geo", "all", {"GeoLocation": {"CountryCode": "*"}}, EAST),
    }
    change = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [upsert]})["ChangeInfo"]
    seen = [change["Status"]]

    def status() -> str:
        try:
            seen.append(client.get_change(Id=change["Id"])["ChangeInfo"]["Status"])
        except ClientError as error:
            seen.append(error.response["Error"]["Code"])
        return str(seen[-1])

    wait_for(lambda: status() == "INSYNC")
    assert seen[:6] == ["PENDING"] * 5 + ["Throttling"], "five calls in a second are answered"
    assert set(seen[6:]) <= {"Throttling", "PENDING", "INSYNC"}
    client.close()
