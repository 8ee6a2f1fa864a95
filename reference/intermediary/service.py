"""The intermediary as a process: looks at the places, reads and writes the tables, calls the API, feeds the machine.

Each vantage point has a loop for each place, each region's table threads of its own, and so has the API: whatever hangs
delays nothing else. Which of it is done, and when, is the machine's business.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from reference.dynamo import Client
from reference.intermediary.decision import Decision
from reference.intermediary.leadership import Asserted, TableRead
from reference.intermediary.looking import Look
from reference.intermediary.provider import Provider
from reference.intermediary.settings import CALL_TIMEOUT_S, IntermediarySettings
from reference.intermediary.state import (
    Announce,
    Assert,
    Called,
    DropRecord,
    Effect,
    Event,
    ReadRecord,
    ReadTables,
    Testify,
    Tick,
    WriteRecord,
)
from reference.intermediary.tables import assert_claim, read_table
from reference.log import say

MAX_CALLS = 4  # under way in one region
_HEAD_BYTES = 4096


class Changing(Protocol):
    """Whoever changes where clients are led, and reads it."""

    def carry_out(self, effect: ReadRecord | WriteRecord | DropRecord) -> Called: ...


def _provider(settings: IntermediarySettings) -> Changing:
    if not settings.controls:
        return Provider(settings)
    from reference.intermediary.switching import RoutingControls  # botocore's models, which nobody else needs

    return RoutingControls(settings)


class Intermediary:
    """One of them. All state changes happen on the event loop."""

    def __init__(self, settings: IntermediarySettings) -> None:
        self._settings = settings
        me = f"{settings.common.instance}_{secrets.token_hex(4)}"
        # Two that begin alike must not claim alike, again and again.
        jitter_ns = secrets.randbelow(max(1, round(settings.round_s * 1e9)))
        terms = replace(settings.rules.terms, delay_ns=settings.rules.terms.delay_ns + jitter_ns)
        self._decision = Decision(replace(settings.rules, terms=terms), me)
        self._state = self._decision.start(time.monotonic_ns())
        self._clients = {region: Client(region, connections=MAX_CALLS + 1) for region in settings.common.regions}
        self._tables = {region: ThreadPoolExecutor(MAX_CALLS, f"table-{region}") for region in self._clients}
        self._under_way = dict.fromkeys(self._clients, 0)
        self._provider = _provider(settings)
        self._calls = ThreadPoolExecutor(1, "api")
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look and act until cancelled."""
        async with asyncio.TaskGroup() as group:
            for point, place in self._settings.dials:
                group.create_task(self._look_for_ever(point, place))
            group.create_task(self._tick_for_ever())

    def _happened(self, event: Event) -> None:
        self._state, effects = self._decision.step(self._state, event, time.monotonic_ns())
        for effect in effects:
            self._do(effect)

    async def _tick_for_ever(self) -> None:
        while True:
            self._happened(Tick())
            await asyncio.sleep(self._settings.round_s)

    # -- looking -------------------------------------------------------------------------------------------------
    async def _look_for_ever(self, point: str, place: str) -> None:
        while True:
            began = time.monotonic()
            reason = await self._look(point, place)
            self._happened(Look(point, place, not reason, reason))
            left_s = began + self._settings.look_interval_s - time.monotonic()
            await asyncio.sleep(max(left_s, 0.0))

    async def _look(self, point: str, place: str) -> str:
        """What is wrong; empty when nothing is."""
        host, port = self._settings.dials[point, place]
        try:
            async with asyncio.timeout(self._settings.look_timeout_s):
                status = await self._status(host, port)
        except TimeoutError:
            return "no answer in time"
        except OSError as error:
            return type(error).__name__
        return "" if status is not None and 200 <= status < 400 else f"status {status}"

    async def _status(self, host: str, port: int) -> int | None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            name = self._settings.domain
            if self._settings.record != "@":
                name = f"{self._settings.record}.{name}"
            head = f"GET {self._settings.look_path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            line = await reader.readline()
            parts = line[:_HEAD_BYTES].split()
            return int(parts[1]) if len(parts) > 1 and parts[0].startswith(b"HTTP/") and parts[1].isdigit() else None
        except ValueError:  # a line without an end
            return None
        finally:
            writer.close()

    # -- doing ---------------------------------------------------------------------------------------------------
    def _do(self, effect: Effect) -> None:
        match effect:
            case Announce(level=level, what=what, details=details):
                say(what, level=level, **details)
            case Testify():
                self._testify(effect)
            case ReadTables():
                for region, client in self._clients.items():
                    self._call_table(region, partial(read_table, client, self._settings.common))
            case Assert(claim=claim, wanted=wanted):
                for region, held in wanted.items():
                    call = partial(assert_claim, self._clients[region], self._settings.common, claim, held)
                    self._call_table(region, call)
            case ReadRecord() | WriteRecord() | DropRecord():
                self._start(self._call_api(effect))

    def _call_table(self, region: str, call: Callable[[], TableRead | Asserted]) -> None:
        if self._under_way[region] >= MAX_CALLS:
            return  # asked for again in the next round
        self._under_way[region] += 1
        self._start(self._table_called(region, call))

    async def _table_called(self, region: str, call: Callable[[], TableRead | Asserted]) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._tables[region], call)
        finally:
            self._under_way[region] -= 1
        self._happened(found)

    async def _call_api(self, effect: ReadRecord | WriteRecord | DropRecord) -> None:
        found = await asyncio.get_running_loop().run_in_executor(self._calls, self._provider.carry_out, effect)
        self._happened(found)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()

    def _testify(self, said: Testify) -> None:
        if not self._settings.testimony:
            return
        line = {
            "place": said.place,
            "healthy": said.well,
            "agree": said.agree,
            "of": said.of,
            "mono_ns": time.monotonic_ns(),
        }
        try:
            with Path(self._settings.testimony).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            say("testimony not written", level="warning", why=str(error))

    def close(self) -> None:
        """Give up the threads and connections."""
        for threads in (*self._tables.values(), self._calls):
            threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


async def run(settings: IntermediarySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises whatever broke it: it must not die in silence."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    intermediary = Intermediary(settings)
    sites = [site.name for site in settings.rules.sites]
    say("watching", places=sites, agree=settings.rules.looks.agree, call_timeout_s=CALL_TIMEOUT_S)
    work = asyncio.create_task(intermediary.run())
    work.add_done_callback(lambda _task: stop.set())
    await stop.wait()
    if not work.cancel():
        work.result()
    intermediary.close()
