"""Whoever hands each write on to the one side that is active, and says so, is never held to have two that accept."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from measurement_simulation import A, B, make

from harness.checkers.split_brain import both_write, split_brain
from harness.history.events import Commit, Function, Operation
from harness.outcome import Outcome, Verdict

EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}
TURN_NS = 1000
OWN_NAMES = {EAST: "east", WEST: "west"}


def forwarding(source: random.Random, length: int, copied_ns: tuple[int, int]) -> tuple[list[Operation], list[Commit]]:
    """Clients of both sides, and the commits. copied_ns: when the other side has a write, from the commit on.

    What it calls the sides is its own where copies come late enough to tell what is meant. A delete is only sent where
    a put shows how that side says what it does.
    """
    epochs = source.choice(("none", "turns", "writes"))
    names = OWN_NAMES if copied_ns[0] > 100 else {}
    operations, commits, sent_ns, put = [], [], 0, set()
    for n in range(length):
        sent_ns += source.randint(1, 60)
        took_ns = source.randint(2, 100)
        at_ns = sent_ns + source.randint(1, took_ns - 1)
        turn = at_ns // (3 * TURN_NS)
        active, address = (EAST, WEST)[turn % 2], source.choice((A, B))
        f: Function = source.choice(("put", "put", "put", "delete")) if (address, active) in put else "put"
        put.add((address, active))
        key = source.choice(("a", "b", f"u{n}"))
        o = make(f"w{n}", "dns-0", f, key, sent_ns, sent_ns + took_ns, Outcome.OK, address)
        assert o.completion is not None
        silent = PLACES[address] == active and source.random() < 0.5
        epoch = {"none": None, "turns": turn, "writes": at_ns}[epochs]
        said = replace(o.completion, region=None if silent and not names else names.get(active, active), epoch=epoch)
        operations.append(Operation(o.invoke, said))
        shown = o.invoke.op if f == "put" else None
        other = WEST if active == EAST else EAST
        commits.append(Commit(active, "items", o.invoke.k, shown, 0, at_ns))
        commits.append(Commit(other, "items", o.invoke.k, shown, 0, at_ns + source.randint(*copied_ns)))
    return operations, commits


def logs_of(commits: list[Commit]) -> dict[str, list[Commit]]:
    ordered = sorted(commits, key=lambda c: c.mono_ns)
    return {
        side: [replace(c, seq=seq) for seq, c in enumerate(c for c in ordered if c.region == side)]
        for side in (EAST, WEST)
    }  # fmt: skip


often = settings(max_examples=300, deadline=None)


@often
@given(seed=st.integers(0, 2**32), length=st.integers(30, 200))
def test_an_honest_standby_that_forwards_is_met(seed: int, length: int) -> None:
    source = random.Random(seed)
    operations, commits = forwarding(source, length, source.choice(((1, 5), (1, 5000), (101, 5000))))
    found = split_brain(operations, regions=PLACES, turn_ns=TURN_NS, commits=logs_of(commits))
    assert found.verdict is Verdict.MET, found.text
    assert not found.findings
    assert not both_write(operations, PLACES, TURN_NS, logs_of(commits))


@often
@given(seed=st.integers(0, 2**32), length=st.integers(30, 200), kept=st.floats(0, 1))
def test_one_whose_copies_overtake_it_or_whose_commits_are_not_all_known_is_never_missed(
    seed: int, length: int, kept: float
) -> None:
    source = random.Random(seed)
    operations, commits = forwarding(source, length, source.choice(((-1, 20), (101, 5000))))
    unknown = {c.v for c in commits if source.random() >= kept}
    logs = logs_of([c for c in commits if c.v not in unknown])
    found = split_brain(operations, regions=PLACES, turn_ns=TURN_NS, commits=logs)
    assert found.verdict is not Verdict.MISSED, found.text
    assert all(finding.severity == "warning" for finding in found.findings)
