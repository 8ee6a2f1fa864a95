"""A change that was replicated is taken for one of the region's own, and is replicated back, eight times over."""

ROWS = (41,)
CAUGHT_BY = {"region-heals-failback": ("circles",)}
ROUNDS = 8
"""For ever would show no more, and stop the machine."""


def replicator() -> None:
    from reference.replicator import apply, target

    def plan(record, route):
        change = record["dynamodb"]
        key = {route.key: change["Keys"][route.key]}
        if record["eventName"] == "REMOVE":
            return apply.Delete(key, None)
        image = change["NewImage"]
        rounds = int(image.get("rounds", {"N": "0"})["N"]) + 1
        if rounds > ROUNDS:
            return apply.Skip("enough")
        return apply.Put({**image, "rounds": {"N": str(rounds)}}, None)

    def request(entry, route):
        if isinstance(entry, apply.Put):
            return "put_item", {"TableName": route.table, "Item": entry.item}
        return "delete_item", {"TableName": route.table, "Key": entry.key}

    apply.plan = target.plan = plan
    apply.request = target.request = request
