"""Laws of an event source mapping, whatever the function does and whatever is set.

Every record that was written is done with by the function or told to the destination; the changes of an item reach the
function in their order, repeats aside; a shard's children begin when it is done with.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from event_source_rig import Rig, S, Stream, mapping

from harness.parts.data.event_sources.batch import Batch, Failed, FailedFrom, NotInvoked, Outcome, Succeeded

QUEUE = "arn:aws:sqs:us-east-1:123456789012:given-up"


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    batch_size=st.integers(1, 7),
    lanes=st.integers(1, 4),
    retries=st.integers(0, 3),
    bisect=st.booleans(),
    partial=st.booleans(),
    window_s=st.sampled_from([0, 2]),
    repeats=st.sampled_from([0.0, 0.5]),
)
def test_nothing_is_dropped_and_each_item_stays_in_order(
    seed: int, batch_size: int, lanes: int, retries: int, bisect: bool, partial: bool, window_s: int, repeats: float
) -> None:
    draw = random.Random(seed)
    stream, done = Stream(), set[str]()
    firsts: dict[str, list[int]] = {}

    def function(batch: Batch) -> Outcome:
        for record in batch.records:
            order = firsts.setdefault(record.key, [])
            if record.number not in done and (not order or record.order != order[-1]):
                order.append(record.order)
        kind = draw.random()
        if kind < 0.2:
            return Failed("by chance")
        if kind < 0.3:
            return NotInvoked("by chance")
        if kind < 0.5 and partial:
            first = draw.randrange(len(batch.records))
            done.update(record.number for record in batch.records[:first])
            return FailedFrom(batch.records[first].number)
        done.update(record.number for record in batch.records)
        return Succeeded()

    written = []
    shards = ["a"]
    set_to = mapping(
        batch_size=batch_size, lanes=lanes, retries_max=retries, bisect=bisect, partial=partial,
        window_ns=window_s * S, repeats=repeats, destination=QUEUE, poll_ns=S, list_ns=60 * S,
    )  # fmt: skip
    rig = Rig(set_to, stream, function)
    rig.luck = draw.random
    for turn in range(8):
        for _ in range(draw.randrange(6)):
            key = f"k{draw.randrange(4)}"
            written.append(stream.write(key, shards[hash_of(key) % len(shards)], rig.now_ns))
        if turn == 4:
            stream.split("a", "b", "c")
            shards = ["b", "c"]
        rig.queue_works = draw.random() < 0.7
        rig.run(draw.choice([0.1, 1, 5]))
    rig.queue_works = True
    rig.function = lambda batch: function(batch) if draw.random() < 0.3 else finish(batch)

    def finish(batch: Batch) -> Outcome:
        done.update(record.number for record in batch.records)
        return Succeeded()

    rig.run(600)
    assert rig.state.held == 0
    assert {record.number for record in written} == done | set(rig.gone())
    assert rig.state.done + rig.state.delivered == len(written)
    assert rig.state.lost == 0
    for key, order in firsts.items():
        assert steps_forward(order), (key, order)


def hash_of(key: str) -> int:
    return int(key[1:])


def steps_forward(order: list[int]) -> bool:
    """Whether no record came for the first time behind a later one: a retried batch may go back, never skip."""
    seen: set[int] = set()
    for number in order:
        if number not in seen and any(number < one for one in seen):
            return False
        seen.add(number)
    return True
