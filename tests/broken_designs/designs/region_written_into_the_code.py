"""The application names the primary's database in its code: the standby, too, writes to the region that is lost."""

ROWS = (35,)
CAUGHT_BY = {"region-lost-black-holed": ("never recovered|only because the fault was healed",)}


def storefront() -> None:
    from reference.dynamo import Client
    from reference.storefront import endpoint

    honest = endpoint.Endpoint.__init__

    def init(self, settings, *rest):
        honest(self, settings, *rest)
        self._items = Client(settings.primary, connections=endpoint.MAX_CALLS)

    endpoint.Endpoint.__init__ = init
