"""The routes of somebody who shops: browse, add to cart, pay, track. What is asked and answered is in `shopping`.

Any region may answer: the tables are strongly consistent in all of them. Calls have threads and connections of their
own, so that a sale slows no webhook down, and webhooks no sale.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from reference.dynamo import CallFailed, Client
from reference.settings import Settings
from reference.shopify_app import shopping
from reference.shopify_app.settings import ShopSettings
from reference.shopify_app.things import Effect

CALLS_MAX, WAITING_MAX = 32, 256
"""Calls at once, and requests under way; one more is refused at once."""
CARTS = "carts"


class Shopper:
    """ask_for: has something done once, whoever asks for it and how often; whether nobody had asked before."""

    def __init__(self, settings: Settings, shop: ShopSettings, ask_for: Callable[[Effect], bool]) -> None:
        self._settings = settings
        self._effects = shop.effects_table
        self._ask_for = ask_for
        self._client = Client(settings.region, timeout_s=settings.request_timeout_s, connections=CALLS_MAX)
        self._threads = ThreadPoolExecutor(CALLS_MAX, "shopper")
        self._waiting = 0

    def add_to(self, app: web.Application) -> None:
        """The four paths."""
        app.router.add_get("/products/{id}", self._browse)
        app.router.add_post("/carts/{id}", self._fill)
        app.router.add_post("/checkouts/{id}", self._pay)
        app.router.add_get("/orders/{id}/status", self._track)

    async def _browse(self, request: web.Request) -> web.StreamResponse:
        def read(key: str) -> web.Response:
            found = shopping.product_of(self._row("products", key))
            return self._answer(404, {"error": "no such product"}) if found is None else self._answer(200, found)

        return await self._served(request, read)

    async def _fill(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def write(key: str) -> web.Response:
            self._client.insist("put_item", **shopping.cart_put(CARTS, key, shopping.lines_of(body)))
            return self._answer(200, {"cart": key})

        return await self._served(request, write)

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def write(key: str) -> web.Response:
            new = self._ask_for(shopping.intent(key, shopping.lines_of(body)))
            return self._answer(201 if new else 200, {"checkout": key, "status": "paid"})

        return await self._served(request, write)

    async def _track(self, request: web.Request) -> web.StreamResponse:
        def read(key: str) -> web.Response:
            row = self._row(self._effects, shopping.intent_key(key))
            found = shopping.status_of({} if row else self._row("orders", key), row)
            return self._answer(404, {"error": "no such order"}) if found is None else self._answer(200, found)

        return await self._served(request, read)

    def _row(self, table: str, key: str) -> Mapping[str, Any]:
        reply = self._client.insist("get_item", TableName=table, Key={"id": {"S": key}}, ConsistentRead=True)
        item: Mapping[str, Any] = reply.get("Item", {})
        return item

    async def _served(self, request: web.Request, work: Callable[[str], web.Response]) -> web.Response:
        """The answer of `work`, which may block. A client's mistake is told; so is a database that does not answer."""
        if self._waiting >= WAITING_MAX:
            return self._answer(503, {"error": "too many requests under way"})
        self._waiting += 1
        try:
            key = shopping.id_of(request.match_info["id"])
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, key)
        except shopping.Misread as mistake:
            return self._answer(400, {"error": str(mistake)})
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code})
        finally:
            self._waiting -= 1

    def _answer(self, status: int, body: Mapping[str, object]) -> web.Response:
        headers = {"X-Region": self._settings.region, "Content-Type": "application/json"}
        return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)

    def close(self) -> None:
        """Give up threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()
