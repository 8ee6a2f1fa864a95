"""The standby's health check asks for the primary's database: it fails just when the standby is needed."""

ROWS = (21,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
    import asyncio

    from reference import heartbeat
    from reference.dynamo import CallFailed, Client
    from reference.storefront import service

    honest = service.Storefront.health

    async def health(self, request):
        if self._settings.region == self._settings.primary:
            return await honest(self, request)
        primary = getattr(service, "primary", None)
        if primary is None:
            primary = service.primary = Client(self._settings.primary)
        try:
            arguments = heartbeat.status_arguments(self._settings)
            await asyncio.to_thread(primary.call, "get_item", **arguments)
        except CallFailed:
            return self._answer(503, {"reason": "the primary's database does not answer"})
        return self._answer(200, {})

    service.Storefront.health = health
