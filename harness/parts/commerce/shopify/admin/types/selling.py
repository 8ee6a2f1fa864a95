"""Orders and their rows."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.connections import by_id, connection
from harness.parts.commerce.shopify.admin.types.metafields import METAFIELDS
from harness.parts.commerce.shopify.admin.types.table import (
    Fields,
    Resolver,
    always,
    at,
    bag,
    legacy,
    mailing_address,
    own,
)
from harness.parts.commerce.shopify.records.sums import Sums, tax_of
from harness.parts.commerce.shopify.records.things import LineItem, Order, Refund
from harness.parts.commerce.shopify.records.values import gid, iso

_FULFILLMENT = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}


def _sum(name: str) -> Resolver:
    return lambda order, _: bag(getattr(Sums.of(order), name), order.currency)


def _nothing(order: Order, _: Asked) -> dict[str, Any]:
    return bag(0, order.currency)


def _tax_lines(order: Order, _: Asked) -> list[dict[str, Any]]:
    return [_tax(order, Sums.of(order).tax)] if order.tax_rate else []


def _tax(order: Order, tax: int) -> dict[str, Any]:
    return {
        "title": "GST", "rate": order.tax_rate, "ratePercentage": order.tax_rate * 100,
        "priceSet": bag(tax, order.currency), "channelLiable": False,
    }  # fmt: skip


def _lines(order: Order, asked: Asked, **page: Any) -> dict[str, Any]:
    return connection(asked, "lineItems", ((line.id, line.id, Line(order, line)) for line in order.line_items), **page)


def _parcels(order: Order, asked: Asked, first: int | None = None) -> list[Any]:
    parcels = [asked.shop.registers.fulfillments.require(number) for number in order.fulfillments]
    return parcels if first is None else parcels[:first]


def _refunds(order: Order, asked: Asked, first: int | None = None) -> list[Any]:
    refunds = [asked.shop.registers.refunds.require(number) for number in order.refunds]
    return refunds if first is None else refunds[:first]


def _waiting(order: Order, asked: Asked, **page: Any) -> dict[str, Any]:
    asked.need("read_merchant_managed_fulfillment_orders", "fulfillmentOrders")
    waiting = (asked.shop.registers.fulfillment_orders.require(number) for number in order.fulfillment_orders)
    return connection(asked, "fulfillmentOrders", by_id(waiting), **page)


def _customer(order: Order, asked: Asked) -> Any:
    asked.need("read_customers", "customer")
    return asked.shop.registers.customers.get(order.customer_id)


def _shipping(order: Order, _: Asked) -> dict[str, Any] | None:
    price = bag(order.shipping, order.currency)
    return None if not order.shipping else {
        "id": gid("ShippingLine", order.id + 7), "title": "Standard", "code": "Standard", "source": "shopify",
        "originalPriceSet": price, "discountedPriceSet": price, "isRemoved": False,
    }  # fmt: skip


def _transactions(order: Order, asked: Asked, first: int | None = None) -> list[dict[str, Any]]:
    sale = {
        "id": gid("OrderTransaction", order.id + 3), "kind": "SALE", "status": "SUCCESS", "gateway": "bogus",
        "formattedGateway": "Bogus", "amountSet": bag(Sums.of(order).total, order.currency), "test": True,
        "createdAt": iso(order.created_at_us), "processedAt": iso(order.processed_at_us), "manualPaymentGateway": False,
    }  # fmt: skip
    paid = [] if order.financial_status in ("pending", "authorized", "voided") else [sale]
    return [*paid, *(transaction(refund, order) for refund in _refunds(order, asked))][:first]


def transaction(refund: Refund, order: Order) -> dict[str, Any]:
    """The transaction that paid a refund back."""
    return {
        "id": gid("OrderTransaction", refund.transaction_id), "kind": "REFUND", "status": "SUCCESS", "gateway": "bogus",
        "formattedGateway": "Bogus", "amountSet": bag(refund.amount, order.currency), "test": True,
        "createdAt": iso(refund.created_at_us), "processedAt": iso(refund.created_at_us), "manualPaymentGateway": False,
    }  # fmt: skip


ORDER: Fields = {
    **legacy("Order"),
    **METAFIELDS,
    "name": own("name"),
    "number": own("number"),
    "confirmationNumber": lambda order, _: order.token[:9].upper(),
    "confirmed": always(True),
    "email": own("email"),
    "phone": own("phone"),
    "note": own("note"),
    "tags": lambda order, _: sorted(order.tags),
    "customAttributes": lambda order, _: [{"key": key, "value": value} for key, value in order.attributes.items()],
    "sourceName": own("source_name"),
    "test": always(True),
    "currencyCode": own("currency"),
    "presentmentCurrencyCode": own("currency"),
    "processedAt": at("processed_at_us"),
    "closed": lambda order, _: order.closed_at_us is not None,
    "closedAt": at("closed_at_us"),
    "cancelledAt": at("cancelled_at_us"),
    "cancelReason": lambda order, _: order.cancel_reason and order.cancel_reason.upper(),
    "cancellation": lambda order, _: {"staffNote": None} if order.cancelled_at_us is not None else None,
    "displayFinancialStatus": lambda order, _: order.financial_status.upper(),
    "displayFulfillmentStatus": lambda order, _: _FULFILLMENT[order.fulfillment_status],
    "fullyPaid": lambda order, _: order.financial_status not in ("pending", "authorized", "voided"),
    "unpaid": lambda order, _: order.financial_status in ("pending", "authorized"),
    "canMarkAsPaid": lambda order, _: order.financial_status in ("pending", "authorized"),
    "refundable": lambda order, _: any(line.quantity > line.removed for line in order.line_items),
    "fulfillable": lambda order, _: any(line.fulfillable for line in order.line_items),
    "subtotalLineItemsQuantity": lambda order, _: sum(line.quantity for line in order.line_items),
    "currentSubtotalLineItemsQuantity": lambda order, _: sum(line.quantity - line.removed for line in order.line_items),
    "totalWeight": lambda order, _: str(sum(line.grams * line.quantity for line in order.line_items)),
    "subtotalPriceSet": _sum("items"),
    "totalPriceSet": _sum("total"),
    "originalTotalPriceSet": _sum("total"),
    "totalTaxSet": _sum("tax"),
    "currentSubtotalPriceSet": _sum("current_items"),
    "currentTotalPriceSet": _sum("current_total"),
    "currentTotalTaxSet": _sum("current_tax"),
    "currentShippingPriceSet": _sum("current_shipping"),
    "totalOutstandingSet": _sum("outstanding"),
    "totalShippingPriceSet": lambda order, _: bag(order.shipping, order.currency),
    "totalRefundedSet": lambda order, _: bag(order.refunded, order.currency),
    "totalDiscountsSet": _nothing,
    "currentTotalDiscountsSet": _nothing,
    "taxLines": _tax_lines,
    "currentTaxLines": _tax_lines,
    "taxesIncluded": always(False),
    "taxExempt": always(False),
    "billingAddress": lambda order, _: mailing_address(order.address, order.id + 1),
    "shippingAddress": lambda order, _: mailing_address(order.address, order.id + 2),
    "displayAddress": lambda order, _: mailing_address(order.address, order.id + 2),
    "shippingLine": _shipping,
    "customer": _customer,
    "lineItems": _lines,
    "fulfillments": _parcels,
    "fulfillmentsCount": lambda order, _: {"count": len(order.fulfillments), "precision": "EXACT"},
    "fulfillmentOrders": _waiting,
    "refunds": _refunds,
    "transactions": _transactions,
    "transactionsCount": lambda order, asked: {"count": len(_transactions(order, asked)), "precision": "EXACT"},
    "statusPageUrl": lambda order, asked: f"https://{asked.shop.domain}/orders/{order.token}/authenticate",
}


class Line:
    """A row, with the order that it is of."""

    def __init__(self, order: Order, line: LineItem) -> None:
        self.order = order
        self.line = line
        self.id = line.id


def line_of(order: Order, number: int) -> Line:
    """The row of that number, as the API shows it."""
    return Line(order, next(line for line in order.line_items if line.id == number))


def _part(name: str) -> Resolver:
    return lambda row, _: getattr(row.line, name)


def _left(row: Line) -> int:
    return row.line.quantity - row.line.removed


def _worth(count: Any) -> Resolver:
    return lambda row, *_, **__: bag(row.line.price * count(row), row.order.currency)


LINE_ITEM: Fields = {
    "id": lambda row, _: gid("LineItem", row.id),
    "title": _part("title"),
    "name": _part("name"),
    "variantTitle": _part("variant_title"),
    "vendor": _part("vendor"),
    "sku": _part("sku"),
    "quantity": _part("quantity"),
    "currentQuantity": lambda row, _: _left(row),
    "refundableQuantity": lambda row, _: _left(row),
    "unfulfilledQuantity": _part("fulfillable"),
    "requiresShipping": _part("requires_shipping"),
    "taxable": _part("taxable"),
    "isGiftCard": always(False),
    "customAttributes": lambda row, _: [{"key": key, "value": value} for key, value in row.line.properties.items()],
    "originalUnitPriceSet": _worth(lambda _: 1),
    "discountedUnitPriceSet": _worth(lambda _: 1),
    "originalTotalSet": _worth(lambda row: row.line.quantity),
    "discountedTotalSet": _worth(lambda row: row.line.quantity),
    "totalDiscountSet": _worth(lambda _: 0),
    "taxLines": lambda row, _: (
        [_tax(row.order, tax_of(row.order, row.line, row.line.quantity))] if row.order.tax_rate else []
    ),
    "product": lambda row, asked: asked.shop.registers.products.get(row.line.product_id),
    "variant": lambda row, asked: asked.shop.registers.variants.get(row.line.variant_id),
}
