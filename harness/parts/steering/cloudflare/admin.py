"""The process's own interface: what it knows, and what the world and the adversary may do to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from harness.engines.health_checks.checking import Blindness
from harness.kit.address import Address
from harness.kit.admin import answer_json, read_json
from harness.kit.config import Strict, Text, parsed
from harness.parts.steering.cloudflare import model
from harness.parts.steering.cloudflare.edge import Edge
from harness.parts.steering.cloudflare.health import endpoints_of, status_of
from harness.parts.steering.cloudflare.plane import Plane


class NameBody(Strict):
    """The body of `POST /freeze`."""

    name: Text


class AddressBookBody(Strict):
    """The body of `POST /address-book`: an origin's address -> where health checks, and proxies, dial for it."""

    checks: dict[str, Address]
    proxies: dict[str, Address]


class OutageBody(Strict):
    """The body of `POST /outage`; mode null: it is over."""

    mode: model.ApiLoss | None


class BlindBody(Strict):
    """The body of `POST /blind`; mode null: the data centres see again."""

    mode: Blindness | None


def routes(plane: Plane, edge: Edge) -> list[web.RouteDef]:
    """The admin endpoints."""

    async def status(_: web.Request) -> web.Response:
        return answer_json({**describe(plane), "proxied": dict(edge.counts)})

    async def listed(_: web.Request) -> web.Response:
        return answer_json(lines(plane))

    async def sight(_: web.Request) -> web.Response:
        return answer_json({"blind": plane.fleet.blindness})

    async def freeze(request: web.Request) -> web.Response:
        plane.happened(model.Freeze(parsed(NameBody, await read_json(request), "freeze").name))
        return answer_json(describe(plane))

    async def address_book(request: web.Request) -> web.Response:
        book = parsed(AddressBookBody, await read_json(request), "address-book")
        plane.dial_by(book.checks)
        edge.dial = dict(book.proxies)
        edge.forget()
        return answer_json(describe(plane))

    async def reset(_: web.Request) -> web.Response:
        plane.reset()
        edge.forget()
        return answer_json(describe(plane))

    async def outage(request: web.Request) -> web.Response:
        mode = parsed(OutageBody, await read_json(request), "outage").mode
        plane.happened(model.Restored() if mode is None else model.Lost(mode))
        return answer_json({"mode": mode})

    async def blind(request: web.Request) -> web.Response:
        mode = parsed(BlindBody, await read_json(request), "blind").mode
        plane.blind(mode)
        return answer_json({"blind": mode})

    return [
        web.get("/status", status),
        web.get("/lines", listed),
        web.get("/sight", sight),
        web.post("/address-book", address_book),
        web.post("/freeze", freeze),
        web.post("/thaw", _then(plane, lambda: plane.happened(model.Thaw()))),
        web.post("/reset", reset),
        web.post("/outage", outage),
        web.post("/blind", blind),
    ]


def _then(plane: Plane, action: Callable[[], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        action()
        return answer_json(describe(plane))

    return handler


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    answers = {}
    for name in plane.machine.watch:
        addresses, ttl_s = plane.machine.possible(state, name)
        answers[name] = {"addresses": addresses, "ttl_s": ttl_s}
    return {
        "answers": answers,
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
