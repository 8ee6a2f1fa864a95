"""A change that was replicated is taken for one of the region's own, and is replicated back, for ever."""

ROWS = (41,)
CAUGHT_BY = {"region-heals-failback": ("loop|round|over and over|differ",)}


def replicator() -> None:
    from reference.replicator import apply, target

    def plan(record, route):
        change = record["dynamodb"]
        key = {route.key: change["Keys"][route.key]}
        if record["eventName"] == "REMOVE":
            return apply.Delete(key, None)
        return apply.Put({**change["NewImage"], "origin": {"S": route.source}}, None)

    def request(entry, route):
        if isinstance(entry, apply.Put):
            return "put_item", {"TableName": route.table, "Item": entry.item}
        return "delete_item", {"TableName": route.table, "Key": entry.key}

    apply.plan = target.plan = plan
    apply.request = target.request = request
