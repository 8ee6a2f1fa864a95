"""Monitors: what is asked of every origin of a pool, how often, and what counts as an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import NOTHING, Json
from harness.parts.steering.cloudflare.calls import Call
from harness.parts.steering.cloudflare.fields import Fields
from harness.parts.steering.cloudflare.values import Account, Reply, in_use, invalid, result, without

TYPES = ("http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp")
INTERVAL_S, TIMEOUT_S, RETRIES = 60, 5, 2
"""When nothing is said (API description)."""
INTERVALS, TIMEOUTS, RETRIES_MAX, CONSECUTIVE_MAX = (5, 3_600), (1, 10), 5, 10
"""What an account may ask for; 5 s needs a plan that allows it."""
_CODES = re.compile(r"[1-5]xx|([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")


def listing(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../monitors"""
    return account, call.listed(account.monitors.values())


def details(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../monitors/{}"""
    return account, result(call.found(account.monitors, "monitor"))


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST .../monitors"""
    made = call.stamped(checked(call.body, NOTHING), None, call.new_id(account))
    return replace(account, monitors={**account.monitors, made["id"]: made}).counted(), result(made)


def change(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT and PATCH .../monitors/{}"""
    before = call.found(account.monitors, "monitor")
    changed = call.stamped(checked(call.body, NOTHING if call.replaces else before), before, before["id"])
    return replace(account, monitors={**account.monitors, before["id"]: changed}), result(changed)


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE .../monitors/{}"""
    known = call.found(account.monitors, "monitor")["id"]
    if any(pool.get("monitor") == known for pool in account.pools.values()):
        raise in_use()
    return replace(account, monitors=without(account.monitors, known)), result({"id": known})


def references(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET .../monitors/{}/references"""
    known = call.found(account.monitors, "monitor")["id"]
    return account, call.listed(
        reference("referrer", "pool", pool) for pool in account.pools.values() if pool.get("monitor") == known
    )


def reference(direction: str, kind: str, thing: Json) -> dict[str, Any]:
    """How one thing that refers to another, or is referred to, is told."""
    name = thing.get("name") or thing.get("description") or ""
    return {"reference_type": direction, "resource_id": thing["id"], "resource_name": name, "resource_type": kind}


def checked(body: Json, before: Json) -> dict[str, Any]:
    """A monitor as the API tells it. Raises Refusal."""
    fields = Fields(body, before)
    kind = fields.among("type", TYPES, "http")
    told: dict[str, Any] = {
        "type": kind,
        "description": fields.of("description", str, ""),
        "interval": fields.within("interval", *INTERVALS, INTERVAL_S),
        "timeout": fields.within("timeout", *TIMEOUTS, TIMEOUT_S),
        "retries": fields.within("retries", 0, RETRIES_MAX, RETRIES),
        "consecutive_up": fields.within("consecutive_up", 0, CONSECUTIVE_MAX, 0),
        "consecutive_down": fields.within("consecutive_down", 0, CONSECUTIVE_MAX, 0),
        "port": fields.within("port", 0, 65_535, 0),
    }
    if told["timeout"] >= told["interval"]:
        raise invalid("timeout must be smaller than interval")
    if kind in ("http", "https"):
        return told | _of_http(fields)
    if kind in ("tcp", "udp_icmp", "smtp") and told["port"] == 0:
        raise invalid("port is not in range [1, 65535]")
    method = fields.of("method", str, "connection_established") if kind == "tcp" else ""
    if kind == "tcp" and method not in ("connection_established", "GET"):
        raise invalid("method must be connection_established")
    return told | ({"method": "connection_established"} if kind == "tcp" else {})


def _of_http(fields: Fields) -> dict[str, Any]:
    path: str = fields.of("path", str, "/") or "/"
    if not path.startswith("/") or any(ord(character) < 33 for character in path):
        raise invalid("path must begin with /")
    codes: str = fields.of("expected_codes", str, "200") or "200"
    if not all(map(_are_codes, codes.replace(" ", "").split(","))):
        raise invalid(f"expected_codes {codes!r} are no HTTP status codes")
    return {
        "method": fields.among("method", ("GET", "HEAD"), "GET"),
        "path": path,
        "expected_codes": codes,
        "expected_body": fields.of("expected_body", str, ""),
        "follow_redirects": fields.of("follow_redirects", bool, False),
        "allow_insecure": fields.of("allow_insecure", bool, False),
        "probe_zone": fields.of("probe_zone", str, ""),
        "header": fields.headers("header"),
    }


def _are_codes(text: str) -> bool:
    """`200`, `2xx` or `200-299`; a range begins with its lowest."""
    found = _CODES.fullmatch(text)
    return found is not None and (found[2] is None or int(found[1]) <= int(found[2]))
