"""Pools: the origins of one place, the monitor that looks at them, from where, and how many must be well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.engines.dns.names import is_host_name
from harness.engines.provider.values import NOTHING, Json
from harness.parts.steering.cloudflare.calls import Call
from harness.parts.steering.cloudflare.fields import Fields
from harness.parts.steering.cloudflare.health import REGIONS, health_of, is_address
from harness.parts.steering.cloudflare.monitors import reference
from harness.parts.steering.cloudflare.values import Account, Reply, in_use, invalid, not_found, result, without

ORIGINS_MAX = 200
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
STEERING = ("random", "hash", "least_outstanding_requests", "least_connections")


def listing(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../pools"""
    wanted = call.request.query.get("monitor")
    return account, call.listed(p for p in account.pools.values() if wanted is None or p.get("monitor") == wanted)


def details(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../pools/{}"""
    return account, result(call.found(account.pools, "pool"))


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST .../pools"""
    made = call.stamped(_checked(account, call, NOTHING), None, call.new_id(account))
    _refuse_name(account, made)
    return replace(account, pools={**account.pools, made["id"]: made}).counted(), result(made)


def change(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT and PATCH .../pools/{}"""
    before = call.found(account.pools, "pool")
    changed = call.stamped(_checked(account, call, NOTHING if call.replaces else before), before, before["id"])
    _refuse_name(account, changed)
    return replace(account, pools={**account.pools, before["id"]: changed}), result(changed)


def change_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """PATCH .../pools: removes a notification address from every pool."""
    if call.body.get("notification_email", "") != "":
        raise invalid("notification_email can only be set to an empty string for all pools")
    pools = {key: {**pool, "notification_email": "", "modified_on": call.now} for key, pool in account.pools.items()}
    return replace(account, pools=pools), call.listed(pools.values())


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE .../pools/{}"""
    known = call.found(account.pools, "pool")["id"]
    if any(known in pools_of(balancer) for balancer in account.balancers.values()):
        raise in_use()
    return replace(account, pools=without(account.pools, known)), result({"id": known})


def health(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../pools/{}/health: what each data centre saw last."""
    pool = call.found(account.pools, "pool")
    return account, result({"pool_id": pool["id"], "pop_health": health_of(pool, call.health)})


def references(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../pools/{}/references"""
    pool = call.found(account.pools, "pool")
    known = pool["id"]
    found = [reference("referrer", "load_balancer", b) for b in account.balancers.values() if known in pools_of(b)]
    monitor = account.monitors.get(pool.get("monitor") or "")
    return account, call.listed([*found, *([] if monitor is None else [reference("referral", "monitor", monitor)])])


def pools_of(balancer: Json) -> set[str]:
    """Every pool that a load balancer refers to."""
    mapped = (
        pool
        for key in ("region_pools", "country_pools", "pop_pools")
        for pools in balancer[key].values()
        for pool in pools
    )
    return {*balancer["default_pools"], balancer["fallback_pool"], *mapped}


def _refuse_name(account: Account, pool: Json) -> None:
    if any(other["name"] == pool["name"] and other["id"] != pool["id"] for other in account.pools.values()):
        raise invalid(f"a pool with the name {pool['name']} already exists")


def _checked(account: Account, call: Call, before: Json) -> dict[str, Any]:
    fields = Fields(call.body, before)
    name: str = fields.wanted("name", str)
    if not _NAME.fullmatch(name):
        raise invalid("name may only contain alphanumeric characters, hyphens and underscores")
    monitor: str = fields.of("monitor", str, "")
    if monitor and monitor not in account.monitors:
        raise not_found("monitor")
    enabled = fields.of("enabled", bool, True)
    told = {
        "name": name,
        "description": fields.of("description", str, ""),
        "enabled": enabled,
        "minimum_origins": fields.within("minimum_origins", 1, ORIGINS_MAX, 1),
        "origins": _origins(fields.of("origins", list, []), call, before),
        "check_regions": _regions(fields),
        "notification_email": fields.of("notification_email", str, ""),
        "load_shedding": _shedding(fields.of("load_shedding", dict, {})),
        "origin_steering": {
            "policy": Fields(fields.of("origin_steering", dict, {}), NOTHING).among("policy", STEERING, "random")
        },
        **_position(fields),
    }
    if monitor:
        told["monitor"] = monitor
    if fields.of("notification_filter", dict) is not None:
        told["notification_filter"] = fields.of("notification_filter", dict)
    if not enabled:
        told["disabled_at"] = before.get("disabled_at", call.now)
    return told


def _regions(fields: Fields) -> list[str] | None:
    """Null means every data centre; here that is those of every region that can be named."""
    found = fields.texts("check_regions")
    wrong = [region for region in found if region not in (*REGIONS, "ALL_REGIONS")]
    if wrong:
        raise invalid(f"check_regions: {', '.join(wrong)} is no region")
    return found or None


def _position(fields: Fields) -> dict[str, float]:
    found = {
        "latitude": fields.number("latitude", -90, 90, None),
        "longitude": fields.number("longitude", -180, 180, None),
    }
    if (found["latitude"] is None) != (found["longitude"] is None):
        raise invalid("latitude and longitude must both be set")
    return {key: value for key, value in found.items() if value is not None}


def _shedding(given: Json) -> dict[str, Any]:
    fields = Fields(given, NOTHING)
    return {
        "default_percent": fields.number("default_percent", 0, 100, 0),
        "default_policy": fields.among("default_policy", ("random", "hash"), "random"),
        "session_percent": fields.number("session_percent", 0, 100, 0),
        "session_policy": fields.among("session_policy", ("hash",), "hash"),
    }


def _origins(given: list[Any], call: Call, before: Json) -> list[dict[str, Any]]:
    if not 1 <= len(given) <= ORIGINS_MAX:
        raise invalid(f"the origin list length must be in range [1, {ORIGINS_MAX}]")
    known = {one["name"]: one.get("disabled_at", call.now) for one in before.get("origins", ())}
    found = [_origin(one, call, known) for one in given]
    for key in ("name", "address"):
        if len({(one[key], one.get("port") if key == "address" else 0) for one in found}) < len(found):
            raise invalid(f"origins must have unique {key}s")
    return found


def _origin(given: Any, call: Call, known: Mapping[str, str]) -> dict[str, Any]:
    """known: since when those of the pool that are disabled are, by name."""
    if not isinstance(given, Mapping):
        raise invalid("origins must be an array of objects")
    fields = Fields(given, NOTHING)
    enabled = fields.of("enabled", bool, True)
    told = {
        "name": fields.wanted("name", str),
        "address": fields.wanted("address", str),
        "enabled": enabled,
        "weight": fields.number("weight", 0, 1, 1),
    }
    if not is_address(told["address"]) and not is_host_name(told["address"]):
        raise invalid(f"address {told['address']!r} is neither an IP address nor a host name")
    header = fields.headers("header")
    if [name.lower() for name in header] not in ([], ["host"]):
        raise invalid("header can only override Host")
    if header:
        told["header"] = {"Host": next(iter(header.values()))}
    if fields.within("port", 0, 65_535, 0):
        told["port"] = fields.within("port", 0, 65_535, 0)
    if fields.of("virtual_network_id", str):
        told["virtual_network_id"] = fields.of("virtual_network_id", str)
    if not enabled:
        told["disabled_at"] = known.get(told["name"], call.now)
    return told
