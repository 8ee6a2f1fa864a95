"""The reference's Shopify application over HTTP, on a region server: webhooks, the shop's API, and a third party."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from shopify_doubles import DOMAIN, SECRET, Party, Shop

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.processes.forkserver import ForkServer, stop_all
from reference.settings import load
from reference.shopify_app.buffer import WEBHOOKS, Buffer
from reference.shopify_app.intake import Webhook
from reference.shopify_app.service import ShopifyApp
from reference.shopify_app.settings import TOPICS, Credentials, ShopSettings, load_shop
from reference.shopify_app.signature import sign
from reference.shopify_app.store import Store
from reference.shopify_app.things import Effect, version_of
from reference.shopify_reestablish.steps import Steps

pytestmark = [pytest.mark.live, pytest.mark.beside]
REGION, EAST = "harness.engines.moto.server", "us-east-1"
TABLES = ("orders", "products", "customers", "fulfillments", "effects", "inbox", "shop")
AT = "2026-11-29T11:00:00.{:06}Z"


@dataclass
class World:
    """A region's database, a shop and its ERP."""

    dynamodb: Any
    shop: Shop
    erp: Party
    env: dict[str, str]

    def rows(self, table: str) -> dict[str, Any]:
        return {item["id"]["S"]: item for item in self.dynamodb.scan(TableName=table)["Items"]}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    shop, erp = Shop(), Party()
    with ForkServer([REGION], tmp_path) as servers:
        region = servers.spawn("region", REGION, {"region": EAST, "listen": ["127.0.0.1", 0]})
        host, port = region.ready(60)["listen"]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        clients = RegionClients(EAST, (host, port))
        dynamodb = clients.client("dynamodb")
        create_tables(dynamodb, [NewTable(table, "id") for table in TABLES])
        env = {
            "AWS_REGION": EAST, "TIME_SCALE": "0.02", "SHOP_DOMAIN": DOMAIN, "SHOP_ADMIN_URL": shop.url,
            "SHOP_CLIENT_ID": "app", "SHOP_CLIENT_SECRET": SECRET, "SHOP_APP_URL": "http://app.example",
            "PARTY_ERP_URL": erp.url,
        }  # fmt: skip
        yield World(dynamodb, shop, erp, env)
        dynamodb.close()
        stop_all([region])
    shop.close()
    erp.close()


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[str]:
    """The application as a process runs it, without the storefront."""
    beside = ShopifyApp(load(world.env), shop_of(world))
    app = web.Application()
    beside.add_to(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    work = asyncio.create_task(beside.work_for_ever())
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await runner.cleanup()
        beside.close()


async def post(url: str, key: str, body: dict[str, Any], topic: str = "orders/create", secret: str = SECRET) -> int:
    raw = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json", "X-Shopify-Hmac-Sha256": sign(raw, secret), "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-Webhook-Id": key,
    }  # fmt: skip
    async with aiohttp.ClientSession() as session, session.post(url, data=raw, headers=headers) as reply:
        return reply.status


async def post_until_taken(url: str, key: str, body: dict[str, Any]) -> None:
    """As the shop does it."""
    until = time.monotonic() + 60
    while (status := await post(url, key, body)) != 200:
        assert time.monotonic() < until, f"{key} was never taken: {status}"
        await asyncio.sleep(0.05)


