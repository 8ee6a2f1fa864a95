"""DigitalOcean's API as a machine: every answer is as the published description says, and wrong calls are refused."""

from __future__ import annotations

from typing import Any

import pytest
from digitalocean_description import description

from harness.engines.dns.answering import AnswerChanged, Freeze, Thaw
from harness.engines.provider.values import Called
from harness.parts.steering.digitalocean import routes
from harness.parts.steering.digitalocean.calls import Rules
from harness.parts.steering.digitalocean.model import (
    Provider,
    Relief,
    Reset,
    Trouble,
)
from harness.parts.steering.digitalocean.values import Reply, Request
from harness.units import NS_PER_S

APP = "app.example.com"
RULES = Rules(
    wall_ns=1_790_000_000 * NS_PER_S,
    balancer_ns=60 * NS_PER_S,
    droplet_ns=30 * NS_PER_S,
    cluster_ns=240 * NS_PER_S,
    edges={"nyc3": "127.0.1.10"},
)


class Account:
    """An account whose API is called; every answer is checked against the description."""

    def __init__(self, **settings: Any) -> None:
        self.provider = Provider("secret", RULES, (APP,), **settings)
        self.state = self.provider.start()
        self.now_ns = 0
        self.effects: tuple[Any, ...] = ()

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)

    def happened(self, event: Any) -> None:
        self.state, self.effects = self.provider.step(self.state, event, self.now_ns)

    def call(self, method: str, path: str, body: Any = None, token: str | None = "secret", **query: str) -> Reply:
        self.happened(Request(method, path, query, body, token))
        reply = next(effect for effect in self.effects if isinstance(effect, Reply))
        headers = {"content-type": "application/json", **reply.headers}
        told = description().mistakes(method, path, reply.status, headers, reply.body)
        assert told == [], (method, path, reply)
        return reply

    def made(self, path: str, body: Any) -> Any:
        reply = self.call("POST", path, body)
        assert reply.status in (201, 202), reply
        assert reply.body is not None
        return reply.body

    def refused(self, method: str, path: str, body: Any = None, token: str | None = "secret") -> tuple[int, str]:
        reply = self.call(method, path, body, token)
        assert reply.body is not None
        return reply.status, reply.body["id"]

    def domain(self) -> None:
        self.made("/v2/domains", {"name": "example.com"})

    def record(self, **fields: Any) -> Any:
        return self.made(
            "/v2/domains/example.com/records", {"type": "A", "name": "app", "data": "192.0.2.1", **fields}
        )["domain_record"]

    def addresses(self) -> tuple[str, ...]:
        return self.state.answer(APP, "A").values("A")


RULE = {"entry_protocol": "http", "entry_port": 80, "target_protocol": "http", "target_port": 8080}
DROPLET = {"name": "web-1", "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", "tags": ["web"]}
BALANCER = {"name": "lb-nyc3", "region": "nyc3", "forwarding_rules": [RULE]}
CLUSTER = {
    "name": "shop", "region": "nyc3", "version": "latest",
    "node_pools": [{"name": "p", "size": "s-1vcpu-2gb", "count": 2}],
}  # fmt: skip


