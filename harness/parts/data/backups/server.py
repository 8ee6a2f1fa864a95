"""The process: answers each region's calls on backups, and carries jobs out when they are due.

Admin: GET /status; POST /connect {"servers": {region: [host, port]}, "changes": {region: file}}; POST /reset.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import Field

from harness.engines.aws.calls import CallRefused
from harness.errors import DrillError
from harness.kit.address import LoopbackAddress
from harness.kit.admin import answer_json, read_json, serve_admin, serve_application
from harness.kit.config import Strict, parsed
from harness.kit.process import Ready, run_until_signal
from harness.parts.data.backups import model
from harness.parts.data.backups.calls import restoring
from harness.parts.data.backups.carrying import Region
from harness.parts.data.backups.history import History
from harness.parts.data.backups.values import RESTORE, Asked, Begin, Durations, Ended, Job, Reply, State, name_of
from harness.units import NS_PER_S
from harness.wire.ask import NoAnswer

log = logging.getLogger(__name__)
_ANY = ("127.0.0.1", 0)
_PREFIX = "com.amazonaws.dynamodb.v20120810#"


class Config(Strict):
    """The keys of the configuration. durations: of `values.Durations`, in nanoseconds."""

    regions: list[str]
    durations: dict[str, int]


class Connect(Strict):
    """The body of `POST /connect`."""

    servers: dict[str, LoopbackAddress]
    changes: dict[str, Path] = Field(default_factory=dict)


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT. ready: {"admin", "api.REGION": [host, port]}."""
    settings = parsed(Config, config, "backups")
    run_until_signal(lambda stop: _run(settings, ready, stop))


async def _run(config: Config, ready: Ready, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        planes = {name: Plane(name, Durations(**config.durations)) for name in config.regions}
        told = {}
        for name, plane in planes.items():
            app = web.Application(client_max_size=1 << 20)
            app.add_routes([web.post("/", plane.answer)])
            told[f"api.{name}"] = list(await serve_application(stack, "backups", app, _ANY))
            stack.push_async_callback(plane.close)

        async def connect(request: web.Request) -> web.Response:
            body = parsed(Connect, await read_json(request), "connect")
            for name, plane in planes.items():
                plane.connect(Region(name, body.servers[name]), History(body.changes[name]))
            return answer_json({})

        async def reset(_: web.Request) -> web.Response:
            for plane in planes.values():
                await plane.reset()
            return answer_json({})

        async def status(_: web.Request) -> web.Response:
            return answer_json({name: plane.told() for name, plane in planes.items()})

        routes = [web.post("/connect", connect), web.post("/reset", reset), web.get("/status", status)]
        told["admin"] = list(await serve_admin(stack, "backups", routes, _ANY))
        ready(told)
        await stop.wait()


class Plane:
    """The control plane of one region."""

    def __init__(self, name: str, durations: Durations) -> None:
        self._fresh = State(name, durations)
        self._state = self._fresh
        self._region: Region | None = None
        self._history: History | None = None
        self._running: set[asyncio.Task[None]] = set()

    def connect(self, region: Region, history: History) -> None:
        """Where the region's server is, and what happens there."""
        self._region, self._history = region, history

    def told(self) -> list[str]:
        """Jobs, for people."""
        return [f"{job.kind} {job.table} to {job.target}: {job.status}" for job in self._state.jobs.values()]

    async def answer(self, request: web.Request) -> web.Response:
        """A call of DynamoDB's API."""
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if self._region is None:
            return _json(503, {"__type": f"{_PREFIX}InternalServerError", "message": "not connected yet"})
        try:
            body = json.loads(await request.read())
            if operation == "DescribeTable":
                return await self._describe_table(body)
            named = body.get("SourceTableName") or body.get("SourceTableArn") or body.get("TableName")
            named = named or body.get("TableArn")
            target = body.get("TargetTableName") or body.get("TableCreationParameters", {}).get("TableName")
            table = None if named is None else await self._described(name_of(named))
            there = target is not None and await self._described(target) is not None
            reply = self._step(Asked(operation, body, table, there))
        except (NoAnswer, CallRefused) as error:
            return _json(500, {"__type": f"{_PREFIX}InternalServerError", "message": str(error)})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return _json(400, {"__type": f"{_PREFIX}ValidationException", "message": f"{operation}: {error!r}"})
        if reply.error:
            return _json(400, {"__type": _PREFIX + reply.error, **reply.body})
        return _json(200, reply.body)

    async def _describe_table(self, body: Mapping[str, Any]) -> web.Response:
        """Of a table that is being restored: that it is; else what the region's server says."""
        assert self._region is not None
        name = name_of(body["TableName"])
        for job in self._state.jobs.values():
            if job.kind == RESTORE and job.target == name and job.status == "IN_PROGRESS":
                return _json(200, {"Table": restoring(self._state, job)})
        try:
            return _json(200, await asyncio.to_thread(self._region.call, "DescribeTable", body))
        except CallRefused as error:
            return _json(error.status, {"__type": _PREFIX + error.code, "message": error.message})

    async def _described(self, table: str) -> Mapping[str, Any] | None:
        assert self._region is not None
        try:
            told = await asyncio.to_thread(self._region.call, "DescribeTable", {"TableName": table})
        except CallRefused as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        found: Mapping[str, Any] = told["Table"]
        return found

    def _step(self, event: Asked | Ended) -> Reply:
        self._state, effects = model.step(self._state, event, time.time_ns())
        reply = Reply({})
        for effect in effects:
            if isinstance(effect, Begin):
                task = asyncio.create_task(self._carried(effect.job))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            else:
                reply = effect
        return reply

    async def _carried(self, job: Job) -> None:
        await asyncio.sleep(max(0, job.due_ns - time.time_ns()) / NS_PER_S)
        try:
            ended = Ended(job.arn, await asyncio.to_thread(self._work, job))
        except (DrillError, OSError, ValueError, KeyError) as error:
            log.warning("%s of %s failed: %s", job.kind, job.table, error)
            ended = Ended(job.arn, 0, str(error) or type(error).__name__)
        if job.arn in self._state.jobs:
            self._step(ended)

    def _work(self, job: Job) -> int:
        assert self._region is not None
        assert self._history is not None
        self._history.take_in()
        return self._region.carry_out(job, self._history)

    async def reset(self) -> None:
        """As at the start."""
        await self.close()
        self._state = self._fresh

    async def close(self) -> None:
        """End what is being carried out."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _json(status: int, body: Mapping[str, Any]) -> web.Response:
    return web.json_response(body, status=status, content_type="application/x-amz-json-1.0")
