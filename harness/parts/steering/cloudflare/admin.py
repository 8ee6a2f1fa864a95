"""The process's own interface: what it knows, and what the world and the adversary may do to it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from harness.engines.provider import admin
from harness.kit.address import Address
from harness.kit.admin import answer_json, read_json
from harness.kit.config import Strict, parsed
from harness.parts.steering.cloudflare.edge import Edge
from harness.parts.steering.cloudflare.health import endpoints_of, status_of
from harness.parts.steering.cloudflare.plane import Plane


class AddressBookBody(Strict):
    """The body of `POST /address-book`: an origin's address -> where health checks, and proxies, dial for it."""

    checks: dict[str, Address]
    proxies: dict[str, Address]


def routes(plane: Plane, edge: Edge) -> list[web.RouteDef]:
    """The admin endpoints."""

    def told() -> dict[str, Any]:
        return {**describe(plane), "proxied": dict(edge.counts)}

    async def address_book(request: web.Request) -> web.Response:
        book = parsed(AddressBookBody, await read_json(request), "address-book")
        plane.dial_by(book.checks)
        edge.dial = dict(book.proxies)
        edge.forget()
        return answer_json(told())

    return [
        *admin.names(_Both(plane, edge), told),
        *admin.account(lambda: lines(plane)),
        *admin.checks(plane.fleet, plane.blind),
        *admin.api(plane.lose_api),
        web.post("/address-book", address_book),
    ]


class _Both:
    """The plane, and the proxies in front, which forget with it."""

    def __init__(self, plane: Plane, edge: Edge) -> None:
        self._edge, self._plane = edge, plane
        self.freeze, self.thaw = plane.freeze, plane.thaw

    def reset(self) -> None:
        """See harness.engines.provider.admin.Plane."""
        self._plane.reset()
        self._edge.forget()


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    return {
        "answers": admin.answers(plane.machine.watch, lambda name: plane.machine.possible(state, name)),
        "generation": state.generation,
        "frozen": sorted(state.frozen),
        "api": state.lost or "serving",
        "blind": plane.fleet.blindness,
        "endpoints": [
            _endpoint(plane, pool, one) for pool in state.account.pools.values() for one in endpoints_of(pool)
        ],
    }


def _endpoint(plane: Plane, pool: Any, endpoint: Any) -> dict[str, Any]:
    seen = plane.state.health.seen.get(endpoint.id, ())
    failures = [one.last_failure for one in seen if one.last_failure is not None and not one.healthy]
    latest = max(failures, key=lambda one: one.checked_ns, default=None)
    return {
        "address": endpoint.address,
        "pool": pool["name"],
        "healthy": plane.state.health.endpoint(endpoint.id),
        "data_centres": len(seen),
        "has_data": sum(one.has_data for one in seen),
        "last_ok": sum(one.last is not None and one.last.ok for one in seen),
        "failure": None if latest is None else latest.text,
        "status": None if latest is None else latest.status,
    }


def lines(plane: Plane) -> list[dict[str, str]]:
    """The account for people: pools with their health, load balancers with where they lead."""
    account, health = plane.state.account, plane.state.health
    found = []
    for pool in account.pools.values():
        origins = ", ".join(origin["address"] for origin in pool["origins"])
        found.append({"what": f"pool {pool['name']}", "where": origins, "about": status_of(pool, health)})
    for balancer in account.balancers.values():
        chosen = plane.state.chosen(balancer["name"])
        name = "nowhere" if chosen.pool is None else str(chosen.pool["name"])
        about = f"leads to {name}" + (" (fallback)" if chosen.fallback else "")
        mode = "proxied" if balancer["proxied"] else f"DNS only, TTL {balancer['ttl']} s"
        found.append({"what": "load balancer", "where": balancer["name"], "about": f"{about}; {mode}"})
    return found
