"""A write is acknowledged at once, and stored a moment later: what was only in memory when the region went is gone."""

ROWS = (33,)
CAUGHT_BY = {"region-lost-black-holed": ("acknowledged writes (are )?lost",)}


def storefront() -> None:
    import asyncio

    from reference.dynamo import CallFailed
    from reference.storefront import service

    later = set()

    async def store(self, arguments):
        await asyncio.sleep(1.0)
        try:
            await self._call("update_item", arguments)
        except (CallFailed, service.web.HTTPServiceUnavailable):
            return

    async def write(self, arguments):
        epoch = self._epoch()
        if epoch is None:
            return self._answer(503, {"error": "this region is not active"})
        task = asyncio.ensure_future(store(self, arguments(epoch)))
        later.add(task)
        task.add_done_callback(later.discard)
        return self._answer(200, {"ok": True}, epoch)

    service.Storefront._write = write
