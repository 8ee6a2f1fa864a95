"""Orders, fulfilments, refunds, customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.mutations.app import job
from harness.parts.commerce.shopify.admin.mutations.payloads import Made, address_of, attributes_of, done, mutation
from harness.parts.commerce.shopify.admin.types.table import Fields
from harness.parts.commerce.shopify.records.fulfilling import Tracking
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.things import Order
from harness.parts.commerce.shopify.records.values import Changes, Refused, number_of


def _order(asked: Asked, number: int) -> Order:
    return asked.shop.registers.orders.require(number)


def _create(asked: Asked, order: dict[str, Any], options: dict[str, Any] | None = None) -> Made:
    lines = []
    for index, line in enumerate(order.get("lineItems") or ()):
        if line.get("variantId") is None:
            raise Refused("Custom line items are not served here", ("order", "lineItems", str(index)), "INVALID")
        properties = {one["name"]: one["value"] for one in line.get("properties") or ()}
        lines.append(NewLine(number("ProductVariant", line["variantId"]), line["quantity"], properties))
    customer = (order.get("customer") or {}).get("toAssociate") or {}
    changes = asked.shop.orders.create(
        lines, customer=number("Customer", customer["id"]) if customer.get("id") else None,
        email=order.get("email") or "", phone=order.get("phone"), address=address_of(order.get("shippingAddress")),
        note=order.get("note"), tags=order.get("tags") or (), attributes=attributes_of(order.get("customAttributes")),
        financial_status=(order.get("financialStatus") or "PAID").lower(), source_name=order.get("sourceName") or "api",
    )  # fmt: skip
    return {"order": _order(asked, done(asked, changes))}


def _update(asked: Asked, input: dict[str, Any]) -> Made:
    changes = asked.shop.orders.update(
        number("Order", input["id"]), note=input.get("note"), tags=input.get("tags"), email=input.get("email"),
        phone=input.get("phone"), attributes=attributes_of(input.get("customAttributes")),
        address=address_of(input.get("shippingAddress")),
    )  # fmt: skip
    return {"order": _order(asked, done(asked, changes))}


def _cancel(
    asked: Asked, orderId: str, reason: str, restock: bool, refund: bool | None = None,
    refundMethod: dict[str, Any] | None = None, notifyCustomer: bool = False, staffNote: str | None = None,
) -> Made:  # fmt: skip
    paid_back = bool(refund) or bool((refundMethod or {}).get("originalPaymentMethodsRefund"))
    order = number("Order", orderId)
    done(asked, asked.shop.orders.cancel(order, reason.lower(), restock=restock, refund=paid_back))
    return {"job": job(asked)}


def _close(asked: Asked, input: dict[str, Any]) -> Made:
    return {"order": _order(asked, done(asked, asked.shop.orders.close(number("Order", input["id"]))))}


def _open(asked: Asked, input: dict[str, Any]) -> Made:
    return {"order": _order(asked, done(asked, asked.shop.orders.reopen(number("Order", input["id"]))))}


def _paid(asked: Asked, input: dict[str, Any]) -> Made:
    return {"order": _order(asked, done(asked, asked.shop.orders.pay(number("Order", input["id"]))))}


def _tracking(given: Mapping[str, Any] | None) -> Tracking | None:
    if given is None:
        return None
    numbers, urls = given.get("numbers") or (), given.get("urls") or ()
    return Tracking(
        given.get("company") or "", given.get("number") or next(iter(numbers), ""),
        str(given.get("url") or next(iter(urls), "")),
    )  # fmt: skip


def _fulfil(asked: Asked, fulfillment: dict[str, Any], message: str | None = None) -> Made:
    wanted: dict[int, dict[int, int] | None] = {}
    for one in fulfillment["lineItemsByFulfillmentOrder"]:
        rows = one.get("fulfillmentOrderLineItems")
        wanted[number("FulfillmentOrder", one["fulfillmentOrderId"])] = (
            {number("FulfillmentOrderLineItem", row["id"]): row["quantity"] for row in rows} if rows else None
        )
    changes = asked.shop.fulfilling.fulfil_all(wanted, _tracking(fulfillment.get("trackingInfo")))
    return {"fulfillment": asked.shop.registers.fulfillments.require(done(asked, changes))}


def _track(
    asked: Asked, fulfillmentId: str, trackingInfoInput: dict[str, Any], notifyCustomer: bool | None = None
) -> Made:  # fmt: skip
    changes = asked.shop.fulfilling.update(
        number("Fulfillment", fulfillmentId), tracking=_tracking(trackingInfoInput)
    )  # fmt: skip
    return {"fulfillment": asked.shop.registers.fulfillments.require(done(asked, changes))}


def _unfulfil(asked: Asked, id: str) -> Made:
    changes = asked.shop.fulfilling.cancel(number("Fulfillment", id))
    return {"fulfillment": asked.shop.registers.fulfillments.require(done(asked, changes))}


def _refund(asked: Asked, input: dict[str, Any]) -> Made:
    rows = input.get("refundLineItems") or []
    quantities = {number("LineItem", row["lineItemId"]): row["quantity"] for row in rows}
    if not quantities:
        raise Refused("Refund line items can't be blank", ("input", "refundLineItems"))
    restock = any((row.get("restockType") or "NO_RESTOCK") != "NO_RESTOCK" for row in rows)
    changes = asked.shop.refunding.refund(
        number("Order", input["orderId"]), quantities, note=input.get("note") or "", restock=restock
    )  # fmt: skip
    refund = asked.shop.registers.refunds.require(done(asked, changes))
    return {"refund": refund, "order": _order(asked, refund.order_id)}


def _customer(asked: Asked, changes: Changes) -> Made:
    return {"customer": asked.shop.registers.customers.require(done(asked, changes))}


def _said(input: dict[str, Any]) -> dict[str, Any]:
    names = {
        "firstName": "first_name", "lastName": "last_name", "email": "email", "phone": "phone", "note": "note",
        "tags": "tags",
    }  # fmt: skip
    return {own: input[name] for name, own in names.items() if input.get(name) is not None}


def _new_customer(asked: Asked, input: dict[str, Any]) -> Made:
    said = _said(input)
    if not {"first_name", "last_name", "email", "phone"} & set(said):
        raise Refused("A name, phone number, or email address must be present")
    return _customer(asked, asked.shop.customers.create(**said))


def _change_customer(asked: Asked, input: dict[str, Any]) -> Made:
    if input.get("id") is None:
        raise Refused("Customer does not exist", ("id",))
    return _customer(asked, asked.shop.customers.update(number("Customer", input["id"]), **_said(input)))


def _delete_customer(asked: Asked, input: dict[str, Any]) -> Made:
    done(asked, asked.shop.customers.delete(number("Customer", input["id"])))
    return {"deletedCustomerId": input["id"], "shop": asked.shop}


def _tagged(asked: Asked, id: str, tags: list[str], *, add: bool) -> Made:
    given = [part.strip() for tag in tags for part in tag.split(",") if part.strip()]
    shop = asked.shop
    for kind, register, update in (
        ("Order", shop.registers.orders, shop.orders.update),
        ("Customer", shop.registers.customers, shop.customers.update),
        ("Product", shop.registers.products, shop.catalogue.update),
    ):
        found = number_of(kind, id)
        if found is not None:
            now = register.require(found).tags
            after = dict.fromkeys((*now, *given)) if add else [tag for tag in now if tag not in given]
            done(asked, update(found, tags=tuple(after)))
            return {"node": register.require(found)}
    raise Refused("Invalid id", ("id",))


def _add_tags(asked: Asked, id: str, tags: list[str]) -> Made:
    return _tagged(asked, id, tags, add=True)


def _remove_tags(asked: Asked, id: str, tags: list[str]) -> Made:
    return _tagged(asked, id, tags, add=False)


_SENDING = "write_merchant_managed_fulfillment_orders"
MUTATIONS: Fields = dict((
    mutation("write_orders", "orderCreate", _create),
    mutation("write_orders", "orderUpdate", _update),
    mutation("write_orders", "orderCancel", _cancel, "orderCancelUserErrors"),
    mutation("write_orders", "orderClose", _close),
    mutation("write_orders", "orderOpen", _open),
    mutation("write_orders", "orderMarkAsPaid", _paid),
    mutation("write_orders", "refundCreate", _refund),
    mutation(_SENDING, "fulfillmentCreate", _fulfil),
    mutation(_SENDING, "fulfillmentTrackingInfoUpdate", _track),
    mutation(_SENDING, "fulfillmentCancel", _unfulfil),
    mutation("write_customers", "customerCreate", _new_customer),
    mutation("write_customers", "customerUpdate", _change_customer),
    mutation("write_customers", "customerDelete", _delete_customer),
    mutation("write_orders", "tagsAdd", _add_tags),
    mutation("write_orders", "tagsRemove", _remove_tags),
))  # fmt: skip
PAYLOADS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "OrderCreatePayload", "OrderUpdatePayload", "OrderClosePayload", "OrderOpenPayload",
            "OrderMarkAsPaidPayload",
        ),
        ("order", "userErrors"),
    ),
    "OrderCancelPayload": ("job", "orderCancelUserErrors"),
    "RefundCreatePayload": ("refund", "order", "userErrors"),
    **dict.fromkeys(
        ("FulfillmentCreatePayload", "FulfillmentTrackingInfoUpdatePayload", "FulfillmentCancelPayload"),
        ("fulfillment", "userErrors"),
    ),
    **dict.fromkeys(("CustomerCreatePayload", "CustomerUpdatePayload"), ("customer", "userErrors")),
    "CustomerDeletePayload": ("deletedCustomerId", "shop", "userErrors"),
    **dict.fromkeys(("TagsAddPayload", "TagsRemovePayload"), ("node", "userErrors")),
}  # fmt: skip
