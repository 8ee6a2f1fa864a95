"""Requests that are made to cost the shop much more than they cost their sender, or to reach what nobody thought of."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from shopify_rig import VERSION, Rig

from harness.parts.commerce.shopify.admin import session_tokens
from harness.parts.commerce.shopify.admin.exchange import AdminRequest

GRAPHQL = f"/admin/api/{VERSION}/graphql.json"
REST = f"/admin/api/{VERSION}"
BULK = """mutation ($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id } userErrors { message } } }"""
MANY = 60


def chained(of: str, inner: str, last: str) -> str:
    """Fragments, each of which spreads the next one twice: as many times two as there are."""
    links = (f"fragment F{at} on {of} {{ {inner.replace('NEXT', f'F{at + 1}')} }}" for at in range(MANY))
    return " ".join((*links, f"fragment F{MANY} on {of} {{ {last} }}"))


@pytest.mark.parametrize(
    "inner",
    ["...NEXT ...NEXT", "... { ...NEXT } ... { ...NEXT }", "... on Shop { ...NEXT } ...NEXT"],
)
def test_a_fragment_that_is_spread_twice_counts_once(inner: str) -> None:
    said = Rig().said("{ shop { ...F0 } } " + chained("Shop", inner, "name"))
    assert said["data"]["shop"]["name"]
    assert said["extensions"]["cost"]["requestedQueryCost"] == 1


def test_fragments_that_multiply_objects_cost_what_they_multiply() -> None:
    inner = "one: customer { lastOrder { ...NEXT } } two: customer { lastOrder { ...NEXT } }"
    query = '{ order(id: "gid://shopify/Order/1") { ...F0 } } ' + chained("Order", inner, "id")
    assert Rig().said(query)["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_what_lies_deep_costs_as_much_as_what_lies_near() -> None:
    lists = "{ lineItems(first: 250) { nodes { product { variants(first: 250) { nodes { id } } } } } }"
    query = '{ order(id: "gid://shopify/Order/1") ' + "{ customer { lastOrder " * 30 + lists + " } }" * 30 + " }"
    assert Rig().said(query)["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "{ orders { nodes { id ...F } } } fragment F on Order { lineItems { nodes { product { variants "
            "{ nodes { product { variants { nodes { id } } } } } } } } }",
            "nesting depth greater than 2",
        ),
        ("{ orders { nodes { ...F } } } fragment F on Order { lineItems { nodes { name } } }", "must select the 'id'"),
        ("{ ...F } fragment F on QueryRoot { orders { nodes { id } } products { nodes { id } } }", "single top level"),
        ("{ orders { nodes { ...F0 } } } " + chained("Order", "a: customer { lastOrder { ...NEXT } } b: customer "
         "{ lastOrder { ...NEXT } }", "id"), "too large"),
        ("{ orders { nodes { ...F } } } fragment F on Order { customer { lastOrder { ...F } } }", "too large"),
        ("{ orders { nodes { ...Nothing } } }", "Nothing"),
    ],
)  # fmt: skip
def test_fragments_hide_nothing_from_the_rules_of_bulk_queries(query: str, said: str) -> None:
    told = Rig().data(BULK, query=query)["bulkOperationRunQuery"]
    assert told["bulkOperation"] is None
    assert said in " ".join(one["message"] for one in told["userErrors"])


def test_fragments_may_be_in_bulk_queries() -> None:
    rig = Rig(bulk_s=0)
    rig.order()
    query = "{ orders { edges { node { id ...F } } } } fragment F on Order { lineItems { edges { node { id } } } }"
    assert rig.data(BULK, query=query)["bulkOperationRunQuery"]["userErrors"] == []


@pytest.mark.parametrize("filters", [{"order": 5}, {"ids": [1]}, {"since_id": 5}, {"created_at_min": None}, [], "x"])
def test_a_page_that_was_put_together_by_hand_is_refused(filters: Any) -> None:
    made = base64.urlsafe_b64encode(json.dumps({"filters": filters, "last_id": 1}).encode()).decode()
    assert Rig().ask("GET", f"{REST}/orders.json?page_info={made}").status == 400


@pytest.mark.parametrize("name", ["limit", "since_id"])
def test_numbers_with_too_many_digits_are_no_numbers(name: str) -> None:
    assert Rig().ask("GET", f"{REST}/orders.json?{name}={'9' * 5000}").status == 400


def test_ids_with_too_many_digits_are_nobodys() -> None:
    rig = Rig()
    many = "9" * 5000
    assert rig.ask("GET", f"{REST}/orders.json?ids={many}").status == 200
    assert rig.error(f'{{ order(id: "gid://shopify/Order/{many}") {{ id }} }}')["extensions"]["code"] == (
        "RESOURCE_NOT_FOUND"
    )


@pytest.mark.parametrize("odd", [True, 5, 1.5, {"a": 1}])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("orders", {"order": {"line_items": [], "tags": ...}}),
        ("products", {"product": {"title": "x", "tags": ...}}),
        ("customers", {"customer": {"first_name": "x", "tags": ...}}),
        ("webhooks", {"webhook": {"topic": "orders/create", "address": "https://a.example.com", "fields": ...}}),
    ],
)
def test_lists_that_are_none(path: str, body: dict[str, dict[str, Any]], odd: Any) -> None:
    ((name, inside),) = body.items()
    asked = {name: {key: odd if value is ... else value for key, value in inside.items()}}
    assert Rig().ask("POST", f"{REST}/{path}.json", asked).status == 422


def test_a_refused_change_of_goods_still_tells_of_the_shop() -> None:
    change = 'mutation { productCreate(product: {title: ""}) { shop { name } userErrors { message } } }'
    told = Rig().data(change)["productCreate"]
    assert told["shop"]["name"]
    assert told["userErrors"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"exp": 10**400}, 400), ({"exp": float("inf"), "nbf": float("nan")}, 400), ({"sub": "9" * 5000}, 200)],
)
def test_claims_with_odd_numbers(claims: dict[str, Any], status: int) -> None:
    rig = Rig()
    installed, now_s = rig.shop.installation, rig.clock.now_us() // 1_000_000
    said = {"aud": installed.client_id, "dest": f"https://{rig.shop.domain}", "exp": now_s + 60, "nbf": now_s - 60}
    body = {
        "client_id": installed.client_id,
        "client_secret": installed.client_secret,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:online-access-token",
        "subject_token": session_tokens.sign(said | claims, installed.client_secret),
    }
    assert rig.ask("POST", "/admin/oauth/access_token", body).status == status


@pytest.mark.parametrize(
    "query",
    [
        "{" + "shop { name } " * 2_000 + "}",
        "{ shop {" + "name " * 15_000 + "} }",
        "{ shop {" + " ".join(f"...F{n}" for n in range(900)) + "} }"
        + " ".join(f"fragment F{n} on Shop {{ name }}" for n in range(900)),
        "{ shop { ...F0 } }" + " ".join(f"fragment F{n} on Shop {{ name ...F{n + 1} }}" for n in range(1_000))
        + " fragment F1000 on Shop { name }",
    ],
    ids=["fields", "names", "fragments", "chain"],
)  # fmt: skip
def test_a_document_that_is_too_heavy_to_look_at_is_given_up_and_not_run(query: str) -> None:
    rig = Rig()
    assert rig.error(query)["extensions"]["code"] == "validationTimeout"
    assert rig.data("{ shop { name } }")["shop"]["name"], "and the next one is answered"


def test_what_takes_long_to_read_is_told_to_whoever_serves_it_and_other_requests_are_not() -> None:
    rig = Rig()
    token = {"x-shopify-access-token": rig.token, "content-type": "application/json"}
    long = json.dumps({"query": "{ shop { name } } #" + "x" * 10_000}).encode()

    def foreseen(path: str, headers: dict[str, str], body: bytes) -> str | None:
        return rig.api.foresee(AdminRequest("POST", path, {}, headers, body, "us-east-1"))

    assert (foreseen(GRAPHQL, token, long) or "").startswith("{ shop")
    assert foreseen(GRAPHQL, token, b'{"query": "{ shop { name } }"}') is None
    assert foreseen(GRAPHQL, {**token, "x-shopify-access-token": "x"}, long) is None, "it will be refused"
    assert foreseen(f"{REST}/orders.json", token, long) is None
    assert foreseen(GRAPHQL, token, b"\x1f\x8b" + b"x" * 10_000) is None, "no JSON"


def test_a_body_that_is_no_json_whatever_its_coding_says_is_a_bad_request() -> None:
    for path in (GRAPHQL, f"{REST}/orders.json"):
        reply = Rig().ask("POST", path, b"\x1f\x8bno gzip at all", {"Content-Encoding": "gzip"})
        assert reply.status == 400, path