def test_a_life_with_everything_is_told_as_the_description_says() -> None:
    account = Account()
    called: set[tuple[str, str]] = set()

    def call(method: str, path: str, *filled: object, body: Any = None, status: int = 200, **query: str) -> Any:
        called.add((method, path))
        reply = account.call(method, path.format(*filled), body, **query)
        assert reply.status == status, reply
        return reply.body

    for path in ("/v2/account", "/v2/regions", "/v2/sizes", "/v2/kubernetes/options", "/v2/actions"):
        call("GET", path)
    call("POST", "/v2/domains", body={"name": "example.com", "ip_address": "192.0.2.7"}, status=201)
    call("GET", "/v2/domains")
    call("GET", "/v2/domains/{}", "example.com")
    records = "/v2/domains/{}/records"
    made = call("POST", records, "example.com", body={"type": "A", "name": "app", "data": "192.0.2.1"}, status=201)
    for other in (
        {"type": "AAAA", "name": "app", "data": "2001:db8::1"},
        {"type": "CNAME", "name": "www", "data": "@"},
        {"type": "MX", "name": "@", "data": "mail.example.net.", "priority": 10},
        {"type": "TXT", "name": "@", "data": 'v="1"'},
        {"type": "SRV", "name": "_sip._tcp", "data": "sip.example.net.", "priority": 1, "port": 5060, "weight": 2},
        {"type": "CAA", "name": "@", "data": "letsencrypt.org.", "flags": 0, "tag": "issue"},
    ):
        call("POST", records, "example.com", body=other, status=201)
    call("GET", records, "example.com")
    one, number = "/v2/domains/{}/records/{}", made["domain_record"]["id"]
    call("GET", one, "example.com", number)
    call("PUT", one, "example.com", number, body={"type": "A", "data": "192.0.2.2"})
    call("PATCH", one, "example.com", number, body={"type": "A", "ttl": 30})
    call("DELETE", one, "example.com", number, status=204)

    droplet = call("POST", "/v2/droplets", body=DROPLET, status=202)["droplet"]["id"]
    several = {**{key: value for key, value in DROPLET.items() if key != "name"}, "names": ["a", "b"]}
    assert len(call("POST", "/v2/droplets", body=several, status=202)["droplets"]) == 2
    account.wait(31)
    call("GET", "/v2/droplets")
    assert call("GET", "/v2/droplets/{}", droplet)["droplet"]["status"] == "active"
    action = call("POST", "/v2/droplets/{}/actions", droplet, body={"type": "power_off"}, status=201)["action"]["id"]
    call("GET", "/v2/droplets/{}/actions", droplet)
    call("GET", "/v2/droplets/{}/actions/{}", droplet, action)
    call("GET", "/v2/actions/{}", action)

    lb = call("POST", "/v2/load_balancers", body=BALANCER, status=202)["load_balancer"]["id"]
    call("GET", "/v2/load_balancers")
    call("GET", "/v2/load_balancers/{}", lb)
    call("POST", "/v2/load_balancers/{}/droplets", lb, body={"droplet_ids": [droplet]}, status=204)
    call("DELETE", "/v2/load_balancers/{}/droplets", lb, body={"droplet_ids": [droplet]}, status=204)
    more = {**RULE, "entry_port": 81}
    call("POST", "/v2/load_balancers/{}/forwarding_rules", lb, body={"forwarding_rules": [more]}, status=204)
    call("DELETE", "/v2/load_balancers/{}/forwarding_rules", lb, body={"forwarding_rules": [more]}, status=204)
    sticky = {"type": "cookies", "cookie_name": "DO-LB", "cookie_ttl_seconds": 300}
    call("PUT", "/v2/load_balancers/{}", lb, body={**BALANCER, "sticky_sessions": sticky})
    call("DELETE", "/v2/load_balancers/{}/cache", lb, status=204)
    call("DELETE", "/v2/load_balancers/{}", lb, status=204)

    ip = call("POST", "/v2/reserved_ips", body={"droplet_id": droplet}, status=202)["reserved_ip"]["ip"]
    call("GET", "/v2/reserved_ips")
    call("GET", "/v2/reserved_ips/{}", ip)
    acted = call("POST", "/v2/reserved_ips/{}/actions", ip, body={"type": "unassign"}, status=201)["action"]["id"]
    call("GET", "/v2/reserved_ips/{}/actions", ip)
    call("GET", "/v2/reserved_ips/{}/actions/{}", ip, acted)
    call("DELETE", "/v2/reserved_ips/{}", ip, status=204)

    cluster = call("POST", "/v2/kubernetes/clusters", body=CLUSTER, status=201)["kubernetes_cluster"]["id"]
    account.wait(241)
    call("GET", "/v2/kubernetes/clusters")
    told = call("GET", "/v2/kubernetes/clusters/{}", cluster)["kubernetes_cluster"]
    assert told["status"]["state"] == "running"
    call("PUT", "/v2/kubernetes/clusters/{}", cluster, body={"name": "shop-2"}, status=202)
    call("GET", "/v2/kubernetes/clusters/{}/node_pools", cluster)
    call("GET", "/v2/kubernetes/clusters/{}/node_pools/{}", cluster, told["node_pools"][0]["id"])
    call("GET", "/v2/kubernetes/clusters/{}/kubeconfig", cluster)
    call("GET", "/v2/kubernetes/clusters/{}/status_messages", cluster)
    call("DELETE", "/v2/kubernetes/clusters/{}", cluster, status=204)

    call("DELETE", "/v2/droplets/{}", droplet, status=204)
    call("DELETE", "/v2/droplets", tag_name="web", status=204)
    call("DELETE", "/v2/domains/{}", "example.com", status=204)
    assert called == routes.served()


