"""Lambda of one region as a process: its API, the handlers that it runs, the mappings that feed them.

The region's own server passes calls of Lambda's API on to here. Ours: POST /drill/links tells where the region is
dialled and where functions' calls go; POST /drill/reset; GET /drill/lines for `drill env status`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.errors import InputError
from harness.history.events import Happening
from harness.history.log import EventLog
from harness.kit.address import join_address
from harness.kit.admin import answer_json, read_json, serve_http
from harness.kit.config import parsed
from harness.kit.process import Ready, run_until_signal, stop_or_failure
from harness.kit.strict_json import strict_json
from harness.parts.data.event_sources.config import Code, EventSourcesConfig, Links
from harness.parts.data.event_sources.plane import Plane
from harness.parts.data.event_sources.region_calls import RegionCalls
from harness.parts.data.event_sources.registry import ApiError, invalid
from harness.parts.data.event_sources.workers import Workers

log = logging.getLogger(__name__)
_NAME = "functions"
_BODY_BYTES_MAX = 80 << 20  # a zip file of 50 MB as base64 (Lambda quotas: deployment package, zipped)
_PAYLOAD_BYTES_MAX = 6 << 20
_VERSION = "/2015-03-31"
_SHUTDOWN_S = 0.5
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT. config: the keys of EventSourcesConfig; ready: {"api": [host, port]}."""
    settings = EventSourcesConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: EventSourcesConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        events = stack.enter_context(EventLog(config.events))

        def record(happening: Happening) -> None:
            events.append(happening)

        plane = Plane(config, record)
        stack.push_async_callback(plane.unlink)
        runner = web.AppRunner(
            Api(plane, config).application(),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_S,
            auto_decompress=False,
        )
        ready({"api": list(await serve_http(stack, _NAME, runner, config.listen))})
        await stop_or_failure(stop, plane.failing)


