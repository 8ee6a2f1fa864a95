"""The shop is asked for what was changed in the last five minutes, however long it could tell nobody anything."""

ROWS = (45,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"outage-longer-than-retries": ("changes, of .* not known at", "has not learned of it by asking the shop")}


def shopify_app() -> None:
    import time

    from reference.shopify_app.reconciliation import positions

    positions.position_of = lambda item: time.time_ns() // 1000  # five minutes are taken off
