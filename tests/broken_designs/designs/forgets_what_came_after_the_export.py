"""A rebuilt region is replicated to from then on: its export has what was before, and nothing has what came between."""

ROWS = (45,)
ENVIRONMENT = "backups"
CAUGHT_BY = {"region-gone-rebuilt": ("us-east-1 was rebuilt, and in the end us-east-1 lacks",)}


def replicator() -> None:
    from reference.replicator import stream

    honest, interrupted = stream.Stream._open_iterator, stream.Stream.interrupted

    def was_interrupted(self):
        self.from_now_on = True
        interrupted(self)

    def open_iterator(self, shard, last):
        if last is None or not getattr(self, "from_now_on", False):
            return honest(self, shard, last)
        reply = self._streams.insist(
            "get_shard_iterator", StreamArn=self._arn, ShardId=shard, ShardIteratorType="LATEST"
        )
        return str(reply["ShardIterator"])

    stream.Stream.interrupted = was_interrupted
    stream.Stream._open_iterator = open_iterator
