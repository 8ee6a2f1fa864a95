"""What designs share that note when they asked the shop, and not up to where it has answered."""


def note_the_time() -> None:
    """Whatever came of it, the next time everything is asked for that was changed after this time."""
    import time

    from reference.shopify_app.reconciliation import positions, service

    ask = service.Reconciliation._kind
    service.RECONCILE_OVERLAP_S = 0.0

    def kind(self, kind, report):
        asked_us = time.time_ns() // 1000
        ask(self, kind, report)
        self._store.write(positions.move(self._shop.shop_table, kind, asked_us))

    service.Reconciliation._kind = kind
