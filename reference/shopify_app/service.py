"""The application beside the storefront, in one process: webhooks in front, and what they lead to behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.shopify_app import regions
from reference.shopify_app.admin_api.client import AdminApi
from reference.shopify_app.buffer import Buffer
from reference.shopify_app.integrations.queue import Queues
from reference.shopify_app.journals import journal_of
from reference.shopify_app.reconciliation import due
from reference.shopify_app.reconciliation.keeper import Keeper
from reference.shopify_app.reconciliation.service import Reconciliation
from reference.shopify_app.regional import RegionalStore
from reference.shopify_app.rows import Queued
from reference.shopify_app.secrets_file import Secrets
from reference.shopify_app.settings import INBOX_BEAT_S, ShopSettings, inbox_stale_after_ns, region_lost_after_ns
from reference.shopify_app.shopper import Shopper
from reference.shopify_app.store import Store
from reference.shopify_app.webhooks import PATH, Webhooks
from reference.shopify_app.worker import Worker


class NoShop:
    """There is no shop: no webhooks are taken, and that is said."""

    def add_to(self, app: web.Application) -> None:
        """A path that says so."""
        app.router.add_post(PATH, self._post)

    async def _post(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"webhook": "there is no shop: SHOP_DOMAIN is not given"}, status=404)

    def edge_verdict(self) -> tuple[bool, Mapping[str, object]]:
        """As the storefront says."""
        return True, {"webhooks": "no shop"}

    def lease_gained(self) -> None:
        """Nothing to do."""

    async def work_for_ever(self) -> None:
        """Nothing to do."""
        say("no shop: webhooks are not taken")

    def close(self) -> None:
        """Nothing to give up."""


class ShopifyApp:
    """All of it runs on the storefront's event loop; calls that block have threads."""

    def __init__(self, settings: Settings, shop: ShopSettings) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._secrets = Secrets(shop.credentials, shop.secrets_file)
        self._store = (RegionalStore if shop.dedupes_in_region else Store)(settings, shop, self._asked, self._doubted)
        self._worker = Worker(settings, self._store, self._is_lost, self._too_large)
        self._buffer = Buffer(settings)
        self._webhooks = Webhooks(
            settings, shop, self._secrets, self._store, self._buffer, self._worker.put, self._inbox_works
        )
        self._queues = Queues(settings, self._store, shop.parties, self._is_lost, self._buffer)
        self._shopper = Shopper(settings, shop, self._store.ask_for)
        api = AdminApi(settings, shop, self._secrets)
        self._reconciliation = Reconciliation(settings, shop, self._store, api)
        self._keeper = Keeper(settings, api, self._reconciliation, journal_of(settings, shop, self._store))
        self._threads = ThreadPoolExecutor(4, "beats")
        self._others = regions.State()
        self._beaten_ns: int | None = None

    # -- beside the storefront -----------------------------------------------------------------------------------
    def add_to(self, app: web.Application) -> None:
        """The path of webhooks, and those of shoppers."""
        app.router.add_post(PATH, self._webhooks.post)
        self._shopper.add_to(app)

    def edge_verdict(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the inbox could be written lately."""
        takes = self._inbox_works()
        why = "taken" if takes else "the inbox could not be written lately"
        return takes, {"webhooks": why, "waiting": self._worker.waiting, "unsent": self._queues.waiting}

    def _inbox_works(self) -> bool:
        limit_ns = inbox_stale_after_ns(self._settings)
        return self._beaten_ns is not None and time.monotonic_ns() - self._beaten_ns <= limit_ns

    def lease_gained(self) -> None:
        """A takeover, or the start."""
        self._worker.look()
        self._queues.look()
        self._keeper.want(due.TAKEOVER)

    async def work_for_ever(self) -> None:
        """Beat, do what webhooks ask for, tell third parties, and ask the shop what was missed."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat_for_ever())
            group.create_task(self._worker.run())
            group.create_task(self._webhooks.overflow.run())
            group.create_task(self._queues.run())
            group.create_task(self._keeper.run())

    def close(self) -> None:
        """Give up threads and connections."""
        self._webhooks.close()
        self._shopper.close()
        self._worker.close()
        self._queues.close()
        self._keeper.close()
        self._reconciliation.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._store.close()
        self._buffer.close()

    # -- regions -------------------------------------------------------------------------------------------------
    async def _beat_for_ever(self) -> None:
        """One at a time: a call that hangs ends by its time-out."""
        loop = asyncio.get_running_loop()
        while True:
            for call in (self._beat, self._look_at_the_other):
                try:
                    await loop.run_in_executor(self._threads, call)
                except CallFailed as failure:
                    say("inbox not reached", level="warning", why=str(failure))
            await asyncio.sleep(self._settings.scaled_s(INBOX_BEAT_S))

    def _beat(self) -> None:
        self._store.beat()
        now_ns = time.monotonic_ns()
        before_ns, self._beaten_ns = self._beaten_ns, now_ns
        if before_ns is not None and now_ns - before_ns > inbox_stale_after_ns(self._settings):
            self._on_loop(self._keeper.want, due.OUTAGE)

    def _look_at_the_other(self) -> None:
        other, was_lost = self._settings.other_region, self._is_lost(self._settings.other_region)
        self._others = regions.seen(self._others, other, self._store.beats_of(other), time.monotonic_ns())
        if self._is_lost(other) and not was_lost:
            say("the other region is lost: its work is taken over", level="warning", region=other)
            for look in (self._worker.look, self._queues.look):
                self._on_loop(look)
            self._on_loop(self._keeper.want, due.TAKEOVER)

    def _is_lost(self, region: str) -> bool:
        return regions.is_lost(self._others, region, region_lost_after_ns(self._settings))

    # -- from threads --------------------------------------------------------------------------------------------
    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call, *arguments)

    def _asked(self, effect: Queued) -> None:
        self._on_loop(self._queues.put, effect)

    def _doubted(self) -> None:
        for doubt in (self._worker.doubt, self._queues.doubt):
            self._on_loop(doubt)

    def _too_large(self, _topic: str) -> None:
        self._on_loop(self._keeper.want, due.LARGE)
