"""What a third party does not take is sent again every three seconds, without back-off, budget or breaker."""

ROWS = (28,)
CAUGHT_BY = {"third-party-in-maintenance": ("calls of erp while it was in trouble", "2 allowed")}
ENVIRONMENT = "shopify"
_PAUSE_NS = 3_000_000_000


def shopify_app() -> None:
    from reference.shopify_app.integrations import lane

    lane._wait_ns = lambda *_: _PAUSE_NS
    lane.BREAKER_FAILURES = 10**9
    lane.BUDGET_MAX = lane.BUDGET_PER_S = 1e9
