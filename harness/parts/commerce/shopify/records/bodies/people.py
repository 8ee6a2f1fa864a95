"""Customers and addresses."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.things import Address, Customer
from harness.parts.commerce.shopify.records.values import Body, gid, iso


def address_body(address: Address) -> Body:
    """An address of an order."""
    return {
        "first_name": address.first_name, "last_name": address.last_name, "name": address.name,
        "address1": address.address1, "address2": address.address2, "city": address.city,
        "province": address.province, "province_code": address.province_code, "country": address.country,
        "country_code": address.country_code, "zip": address.zip, "phone": address.phone, "company": address.company,
        "latitude": None, "longitude": None,
    }  # fmt: skip


def customer_body(customer: Customer, currency: str) -> Body:
    """A customer, as in customers/update."""
    address = _kept_address(customer, customer.address or Address())
    return {
        "id": customer.id,
        "admin_graphql_api_id": gid("Customer", customer.id),
        "created_at": iso(customer.created_at_us),
        "updated_at": iso(customer.updated_at_us),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "note": customer.note,
        "state": customer.state,
        "tags": ", ".join(customer.tags),
        "tax_exempt": customer.tax_exempt,
        "tax_exemptions": [],
        "verified_email": customer.verified_email,
        "multipass_identifier": None,
        "currency": currency,
        "addresses": [address],
        "default_address": dict(address),
        "email_marketing_consent": {
            "state": "not_subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": None,
        },
        "sms_marketing_consent": None,
    }  # fmt: skip


def _kept_address(customer: Customer, address: Address) -> Body:
    return {
        "id": customer.id + 1, "customer_id": customer.id, "default": True,
        "first_name": address.first_name or customer.first_name, "last_name": address.last_name or customer.last_name,
        "name": address.name or f"{customer.first_name} {customer.last_name}".strip(), "company": address.company or "",
        "address1": address.address1, "address2": address.address2 or "", "city": address.city,
        "province": address.province, "province_code": address.province_code, "country": address.country,
        "country_name": address.country, "country_code": address.country_code, "zip": address.zip,
        "phone": address.phone,
    }  # fmt: skip
