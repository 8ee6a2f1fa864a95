"""All queues to third parties of one region: what is asked for goes into the right one, and so does what was left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.integrations.party import Party
from reference.shopify_app.integrations.sender import Sender
from reference.shopify_app.leftovers import Pacing
from reference.shopify_app.rows import Queued
from reference.shopify_app.settings import LEFTOVERS_EVERY_S
from reference.shopify_app.store import Store


class Queues:
    """lost: whether a region's work is to be taken over. parties: by name, where each is."""

    def __init__(
        self, settings: Settings, store: Store, parties: Mapping[str, str], lost: Callable[[str], bool],
        buffer: Buffer,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._lost = lost
        self.senders = {name: Sender(settings, store, buffer, Party(name, url)) for name, url in parties.items()}
        self._threads = ThreadPoolExecutor(1, "effects")
        self._looks = Pacing(settings.scaled_s(LEFTOVERS_EVERY_S))

    def put(self, effect: Queued) -> None:
        """An effect is this region's to send. Without such a party it waits in the table."""
        sender = self.senders.get(effect.party)
        if sender is not None:
            sender.put(effect)

    def look(self) -> None:
        """Look for effects that were left, now."""
        self._looks.now()

    def doubt(self) -> None:
        """An effect may be in the table of which nobody here knows."""
        self._looks.doubt()

    @property
    def waiting(self) -> Mapping[str, int]:
        """By party, what it does not have yet."""
        return {name: sender.waiting for name, sender in self.senders.items()}

    async def run(self, *, look: bool = True) -> None:
        """For ever. look: for what was left, too, now and then."""
        async with asyncio.TaskGroup() as group:
            for sender in self.senders.values():
                group.create_task(sender.run())
            if self.senders and look:
                group.create_task(self._find_leftovers())

    async def _find_leftovers(self) -> None:
        while True:
            self._looks.begin()
            found = await self.take_over()
            self._looks.ended(found=found != 0 or self._lost(self._settings.other_region))
            await self._looks.pause()

    async def take_over(self) -> int:
        """Put what waits in the table and is this region's to send into the queues, the oldest first. How many; -1: the
        table could not be read."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._left_over)
        except CallFailed as failure:
            say("effects not read", level="warning", why=str(failure))
            return -1
        for effect in found:
            self.put(effect)
        return len(found)

    async def drained(self, patience_s: float) -> None:
        """Once everything that is in the queues is sent or given up, or that took too long; and the table knows it."""
        senders = self.senders.values()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.gather(*(sender.drained() for sender in senders))
        for sender in senders:
            await sender.calls_over()

    def _left_over(self) -> list[Queued]:
        found = []
        for effect in self._store.waiting_effects():
            if effect.region != self._settings.region and not (self._lost(effect.region) and self._store.adopt(effect)):
                continue
            found.append(effect)
        return sorted(found, key=lambda effect: effect.order)

    def close(self) -> None:
        """Give up the threads."""
        for sender in self.senders.values():
            sender.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
