"""DigitalOcean's API and name servers as a process, driven by its own client library, plain HTTP and a resolver."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from digitalocean_description import description
from pydo import Client
from served_process import ServedProcess, until

from harness.faults.actions import DropRecord, TroubleProvider, undo
from harness.history.codec import read
from harness.history.events import DnsAnswer, HealthTransition
from harness.names import DIGITALOCEAN
from harness.parts.steering.digitalocean.config import DigitalOceanConfig
from harness.parts.steering.digitalocean.hand import ProviderHand
from harness.parts.steering.digitalocean.server import run
from harness.wire.ask import NoAnswer, ask

pytestmark = [pytest.mark.live, pytest.mark.beside]

TOKEN = "dop_v1_secret"
APP = "app.example.com"
SCALE = 0.1


class Provider(ServedProcess):
    """The process, on a thread of this one."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.events = folder / "events.jsonl"
        self.testimony = folder / "testimony.jsonl"
        config = DigitalOceanConfig.parse(
            {
                "token": TOKEN, "watch": [APP], "edges": {"nyc3": "127.0.1.10"}, "scale": SCALE, "balancer_making_s": 2,
                "droplet_making_s": 2, "cluster_making_s": 2, "events": str(self.events),
                "testimony": str(self.testimony), "places": ["nyc3", "sfo3"], "requests_per_minute": 100_000,
                "requests_per_hour": 1_000_000, **settings,
            }
        )  # fmt: skip
        super().__init__(run, config)

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.addresses["api"])

    def http(self, method: str, path: str, body: Any = None, token: str = TOKEN, timeout_s: float = 5.0) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        answer = ask(self.addresses["api"], method, path, timeout_s=timeout_s, headers=headers, body=data)
        fields = {name.lower(): value for name, value in answer.headers.items()}
        told = json.loads(answer.body) if answer.body else None
        assert description().mistakes(method, urlsplit(path).path, answer.status, fields, told) == []
        return answer.status, told

    def query(self, name: str, kind: str = "A") -> dns.message.Message:
        host, port = self.addresses["dns"]
        return dns.query.udp(dns.message.make_query(name, kind), host, port=port, timeout=5)


