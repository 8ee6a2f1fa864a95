"""Cloudflare's API and what follows from it, with bodies that nobody should send: refused, and nothing breaks."""

from __future__ import annotations

import json
from typing import Any

import dns.message
import pytest
from cloudflare_account import APP, OWN, ZONE, Account
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engines.dns.lookup import Answer
from harness.engines.dns.server import Responder
from harness.engines.provider.values import BODY_BYTES_MAX
from harness.errors import InputError
from harness.kit.strict_json import well_formed_json
from harness.parts.steering.cloudflare.checking import CloudflareCheckers, Expecting, checks_of
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.values import Reply, Request

UNKNOWN = "0" * 32
EAST, WEST = "127.0.1.10", "127.0.2.10"


def shop() -> tuple[Account, dict[str, str]]:
    account = Account()
    monitor = account.monitor()
    east = account.pool("east", EAST, monitor=monitor, check_regions=["WEU"])
    west = account.pool("west", WEST, monitor=monitor, check_regions=["WEU"])
    return account, {"monitors": monitor, "pools": east, "balancers": account.balancer(east, west)}


class Names:
    """The name servers of an account."""

    generation, draws, scale = 0, 0, 1.0

    def __init__(self, account: Account) -> None:
        self._account = account

    def answer(self, name: str, record_type: str) -> Answer:
        return self._account.state.answer(name, record_type)


def used(account: Account) -> None:
    """Everything that a stand-in does with an account: data centres ask, answers are judged, names are answered."""
    policy = CloudflareCheckers(0.1)
    for check in checks_of(account.state.account).values():
        limits = policy.limits(check)
        payload = policy.request(check, ("127.0.0.1", 9), limits).payload
        assert payload.count(b"\r\n\r\n") == (1 if payload else 0)
        assert b"\nX-Injected" not in payload
        policy.target(check, {}, lambda name: None)
        judge = Expecting(check.codes, check.body)
        judge.status(204, "")
        judge.body(b"alive")
    account.sees()
    for balancer in account.state.account.balancers.values():
        query = dns.message.make_query(balancer["name"], "A").to_wire()
        answer = dns.message.from_wire(Responder(Names(account)).respond(query, 0) or b"")
        assert answer.answer, balancer


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("monitors", {"header": {"Host": []}}, "header needs values of one line each"),
        ("monitors", {"header": {"Host": ["a\r\nX-Injected: y"]}}, "header needs values of one line each"),
        ("monitors", {"header": {"X": ["\u20ac"]}}, "header needs values of one line each"),
        ("monitors", {"header": {"a b": ["x"]}}, "header has a name that no header can have"),
        ("monitors", {"header": {"": ["x"]}}, "header has a name that no header can have"),
        ("monitors", {"expected_codes": "200,\t2xx"}, "are no HTTP status codes"),
        ("monitors", {"expected_codes": "2xx-300"}, "are no HTTP status codes"),
        ("monitors", {"expected_codes": "299-200"}, "are no HTTP status codes"),
        ("monitors", {"expected_codes": "200,"}, "are no HTTP status codes"),
        ("pools", {"origins": [{"name": "o", "address": "b c"}]}, "neither an IP address nor a host name"),
        ("pools", {"origins": [{"name": "o", "address": "x" * 64}]}, "neither an IP address nor a host name"),
        ("pools", {"origins": [{"name": "o", "address": "fe80::1%eth0"}]}, "neither an IP address nor a host name"),
        ("pools", {"origins": [{"name": "o", "address": EAST, "header": {"X": ["y"]}}]}, "can only override Host"),
        ("pools", {"origins": [{"name": "o", "address": EAST, "header": {"Host": ["a\nb"]}}]}, "one line each"),
        ("pools", {"origins": [{"name": "o", "address": EAST, "header": "x"}]}, "header must be an object"),
        ("balancers", {"name": "a..example.com"}, "is no host name"),
        ("balancers", {"name": "x" * 64 + ".example.com"}, "is no host name"),
        ("balancers", {"name": "-a.example.com"}, "is no host name"),
        ("balancers", {"rules": ["x"]}, "rules must be an array of objects"),
    ],
)  # fmt: skip
def test_what_could_not_be_done_is_refused_before_anything_follows_it(path: str, fields: Any, said: str) -> None:
    account, ids = shop()
    bodies: dict[str, dict[str, Any]] = {
        "monitors": {},
        "pools": {"name": "p", "origins": [{"name": "o", "address": EAST}]},
        "balancers": {"name": "b.example.com", "default_pools": [ids["pools"]], "fallback_pool": ids["pools"]},
    }
    whole = bodies[path]
    where = ZONE if path == "balancers" else f"{OWN}/{path}"
    status, (code, message) = account.refused("POST", where, {**whole, **fields})
    assert (status, code) == (400, 1002)
    assert said in message
    assert account.refused("PATCH", f"{where}/{ids[path]}", fields)[0] == 400
    used(account)


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 70_000), st.floats(allow_nan=False), st.text(max_size=5),
    st.sampled_from(["*.example.com", "::1", "200,\t2xx", "\r\nX-Injected: y", "a b", "x" * 300]),
    st.recursive(
        st.sampled_from([None, 0, "x", "Host", EAST]),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Host", "name", "address", "x\n", "policy", "weight"]), inner, max_size=4),
        max_leaves=6,
    ),
)  # fmt: skip
FIELDS = {
    "monitors": "type description interval timeout retries consecutive_up consecutive_down port method path header "
    "expected_codes expected_body follow_redirects allow_insecure probe_zone id created_on",
    "pools": "name description enabled minimum_origins origins check_regions notification_email load_shedding "
    "origin_steering monitor notification_filter latitude longitude disabled_at id",
    "balancers": "name description enabled proxied default_pools fallback_pool region_pools country_pools pop_pools "
    "session_affinity adaptive_routing steering_policy location_strategy random_steering "
    "session_affinity_ttl rules ttl",
}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_a_field_says_the_account_goes_on(data: st.DataObject) -> None:
    """Nothing but 200 and 400 (404 for an unknown monitor), each as described, and all of it can be used."""
    account, ids = shop()
    path = data.draw(st.sampled_from(sorted(FIELDS)))
    name = data.draw(st.sampled_from(FIELDS[path].split()))
    where = ZONE if path == "balancers" else f"{OWN}/{path}"
    reply = account.call("PATCH", f"{where}/{ids[path]}", {name: data.draw(ODD)})
    assert reply.status in (200, 400, 404)
    json.dumps(reply.body, allow_nan=False).encode()
    if all(pool["enabled"] for pool in account.state.account.pools.values()):
        account.done("PATCH", f"{ZONE}/{ids['balancers']}", {"enabled": True, "proxied": False})
        used(account)


