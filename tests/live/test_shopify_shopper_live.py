"""The routes of a shopper over HTTP, on tables in memory: also while these do not answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from shopify_tables import Tables, settings, shop, store

from reference.shopify_app.shopper import Shopper

pytestmark = [pytest.mark.live, pytest.mark.beside]
CART = {"lines": [{"product": "1", "quantity": 2}]}


def test_somebody_browses_fills_a_cart_pays_and_tracks(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = Tables()
    tables.table("products")["1"] = {"id": {"S": "1"}, "data": {"S": '{"title": "Chair"}'}}
    monkeypatch.setattr("reference.shopify_app.shopper.Client", lambda *_arguments, **_more: tables)
    shopper = Shopper(settings(), shop(), store(tables).ask_for)

    async def scene() -> None:
        app = web.Application()
        shopper.add_to(app)
        async with TestClient(TestServer(app)) as client:

            async def asked(method: str, path: str, body: Any = None) -> tuple[int, Any]:
                async with client.request(method, path, json=body) as reply:
                    return reply.status, await reply.json()

            assert await asked("GET", "/products/1") == (200, {"id": "1", "title": "Chair"})
            assert (await asked("GET", "/products/2"))[0] == 404
            assert await asked("POST", "/carts/c1", CART) == (200, {"cart": "c1"})
            assert await asked("POST", "/checkouts/o1", CART) == (201, {"checkout": "o1", "status": "paid"})
            assert await asked("POST", "/checkouts/o1", CART) == (200, {"checkout": "o1", "status": "paid"})
            assert await asked("GET", "/orders/o1/status") == (200, {"status": "paid", "erp": "waits"})
            assert (await asked("GET", "/orders/o2/status"))[0] == 404
            assert (await asked("POST", "/checkouts/o2", {"lines": []}))[0] == 400
            assert (await asked("POST", "/carts/c%20d", CART))[0] == 400
            tables.broken["get_item"] = 1
            assert await asked("GET", "/orders/o1/status") == (502, {"error": "InternalServerError"})
            assert (await asked("GET", "/orders/o1/status"))[0] == 200

    asyncio.run(scene())
    shopper.close()
