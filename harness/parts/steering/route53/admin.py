"""The data plane's admin port: what it knows, and the few things that can be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns, wall_time
from harness.engines.health_checks.checker import Checker, Observation
from harness.engines.health_checks.health import votes
from harness.engines.health_checks.policy import Place
from harness.engines.provider import admin
from harness.parts.steering.route53.plane import DataPlane

Reachable = Callable[[], bool]
NAME_SERVER = "ns-2048.awsdns-64.com"
"""What TestDNSAnswer calls us when the zone names nobody."""


def routes(plane: DataPlane, control_plane_reachable: Reachable) -> list[web.RouteDef]:
    """The admin endpoints of one data plane."""

    def told() -> dict[str, Any]:
        return describe(plane, control_plane_reachable())

    async def health_check_status(request: web.Request) -> web.Response:
        return web.json_response(_observations(plane, _query(request, "id")))

    async def test_dns_answer(request: web.Request) -> web.Response:
        zone_id, name, record_type = (_query(request, key) for key in ("hosted_zone_id", "name", "type"))
        subnet = request.query.get("client") or None
        return web.json_response(_test_answer(plane, zone_id, name, record_type, subnet))

    return [
        *admin.names(plane, told),
        *admin.checks(plane.fleet, plane.blind),
        web.get("/health-check-status", health_check_status),
        web.get("/test-dns-answer", test_dns_answer),
    ]


def _query(request: web.Request, key: str) -> str:
    value = request.query.get(key)
    if not value:
        raise web.HTTPBadRequest(text=f"the query parameter `{key}` is missing")
    return value


def describe(plane: DataPlane, control_plane_reachable: bool) -> dict[str, Any]:
    """What GET /status says."""
    return {
        "configured": plane.configured,
        "control_plane_reachable": control_plane_reachable,
        "generation": plane.generation,
        "frozen": plane.frozen,
        "answers": admin.answers(plane.settings.watch, plane.possible),
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
    return {
        "id": check_id,
        "type": check.type,
        "endpoint": plane.endpoint(check_id),
        "region": plane.region(check_id),
        "status": "healthy" if plane.now.health.check(check_id) else "unhealthy",
        "healthy": votes(states),
        "told": plane.told(check_id),
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
