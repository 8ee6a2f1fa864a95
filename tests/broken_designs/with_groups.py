"""Groups of two items for the reference, which has none of its own: one request writes both, in one transaction."""

from __future__ import annotations

from typing import Any

WORKLOAD = {
    "put": {"method": "PUT", "path": "/items/{id}", "body": '{"value": "{value}"}'},
    "get": {"method": "GET", "path": "/items/{id}"},
    "delete": {"method": "DELETE", "path": "/items/{id}"},
    "group": {
        "method": "POST",
        "path": "/groups",
        "body": {"items": [{"id": "{id}", "value": "{value}"}, {"id": "{other_id}", "value": "{other_value}"}]},
    },
}


def subject(document: Any) -> None:
    """Say in the subject file that there are groups."""
    document["workload"] = WORKLOAD


def add_groups() -> None:
    """Give the storefront its groups."""
    import json

    from reference.dynamo import CallFailed
    from reference.storefront import items, service

    async def write(self: Any, request: Any) -> Any:
        held, wanted = self._held(), json.loads(await request.read())["items"]
        if held is None:
            return self._answer(503, {"error": "this region is not active"})
        endpoint = self._endpoints[held.region]
        updates = [items.put_arguments(endpoint.settings, one["id"], one["value"], held.epoch) for one in wanted]
        try:
            await endpoint.call("transact_write_items", {"TransactItems": [{"Update": one} for one in updates]})
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code}, held.region, held.epoch)
        if self._held() != held:
            return self._answer(504, {"error": "the lease ended while the write was under way"}, held.region)
        return self._answer(200, {"ok": True}, held.region, held.epoch)

    honest = service.Storefront.application

    def application(self: Any) -> Any:
        app = honest(self)
        app.router.add_post("/groups", lambda request: write(self, request))
        return app

    service.Storefront.application = application
