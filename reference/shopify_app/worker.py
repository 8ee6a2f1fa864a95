"""Does what webhooks ask for, once they are in the inbox: this region's at once, a lost region's as well.

A row that could not be done for a reason that may pass stays, and is tried again; one that nobody can make anything of
is parked, with the reason, and somebody is told. Nothing is lost between two regions: the row is in both.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app import intake, rows, things
from reference.shopify_app.leftovers import Pacing
from reference.shopify_app.rows import Received
from reference.shopify_app.settings import LEFTOVERS_EVERY_S
from reference.shopify_app.store import Store

WORKERS = 8
HELD_MAX = 5_000
"""Rows in memory; what is beyond waits in the table, and is found there."""
PAUSE_S, PAUSE_MAX_S = 0.2, 5.0


class Worker:
    """lost: whether a region's work is to be taken over. too_large: told of a webhook whose body was not kept."""

    def __init__(
        self, settings: Settings, store: Store, lost: Callable[[str], bool], too_large: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._store = store
        self._lost = lost
        self._too_large = too_large
        self._rows: asyncio.Queue[Received] = asyncio.Queue()
        self._held: set[str] = set()
        self._threads = ThreadPoolExecutor(WORKERS, "work")
        self._looks = Pacing(settings.scaled_s(LEFTOVERS_EVERY_S))

    def put(self, row: Received) -> None:
        """This row is in the inbox, and is this region's."""
        if row.id in self._held:
            return
        if len(self._held) >= HELD_MAX:
            self._looks.doubt()
            return
        self._held.add(row.id)
        self._rows.put_nowait(row)

    def look(self) -> None:
        """Look for rows that were left, now."""
        self._looks.now()

    def doubt(self) -> None:
        """A row may be in the table of which nobody here knows."""
        self._looks.doubt()

    @property
    def waiting(self) -> int:
        """Rows that this process has yet to do."""
        return len(self._held)

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())
            group.create_task(self._find_leftovers())

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            row = await self._rows.get()
            pause_s = PAUSE_S
            while True:
                try:
                    await loop.run_in_executor(self._threads, self.do, row)
                    break
                except CallFailed as failure:
                    say("webhook not done yet", level="warning", webhook=row.id, why=str(failure))
                await asyncio.sleep(random.uniform(0, pause_s))
                pause_s = min(2 * pause_s, PAUSE_MAX_S)
            self._held.discard(row.id)

    def do(self, row: Received) -> bool:
        """All that a webhook asks for. False: nobody can make anything of it, and it is parked. Raises CallFailed."""
        if row.body is None:
            self._too_large(row.topic)
            self._store.settle_webhook(row.id, rows.DONE, "its body was too large to keep: reconciled")
            return True
        try:
            known = things.learned(row.topic, intake.object_of(row.body) or {})
        except things.Unreadable as error:
            say("webhook parked", level="alert", webhook=row.id, topic=row.topic, why=str(error))
            self._store.settle_webhook(row.id, rows.PARKED, str(error))
            return False
        try:
            self._store.apply(known, f"webhook {row.topic}")
        except CallFailed as failure:
            if not failure.poison:
                raise
            say("webhook parked", level="alert", webhook=row.id, topic=row.topic, why=str(failure))
            self._store.settle_webhook(row.id, rows.PARKED, str(failure))
            return False
        self._store.settle_webhook(row.id, rows.DONE)
        return True

    async def _find_leftovers(self) -> None:
        """At the start, and now and then: rows of this region that no process holds, and rows of a lost one."""
        loop = asyncio.get_running_loop()
        while True:
            self._looks.begin()
            try:
                found = await loop.run_in_executor(self._threads, self.left_over)
                self._looks.ended(found=bool(found) or self._lost(self._settings.other_region))
                for row in found:
                    self.put(row)
            except CallFailed as failure:
                self._looks.ended(found=True)
                say("inbox not read", level="warning", why=str(failure))
            await self._looks.pause()

    def left_over(self) -> list[Received]:
        """Rows to be done here that are not held. Raises CallFailed."""
        found: list[Received] = []
        adopted = 0
        for row in self._store.waiting_webhooks():
            if row.id in self._held or len(found) >= HELD_MAX:
                continue
            if row.region != self._settings.region:
                if not self._lost(row.region) or not self._store.adopt(row):
                    continue
                adopted += 1
            found.append(row)
        if adopted:
            say("webhooks taken over", count=adopted)
        return found

    def close(self) -> None:
        """Give up the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
