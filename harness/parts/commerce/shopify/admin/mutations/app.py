"""Webhook subscriptions, metafields, bulk operations, staged uploads."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.bulk_queries import mistakes
from harness.parts.commerce.shopify.admin.mutations.payloads import Made, mutation, user_error
from harness.parts.commerce.shopify.admin.types.metafields import digest, namespaced, owner_of
from harness.parts.commerce.shopify.admin.types.table import Fields
from harness.parts.commerce.shopify.records.metafields import NewMetafield
from harness.parts.commerce.shopify.records.values import Refused, gid

_METAFIELDS_MAX = 25
_NAMES = {
    "uri": "uri", "filter": "filter", "name": "name", "format": "format", "includeFields": "include_fields",
    "metafieldNamespaces": "metafield_namespaces",
}  # fmt: skip
_SCOPES = {
    "orders": "read_orders", "refunds": "read_orders", "fulfillments": "read_fulfillments",
    "customers": "read_customers", "products": "read_products", "themes": "read_themes",
    "inventory_levels": "read_inventory", "inventory_items": "read_inventory",
}  # fmt: skip
_PREFIXES = ("bulk_operations", "inventory_levels", "inventory_items", "fulfillment_orders", "order_transactions")


def topic_of(enum: str) -> str:
    """The topic as a webhook's header has it: ORDERS_CREATE -> orders/create."""
    text = enum.lower()
    known = next((one for one in _PREFIXES if text.startswith(f"{one}_")), None)
    subject = known or text.partition("_")[0]
    return f"{subject}/{text[len(subject) + 1 :]}"


def _given(subscription: dict[str, Any]) -> dict[str, Any]:
    found = {own: subscription[name] for name, own in _NAMES.items() if name in subscription}
    if "callbackUrl" in subscription and "uri" not in found:
        found["uri"] = subscription["callbackUrl"]
    lists = ("include_fields", "metafield_namespaces")
    return {name: tuple(value or ()) if name in lists else value for name, value in found.items()}


def _subscribe(asked: Asked, topic: str, webhookSubscription: dict[str, Any]) -> Made:
    given, name = _given(webhookSubscription), topic_of(topic)
    scope = _SCOPES.get(name.partition("/")[0])
    if scope is not None:
        asked.need(scope, "webhookSubscriptionCreate")
    uri = given.pop("uri", None)
    if not uri:
        raise Refused("Address can't be blank", ("webhookSubscription", "uri"))
    if given.get("format") is None:
        given["format"] = "JSON"
    return {"webhookSubscription": asked.shop.subscriptions.create(name, uri, **given)}


def _resubscribe(asked: Asked, id: str, webhookSubscription: dict[str, Any]) -> Made:
    return {
        "webhookSubscription": asked.shop.subscriptions.update(
            number("WebhookSubscription", id), _given(webhookSubscription)
        )
    }


def _unsubscribe(asked: Asked, id: str) -> Made:
    asked.shop.subscriptions.delete(number("WebhookSubscription", id))
    return {"deletedWebhookSubscriptionId": id}


def _set(asked: Asked, metafields: list[dict[str, Any]]) -> Made:
    if len(metafields) > _METAFIELDS_MAX:
        raise Refused(
            f"Exceeded the maximum metafields input limit of {_METAFIELDS_MAX}.", ("metafields",),
            "LESS_THAN_OR_EQUAL_TO",
        )  # fmt: skip
    wanted = []
    for index, one in enumerate(metafields):
        field = ("metafields", str(index))
        if owner_of(one["ownerId"], asked) is None:
            raise Refused("Owner does not exist", (*field, "ownerId"), "INVALID")
        namespace = namespaced(one.get("namespace"), asked)
        if "compareDigest" in one:
            _unchanged(asked, one, namespace, field)
        wanted.append(NewMetafield(one["ownerId"], namespace, one["key"], one["value"], one.get("type")))
    return {"metafields": asked.shop.metafields.set(wanted)}


def _unchanged(asked: Asked, one: dict[str, Any], namespace: str, field: tuple[str, ...]) -> None:
    known = asked.shop.metafields.get(one["ownerId"], namespace, one["key"])
    if (known and digest(known)) != one["compareDigest"]:
        raise Refused(
            "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value.",
            (*field, "compareDigest"), "STALE_OBJECT",
        )  # fmt: skip


def _unset(asked: Asked, metafields: list[dict[str, Any]]) -> Made:
    for one in metafields:
        asked.shop.metafields.delete(one["ownerId"], namespaced(one["namespace"], asked), one["key"])
    return {}


def _run(asked: Asked, query: str) -> Made:
    found = mistakes(query)
    unknown = asked.mistake_in(query) if not found else None
    if unknown is not None:
        found = [f"Invalid bulk query: {unknown}"]
    if found:
        refused = [Refused(one, ("query",), "INVALID") for one in found]
        return {"bulkOperation": None, "userErrors": [user_error(one) for one in refused]}
    return {"bulkOperation": asked.operations.begin(query)}


def _stop(asked: Asked, id: str) -> Made:
    return {"bulkOperation": asked.operations.cancel(number("BulkOperation", id))}


def _stage(asked: Asked, input: list[dict[str, Any]]) -> Made:
    targets = []
    for one in input:
        url = asked.staging.target(one["filename"], asked.base_url)
        targets.append({"url": url, "resourceUrl": url, "parameters": []})
    return {"stagedTargets": targets}


MUTATIONS: Fields = dict((
    mutation(None, "webhookSubscriptionCreate", _subscribe),
    mutation(None, "webhookSubscriptionUpdate", _resubscribe),
    mutation(None, "webhookSubscriptionDelete", _unsubscribe),
    mutation(None, "metafieldsSet", _set),
    mutation(None, "metafieldsDelete", _unset),
    mutation(None, "bulkOperationRunQuery", _run),
    mutation(None, "bulkOperationCancel", _stop),
    mutation(None, "stagedUploadsCreate", _stage),
))  # fmt: skip
PAYLOADS: dict[str, tuple[str, ...]] = {
    "WebhookSubscriptionCreatePayload": ("webhookSubscription", "userErrors"),
    "WebhookSubscriptionUpdatePayload": ("webhookSubscription", "userErrors"),
    "WebhookSubscriptionDeletePayload": ("deletedWebhookSubscriptionId", "userErrors"),
    "MetafieldsSetPayload": ("metafields", "userErrors"),
    "MetafieldsDeletePayload": ("userErrors",),
    "BulkOperationRunQueryPayload": ("bulkOperation", "userErrors"),
    "BulkOperationCancelPayload": ("bulkOperation", "userErrors"),
    "StagedUploadsCreatePayload": ("stagedTargets", "userErrors"),
}


def job(asked: Asked) -> Made:
    """A job, which is done at once."""
    return {"id": gid("Job", asked.shop.registers.ledger.new_id()), "done": True}