LEFT_OUT = {
    "kubernetes_get_credentials", "kubernetes_add_nodePool", "kubernetes_update_nodePool",
    "kubernetes_delete_nodePool", "kubernetes_delete_node", "kubernetes_recycle_node_pool", "dropletActions_post_byTag",
}  # fmt: skip
"""Calls of the description that nothing here needs: they change the nodes of a cluster, or droplets by their tag."""


def test_whatever_is_described_is_served_but_for_what_is_named() -> None:
    paths = description().document["paths"]
    named = {
        item[method]["operationId"]: None
        for item in paths.values()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    }
    assert set(named) >= LEFT_OUT
    assert len(named) - len(LEFT_OUT) == len(set(description().operations()) & routes.served())


def test_the_description_is_able_to_find_fault() -> None:
    wrong = {"domain": {"name": 7, "made_up": True}}
    told = description().mistakes("GET", "/v2/domains/example.com", 200, {}, wrong)
    assert any("7 is not of type 'string'" in text for text in told)
    assert ".domain.made_up is not described" in told
    assert "no header ratelimit-limit" in told


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/v2/domains", {"name": "example.com"}, (422, "unprocessable_entity")),
        ("POST", "/v2/domains", {"name": "no domain"}, (422, "unprocessable_entity")),
        ("POST", "/v2/domains", {}, (422, "unprocessable_entity")),
        ("POST", "/v2/domains", [], (400, "bad_request")),
        ("GET", "/v2/domains/other.com", None, (404, "not_found")),
        ("GET", "/v2/domains/example.com/records/1", None, (404, "not_found")),
        ("GET", "/v2/nowhere", None, (404, "not_found")),
        ("GET", "/v2/load_balancers/none", None, (404, "not_found")),
        ("GET", "/v2/droplets/1", None, (404, "not_found")),
        ("GET", "/v2/reserved_ips/192.0.2.9", None, (404, "not_found")),
        ("GET", "/v2/kubernetes/clusters/none", None, (404, "not_found")),
        ("POST", "/v2/load_balancers", {**BALANCER, "forwarding_rules": []}, (422, "unprocessable_entity")),
        ("POST", "/v2/load_balancers", {**BALANCER, "region": "mars1"}, (422, "unprocessable_entity")),
        ("POST", "/v2/load_balancers", {**BALANCER, "droplet_ids": [1]}, (422, "unprocessable_entity")),
        ("POST", "/v2/load_balancers", {**BALANCER, "forwarding_rules": [RULE, RULE]}, (422, "unprocessable_entity")),
        ("POST", "/v2/load_balancers", {**BALANCER, "algorithm": "fair"}, (422, "unprocessable_entity")),
        ("POST", "/v2/load_balancers", {**BALANCER, "http_idle_timeout_seconds": 5}, (422, "unprocessable_entity")),
        ("POST", "/v2/droplets", {**DROPLET, "size": "huge"}, (422, "unprocessable_entity")),
        ("POST", "/v2/droplets", {**DROPLET, "name": "no name"}, (422, "unprocessable_entity")),
        ("POST", "/v2/droplets", {**DROPLET, "image": True}, (422, "unprocessable_entity")),
        ("POST", "/v2/reserved_ips", {"droplet_id": 5}, (422, "unprocessable_entity")),
        ("POST", "/v2/kubernetes/clusters", {**CLUSTER, "version": "0.9"}, (422, "unprocessable_entity")),
        ("POST", "/v2/kubernetes/clusters", {**CLUSTER, "node_pools": []}, (422, "unprocessable_entity")),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused_in_the_services_words(
    method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    account = Account()
    account.domain()
    before = account.state.account
    assert account.refused(method, path, body) == expected
    assert account.state.account == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ttl": 29}, "Ttl must be greater than or equal to 30"),
        ({"ttl": 1 << 31}, f"Ttl must be less than or equal to {(1 << 31) - 1}"),
        ({"ttl": "60"}, "ttl is not a valid number"),
        ({"ttl": True}, "ttl is not a valid number"),
        ({"data": "192.0.2.256"}, "IP address did not match IPv4 format (e.g. 127.0.0.1)."),
        ({"data": "2001:db8::1"}, "IP address did not match IPv4 format (e.g. 127.0.0.1)."),
        ({"data": ""}, "data can't be blank"),
        ({"name": "a b"}, "Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"),
        ({"type": "WKS"}, "Type must be one of: A, AAAA, CNAME, MX, NS, SRV, CAA, TXT"),
        ({"type": "CNAME", "data": "example.net"}, "Data needs to end with a dot (.)"),
        ({"type": "MX", "data": "mail.example.net."}, "priority can't be blank"),
        ({"type": "CAA", "data": "@", "flags": 0, "tag": "all"}, "Tag must be one of: issue, issuewild, iodef"),
        ({"type": "CNAME", "name": "taken", "data": "@"}, "CNAME records cannot share a name with other records"),
        ({"name": "taken", "data": "192.0.2.5"}, "Record already exists"),
        ({"name": "alias", "data": "192.0.2.5"}, "CNAME records cannot share a name with other records"),
    ],
)
def test_a_record_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    account = Account()
    account.domain()
    account.record(name="taken", data="192.0.2.5")
    account.record(type="CNAME", name="alias", data="taken")
    body = {"type": "A", "name": "app", "data": "192.0.2.1", **fields}
    reply = account.call("POST", "/v2/domains/example.com/records", body)
    assert reply.status == 422
    assert reply.body == {"id": "unprocessable_entity", "message": message}


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_whoever_shows_no_token_or_a_wrong_one_is_not_let_in(token: str | None) -> None:
    account = Account()
    assert account.refused("GET", "/v2/domains", token=token) == (401, "unauthorized")
    assert account.refused("DELETE", "/v2/nowhere", token=token) == (401, "unauthorized")


