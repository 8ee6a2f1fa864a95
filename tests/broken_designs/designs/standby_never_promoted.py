"""The standby's application is configured to read only, and nothing ever tells it otherwise."""

ROWS = (10,)
CAUGHT_BY = {"region-lost-refused": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
    from reference.storefront import service

    honest = service.Storefront._write

    async def write(self, arguments):
        if self._settings.region != self._settings.primary:
            return self._answer(503, {"error": "read only"})
        return await honest(self, arguments)

    service.Storefront._write = write
