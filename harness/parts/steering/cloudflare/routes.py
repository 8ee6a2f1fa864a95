"""Which handler answers which call: the paths of the published description, and the few that lead to an id."""

from __future__ import annotations

import re

from harness.engines.provider.routing import Routes
from harness.parts.steering.cloudflare import balancers, monitors, pools, previews, regions
from harness.parts.steering.cloudflare.calls import Handler
from harness.parts.steering.cloudflare.values import Refusal, no_route

BASE = "/client/v4"
_ACCOUNT, _ZONE = "/accounts/{}/load_balancers", "/zones/{}/load_balancers"
_MONITOR, _POOL = f"{_ACCOUNT}/monitors/{{}}", f"{_ACCOUNT}/pools/{{}}"
_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", f"{_ACCOUNT}/monitors", monitors.listing),
    ("POST", f"{_ACCOUNT}/monitors", monitors.create),
    ("GET", _MONITOR, monitors.details),
    ("PUT", _MONITOR, monitors.change),
    ("PATCH", _MONITOR, monitors.change),
    ("DELETE", _MONITOR, monitors.delete),
    ("POST", f"{_MONITOR}/preview", previews.of_monitor),
    ("GET", f"{_MONITOR}/references", monitors.references),
    ("GET", f"{_ACCOUNT}/pools", pools.listing),
    ("POST", f"{_ACCOUNT}/pools", pools.create),
    ("PATCH", f"{_ACCOUNT}/pools", pools.change_all),
    ("GET", _POOL, pools.details),
    ("PUT", _POOL, pools.change),
    ("PATCH", _POOL, pools.change),
    ("DELETE", _POOL, pools.delete),
    ("GET", f"{_POOL}/health", pools.health),
    ("POST", f"{_POOL}/preview", previews.of_pool),
    ("GET", f"{_POOL}/references", pools.references),
    ("GET", f"{_ACCOUNT}/preview/{{}}", previews.preview),
    ("GET", f"{_ACCOUNT}/regions", regions.listing),
    ("GET", f"{_ACCOUNT}/regions/{{}}", regions.details),
    ("GET", f"{_ACCOUNT}/search", regions.search),
    ("GET", _ZONE, balancers.listing),
    ("POST", _ZONE, balancers.create),
    ("GET", f"{_ZONE}/{{}}", balancers.details),
    ("PUT", f"{_ZONE}/{{}}", balancers.change),
    ("PATCH", f"{_ZONE}/{{}}", balancers.change),
    ("DELETE", f"{_ZONE}/{{}}", balancers.delete),
    ("GET", "/zones", previews.zones),
    ("GET", "/zones/{}", previews.zone),
    ("GET", "/accounts", previews.accounts),
    ("GET", "/user/tokens/verify", previews.verify),
)
_IDENTIFIER = re.compile(r"[0-9a-f]{32}")


_ROUTES = Routes(_TABLE, BASE)


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler of a call, and what its path names. Raises Refusal."""
    found = _ROUTES.find(path)
    if found is None:
        raise Refusal(400, (7000, "No route for that URI"))
    if method not in found.handlers:
        raise Refusal(405, (10405, "Method not allowed for this authentication scheme"), headers=found.allow)
    if any(not _IDENTIFIER.fullmatch(one) for one in found.ids[:1]):
        raise no_route(path)
    return found.handlers[method], found.ids


served = _ROUTES.served
