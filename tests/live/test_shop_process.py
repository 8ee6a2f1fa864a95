"""The shop's whole process over real sockets: its API at a port for each place, its control port, what it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from shopify_receiver import URL, Names, Receiver, rightly_signed

from harness.errors import WorldError
from harness.history.business import BusinessChange, BusinessTold
from harness.history.codec import read
from harness.parts.commerce.shopify.config import ShopConfig
from harness.parts.commerce.shopify.server import run
from harness.wire.admin_client import AdminClient
from harness.wire.ask import NoAnswer, ask

pytestmark = [pytest.mark.live, pytest.mark.beside]
EAST, WEST = "192.0.2.10", "192.0.2.20"
FIRST, NEXT = "first-secret", "next-secret"


class Shop:
    """A shop whose links lead to one receiver."""

    def __init__(self, told: Mapping[str, Any], receiver: Receiver) -> None:
        self.told = told
        self.receiver = receiver
        self.admin = AdminClient("shop", told["admin"])

    async def post(self, path: str, **body: Any) -> Any:
        return await asyncio.to_thread(self.admin.post, path, body)

    async def get(self, path: str) -> Any:
        return await asyncio.to_thread(self.admin.get, path)

    async def call(self, place: str, path: str, said: Mapping[str, Any], token: str = "") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": token}
        host, port = self.told[f"api.{place}"]
        answer = await asyncio.to_thread(
            ask, (host, port), "POST", path, timeout_s=10, headers=headers, body=json.dumps(said).encode()
        )
        return answer.status, json.loads(answer.body)

    async def token(self, place: str, secret: str = FIRST) -> str:
        said = {"client_id": "app", "client_secret": secret, "grant_type": "client_credentials"}
        status, found = await self.call(place, "/admin/oauth/access_token", said)
        assert status == 200, found
        return str(found["access_token"])

    async def subscribe(self, token: str) -> None:
        document = (
            "mutation M($uri: String!) { webhookSubscriptionCreate(topic: ORDERS_CREATE, "
            "webhookSubscription: {uri: $uri, format: JSON}) { userErrors { message } } }"
        )
        said = {"query": document, "variables": {"uri": URL}}
        _, found = await self.call("us-east-1", "/admin/api/2026-10/graphql.json", said, token)
        assert found["data"]["webhookSubscriptionCreate"]["userErrors"] == []

    async def subscriptions(self, place: str, token: str) -> tuple[int, Any]:
        said = {"query": "{ webhookSubscriptions(first: 5) { nodes { uri } } }"}
        return await self.call(place, "/admin/api/2026-10/graphql.json", said, token)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Shop]:
    """A shop with its links up."""
    receiver, names = await Receiver("both").start(), await Names(EAST).start()
    config = ShopConfig(
        domain="drill-shop.myshopify.com", api_version="2026-10", client_id="app", client_secret=FIRST,
        callers=("us-east-1", "us-west-2"), events=folder / "shop.jsonl", asks={"orders/create": ("erp:{id}",)},
        scale=0.1, seed=7, retry_window_s=2.0,
    )  # fmt: skip
    ready: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    task = asyncio.create_task(run(config, ready.set_result, stop))
    try:
        async with asyncio.timeout(20):
            shop = Shop(await ready, receiver)
        edges = {at: {"place": place, "address": list(receiver.address)}
                 for at, place in ((EAST, "us-east-1"), (WEST, "us-west-2"))}  # fmt: skip
        await shop.post("/connect", dns=list(names.address), edges=edges)
        yield shop
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task
        names.stop()
        await receiver.stop()


def test_it_sells_and_tells_whoever_has_subscribed_and_its_ledger_knows_both(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as shop:
            token = await shop.token("us-east-1")
            await shop.subscribe(token)
            assert await shop.get("/subscribed") == {"orders/create": [URL]}
            await shop.post("/burst", orders=5, over_s=0.2)
            got = await shop.receiver.until(5)
            assert all(rightly_signed(one, FIRST) for one in got)
            assert {one.headers["x-shopify-topic"] for one in got} == {"orders/create"}
            while any((await shop.get("/unsettled")).values()):
                await asyncio.sleep(0.02)
            status = await shop.get("/status")
            assert (status["MakeOrder"], status["subscriptions"]) == (5, 1)
            [line] = await shop.get("/lines")
            assert "1 subscriptions" in line["about"]
            await shop.post("/reset")
            assert (await shop.get("/status"))["subscriptions"] == 0
            assert (await shop.subscriptions("us-east-1", token))[0] == 401

    asyncio.run(story())
    events = list(read(tmp_path / "shop.jsonl"))
    made = [one for one in events if isinstance(one, BusinessChange) and one.kind == "orders"]
    assert [one.effects for one in made] == [(f"erp:{one.k}",) for one in made]
    assert len(made) == 5
    assert len([one for one in events if isinstance(one, BusinessTold)]) == 5


def test_each_trouble_shows_where_it_must_and_to_the_canary(tmp_path: Path) -> None:
    async def well(shop: Shop) -> bool:
        try:
            host, port = shop.told["admin"]
            await asyncio.to_thread(ask, (host, port), "GET", "/well", timeout_s=5)
        except NoAnswer:
            return False
        return True

    async def story() -> None:
        async with opened(tmp_path) as shop:
            east, west = await shop.token("us-east-1"), await shop.token("us-west-2")
            await shop.subscribe(east)
            assert await well(shop)

            await shop.post("/trouble", trouble="token-expired", place="us-west-2")
            assert not await well(shop)
            assert (await shop.subscriptions("us-west-2", west))[0] == 401
            assert (await shop.subscriptions("us-east-1", east))[0] == 200
            await shop.post("/relieve", trouble="token-expired")
            assert await well(shop)

            shop.receiver.verifies = True
            await shop.post("/trouble", trouble="forged", count=7)
            assert len(shop.receiver.got) == 14
            assert not any(rightly_signed(one, FIRST) for one in shop.receiver.got)
            shop.receiver.verifies = False

            await shop.post("/trouble", trouble="secret-rotated", secret=NEXT)
            assert (await shop.token("us-east-1", NEXT)) != east
            await shop.post("/trouble", trouble="throttled", count=0, seconds=30)
            _, refused = await shop.subscriptions("us-east-1", east)
            assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
            await shop.post("/trouble", trouble="subscriptions-removed")
            assert (await shop.get("/status"))["subscriptions"] == 0
            with pytest.raises(WorldError, match="400"):
                await shop.post("/trouble", trouble="boredom")

    asyncio.run(story())
