"""Webhooks are subscribed to when the application starts, and nobody looks later whether they still are."""

ROWS = (56,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"subscription-removed": ("nobody was told of", "nothing is subscribed to")}


def shopify_app() -> None:
    from reference.shopify_app.reconciliation import service

    subscribe, subscribed = service.Reconciliation.subscribe, []

    def once(self, report):
        if not subscribed:
            subscribe(self, report)
            subscribed.append(True)

    service.Reconciliation.subscribe = once
