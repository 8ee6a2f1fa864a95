"""Counters for the reference, which has none of its own: what designs that count wrongly are made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WORKLOAD = {
    "put": {"method": "PUT", "path": "/items/{id}", "body": '{"value": "{value}"}'},
    "get": {"method": "GET", "path": "/items/{id}"},
    "delete": {"method": "DELETE", "path": "/items/{id}"},
    "add": {"method": "POST", "path": "/counters/{id}", "body": '{"amount": {amount}}'},
    "count": {"method": "GET", "path": "/counters/{id}"},
}


def subject(document: Any) -> None:
    """Say in the subject file that there are counters."""
    document["workload"] = WORKLOAD


def add_counters(increment: Callable[..., Any]) -> None:
    """Give the storefront its counters. increment: coroutine(endpoint, key, amount, epoch), one acknowledged add."""
    import json
    import time

    from reference.dynamo import CallFailed
    from reference.storefront import items, service

    async def add(self: Any, request: Any) -> Any:
        held, amount = self._held(), int(json.loads(await request.read())["amount"])
        if held is None:
            return self._answer(503, {"error": "this region is not active"})
        try:
            await increment(self._endpoints[held.region], request.match_info["id"], amount, held.epoch)
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code}, held.region, held.epoch)
        if self._held() != held:
            return self._answer(504, {"error": "the lease ended while the write was under way"}, held.region)
        return self._answer(200, {"ok": True}, held.region, held.epoch)

    async def count(self: Any, request: Any) -> Any:
        region, refusal = self._following.reads_from(self._state, time.monotonic_ns())
        if region is None:
            return self._answer(503, {"error": refusal})
        endpoint = self._endpoints[region]
        try:
            reply = await endpoint.call("get_item", items.get_arguments(endpoint.settings, request.match_info["id"]))
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code})
        held = reply.get("Item", {}).get(self._settings.items_value)
        return self._answer(404, {}) if held is None else self._answer(200, {"value": held["N"]})

    honest = service.Storefront.application

    def application(self: Any) -> Any:
        app = honest(self)
        app.router.add_post("/counters/{id}", lambda request: add(self, request))
        app.router.add_get("/counters/{id}", lambda request: count(self, request))
        return app

    service.Storefront.application = application


async def by_the_table(endpoint: Any, key: str, amount: int, epoch: int) -> None:
    """One increment as it should be: the table itself adds, and the version rises with it."""
    from reference.storefront import items

    arguments = items._write(endpoint.settings, key, epoch)
    arguments["UpdateExpression"] += " ADD #value :amount"
    arguments["ExpressionAttributeNames"].pop("#expires")
    arguments["ExpressionAttributeValues"][":amount"] = {"N": str(amount)}
    await endpoint.call("update_item", arguments)
