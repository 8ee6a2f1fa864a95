"""Cloudflare's API, data centres, name servers and proxies as a process, driven by Cloudflare's own client library."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cloudflare
import dns.message
import dns.query
import dns.rcode
import httpx
import pytest
from cloudflare_account import RULES, mistakes
from free_ports import free_port
from served_process import ServedProcess, until

from harness.history.codec import read
from harness.history.events import DnsAnswer, HealthTransition
from harness.names import HEADER_EDGE
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.server import run
from harness.wire.ask import NoAnswer, ask

pytestmark = pytest.mark.live

TOKEN = "s" * 40
APP = "app.example.com"
ACCOUNT, ZONE = RULES.account_id, RULES.zone_id
EAST, WEST, FRONT = "127.0.1.10", "127.0.2.10", "127.0.250.10"
SCALE = 0.02
WAIT_S = 10.0


class Origin:
    """A web server that can be told what to answer, or to be gone."""

    def __init__(self) -> None:
        self.status = 200
        self.connections: set[Any] = set()
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin.connections.add(self.connection)
                self.send_response(origin.status)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"alive")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = ("127.0.0.1", self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        """Gone: its port refuses, and stays taken: nobody else may listen there, nor a connection reach itself."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(10)
            self._server.server_close()
            for connection in self.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(self.address)

    def release(self) -> None:
        """Leave nothing open."""
        self.close()
        self._held.close()


class Provider(ServedProcess):
    """The process, on a thread of this one, with two origins and one proxy."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "events.jsonl"
        self.east, self.west = Origin(), Origin()
        self.front = ("127.0.0.1", free_port())
        config = CloudflareConfig.parse(
            {
                "token": TOKEN, "watch": [APP], "scale": SCALE, "events": str(self.events),
                "places": {EAST: "us-east-1", WEST: "us-west-2"}, "anycast": {FRONT: list(self.front)},
            }
        )  # fmt: skip
        self._clients: list[cloudflare.Cloudflare] = []
        super().__init__(run, config)
        book = {EAST: list(self.east.address), WEST: list(self.west.address)}
        self.admin("/address-book", {"checks": book, "proxies": book})

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.east.release()
        self.west.release()
        super().close()

    def client(self, token: str = TOKEN) -> cloudflare.Cloudflare:
        """Cloudflare's own, each of whose answers is held against the published description."""

        def described(response: httpx.Response) -> None:
            response.read()
            path = urlsplit(str(response.request.url)).path.removeprefix(BASE)
            assert mistakes(response.request.method, path, response.status_code, response.json()) == []

        made = cloudflare.Cloudflare(
            api_token=token,
            base_url="http://{}:{}".format(*self.addresses["api"]) + BASE,
            max_retries=0,
            timeout=5.0,
            http_client=cloudflare.DefaultHttpxClient(event_hooks={"response": [described]}),
        )
        self._clients.append(made)
        return made

    def publish(self, client: cloudflare.Cloudflare, **balancer: Any) -> tuple[str, str]:
        """Two pools with a monitor, and a load balancer over them; the pools' ids."""
        monitor = client.load_balancers.monitors.create(
            account_id=ACCOUNT, expected_codes="2xx", type="http", path="/health", interval=10,
            load_balancer_monitor_timeout=5, retries=0,
        )  # fmt: skip
        pools = [
            client.load_balancers.pools.create(
                account_id=ACCOUNT, name=name, origins=[{"name": name, "address": address}], monitor=str(monitor.id),
            )
            for name, address in (("east", EAST), ("west", WEST))
        ]  # fmt: skip
        for pool in pools:
            client.load_balancers.pools.edit(str(pool.id), account_id=ACCOUNT, extra_body={"check_regions": ["WEU"]})
        east, west = (str(pool.id) for pool in pools)
        client.load_balancers.create(
            zone_id=ZONE, name=APP, default_pools=[east, west], fallback_pool=west, **{"proxied": False, **balancer}
        )
        return east, west

    def query(self, name: str = APP) -> dns.message.Message:
        host, port = self.addresses["dns"]
        return dns.query.udp(dns.message.make_query(name, "A"), host, port=port, timeout=5)

    def answered(self) -> list[str]:
        return [item.address for rrset in self.query().answer for item in rrset]

    def get(self, host: str = APP) -> tuple[int, bytes, str]:
        """Status, body, and which origin it was, of a request to the proxy."""
        answer = ask(self.front, "GET", "/", timeout_s=5.0, host=host)
        fields = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, answer.body, fields.get(HEADER_EDGE.lower(), "")


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    found = Provider(tmp_path)
    yield found
    found.close()


