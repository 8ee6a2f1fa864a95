"""The Route 53 data plane beside a real control plane (moto behind our middleware), asked by real resolvers."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
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
from moto.moto_api._internal import moto_api_backend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from harness.errors import InputError
from harness.history.codec import read
from harness.history.events import DnsAnswer, HealthTransition
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.control_plane import truthful
from harness.parts.steering.route53.server import run

pytestmark = [pytest.mark.live, pytest.mark.beside]

APP = "app.example.com"
EAST, WEST = "127.0.1.10", "127.0.2.10"
MOTO = DomainDispatcherApplication(create_backend_app)
SCALE = 0.02  # 10 s between requests become 0.2 s


def wait_for(condition: Callable[[], Any], timeout_s: float = 15.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.005)
    return found


class Edge:
    """An HTTP server that answers with a status of our choice, refuses, or says nothing."""

    def __init__(self, body: bytes = b"ok") -> None:
        self.status: int | None = 200
        self.body = body
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._server.getsockname()
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self.status is None:
                self._held.append(client)
                continue
            with client:
                try:
                    client.recv(4096)
                    head = f"HTTP/1.1 {self.status} X\r\nConnection: close\r\nContent-Length: {len(self.body)}\r\n\r\n"
                    client.sendall(head.encode() + self.body)
                except OSError:
                    continue

    def close(self) -> None:
        if self._server.fileno() >= 0:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        self._thread.join()
        for client in self._held:
            client.close()


class World:
    """Control plane, data plane and two edges."""

    def __init__(self, folder: Path) -> None:
        moto_api_backend.reset()
        self.events = folder / "events.jsonl"
        self.east, self.west = Edge(), Edge()
        self.admin: tuple[str, int] | None = None
        app = truthful(MOTO, lambda: self.admin)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._server_thread = threading.Thread(target=self._server.serve_forever)
        self._server_thread.start()
        self.control_plane_up = True
        self.client = boto3.session.Session(
            aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
        ).client("route53", endpoint_url=f"http://127.0.0.1:{self._server.port}")
        self._ready: dict[str, Any] = {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self, **extra: Any) -> None:
        self.config = {
            "control_plane": ["127.0.0.1", self._server.port],
            "address_book": {EAST: list(self.east.address), WEST: list(self.west.address)},
            "load_balancers": {
                "lb-east.elb.amazonaws.com": {"address": EAST},
                "lb-west.elb.amazonaws.com": {"address": WEST},
            },
            "regions": {EAST: "us-east-1", WEST: "us-west-2"},
            "watch": [APP],
            "scale": SCALE,
            "poll_interval_s": 0.05,
            "target_poll_interval_s": 0.05,
            "events": str(self.events),
            **extra,
        }
        self._thread.start()
        wait_for(lambda: self._ready)
        self.dns: tuple[str, int] = tuple(self._ready["dns"])
        self.admin = tuple(self._ready["admin"])

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await run(DataPlaneConfig.parse(self.config), self._ready.update, self._stop)

    def stop_control_plane(self) -> None:
        if self.control_plane_up:
            self.control_plane_up = False
            self._server.shutdown()
            self._server.server_close()
            self._server_thread.join()

    def stop_data_plane(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            assert not self._thread.is_alive()

    def close(self) -> None:
        self.stop_data_plane()
        self.stop_control_plane()
        self.client.close()
        self.east.close()
        self.west.close()

    # What a team would do

    def zone(self) -> str:
        return str(self.client.create_hosted_zone(Name="example.com", CallerReference="zone")["HostedZone"]["Id"])

    def check(self, address: str, **fields: Any) -> str:
        config = {"IPAddress": address, "Type": "HTTP", "ResourcePath": "/health", "RequestInterval": 10, **fields}
        created = self.client.create_health_check(CallerReference=str(time.monotonic_ns()), HealthCheckConfig=config)
        return str(created["HealthCheck"]["Id"])

    def change(self, zone: str, *records: dict[str, Any], action: str = "CREATE") -> None:
        changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
        self.client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def pair(self) -> tuple[str, str, str]:
        zone, east, west = self.zone(), self.check(EAST), self.check(WEST)
        self.change(zone, failover("PRIMARY", "lb-east", east), failover("SECONDARY", "lb-west", west))
        return zone, east, west

    # What is seen

    def ask(self, name: str = APP, record_type: str = "A", *, tcp: bool = False) -> dns.message.Message:
        send = dns.query.tcp if tcp else dns.query.udp
        return send(dns.message.make_query(name, record_type), self.dns[0], port=self.dns[1], timeout=5)

    def addresses(self, name: str = APP) -> list[str]:
        return [item.to_text() for rrset in self.ask(name).answer for item in rrset]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        assert self.admin is not None
        connection = http.client.HTTPConnection(*self.admin, timeout=5)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read().decode()
            return json.loads(text) if response.status == 200 else response.status
        finally:
            connection.close()

    def quorum(self, checks: int = 2) -> None:
        def reached() -> bool:
            found = self.call("GET", "/status")["checks"]
            return len(found) == checks and all(c["has_data"] == c["checkers"] for c in found)

        wait_for(reached)


def failover(role: str, balancer: str, check: str) -> dict[str, Any]:
    alias = {
        "HostedZoneId": "Z35SXDOTRQ7X7K",
        "DNSName": f"dualstack.{balancer}.elb.amazonaws.com",
        "EvaluateTargetHealth": True,
    }
    return {
        "Name": APP,
        "Type": "A",
        "SetIdentifier": role,
        "Failover": role,
        "HealthCheckId": check,
        "AliasTarget": alias,
    }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    try:
        yield found
    finally:
        found.close()


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
    assert abs(time.time() - seen[0]["StatusReport"]["CheckedTime"].timestamp()) < 5
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
