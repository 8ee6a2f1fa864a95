"""A write is acknowledged at once, and stored a moment later: what was only in memory when the region went is gone."""

ROWS = (33,)
CAUGHT_BY = {"region-lost-black-holed": ("acknowledged writes (are )?lost",)}


def storefront() -> None:
    import asyncio

    from reference.dynamo import CallFailed
    from reference.storefront import service

    later = set()

    async def store(endpoint, arguments):
        await asyncio.sleep(1.0)
        try:
            await endpoint.call("update_item", arguments)
        except (CallFailed, service.TooManyCalls):
            return

    async def write(self, arguments):
        held = self._held()
        if held is None:
            return self._answer(503, {"error": "this region is not active"})
        endpoint = self._endpoints[held.region]
        task = asyncio.ensure_future(store(endpoint, arguments(endpoint.settings, held.epoch)))
        later.add(task)
        task.add_done_callback(later.discard)
        return self._answer(200, {"ok": True}, held.region, held.epoch)

    service.Storefront._write = write
