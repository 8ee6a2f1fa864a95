"""How the fields of a type are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.parts.commerce.shopify.records.things import Address
from harness.parts.commerce.shopify.records.values import amount, gid, iso, iso_or_none

Resolver = Callable[..., Any]
"""(thing, asked, **arguments by their names in the schema) -> value."""
Fields = Mapping[str, Resolver]


def own(name: str) -> Resolver:
    """The attribute of that name."""
    return lambda thing, _: getattr(thing, name)


def always(value: Any) -> Resolver:
    """The same for all."""
    return lambda _thing, _asked: value


def node(kind: str) -> Fields:
    """What everything with a number has."""
    return {
        "id": lambda thing, _: gid(kind, thing.id),
        "createdAt": lambda thing, _: iso(thing.created_at_us),
        "updatedAt": lambda thing, _: iso(thing.updated_at_us),
    }


def legacy(kind: str) -> Fields:
    """As `node`, of a thing that the REST API knows by its number, too."""
    return {**node(kind), "legacyResourceId": lambda thing, _: str(thing.id)}


def at(name: str) -> Resolver:
    """The time of that name, null where it has not happened."""
    return lambda thing, _: iso_or_none(getattr(thing, name))


def money(value: int, currency: str) -> dict[str, Any]:
    """An amount with its currency."""
    return {"amount": amount(value), "currencyCode": currency}


def bag(value: int, currency: str) -> dict[str, Any]:
    """An amount in both currencies, which are the same here."""
    said = money(value, currency)
    return {"shopMoney": said, "presentmentMoney": said}


def mailing_address(address: Address | None, number: int) -> dict[str, Any] | None:
    """An address, as the API says it."""
    if address is None:
        return None
    return {
        "id": gid("MailingAddress", number), "firstName": address.first_name, "lastName": address.last_name,
        "name": address.name, "address1": address.address1, "address2": address.address2, "city": address.city,
        "province": address.province, "provinceCode": address.province_code, "country": address.country,
        "countryCodeV2": address.country_code, "zip": address.zip, "phone": address.phone, "company": address.company,
    }  # fmt: skip


PLAIN: Mapping[str, tuple[str, ...]] = {
    "MailingAddress": (
        "id", "firstName", "lastName", "name", "address1", "address2", "city", "province", "provinceCode", "country",
        "countryCodeV2", "zip", "phone", "company",
    ),
    "MoneyBag": ("shopMoney", "presentmentMoney"),
    "MoneyV2": ("amount", "currencyCode"),
    "PageInfo": ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor"),
    "Count": ("count", "precision"),
    "Attribute": ("key", "value"),
    "TaxLine": ("title", "rate", "ratePercentage", "priceSet", "channelLiable"),
    "SelectedOption": ("name", "value"),
    "ProductOption": ("id", "name", "position", "values"),
    "ShippingLine": ("id", "title", "code", "source", "originalPriceSet", "discountedPriceSet", "isRemoved"),
    "OrderCancellation": ("staffNote",),
    "FulfillmentTrackingInfo": ("company", "number", "url"),
    "FulfillmentLineItem": ("id", "quantity", "lineItem", "originalTotalSet", "discountedTotalSet"),
    "FulfillmentOrderLineItem": (
        "id", "totalQuantity", "remainingQuantity", "lineItem", "productTitle", "variantTitle", "sku", "vendor",
        "requiresShipping", "inventoryItemId", "variant",
    ),
    "FulfillmentOrderAssignedLocation": ("name", "countryCode", "city", "address1", "zip", "location"),
    "FulfillmentOrderDestination": (
        "id", "firstName", "lastName", "address1", "address2", "city", "province", "countryCode", "zip", "phone",
        "email", "company",
    ),
    "RefundLineItem": (
        "id", "quantity", "restockType", "restocked", "lineItem", "priceSet", "subtotalSet", "totalTaxSet", "location",
    ),
    "OrderTransaction": (
        "id", "kind", "status", "amountSet", "createdAt", "processedAt", "gateway", "formattedGateway", "test",
        "manualPaymentGateway",
    ),
    "InventoryQuantity": ("id", "name", "quantity", "updatedAt"),
    "InventoryAdjustmentGroup": ("id", "createdAt", "reason", "referenceDocumentUri", "changes"),
    "InventoryChange": ("name", "delta", "quantityAfterChange", "item", "location"),
    "LocationAddress": (
        "address1", "address2", "city", "province", "provinceCode", "country", "countryCode", "zip", "phone",
    ),
    "CustomerEmailAddress": ("emailAddress", "validFormat", "marketingState"),
    "CustomerPhoneNumber": ("phoneNumber",),
    "AccessScope": ("handle", "description"),
    "ApiVersion": ("handle", "displayName", "supported"),
    "ShopPlan": ("publicDisplayName", "partnerDevelopment", "shopifyPlus"),
    "Domain": ("id", "host", "url", "sslEnabled"),
    "Job": ("id", "done"),
    "OnlineStoreThemeFileBodyText": ("content",),
    "OnlineStoreThemeFileBodyBase64": ("contentBase64",),
    "OnlineStoreThemeFileBodyUrl": ("url",),
    "OnlineStoreThemeFileReadResult": ("code", "filename"),
    "StagedMediaUploadTarget": ("url", "resourceUrl", "parameters"),
    "StagedUploadParameter": ("name", "value"),
}  # fmt: skip
"""Types whose values are dictionaries with these keys."""
