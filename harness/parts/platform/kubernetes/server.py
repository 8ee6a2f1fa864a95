"""The cluster as a process: it runs pods, asks their probes, and tells load balancers who their targets are.

Admin: POST /apply runs a plan; POST /down ends all pods; GET /pods; GET /status for people; GET /trees has their
processes by instance; GET /sentences; POST /act {"what", "pod"} kills, freezes, thaws or deletes one; POST /rollout
{"place", "change"}; POST /scale-down {"components"}; GET /rollout/PLACE is cut off while a rollout there is not
complete, so that a canary sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from harness.history.log import EventLog
from harness.kit.admin import answer_json, read_json, serve_admin
from harness.kit.config import Strict, parsed
from harness.kit.process import Ready, cancelled, run_until_signal
from harness.parts.platform.kubernetes.cluster import LOOK_S, Cluster
from harness.parts.platform.kubernetes.plan import Config, Plan
from harness.processes.forkserver import ForkServer


class Act(Strict):
    """The body of `POST /act`."""

    what: Literal["kill", "freeze", "thaw", "delete"]
    pod: str


class Rollout(Strict):
    """The body of `POST /rollout`."""

    place: str
    change: Literal["", "never-ready", "liveness-as-readiness"] = ""


class ScaleDown(Strict):
    """The body of `POST /scale-down`."""

    components: tuple[str, ...]


class Api:
    """The admin interface of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def routes(self) -> list[web.RouteDef]:
        """Of the admin port."""
        return [
            web.post("/apply", self._apply),
            web.post("/down", self._down),
            web.get("/pods", self._pods),
            web.get("/status", self._status),
            web.get("/trees", self._trees),
            web.get("/sentences", self._sentences),
            web.post("/act", self._act),
            web.post("/rollout", self._rollout),
            web.post("/scale-down", self._scale_down),
            web.get("/rollout/{place}", self._complete),
        ]

    async def _apply(self, request: web.Request) -> web.Response:
        self._cluster.apply(parsed(Plan, await read_json(request), "plan"))
        return answer_json(self._cluster.described())

    async def _down(self, _request: web.Request) -> web.Response:
        self._cluster.down()
        return answer_json({})

    async def _pods(self, _request: web.Request) -> web.Response:
        return answer_json({"pods": self._cluster.described(), "rollouts": dict(self._cluster.rollouts())})

    async def _status(self, _request: web.Request) -> web.Response:
        return answer_json(self._cluster.status())

    async def _trees(self, _request: web.Request) -> web.Response:
        return answer_json({pod["instance"]: pod["tree"] for pod in self._cluster.described()})

    async def _sentences(self, _request: web.Request) -> web.Response:
        return answer_json(self._cluster.sentences())

    async def _act(self, request: web.Request) -> web.Response:
        act = parsed(Act, await read_json(request), "act")
        pod = self._cluster.pod(act.pod)
        if act.what == "delete":
            self._cluster.delete(pod)
        else:
            getattr(pod, act.what)()
        return answer_json({})

    async def _rollout(self, request: web.Request) -> web.Response:
        wanted = parsed(Rollout, await read_json(request), "rollout")
        self._cluster.of_entrance(wanted.place).roll_out(wanted.change)
        return answer_json({})

    async def _scale_down(self, request: web.Request) -> web.Response:
        self._cluster.scale_down(list(parsed(ScaleDown, await read_json(request), "scale-down").components))
        return answer_json({})

    async def _complete(self, request: web.Request) -> web.Response:
        complete = self._cluster.of_entrance(request.match_info["place"]).complete
        if not complete and request.transport is not None:
            request.transport.abort()
        return answer_json({"complete": complete})


async def _looking(cluster: Cluster) -> None:
    while True:
        cluster.look()
        await asyncio.sleep(LOOK_S)


async def run(config: Config, ready: Ready, stop: asyncio.Event) -> None:
    """Run until `stop` is set."""
    async with contextlib.AsyncExitStack() as stack:
        log = stack.enter_context(EventLog(Path(config.events)))
        launcher = stack.enter_context(ForkServer([], Path(config.logs)))
        cluster = Cluster(launcher, log)
        stack.callback(cluster.down)
        loop = asyncio.get_running_loop()
        loop.add_reader(launcher.fileno(), cluster.look)
        stack.callback(loop.remove_reader, launcher.fileno())
        looking = loop.create_task(_looking(cluster))
        stack.push_async_callback(cancelled, looking)
        admin = await serve_admin(stack, "cluster", Api(cluster).routes(), config.admin)
        ready({"admin": list(admin)})
        await stop.wait()


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the cluster until SIGTERM or SIGINT."""
    parsed_config = parsed(Config, config, "cluster")
    run_until_signal(lambda stop: run(parsed_config, ready, stop))
