"""The Admin API behind a socket, driven by Shopify's own Python package and by a GraphQL client over httpx."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.error import HTTPError

import httpx
import pytest
import shopify
from aiohttp import web
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport
from pyactiveresource.connection import ClientError, ResourceNotFound, UnauthorizedAccess

from harness.clock import MachineClock
from harness.kit.address import ANY_ADDRESS
from harness.kit.admin import serve_http
from harness.parts.commerce.shopify.admin.api import AdminApi
from harness.parts.commerce.shopify.admin.exchange import request_of
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import iso

pytestmark = [pytest.mark.live, pytest.mark.beside]
VERSION = "2026-10"


class Served:
    """A shop whose API listens on loopback, on a thread of this process."""

    def __init__(self, **settings: Any) -> None:
        self.now_us = [1_790_000_000_000_000]
        self.shop = Shop(lambda: self.now_us[0])
        self.api = AdminApi(self.shop, MachineClock(), AdminSettings(**settings))
        self.variant: int = self.shop.catalogue.create("Kopfhörer")[0].body["variants"][0]["id"]
        self.token = self.shop.installation.issue("us-east-1", None).text
        self.url = ""
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        assert self._listening.wait(10)

    def _serve(self) -> None:
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        async def answer(request: web.Request) -> web.Response:
            body = await request.read()
            asked = request_of("us-east-1", request.method, request.raw_path, request.headers, body)
            status, headers, content = self.api.answer(asked)
            return web.Response(status=status, headers=headers, body=content)

        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{path:.*}", answer)
        async with AsyncExitStack() as stack:
            address = await serve_http(stack, "shop", web.AppRunner(app, access_log=None), ANY_ADDRESS)
            self.url = f"http://{address[0]}:{address[1]}"
            self._listening.set()
            await self._stop.wait()

    def order(self, **said: Any) -> int:
        return self.shop.orders.create([NewLine(self.variant)], **said)[0].id

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture
def served() -> Iterator[Served]:
    one = Served()
    shopify.ShopifyResource.site = f"{one.url}/admin/api/{VERSION}"
    shopify.ShopifyResource.headers = {"X-Shopify-Access-Token": one.token}
    yield one
    shopify.ShopifyResource.clear_session()
    one.close()


def test_shopifys_own_package_reads_the_shop(served: Served) -> None:
    ids = [served.order(note=f"ü{n}") for n in range(5)]
    assert shopify.Shop.current().myshopify_domain == served.shop.domain
    assert shopify.Order.count() == 5
    page = shopify.Order.find(limit=2)
    seen = [order.id for order in page]
    while page.has_next_page():
        page = page.next_page()
        seen += [order.id for order in page]
    assert seen == ids[::-1]
    assert [order.id for order in shopify.Order.find(since_id=ids[2])] == ids[3:]
    assert shopify.Order.find(ids[0]).note == "ü0"
    assert {one.handle for one in shopify.AccessScope.find()} >= {"read_orders"}
    with pytest.raises(ResourceNotFound):
        shopify.Order.find(1)


def test_shopifys_own_package_changes_the_shop(served: Served) -> None:
    product = shopify.Product()
    product.title = "Headphones"
    assert product.save()
    product.title = ""
    assert not product.save()
    assert product.errors.full_messages() == ["title can't be blank"]
    product.destroy()
    assert not shopify.Product.exists(product.id)
    order = shopify.Order.find(served.order())
    order.note = "later"
    order.tags = "vip"
    assert order.save()
    order.cancel()
    assert shopify.Order.find(order.id).cancelled_at
    paid = shopify.Order.find(served.order())
    line = paid.line_items[0].id
    refund = {"order_id": paid.id, "note": "n", "refund_line_items": [{"line_item_id": line, "quantity": 1}]}
    assert shopify.Refund.create(refund).transactions[0].amount == "10.50"
    assert shopify.Refund.create(refund).errors.full_messages()
    hook = shopify.Webhook.create({"topic": "orders/create", "address": "https://app.example.com/", "format": "json"})
    assert [one.address for one in shopify.Webhook.find()] == [hook.address]
    hook.destroy()
    assert shopify.Webhook.count() == 0


def test_shopifys_own_package_keeps_a_theme(served: Served) -> None:
    theme = shopify.Theme.find()[0]
    asset = shopify.Asset({"key": "templates/index.json", "theme_id": theme.id})
    asset.value = '{"order":["a/b"]}'
    assert asset.save()
    found = shopify.Asset.find("templates/index.json", theme_id=theme.id)
    assert json.loads(found.value) == {"order": ["a/b"]}
    assert [one.key for one in shopify.Asset.find(theme_id=theme.id)] == ["templates/index.json"]
    asset.destroy()
    assert shopify.Asset.find(theme_id=theme.id) == []


def test_shopifys_own_package_is_told_to_wait(served: Served) -> None:
    def hurry() -> None:
        for _ in range(60):
            shopify.Shop.current()

    with pytest.raises(ClientError) as refused:
        hurry()
    assert refused.value.response.code == 429
    assert refused.value.response.headers["Retry-After"] == "2.0"


def test_shopifys_own_package_asks_in_graphql(served: Served) -> None:
    said = json.loads(
        shopify.GraphQL().execute("query ($n: Int!) { products(first: $n) { nodes { title } } }", {"n": 1})
    )
    assert said["data"]["products"]["nodes"] == [{"title": "Kopfhörer"}]
    served.api.expire_token()
    with pytest.raises(HTTPError, match="401"):
        shopify.GraphQL().execute("{ shop { name } }")
    with pytest.raises(UnauthorizedAccess):
        shopify.Shop.current()


def client(served: Served) -> Client:
    url, headers = f"{served.url}/admin/api/{VERSION}/graphql.json", {"X-Shopify-Access-Token": served.token}
    return Client(transport=HTTPXTransport(url=url, headers=headers, timeout=10), fetch_schema_from_transport=True)


PAGE = """query ($after: String, $query: String) { orders(first: 2, after: $after, query: $query, sortKey: UPDATED_AT) {
  nodes { id updatedAt } pageInfo { hasNextPage endCursor } } }"""


def test_a_graphql_client_reads_the_schema_and_reconciles(served: Served) -> None:
    ids = [served.order() for _ in range(5)]
    since = iso(served.shop.registers.orders.require(ids[2]).updated_at_us)
    with client(served) as session:
        assert session.client.schema is not None
        assert "webhookSubscriptionCreate" in session.client.schema.mutation_type.fields
        seen, after = [], None
        while True:
            query = gql(PAGE)
            query.variable_values = {"after": after, "query": f"updated_at:>={since}"}
            page = session.execute(query)["orders"]
            seen += [int(node["id"].rpartition("/")[2]) for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
    assert seen == ids[2:]


def test_a_graphql_client_is_throttled(served: Served) -> None:
    with client(served) as session:
        assert session.execute(gql("{ shop { name } }"))["shop"]["name"] == "Drill shop"
        served.api.throttle(0, for_s=600)
        with pytest.raises(TransportQueryError, match="Throttled"):
            session.execute(gql("{ shop { name } }"))


def test_a_token_is_got_and_a_bulk_result_is_fetched(served: Served) -> None:
    said = {"client_id": "drill-app", "client_secret": "shpss_drill", "grant_type": "client_credentials"}
    token = httpx.post(f"{served.url}/admin/oauth/access_token", json=said).json()["access_token"]
    served.order()
    url, headers = f"{served.url}/admin/api/{VERSION}/graphql.json", {"X-Shopify-Access-Token": token}
    run = 'mutation { bulkOperationRunQuery(query: "{ orders { nodes { id name } } }") { bulkOperation { id } } }'
    assert httpx.post(url, headers=headers, json={"query": run}).json()["data"]
    served.now_us[0] += 10_000_000
    done = httpx.post(url, headers=headers, json={"query": "{ currentBulkOperation { status url } }"}).json()
    result = httpx.get(done["data"]["currentBulkOperation"]["url"])
    assert json.loads(result.text)["name"] == "#1001"
