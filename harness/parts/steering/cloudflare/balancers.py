"""Load balancers: a name of the zone, the pools that answer for it in order, and the one of last resort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.engines.dns.names import is_host_name
from harness.engines.provider.values import NOTHING, Json
from harness.parts.steering.cloudflare.calls import Call
from harness.parts.steering.cloudflare.fields import Fields
from harness.parts.steering.cloudflare.values import Account, Reply, invalid, result, without

TTL_S = 30
"""Of a load balancer that is not proxied, when nothing is said."""
TTLS = (10, 86_400)
POLICIES = ("off", "geo", "random", "dynamic_latency", "proximity", "least_outstanding_requests", "least_connections")
AFFINITIES = ("none", "cookie", "ip_cookie", "header")


def listing(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /zones/{}/load_balancers"""
    return account, call.listed(account.balancers.values())


def details(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /zones/{}/load_balancers/{}"""
    return account, result(call.found(account.balancers, "load balancer"))


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /zones/{}/load_balancers"""
    made = call.stamped(_checked(account, call, NOTHING), None, call.new_id(account))
    _refuse_name(account, made)
    return replace(account, balancers={**account.balancers, made["id"]: made}).counted(), result(made)


def change(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT and PATCH /zones/{}/load_balancers/{}"""
    before = call.found(account.balancers, "load balancer")
    changed = call.stamped(_checked(account, call, NOTHING if call.replaces else before), before, before["id"])
    _refuse_name(account, changed)
    return replace(account, balancers={**account.balancers, before["id"]: changed}), result(changed)


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /zones/{}/load_balancers/{}"""
    known = call.found(account.balancers, "load balancer")["id"]
    return replace(account, balancers=without(account.balancers, known)), result({"id": known})


def _refuse_name(account: Account, balancer: Json) -> None:
    if any(other["name"] == balancer["name"] and other["id"] != balancer["id"] for other in account.balancers.values()):
        raise invalid(f"a load balancer with the name {balancer['name']} already exists")


def _checked(account: Account, call: Call, before: Json) -> dict[str, Any]:
    fields = Fields(call.body, before)
    name: str = fields.wanted("name", str).lower()
    zone = call.rules.zone
    if name != zone and not name.endswith(f".{zone}"):
        raise invalid(f"name {name} is not in the zone {zone}")
    if not is_host_name(name.removeprefix("*.")):
        raise invalid(f"name {name} is no host name")
    default_pools = fields.texts("default_pools")
    if not default_pools:
        raise invalid("default_pools is required")
    told: dict[str, Any] = {
        "name": name,
        "description": fields.of("description", str, ""),
        "enabled": fields.of("enabled", bool, True),
        "proxied": fields.of("proxied", bool, False),
        "default_pools": default_pools,
        "fallback_pool": fields.wanted("fallback_pool", str),
        "region_pools": fields.lists_by_name("region_pools"),
        "country_pools": fields.lists_by_name("country_pools"),
        "pop_pools": fields.lists_by_name("pop_pools"),
        "session_affinity": fields.among("session_affinity", AFFINITIES, "none"),
        "adaptive_routing": _flags(fields.of("adaptive_routing", dict, {}), "failover_across_pools"),
    }
    geo = any(told[key] for key in ("region_pools", "country_pools", "pop_pools"))
    told["steering_policy"] = fields.among("steering_policy", POLICIES, "geo" if geo else "off")
    for key, kind in _AS_GIVEN:
        if (given := fields.of(key, kind)) is not None:
            told[key] = given
    if (rules := fields.objects("rules")) is not None:
        told["rules"] = rules
    _refuse_unknown(account, told)
    return told | _ttl(fields, call, told["proxied"])


_AS_GIVEN = (
    ("location_strategy", dict), ("random_steering", dict), ("session_affinity_attributes", dict),
    ("session_affinity_ttl", int),
)  # fmt: skip
"""Kept as they are told; nothing here follows them."""


def _ttl(fields: Fields, call: Call, proxied: bool) -> dict[str, int]:
    if not proxied:
        return {"ttl": fields.within("ttl", *TTLS, TTL_S)}
    if call.body.get("ttl"):
        raise invalid("ttl cannot be set for a proxied load balancer")
    return {}


def _flags(given: Json, *names: str) -> dict[str, bool]:
    fields = Fields(given, NOTHING)
    return {name: fields.of(name, bool, False) for name in names}


def _refuse_unknown(account: Account, told: Json) -> None:
    mapped = [pools for key in ("region_pools", "country_pools", "pop_pools") for pools in told[key].values()]
    wanted = {*told["default_pools"], told["fallback_pool"], *(pool for pools in mapped for pool in pools)}
    missing = sorted(wanted - set(account.pools))
    if missing:
        raise invalid(f"could not find pool {missing[0]}")
