"""A batch with a record that cannot be read is logged and passed over, with all that is beside it."""

ROWS = (42,)
CAUGHT_BY = {"poison-records": ("missing|lost|differ",)}


def replicator() -> None:
    from reference.replicator import apply, cycle, target

    cycle.POLL_INTERVAL_S = 10.0  # so that a batch is more than a record or two
    honest = target.Target.apply

    def skipping(self, records):
        records = list(records)
        if any(isinstance(apply.plan(record, self._route), apply.Poison) for record in records):
            return
        honest(self, records)

    target.Target.apply = skipping
