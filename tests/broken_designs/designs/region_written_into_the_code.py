"""The application names the primary's database in its code: the standby, too, writes to the region that is lost."""

ROWS = (35,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
    from reference.dynamo import Client
    from reference.storefront import service

    honest = service.Storefront.__init__

    def init(self, settings):
        honest(self, settings)
        self._items = Client(settings.primary, connections=service.MAX_CALLS)

    service.Storefront.__init__ = init
