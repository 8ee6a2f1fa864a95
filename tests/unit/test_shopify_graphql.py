"""Admin GraphQL: what can be asked and changed, on Shopify's own schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from shopify_rig import Rig

from harness.parts.commerce.shopify.admin import schema_loading
from harness.parts.commerce.shopify.admin.cutting import cut
from harness.parts.commerce.shopify.admin.searching import Times, search
from harness.parts.commerce.shopify.admin.serving import PLAINLY, RESOLVED
from harness.parts.commerce.shopify.records.values import Changed, iso

CHANGED = """query Changed($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt note }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
SUBSCRIBE = """mutation ($topic: WebhookSubscriptionTopic!, $about: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $about) {
    webhookSubscription { id topic uri format apiVersion { handle } } userErrors { field message } } }"""
HOOK = "https://app.example.com/webhooks"


def test_the_schema_is_cut_to_what_is_answered() -> None:
    text = resources.files(schema_loading.__package__ or "").joinpath("schema", "admin-2026-10.graphql")
    assert cut(text.read_text(encoding="utf-8")) == text.read_text(encoding="utf-8")
    types = schema_loading.schema().type_map
    assert set(RESOLVED) | set(PLAINLY) <= set(types)


def pages(rig: Rig, **variables: Any) -> list[Any]:
    found, after = [], None
    while True:
        page = rig.data(CHANGED, first=2, after=after, **variables)["orders"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def test_whoever_was_away_finds_all_that_changed_since() -> None:
    rig = Rig()
    orders = [rig.order() for _ in range(7)]
    since = orders[3].body["updated_at"]
    rig.shop.orders.update(orders[0].id, note="while you were away")
    found = pages(rig, query=f"updated_at:>='{since}'")
    assert [node["id"] for node in found] == [one.gid for one in (*orders[3:], orders[0])]
    assert found[-1]["note"] == "while you were away"
    assert pages(rig, query=f"updated_at:>{found[-1]['updatedAt']}") == []


def test_a_thing_that_changes_between_two_pages_is_seen_again_and_none_is_missed() -> None:
    rig = Rig()
    orders = [rig.order() for _ in range(4)]
    page = rig.data(CHANGED, first=2)["orders"]
    rig.shop.orders.update(orders[0].id, note="again")
    rest = rig.data(CHANGED, first=10, after=page["pageInfo"]["endCursor"])["orders"]
    assert [node["id"] for node in rest["nodes"]] == [one.gid for one in (*orders[2:], orders[0])]
    assert rest["pageInfo"]["hasPreviousPage"]


def test_lists_can_be_read_from_their_end() -> None:
    rig = Rig()
    orders = [rig.order() for _ in range(5)]
    query = """query ($before: String) { orders(last: 2, before: $before, sortKey: ID) {
      edges { cursor node { id } } pageInfo { hasPreviousPage hasNextPage startCursor } } }"""
    page = rig.data(query)["orders"]
    assert [edge["node"]["id"] for edge in page["edges"]] == [one.gid for one in orders[3:]]
    assert page["pageInfo"]["hasPreviousPage"]
    assert not page["pageInfo"]["hasNextPage"]
    before = rig.data(query, before=page["pageInfo"]["startCursor"])["orders"]
    assert [edge["node"]["id"] for edge in before["edges"]] == [one.gid for one in orders[1:3]]
    assert before["pageInfo"]["hasNextPage"]
    newest = rig.data("{ orders(first: 2, reverse: true) { nodes { id } pageInfo { endCursor } } }")["orders"]
    assert [node["id"] for node in newest["nodes"]] == [orders[4].gid, orders[3].gid]
    more = rig.data(
        "query ($after: String) { orders(first: 9, reverse: true, after: $after) { nodes { id } } }",
        after=newest["pageInfo"]["endCursor"],
    )
    assert [node["id"] for node in more["orders"]["nodes"]] == [orders[2].gid, orders[1].gid, orders[0].gid]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "you must provide one of first or last"),
        ("(first: 1, last: 1)", "providing both first and last is not supported"),
        ("(first: 251)", "Argument 'first' on Field 'orders' has an invalid value (251)"),
        ('(first: 1, after: "nonsense")', "Invalid cursor for current pagination sort."),
        ('(first: 1, after: "eyJsYXN0X2lkIjoxfQ==", sortKey: ID)', "Invalid cursor for current pagination sort."),
    ],
)
def test_pages_that_cannot_be(arguments: str, message: str) -> None:
    rig = Rig()
    rig.order()
    error = rig.error(f"{{ orders{arguments} {{ nodes {{ id }} }} }}")
    assert error["message"].startswith(message)
    assert error["path"] == ["orders"]


