"""The replicator applies whatever it is given, also an old record again: the order of arrival decides, no version."""

ROWS = (38,)
CAUGHT_BY = {"region-heals-failback": ("deletes undone|differ|overwritten|older",)}


def replicator() -> None:
    import random

    from reference.replicator import apply, target

    def request(entry, route):
        if isinstance(entry, apply.Put):
            return "put_item", {"TableName": route.table, "Item": entry.item}
        return "delete_item", {"TableName": route.table, "Key": entry.key}

    apply.request = target.request = request
    honest, known = target.Target.apply, []

    def redelivered(self, records):
        honest(self, records)
        again = random.sample(known, min(len(known), 2))  # as at-least-once delivery does
        honest(self, again)
        known.extend(records)

    target.Target.apply = redelivered
