"""What a third party does not take at once is dropped: there is a queue, and nothing stays in it."""

ROWS = (59,)
CAUGHT_BY = {
    "third-party-lost": ("that erp was due never reached it",),
    "third-party-in-maintenance": ("that erp was due never reached it",),
}
ENVIRONMENT = "shopify"


def shopify_app() -> None:
    from dataclasses import replace

    from reference.shopify_app.integrations import lane

    answered = lane._answered

    def once(state, event, *rest):
        if event.status is None or event.status >= 400:
            state = replace(state, under_way=state.under_way - {event.key})
            return lane._drop(state, event.key), ()
        return answered(state, event, *rest)

    lane._answered = once
