"""A webhook that comes again is taken for a new one, and what it asks for is done again."""

ENVIRONMENT = "shopify"
ROWS = (51,)
CAUGHT_BY = {"webhooks-twice-and-out-of-order": ("effects came about more than once",)}


def app() -> None:
    from reference.shopify_app import rows, store

    inbox_put = rows.inbox_put

    def put(table, webhook, region, now_us):
        arguments = inbox_put(table, webhook, region, now_us)
        del arguments["ConditionExpression"]
        return arguments

    def ask_for(self, effect):
        arguments = rows.effect_count(self._shop.effects_table, effect, self._settings.region, self._now_us())
        return self._if_allowed(arguments, operation="update_item")

    rows.inbox_put = put
    store.Store.ask_for = ask_for
