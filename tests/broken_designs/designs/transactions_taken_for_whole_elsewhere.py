"""Items that one transaction wrote are taken to arrive together, and each is replicated by itself, with its own lag.

So global tables do it: partitions are replicated in parallel, and transactions are atomic in the region of the write.
"""

import with_groups

ROWS = (47,)
CAUGHT_BY = {"region-lost-black-holed": ("groups? w(as|ere) there in part when us-west-2 took over",)}
LAG_S = 2.0
subject = with_groups.subject


def storefront() -> None:
    with_groups.add_groups()


def replicator() -> None:
    import time

    from reference.replicator import target

    honest, late = target.Target.apply, []

    def apply(self, records):
        now, prompt = time.monotonic(), []
        for record in records:
            name = record["dynamodb"]["Keys"][self._settings.items_key]["S"]
            if ord(name[-1]) % 2:  # half of the partitions lag behind the others: one item of every group is there
                late.append((now + LAG_S, record))
            else:
                prompt.append(record)
        due = [record for at, record in late if at <= now]
        late[:] = [one for one in late if one[0] > now]
        honest(self, [*prompt, *due])

    target.Target.apply = apply
