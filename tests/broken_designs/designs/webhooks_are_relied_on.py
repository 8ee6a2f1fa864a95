"""What no webhook tells of is never known: nobody asks the shop itself, however long nothing was taken."""

import without_asking

ROWS = (45,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"outage-longer-than-retries": ("changes, of .* not known at", "has not learned of it by asking the shop")}


def shopify_app() -> None:
    without_asking.nothing_is_asked_for()