async def eventually(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + 60
    while not (found := await asyncio.to_thread(what)):
        assert time.monotonic() < until, "it never came"
        await asyncio.sleep(0.02)
    return found


def test_a_webhook_is_kept_told_on_and_what_was_missed_is_learned_from_the_shop(world: World) -> None:
    world.shop.nodes["orders"] = [order_node(number) for number in range(1, 61)]
    world.shop.throttled, world.shop.expired = 2, 1

    async def run() -> None:
        async with serving(world) as url:
            assert await post(url, "w-1", {"id": 99, "updated_at": AT.format(99), "financial_status": "paid"}) == 200
            assert await post(url, "w-1", {"id": 99, "updated_at": AT.format(99), "financial_status": "paid"}) == 200
            assert await post(url, "w-2", {"id": 98, "updated_at": AT.format(98)}, secret="wrong") == 401
            assert await post(url, "w-3", {"id": 97}, topic="shop/update") == 404
            await eventually(lambda: len(world.rows("orders")) == 61)
            await eventually(lambda: len(world.erp.records) == 61)
            await eventually(lambda: len(world.shop.subscriptions) == len(TOPICS))
            key = next(iter(world.shop.subscriptions))
            del world.shop.subscriptions[key]
            await eventually(lambda: len(world.shop.subscriptions) == len(TOPICS))

    asyncio.run(run())
    orders, effects = world.rows("orders"), world.rows("effects")
    assert orders["99"]["version"]["N"] == str(version_of(AT.format(99)))
    assert {one["uri"] for one in world.shop.subscriptions.values()} == {"http://app.example/webhooks"}
    assert {item["count"]["N"] for item in effects.values()} == {"1"}
    assert effects["fulfilment:99"]["state"]["S"] == "queued"  # nobody sends it: there is no such party
    assert sorted(world.erp.taken) == sorted(f"erp:{number}" for number in [*range(1, 61), 99])


def test_an_inbox_that_cannot_be_written_is_said_in_time_and_the_next_attempt_is_taken(world: World) -> None:
    world.dynamodb.delete_table(TableName="inbox")

    async def run() -> None:
        async with serving(world) as url:
            assert await post(url, "w-1", {"id": 1, "updated_at": AT.format(1)}) == 503
            await asyncio.to_thread(create_tables, world.dynamodb, [NewTable("inbox", "id")])
            assert await post(url, "w-1", {"id": 1, "updated_at": AT.format(1)}) == 200
            await eventually(lambda: "1" in world.rows("orders"))

    asyncio.run(run())


def test_while_the_inbox_is_slow_the_region_s_queue_lets_webhooks_be_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, send, sent = Store.take, Buffer.send, []
    monkeypatch.setattr(Buffer, "send", lambda buffer, webhook: sent.append(webhook) or send(buffer, webhook))

    def slowly(store: Store, webhook: Webhook, patience_s: float) -> bool:
        time.sleep(0.3)
        return take(store, webhook, patience_s)

    async def run() -> None:
        async with serving(world) as url:
            await eventually(lambda: "beat:us-east-1" in world.rows("inbox"))
            monkeypatch.setattr(Store, "take", slowly)
            bodies = [{"id": number, "updated_at": AT.format(number)} for number in range(1, 41)]
            await asyncio.gather(*(post_until_taken(url, f"w-{body['id']}", body) for body in bodies))
            assert sent
            await eventually(lambda: len(world.rows("orders")) == 40)
            await eventually(lambda: left(world) == 0)

    asyncio.run(run())
    assert {item["count"]["N"] for item in world.rows("effects").values()} == {"1"}


def left(world: World) -> int:
    """Messages in the region's queue."""
    buffer = Buffer(load(world.env))
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = buffer._call("get_queue_attributes", WEBHOOKS, AttributeNames=names)["Attributes"]
    buffer.close()
    return sum(int(told[name]) for name in names)


def test_a_command_puts_everything_in_order_again_and_says_what_it_replayed(world: World) -> None:
    store = Store(load(world.env), shop_of(world))
    body = json.dumps({"id": 99, "updated_at": AT.format(99)}).encode()
    store.take(Webhook("w-1", "orders/create", "", "", body), 1.0)
    for number in range(40, 52):
        store.ask_for(Effect(f"erp:{number}", "erp", {"order": str(number)}))
    store.close()
    for table in ("inbox", "effects"):
        for key in world.rows(table):
            world.dynamodb.update_item(
                TableName=table, Key={"id": {"S": key}}, UpdateExpression="SET #region = :lost",
                ExpressionAttributeNames={"#region": "region"}, ExpressionAttributeValues={":lost": {"S": "us-west-2"}},
            )  # fmt: skip
    world.shop.nodes["orders"] = [order_node(99), order_node(100)]
    looked = Steps(load(world.env), shop_of(world), 10.0)
    found = looked.run(only_look=True)
    assert [check.name for check in found.checks if not check.good] == ["webhooks"]
    assert not world.shop.subscriptions
    report = looked.run(only_look=False)
    looked.close()
    assert report.good, report.as_text()
    replayed = report.replayed
    assert replayed is not None
    assert (replayed.webhooks, replayed.learned, len(replayed.subscribed)) == (1, 2, len(TOPICS))
    assert world.erp.taken == [f"erp:{number}" for number in [*range(40, 52), 99, 100]]
    assert {item["state"]["S"] for item in world.rows("effects").values()} == {"sent"}
    assert "erp: sent 14, not yet 0" in report.as_text()
    assert json.loads(json.dumps(report.as_dict()))["good"] is True


def test_what_cannot_be_put_in_order_is_named(world: World) -> None:
    world.erp.down = True
    steps = Steps(load(world.env), replace(shop_of(world), credentials=Credentials("app", "another")), 0.2)
    steps._store.ask_for(Effect("erp:1", "erp", {}))
    report = steps.run(only_look=False)
    steps.close()
    assert not report.good
    failed = {check.name: check.says for check in report.checks if not check.good}
    assert set(failed) == {"token", "scopes", "webhooks", "erp", "reconciled"}
    assert "gives no token" in failed["token"]
    assert report.replayed is not None
    assert report.replayed.unsent == {"erp": 1}
    assert "FAIL" in report.as_text()


def shop_of(world: World) -> ShopSettings:
    found = load_shop(world.env)
    assert found is not None
    return found


def order_node(number: int) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}", "updatedAt": AT.format(number), "name": f"#{number}", "note": None,
        "displayFinancialStatus": "PENDING", "cancelledAt": None, "totalPriceSet": {"shopMoney": {"amount": "1.00"}},
        "fulfillments": [], "refunds": [],
    }  # fmt: skip
