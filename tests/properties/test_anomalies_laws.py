"""What an honest design does is never held against it, and what its clients were shown is judged by the definition."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from measurement_simulation import A, B, make

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.history.events import Commit, Operation
from harness.outcome import Outcome, Verdict

EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}
FUNCTIONS = ("put", "get", "get", "delete", "add", "group")


class Honest:
    """One side serves; the other applies its commits in their order, late. Times are small integers.

    Every operation takes effect at a moment while it is under way, once or (a retry inside the application) twice. One
    with an unknown outcome takes effect at any later moment, or never.
    """

    def __init__(self, source: random.Random, length: int, cuts: Sequence[tuple[int, int]] = ()) -> None:
        """cuts: nothing arrives in them; what waited does so within `catch_up` after each."""
        self.source = source
        self.cuts = cuts
        self.effects: list[tuple[int, int, str, str, str]] = []
        self.plans: list[tuple[str, str, str, str, int, int, Outcome, str]] = []
        self.groups: dict[str, str] = {}
        for n in range(length):
            self._plan(n)
        self.effects.sort()
        self.commits: dict[str, list[Commit]] = {EAST: [], WEST: []}
        self.lag = source.randint(0, 80)
        self._run()

    def _plan(self, n: int) -> None:
        source = self.source
        f = source.choice(FUNCTIONS)
        if f == "group":
            self._plan_group(n)
            return
        key = source.choice(("c", "d")) if f == "add" else source.choice(("k", "l", "c") if f == "get" else ("k", "l"))
        sent, took = source.randrange(1000), source.randint(1, 120)
        outcome = source.choice((Outcome.OK,) * 5 + (Outcome.INFO, Outcome.FAIL))
        client = (
            f"dns-{source.randrange(3)}" if f != "get" or source.random() < 0.6 else f"pinned-b-{source.randrange(2)}"
        )
        op = f"{f}{n}"
        self.plans.append((op, client, f, key, sent, sent + took, outcome, A if client.startswith("dns") else B))
        if f == "get" or outcome is Outcome.FAIL:
            return
        moments = [source.randint(sent, sent + took)]
        if outcome is Outcome.INFO:
            moments = [sent + source.randrange(600)] if source.random() < 0.6 else []
        elif f != "add" and source.random() < 0.2:
            moments.append(source.randint(moments[0], sent + took))
        self.effects.extend((moment, n, op, f, key) for moment in moments)

    def _plan_group(self, n: int) -> None:
        """Two puts of one request: both at one moment, or neither."""
        source = self.source
        sent, took = source.randrange(1000), source.randint(1, 120)
        outcome = source.choice((Outcome.OK, Outcome.OK, Outcome.INFO, Outcome.FAIL))
        client, ops = f"dns-{source.randrange(3)}", (f"put{n}a", f"put{n}b")
        moment = source.randint(sent, sent + took) if outcome is Outcome.OK else sent + source.randrange(600)
        happens = outcome is Outcome.OK or (outcome is Outcome.INFO and source.random() < 0.6)
        for op, key in zip(ops, ("k", "l"), strict=True):
            self.groups[op] = ops[0]
            self.plans.append((op, client, "put", key, sent, sent + took, outcome, A))
            if happens:
                self.effects.append((moment, n, op, "put", key))

    def _run(self) -> None:
        counts: dict[str, int] = {}
        late, group = 0, None
        for seq, (moment, _, op, f, key) in enumerate(self.effects):
            value = None if f == "delete" else op
            if f == "add":
                counts[key] = counts.get(key, 0) + 1
                value = str(counts[key])
            if group is None or self.groups.get(op) != group:
                late = max(late, moment + self.source.randint(0, self.lag))
            group = self.groups.get(op)
            for begun, ended in self.cuts:
                late = late if not begun <= late < ended else ended + self.source.randint(0, self.lag)
            self.commits[EAST].append(Commit(EAST, "items", key, value, seq, moment))
            self.commits[WEST].append(Commit(WEST, "items", key, value, seq, late))

    def shown(self, side: str, key: str, moment: int) -> str | None:
        return next((c.v for c in reversed(self.commits[side]) if c.k == key and c.mono_ns <= moment), None)

    def history(self) -> list[Operation]:
        found = []
        for op, client, f, key, sent, end, outcome, address in self.plans:
            value = None
            if f == "get" and outcome is Outcome.OK:
                value = self.shown(PLACES[address], key, self.source.randint(sent, end))
            unanswered = outcome is Outcome.INFO and self.source.random() < 0.5
            made = make(op, client, f, key, sent, None if unanswered else end, outcome, address, value)  # type: ignore[arg-type]
            found.append(replace(made, invoke=replace(made.invoke, group=self.groups.get(op))))
        return found

    def final(self) -> dict[str, dict[str, str]]:
        keys = {c.k for c in self.commits[EAST]}
        items = {k: v for k in keys if (v := self.shown(EAST, k, 10_000)) is not None}
        return {EAST: items, WEST: dict(items)}


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 60))
def test_an_honest_design_keeps_its_promises(seed: int, length: int) -> None:
    honest = Honest(random.Random(seed), length)
    for promise in (Promise(causal=True), Promise(reads="eventual", staleness_ns=honest.lag + 80)):
        found = anomalies(honest.history(), honest.final(), honest.commits, promise, places=PLACES, origin_ns=0)
        assert [(r.name, r.text) for r in found if r.verdict is not Verdict.MET] == []


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 60), logs=st.booleans())
def test_an_honest_design_keeps_its_bound_where_the_drill_has_not_cut_replication(
    seed: int, length: int, logs: bool
) -> None:
    source = random.Random(seed)
    cuts = []
    at = source.randrange(300)
    for _ in range(source.randint(1, 3)):
        cuts.append((at, at + source.randint(1, 400)))
        at = cuts[-1][1] + source.randint(200, 500)
    honest = Honest(source, length, cuts)
    promise = Promise(reads="eventual", staleness_ns=honest.lag + 80)
    commits = honest.commits if logs else None
    found = anomalies(honest.history(), honest.final(), commits, promise, places=PLACES, origin_ns=0, cuts=cuts)
    assert [(r.name, r.text) for r in found if r.verdict is Verdict.MISSED] == []


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 60))
def test_a_cut_excuses_reads_across_it_alone_and_counts_them(seed: int, length: int) -> None:
    """Each read is wrong, right or not judged; without cuts those not judged are wrong, and nothing else changes."""
    source = random.Random(seed)
    history = random_history(source, length)
    promise = Promise(reads="eventual", staleness_ns=source.randint(0, 100))
    cut = (source.randrange(800), source.randrange(800, 1000))
    plain = {r.name: r for r in anomalies(history, None, None, promise, places=PLACES)}.get("reads")
    # All through one side, which had what it acknowledged: nothing to excuse.
    cutting = {r.name: r for r in anomalies(history, None, None, promise, places=PLACES, cuts=[cut])}.get("reads")
    assert (plain is None) == (cutting is None)
    if plain is not None and cutting is not None:
        assert plain.text == cutting.text


# --- reads by definition ----------------------------------------------------------------------------------------------


def settled(o: Operation) -> float:
    return float("inf") if o.outcome is Outcome.INFO or o.returned_ns is None else o.returned_ns


def value_of(read: Operation) -> str | None:
    return None if read.completion is None else read.completion.v


def known_before(read: Operation, history: list[Operation], explained: set[str]) -> Iterator[Operation]:
    """Writes that the client of a read knew of when it sent it."""
    by_op = {o.invoke.op: o for o in history if o.is_write}
    for o in history:
        mine = o.invoke.client == read.invoke.client and o.invoke.k == read.invoke.k
        if not mine or o.outcome is not Outcome.OK or (o.returned_ns or 0) >= read.sent_ns:
            continue
        if o.is_write:
            known: Operation | None = o
        else:
            value = value_of(o)
            known = None if value is None else by_op.get(value)
        if known is not None and known.invoke.op not in explained:
            yield known


def wrong_by_definition(read: Operation, history: list[Operation], explained: set[str]) -> bool:
    """Every state that it can have seen is certainly older than something that its client knew."""
    by_op = {o.invoke.op: o for o in history if o.is_write}
    value = value_of(read)
    known = list(known_before(read, history, explained))
    if value is not None:
        return any(w.sent_ns > settled(by_op[value]) for w in known)
    deletes = [
        o for o in history
        if o.invoke.f == "delete" and o.invoke.k == read.invoke.k and o.outcome is not Outcome.FAIL
        and o.sent_ns < (read.returned_ns or 0)
    ]  # fmt: skip
    puts = [w for w in known if w.invoke.f == "put"]
    return any(all(w.sent_ns > settled(d) for d in deletes) for w in puts)


def random_history(source: random.Random, length: int) -> list[Operation]:
    """Two keys, three clients; reads return any value that was written, or none."""
    found: list[Operation] = []
    written: dict[str, list[str]] = {"a": [], "b": []}
    for n in range(length):
        sent = source.randrange(1000)
        end, key, client = sent + source.randint(1, 200), source.choice("ab"), f"dns-{source.randrange(3)}"
        choice = source.random()
        outcome = source.choice((Outcome.OK, Outcome.OK, Outcome.INFO))
        if choice < 0.4:
            found.append(make(f"w{n}", client, "put", key, sent, end, outcome))
            written[key].append(f"w{n}")
        elif choice < 0.5:
            found.append(make(f"d{n}", client, "delete", key, sent, end, outcome))
        else:
            value = source.choice([*written[key], None])
            found.append(make(f"r{n}", client, "get", key, sent, end, Outcome.OK, value=value))
    return found


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 40), share=st.floats(0, 0.5))
def test_reads_of_a_session_are_judged_by_what_their_client_knew(seed: int, length: int, share: float) -> None:
    source = random.Random(seed)
    history = random_history(source, length)
    explained = {o.invoke.op for o in history if o.is_write and source.random() < share}
    expected = {o.invoke.op for o in history if not o.is_write and wrong_by_definition(o, history, explained)}
    found = {r.name: r for r in anomalies(history, None, None, Promise(), explained, places=PLACES)}
    reads = found.get("reads")
    count = 0
    if reads is not None and reads.verdict is Verdict.MISSED:
        count = int(reads.text.split()[0])
    # What a client saw gone is judged beside it, and only ever adds to these.
    assert count >= len(expected)
    if not any(o.invoke.f == "delete" for o in history):
        assert count == len(expected)


# --- groups by definition ---------------------------------------------------------------------------------------------


def cannot_follow(shown: str | None, write: Operation, history: list[Operation]) -> bool:
    """Whether what a key shows in the end is certainly older than a put of it."""
    if shown is not None:
        above = next(o for o in history if o.invoke.op == shown)
        return settled(above) < write.sent_ns
    deletes = [o for o in history if o.invoke.f == "delete" and o.invoke.k == write.invoke.k]
    return all(o.outcome is Outcome.FAIL or settled(o) < write.sent_ns for o in deletes)


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 40))
def test_a_group_is_torn_where_one_item_is_there_and_the_other_cannot_have_made_room(seed: int, length: int) -> None:
    source = random.Random(seed)
    history = Honest(source, length).history()
    puts: dict[str, list[str]] = {"k": [], "l": []}
    for o in history:
        if o.invoke.f == "put" and o.outcome is not Outcome.FAIL:
            puts[o.invoke.k].append(o.invoke.op)
    picked = {key: source.choice([*ops, None]) for key, ops in puts.items()}
    state = {key: value for key, value in picked.items() if value is not None}
    groups: dict[str, list[Operation]] = {}
    for o in history:
        if o.invoke.group is not None and o.outcome is not Outcome.FAIL:
            groups.setdefault(o.invoke.group, []).append(o)
    torn = {
        name for name, (a, b) in groups.items() for one, other in ((a, b), (b, a))
        if state.get(one.invoke.k) == one.invoke.op and state.get(other.invoke.k) != other.invoke.op
        and cannot_follow(state.get(other.invoke.k), other, history)
    }  # fmt: skip
    found = {r.name: r for r in anomalies(history, {EAST: state}, None, Promise(), places=PLACES, origin_ns=0)}
    assert ("groups" in found) == bool(groups)
    told = [f.text for f in found["groups"].findings if "in the end" in f.text] if groups else []
    assert bool(told) == bool(torn)
    if told:
        assert told[0].startswith(f"{len(torn)} group")
