"""Whatever is sent to the Admin API is answered as the platform answers, and breaks nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shopify_rig import VERSION, Rig

GRAPHQL = f"/admin/api/{VERSION}/graphql.json"
MISSING = {"errors": {"query": "Required parameter missing or invalid"}}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (b"{", "application/json", 400, {"errors": "Bad Request"}),
        (b"", "application/json", 400, {"errors": "Bad Request"}),
        (b"\xff\xfe\x00", "application/json", 400, {"errors": "Bad Request"}),
        (b'{"query": NaN}', "application/json", 400, {"errors": "Bad Request"}),
        (b"[" * 200_000, "application/json", 400, {"errors": "Bad Request"}),
        (b"[]", "application/json", 400, MISSING),
        (b"{}", "application/json", 400, MISSING),
        (b'{"query": 5}', "application/json", 400, MISSING),
        (b'{"query": "  "}', "application/json", 400, MISSING),
        (b'{"query": "{ shop { id } }"}', "text/plain", 400, MISSING),
        (b'{"query": "{ shop { id } }"}', "", 400, MISSING),
        (b"query=x", "application/x-www-form-urlencoded", 400, MISSING),
        (b'{"query": "{ shop { id } }", "variables": []}', "application/json", 200, None),
        (b'{"query": "{ shop { id } }", "variables": 5}', "application/json", 400, {
            "errors": {"variables": "Required parameter missing or invalid"},
        }),
        (b"{ shop { id } }", "application/graphql", 200, None),
        (b'{"query": "{ shop { id } }"}', "Application/JSON; charset=utf-8", 200, None),
    ],
)  # fmt: skip
def test_bodies(body: bytes, content_type: str, status: int, said: Any) -> None:
    reply = Rig().ask("POST", GRAPHQL, body, {"Content-Type": content_type})
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    if said is not None:
        assert json.loads(reply.body) == said


def test_bodies_that_are_too_large() -> None:
    rig = Rig()
    fits = json.dumps({"query": "{ shop { name } }", "pad": "x" * 1_000_000}).encode()
    assert rig.ask("POST", GRAPHQL, fits).status == 200
    assert rig.ask("POST", GRAPHQL, b" " * ((1 << 20) + 1)).status == 413
    assert rig.ask("POST", "/admin/oauth/access_token", b" " * ((1 << 20) + 1)).status == 413


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", GRAPHQL, 404),
        ("PUT", GRAPHQL, 404),
        ("POST", "/admin/api/2026-13/graphql.json", 404),
        ("POST", "/admin/api/2027-01/graphql.json", 404),
        ("POST", "/admin/api/nonsense/graphql.json", 404),
        ("POST", f"/admin/api/{VERSION}/graphql", 404),
        ("POST", f"/admin/api/{VERSION}/graphql.xml", 404),
        ("GET", "/", 404),
        ("GET", "/admin", 404),
        ("GET", "/admin/api/%00/%ff%fe.json", 404),
        ("GET", f"/admin/api/{VERSION}/../../x.json", 404),
        ("GET", "/bulk/1.jsonl", 404),
        ("GET", "/bulk/%D9%A3.jsonl", 404),
        ("PUT", "/staged/nothing", 404),
        ("GET", "/admin/oauth/access_token", 404),
        ("BREW", f"/admin/api/{VERSION}/orders.json", 405),
    ],
)
def test_paths_and_methods(method: str, target: str, status: int) -> None:
    reply = Rig().ask(method, target, b'{"query": "{ shop { id } }"}')
    assert reply.status == status
    assert "errors" in json.loads(reply.body)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("2024-10", "2026-01"), ("2026-01", "2026-01"), ("2026-10", "2026-10"), ("unstable", "unstable")],
)
def test_an_old_version_is_answered_by_the_oldest_that_is_supported(asked: str, answered: str) -> None:
    reply = Rig().ask("POST", f"/admin/api/{asked}/graphql.json", {"query": "{ shop { id } }"})
    assert (reply.status, reply.headers["X-Shopify-API-Version"]) == (200, answered)


def test_other_shops_are_not_known() -> None:
    rig, body = Rig(), {"query": "{ shop { id } }"}
    assert rig.ask("POST", GRAPHQL, body, {"Host": "other.myshopify.com"}).status == 404
    assert rig.ask("POST", GRAPHQL, body, {"Host": "Drill-Shop.myshopify.com:443"}).status == 200


@pytest.mark.parametrize("token", ["", "shpat_wrong", "\xff", "x" * 10_000])
def test_without_a_token_nothing_is_answered(token: str) -> None:
    assert Rig().ask("POST", GRAPHQL, {"query": "{ shop { id } }"}, {"X-Shopify-Access-Token": token}).status == 401


SENSELESS = (
    "{ a" + "{ a" * 5_000,
    "{ " + "shop { id } " * 8_000 + "}",
    "\x00",
    "\ud83d",
    "# only words",
    "subscription { x }",
    "fragment F on Shop { id }",
    "{ ...F } fragment F on Shop { ...F }",
    "query a { shop { id } } query a { shop { id } }",
    '{ node(id: "gid://shopify/Order/' + "9" * 500 + '") { id } }',
    '{ node(id: "") { id } }',
    '{ orders(first: 1, query: "' + "(" * 3_000 + '") { nodes { id } } }',
    "{ orders(first: 99999999999) { nodes { id } } }",
    '{ orders(first: 1, query: "updated_at:>=9999-99-99") { nodes { id } } }',
    "{ __typename }",
    "{ nodes(ids: []) { id } }",
    "schema { query: QueryRoot }",
)


@pytest.mark.parametrize("query", SENSELESS, ids=lambda query: query[:20])
def test_queries_that_make_no_sense(query: str) -> None:
    rig = Rig()
    reply = rig.ask("POST", GRAPHQL, {"query": query})
    assert reply.status == 200
    said = json.loads(reply.body)
    assert "errors" in said or "data" in said
    assert "INTERNAL_SERVER_ERROR" not in reply.body.decode()


def test_half_a_character_is_kept_as_it_was_said() -> None:
    rig = Rig()
    order = rig.order()
    update = "mutation ($i: OrderInput!) { orderUpdate(input: $i) { order { note } userErrors { message } } }"
    odd = "\ud83d half, \u2028, \x00, </script>, \\ /"
    assert rig.data(update, i={"id": order.gid, "note": odd})["orderUpdate"]["order"]["note"] == odd
    assert rig.told[0].body["note"] == odd


NAMES = (
    "order", "product", "customer", "webhook", "theme", "refund", "query", "variables", "title", "line_items", "topic",
    "address", "tags", "refund_line_items", "note_attributes", "email",
)  # fmt: skip
PATHS = (
    "graphql", "orders", "products", "customers", "themes", "webhooks", "orders/1/refunds", "fulfillments", "shop",
    "inventory_levels/set", "products/1/metafields",
)  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), st.sampled_from(PATHS), ANY_JSON)
def test_any_json_is_answered(method: str, path: str, body: Any) -> None:
    reply = FUZZED.ask(method, f"/admin/api/{VERSION}/{path}.json", json.dumps(body).encode())
    assert reply.status in (200, 201, 400, 404, 405, 422)
    json.loads(reply.body)


FUZZED = Rig(rest_max=1e9)
