"""Webhooks on their way into the inbox through the region's queue, while the inbox is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.intake import Webhook
from reference.shopify_app.settings import LEFTOVERS_EVERY_S

SENDS_MAX, QUEUED_MAX, DRAINS = 32, 96, 4
"""Sends at once, and those that wait for their turn: they outlive their requests, so their number has a bound."""
RETRY_S = 5.0
REMEMBERED = 10_000

Put = Callable[[Webhook, float], asyncio.Future[bool]]


class Overflow:
    """put: puts a webhook into the inbox, within so many seconds. On the event loop."""

    def __init__(self, settings: Settings, buffer: Buffer, put: Put) -> None:
        self._settings = settings
        self._buffer = buffer
        self._put = put
        self._sends = ThreadPoolExecutor(SENDS_MAX, "overflow")
        self._drains = ThreadPoolExecutor(DRAINS, "drain")
        self._filled = asyncio.Event()
        self._there: dict[str, None] = {}
        self._sending = 0

    @property
    def full(self) -> bool:
        """Whether so much is on its way into the queue that one more would come too late."""
        return self._sending >= SENDS_MAX + QUEUED_MAX

    def send(self, webhook: Webhook) -> asyncio.Future[bool]:
        """Whether it is in the queue: False when it is too large for one."""
        sent = asyncio.get_running_loop().run_in_executor(self._sends, self._buffer.send, webhook)
        self._sending += 1
        sent.add_done_callback(self._sent)
        return sent

    def _sent(self, sent: asyncio.Future[bool]) -> None:
        self._sending -= 1
        if not sent.cancelled() and sent.exception() is None:
            self._filled.set()

    def is_there(self, key: str) -> None:
        """A webhook is in the inbox: what the queue has of it is needed no more."""
        self._there[key] = None
        if len(self._there) > REMEMBERED:
            del self._there[next(iter(self._there))]

    async def run(self) -> None:
        """Empty the queue: at the start, whenever something has gone into it, and now and then."""
        while True:
            self._filled.clear()
            well = all(await asyncio.gather(*(self._drain() for _ in range(DRAINS))))
            if not well:
                self._filled.clear()  # what has failed comes again after a while: until then there is no hurry
            pause_s = self._settings.scaled_s(LEFTOVERS_EVERY_S if well else RETRY_S)
            try:
                async with asyncio.timeout(pause_s):
                    await self._filled.wait()
            except TimeoutError:
                continue

    async def _drain(self) -> bool:
        """Whether the queue is empty, as far as this could see."""
        loop = asyncio.get_running_loop()
        try:
            while found := await loop.run_in_executor(self._drains, lambda: list(self._buffer.receive())):
                if not all(await asyncio.gather(*(self._moved(receipt, webhook) for receipt, webhook in found))):
                    return False
        except CallFailed as failure:
            say("queue not emptied", level="warning", why=str(failure))
            return False
        return True

    async def _moved(self, receipt: str, webhook: Webhook) -> bool:
        """False: it comes again."""
        try:
            await self._move(receipt, webhook)
        except CallFailed as failure:
            say("webhook not moved", level="warning", webhook=webhook.id, why=str(failure))
            return False
        return True

    async def _move(self, receipt: str, webhook: Webhook) -> None:
        """Into the inbox, and out of the queue. Raises CallFailed."""
        if webhook.id not in self._there:
            await self._put(webhook, self._settings.request_timeout_s)
        await asyncio.get_running_loop().run_in_executor(self._drains, self._buffer.delete, receipt)

    def close(self) -> None:
        """Give up the threads."""
        for threads in (self._sends, self._drains):
            threads.shutdown(wait=False, cancel_futures=True)
