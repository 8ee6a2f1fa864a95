"""Cloudflare's API as a machine: every answer is as the published description says, and wrong calls are refused."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare_account import APP, OWN, RULES, ZONE, Account, operations

from harness.engines.provider.values import ApiLost, Called
from harness.parts.steering.cloudflare import routes
from harness.parts.steering.cloudflare.model import Reset
from harness.parts.steering.cloudflare.values import Reply, Request

UNKNOWN = "0" * 32


def shop(**balancer: Any) -> tuple[Account, str, str, str, str]:
    account = Account()
    monitor = account.monitor()
    east = account.pool("east", "127.0.1.10", monitor=monitor, check_regions=["WEU", "ENAM", "WNAM"])
    west = account.pool("west", "127.0.2.10", monitor=monitor, check_regions=["WEU", "ENAM", "WNAM"])
    return account, monitor, east, west, account.balancer(east, west, **balancer)


def test_every_operation_of_the_description_is_served_and_answers_as_it_says() -> None:
    account, monitor, east, west, balancer = shop()
    called: set[tuple[str, str]] = {("POST", "/accounts/{}/load_balancers/monitors")}
    called |= {("POST", "/accounts/{}/load_balancers/pools"), ("POST", "/zones/{}/load_balancers")}

    def call(method: str, path: str, *filled: str, body: Any = None, **query: str) -> Any:
        called.add((method, path))
        owner = RULES.zone_id if path.startswith("/zones") else RULES.account_id
        return account.done(method, path.format(owner, *filled), body, **query)

    monitors, pools = "/accounts/{}/load_balancers/monitors", "/accounts/{}/load_balancers/pools"
    call("GET", monitors)
    call("GET", f"{monitors}/{{}}", monitor)
    assert call("PATCH", f"{monitors}/{{}}", monitor, body={"interval": 15})["path"] == "/health"
    assert call("PUT", f"{monitors}/{{}}", monitor, body={"expected_codes": "200"})["path"] == "/", "all of it is new"
    call("GET", f"{monitors}/{{}}/references", monitor)
    tried = call("POST", f"{monitors}/{{}}/preview", monitor, body={"expected_codes": "200"})
    assert tried["pools"] == {east: "east", west: "west"}
    call("POST", f"{pools}/{{}}/preview", east, body={"expected_codes": "200"})
    account.sees(west=3)
    found = call("GET", "/accounts/{}/load_balancers/preview/{}", tried["preview_id"])
    assert [found[pool]["healthy"] for pool in (east, west)] == [True, False]
    call("GET", pools)
    assert call("GET", pools, monitor=UNKNOWN) == []
    call("PATCH", pools, body={"notification_email": ""})
    call("GET", f"{pools}/{{}}", east)
    call("PATCH", f"{pools}/{{}}", east, body={"description": "the first", "latitude": 39.0, "longitude": -77.5})
    whole = {"name": "east", "origins": [{"name": "o0", "address": "127.0.1.10"}], "monitor": monitor}
    call("PUT", f"{pools}/{{}}", east, body=whole)
    seen = call("GET", f"{pools}/{{}}/health", west)["pop_health"]
    assert seen["Amsterdam, NL"]["origins"][0]["127.0.2.10"]["failure_reason"] == "No failures"
    assert [one["healthy"] for one in seen.values()] == [True] * 3 + [False] * 6
    call("GET", f"{pools}/{{}}/references", east)
    call("GET", "/accounts/{}/load_balancers/regions")
    call("GET", "/accounts/{}/load_balancers/regions/{}", "WEU")
    resources = call("GET", "/accounts/{}/load_balancers/search", query="app", references="*")["resources"]
    assert [one["resource_name"] for one in resources] == [APP]
    call("GET", "/zones/{}/load_balancers")
    call("GET", "/zones/{}/load_balancers/{}", balancer)
    call("PATCH", "/zones/{}/load_balancers/{}", balancer, body={"ttl": 60})
    body = {"name": APP, "default_pools": [west], "fallback_pool": west}
    assert call("PUT", "/zones/{}/load_balancers/{}", balancer, body=body)["ttl"] == 30
    call("DELETE", "/zones/{}/load_balancers/{}", balancer)
    for pool in (east, west):
        call("DELETE", f"{pools}/{{}}", pool)
    call("DELETE", f"{monitors}/{{}}", monitor)
    assert called == set(operations()) <= routes.served()


def test_a_new_monitor_pool_and_balancer_are_as_the_service_makes_them() -> None:
    account, monitor, east, _, balancer = shop()
    told = account.done("GET", f"{OWN}/monitors/{monitor}")
    wanted = {
        "interval": 60, "timeout": 5, "retries": 2, "consecutive_up": 0, "consecutive_down": 0, "type": "http",
        "method": "GET", "follow_redirects": False, "port": 0,
    }  # fmt: skip
    assert {key: told[key] for key in wanted} == wanted
    assert account.done("GET", f"{OWN}/pools/{east}")["minimum_origins"] == 1
    told = account.done("GET", f"{ZONE}/{balancer}")
    assert (told["steering_policy"], told["ttl"], told["proxied"], told["enabled"]) == ("off", 30, False, True)
    assert told["adaptive_routing"] == {"failover_across_pools": False}


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("", 400, 9106),
        ("Bearer short", 400, 6003),
        ("Token " + "t" * 40, 400, 6003),
        ("Bearer " + "x" * 40, 403, 9109),
    ],
)
def test_a_caller_without_the_right_token_is_refused(authorization: str, status: int, code: int) -> None:
    found, (told, _) = Account().refused("GET", f"{OWN}/pools", authorization=authorization)
    assert (found, told) == (status, code)


def test_a_key_of_somebody_else_and_another_account_are_refused() -> None:
    account = Account()
    account.happened(Request("GET", f"/client/v4{OWN}/pools", key=True))
    reply = account.effects[0]
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body["errors"][0]["code"]) == (403, 9103)
    other = f"/accounts/{UNKNOWN}/load_balancers/pools"
    assert account.refused("GET", other) == (403, (10000, "Authentication error"))
    assert account.refused("GET", f"/zones/{UNKNOWN}/load_balancers")[0] == 403


def test_what_is_not_there_is_not_found() -> None:
    account = Account()
    assert account.refused("GET", f"{OWN}/pools/{UNKNOWN}") == (404, (1001, "pool not found"))
    assert account.refused("DELETE", f"{OWN}/monitors/{UNKNOWN}") == (404, (1001, "monitor not found"))
    assert account.refused("GET", f"{ZONE}/{UNKNOWN}")[1][0] == 1001
    assert account.refused("GET", f"{OWN}/regions/ATLANTIS")[0] == 404
    assert account.refused("GET", "/accounts/mine/load_balancers/pools")[1][0] == 7003
    assert account.refused("GET", f"{OWN}/tea") == (400, (7000, "No route for that URI"))
    assert account.refused("DELETE", f"{OWN}/pools")[0] == 405


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("monitors", {"interval": 1}, "interval is not in range [5, 3600]"),
        ("monitors", {"interval": "60"}, "interval must be an integer"),
        ("monitors", {"timeout": 11}, "timeout is not in range [1, 10]"),
        ("monitors", {"interval": 5, "timeout": 10}, "timeout must be smaller than interval"),
        ("monitors", {"retries": True}, "retries must be an integer"),
        ("monitors", {"type": "gopher"}, "type must be one of"),
        ("monitors", {"type": "tcp"}, "port is not in range [1, 65535]"),
        ("monitors", {"path": "health"}, "path must begin with /"),
        ("monitors", {"expected_codes": "fine"}, "expected_codes 'fine' are no HTTP status codes"),
        ("monitors", ["no"], "could not parse the request body"),
        ("pools", {"name": "a b", "origins": [{"name": "o", "address": "192.0.2.1"}]}, "name may only contain"),
        ("pools", {"name": "p"}, "the origin list length must be in range [1, 200]"),
        ("pools", {"name": "p", "origins": [{"name": "o"}]}, "address is required"),
        (
            "pools",
            {"name": "p", "origins": [{"name": "o", "address": "a", "weight": 2}]},
            "weight is not in range [0, 1]",
        ),
        (
            "pools",
            {"name": "p", "origins": [{"name": "o", "address": x} for x in "ab"]},
            "origins must have unique names",
        ),
        (
            "pools",
            {"name": "p", "origins": [{"name": "o", "address": "a"}], "check_regions": ["MARS"]},
            "check_regions: MARS is no region",
        ),
        ("pools", {"name": "p", "origins": [{"name": "o", "address": "a"}], "latitude": 1}, "latitude and longitude"),
    ],
)
def test_wrong_fields_are_refused_with_the_services_code(path: str, body: Any, said: str) -> None:
    status, (code, message) = Account().refused("POST", f"{OWN}/{path}", body)
    assert (status, code) == (400, 1002)
    assert said in message
    assert message.endswith(": validation failed")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "app.example.org"}, "name app.example.org is not in the zone example.com"),
        ({"default_pools": []}, "default_pools is required"),
        ({"default_pools": [UNKNOWN]}, f"could not find pool {UNKNOWN}"),
        ({"fallback_pool": None}, "fallback_pool is required"),
        ({"proxied": True, "ttl": 30}, "ttl cannot be set for a proxied load balancer"),
        ({"ttl": 1}, "ttl is not in range"),
        ({"steering_policy": "luck"}, "steering_policy must be one of"),
        ({}, f"a load balancer with the name {APP} already exists"),
    ],
)
def test_a_balancer_that_makes_no_sense_is_refused(fields: Any, said: str) -> None:
    account, _, east, west, _ = shop()
    body = {"name": APP, "default_pools": [east], "fallback_pool": west, **fields}
    status, (code, message) = account.refused("POST", ZONE, body)
    assert (status, code) == (400, 1002)
    assert said in message


def test_what_others_refer_to_cannot_be_deleted() -> None:
    account, monitor, east, _, _ = shop()
    said = (412, (1005, "This object is referenced by other objects, delete them first."))
    assert account.refused("DELETE", f"{OWN}/monitors/{monitor}") == said
    assert account.refused("DELETE", f"{OWN}/pools/{east}") == said


def test_a_pool_with_an_unknown_monitor_or_a_name_that_is_taken_is_refused() -> None:
    account, _, _, _, _ = shop()
    origins = [{"name": "o", "address": "192.0.2.1"}]
    assert account.refused("POST", f"{OWN}/pools", {"name": "x", "origins": origins, "monitor": UNKNOWN})[0] == 404
    assert "already exists" in account.refused("POST", f"{OWN}/pools", {"name": "east", "origins": origins})[1][1]


def test_1200_requests_in_five_minutes_are_answered_and_one_more_must_wait() -> None:
    account = Account()
    for _ in range(1_200):
        account.happened(Request("GET", "/client/v4/zones", authorization=f"Bearer {account.machine.token}"))
    reply = account.call("GET", f"{OWN}/pools")
    assert (reply.status, reply.body["errors"][0]["code"]) == (429, 10100)
    assert "1200 requests per 300 seconds" in reply.body["errors"][0]["message"]
    account.wait(int(reply.headers["retry-after"]))
    reply = account.call("GET", f"{OWN}/pools")
    assert (reply.status, reply.headers["x-ratelimit-limit"]) == (200, "1200")


def test_a_lost_api_answers_nothing_or_errors_and_what_was_set_up_is_still_answered() -> None:
    account, _, _, _, _ = shop()
    account.sees()
    account.happened(ApiLost("failing"))
    assert account.refused("GET", f"{OWN}/pools")[0] == 503
    assert Called in {type(effect) for effect in account.effects}
    account.happened(ApiLost("silent"))
    assert account.call("POST", f"{OWN}/pools", {}).lost
    assert account.addresses() == ("127.0.1.10",)
    account.happened(ApiLost(None))
    assert account.done("GET", f"{OWN}/pools")


def test_an_account_that_is_reset_is_empty() -> None:
    account, _, _, _, _ = shop()
    account.sees()
    account.happened(Reset())
    assert (account.addresses(), account.done("GET", f"{OWN}/pools")) == ((), [])
