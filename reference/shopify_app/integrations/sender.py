"""Works the queue to one third party off, as lane.py says: the effects of this region, and those of a lost one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import NS_PER_S, Settings
from reference.shopify_app import rows
from reference.shopify_app.asking import Answer
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.integrations import lane
from reference.shopify_app.integrations.party import Party
from reference.shopify_app.rows import Queued
from reference.shopify_app.store import Store

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
OPEN_S = 30.0
LOOK_AFTER_S = 5.0
IDLE_S = 5.0
REMEMBERED = 10_000


class Sender:
    """To one party."""

    def __init__(self, settings: Settings, store: Store, buffer: Buffer, party: Party) -> None:
        self._store = store
        self._buffer = buffer
        self._party = party
        ns = settings.ns
        terms = lane.Terms(ns(FIRST_WAIT_S), ns(LONGEST_WAIT_S), ns(OPEN_S), ns(LOOK_AFTER_S))
        self._state = lane.State(terms, budget_ns=time.monotonic_ns())
        self._bodies: dict[str, Mapping[str, object]] = {}
        self._threads = ThreadPoolExecutor(lane.CALLS_MAX, f"party-{party.name}")
        self._calls: set[asyncio.Task[None]] = set()
        self._wake, self._moved = asyncio.Event(), asyncio.Event()
        self._settled: dict[str, None] = {}
        self.dead: dict[str, str] = {}

    @property
    def name(self) -> str:
        """Of the party."""
        return self._party.name

    @property
    def settled(self) -> tuple[str, ...]:
        """The last effects that it has, in the order in which that was seen."""
        return tuple(self._settled)

    def _remember(self, key: str) -> None:
        """A look at the table that was begun before may find it once more."""
        self._settled[key] = None
        if len(self._settled) > REMEMBERED:
            del self._settled[next(iter(self._settled))]

    @property
    def waiting(self) -> int:
        """Effects that it does not have yet, as far as this process knows."""
        return len(self._state.waiting)

    def put(self, effect: Queued) -> None:
        """An effect is this region's to send."""
        if effect.key not in self._bodies and effect.key not in self._settled:
            self._bodies[effect.key] = effect.body
            self._happened(lane.Asked(effect.key, effect.order))

    async def run(self) -> None:
        """For ever."""
        while True:
            self._happened(lane.Look())
            self._wake.clear()  # what has just been done about it included
            now_ns = time.monotonic_ns()
            next_ns = lane.next_ns(self._state, now_ns)
            pause_s = IDLE_S if next_ns is None else min(IDLE_S, max(0.01, (next_ns - now_ns) / NS_PER_S))
            try:
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _happened(self, event: lane.Event) -> None:
        self._state, effects = lane.step(self._state, event, time.monotonic_ns())
        for effect in effects:
            match effect:
                case lane.Send() | lane.Find():
                    self._start(self._call(effect))
                case lane.Settled(key=key):
                    self._remember(key)
                    self._start(self._settle(key, rows.SENT))
                case lane.Dead(key=key, why=why):
                    self.dead[key] = why
                    say("given up", level="alert", party=self.name, effect=key, why=why)
                    self._start(self._settle(key, rows.DEAD, why))
                case lane.Lied(key=key, times=times):
                    say("says that it has what it has not", level="alert", party=self.name, effect=key, times=times)
        self._wake.set()
        self._moved.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, effect: lane.Send | lane.Find) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(effect, lane.Find):
            answer = await loop.run_in_executor(self._threads, self._party.find, effect.key)
        else:
            body = self._bodies.get(effect.key, {})
            answer = await loop.run_in_executor(self._threads, self._party.send, effect.key, body)
        self._happened(_answered(effect.key, answer))

    async def _settle(self, key: str, state: str, why: str = "") -> None:
        """Tell the table; where that fails, the effect is sent once more some day, under its key."""
        loop = asyncio.get_running_loop()
        try:
            if state == rows.DEAD:
                body = self._bodies.get(key, {})
                await loop.run_in_executor(self._threads, self._buffer.bury, self.name, key, body, why)
            await loop.run_in_executor(self._threads, self._store.settle_effect, key, state, why)
        except CallFailed as failure:
            say("effect not settled", level="warning", effect=key, why=str(failure))
        self._bodies.pop(key, None)

    async def drained(self) -> None:
        """Once nothing waits here."""
        while self.waiting:
            self._moved.clear()
            await self._moved.wait()

    async def calls_over(self) -> None:
        """Once nothing is under way any more that was begun before."""
        await asyncio.gather(*self._calls, return_exceptions=True)

    def close(self) -> None:
        """Give up the threads."""
        for task in self._calls:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _answered(key: str, answer: Answer | None) -> lane.Answered:
    if answer is None:
        return lane.Answered(key, None, random.random())
    after_s = answer.retry_after_s
    return lane.Answered(key, answer.status, random.random(), None if after_s is None else round(after_s * NS_PER_S))
