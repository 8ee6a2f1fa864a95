"""Calls about the data centres of a domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.akamai import media
from harness.parts.steering.akamai.calls import Call, link, path_of
from harness.parts.steering.akamai.shapes import datacenter_of
from harness.parts.steering.akamai.values import Account, Domain, Refusal, Reply, not_found, without

FIRST_ID = 3131
"""The first number that a data centre gets."""
SPECIAL: Mapping[str, tuple[int, str]] = {
    "default-datacenter-for-maps": (5400, "Default Datacenter"),
    "datacenter-for-ip-version-selector-ipv4": (5401, "Target for A records"),
    "datacenter-for-ip-version-selector-ipv6": (5402, "Target for AAAA records"),
}
"""Data centres with a meaning of their own: number and name."""


def shown(domain: Domain, number: int, version: str) -> dict[str, Any]:
    """A data centre as the API tells it."""
    body = {**domain.datacenters[number], "datacenterId": number}
    links = [link("self", path_of(domain.name, "datacenters", number))]
    return {**media.told("datacenter", body, version), "links": links}


def numbered(domain: Domain) -> int:
    """The number that the next data centre gets."""
    return max((n for n in domain.datacenters if n < min(n for n, _ in SPECIAL.values())), default=FIRST_ID - 1) + 1


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/datacenters"""
    domain, version = call.domain(account), call.wanted[1]
    return account, call.answer(200, {"items": [shown(domain, number, version) for number in domain.datacenters]})


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /domains/{}/datacenters"""
    domain = call.domain(account)
    return _kept(account, call, domain, numbered(domain), datacenter_of(call.body, call.sent_version), 201)


def create_special(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /domains/{}/datacenters/default-datacenter-for-maps, and for the IP version selector"""
    domain = call.domain(account)
    number, nickname = SPECIAL[call.request.path.rpartition("/")[2]]
    return _kept(account, call, domain, number, datacenter_of({"nickname": nickname}, "1.5"), 201)


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/datacenters/{}"""
    domain = call.domain(account)
    return account, call.answer(200, shown(domain, _number(domain, call), call.wanted[1]))


def update(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT /domains/{}/datacenters/{}"""
    domain = call.domain(account)
    number = _number(domain, call)
    return _kept(account, call, domain, number, datacenter_of(call.body, call.sent_version), 200)


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /domains/{}/datacenters/{}"""
    domain = call.domain(account)
    number = _number(domain, call)
    for prop in domain.properties.values():
        if any(target["datacenterId"] == number for target in prop["trafficTargets"]):
            text = f'The data center {number} is used by the property "{prop["name"]}"'
            raise Refusal(400, "config-gtm/v1/datacenterInUse", "Data Center In Use", text)
    account, after = call.changed(account, replace(domain, datacenters=without(domain.datacenters, number)))
    return account, call.answer(200, {"resource": None, "status": call.status(after)})


def _kept(account: Account, call: Call, domain: Domain, number: int, body: Json, status: int) -> tuple[Account, Reply]:
    version = call.wanted[1]
    changed = replace(domain, datacenters={**domain.datacenters, number: body})
    account, after = call.changed(account, changed)
    told = {"resource": shown(after, number, version), "status": call.status(after)}
    location = path_of(domain.name, "datacenters", number) if status == 201 else ""
    return account, call.answer(status, told, location)


def _number(domain: Domain, call: Call) -> int:
    text = call.ids[1]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number not in domain.datacenters:
        raise not_found(f'Datacenter "{text}"')
    return number
