"""Replication passes on what was added, and not what there is now: a record that comes again is added again."""

import with_counters

ROWS = (36,)
CAUGHT_BY = {"region-heals-failback": ("counter",)}
subject = with_counters.subject


def storefront() -> None:
    with_counters.add_counters(with_counters.by_the_table)


def replicator() -> None:
    import random

    from reference.dynamo import CallFailed
    from reference.replicator import target

    honest = target.Target.apply

    def apply(self, records):
        rest = []
        for record in records:
            change = record["dynamodb"]
            new = change.get("NewImage", {}).get(self._settings.items_value, {}).get("N")
            if new is None:
                rest.append(record)
                continue
            if change["NewImage"]["origin"]["S"] == self._settings.region:
                continue
            old = change.get("OldImage", {}).get(self._settings.items_value, {}).get("N", "0")
            for _ in range(2 if random.random() < 0.05 else 1):  # at least once, as streams deliver
                add(self, change, int(new) - int(old))
        honest(self, rest)

    def add(self, change, amount):
        image = change["NewImage"]
        values = {":amount": {"N": str(amount)}, ":epoch": image["epoch"], ":seq": image["seq"]}
        try:
            self._client.insist(
                "update_item",
                TableName=self._settings.items_table,
                Key=change["Keys"],
                UpdateExpression="SET #epoch = :epoch, #seq = :seq, #origin = :origin ADD #value :amount",
                ExpressionAttributeNames={
                    "#epoch": "epoch", "#seq": "seq", "#origin": "origin", "#value": self._settings.items_value,
                },
                ExpressionAttributeValues={**values, ":origin": image["origin"]},
            )  # fmt: skip
        except CallFailed as failure:
            if not failure.condition_failed:
                raise

    target.Target.apply = apply
