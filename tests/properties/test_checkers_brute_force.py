from __future__ import annotations

import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from measurement_simulation import A, B, make

from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import staleness
from harness.history.events import Operation
from harness.outcome import Outcome, Verdict


def register_history(source: random.Random, length: int) -> list[Operation]:
    """Clients that write, delete and read two keys at random; reads return any value that was ever written, or none."""
    operations: list[Operation] = []
    written: dict[str, list[str]] = {"a": [], "b": []}
    for n in range(length):
        sent_ns = source.randrange(1000)
        end_ns = sent_ns + source.randint(1, 200)
        key, client = source.choice("ab"), f"dns-{source.randrange(3)}"
        choice = source.random()
        if choice < 0.4:
            outcome = source.choice((Outcome.OK, Outcome.OK, Outcome.INFO))
            operations.append(make(f"w{n}", client, "put", key, sent_ns, end_ns, outcome))
            written[key].append(f"w{n}")
        elif choice < 0.5:
            operations.append(make(f"d{n}", client, "delete", key, sent_ns, end_ns, Outcome.OK))
        else:
            value = source.choice([*written[key], None])
            operations.append(make(f"r{n}", client, "get", key, sent_ns, end_ns, Outcome.OK, value=value))
    return operations


def ends(operation: Operation) -> float:
    return float("inf") if operation.outcome is Outcome.INFO else operation.returned_ns or 0


def stale_by_definition(read: Operation, history: list[Operation], explained: set[str]) -> bool:
    """Every state that the read can have seen had certainly been replaced before the read was sent."""
    of_key = [o for o in history if o.is_write and o.invoke.k == read.invoke.k]
    value = read.completion.v if read.completion else None
    if value is None:
        sources = [ends(d) for d in of_key if d.invoke.f == "delete" and d.sent_ns < (read.returned_ns or 0)] or [-1.0]
        rivals = [o for o in of_key if o.invoke.f == "put"]
    else:
        sources = [ends(o) for o in of_key if o.invoke.op == value]
        rivals = of_key
    done = [
        o for o in rivals
        if o.outcome is Outcome.OK and o.invoke.op not in explained and (o.returned_ns or 0) < read.sent_ns
    ]  # fmt: skip
    return all(any(w.sent_ns > source for w in done) for source in sources)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 40), share=st.floats(0, 1))
def test_stale_reads_are_those_of_the_definition(seed: int, length: int, share: float) -> None:
    source = random.Random(seed)
    history = register_history(source, length)
    explained = {o.invoke.op for o in history if o.is_write and source.random() < share * 0.5}
    expected = [o.invoke.op for o in history if not o.is_write and stale_by_definition(o, history, explained)]
    found = staleness(history, explained)
    counts = [f.text.split()[0] for f in found.findings if f.id == "A2"]
    assert counts == ([str(len(expected))] if expected else [])


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(2, 30))
def test_split_brain_is_every_pair_out_of_order(seed: int, length: int) -> None:
    source = random.Random(seed)
    writes: list[Operation] = []
    for n in range(length):
        sent_ns = source.randrange(1000)
        epoch = min(3, sent_ns // 300 + (source.random() < 0.1))
        write = make(f"w{n}", "dns-0", "put", f"k{n}", sent_ns, sent_ns + source.randint(1, 60), Outcome.OK)
        assert write.completion is not None
        address = (A, B)[epoch % 2]
        writes.append(
            dataclasses.replace(write, completion=dataclasses.replace(write.completion, epoch=epoch, address=address))
        )
    pairs = [
        (old, new)
        for old in writes
        for new in writes
        if old.completion and new.completion and old.completion.epoch is not None and new.completion.epoch is not None
        and old.completion.epoch < new.completion.epoch and old.sent_ns > new.completion.mono_ns
    ]  # fmt: skip
    assert (split_brain(writes, regions={}, turn_ns=0).verdict is Verdict.MISSED) == bool(pairs)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(2, 30), turn_ns=st.integers(1, 400))
def test_sides_accept_at_once_when_three_writes_in_a_row_certainly_took_turns(
    seed: int, length: int, turn_ns: int
) -> None:
    source = random.Random(seed)
    writes = [
        make(f"w{n}", "dns-0", "put", f"k{n}", at_ns, at_ns + source.randint(1, 60), Outcome.OK, source.choice((A, B)))
        for n, at_ns in enumerate(source.randrange(1000) for _ in range(length))
    ]
    triples = [
        (first, between, last)
        for first in writes
        for between in writes
        for last in writes
        if first.completion and between.completion and last.completion
        and first.completion.address == last.completion.address != between.completion.address
        and first.completion.mono_ns < between.sent_ns and between.completion.mono_ns < last.sent_ns
        and last.sent_ns - first.completion.mono_ns < turn_ns
    ]  # fmt: skip
    assert (split_brain(writes, regions={}, turn_ns=turn_ns).verdict is Verdict.MISSED) == bool(triples)
