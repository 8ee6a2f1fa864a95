"""The API's regions and its search: what may be named, and what is there by name."""

from __future__ import annotations

from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.cloudflare.calls import Call
from harness.parts.steering.cloudflare.health import REGIONS
from harness.parts.steering.cloudflare.monitors import reference
from harness.parts.steering.cloudflare.pools import pools_of
from harness.parts.steering.cloudflare.values import Account, Reply, not_found, result

_COUNTRIES = {
    "WNAM": ("US", "United States"), "ENAM": ("CA", "Canada"), "WEU": ("FR", "France"), "EEU": ("PL", "Poland"),
    "NSAM": ("CO", "Colombia"), "SSAM": ("BR", "Brazil"), "OC": ("AU", "Australia"), "ME": ("AE", "UAE"),
    "NAF": ("EG", "Egypt"), "SAF": ("ZA", "South Africa"), "SAS": ("IN", "India"), "SEAS": ("SG", "Singapore"),
    "NEAS": ("JP", "Japan"),
}  # fmt: skip
"""One country of each; nothing here follows them."""
_STANDARD = "Country and subdivision codes follow ISO 3166-1 alpha-2 and ISO 3166-2"


def listing(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../regions"""
    country = call.request.query.get("country_code_a2")
    regions = [_region(code) for code in REGIONS if country in (None, _COUNTRIES[code][0])]
    return account, result({"iso_standard": _STANDARD, "regions": regions})


def details(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../regions/{}"""
    code = call.ids[-1]
    if code not in REGIONS:
        raise not_found("region")
    return account, result({"iso_standard": _STANDARD, "regions": [_region(code)]})


def _region(code: str) -> dict[str, Any]:
    country, name = _COUNTRIES[code]
    return {"region_code": code, "countries": [{"country_code_a2": country, "country_name": name}]}


def search(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../search"""
    text = call.request.query.get("query") or call.request.query.get("search_params[query]") or ""
    wanted = call.request.query.get("references") or call.request.query.get("search_params[references]") or ""
    kinds = (("load_balancer", account.balancers), ("monitor", account.monitors), ("pool", account.pools))
    found = [
        _resource(account, kind, thing, wanted)
        for kind, things in kinds
        for thing in things.values()
        if text.lower() in reference("", kind, thing)["resource_name"].lower()
    ]
    return account, result({"resources": found})


def _resource(account: Account, kind: str, thing: Json, wanted: str) -> dict[str, Any]:
    told = {key: value for key, value in reference("", kind, thing).items() if key != "reference_type"}
    if wanted in ("*", "referral", "referrer"):
        every = _references(account, kind, thing)
        told["references"] = [one for one in every if wanted in ("*", one["reference_type"])]
    return told


def _references(account: Account, kind: str, thing: Json) -> list[dict[str, Any]]:
    if kind == "monitor":
        pools = (pool for pool in account.pools.values() if pool.get("monitor") == thing["id"])
        return [reference("referrer", "pool", pool) for pool in pools]
    if kind == "load_balancer":
        return [reference("referral", "pool", account.pools[pool]) for pool in sorted(pools_of(thing))]
    monitor = account.monitors.get(thing.get("monitor") or "")
    balancers = (one for one in account.balancers.values() if thing["id"] in pools_of(one))
    return [
        *(reference("referrer", "load_balancer", one) for one in balancers),
        *([] if monitor is None else [reference("referral", "monitor", monitor)]),
    ]