def test_a_body_of_another_type_or_too_long_is_refused_as_such() -> None:
    account = Account()
    path = f"{BASE}{OWN}/pools"
    sent = Request("POST", path, {}, None, f"Bearer {account.machine.token}", content_type="text/plain; charset=x")
    account.happened(sent)
    reply = next(effect for effect in account.effects if isinstance(effect, Reply))
    error = reply.body["errors"][0]
    assert (reply.status, error["code"], error["error_chain"][0]["code"]) == (400, 6003, 6105)
    account.happened(Request("POST", path, {}, None, f"Bearer {account.machine.token}", broken=True, too_large=True))
    reply = next(effect for effect in account.effects if isinstance(effect, Reply))
    assert str(BODY_BYTES_MAX) in reply.body["errors"][0]["message"]


def test_half_a_character_is_no_json_that_can_be_passed_on() -> None:
    assert well_formed_json('"\\ud83d\\ude00"') == "\U0001f600"
    for text in ('"\\ud800"', '{"\\udfff": 1}', "[" * 100_000):
        with pytest.raises(ValueError, match=r"half a character|nested"):
            well_formed_json(text)


def test_put_replaces_what_patch_keeps_and_says_since_when_an_origin_is_disabled() -> None:
    account, ids = shop()
    where = f"{OWN}/pools/{ids['pools']}"
    origin = {"name": "o0", "address": EAST}
    account.done("PATCH", where, {"description": "first", "origins": [{**origin, "enabled": False, "disabled_at": {}}]})
    since = account.done("GET", where)["origins"][0]["disabled_at"]
    account.wait(100)
    again = account.done("PATCH", where, {"origins": [{**origin, "enabled": False}]})
    assert (again["description"], again["origins"][0]["disabled_at"]) == ("first", since)
    whole = account.done("PUT", where, {"name": "east", "origins": [origin]})
    assert (whole["description"], "monitor" in whole, "disabled_at" in whole["origins"][0]) == ("", False, False)
    assert account.refused("PUT", where, {"description": "x"}) == (400, (1002, "name is required: validation failed"))
    renamed = account.refused("PATCH", where, {"name": "west"})
    assert "already exists" in renamed[1][1]


def test_pages_are_counted_from_one_and_an_empty_one_is_no_mistake() -> None:
    account = Account()
    for number in range(25):
        account.pool(f"p{number}", EAST)
    assert len(account.done("GET", f"{OWN}/pools", page="3", per_page="10")) == 5
    assert account.done("GET", f"{OWN}/pools", page="4", per_page="10") == []
    for query in (
        {"page": "0"},
        {"page": "-1"},
        {"page": ""},
        {"page": "1.0"},
        {"page": "\u0661"},
        {"per_page": "1001"},
    ):
        assert account.call("GET", f"{OWN}/pools", **query).status == 400, query


def test_a_pool_that_is_named_anywhere_by_a_balancer_stays() -> None:
    account, ids = shop()
    third = account.pool("third", "127.0.3.10")
    account.done("PATCH", f"{ZONE}/{ids['balancers']}", {"region_pools": {"WEU": [third]}})
    assert account.refused("DELETE", f"{OWN}/pools/{third}")[0] == 412
    account.done("PATCH", f"{ZONE}/{ids['balancers']}", {"region_pools": {}})
    account.done("DELETE", f"{OWN}/pools/{third}")
    assert account.refused("DELETE", f"{OWN}/pools/{third}")[0] == 404
    assert account.refused("DELETE", f"{OWN}/pools/not-an-id")[0] == 404
    assert account.refused("PUT", f"{ZONE}/{UNKNOWN}", {"name": APP})[0] == 404


def test_a_configuration_whose_token_the_api_would_refuse_is_none() -> None:
    with pytest.raises(InputError, match="token: needs 40 or more"):
        CloudflareConfig.parse({"token": "short"})
    assert CloudflareConfig.parse({"token": "t" * 40}).token