class Api:
    """Lambda's API over HTTP."""

    def __init__(self, plane: Plane, config: EventSourcesConfig) -> None:
        self._plane = plane
        self._config = config
        self._events: set[asyncio.Task[Any]] = set()

    def application(self) -> web.Application:
        """A new aiohttp application that serves it."""
        app = web.Application(client_max_size=_BODY_BYTES_MAX, middlewares=[_explained])
        functions, mappings = f"{_VERSION}/functions", f"{_VERSION}/event-source-mappings"
        routes: list[tuple[str, str, Handler]] = [
            ("POST", functions, self._create_function), ("GET", functions, self._list_functions),
            ("GET", functions + "/{name}", self._get_function),
            ("DELETE", functions + "/{name}", self._delete_function),
            ("GET", functions + "/{name}/configuration", self._get_configuration),
            ("PUT", functions + "/{name}/configuration", self._update_configuration),
            ("PUT", functions + "/{name}/code", self._update_code),
            ("POST", functions + "/{name}/invocations", self._invoke),
            ("POST", mappings, self._create_mapping), ("GET", mappings, self._list_mappings),
            ("GET", mappings + "/{uuid}", self._get_mapping), ("PUT", mappings + "/{uuid}", self._update_mapping),
            ("DELETE", mappings + "/{uuid}", self._delete_mapping),
            ("POST", "/drill/links", self._links), ("POST", "/drill/reset", self._reset),
            ("GET", "/drill/lines", self._lines),
            ("GET", "/drill/problems", self._problems), ("POST", "/drill/code", self._replace),
        ]  # fmt: skip
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
            if not path.startswith("/drill") and "{" not in path:
                app.router.add_route(method, path + "/", handler)  # as older clients call it
        return app

    # -- functions ----------------------------------------------------------------------------------------------
    async def _create_function(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.create_function(await _body(request)).described(), status=201)

    async def _list_functions(self, _: web.Request) -> web.Response:
        return answer_json({"Functions": [one.described() for one in self._plane.functions.values()]})

    async def _get_function(self, request: web.Request) -> web.Response:
        function = self._plane.function(request.match_info["name"])
        location = {"RepositoryType": "S3", "Location": f"file://{function.folder}"}
        return answer_json({"Configuration": function.described(), "Code": location, "Tags": {}})

    async def _get_configuration(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.function(request.match_info["name"]).described())

    async def _update_configuration(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.update_function(request.match_info["name"], await _body(request)).described())

    async def _update_code(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.update_code(request.match_info["name"], await _body(request)).described())

    async def _delete_function(self, request: web.Request) -> web.Response:
        self._plane.delete_function(request.match_info["name"])
        return web.Response(status=204)

    async def _invoke(self, request: web.Request) -> web.Response:
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        data, name = await request.read(), request.match_info["name"]
        if len(data) > _PAYLOAD_BYTES_MAX:
            raise ApiError("RequestTooLargeException", f"Request must be smaller than {_PAYLOAD_BYTES_MAX} bytes", 413)
        try:
            event = strict_json(data) if data else {}
        except ValueError as error:
            raise ApiError(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            ) from None
        self._plane.function(name)
        if kind == "DryRun":
            return web.Response(status=204)
        if kind == "Event":
            task = asyncio.create_task(self._plane.invoke(name, event))
            self._events.add(task)
            task.add_done_callback(self._events.discard)
            return web.Response(status=202)
        ended = await self._plane.invoke(name, event)
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": ended.request_id}
        if ended.error is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(ended.tail).decode()
        body = ended.result if ended.error is None else ended.error
        return web.Response(body=json.dumps(body).encode(), headers=headers, content_type="application/json")

    # -- mappings -----------------------------------------------------------------------------------------------
    async def _create_mapping(self, request: web.Request) -> web.Response:
        return answer_json(await self._plane.create_mapping(await _body(request)), status=202)

    async def _list_mappings(self, request: web.Request) -> web.Response:
        source, function = request.query.get("EventSourceArn"), request.query.get("FunctionName")
        arn = None if function is None else self._plane.function(function).arn
        found = [self._plane.described(name) for name in self._plane.mappings]
        kept = [
            one for one in found
            if source in (None, one["EventSourceArn"]) and arn in (None, one["FunctionArn"])
        ]  # fmt: skip
        return answer_json({"EventSourceMappings": kept})

    async def _get_mapping(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.described(request.match_info["uuid"]))

    async def _update_mapping(self, request: web.Request) -> web.Response:
        return answer_json(self._plane.update_mapping(request.match_info["uuid"], await _body(request)), status=202)

    async def _delete_mapping(self, request: web.Request) -> web.Response:
        return answer_json(await self._plane.delete_mapping(request.match_info["uuid"]), status=202)

    # -- ours ---------------------------------------------------------------------------------------------------
    async def _links(self, request: web.Request) -> web.Response:
        links = parsed(Links, await read_json(request), "links")
        config = self._config
        given = {"AWS_ENDPOINT_URL": f"http://{join_address(links.functions)}"}
        workers = Workers(config.logs, given, config.concurrency)
        await self._plane.link(RegionCalls(config.region, links.region), workers)
        return answer_json({})

    async def _reset(self, _: web.Request) -> web.Response:
        await self._plane.reset()
        return answer_json({})

    async def _replace(self, request: web.Request) -> web.Response:
        self._plane.replace_code(parsed(Code, await read_json(request), "code").file)
        return answer_json({})

    async def _problems(self, _: web.Request) -> web.Response:
        return answer_json(self._plane.problems())

    async def _lines(self, _: web.Request) -> web.Response:
        lines = [
            {"what": f"function {one.name}", "where": one.handler, "about": f"{one.memory_mb} MB, {one.timeout_s} s"}
            for one in self._plane.functions.values()
        ]
        for name, running in self._plane.running.items():
            state = running.state
            function = str(self._plane.mappings[name]["FunctionArn"]).rpartition(":")[2]
            age = "" if state.age_ns is None else f", iterator age {state.age_ns / 1e9:.1f} s"
            about = (
                f"{state.done} records done, {state.held} in hand, {state.delivered} given up, {state.lost} lost{age}"
            )
            lines.append({"what": f"mapping of {function}", "where": name, "about": about})
        return answer_json(lines)


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        body = await read_json(request)
    except InputError as error:
        raise ApiError("InvalidRequestContentException", str(error)) from None
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    return body


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        body = {"Type": "User" if error.status < 500 else "Service", "message": error.message, "Message": error.message}
        return web.json_response(body, status=error.status, headers={"x-amzn-ErrorType": error.kind})
    except InputError as error:
        return answer_json({"error": str(error)}, status=400)