class Described(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Lets the client in, and holds every answer that it gets against the published description."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {TOKEN}"

    def on_response(self, request: Any, response: Any) -> None:
        answer, asked = response.http_response, request.http_request
        headers = {name.lower(): value for name, value in answer.headers.items()}
        text = answer.text() if answer.status_code != 204 else ""
        body = json.loads(text) if text and "json" in headers.get("content-type", "") else None
        path = urlsplit(asked.url).path
        assert description().mistakes(asked.method, path, answer.status_code, headers, body) == [], (asked.url, text)
        self.answers += 1


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    found = Provider(tmp_path)
    yield found
    found.close()


@pytest.fixture
def client(provider: Provider) -> Iterator[tuple[Any, Described]]:
    policy = Described()
    with Client(token=TOKEN, endpoint=provider.url, authentication_policy=policy, retry_total=0) as found:
        yield found, policy


RULE = {"entry_protocol": "http", "entry_port": 80, "target_protocol": "http", "target_port": 8080}
DROPLET = {"name": "web-1", "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", "tags": ["web"]}


def test_the_real_client_fails_a_name_over(provider: Provider, client: tuple[Any, Described]) -> None:
    do, policy = client
    do.domains.create(body={"name": "example.com"})
    record = {"type": "A", "name": "app", "data": "127.0.1.10", "ttl": 60}
    made = do.domains.create_record(domain_name="example.com", body=record)["domain_record"]
    first = provider.query(APP)
    assert first.answer[0].ttl == 6  # 60 s in this profile
    assert first.flags & dns.flags.AA
    changed = {"type": "A", "name": "app", "data": "127.0.2.10", "ttl": 60}
    do.domains.update_record(domain_name="example.com", domain_record_id=made["id"], body=changed)
    assert [str(item) for item in provider.query(APP).answer[0]] == ["127.0.2.10"]
    assert do.domains.patch_record(
        domain_name="example.com", domain_record_id=made["id"], body={"type": "A", "ttl": 30}
    )["domain_record"]["ttl"] == 30  # fmt: skip
    listed = do.domains.list_records(domain_name="example.com", name=APP)["domain_records"]
    assert [one["data"] for one in listed] == ["127.0.2.10"]
    do.domains.delete_record(domain_name="example.com", domain_record_id=made["id"])
    gone = provider.query(APP)
    assert gone.rcode() == dns.rcode.NXDOMAIN
    assert gone.authority[0].ttl == 180  # how long that may be remembered: 1800 s in this profile
    assert do.domains.get(domain_name="other.com") == {
        "id": "not_found", "message": "The resource you requested could not be found.",
    }  # fmt: skip
    do.domains.delete(domain_name="example.com")
    assert policy.answers == 8
    answers = [e for e in read(provider.events) if isinstance(e, DnsAnswer)]
    assert [e.addresses for e in answers] == [("127.0.1.10",), ("127.0.2.10",), ("127.0.2.10",), ()]


def test_the_real_client_sees_things_being_made(client: tuple[Any, Described]) -> None:
    do, _ = client
    droplet = do.droplets.create(body=DROPLET)["droplet"]
    assert droplet["status"] == "new"
    balancer = do.load_balancers.create(
        body={"name": "lb", "region": "nyc3", "forwarding_rules": [RULE], "droplet_ids": [droplet["id"]]}
    )["load_balancer"]
    assert (balancer["status"], balancer["ip"]) == ("new", "")
    active = until(
        lambda: (found := do.load_balancers.get(lb_id=balancer["id"])["load_balancer"])["status"] == "active" and found
    )
    assert active["ip"] == "127.0.1.10"
    assert active["droplet_ids"] == [droplet["id"]]
    do.load_balancers.remove_droplets(lb_id=balancer["id"], body={"droplet_ids": [droplet["id"]]})
    assert do.load_balancers.list()["meta"]["total"] == 1
    assert do.droplets.get(droplet_id=droplet["id"])["droplet"]["status"] == "active"
    reserved = do.reserved_ips.create(body={"region": "nyc3"})["reserved_ip"]
    acted = do.reserved_ips_actions.post(
        reserved_ip=reserved["ip"], body={"type": "assign", "droplet_id": droplet["id"]}
    )
    assert acted["action"]["type"] == "assign_ip"
    assert do.reserved_ips.get(reserved_ip=reserved["ip"])["reserved_ip"]["droplet"]["id"] == droplet["id"]
    pool = {"name": "pool", "size": "s-1vcpu-2gb", "count": 1}
    cluster = do.kubernetes.create_cluster(
        body={"name": "shop", "region": "sfo3", "version": "latest", "node_pools": [pool]}
    )["kubernetes_cluster"]
    assert cluster["status"]["state"] == "provisioning"
    until(
        lambda: (
            do.kubernetes.get_cluster(cluster_id=cluster["id"])["kubernetes_cluster"]["status"]["state"] == "running"
        )
    )
    assert do.kubernetes.list_clusters()["meta"]["total"] == 1


def test_the_real_client_gets_the_services_own_refusals(client: tuple[Any, Described]) -> None:
    do, _ = client
    do.domains.create(body={"name": "example.com"})
    with pytest.raises(HttpResponseError) as caught:
        do.domains.create_record(
            domain_name="example.com", body={"type": "A", "name": "app", "data": "127.0.1.10", "ttl": 5}
        )
    assert caught.value.status_code == 422
    assert "unprocessable_entity" in str(caught.value.response.text())  # type: ignore[union-attr]


def test_the_quota_is_told_and_kept(tmp_path: Path) -> None:
    provider = Provider(tmp_path, requests_per_minute=3, requests_per_hour=10)
    try:
        assert [provider.http("GET", "/v2/account")[0] for _ in range(4)] == [200, 200, 200, 429]
        assert provider.http("GET", "/v2/account", token="wrong")[1]["id"] == "unauthorized"
    finally:
        provider.close()


def test_a_body_that_is_too_large_is_refused_like_any_other_that_is_none(provider: Provider) -> None:
    status, told = provider.http("POST", "/v2/domains", {"name": "x" * 2_000_000})
    assert (status, told["id"]) == (400, "bad_request")


def test_a_change_that_is_never_answered_was_made(provider: Provider) -> None:
    provider.http("POST", "/v2/domains", {"name": "example.com"})
    provider.admin("/troubles", {"name": "silence", "kind": "unanswered"})
    with pytest.raises(NoAnswer):
        provider.http(
            "POST", "/v2/domains/example.com/records", {"type": "A", "name": "app", "data": "127.0.1.10"}, timeout_s=0.5
        )
    provider.admin("/troubles/silence/end")
    assert [str(item) for item in provider.query(APP).answer[0]] == ["127.0.1.10"]


def test_canaries_are_cut_off_while_the_api_is_in_trouble_or_the_name_is_unknown(provider: Provider) -> None:
    api = provider.addresses["api"]
    assert ask(api, "GET", "/", timeout_s=5).status == 200
    with pytest.raises(NoAnswer):
        ask(api, "GET", f"/names/{APP}", timeout_s=5)
    provider.admin("/troubles", {"name": "t", "kind": "throttled"})
    with pytest.raises(NoAnswer):
        ask(api, "GET", "/", timeout_s=5)


def test_testimony_is_taken_for_what_it_is(provider: Provider) -> None:
    lines = [
        {"place": "nyc3", "healthy": False, "agree": 1, "of": 3, "mono_ns": time.monotonic_ns()},
        {"place": "mars", "healthy": False, "agree": 1, "of": 3, "mono_ns": 0},
        {"t": "ok", "op": "forged"},
        {"place": "sfo3", "healthy": True, "agree": 3, "of": 3, "mono_ns": -5},
    ]
    with provider.testimony.open("a") as file:
        file.write("no JSON\n" + "".join(json.dumps(line) + "\n" for line in lines))

    def heard() -> list[HealthTransition]:
        return [e for e in read(provider.events) if isinstance(e, HealthTransition)]

    until(lambda: len(heard()) == 2)
    assert [(e.target, e.status, e.source, e.kind) for e in heard()] == [
        ("nyc3", "unhealthy", "subject", "intermediary"),
        ("sfo3", "healthy", "subject", "intermediary"),
    ]
    assert all(abs(e.mono_ns - time.monotonic_ns()) < 10**10 for e in heard())


def test_the_adversary_replaces_the_record_and_troubles_the_api(provider: Provider) -> None:
    provider.http("POST", "/v2/domains", {"name": "example.com"})
    provider.http(
        "POST", "/v2/domains/example.com/records", {"type": "A", "name": "app", "data": "127.0.1.10", "ttl": 60}
    )
    hand = ProviderHand(lambda: provider.addresses, TOKEN, "example.com", APP)
    drop, trouble = DropRecord(DIGITALOCEAN), TroubleProvider(DIGITALOCEAN, "t", "throttled")
    assert [done.error for done in hand.apply([drop])] == [None]
    assert provider.query(APP).rcode() == dns.rcode.NXDOMAIN
    mend, relieve = undo(drop), undo(trouble)
    assert mend is not None
    assert relieve is not None
    assert [done.error for done in hand.apply([mend])] == [None]
    assert provider.query(APP).answer[0].ttl == 6
    [again] = hand.apply([mend])
    assert again.missing, "somebody else has made it anew: nothing to undo"
    assert [done.error for done in hand.apply([trouble])] == [None]
    assert provider.http("GET", "/v2/domains")[0] == 429
    assert [done.error for done in hand.apply([relieve])] == [None]
    assert provider.http("GET", "/v2/domains")[0] == 200
    assert not hand.takes(DropRecord("another"))
