"""An intermediary that was told "too many requests" once gives up, and never asks the API again."""

ENVIRONMENT = "digitalocean"
ROWS = (61,)
CAUGHT_BY = {"provider-api-throttled-during-failover": ("nyc3|never|not served",)}


def intermediary() -> None:
    from reference.intermediary import decision

    pause_ns = decision.Decision._pause_ns

    def for_ever_ns(self, state, event):
        return 1 << 62 if event.answer == "throttled" else pause_ns(self, state, event)

    decision.Decision._pause_ns = for_ever_ns
