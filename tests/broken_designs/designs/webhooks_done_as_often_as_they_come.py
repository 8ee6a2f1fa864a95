"""Nothing is remembered of a webhook: whenever it comes, what it asks for is done."""

ROWS = (51,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"webhooks-twice-and-out-of-order": ("effects came about more than once", "[2-9] times")}
DONE_FOR = {"orders/create": ("erp", "fulfilment"), "orders/cancelled": ("cancel",), "refunds/create": ("refund",)}


def shopify_app() -> None:
    from reference.shopify_app import rows, store, things

    learned = things.learned

    def by_topic(topic, body):
        found = learned(topic, body)
        asked = DONE_FOR.get(topic, ())
        return things.Learned(found.things, tuple(e for e in found.effects if e.key.partition(":")[0] in asked))

    def do(self, effect):
        about = (self._shop.effects_table, effect, self._settings.region, self._now_us())
        self._if_allowed(rows.effect_count(*about), operation="update_item")
        self._asked(rows.queued(rows.effect_put(*about)["Item"]))
        return True

    def take(self, webhook, patience_s):
        put = rows.inbox_put(self._shop.inbox_table, webhook, self._settings.region, self._now_us())
        del put["ConditionExpression"]
        return self._if_allowed(put, patience_s)

    things.learned = by_topic
    store.Store.ask_for = do
    store.Store.take = take