def test_lists_come_in_pages_with_links_to_the_others() -> None:
    account = Account()
    account.domain()
    for number in range(10):
        account.record(name=f"host-{number}")
    path = "/v2/domains/example.com/records"
    reply = account.call("GET", path, per_page="5", page="2")
    assert reply.body is not None
    assert len(reply.body["domain_records"]) == 5
    assert reply.body["meta"] == {"total": 14}
    url = "https://api.digitalocean.com/v2/domains/example.com/records?per_page=5&page="
    assert reply.body["links"]["pages"] == {f"{k}": f"{url}{n}" for k, n in zip(
        ("first", "prev", "next", "last"), (1, 1, 3, 3), strict=True
    )}  # fmt: skip
    assert account.call("GET", path).body["links"] == {}  # type: ignore[index]
    for wrong in ("0", "-1", "x", "201", "1e3"):
        assert account.call("GET", path, per_page=wrong).status == 422


def test_a_load_balancer_is_new_before_it_is_active_and_has_its_address_then() -> None:
    account = Account()
    made = account.made("/v2/load_balancers", BALANCER)["load_balancer"]
    assert (made["status"], made["ip"]) == ("new", "")
    assert (made["health_check"]["unhealthy_threshold"], made["health_check"]["healthy_threshold"]) == (5, 3)
    account.wait(59.9)
    path = f"/v2/load_balancers/{made['id']}"
    assert account.call("GET", path).body["load_balancer"]["status"] == "new"  # type: ignore[index]
    account.wait(0.1)
    told = account.call("GET", path).body["load_balancer"]  # type: ignore[index]
    assert (told["status"], told["ip"]) == ("active", "127.0.1.10")


def test_a_balancer_by_tag_has_the_droplets_of_its_region_that_have_it() -> None:
    account = Account()
    made = account.made("/v2/load_balancers", {**BALANCER, "tag": "web"})["load_balancer"]
    here = account.made("/v2/droplets", DROPLET)["droplet"]["id"]
    account.made("/v2/droplets", {**DROPLET, "region": "sfo3"})
    told = account.call("GET", f"/v2/load_balancers/{made['id']}").body["load_balancer"]  # type: ignore[index]
    assert told["droplet_ids"] == [here]


