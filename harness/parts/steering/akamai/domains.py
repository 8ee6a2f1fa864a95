"""Calls about domains, their properties, their history, and how far a change has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.akamai import datacenters, media
from harness.parts.steering.akamai.calls import BASE, Call, link, path_of
from harness.parts.steering.akamai.fields import object_of
from harness.parts.steering.akamai.shapes import ID_MAX, datacenter_of, domain_of, property_of
from harness.parts.steering.akamai.values import Account, Change, Domain, Refusal, Reply, invalid, not_found, without

_PAGE_SIZE, _PAGE_SIZE_MAX = 25, 1000
_PARTS = ("datacenters", "properties", "geographic-maps", "cidr-maps", "resources")
_HELD = ("datacenters", "properties")
"""Of a domain's body, what is kept beside it."""
_CONTRACT = "1-2345"


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains"""
    items = [
        {
            "acgId": _CONTRACT, "lastModified": call.written(domain.change.made_ns), "name": domain.name,
            "status": f"{_minute(call, domain)} GMT: {call.status(domain)['message'].removesuffix('.')}",
            "links": [link("self", path_of(domain.name))],
        }
        for domain in account.domains.values()
    ]  # fmt: skip
    return account, call.answer(200, {"items": items})


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /domains"""
    version = call.sent_version
    body = domain_of(call.body, version)
    if body["name"] in account.domains:
        raise invalid("domain", [f'a domain "{body["name"]}" exists already'])
    fresh = Domain(body["name"], {}, Change("", call.now_ns, call.now_ns))
    account, after = call.changed(account, _filled(fresh, body, version), body["modificationComments"] or "")
    told = {"resource": shown(after, call), "status": call.status(after)}
    return account, call.answer(201, told, path_of(after.name))


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}"""
    return account, call.answer(200, shown(call.domain(account), call))


def update(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT /domains/{}"""
    domain, version = call.domain(account), call.sent_version
    body = domain_of(call.body, version, domain.name)
    account, after = call.changed(account, _filled(domain, body, version), body["modificationComments"] or "")
    return account, call.answer(200, {"resource": shown(after, call), "status": call.status(after)})


def shown(domain: Domain, call: Call) -> dict[str, Any]:
    """A domain as the API tells it."""
    version = call.wanted[1]
    links = [link("self", path_of(domain.name)), *(link(part, path_of(domain.name, part)) for part in _PARTS)]
    whole = {
        **domain.body, "name": domain.name,
        "datacenters": [datacenters.shown(domain, number, version) for number in domain.datacenters],
        "properties": [property_shown(domain, name, call) for name in domain.properties],
        "lastModified": call.written(domain.change.made_ns), "lastModifiedBy": domain.change.by or None,
        "status": call.status(domain), "links": links,
    }  # fmt: skip
    return media.told("domain", whole, version)


def _filled(domain: Domain, body: Json, version: str) -> Domain:
    """A domain as its body says: the data centres and properties in it are all that there are."""
    held: dict[int, Json] = {}
    for one in body["datacenters"]:
        number = one.get("datacenterId") or datacenters.numbered(replace(domain, datacenters=held))
        if type(number) is not int or not 0 < number <= ID_MAX or number in held:
            raise invalid("domain", [f'Domain: the datacenterId "{number}" is no number, or is there twice'])
        held[number] = datacenter_of({key: one[key] for key in one if key != "datacenterId"}, version)
    found: dict[str, Json] = {}
    for one in body["properties"]:
        prop = property_of(one, version, held, body)
        if prop["name"] in found:
            raise invalid("domain", [f'Domain: two properties are called "{prop["name"]}"'])
        found[prop["name"]] = prop
    own = {key: value for key, value in body.items() if key not in _HELD}
    return replace(domain, body=own, datacenters=held, properties=found)


# Properties


def property_shown(domain: Domain, name: str, call: Call) -> dict[str, Any]:
    """A property as the API tells it."""
    links = [link("self", path_of(domain.name, "properties", name))]
    body = media.told_property(domain.properties[name], call.wanted[1])
    return {**body, "lastModified": call.written(domain.change.made_ns), "links": links}


def list_properties(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/properties"""
    domain = call.domain(account)
    return account, call.answer(200, {"items": [property_shown(domain, name, call) for name in domain.properties]})


def get_property(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/properties/{}"""
    domain = call.domain(account)
    return account, call.answer(200, property_shown(domain, _named(domain, call), call))


def put_property(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT /domains/{}/properties/{}: 201 for a new one, 200 for one that was there"""
    domain, name = call.domain(account), call.ids[1]
    prop = property_of(object_of(call.body), call.sent_version, domain.datacenters, domain.body, name)
    call.wanted  # noqa: B018 - an answer that nobody can read is refused before anything is changed
    status = 200 if name in domain.properties else 201
    account, after = call.changed(account, replace(domain, properties={**domain.properties, name: prop}))
    return account, call.answer(status, {"resource": property_shown(after, name, call), "status": call.status(after)})


def delete_property(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /domains/{}/properties/{}"""
    domain = call.domain(account)
    left = without(domain.properties, _named(domain, call))
    account, after = call.changed(account, replace(domain, properties=left))
    return account, call.answer(200, {"resource": None, "status": call.status(after)})


def _named(domain: Domain, call: Call) -> str:
    if call.ids[1] not in domain.properties:
        raise not_found(f'Property "{call.ids[1]}"')
    return call.ids[1]


# How far a change has come


def current_status(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/status/current"""
    return account, call.answer(200, call.status(call.domain(account)))


def history(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /domains/{}/history"""
    domain = call.domain(account)
    page, size = _count(call.query, "page", 1, 1_000_000), _count(call.query, "pageSize", _PAGE_SIZE, _PAGE_SIZE_MAX)
    host = call.request.headers.get("host", "")
    metadata = {
        "lastPage": max(1, -(-len(domain.changes) // size)), "pageSize": size, "page": page,
        "uri": f"{call.request.scheme}://{host}{path_of(domain.name, 'history')}/?page={page}&pageSize={size}",
        "totalElements": len(domain.changes),
    }  # fmt: skip
    chosen = domain.changes[(page - 1) * size : page * size]
    return account, call.answer(200, {"metadata": metadata, "changes": list(_told(chosen, domain, call))})


def _told(changes: Iterable[Change], domain: Domain, call: Call) -> Iterable[dict[str, Any]]:
    for change in changes:
        yield {
            "domain": domain.name, "modificationDate": call.written(change.made_ns)[:19] + "Z",
            "modifiedBy": change.by, "comments": change.comment, "changes": "", "domainVersionId": change.id,
        }  # fmt: skip


def _count(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
        raise Refusal(400, "config-gtm/v1/badRequest", "Bad Request", f"{name} must be a number from 1 to {most}")
    return int(text)


def _minute(call: Call, domain: Domain) -> str:
    return call.written(domain.change.made_ns)[:16].replace("T", " ")


ROOT = f"{BASE}/domains"
