"""What came last is kept, whichever is the newest: an update that was overtaken puts an older state back."""

ENVIRONMENT = "shopify"
ROWS = (58,)
CAUGHT_BY = {"webhooks-twice-and-out-of-order": ("an older state took the place of a newer one",)}


def app() -> None:
    from reference.shopify_app import rows

    thing_put = rows.thing_put

    def put(thing, source):
        arguments = thing_put(thing, source)
        del arguments["ConditionExpression"], arguments["ExpressionAttributeValues"]
        return arguments

    rows.thing_put = put
