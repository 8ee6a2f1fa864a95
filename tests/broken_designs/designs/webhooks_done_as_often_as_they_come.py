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
        put = rows.effect_put(self._shop.effects_table, effect, self._settings.region, store._now_us())
        kept = {name: value for name, value in put["Item"].items() if name not in ("id", "count")}
        self._client.insist(
            "update_item",
            TableName=put["TableName"],
            Key={"id": {"S": effect.key}},
            UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in kept)} ADD #count :one",
            ExpressionAttributeNames={"#count": "count", **{f"#{name}": name for name in kept}},
            ExpressionAttributeValues={":one": {"N": "1"}, **{f":{name}": value for name, value in kept.items()}},
        )
        self._asked(rows.queued(put["Item"]))
        return True

    def take(self, webhook, patience_s):
        put = rows.inbox_put(self._shop.inbox_table, webhook, self._settings.region, store._now_us())
        del put["ConditionExpression"]
        return self._if_allowed(put, patience_s)

    things.learned = by_topic
    store.Store.ask_for = do
    store.Store.take = take
