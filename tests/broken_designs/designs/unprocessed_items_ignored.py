"""The replicator writes in batches, and what a batch hands back as unprocessed is never written again.

A table at its limit hands back a part of a batch without an error. The region servers here have no limit, so the design
brings its own: one item of twenty is handed back.
"""

ROWS = (50,)
CAUGHT_BY = {"region-heals-failback": ("lost|differ",)}
LARGEST_BATCH = 25
HANDED_BACK = 0.05


def replicator() -> None:
    import random

    from reference.replicator import apply, target

    def apply_in_batches(self, records):
        plans = []
        for record in records:
            found = apply.plan(record, self._route)
            if isinstance(found, apply.Poison):
                self._park(record, found.why)
            elif not isinstance(found, apply.Skip):
                plans.append(found)
        requests = [request_of(group[-1]) for group in apply.merge(plans, self._route)]
        for first in range(0, len(requests), LARGEST_BATCH):
            write(self, requests[first : first + LARGEST_BATCH])  # and never a look at what it returns

    def request_of(entry):
        if isinstance(entry, apply.Put):
            return {"PutRequest": {"Item": entry.item}}
        return {"DeleteRequest": {"Key": entry.key}}

    def write(self, requests):
        taken, unprocessed = [], []
        for request in requests:
            (unprocessed if random.random() < HANDED_BACK else taken).append(request)
        if taken:
            self._client.insist("batch_write_item", RequestItems={self._route.table: taken})
        return {"UnprocessedItems": {self._route.table: unprocessed}}

    target.Target.apply = apply_in_batches
