"""What the shop is asked for, on its published schema (Admin GraphQL 2026-10)."""

from __future__ import annotations

from collections.abc import Mapping

KINDS = ("customers", "products", "orders")
"""In this order: fulfilments and refunds come with their orders."""
PAGE = 25
LISTED = 10
"""Fulfilments and refunds of an order that come with it; an order with as many is asked for by itself."""
LISTED_MAX = 250
"""No list is longer (shopify.dev, "API limits")."""

_ORDER = """
      id updatedAt name note displayFinancialStatus cancelledAt totalPriceSet { shopMoney { amount } }
      fulfillments(first: $listed) { id updatedAt status }
      refunds(first: $listed) { id note }
"""
_NODES = {
    "orders": _ORDER,
    "products": " id updatedAt title ",
    "customers": " id updatedAt firstName lastName ",
}


def _page(kind: str) -> str:
    listed = ", $listed: Int!" if kind == "orders" else ""
    return (
        f"query Changed($first: Int!, $after: String, $query: String{listed}) {{\n"
        f"  {kind}(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{\n"
        f"    nodes {{{_NODES[kind]}}}\n"
        "    pageInfo { hasNextPage endCursor }\n"
        "  }\n}"
    )


PAGES: Mapping[str, str] = {kind: _page(kind) for kind in KINDS}
ORDER = f"query One($id: ID!, $listed: Int!) {{ order(id: $id) {{ {_ORDER} }} }}"
SCOPES = "query { currentAppInstallation { accessScopes { handle } } }"
SUBSCRIPTIONS = """query Listed($after: String) {
  webhookSubscriptions(first: 50, after: $after) {
    nodes { id topic uri }
    pageInfo { hasNextPage endCursor }
  }
}"""
SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $about: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $about) {
    webhookSubscription { id }
    userErrors { field message }
  }
}"""
UNSUBSCRIBE = """mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""


def since(moment: str) -> str:
    """The search that finds what was changed at that time or later."""
    return f"updated_at:>='{moment}'" if moment else ""
