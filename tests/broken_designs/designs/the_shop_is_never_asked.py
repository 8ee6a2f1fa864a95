"""Webhooks are all that it learns from: what the shop could not tell in time, it never knows."""

ENVIRONMENT = "shopify"
ROWS = (45,)
CAUGHT_BY = {"outage-longer-than-retries": ("are not known at",)}


def app() -> None:
    from reference.shopify_app.reconciliation import queries

    queries.KINDS = ()
