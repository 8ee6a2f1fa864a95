"""The data plane's admin port: what it knows, and the few things that can be asked of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns, wall_time
from harness.engines.health_checks.checker import Checker, Observation
from harness.engines.health_checks.health import votes
from harness.engines.health_checks.policy import Blindness, Place
from harness.kit.admin import read_json
from harness.kit.config import Strict, parsed
from harness.kit.strict_json import strict_json
from harness.parts.steering.route53.plane import DataPlane

Reachable = Callable[[], bool]
NAME_SERVER = "ns-2048.awsdns-64.com"
"""What TestDNSAnswer calls us when the zone names nobody."""


class BlindBody(Strict):
    """The body of `POST /blind`; mode null: the checkers see again."""

    mode: Blindness | None


def routes(plane: DataPlane, control_plane_reachable: Reachable) -> list[web.RouteDef]:
    """The admin endpoints of one data plane."""

    async def status(_: web.Request) -> web.Response:
        return web.json_response(describe(plane, control_plane_reachable()))

    async def freeze(request: web.Request) -> web.Response:
        name = await _name_in(request)
        if not plane.configured:
            raise web.HTTPConflict(text="nothing to freeze: no configuration was read from the control plane yet")
        return web.json_response({"name": name, "addresses": plane.freeze(name)})

    async def blind(request: web.Request) -> web.Response:
        mode = parsed(BlindBody, await read_json(request), "blind").mode
        plane.blind(mode)
        return web.json_response({"blind": mode})

    async def sight(_: web.Request) -> web.Response:
        return web.json_response({"blind": plane.fleet.blindness})

    async def health_check_status(request: web.Request) -> web.Response:
        return web.json_response(_observations(plane, _query(request, "id")))

    async def test_dns_answer(request: web.Request) -> web.Response:
        zone_id, name, record_type = (_query(request, key) for key in ("hosted_zone_id", "name", "type"))
        subnet = request.query.get("client") or None
        return web.json_response(_test_answer(plane, zone_id, name, record_type, subnet))

    return [
        web.get("/status", status),
        web.post("/freeze", freeze),
        web.post("/thaw", _then_ok(plane.thaw)),
        web.post("/blind", blind),
        web.get("/sight", sight),
        web.post("/reset", _then_ok(plane.reset)),
        web.get("/health-check-status", health_check_status),
        web.get("/test-dns-answer", test_dns_answer),
    ]


def _then_ok(action: Callable[[], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        action()
        return web.json_response({"ok": True})

    return handler


def _query(request: web.Request, key: str) -> str:
    value = request.query.get(key)
    if not value:
        raise web.HTTPBadRequest(text=f"the query parameter `{key}` is missing")
    return value


async def _name_in(request: web.Request) -> str:
    try:
        body = strict_json(await request.read())
        name = body["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise web.HTTPBadRequest(text='the body must be JSON: {"name": "app.example.com"}') from error
    if not isinstance(name, str) or not name:
        raise web.HTTPBadRequest(text="`name` must be a DNS name")
    return name


def describe(plane: DataPlane, control_plane_reachable: bool) -> dict[str, Any]:
    """What GET /status says."""
    answers = {}
    for name in plane.settings.watch:
        addresses, ttl_s = plane.possible(name)
        answers[name] = {"addresses": addresses, "ttl_s": ttl_s}
    return {
        "configured": plane.configured,
        "control_plane_reachable": control_plane_reachable,
        "generation": plane.generation,
        "frozen": plane.frozen,
        "answers": answers,
        "load_balancers": {
            name: {"address": balancer.address, "healthy": balancer.healthy}
            for name, balancer in plane.now.health.load_balancers.items()
        },
        "checks": [_check(plane, check_id) for check_id in plane.now.config.checks],
    }


def _check(plane: DataPlane, check_id: str) -> dict[str, Any]:
    check = plane.now.config.checks[check_id]
    observers = tuple(plane.fleet.observers(check_id))
    states = tuple(state for _, state in observers)
    endpoint = plane.endpoint(check_id)
    return {
        "id": check_id,
        "type": check.type,
        "endpoint": endpoint,
        "region": plane.settings.regions.get(endpoint or ""),
        "status": "healthy" if plane.now.health.check(check_id) else "unhealthy",
        "healthy": votes(states),
        "has_data": sum(state.has_data for state in states),
        "last_ok": sum(state.last is not None and state.last.ok for state in states),
        "checkers": len(states),
        "observations": [_observation(place, state) for place, state in observers],
    }


def _observation(place: Place, state: Checker) -> dict[str, Any]:
    return {
        "region": place.region,
        "ip": place.ip,
        "healthy": state.healthy,
        "status": None if state.last is None else state.last.text,
        "checked_ns": None if state.last is None else state.last.checked_ns,
    }


def _observations(plane: DataPlane, check_id: str) -> dict[str, Any]:
    """What GetHealthCheckStatus and GetHealthCheckLastFailureReason are made of."""
    if check_id not in plane.now.config.checks:
        raise web.HTTPNotFound(text=f"no health check {check_id}")
    observers = tuple(plane.fleet.observers(check_id))
    return {
        "observations": [_report(place, state.last) for place, state in observers if state.last],
        "failures": [_report(place, state.last_failure) for place, state in observers if state.last_failure],
    }


def _report(place: Place, seen: Observation) -> dict[str, Any]:
    return {
        "region": place.region,
        "ip": place.ip,
        "status": seen.text,
        "checked_ns": seen.checked_ns,
        "checked_at": _wall(seen.checked_ns).isoformat(timespec="milliseconds"),
    }


def _wall(mono_ns: int) -> datetime:
    return (wall_time() - timedelta(microseconds=(monotonic_ns() - mono_ns) / 1000)).astimezone(UTC)


def _test_answer(plane: DataPlane, zone_id: str, name: str, record_type: str, subnet: str | None) -> dict[str, Any]:
    answer = plane.answer_in(zone_id, name, record_type, subnet)
    if answer is None:
        raise web.HTTPNotFound(text=f"no hosted zone {zone_id}")
    zone = plane.now.config.zone_by_id(zone_id)
    servers = [value for record in zone.group(zone.name, "NS") for value in record.values] if zone else []
    return {
        "name": name,
        "type": record_type,
        "rcode": answer.rcode,
        "record_data": [value for rrset in answer.answers for value in rrset.values],
        "nameserver": (servers or [NAME_SERVER])[0].rstrip("."),
        "protocol": "UDP",
    }
