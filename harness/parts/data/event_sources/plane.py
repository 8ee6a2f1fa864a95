"""A region's functions and mappings: what Lambda's API changes and shows, and the mappings that run."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.clock import monotonic_ns
from harness.history.events import Happening
from harness.parts.data.event_sources import code, model, registry
from harness.parts.data.event_sources import events as ev
from harness.parts.data.event_sources.config import EventSourcesConfig
from harness.parts.data.event_sources.driver import Running
from harness.parts.data.event_sources.mapping import INFINITE, POLLS_PER_S
from harness.parts.data.event_sources.mapping import Mapping as Settings
from harness.parts.data.event_sources.region_calls import CallFailed, RegionCalls
from harness.parts.data.event_sources.registry import ApiError, Function
from harness.parts.data.event_sources.workers import Invocation, Workers
from harness.units import NS_PER_S

POLL_LEAST_S = 0.1
"""A faster rehearsal reads no oftener than this: calls do not get cheaper."""
LIST_S = 10.0
REPLACED_HANDLER = "lambda_handler"
"""As Lambda's own templates call it."""
PROBLEM_MAX = 300
Record = Callable[[Happening], None]


class Plane:
    """Everything of one region. Before `link` says whom to call nothing can be called. failing: ends with what broke a
    mapping."""

    def __init__(self, config: EventSourcesConfig, record: Record) -> None:
        self._config = config
        self._record = record
        self._random = random.Random(f"{config.seed}.{config.region}")
        self.functions: dict[str, Function] = {}
        self.mappings: dict[str, dict[str, Any]] = {}
        self.running: dict[str, Running] = {}
        self._links: tuple[RegionCalls, Workers] | None = None
        self._instead: dict[str, Any] = {}
        self.failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def link(self, calls: RegionCalls, workers: Workers) -> None:
        """The world's links are up."""
        await self.unlink()
        self._links = calls, workers

    @property
    def linked(self) -> tuple[RegionCalls, Workers]:
        """Raises ApiError before the links are up."""
        if self._links is None:
            raise ApiError("ServiceException", "the world is not linked yet", 500)
        return self._links

    async def unlink(self) -> None:
        """End whatever runs."""
        for running in self.running.values():
            await running.close()
        self.running.clear()
        if self._links is not None:
            calls, workers = self._links
            await workers.close()
            await calls.close()
            self._links = None

    async def reset(self) -> None:
        """As at the start."""
        for running in self.running.values():
            await running.close()
        self.running.clear()
        self.mappings.clear()
        self.functions.clear()
        self._instead = {}
        if self._links is not None:
            await self._links[1].close()

    # -- functions ----------------------------------------------------------------------------------------------
    def function(self, given: str) -> Function:
        """By name or ARN. Raises ApiError."""
        name = registry.function_name(given)
        if name not in self.functions:
            raise registry.no_function(self._config.region, name)
        return self.functions[name]

    def create_function(self, body: Mapping[str, Any]) -> Function:
        """CreateFunction. Raises ApiError."""
        name = registry.function_name(str(body.get("FunctionName", "")))
        if name in self.functions:
            raise ApiError("ResourceConflictException", f"Function already exist: {name}", 409)
        missing = [key for key in ("Role", "Code", "Handler", "Runtime") if not body.get(key)]
        if missing:
            raise registry.invalid(f"{', '.join(missing)} must be given for a function whose package is a zip file")
        found = registry.checked_function(body)
        placed = code.placed(body["Code"], self._config.folder / name)
        return self._keep(Function(name=name, region=self._config.region, **found, **placed))

    def update_function(self, name: str, body: Mapping[str, Any]) -> Function:
        """UpdateFunctionConfiguration. Raises ApiError."""
        return self._keep(replace(self.function(name), **registry.checked_function(body)))

    def update_code(self, name: str, body: Mapping[str, Any]) -> Function:
        """UpdateFunctionCode. Raises ApiError."""
        function = self.function(name)
        return self._keep(replace(function, **code.placed(body, self._config.folder / function.name)))

    def _keep(self, function: Function) -> Function:
        modified = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        kept = replace(function, modified=modified, revision=str(uuid.uuid4()), **self._instead)
        self.functions[kept.name] = kept
        self._told(f"function {kept.name}", ev.Tell("deployed", kept.handler, good=None, lasts=False))
        return kept

    def replace_code(self, file: Path) -> None:
        """Have all functions run the `lambda_handler` of a file, whatever they have, or get later, as their code."""
        self._instead = {"folder": str(file.parent), "handler": f"{file.stem}.{REPLACED_HANDLER}"}
        for function in list(self.functions.values()):
            self._keep(function)

    def problems(self) -> list[str]:
        """What is wrong with functions and mappings, in words."""
        found = []
        for name, running in self.running.items():
            problem = running.state.problem.removeprefix("PROBLEM: ")
            if problem:
                function = str(self.mappings[name]["FunctionArn"]).rpartition(":")[2]
                found.append(f"the mapping of {function} in {self._config.region}: {problem[:PROBLEM_MAX]}")
        return found

    def delete_function(self, name: str) -> None:
        """DeleteFunction. Raises ApiError."""
        del self.functions[self.function(name).name]

    async def invoke(self, name: str, event: Any) -> Invocation:
        """Invoke. Raises ApiError."""
        function, (_, workers) = self.function(name), self.linked
        if not workers.has_room(function.name):
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
        return await workers.invoke(function, event)

    # -- mappings -----------------------------------------------------------------------------------------------
    async def create_mapping(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """CreateEventSourceMapping. Raises ApiError."""
        settings = registry.checked_mapping(body, self._config.region)
        function, (calls, _) = self.function(str(body["FunctionName"])), self.linked
        for known in self.mappings.values():
            if (known["EventSourceArn"], known["FunctionArn"]) == (settings["EventSourceArn"], function.arn):
                text = (
                    f'The event source arn (" {settings["EventSourceArn"]} ") and function (" {function.name} ") '
                    "provided mapping already exists. Please update or delete the existing mapping with UUID "
                    f"{known['UUID']}"
                )
                raise ApiError("ResourceConflictException", text, 409)
        try:
            if not await calls.has_stream(settings["EventSourceArn"]):
                raise registry.invalid(f"Stream not found: {settings['EventSourceArn']}")
        except CallFailed as failed:
            raise ApiError("ServiceException", str(failed), 500) from failed
        name = str(uuid.uuid4())
        del settings["FunctionName"]
        kept = {**settings, "UUID": name, "FunctionArn": function.arn, "Enabled": body.get("Enabled") is not False,
                "LastModified": time.time()}  # fmt: skip
        self.mappings[name] = kept
        self._run(kept, function.name)
        return self.described(name)

    def _run(self, kept: Mapping[str, Any], function: str) -> None:
        calls, workers = self.linked

        def tell(told: ev.Tell) -> None:
            self._told(f"mapping of {function}", told)

        running = Running(
            self._settings(kept),
            calls,
            workers,
            lambda: self.functions.get(function),
            tell,
            self._random.random,
            self._broken,
        )
        self.running[kept["UUID"]] = running
        running.start()

    def _broken(self, error: BaseException) -> None:
        if not self.failing.done():
            self.failing.set_exception(error)

    def update_mapping(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateEventSourceMapping. Raises ApiError."""
        kept = self._mapping(name)
        changed = {**kept, **registry.checked_mapping(body, self._config.region, kept), "LastModified": time.time()}
        if body.get("Enabled") is not None:
            changed["Enabled"] = bool(body["Enabled"])
        self.mappings[name] = changed
        self.running[name].change(self._settings(changed))
        return self.described(name)

    async def delete_mapping(self, name: str) -> dict[str, Any]:
        """DeleteEventSourceMapping. Raises ApiError."""
        shown = {**self.described(name), "State": "Deleting"}
        del self.mappings[name]
        await self.running.pop(name).close()
        return shown

    def _mapping(self, name: str) -> dict[str, Any]:
        if name not in self.mappings:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return self.mappings[name]

    def described(self, name: str) -> dict[str, Any]:
        """EventSourceMappingConfiguration. Raises ApiError."""
        kept = self._mapping(name)
        shown = {key: value for key, value in kept.items() if key != "Enabled"}
        arn = f"arn:aws:lambda:{self._config.region}:{registry.ACCOUNT}:event-source-mapping:{name}"
        return {
            **shown,
            "EventSourceMappingArn": arn,
            "State": "Enabled" if kept["Enabled"] else "Disabled",
            "StateTransitionReason": "User action",
            "LastProcessingResult": model.result(self.running[name].state),
        }

    def _settings(self, kept: Mapping[str, Any]) -> Settings:
        config = self._config

        def ns(seconds: float) -> int:
            return round(seconds * config.scale * NS_PER_S)

        age_s = kept["MaximumRecordAgeInSeconds"]
        return Settings(
            uuid=kept["UUID"], function=kept["FunctionArn"], source=kept["EventSourceArn"],
            starting=kept["StartingPosition"], batch_size=kept["BatchSize"],
            window_ns=ns(kept["MaximumBatchingWindowInSeconds"]), lanes=kept["ParallelizationFactor"],
            retries_max=kept["MaximumRetryAttempts"], age_max_ns=INFINITE if age_s == INFINITE else ns(age_s),
            bisect=kept["BisectBatchOnFunctionError"],
            partial="ReportBatchItemFailures" in kept["FunctionResponseTypes"],
            destination=registry.destination(kept), enabled=kept["Enabled"], repeats=config.repeated,
            poll_ns=max(round(POLL_LEAST_S * NS_PER_S), ns(1 / POLLS_PER_S)), list_ns=ns(LIST_S),
            retry_first_ns=ns(config.retry_first_s), retry_most_ns=ns(config.retry_most_s),
            retention_ns=ns(config.retention_s),
        )  # fmt: skip

    def _told(self, thing: str, told: ev.Tell) -> None:
        where = f"{thing}, {self._config.region}"
        self._record(
            Happening("lambda", where, told.what, monotonic_ns(), told.text[:500], lasts=told.lasts, good=told.good)
        )
