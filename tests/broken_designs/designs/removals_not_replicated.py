"""A delete removes the item, without a tombstone, and the replicator passes removals over."""

ROWS = (37,)
CAUGHT_BY = {"region-heals-failback": ("deletes undone|differ",)}


def storefront() -> None:
    from reference.storefront import service

    async def delete_item(self, request):
        held, name = self._held(), request.match_info["id"]
        if held is None:
            return self._answer(503, {"error": "this region is not active"})
        key = {self._settings.items_key: {"S": name}}
        arguments = {"TableName": self._settings.items_table, "Key": key}
        try:
            await self._endpoints[held.region].call("delete_item", arguments)
        except service.CallFailed as failure:
            return self._answer(502, {"error": failure.code}, held.region, held.epoch)
        return self._answer(200, {"ok": True}, held.region, held.epoch)

    service.Storefront.delete_item = delete_item


def replicator() -> None:
    from reference.replicator import apply

    honest = apply.plan

    def plan(record, route):
        return apply.Skip("a removal") if record["eventName"] == "REMOVE" else honest(record, route)

    apply.plan = plan