def test_records_answer_through_the_name_servers_with_their_ttl() -> None:
    account = Account()
    account.domain()
    made = account.record(ttl=60)
    answer = account.state.answer(APP, "A")
    assert [(rrset.ttl_s, rrset.values) for rrset in answer.answers] == [(60, ("192.0.2.1",))]
    account.call("PUT", f"/v2/domains/example.com/records/{made['id']}", {"type": "A", "data": "192.0.2.2"})
    assert account.addresses() == ("192.0.2.2",)
    assert AnswerChanged(APP, ("192.0.2.2",), 60, "by hand", ("192.0.2.1",)) in account.effects
    assert Called("PUT", f"/v2/domains/example.com/records/{made['id']}", 200) in account.effects
    servers = account.state.answer("example.com", "NS").values("NS")
    assert servers == ("ns1.digitalocean.com.", "ns2.digitalocean.com.", "ns3.digitalocean.com.")


def test_a_name_that_is_gone_may_be_remembered_as_missing_for_half_an_hour() -> None:
    account = Account()
    account.domain()
    made = account.record(ttl=60)
    account.call("DELETE", f"/v2/domains/example.com/records/{made['id']}")
    answer = account.state.answer(APP, "A")
    assert answer.rcode == "NXDOMAIN"
    assert [rrset.ttl_s for rrset in answer.authority] == [1800]


def test_the_quota_is_250_a_minute_and_5000_an_hour() -> None:
    account = Account()
    for number in range(250):
        assert account.call("GET", "/v2/account").headers["ratelimit-remaining"] == str(4999 - number)
    refused = account.call("GET", "/v2/account")
    assert refused.status == 429
    assert refused.body == {"id": "too_many_requests", "message": "API rate limit exceeded."}
    account.wait(int(refused.headers["retry-after"]))
    assert account.call("GET", "/v2/account").status == 200
    for _ in range(19):
        account.wait(61)
        for _ in range(250):
            account.call("GET", "/v2/account")
    account.wait(61)
    late = account.call("GET", "/v2/account")
    assert late.status == 429
    assert "retry-after" not in late.headers
    assert int(late.headers["ratelimit-reset"]) * NS_PER_S > account.now_ns + RULES.wall_ns


def test_a_throttled_api_refuses_whatever_it_is_asked_until_it_is_relieved() -> None:
    account = Account()
    account.domain()
    account.happened(Trouble("t", "throttled"))
    assert account.call("GET", "/v2/domains").status == 429
    account.happened(Relief("t"))
    assert account.call("GET", "/v2/domains").status == 200


def test_a_change_that_is_never_answered_was_made() -> None:
    account = Account()
    account.domain()
    made = account.record()
    account.happened(Trouble("t", "unanswered"))
    path, body = f"/v2/domains/example.com/records/{made['id']}", {"type": "A", "data": "192.0.2.2"}
    account.happened(Request("PUT", path, body=body, token="secret"))
    assert [effect.lost for effect in account.effects if isinstance(effect, Reply)] == [True]
    assert account.addresses() == ("192.0.2.2",)


def test_a_frozen_name_is_answered_as_it_was() -> None:
    account = Account()
    account.domain()
    made = account.record()
    account.happened(Freeze(APP))
    account.call("PUT", f"/v2/domains/example.com/records/{made['id']}", {"type": "A", "data": "192.0.2.2"})
    assert account.addresses() == ("192.0.2.1",)
    account.happened(Thaw())
    assert account.addresses() == ("192.0.2.2",)
    account.happened(Reset())
    assert account.addresses() == ()


def test_the_nodes_of_a_cluster_are_droplets_that_a_balancer_finds_by_tag() -> None:
    account = Account()
    made = account.made("/v2/kubernetes/clusters", CLUSTER)["kubernetes_cluster"]
    nodes = [int(node["droplet_id"]) for pool in made["node_pools"] for node in pool["nodes"]]
    assert len(nodes) == 2
    tag = f"k8s:{made['id']}"
    listed = account.call("GET", "/v2/droplets", tag_name=tag).body
    assert listed is not None
    assert [one["id"] for one in listed["droplets"]] == nodes
    balancer = account.made("/v2/load_balancers", {**BALANCER, "tag": tag})["load_balancer"]
    assert balancer["droplet_ids"] == nodes
    assert account.call("DELETE", f"/v2/kubernetes/clusters/{made['id']}").status == 204
    told = account.call("GET", f"/v2/load_balancers/{balancer['id']}").body
    assert told is not None
    assert told["load_balancer"]["droplet_ids"] == []
    assert not account.state.account.droplets
