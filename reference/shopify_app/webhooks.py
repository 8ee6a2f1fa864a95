"""`POST /webhooks`: what the shop tells is taken into the inbox, and answered; all else comes later.

Shopify waits 5 s for an answer, and takes a subscription away after eight failures in a row. So nothing is done here
but one write, and that has a deadline: a 503 in time is tried again, and a write that ended later makes that a repeat.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app import intake
from reference.shopify_app.intake import Refused, Webhook
from reference.shopify_app.rows import Received
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import TOPICS, ShopSettings, intake_deadline_s
from reference.shopify_app.store import Store

PATH = "/webhooks"
PUTS_MAX = 64
WAITING_MAX = 1_024
"""Requests under way; one more is refused at once, and comes again."""
CHUNK = 64 * 1024


class Webhooks:
    """taken: told of each webhook that is new, once it is in the inbox."""

    def __init__(
        self, settings: Settings, shop: ShopSettings, secrets: Secrets, store: Store, taken: Callable[[Received], None]
    ) -> None:
        self._settings = settings
        self._shop = shop
        self._secrets = secrets
        self._store = store
        self._taken = taken
        self._deadline_s = intake_deadline_s(settings)
        self._threads = ThreadPoolExecutor(PUTS_MAX, "inbox")
        self._waiting = 0

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
        loop = asyncio.get_running_loop()
        put = loop.run_in_executor(self._threads, self._store.take, webhook, max(patience_s / 2, 0.0))
        put.add_done_callback(lambda done: self._over(webhook, done))
        try:
            new = await asyncio.wait_for(asyncio.shield(put), max(patience_s, 0.0))
        except TimeoutError:
            return self._answer(503, "the inbox has not answered in time")
        except CallFailed as failure:
            say("webhook not taken", level="warning", webhook=webhook.id, why=str(failure))
            return self._answer(503, "the inbox could not be written")
        return self._answer(200, "taken" if new else "known")

    def _over(self, webhook: Webhook, put: asyncio.Future[bool]) -> None:
        """Whatever the shop was answered meanwhile: what is in the inbox is done."""
        if not put.cancelled() and put.exception() is None and put.result():
            self._taken(Received(webhook.id, webhook.topic, self._settings.region, webhook.body))

    def _answer(self, status: int, what: str) -> web.Response:
        headers = {"X-Region": self._settings.region, "Content-Type": "application/json"}
        return web.Response(status=status, body=json.dumps({"webhook": what}).encode(), headers=headers)

    def close(self) -> None:
        """Give up the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _read(request: web.Request) -> bytes | None:
    """The raw body; None: it is too large."""
    parts, size = [], 0
    async for chunk in request.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > intake.BODY_MAX:
            return None
        parts.append(chunk)
    return b"".join(parts)
