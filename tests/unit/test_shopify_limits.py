"""How much of the Admin API may be used: points, page costs, arrays, calls, bulk operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shopify_rig import HOST, VERSION, Rig

from harness.parts.commerce.shopify.admin import bucket
from harness.parts.commerce.shopify.admin.bucket import Ask, Bucket, Drain, Granted, Spend, Throttled, full, step

SECOND = 1_000_000_000
ORDERS = "{ orders(first: 250) { nodes { id } } }"


def play(state: Bucket, *events: tuple[float, Any]) -> tuple[Bucket, list[Any]]:
    said: list[Any] = []
    for at_s, event in events:
        state, effects = step(state, event, round(at_s * SECOND))
        said += effects
    return state, said


def test_a_bucket_leaks_at_its_rate_and_no_further_than_full() -> None:
    state, said = play(full(100, 10), (0, Ask(100)), (0, Spend(100)), (0, Ask(50)), (4.9, Ask(50)), (5, Ask(50)))
    assert said == [Granted(), Throttled(5.0), Throttled(pytest.approx(0.1)), Granted()]
    assert bucket.available(state, 5 * SECOND) == 50
    assert bucket.available(state, 3600 * SECOND) == 100


def test_what_was_not_spent_is_still_there() -> None:
    state, _ = play(full(100, 10), (0, Ask(90)), (0, Spend(3)))
    assert bucket.available(state, 0) == 97


def test_a_drained_bucket_stays_so_for_a_while() -> None:
    state, said = play(full(100, 10), (0, Drain(5, 30)), (29, Ask(6)), (30.2, Ask(6)))
    assert said == [Throttled(pytest.approx(1.1)), Granted()]
    assert bucket.available(state, 31 * SECOND) == 15


def test_a_clock_that_stands_still_gives_no_points() -> None:
    state, said = play(full(10, 10), (5, Spend(10)), (5, Ask(1)), (4, Ask(1)))
    assert all(isinstance(one, Throttled) for one in said)
    assert bucket.available(state, 5 * SECOND) == 0


@pytest.mark.parametrize(
    ("query", "most", "actual"),
    [
        ("{ shop { name } }", 1, 1),
        ("{ shop { name plan { publicDisplayName } } }", 2, 2),
        ("{ orders(first: 10) { nodes { id } } }", 12, 5),
        ("{ orders(first: 10) { edges { node { id name } } pageInfo { hasNextPage } } }", 12, 5),
        ("{ orders(first: 10) { nodes { lineItems(first: 5) { nodes { id } } } } }", 82, 14),
        ("{ a: shop { name } b: shop { ...F } } fragment F on Shop { plan { shopifyPlus } }", 3, 3),
        ('{ order(id: "gid://shopify/Order/1") { customer { id } } }', 2, 0),
        ("query ($n: Int = 7) { orders(first: $n) { nodes { id } } }", 9, 5),
        ("{ ordersCount { count } }", 1, 1),
        ('mutation { orderClose(input: {id: "gid://shopify/Order/1"}) { order { id } userErrors { field } } }', 10, 10),
    ],
)  # fmt: skip
def test_what_a_query_costs(query: str, most: int, actual: int) -> None:
    rig = Rig()
    for _ in range(3):
        rig.order()
    cost = rig.said(query)["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (most, actual)
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000.0, "currentlyAvailable": 2000 - actual, "restoreRate": 100.0,
    }  # fmt: skip


def test_a_query_that_costs_too_much_is_not_run() -> None:
    said = Rig().said("{ orders(first: 250) { nodes { lineItems(first: 10) { nodes { id } } } } }")
    assert "data" not in said
    assert said["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert said["errors"][0]["extensions"]["cost"] == 3252


def test_whoever_asks_too_much_is_throttled_until_points_come_back() -> None:
    rig = Rig(points_max=300, points_per_s=50)
    for _ in range(250):
        rig.order()
    assert "errors" not in rig.said(ORDERS)
    said = rig.said(ORDERS)
    assert said["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert said["extensions"]["cost"] == {
        "requestedQueryCost": 252, "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": 300, "currentlyAvailable": 48, "restoreRate": 50},
    }  # fmt: skip
    rig.clock.sleep_s(4.08)
    assert "errors" not in rig.said(ORDERS)


def test_points_can_be_taken_away_on_command() -> None:
    rig = Rig()
    rig.api.throttle(0, for_s=30)
    assert rig.error("{ shop { name } }")["message"] == "Throttled"
    rig.clock.sleep_s(29)
    assert rig.error("{ shop { name } }")["message"] == "Throttled"
    rig.clock.sleep_s(2)
    assert rig.data("{ shop { name } }")


def test_arrays_are_no_longer_than_250() -> None:
    rig = Rig()
    add = "mutation ($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { userErrors { message } } }"
    order = rig.order()
    assert rig.data(add, id=order.gid, tags=[f"t{n}" for n in range(250)])["tagsAdd"]["userErrors"] == []
    error = rig.error(add, id=order.gid, tags=["t"] * 251)
    assert error["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
    assert error["path"] == ["tagsAdd", "tags"]
    assert error["extensions"] == {"code": "MAX_INPUT_SIZE_EXCEEDED"}


def test_rest_calls_have_a_bucket_of_their_own() -> None:
    rig = Rig()
    path = f"/admin/api/{VERSION}/shop.json"
    replies = [rig.ask("GET", path) for _ in range(41)]
    assert [reply.status for reply in replies] == [200] * 40 + [429]
    assert [replies[n].headers["X-Shopify-Shop-Api-Call-Limit"] for n in (0, 39, 40)] == ["1/40", "40/40", "40/40"]
    assert replies[40].headers["Retry-After"] == "2.0"
    assert "Exceeded 2 calls per second" in json.loads(replies[40].body)["errors"]
    assert rig.data("{ shop { name } }")
    rig.clock.sleep_s(0.5)
    assert rig.ask("GET", path).status == 200


BULK = """mutation ($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id status } userErrors { code message } } }"""
CURRENT = "{ currentBulkOperation { id status url objectCount rootObjectCount errorCode } }"


def test_a_bulk_operation_writes_everything_to_a_file() -> None:
    rig = Rig(bulk_s=2)
    orders = [rig.order(note=f"n{n}\n") for n in range(3)]
    query = "{ orders { edges { node { id note lineItems { edges { node { id title } } } } } } }"
    begun = rig.data(BULK, query=query)["bulkOperationRunQuery"]["bulkOperation"]
    assert begun["status"] == "CREATED"
    assert rig.data(CURRENT)["currentBulkOperation"]["status"] == "RUNNING"
    rig.order()
    rig.clock.sleep_s(2)
    done = rig.data(CURRENT)["currentBulkOperation"]
    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == ("COMPLETED", "8", "4")
    assert done["url"].startswith(f"http://{HOST}/bulk/")
    reply = rig.ask("GET", done["url"].removeprefix(f"http://{HOST}"), headers={"X-Shopify-Access-Token": ""})
    lines = [json.loads(line) for line in reply.body.decode().splitlines()]
    assert lines[0] == {"id": orders[0].gid, "note": "n0\n"}
    assert lines[1]["__parentId"] == orders[0].gid
    assert lines[1]["title"] == "Kopfhörer"
    assert rig.told[-1].topic == "bulk_operations/finish"
    assert rig.told[-1].body["status"] == "completed"
    rig.clock.sleep_s(8 * 86_400)
    assert rig.ask("GET", done["url"].removeprefix(f"http://{HOST}")).status == 404


def test_no_more_bulk_operations_at_once_than_may_be() -> None:
    rig = Rig(bulk_s=2)
    query = "{ products { nodes { id } } }"
    for _ in range(5):
        begun = rig.data(BULK, query=query)["bulkOperationRunQuery"]
    assert rig.data(BULK, query=query)["bulkOperationRunQuery"]["userErrors"][0]["code"] == "LIMIT_REACHED"
    cancel = "mutation ($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    done = rig.data(cancel, id=begun["bulkOperation"]["id"])["bulkOperationCancel"]
    assert done["bulkOperation"]["status"] == "CANCELED"
    assert rig.data(cancel, id=begun["bulkOperation"]["id"])["bulkOperationCancel"]["userErrors"]
    assert rig.data(BULK, query=query)["bulkOperationRunQuery"]["userErrors"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{", "Invalid bulk query: Syntax Error"),
        ("{ a" * 3_000, "Invalid bulk query: "),
        ("mutation { orderClose(input: {id: \"x\"}) { order { id } } }", "Invalid bulk query: Bulk query must be"),
        ("{ shop { name } }", "Bulk queries must contain at least one connection."),
        ("query ($x: Int) { orders { nodes { id } } }", "Invalid bulk query: Variables are not supported"),
        ("{ orders { nodes { nope } } }", "Invalid bulk query: Field 'nope' doesn't exist on type 'Order'"),
        ("{ orders { nodes { id } } products { nodes { id } } }", "Bulk queries can only contain a single top level"),
        (
            "{ products { nodes { id variants { nodes { id metafields { nodes { id } } "
            "inventoryItem { id inventoryLevels { nodes { id item { variants { nodes { id } } } } } } } } } } }",
            "Bulk queries cannot contain connections with a nesting depth greater than 2.",
        ),
        ("{ orders { nodes { lineItems { nodes { id } } } } }", "The parent 'node' field for a nested connection must"),
        ("{ orders { nodes { id " + "".join(f"a{n}: lineItems {{ nodes {{ id }} }} " for n in range(5)) + "} } }",
         "Bulk queries cannot contain more than 5 connections."),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_in_bulk(query: str, message: str) -> None:
    refused = Rig().data(BULK, query=query)["bulkOperationRunQuery"]
    assert refused["bulkOperation"] is None
    assert refused["userErrors"][0]["code"] == "INVALID"
    assert refused["userErrors"][0]["message"].startswith(message)


def test_a_bulk_query_for_which_there_is_no_scope_fails() -> None:
    rig = Rig(bulk_s=0, scopes=("read_products",))
    rig.data(BULK, query="{ orders { nodes { id } } }")
    failed = rig.data(CURRENT)["currentBulkOperation"]
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "ACCESS_DENIED", None)