@pytest.mark.parametrize(
    ("query", "message", "code"),
    [
        ("{ shop { nope } }", "Field 'nope' doesn't exist on type 'Shop'", "undefinedField"),
        ("{ shop }", "Field must have selections (field 'shop' returns Shop but has no", "selectionMismatch"),
        ("{ shop { name { x } } }", "Selections can't be made on scalars (field 'name'", "selectionMismatch"),
        ("{ order { id } }", "Field 'order' is missing required arguments: id", "missingRequiredArguments"),
        ("{ shop(x: 1) { id } }", "Field 'shop' doesn't accept argument 'x'", "argumentNotAccepted"),
        ("{ order(id: $id) { id } }", "Variable $id is used by anonymous query but not declared", "variableNotDefined"),
        ("query q($x: Int) { shop { id } }", "Variable $x is declared by q but not used", "variableNotUsed"),
        ("query ($x: Int!) { order(id: $x) { id } }", "Type mismatch on variable $x", "variableMismatch"),
        ("{ ...F }", "Fragment F was used, but not defined", "useAndDefineFragment"),
        (
            '{ orders(first: "a") { nodes { id } } }', "Argument 'first' on Field 'orders' has an invalid value",
            "argumentLiteralsIncompatible",
        ),
        ("{ shop { id @nope } }", "Directive @nope is not defined", "undefinedDirective"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_refused_in_shopifys_words(query: str, message: str, code: str) -> None:
    said = Rig().said(query)
    assert "data" not in said
    assert said["errors"][0]["message"].startswith(message)
    assert said["errors"][0]["extensions"]["code"] == code
    assert said["errors"][0]["locations"][0]["line"] == 1


def test_where_an_error_stands() -> None:
    said = Rig().said("query Names { orders(first: 1) { all: nodes { id nope } } }")
    assert said["errors"][0]["path"] == ["query Names", "orders", "all", "nope"]


def test_a_text_that_is_no_graphql() -> None:
    error = Rig().error("{ shop {")
    assert error["message"] == "syntax error, unexpected end of file at [1, 9]"


def test_variables_that_do_not_fit() -> None:
    rig = Rig()
    error = rig.error("query ($id: ID!) { order(id: $id) { id } }")
    assert error["message"] == "Variable $id of type ID! was provided invalid value"
    assert error["extensions"]["problems"] == [{"path": [], "explanation": "Expected value to not be null"}]
    error = rig.error(SUBSCRIBE, topic="ORDERS_CREATE", about={"uri": 5, "zzz": 1})
    assert error["extensions"]["code"] == "INVALID_VARIABLE"
    assert ["uri"] in [problem["path"] for problem in error["extensions"]["problems"]]


def test_ids_of_another_kind() -> None:
    rig = Rig()
    ask = "query ($id: ID!) { order(id: $id) { id } }"
    assert rig.error(ask, id="7")["message"] == "Invalid global id '7'"
    assert rig.error(ask, id="gid://shopify/Product/7")["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert rig.data(ask, id="gid://shopify/Order/7") == {"order": None}


def test_one_of_several_operations_is_chosen_by_name() -> None:
    rig, path = Rig(), "/admin/api/2026-10/graphql.json"
    query = "query A { shop { name } } query B { shop { id } }"
    assert b'"id"' in rig.ask("POST", path, {"query": query, "operationName": "B"}).body
    assert b"No operation named" in rig.ask("POST", path, {"query": query, "operationName": "C"}).body
    assert b"operation name is required" in rig.ask("POST", path, {"query": query}).body


def test_webhook_subscriptions_are_made_listed_changed_and_deleted() -> None:
    rig = Rig()
    made = rig.data(SUBSCRIBE, topic="ORDERS_CREATE", about={"uri": HOOK, "format": "JSON"})
    hook = made["webhookSubscriptionCreate"]["webhookSubscription"]
    assert hook | {"id": ""} == {
        "id": "", "topic": "ORDERS_CREATE", "uri": HOOK, "format": "JSON", "apiVersion": {"handle": "2026-10"},
    }  # fmt: skip
    again = rig.data(SUBSCRIBE, topic="ORDERS_CREATE", about={"uri": HOOK})["webhookSubscriptionCreate"]
    assert again == {
        "webhookSubscription": None,
        "userErrors": [
            {"field": ["webhookSubscription", "uri"], "message": "Address for this topic has already been taken"}
        ],
    }
    rig.data(SUBSCRIBE, topic="FULFILLMENTS_CREATE", about={"uri": HOOK})
    listed = rig.data("{ webhookSubscriptions(first: 9, topics: [FULFILLMENTS_CREATE]) { nodes { topic } } }")
    assert listed["webhookSubscriptions"]["nodes"] == [{"topic": "FULFILLMENTS_CREATE"}]
    changed = rig.data(
        """mutation ($id: ID!, $about: WebhookSubscriptionInput!) {
          webhookSubscriptionUpdate(id: $id, webhookSubscription: $about) {
            webhookSubscription { uri topic } userErrors { message } } }""",
        id=hook["id"], about={"uri": HOOK + "/new"},
    )["webhookSubscriptionUpdate"]  # fmt: skip
    assert changed["webhookSubscription"] == {"uri": HOOK + "/new", "topic": "ORDERS_CREATE"}
    delete = """mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId
      userErrors { field message } } }"""
    assert rig.data(delete, id=hook["id"])["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == hook["id"]
    gone = rig.data(delete, id=hook["id"])["webhookSubscriptionDelete"]
    assert gone["userErrors"] == [{"field": ["id"], "message": "WebhookSubscription does not exist"}]
    assert [one.topic for one in rig.shop.subscriptions] == ["fulfillments/create"]


def test_what_is_changed_through_the_api_is_told_like_any_other_change() -> None:
    rig = Rig()
    order = rig.order(2)
    waiting = rig.data(
        "query ($id: ID!) { order(id: $id) { fulfillmentOrders(first: 1) { nodes { id } } } }", id=order.gid
    )
    sent = rig.data(
        """mutation ($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
          fulfillment { status totalQuantity trackingInfo { number } order { displayFulfillmentStatus }
            fulfillmentLineItems(first: 5) { nodes { quantity lineItem { title } } } } userErrors { message } } }""",
        f={
            "lineItemsByFulfillmentOrder": [
                {"fulfillmentOrderId": waiting["order"]["fulfillmentOrders"]["nodes"][0]["id"]}
            ],
            "trackingInfo": {"number": "N1", "company": "Post"},
        },
    )["fulfillmentCreate"]["fulfillment"]  # fmt: skip
    assert sent == {
        "status": "SUCCESS", "totalQuantity": 2, "trackingInfo": [{"number": "N1"}],
        "order": {"displayFulfillmentStatus": "FULFILLED"},
        "fulfillmentLineItems": {"nodes": [{"quantity": 2, "lineItem": {"title": "Kopfhörer"}}]},
    }  # fmt: skip
    line = order.body["line_items"][0]["admin_graphql_api_id"]
    refunded = rig.data(
        """mutation ($r: RefundInput!) {
          refundCreate(input: $r) @idempotent(key: "r") { refund { totalRefundedSet { shopMoney { amount } } }
          order { displayFinancialStatus } userErrors { message } } }""",
        r={"orderId": order.gid, "refundLineItems": [{"lineItemId": line, "quantity": 1, "restockType": "RETURN"}]},
    )["refundCreate"]
    assert refunded["refund"]["totalRefundedSet"]["shopMoney"]["amount"] == "20.99"
    assert refunded["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert [change.topic for change in rig.told] == [
        "fulfillments/create", "orders/updated", "orders/fulfilled", "refunds/create", "orders/updated",
        "inventory_levels/update",
    ]  # fmt: skip


def test_an_order_can_be_made_paid_and_called_off() -> None:
    rig = Rig()
    made = rig.data(
        """mutation ($o: OrderCreateOrderInput!) { orderCreate(order: $o) {
          order { id name displayFinancialStatus customAttributes { key value } } userErrors { message } } }""",
        o={
            "lineItems": [{"variantId": f"gid://shopify/ProductVariant/{rig.variant}", "quantity": 1}],
            "financialStatus": "PENDING", "customAttributes": [{"key": "k", "value": "ü"}],
        },
    )["orderCreate"]["order"]  # fmt: skip
    assert made["displayFinancialStatus"] == "PENDING"
    pay = """mutation ($i: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $i) { order { fullyPaid }
      userErrors { message } } }"""
    assert rig.data(pay, i={"id": made["id"]})["orderMarkAsPaid"]["order"]["fullyPaid"]
    assert rig.data(pay, i={"id": made["id"]})["orderMarkAsPaid"]["userErrors"]
    cancel = """mutation ($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true, refund: true) {
      job { id } orderCancelUserErrors { code message } } }"""
    assert rig.data(cancel, id=made["id"])["orderCancel"]["orderCancelUserErrors"] == []
    assert rig.data(cancel, id=made["id"])["orderCancel"]["orderCancelUserErrors"][0]["code"] == "INVALID"
    unknown = rig.data(cancel, id="gid://shopify/Order/1")["orderCancel"]["orderCancelUserErrors"][0]
    assert unknown["code"] == "NOT_FOUND"


def test_inventory_is_moved_only_where_it_is_as_it_was_seen() -> None:
    rig = Rig()
    item = rig.shop.registers.variants.require(rig.variant).inventory_item_id
    location = rig.shop.inventory.first_location().id
    row = {"inventoryItemId": f"gid://shopify/InventoryItem/{item}", "locationId": f"gid://shopify/Location/{location}"}
    set_to = """mutation ($i: InventorySetQuantitiesInput!, $key: String!) {
      inventorySetQuantities(input: $i) @idempotent(key: $key) {
      inventoryAdjustmentGroup { changes { delta quantityAfterChange } } userErrors { code field } } }"""
    done = rig.data(set_to, key="1", i={
        "name": "available", "reason": "correction", "quantities": [{**row, "quantity": 7, "changeFromQuantity": 100}],
    })["inventorySetQuantities"]  # fmt: skip
    assert done["inventoryAdjustmentGroup"]["changes"] == [{"delta": -93, "quantityAfterChange": 7}]
    stale = rig.data(set_to, key="2", i={
        "name": "available", "reason": "correction", "quantities": [{**row, "quantity": 9, "changeFromQuantity": 100}],
    })["inventorySetQuantities"]  # fmt: skip
    assert stale["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert [change.body["available"] for change in rig.told] == [7]


def refund(rig: Rig, order: Changed, directive: str, version: str = "2026-10", **said: Any) -> Any:
    query = f"""mutation ($r: RefundInput!) {{ refundCreate(input: $r) {directive} {{ refund {{ id }}
      userErrors {{ message }} }} }}"""
    lines = [{"lineItemId": order.body["line_items"][0]["admin_graphql_api_id"], "quantity": 1}]
    wanted = {"orderId": order.gid, "refundLineItems": lines, **said}
    body = {"query": query, "variables": {"r": wanted}}
    return json.loads(rig.ask("POST", f"/admin/api/{version}/graphql.json", body).body)


def test_money_is_paid_back_once_however_often_it_is_asked_for() -> None:
    rig = Rig()
    order = rig.order(3)
    first = refund(rig, order, '@idempotent(key: "a")')["data"]["refundCreate"]
    again = refund(rig, order, '@idempotent(key: "a")')["data"]["refundCreate"]
    assert first["refund"]["id"] == again["refund"]["id"]
    assert len(rig.shop.registers.refunds) == 1
    other = refund(rig, order, '@idempotent(key: "a")', note="another")["data"]["refundCreate"]
    assert "same idempotency key" in other["userErrors"][0]["message"]
    rig.clock.sleep_s(86_401)
    later = refund(rig, order, '@idempotent(key: "a")')["data"]["refundCreate"]
    assert later["refund"] != first["refund"]
    missing = refund(rig, order, "")["errors"][0]
    assert missing["message"] == "The @idempotent directive is required for this mutation but was not provided."
    assert refund(rig, order, "", version="2026-01")["data"]["refundCreate"]["refund"]
    refused = refund(rig, order, '@idempotent(key: "b")')["data"]["refundCreate"]
    assert refused["userErrors"] == refund(rig, order, '@idempotent(key: "b")')["data"]["refundCreate"]["userErrors"]


def test_metafields_are_kept_with_their_things() -> None:
    rig = Rig()
    order = rig.order()
    kept = rig.data(
        """mutation ($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
          metafields { key jsonValue owner { ... on Order { name } } } userErrors { code field } } }""",
        m=[{"ownerId": order.gid, "namespace": "drill", "key": "state", "type": "json", "value": '{"a": [1]}'}],
    )["metafieldsSet"]
    assert kept["metafields"] == [{"key": "state", "jsonValue": {"a": [1]}, "owner": {"name": "#1001"}}]
    read = """query ($id: ID!) { node(id: $id) { __typename ... on Order { metafield(namespace: "drill", key: "state")
      { type } metafields(first: 3) { nodes { key } } } } }"""
    assert rig.data(read, id=order.gid)["node"] == {
        "__typename": "Order", "metafield": {"type": "json"}, "metafields": {"nodes": [{"key": "state"}]},
    }  # fmt: skip


def test_an_app_sees_only_what_its_scopes_allow() -> None:
    rig = Rig(scopes=("read_orders", "write_products"))
    assert rig.data("{ orders(first: 1) { nodes { id } } products(first: 1) { nodes { id } } }")
    error = rig.error("{ customers(first: 1) { nodes { id } } }")
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "Required access: `read_customers` access scope." in error["message"]
    scopes = rig.data("{ currentAppInstallation { accessScopes { handle } } }")["currentAppInstallation"]
    assert [one["handle"] for one in scopes["accessScopes"]] == ["read_orders", "write_products"]


THINGS = [
    {"name": "#1", "tags": ("vip", "eu"), "at": Times(1_790_000_000_000_000), "n": 5, "test": True},
    {"name": "#2", "tags": (), "at": Times(1_790_000_060_000_000), "n": 50, "test": False},
    {"name": "#33", "tags": ("eu",), "at": Times(None), "n": -1, "test": False},
]
FIELDS: dict[str, Any] = {
    "name": lambda thing: thing["name"],
    "at": lambda thing: thing["at"],
    "n": lambda thing: thing["n"],
    "test": lambda thing: thing["test"],
    "tag": lambda thing: thing["tags"],
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "#1 #2 #33"),
        ("tag:eu", "#1 #33"),
        ("tag:eu n:>0", "#1"),
        ("tag:eu AND n:>=5", "#1"),
        ("tag:vip OR n:50", "#1 #2"),
        ("-tag:eu", "#2"),
        ("NOT tag:eu", "#2"),
        ("tag:eu AND (n:<0 OR n:5)", "#1 #33"),
        ("name:'#2'", "#2"),
        ("name:#3*", "#33"),
        (f"at:>{iso(1_790_000_000_000_000)}", "#2"),
        (f"at:<='{iso(1_790_000_060_000_000)}'", "#1 #2"),
        ("test:true", "#1"),
        ("33", "#33"),
        ("nonsense:1", "#1 #2 #33"),
        ("n:abc", ""),
        ("at:never", ""),
        ("((((tag:vip", "#1"),
        (")) tag:vip", "#1"),
        ("OR AND NOT", "#1 #2 #33"),
    ],
)
def test_searches(text: str, names: str) -> None:
    found = search(text, FIELDS, lambda thing: (thing["name"],))
    assert " ".join(thing["name"] for thing in THINGS if found.test(thing)) == names


def test_a_field_that_cannot_be_searched_by_is_left_out_with_a_warning() -> None:
    rig = Rig()
    rig.order()
    said = rig.said('{ orders(first: 1, query: "colour:red") { nodes { id } } }')
    assert len(said["data"]["orders"]["nodes"]) == 1
    assert said["extensions"]["search"][0]["warnings"][0]["field"] == "colour"
