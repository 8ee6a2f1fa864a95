"""Routing controls as a process: the configuration API, five cluster endpoints, and an admin port.

Admin: GET /status; POST /reset; POST /outage {"mode": "silent" | "failing" | null}: the configuration API is lost, and
the endpoints go on; POST /maintenance {"away": N}: how many endpoints are away at any time from now on; POST /switch
{"on": [ARN, ...]}: these are on and all others off, before anybody has a say in it; POST /followers
{"checks": {ID: ARN}}: which health checks of Route 53 follow which.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

from aiohttp import web
from pydantic import Field

from harness.clock import monotonic_ns
from harness.engines.provider import admin
from harness.engines.provider.api import application, never
from harness.engines.provider.process import serving
from harness.engines.provider.values import ApiLoss
from harness.engines.sliding_window import Window
from harness.history.events import Happening
from harness.kit.address import ANY_ADDRESS, LoopbackAddress
from harness.kit.admin import answer_json, read_json
from harness.kit.config import Strict, parsed
from harness.kit.process import Ready, run_until_signal
from harness.kit.strict_json import strict_json
from harness.parts.steering.route53.routing_controls.cluster_api import PREFIX, ClusterApi
from harness.parts.steering.route53.routing_controls.config_api import ConfigApi
from harness.parts.steering.route53.routing_controls.maintenance import AWAY_MAX, REGIONS, Maintenance
from harness.parts.steering.route53.routing_controls.model import Controls
from harness.parts.steering.route53.routing_controls.things import (
    Control,
    Effect,
    Event,
    Flipped,
    Forgotten,
    Refused,
    State,
    Switched,
)
from harness.parts.steering.route53.routing_controls.values import Reply, Request
from harness.units import NS_PER_S, to_ns

log = logging.getLogger(__name__)
_NAME = "routing controls"
_SHUTDOWN_S = 0.5
_CREDENTIAL = "Credential="


class RoutingControlsConfig(Strict):
    """config: of the configuration API; endpoints: of the cluster, in the order of maintenance.REGIONS.

    away: how many endpoints are away at any time; turn_s: for how long the same ones are. deploy_s: how long what was
    made is PENDING. changes_per_s: that one endpoint takes; None: any number. events: JSON-lines file. testimony,
    places: see harness.engines.testimony.
    """

    config: LoopbackAddress = ANY_ADDRESS
    admin: LoopbackAddress = ANY_ADDRESS
    away: Annotated[int, Field(ge=0, le=AWAY_MAX)] = 0
    turn_s: Annotated[float, Field(gt=0)] = 20
    deploy_s: Annotated[float, Field(ge=0)] = 0
    changes_per_s: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    events: Path | None = None
    testimony: Path | None = None
    places: tuple[str, ...] = ()


class MaintenanceBody(Strict):
    """The body of `POST /maintenance`."""

    away: Annotated[int, Field(ge=0, le=AWAY_MAX)]


class FollowersBody(Strict):
    """The body of `POST /followers`. checks: health check -> the ARN of the routing control that it follows."""

    checks: dict[str, str]


class SwitchBody(Strict):
    """The body of `POST /switch`."""

    on: tuple[str, ...]


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT. ready: {"config", "admin", each region of an endpoint: [host, port]}.

    Raises InputError for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = parsed(RoutingControlsConfig, config, _NAME)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(settings: RoutingControlsConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with serving(_NAME, settings.events) as process:
        world = Recovery(settings, process.record)
        endpoints = {region: await process.api(world.endpoint(region), name=region) for region in REGIONS}
        world.urls = {region: f"http://{host}:{port}" for region, (host, port) in endpoints.items()}
        await process.api(world.configuration(), settings.config, "config")
        await process.admin(world.admin(), settings.admin)
        process.hear(settings.testimony, settings.places)
        process.ready(ready)
        await stop.wait()


class Recovery:
    """The machine, driven: who calls is answered by it. record: where events go."""

    def __init__(self, settings: RoutingControlsConfig, record: Any) -> None:
        self._record = record
        self._machine = Controls(to_ns(settings.deploy_s))
        self._state = State()
        self._random = random.Random(f"{settings.seed}/routing-controls")
        self._turn_ns = to_ns(settings.turn_s)
        self.maintenance = Maintenance(settings.away, self._turn_ns, monotonic_ns())
        self.urls: Mapping[str, str] = {}
        self._outage: ApiLoss | None = None
        self._changes_per_s = settings.changes_per_s
        self._changes: dict[str, Window] = {}
        self._followers: Mapping[str, str] = {}

    def _happened(self, event: Event) -> tuple[Effect, ...]:
        self._state, effects = self._machine.step(self._state, event, monotonic_ns())
        for effect in effects:
            if isinstance(effect, Flipped):
                log.info("routing control %s is %s", effect.control.name, "On" if effect.on else "Off")
        return effects

    # -- the configuration API -----------------------------------------------------------------------------------
    def configuration(self) -> web.Application:
        """An application that serves the configuration API."""
        api = ConfigApi(
            self._machine, lambda: self._state, self._happened, self._endpoints, self._draw, monotonic_ns,
            lambda: self._followers,
        )  # fmt: skip

        async def answer(request: web.Request) -> web.StreamResponse:
            if self._outage == "silent":
                await never()
            if self._outage == "failing":
                reply = Reply(500, {"message": "An unexpected error occurred."}, "InternalServerException")
                return _response(reply, "application/json")
            body = await _body(request)
            if not isinstance(body, dict):
                reply = Reply(400, {"message": "The body cannot be read."}, "ValidationException")
                return _response(reply, "application/json")
            path = tuple(unquote(part) for part in request.rel_url.raw_path.strip("/").split("/"))
            keys = tuple(request.query.getall("TagKeys", ()))
            asked = Request(request.method, path, dict(request.query), body, keys)
            return _response(api.answer(asked), "application/json")

        return application(answer)

    @property
    def _endpoints(self) -> Mapping[str, str]:
        return self.urls

    def _draw(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    # -- the cluster's endpoints ---------------------------------------------------------------------------------
    def endpoint(self, region: str) -> web.Application:
        """An application that serves the cluster's endpoint in a region."""
        api = ClusterApi(
            lambda: self._state,
            self._happened,
            lambda: region in self.maintenance.away(monotonic_ns()),
            lambda: self._is_busy(region),
        )

        async def answer(request: web.Request) -> web.StreamResponse:
            target = request.headers.get("X-Amz-Target", "")
            reply = api.answer(target, await _body(request))
            self._tell(region, target.removeprefix(PREFIX), reply, _caller(request))
            return _response(reply, "application/x-amz-json-1.0")

        return application(answer)

    def _is_busy(self, region: str) -> bool:
        if self._changes_per_s is None:
            return False
        now_ns = monotonic_ns()
        window = self._changes.get(region, Window(NS_PER_S, self._changes_per_s)).at(now_ns)
        self._changes[region] = window if window.full else window.plus_one(now_ns)
        return window.full

    def _tell(self, region: str, operation: str, reply: Reply, who: str) -> None:
        if operation.startswith("Update") or reply.code:
            outcome, good = reply.code or "200", not reply.code
            log.info("%s at %s: %s", operation, region, outcome)
            what = f"{operation or 'a call'} at {region}"
            self._record(Happening("call", who, what, monotonic_ns(), outcome, lasts=False, good=good))

    def _lose_api(self, mode: ApiLoss | None) -> None:
        self._outage = mode

    # -- the admin port ------------------------------------------------------------------------------------------
    def admin(self) -> list[web.RouteDef]:
        """What can be asked of the process, and done to it."""

        async def status(_: web.Request) -> web.Response:
            return answer_json(
                {
                    "states": {arn: arn in self._state.on for arn in self._state.things if "/routingcontrol/" in arn},
                    "away": list(self.maintenance.away(monotonic_ns())),
                    "outage": self._outage,
                }
            )

        async def reset(_: web.Request) -> web.Response:
            self._happened(Forgotten())
            return answer_json({"ok": True})

        async def maintenance(request: web.Request) -> web.Response:
            away = parsed(MaintenanceBody, await read_json(request), "maintenance").away
            self.maintenance = Maintenance(away, self._turn_ns, monotonic_ns())
            return answer_json({"away": list(self.maintenance.away(monotonic_ns()))})

        async def switch(request: web.Request) -> web.Response:
            on = parsed(SwitchBody, await read_json(request), "switch").on
            controls = {control.arn: control.arn in on for control in self._state.of(Control)}
            told = self._happened(Switched(controls, tuple(rule.arn for rule in self._state.rules())))
            return answer_json({"on": on}, 400 if any(isinstance(effect, Refused) for effect in told) else 200)

        async def followers(request: web.Request) -> web.Response:
            self._followers = parsed(FollowersBody, await read_json(request), "followers").checks
            return answer_json({"checks": self._followers})

        return [
            web.post("/followers", followers),
            web.post("/switch", switch),
            web.get("/status", status),
            web.post("/reset", reset),
            *admin.api(self._lose_api),
            web.post("/maintenance", maintenance),
        ]


async def _body(request: web.Request) -> Any:
    data = await request.read()
    if not data:
        return {}
    try:
        return strict_json(data)
    except ValueError:
        return None


def _caller(request: web.Request) -> str:
    """Whose access key signed the request: signatures themselves are not verified."""
    told = request.headers.get("Authorization", "")
    _, found, rest = told.partition(_CREDENTIAL)
    return rest.partition("/")[0][:64] if found else "somebody"


def _response(reply: Reply, content_type: str) -> web.Response:
    headers = {"Content-Type": content_type, **({"x-amzn-ErrorType": reply.code} if reply.code else {})}
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)
