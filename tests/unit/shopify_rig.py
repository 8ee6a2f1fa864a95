"""A shop and its Admin API on a clock that is turned by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.parts.commerce.shopify.admin.api import AdminApi
from harness.parts.commerce.shopify.admin.exchange import AdminReply, request_of
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.records.catalogue import NewVariant
from harness.parts.commerce.shopify.records.installation import SCOPES
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed, Changes

HOST = "127.0.0.1:8080"
START_US = 1_790_000_000_000_000
VERSION = "2026-10"


class HandClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns

    def now_us(self) -> int:
        return START_US + self.ns // 1000

    def sleep_s(self, seconds: float) -> None:
        self.ns += round(seconds * 1_000_000_000)


class Rig:
    """One shop with one product, its API, and a token for it."""

    def __init__(self, scopes: tuple[str, ...] = SCOPES, **settings: Any) -> None:
        self.clock = HandClock()
        self.shop = Shop(self.clock.now_us, scopes=scopes)
        self.told: list[Changed] = []
        self.api = AdminApi(self.shop, self.clock, AdminSettings(**settings), self._hear)
        self.token = self.shop.installation.issue("us-east-1", None).text
        product = self.shop.catalogue.create("Kopfhörer", variants=[NewVariant(price=1999, sku="K-1")])[0]
        self.product = product.id
        self.variant: int = product.body["variants"][0]["id"]

    def _hear(self, changes: Changes) -> None:
        self.told.extend(changes)

    def order(self, quantity: int = 1, **said: Any) -> Changed:
        return self.shop.orders.create([NewLine(self.variant, quantity)], **said)[0]

    def ask(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None,
        place: str = "us-east-1",
    ) -> AdminReply:  # fmt: skip
        fields = {"Host": HOST, "Content-Type": "application/json", "X-Shopify-Access-Token": self.token}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.api.answer(request_of(place, method, target, {**fields, **(headers or {})}, content))

    def said(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The whole body of a GraphQL answer."""
        body = {"query": query, "variables": dict(variables or {})}
        reply = self.ask("POST", f"/admin/api/{VERSION}/graphql.json", body)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def data(self, query: str, /, **variables: Any) -> Any:
        """The data of a GraphQL answer that has no errors."""
        said = self.said(query, variables)
        assert "errors" not in said, said["errors"]
        return said["data"]

    def error(self, query: str, /, **variables: Any) -> Any:
        """The one error of a GraphQL answer."""
        (error,) = self.said(query, variables)["errors"]
        return error

    def rest(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        reply = self.ask(method, f"/admin/api/{VERSION}/{path}", body)
        assert reply.status == status, reply
        return json.loads(reply.body)
