"""What a webhook tells is kept as the latest, for it came last: an older one undoes a newer one."""

ROWS = (58,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"webhooks-twice-and-out-of-order": ("times an older state took the place of a newer one",)}


def shopify_app() -> None:
    from reference.shopify_app import rows

    put = rows.thing_put

    def thing_put(thing, source):
        arguments = put(thing, source)
        del arguments["ConditionExpression"], arguments["ExpressionAttributeValues"]
        return arguments

    rows.thing_put = thing_put
