"""The shop itself, the app, its webhook subscriptions and bulk operations."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.bulk import PREFIX, BulkOperation
from harness.parts.commerce.shopify.admin.settings import STABLE, UNSTABLE
from harness.parts.commerce.shopify.admin.types.metafields import METAFIELDS
from harness.parts.commerce.shopify.admin.types.table import Fields, always, at, legacy, own
from harness.parts.commerce.shopify.records.installation import Installation
from harness.parts.commerce.shopify.records.things import Subscription
from harness.parts.commerce.shopify.records.values import gid, iso

_OWNER = "merchant@example.com"


def topic_enum(topic: str) -> str:
    """`orders/create` as the schema's enumeration has it."""
    return topic.upper().replace("/", "_")


def versions() -> list[dict[str, Any]]:
    """The versions that there are."""
    newest = STABLE[-1]
    stable = [
        {"handle": one, "displayName": f"{one} (Latest)" if one == newest else one, "supported": True}
        for one in STABLE
    ]  # fmt: skip
    return [*stable, {"handle": UNSTABLE, "displayName": "unstable", "supported": False}]


def _version(subscription: Subscription, _: Asked) -> dict[str, Any]:
    known = {one["handle"]: one for one in versions()}
    return known.get(subscription.api_version, known[STABLE[-1]])


SHOP: Fields = {
    **METAFIELDS,
    "id": lambda shop, _: gid("Shop", shop.id),
    "name": own("name"),
    "email": always(_OWNER),
    "contactEmail": always(_OWNER),
    "myshopifyDomain": own("domain"),
    "primaryDomain": lambda shop, _: {
        "id": gid("Domain", shop.id + 3), "host": shop.domain, "url": f"https://{shop.domain}", "sslEnabled": True,
    },
    "url": lambda shop, _: f"https://{shop.domain}",
    "currencyCode": own("currency"),
    "enabledPresentmentCurrencies": lambda shop, _: [shop.currency],
    "ianaTimezone": always("Etc/UTC"),
    "timezoneAbbreviation": always("UTC"),
    "timezoneOffset": always("+0000"),
    "timezoneOffsetMinutes": always(0),
    "taxesIncluded": always(False),
    "weightUnit": always("KILOGRAMS"),
    "plan": always({"publicDisplayName": "Development", "partnerDevelopment": True, "shopifyPlus": False}),
    "createdAt": at("created_at_us"),
    "updatedAt": at("created_at_us"),
}  # fmt: skip


def _scopes(installation: Installation, _: Asked) -> list[dict[str, str]]:
    return [{"handle": one, "description": one.replace("_", " ").capitalize()} for one in installation.scopes]


INSTALLATION: Fields = {
    **METAFIELDS,
    "id": lambda _, asked: gid("AppInstallation", asked.shop.id + 1),
    "accessScopes": _scopes,
    "app": lambda installation, _: installation,
    "launchUrl": lambda _, asked: f"https://{asked.shop.domain}/admin/apps/drill-app",
    "uninstallUrl": always(None),
}
APP: Fields = {
    "id": lambda _, asked: gid("App", asked.shop.id + 2),
    "apiKey": own("client_id"),
    "handle": always("drill-app"),
    "title": always("Drill app"),
    "embedded": always(False),
    "installation": lambda installation, _: installation,
    "requestedAccessScopes": _scopes,
    "webhookApiVersion": always(STABLE[-1]),
}
SUBSCRIPTION: Fields = {
    **legacy("WebhookSubscription"),
    "topic": lambda one, _: topic_enum(one.topic),
    "uri": own("uri"),
    "callbackUrl": own("uri"),
    "format": own("format"),
    "filter": own("filter"),
    "name": own("name"),
    "includeFields": lambda one, _: list(one.include_fields),
    "metafieldNamespaces": lambda one, _: list(one.metafield_namespaces),
    "apiVersion": _version,
}


def _url(one: BulkOperation, asked: Asked) -> str | None:
    return f"{asked.base_url}{PREFIX}{one.id}.jsonl" if one.status == "COMPLETED" and one.objects else None


BULK: Fields = {
    "id": lambda one, _: gid("BulkOperation", one.id),
    "query": own("query"),
    "status": own("status"),
    "type": always("QUERY"),
    "errorCode": own("error_code"),
    "createdAt": lambda one, _: iso(one.created_at_us),
    "completedAt": at("completed_at_us"),
    "objectCount": lambda one, _: str(one.objects),
    "rootObjectCount": lambda one, _: str(one.roots),
    "fileSize": lambda one, _: str(len(one.lines)) if one.status == "COMPLETED" else None,
    "url": _url,
    "partialDataUrl": always(None),
}
