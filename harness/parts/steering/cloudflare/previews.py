"""Previews: what a monitor would find, and the account and zone that a caller looks up first.

A preview tells what the data centres know of the pools now; a monitor that is not configured is not tried.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.engines.provider.values import NOTHING
from harness.parts.steering.cloudflare.calls import Call
from harness.parts.steering.cloudflare.health import endpoints_of, told_of
from harness.parts.steering.cloudflare.monitors import checked
from harness.parts.steering.cloudflare.values import Account, Reply, identifier, not_found, result


def of_monitor(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST .../monitors/{}/preview"""
    monitor = call.found(account.monitors, "monitor")
    checked(call.body, NOTHING)
    return _started(account, call, [p["id"] for p in account.pools.values() if p.get("monitor") == monitor["id"]])


def of_pool(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST .../pools/{}/preview"""
    pool = call.found(account.pools, "pool")
    checked(call.body, NOTHING)
    return _started(account, call, [pool["id"]])


def _started(account: Account, call: Call, pools: list[str]) -> tuple[Account, Reply]:
    made = call.new_id(account)
    account = replace(account, previews={**account.previews, made: tuple(pools)}).counted()
    return account, result({"preview_id": made, "pools": {pool: account.pools[pool]["name"] for pool in pools}})


def preview(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../preview/{}"""
    pools = account.previews.get(call.ids[-1])
    if pools is None:
        raise not_found("preview")
    found: dict[str, Any] = {}
    for pool in (account.pools[key] for key in pools if key in account.pools):
        told = [{one.address: told_of(call.health, one.id)} for one in endpoints_of(pool)]
        found[pool["id"]] = {"healthy": all(next(iter(one.values()))["healthy"] for one in told), "origins": told}
    return account, result(found)


def zones(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /zones"""
    zone = _zone(call)
    wanted = call.request.query.get("name", zone["name"])
    return account, call.listed([zone] if wanted == zone["name"] else [])


def zone(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /zones/{}"""
    return account, result(_zone(call))


def accounts(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /accounts"""
    return account, call.listed([{"id": call.rules.account_id, "name": "drill", "type": "standard"}])


def verify(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /user/tokens/verify"""
    return account, result({"id": identifier(0, "token"), "status": "active"})


def _zone(call: Call) -> dict[str, Any]:
    rules = call.rules
    return {
        "id": rules.zone_id,
        "name": rules.zone,
        "status": "active",
        "paused": False,
        "type": "full",
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "account": {"id": rules.account_id, "name": "drill"},
    }
