"""Whoever says 201 is believed: what a third party says that it has stored, nobody ever looks for."""

ROWS = (59,)
CAUGHT_BY = {"third-party-lies": ("that erp was due never reached it", "answered 201 and stored nothing")}
ENVIRONMENT = "shopify"


def shopify_app() -> None:
    from dataclasses import replace

    from reference.shopify_app.integrations import lane

    answered = lane._answered

    def believing(state, event, *rest):
        known = state.waiting.get(event.key)
        if known is not None and event.status is not None and 200 <= event.status < 300:
            state = replace(state, under_way=state.under_way - {event.key})
            return lane._drop(state, event.key), (lane.Settled(event.key, known.calls),)
        return answered(state, event, *rest)

    lane._answered = believing
