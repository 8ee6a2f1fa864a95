"""Orders, with everything that stands in them."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.bodies.line import line_body
from harness.parts.commerce.shopify.records.bodies.parcel import parcel_body, refund_body
from harness.parts.commerce.shopify.records.bodies.people import address_body, customer_body
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.sums import Sums
from harness.parts.commerce.shopify.records.things import Order
from harness.parts.commerce.shopify.records.values import Body, amount, gid, iso, iso_or_none, money_set, text_pairs

_APP = 580111


def order_body(order: Order, registers: Registers) -> Body:
    """An order, as in orders/create, orders/updated, orders/cancelled, orders/paid and orders/fulfilled."""
    refunds = [one for number in order.refunds if (one := registers.refunds.get(number)) is not None]
    parcels = [sent for number in order.fulfillments if (sent := registers.fulfillments.get(number)) is not None]
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        **_said(order),
        **_times(order),
        **_amounts(order),
        **_nothing(),
        "customer": _customer(order, registers),
        "billing_address": address_body(order.address),
        "shipping_address": address_body(order.address),
        "line_items": [line_body(order, line, registers) for line in order.line_items],
        "shipping_lines": [_shipping(order)] if order.shipping else [],
        "fulfillments": [parcel_body(sent, order, registers) for sent in parcels],
        "refunds": [refund_body(one, order, registers) for one in refunds],
    }


def _said(order: Order) -> Body:
    return {
        "app_id": _APP,
        "name": order.name,
        "number": order.number - 1000,
        "order_number": order.number,
        "confirmation_number": order.token[:9].upper(),
        "confirmed": True,
        "token": order.token,
        "cart_token": order.token,
        "checkout_token": order.token,
        "email": order.email,
        "contact_email": order.email,
        "phone": order.phone,
        "note": order.note,
        "note_attributes": text_pairs(order.attributes),
        "tags": ", ".join(order.tags),
        "source_name": order.source_name,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "cancel_reason": order.cancel_reason,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "order_status_url": f"https://drill-shop.myshopify.com/orders/{order.token}/authenticate",
        "payment_gateway_names": ["bogus"],
        "test": True,
        "total_weight": sum(line.grams * line.quantity for line in order.line_items),
    }


def _times(order: Order) -> Body:
    return {
        "created_at": iso(order.created_at_us),
        "updated_at": iso(order.updated_at_us),
        "processed_at": iso(order.processed_at_us),
        "closed_at": iso_or_none(order.closed_at_us),
        "cancelled_at": iso_or_none(order.cancelled_at_us),
    }


def _amounts(order: Order) -> Body:
    sums = Sums.of(order)
    named = {
        "total_line_items_price": sums.items, "subtotal_price": sums.items, "total_price": sums.total,
        "total_tax": sums.tax, "total_discounts": 0, "current_subtotal_price": sums.current_items,
        "current_total_price": sums.current_total, "current_total_tax": sums.current_tax, "current_total_discounts": 0,
    }  # fmt: skip
    sets = {f"{name}_set": money_set(value, order.currency) for name, value in named.items()}
    only_sets = {
        "total_shipping_price_set": order.shipping, "current_shipping_price_set": sums.current_shipping,
        "total_cash_rounding_payment_adjustment_set": 0, "total_cash_rounding_refund_adjustment_set": 0,
    }  # fmt: skip
    return {
        **{name: amount(value) for name, value in named.items()},
        **sets,
        **{name: money_set(value, order.currency) for name, value in only_sets.items()},
        "total_outstanding": amount(sums.outstanding),
        "total_tip_received": "0.00",
        "tax_lines": [_tax(order, sums.tax)] if order.tax_rate else [],
    }


def _nothing() -> Body:
    """What an order of this shop never has, and bodies say all the same."""
    empty = dict.fromkeys((
        "browser_ip", "client_details", "current_total_additional_fees_set", "current_total_duties_set",
        "device_id", "landing_site", "landing_site_ref", "location_id", "merchant_of_record_app_id",
        "original_total_additional_fees_set", "original_total_duties_set", "payment_terms", "po_number", "reference",
        "referring_site", "source_identifier", "source_url", "user_id",
    ))  # fmt: skip
    return {
        **empty,
        "buyer_accepts_marketing": False, "customer_locale": "en", "discount_applications": [], "discount_codes": [],
        "duties_included": False, "estimated_taxes": False, "line_item_groups": [],
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ", "returns": [], "tax_exempt": False, "taxes_included": False,
    }  # fmt: skip


def _customer(order: Order, registers: Registers) -> Body | None:
    customer = registers.customers.get(order.customer_id)
    return None if customer is None else customer_body(customer, order.currency)


def _shipping(order: Order) -> Body:
    price = money_set(order.shipping, order.currency)
    return {
        "id": order.id + 7, "title": "Standard", "code": "Standard", "source": "shopify", "phone": None,
        "carrier_identifier": None, "requested_fulfillment_service_id": None, "is_removed": False,
        "price": amount(order.shipping), "price_set": price, "discounted_price": amount(order.shipping),
        "discounted_price_set": price, "current_discounted_price_set": price, "discount_allocations": [],
        "tax_lines": [],
    }  # fmt: skip


def _tax(order: Order, tax: int) -> Body:
    return {
        "title": "GST", "rate": order.tax_rate, "price": amount(tax), "price_set": money_set(tax, order.currency),
        "channel_liable": False,
    }  # fmt: skip
