"""A Route 53 data plane beside a control plane (moto behind our middleware), two edges, and who asks them."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import dns.edns
import dns.message
import dns.query
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from harness.engines.moto import patches as moto_patches
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.control_plane import truthful
from harness.parts.steering.route53.server import run

APP = "app.example.com"
EAST, WEST = "127.0.1.10", "127.0.2.10"
MOTO = DomainDispatcherApplication(create_backend_app)
SCALE = 0.02  # 10 s between requests become 0.2 s


def wait_for(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.005)
    return found


class Edge:
    """An HTTP server that answers with a status of our choice, refuses, or says nothing."""

    def __init__(self, body: bytes = b"ok", tls: ssl.SSLContext | None = None) -> None:
        self.status: int | None = 200
        self._tls = tls
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
            try:
                stream = client if self._tls is None else self._tls.wrap_socket(client, server_side=True)
            except OSError:
                client.close()
                continue
            with stream:
                try:
                    stream.recv(4096)
                    head = f"HTTP/1.1 {self.status} X\r\nConnection: close\r\nContent-Length: {len(self.body)}\r\n\r\n"
                    stream.sendall(head.encode() + self.body)
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
        self._app = truthful(MOTO, lambda: self.admin)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
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

    def pace(self, **pace: float) -> None:
        self._app.routes["POST", "/drill/pace"](pace)

    # What is seen

    def ask(
        self, name: str = APP, record_type: str = "A", *, tcp: bool = False, subnet: str | None = None
    ) -> dns.message.Message:
        send = dns.query.tcp if tcp else dns.query.udp
        query = dns.message.make_query(name, record_type)
        if subnet is not None:
            query.use_edns(options=[dns.edns.ECSOption(*subnet_of(subnet))])
        return send(query, self.dns[0], port=self.dns[1], timeout=5)

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


def subnet_of(text: str) -> tuple[str, int]:
    address, _, bits = text.partition("/")
    return address, int(bits)


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key: checkers do not validate it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app.example.com")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + datetime.timedelta(days=36_500))
    text = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    text += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(text)
    return path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """With moto as the product runs it."""
    patches = moto_patches.Patches()
    assert moto_patches.apply(patches)
    found = World(tmp_path)
    try:
        yield found
    finally:
        found.close()
        patches.undo()
