"""`POST /webhooks`: what the shop tells is taken into the inbox, and answered; all else comes later.

Shopify waits 5 s for an answer, and takes a subscription away after eight failures in a row. So nothing is done here
but one write, and that has a deadline: a 503 in time is tried again, and a write that ended later makes that a repeat.
Where the write takes longer than usual, the region's queue is asked as well, and whichever has the webhook first lets
it be answered. That is done only while the inbox works, if slowly: what a region that is lost has in its queue must be
learned from the shop. While the inbox does not work there is the write alone. What is begun outlives its request, so
there is a bound to it: a storm of attempts must not pile up work that has to be done once the inbox is back.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from reference.log import say
from reference.settings import Settings
from reference.shopify_app import intake
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.intake import Refused, Webhook
from reference.shopify_app.overflow import Overflow
from reference.shopify_app.rows import Received
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import TOPICS, ShopSettings, intake_deadline_s
from reference.shopify_app.store import Store

PATH = "/webhooks"
PUTS_MAX, QUEUED_MAX = 64, 192
"""Writes at once, and writes that wait for their turn while there is no other way to take a webhook."""
USUAL_S, SLOW_S = 0.05, 0.2
"""A write takes no longer, mostly; and after one that took so long, the next one is not waited for."""
WAITING_MAX = 1_024
"""Requests under way; one more is refused at once, and comes again."""
CHUNK = 64 * 1024


class Webhooks:
    """taken: told of each webhook that is new, once it is in the inbox. works: whether the inbox does, as of lately."""

    def __init__(
        self, settings: Settings, shop: ShopSettings, secrets: Secrets, store: Store, buffer: Buffer,
        taken: Callable[[Received], None], works: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._shop = shop
        self._secrets = secrets
        self._store = store
        self.overflow = Overflow(settings, buffer, self._put)
        self._taken = taken
        self._works = works
        self._deadline_s = intake_deadline_s(settings)
        self._threads = ThreadPoolExecutor(PUTS_MAX, "inbox")
        self._waiting = self._putting = 0
        self._last_s = 0.0

    async def post(self, request: web.Request) -> web.StreamResponse:
        """One delivery."""
        began = time.monotonic()
        body = await _read(request)
        decided = intake.TOO_LARGE if body is None else self._decide(request, body)
        if isinstance(decided, Refused):
            say("webhook refused", level="warning", status=decided.status, why=decided.why,
                webhook=request.headers.get(intake.ID, "")[:100])  # fmt: skip
            answer = self._answer(decided.status, decided.why)
            if body is None:
                answer.force_close()  # what is left of the body is not read
            return answer
        if self._waiting >= WAITING_MAX:
            return self._answer(503, "too many webhooks under way")
        self._waiting += 1
        try:
            return await self._take(decided, self._deadline_s - (time.monotonic() - began))
        finally:
            self._waiting -= 1

    def _decide(self, request: web.Request, body: bytes) -> Webhook | Refused:
        headers = list(request.headers.items())
        decided = intake.decide(headers, body, self._secrets.current().secrets, self._shop.domain, TOPICS)
        if isinstance(decided, Refused) and decided.status == 401 and self._secrets.read_again():
            return intake.decide(headers, body, self._secrets.current().secrets, self._shop.domain, TOPICS)
        return decided

    async def _take(self, webhook: Webhook, patience_s: float) -> web.Response:
        until = time.monotonic() + patience_s
        put = None
        if self._putting < (PUTS_MAX if self._works() else PUTS_MAX + QUEUED_MAX):
            put = self._put(webhook, patience_s / 2)
            await asyncio.wait({put}, timeout=0.0 if self._last_s > SLOW_S else USUAL_S)
        if (put is None or not put.done()) and self._works() and not self.overflow.full:
            sent = self.overflow.send(webhook)
            asked = {sent} if put is None else {put, sent}
            await asyncio.wait(asked, timeout=until - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            if sent.done() and sent.exception() is None and sent.result():
                return self._answer(200, "queued")
        if put is None:
            return self._answer(503, "too many webhooks under way")
        if not put.done():
            await asyncio.wait({put}, timeout=until - time.monotonic())
        return self._put_ended(webhook, put)

    def _put_ended(self, webhook: Webhook, put: asyncio.Future[bool]) -> web.Response:
        if not put.done():
            return self._answer(503, "the inbox has not answered in time")
        failure = put.exception()
        if failure is not None:
            say("webhook not taken", level="warning", webhook=webhook.id, why=str(failure))
            return self._answer(503, "the inbox could not be written")
        return self._answer(200, "taken" if put.result() else "known")

    def _put(self, webhook: Webhook, patience_s: float) -> asyncio.Future[bool]:
        """Put it into the inbox; what the shop is answered meanwhile makes no difference to that."""
        loop = asyncio.get_running_loop()
        put = loop.run_in_executor(self._threads, self._store.take, webhook, max(patience_s, 0.0))
        self._putting += 1
        began = time.monotonic()
        put.add_done_callback(lambda done: self._over(webhook, done, time.monotonic() - began))
        return put

    def _over(self, webhook: Webhook, put: asyncio.Future[bool], took_s: float) -> None:
        self._putting -= 1
        self._last_s = took_s
        if put.cancelled() or put.exception() is not None:
            return
        self.overflow.is_there(webhook.id)
        if put.result():
            self._taken(Received(webhook.id, webhook.topic, self._settings.region, webhook.body))

    def _answer(self, status: int, what: str) -> web.Response:
        headers = {"X-Region": self._settings.region, "Content-Type": "application/json"}
        return web.Response(status=status, body=json.dumps({"webhook": what}).encode(), headers=headers)

    def close(self) -> None:
        """Give up the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.overflow.close()


async def _read(request: web.Request) -> bytes | None:
    """The raw body; None: it is too large."""
    parts, size = [], 0
    async for chunk in request.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > intake.BODY_MAX:
            return None
        parts.append(chunk)
    return b"".join(parts)
