"""After every interruption the replicator goes on with the newest change: what happened meanwhile is never read."""

ROWS = (45,)
CAUGHT_BY = {"region-heals-failback": ("lost|differ",)}


def replicator() -> None:
    from reference.replicator import stream

    honest, opened = stream.Stream._open_iterator, set()

    def open_iterator(self, shard, last):
        if shard not in opened:
            opened.add(shard)
            return honest(self, shard, last)
        reply = self._streams.insist(
            "get_shard_iterator", StreamArn=self._arn, ShardId=shard, ShardIteratorType="LATEST"
        )
        return str(reply["ShardIterator"])

    stream.Stream._open_iterator = open_iterator
