"""The standby's health check asks for the primary's database: it fails just when the standby is needed."""

ROWS = (21,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
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
            await self._in_thread(self._beat_threads, primary, "get_item", heartbeat.status_arguments(self._settings))
        except CallFailed:
            return self._answer(503, {"reason": "the primary's database does not answer"})
        return self._answer(200, {})

    service.Storefront.health = health