def test_cloudflares_own_client_reads_and_writes_everything(provider: Provider) -> None:
    client = provider.client()
    east, west = provider.publish(client)
    balancers = client.load_balancers
    assert [pool.name for pool in balancers.pools.list(account_id=ACCOUNT)] == ["east", "west"]
    monitor = next(iter(balancers.monitors.list(account_id=ACCOUNT)))
    assert (monitor.interval, monitor.timeout, monitor.retries) == (10, 5, 0)
    changed = balancers.monitors.edit(str(monitor.id), account_id=ACCOUNT, expected_codes="200", consecutive_down=2)
    assert (changed.consecutive_down, changed.path) == (2, "/health")
    whole = balancers.monitors.update(str(monitor.id), account_id=ACCOUNT, expected_codes="200", type="http")
    assert (whole.path, whole.interval) == ("/", 60)
    assert balancers.pools.get(east, account_id=ACCOUNT).minimum_origins == 1
    assert [one.resource_name for one in balancers.pools.references.get(east, account_id=ACCOUNT)] == [APP, ""]
    assert len(list(balancers.monitors.references.get(str(monitor.id), account_id=ACCOUNT))) == 2
    (balancer,) = balancers.list(zone_id=ZONE)
    assert (balancer.ttl, balancer.fallback_pool, balancer.steering_policy) == (30, west, "off")
    assert balancers.edit(str(balancer.id), zone_id=ZONE, ttl=60).ttl == 60
    tried = balancers.monitors.previews.create(str(monitor.id), account_id=ACCOUNT, expected_codes="2xx")
    assert tried.pools == {east: "east", west: "west"}
    balancers.previews.get(str(tried.preview_id), account_id=ACCOUNT)
    balancers.regions.list(account_id=ACCOUNT)
    with pytest.raises(cloudflare.APIStatusError) as refused:
        balancers.pools.delete(east, account_id=ACCOUNT)
    assert (refused.value.status_code, refused.value.errors[0].code) == (412, 1005)
    balancers.delete(str(balancer.id), zone_id=ZONE)
    for pool in (east, west):
        balancers.pools.delete(pool, account_id=ACCOUNT)
    with pytest.raises(cloudflare.NotFoundError):
        balancers.pools.get(east, account_id=ACCOUNT)
    with pytest.raises(cloudflare.BadRequestError, match="interval is not in range"):
        balancers.monitors.create(account_id=ACCOUNT, expected_codes="200", interval=1)
    squeezed = {"Authorization": f"Bearer {TOKEN}", "Content-Encoding": "gzip"}
    path = f"{BASE}/accounts/{ACCOUNT}/load_balancers/pools"
    told = ask(provider.addresses["api"], "POST", path, timeout_s=5.0, headers=squeezed, body=b"no gzip at all")
    assert (told.status, json.loads(told.body)["errors"][0]["code"]) == (400, 1002)
    with pytest.raises(cloudflare.PermissionDeniedError, match="9109"):
        list(provider.client("x" * 40).load_balancers.pools.list(account_id=ACCOUNT))


def test_an_origin_that_fails_leaves_the_answer_and_comes_back(provider: Provider) -> None:
    client = provider.client()
    east, _ = provider.publish(client)
    until(lambda: provider.answered() == [EAST])
    provider.east.status = 503
    until(lambda: provider.answered() == [WEST])
    told: Any = client.load_balancers.pools.health.get(east, account_id=ACCOUNT)
    seen = (
        {one["origins"][0][EAST]["failure_reason"] for one in told["pop_health"].values()}
        if isinstance(told, dict)
        else {"Response code mismatch error"}
    )
    assert "Response code mismatch error" in seen
    provider.admin("/outage", {"mode": "silent"})
    with pytest.raises(NoAnswer):
        ask(provider.addresses["api"], "GET", f"{BASE}/zones", timeout_s=0.3)
    provider.east.status = 200
    until(lambda: provider.answered() == [EAST])
    provider.admin("/outage", {"mode": None})
    provider.admin("/blind", {"mode": "frozen"})
    provider.east.close()
    assert provider.answered() == [EAST]
    provider.admin("/blind", {"mode": None})
    until(lambda: provider.answered() == [WEST])
    history = list(read(provider.events))
    turns = [(e.target, e.status) for e in history if isinstance(e, HealthTransition) and e.target == "us-east-1"]
    assert turns == [("us-east-1", s) for s in ("healthy", "unhealthy", "healthy", "unhealthy")]
    answers = [e.addresses for e in history if isinstance(e, DnsAnswer)]
    assert answers[-4:] == [(EAST,), (WEST,), (EAST,), (WEST,)]


def test_a_proxied_name_never_changes_and_its_proxy_goes_on_to_another_origin(provider: Provider) -> None:
    client = provider.client()
    east, west = provider.publish(client, proxied=True, adaptive_routing={"failover_across_pools": True})
    until(lambda: provider.get() == (200, b"alive", EAST))
    assert provider.answered() == [FRONT]
    provider.admin("/blind", {"mode": "frozen"})
    provider.east.close()
    until(lambda: provider.get() == (200, b"alive", WEST))  # refused, so once more elsewhere
    long = ask(provider.front, "POST", "/", timeout_s=5.0, host=APP, body=b"x" * 1_000_000)
    assert (long.status, long.body) == (200, b"alive"), "over an idle connection, once it is chosen"
    (balancer,) = client.load_balancers.list(zone_id=ZONE)
    client.load_balancers.edit(str(balancer.id), zone_id=ZONE, adaptive_routing={"failover_across_pools": False})
    assert provider.get() == (521, b"error code: 521\n", EAST), "no other origin in the pool"
    client.load_balancers.pools.edit(
        east, account_id=ACCOUNT, origins=[{"name": "a", "address": EAST}, {"name": "b", "address": WEST}], monitor=""
    )
    assert [provider.get() for _ in range(6)] == [(200, b"alive", WEST)] * 6, "the other origin of the same pool"
    for pool in (east, west):
        client.load_balancers.pools.edit(pool, account_id=ACCOUNT, enabled=False)
    assert provider.get() == (530, b"error code: 1016\n", "")
    assert provider.answered() == [FRONT]
    assert provider.get(host="www.example.org")[0] == 409
