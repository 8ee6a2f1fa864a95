"""The Route 53 data plane beside a real control plane (moto behind our middleware), asked by real resolvers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest
from moto.moto_api._internal.models import moto_api_backend
from route53_rig import APP, EAST, MOTO, SCALE, WEST, Edge, World, failover, wait_for, world
from werkzeug.serving import make_server

from harness.errors import InputError
from harness.history.codec import read
from harness.history.events import DnsAnswer, HealthTransition
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.control_plane import truthful

__all__ = ["world"]
pytestmark = [pytest.mark.live, pytest.mark.beside]


def test_a_region_that_fails_its_health_checks_loses_the_name_and_gets_it_back(world: World) -> None:
    world.start()
    world.pair()
    wait_for(lambda: world.addresses() == [EAST])
    world.quorum()
    world.east.status = 503
    wait_for(lambda: world.addresses() == [WEST])
    world.east.status = 200
    wait_for(lambda: world.addresses() == [EAST])
    world.stop_data_plane()
    events = list(read(world.events))
    assert [(e.target, e.status) for e in events if isinstance(e, HealthTransition)] == [
        ("us-east-1", "unhealthy"),
        ("us-east-1", "healthy"),
    ]
    fell, rose = (e for e in events if isinstance(e, HealthTransition))
    assert (fell.healthy_checkers, rose.healthy_checkers, fell.checkers) == (2, 3, 16)
    assert [e.addresses for e in events if isinstance(e, DnsAnswer)] == [(EAST,), (WEST,), (EAST,)]


def test_both_regions_unhealthy_answers_with_the_primary(world: World) -> None:
    world.start()
    world.pair()
    world.quorum()
    world.east.status = world.west.status = 500
    wait_for(lambda: all(c["status"] == "unhealthy" for c in world.call("GET", "/status")["checks"]))
    assert world.addresses() == [EAST]


def test_a_refused_edge_and_a_silent_edge_both_fail_over(world: World) -> None:
    world.start()
    world.pair()
    world.quorum()
    world.east.close()
    wait_for(lambda: world.addresses() == [WEST])
    world.west.status = None
    wait_for(lambda: world.addresses() == [EAST])
    seen = {o["status"] for c in world.call("GET", "/status")["checks"] for o in c["observations"]}
    assert "Failure: Connection refused" in seen
    assert "Failure: No HTTP status arrived in time after connecting" in seen


def test_the_data_plane_outlives_the_control_plane(world: World) -> None:
    world.start()
    world.pair()
    world.quorum()
    world.stop_control_plane()
    wait_for(lambda: not world.call("GET", "/status")["control_plane_reachable"])
    world.east.status = 500
    wait_for(lambda: world.addresses() == [WEST])


def test_a_frozen_answer_stays_until_it_is_thawed(world: World) -> None:
    world.start()
    world.pair()
    world.quorum()
    assert world.call("POST", "/freeze", {"name": APP})["frozen"] == [APP]
    world.east.status = 500
    wait_for(lambda: any(c["status"] == "unhealthy" for c in world.call("GET", "/status")["checks"]))
    assert world.addresses() == [EAST]
    world.call("POST", "/thaw")
    assert world.addresses() == [WEST]


def test_reset_forgets_what_checkers_saw(world: World) -> None:
    world.start(scale=1.0, watch=[])
    world.pair()
    wait_for(lambda: any(c["has_data"] for c in world.call("GET", "/status")["checks"]))
    world.call("POST", "/reset")
    checks = world.call("GET", "/status")["checks"]
    assert [c["healthy"] for c in checks] == [16, 16]
    assert sum(c["has_data"] for c in checks) <= 1


def test_a_load_balancer_without_a_healthy_target_is_left_though_its_check_passes(world: World) -> None:
    east_admin = Edge(b'{"targets": [{"id": "a", "healthy": true}]}')
    try:
        balancers = {
            "lb-east.elb.amazonaws.com": {"address": EAST, "admin": list(east_admin.address)},
            "lb-west.elb.amazonaws.com": {"address": WEST},
        }
        world.start(load_balancers=balancers)
        world.pair()
        wait_for(lambda: world.addresses() == [EAST])
        east_admin.body = b'{"targets": [{"id": "a", "healthy": false}]}'
        wait_for(lambda: world.addresses() == [WEST])
        east_admin.body = b'{"targets": [{"id": "a", "healthy": true}]}'
        wait_for(lambda: world.addresses() == [EAST])
        east_admin.body = b'{"targets": []}'
        wait_for(lambda: world.addresses() == [WEST])
    finally:
        east_admin.close()


def test_what_is_missing_and_what_is_not_ours(world: World) -> None:
    world.start()
    zone, *_ = world.pair()
    long = {
        "Name": "long.example.com",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": f'"{i}{"x" * 240}"'} for i in range(8)],
    }
    world.change(zone, long)
    wait_for(lambda: world.ask("long.example.com", "TXT", tcp=True).answer)
    absent = world.ask("nope.example.com")
    assert absent.rcode() == dns.rcode.NXDOMAIN
    assert absent.flags & dns.flags.AA
    assert absent.authority[0].ttl == round(900 * SCALE)
    assert world.ask(APP, "AAAA").rcode() == dns.rcode.NOERROR
    assert world.ask("example.org").rcode() == dns.rcode.REFUSED
    assert len(world.ask("example.com", "NS").answer[0]) == 4
    assert world.ask("long.example.com", "TXT").flags & dns.flags.TC
    assert len(world.ask("long.example.com", "TXT", tcp=True).answer[0]) == 8
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [world.dns[0]], world.dns[1]
    assert [a.to_text() for a in resolver.resolve(APP, "A")] == [EAST]


def test_garbage_is_answered_with_a_format_error_or_not_at_all(world: World) -> None:
    world.start()
    world.pair()
    wait_for(lambda: world.addresses() == [EAST])
    query = dns.message.make_query(APP, "A", use_edns=0, payload=1232).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(world.dns)
        for end in range(len(query)):
            client.send(query[:end])
        for at in range(2, len(query)):
            client.send(query[:at] + b"\xff" + query[at + 1 :])
        client.send(b"\xab\xcd" + query[2:15])
        while (answer := client.recv(4096))[:2] != b"\xab\xcd":
            pass
    assert answer[3] & 0x0F == dns.rcode.FORMERR
    assert world.addresses() == [EAST]


def test_the_api_tells_what_checkers_saw_and_what_dns_answers(world: World) -> None:
    world.start()
    zone, east, _ = world.pair()
    world.quorum()
    seen = world.client.get_health_check_status(HealthCheckId=east)["HealthCheckObservations"]
    assert len(seen) == 16
    assert len({o["Region"] for o in seen}) == 8
    assert all(o["StatusReport"]["Status"].startswith("Success") for o in seen)
    assert abs(time.time() - seen[0]["StatusReport"]["CheckedTime"].timestamp()) < 60
    assert world.client.get_health_check_last_failure_reason(HealthCheckId=east)["HealthCheckObservations"] == []
    world.east.status = 503
    wait_for(lambda: world.addresses() == [WEST])
    answer = world.client.test_dns_answer(HostedZoneId=zone, RecordName=APP, RecordType="A")
    assert (answer["RecordData"], answer["ResponseCode"], answer["Protocol"]) == ([WEST], "NOERROR", "UDP")
    reasons = world.client.get_health_check_last_failure_reason(HealthCheckId=east)["HealthCheckObservations"]
    assert {r["StatusReport"]["Status"] for r in reasons} == {"Failure: HTTP Status Code 503, X"}


def test_without_a_data_plane_the_api_fails_as_aws_does_inside(world: World) -> None:
    check = world.check(EAST)
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        world.client.get_health_check_status(HealthCheckId=check)
    assert failure.value.response["Error"]["Code"] == "InternalFailure"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_what_aws_refuses_is_refused(world: World) -> None:
    zone, check = world.zone(), world.check(EAST)
    errors = world.client.exceptions
    with pytest.raises(errors.InvalidInput, match="TERTIARY"):
        world.change(zone, failover("TERTIARY", "lb-east", check))
    with pytest.raises(errors.NoSuchHealthCheck):
        world.change(zone, failover("PRIMARY", "lb-east", "no-such-check"))
    with pytest.raises(errors.NoSuchHealthCheck):
        world.client.get_health_check_status(HealthCheckId="no-such-check")
    with pytest.raises(errors.NoSuchHostedZone):
        world.client.test_dns_answer(HostedZoneId="ZNONE", RecordName=APP, RecordType="A")
    world.change(zone, failover("PRIMARY", "lb-east", check))
    assert len(world.client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]) == 3


@pytest.mark.parametrize("refuse", [False, True])
def test_a_health_check_in_use_can_be_deleted_as_on_aws_unless_we_are_told_to_refuse(
    refuse: bool, caplog: pytest.LogCaptureFixture
) -> None:
    moto_api_backend.reset()
    server = make_server("127.0.0.1", 0, truthful(MOTO, lambda: None, refuse_delete_in_use=refuse), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    client = session.client("route53", endpoint_url=f"http://127.0.0.1:{server.port}")
    try:
        zone = client.create_hosted_zone(Name="example.com", CallerReference="z")["HostedZone"]["Id"]
        config = {"IPAddress": EAST, "Type": "TCP", "Port": 80}
        check = client.create_health_check(CallerReference="c", HealthCheckConfig=config)["HealthCheck"]["Id"]
        change = {"Action": "CREATE", "ResourceRecordSet": failover("PRIMARY", "lb", check)}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
        if refuse:
            with pytest.raises(client.exceptions.HealthCheckInUse, match=APP):
                client.delete_health_check(HealthCheckId=check)
            client.get_health_check(HealthCheckId=check)
        else:
            client.delete_health_check(HealthCheckId=check)
            assert APP in caplog.text
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_string_match_tcp_by_name_and_unreachable_checks(world: World) -> None:
    world.east.body = b"x" * 5000 + b"alive"
    world.start(watch=[])
    zone = world.zone()
    world.change(zone, {"Name": "east.example.com", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": EAST}]})
    wait_for(lambda: world.addresses("east.example.com") == [EAST])
    named = {"FullyQualifiedDomainName": "east.example.com", "RequestInterval": 10}

    def create(**config: Any) -> str:
        reference = str(time.monotonic_ns())
        made = world.client.create_health_check(CallerReference=reference, HealthCheckConfig={**named, **config})
        return str(made["HealthCheck"]["Id"])

    found = create(Type="HTTP_STR_MATCH", SearchString="alive")
    missing = create(Type="HTTP_STR_MATCH", SearchString="dead")
    tcp = create(Type="TCP", Port=80)
    outside = world.check("192.0.2.1")
    unknown = create(Type="HTTP", FullyQualifiedDomainName="nope.example.com")
    expected = {found: "healthy", missing: "unhealthy", tcp: "healthy", outside: "unhealthy", unknown: "unhealthy"}

    def settled() -> bool:
        checks = world.call("GET", "/status")["checks"]
        return {c["id"]: c["status"] for c in checks if c["has_data"] == 16} == expected

    wait_for(settled)
    texts = {c["id"]: c["observations"][0]["status"] for c in world.call("GET", "/status")["checks"]}
    assert "not reachable here" in texts[outside]
    assert texts[unknown] == "Failure: DNS resolution failed"


def test_a_disabled_or_inverted_check_takes_effect_without_new_data(world: World) -> None:
    world.start()
    _, east, _ = world.pair()
    world.quorum()
    world.client.update_health_check(HealthCheckId=east, Inverted=True)
    wait_for(lambda: world.addresses() == [WEST])
    world.client.update_health_check(HealthCheckId=east, Disabled=True, Inverted=False)
    wait_for(lambda: world.addresses() == [EAST])
    world.client.update_health_check(HealthCheckId=east, Inverted=True)  # disabled still: a failover by hand
    wait_for(lambda: world.addresses() == [WEST])
    world.client.update_health_check(HealthCheckId=east, Inverted=False)
    wait_for(lambda: world.addresses() == [EAST])


def test_admin_mistakes_are_said(world: World) -> None:
    world.start()
    assert world.call("GET", "/health-check-status") == 400
    assert world.call("GET", "/health-check-status?id=nope") == 404
    assert world.call("GET", "/test-dns-answer?hosted_zone_id=Z&name=a&type=A") == 404
    assert world.call("POST", "/freeze", ["app"]) == 400


def test_the_process_announces_itself_once_and_ends_on_sigterm(tmp_path: Path) -> None:
    config = {"control_plane": ["127.0.0.1", 9], "events": str(tmp_path / "events.jsonl")}
    command = [sys.executable, "-m", "harness.parts.steering.route53", "--config", json.dumps(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"dns", "admin"}
        query = dns.message.make_query(APP, "A")
        answer = dns.query.udp(query, ready["dns"][0], port=ready["dns"][1], timeout=5)
        assert answer.rcode() == dns.rcode.SERVFAIL
        process.terminate()
        rest, log = process.communicate(timeout=10)
        assert (process.returncode, rest) == (0, "")
        assert log.count("out of reach") <= 1


def test_every_mistake_in_a_configuration_is_reported_at_once() -> None:
    with pytest.raises(InputError) as mistake:
        DataPlaneConfig.parse({"checkers": 0, "colour": "red"})
    assert len(mistake.value.problems) == 3
