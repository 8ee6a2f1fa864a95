"""The monitor as a process: looks at both regions at once, feeds the machine, does what it says.

Each region has a loop and connections of its own, so a region that swallows calls delays nothing for the other. What
the machine wants done is tried without waiting for it; whatever fails is asked for again after the next good look.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference import heartbeat
from reference.active_region import Record
from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.log import say
from reference.monitor.decision import Decision
from reference.monitor.health import Look, Rules
from reference.monitor.state import Announce, Effect, Event, Grant, Looked, Mark, Recorded, Tick, WriteRecord
from reference.record_table import write_record
from reference.settings import (
    ALERT_EVERY_S,
    CHECK_INTERVAL_S,
    HOLD_DOWN_S,
    HURRY_DIVISOR,
    PREPARE_S,
    Settings,
)

GRANT_ATTEMPTS = 3
EXTRA_LOOKS = 2
MAX_CALLS = 6  # under way in one region


def rules_of(settings: Settings) -> Rules:
    """The numbers of the decision from the settings."""
    return Rules(
        primary=settings.primary,
        secondary=settings.secondary,
        status=settings.value,
        threshold=settings.threshold,
        lease=settings.lease,
        stale_after_ns=settings.stale_after_ns,
        hold_down_ns=settings.ns(HOLD_DOWN_S),
        drain_patience_ns=settings.drain_patience_ns,
        alert_every_ns=settings.ns(ALERT_EVERY_S),
        prepare_ns=settings.ns(PREPARE_S),
    )


class Monitor:
    """One monitor for both regions. All state changes happen on the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._decision = Decision(rules_of(settings))
        self._state = self._decision.start(time.monotonic_ns())
        self._clients = {region: Client(region, connections=MAX_CALLS + 1) for region in settings.regions}
        self._looking = {region: ThreadPoolExecutor(1, f"look-{region}") for region in settings.regions}
        self._doing = {region: ThreadPoolExecutor(MAX_CALLS, f"do-{region}") for region in settings.regions}
        self._under_way: dict[str, set[asyncio.Task[None]]] = {region: set() for region in settings.regions}

    async def run(self) -> None:
        """Look and act until cancelled."""
        async with asyncio.TaskGroup() as group:
            for region in self._settings.regions:
                group.create_task(self._look_for_ever(region))
            group.create_task(self._tick_for_ever())

    def _happened(self, event: Event) -> None:
        self._state, effects = self._decision.step(self._state, event, time.monotonic_ns())
        for effect in effects:
            if isinstance(effect, Announce):
                say(effect.what, level=effect.level, **effect.details)
            else:
                self._start(effect)

    def _interval_s(self) -> float:
        return self._settings.hurried_s if self._state.hurried else self._settings.scaled_s(CHECK_INTERVAL_S)

    # -- looking -------------------------------------------------------------------------------------------------
    async def _look_for_ever(self, region: str) -> None:
        counted_s = 0.0
        while True:
            began = time.monotonic()
            # Whoever hurries learns more often what is in the tables, and is not quicker to call a region lost.
            counted = began - counted_s >= self._settings.scaled_s(CHECK_INTERVAL_S) / HURRY_DIVISOR
            counted_s = began if counted else counted_s
            look = await self._look(region, counted=counted)
            self._happened(Looked(look))
            if look.items is None and self._state.record.region == region:
                await self._look_again(region, began)
            left_s = began + self._interval_s() - time.monotonic()
            await asyncio.sleep(max(left_s, 0.0))

    async def _look_again(self, region: str, began: float) -> None:
        """A lost call must not cost the active region its lease: look again, without counting it."""
        for attempt in range(EXTRA_LOOKS):
            pause_s = self._interval_s() / 10 * (attempt + 1)
            if time.monotonic() + pause_s - began >= self._interval_s():
                return
            await asyncio.sleep(pause_s)
            look = await self._look(region, counted=False)
            if look.items is not None:
                self._happened(Looked(look))
                return

    async def _look(self, region: str, *, counted: bool = True) -> Look:
        def read() -> Look:
            client = self._clients[region]
            arguments = heartbeat.look_arguments(self._settings, region)
            try:
                try:
                    reply = client.call("batch_get_item", **arguments)
                except CallFailed as failure:
                    if not failure.missing:
                        raise
                    ensure_health_table(client, self._settings)
                    reply = client.call("batch_get_item", **arguments)
            except CallFailed as failure:
                return Look(region, None, failure.code, counted)
            items = heartbeat.parse_look(self._settings, region, reply)
            return Look(region, items, "" if items else "keys left unprocessed", counted)

        return await asyncio.get_running_loop().run_in_executor(self._looking[region], read)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.scaled_s(CHECK_INTERVAL_S) / 5)
            self._happened(Tick())

    # -- doing ---------------------------------------------------------------------------------------------------
    def _start(self, effect: Grant | Mark | WriteRecord) -> None:
        under_way = self._under_way[effect.region]
        if len(under_way) >= MAX_CALLS:
            return  # asked for again after the next good look
        task = asyncio.create_task(self._do(effect))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Grant(region=region, epoch=epoch, echoes=echoes):
                arguments = heartbeat.grant_arguments(self._settings, region, epoch, echoes, self._state.hurried)
                await self._update(region, arguments, GRANT_ATTEMPTS)
            case Mark(region=region, marks=marks):
                await self._update(region, heartbeat.mark_arguments(self._settings, region, marks), GRANT_ATTEMPTS)
            case WriteRecord(region=region, record=record):
                self._happened(Recorded(region, await self._record(region, record)))
            case Announce():
                raise AssertionError("announcements are not calls")

    async def _update(self, region: str, arguments: Mapping[str, Any], attempts: int) -> None:
        loop = asyncio.get_running_loop()
        client = self._clients[region]
        for attempt in range(attempts):
            try:
                await loop.run_in_executor(self._doing[region], lambda: client.call("update_item", **arguments))
            except CallFailed as failure:
                if failure.condition_failed:
                    say("refused by a fence", level="warning", region=region)
                    return
                if attempt + 1 == attempts:
                    say("not written", level="warning", region=region, why=str(failure))
                await asyncio.sleep(self._interval_s() / 10)
            else:
                return

    async def _record(self, region: str, record: Record) -> Record | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._doing[region], write_record, self._clients[region], self._settings, record
            )
        except CallFailed:
            return None

    def close(self) -> None:
        """Give up the threads and connections."""
        for threads in (*self._looking.values(), *self._doing.values()):
            threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


async def run(settings: Settings) -> None:
    """Monitor until SIGTERM or SIGINT. Raises whatever broke the monitor: it must not die in silence."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    monitor = Monitor(settings)
    say("monitoring", regions=list(settings.regions), threshold=settings.threshold, scale=settings.scale)
    work = asyncio.create_task(monitor.run())
    work.add_done_callback(lambda _task: stop.set())
    await stop.wait()
    if not work.cancel():
        work.result()
    monitor.close()
