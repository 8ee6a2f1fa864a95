"""What clients write and read beside keys of their own: the pure machines, by example."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from harness.history.events import Completion, Function, Sample
from harness.outcome import Outcome
from harness.units import NS_PER_S
from harness.wire.exchange import Response
from harness.witness import attention
from harness.witness.attention import AttentionState, Called, Ended
from harness.witness.ledger import Ledgers, LedgerState, Offers, Planned, Read, Settled, Write
from harness.witness.samples import EACH, Samples
from harness.witness.workloads import pairs, recycled
from harness.witness.workloads.mix import Mix, Part, to_read, to_write
from harness.witness.workloads.pairs import PairsState
from harness.witness.workloads.recycled import RecycledState

A, B = "127.0.1.10", "127.0.2.10"
FUNCTIONS: frozenset[Function] = frozenset(("put", "get", "delete"))
EVERYTHING = Offers()


class Crowd:
    """Clients of several cohorts that keep their books together; everything is acknowledged unless a test says else."""

    def __init__(self, offers: Offers = EVERYTHING, roaming: int = 4) -> None:
        self.books = Ledgers("h")
        self.at: dict[str, str] = {}
        self.now_ns = 0
        self.done: list[tuple[str, Planned]] = []
        names = [(f"dns-{n}", "roaming", A) for n in range(roaming)]
        names += [("pinned-a-0", "sided", A), ("pinned-b-0", "sided", B)]
        for index, (name, mix, address) in enumerate(names):
            side = address if mix == "sided" else None
            self.books.open(name, LedgerState("h", index, len(names), mix=_mix(mix), side=side, offers=offers))
            self.at[name] = address

    def act(self, name: str, event: Write | Read, outcome: Outcome = Outcome.OK) -> Planned | None:
        """One operation of a client, settled at once."""
        self.now_ns += NS_PER_S // 20
        request = self.books.step(name, event, self.now_ns)
        for planned in request:
            self.books.step(name, Settled(planned, outcome, address=self.at[name]), self.now_ns)
            self.done.append((name, planned))
        return request[0] if request else None

    def go_on(self, rounds: int, refusing: str | None = None) -> None:
        """Everybody writes and reads in turn; one address may refuse writes."""
        for _ in range(rounds):
            for name, address in self.at.items():
                self.act(name, Write(), Outcome.FAIL if address == refusing else Outcome.OK)
                self.act(name, Read())


def _mix(text: str) -> Mix:
    return "sided" if text == "sided" else "roaming"


# --- shares -----------------------------------------------------------------------------------------------------------


def test_most_writes_of_the_judged_clients_are_to_keys_of_their_own() -> None:
    crowd = Crowd()
    crowd.go_on(200)
    writes = Counter(p.part for name, p in crowd.done if name.startswith("dns") and p.f != "get")
    total = sum(writes.values())
    assert writes[Part.OWN] == pytest.approx(0.7 * total, rel=0.02)
    assert {part: count / total for part, count in writes.items() if part is not Part.OWN} == pytest.approx(
        {Part.REGISTER: 0.1, Part.PAIR: 0.1, Part.RECYCLED: 0.1}, rel=0.05
    )


def test_every_kind_of_key_is_read_from_both_sides() -> None:
    crowd = Crowd()
    crowd.go_on(200)
    for name in ("dns-0", "pinned-a-0", "pinned-b-0"):
        parts = {p.part for who, p in crowd.done if who == name and p.f == "get"}
        assert parts == {Part.OWN, Part.OTHERS, Part.REGISTER, Part.PAIR, Part.GONE}


def test_readers_read_what_others_wrote() -> None:
    crowd = Crowd()
    crowd.go_on(100)
    wrote = {p.k: name for name, p in crowd.done if p.f == "put" and p.part is Part.OWN}
    others = [(name, wrote[p.k]) for name, p in crowd.done if p.part is Part.OTHERS]
    assert others
    assert all(reader != writer for reader, writer in others)


def test_registers_are_few_and_written_from_both_sides() -> None:
    crowd = Crowd()
    crowd.go_on(200)
    writers: dict[str, set[str]] = {}
    for name, planned in crowd.done:
        if planned.part is Part.REGISTER and planned.f == "put":
            writers.setdefault(planned.k, set()).add(name)
    assert len(writers) == 3
    assert all(who == set(crowd.at) for who in writers.values())


def test_all_roaming_clients_write_one_register_at_about_the_same_time() -> None:
    assert len({to_write("roaming", 10, index) for index in range(6)}) == 1
    pair_turns = [next(turn for turn in range(10) if to_write("roaming", turn, i) is Part.PAIR) for i in range(4)]
    assert len(set(pair_turns)) == 4


def test_counters_are_used_where_the_application_has_them_and_else_not() -> None:
    crowd = Crowd(Offers(FUNCTIONS | {"add"}))
    crowd.go_on(100)
    adds = [p for _, p in crowd.done if p.f == "add"]
    assert {p.v for p in adds} == {"1"}
    assert len({p.k for p in adds}) == 2
    assert {p.k for _, p in crowd.done if p.part is Part.COUNTER and p.f == "get"} == {p.k for p in adds}
    assert not {p.k for p in adds} & {p.k for _, p in crowd.done if p.f == "put"}
    assert Part.COUNTER not in {to_read("sided", turn) for turn in range(64)}


def test_groups_are_two_fresh_keys_of_one_request_and_read_one_after_the_other() -> None:
    crowd = Crowd(Offers(groups=True))
    crowd.go_on(200)
    puts = [(name, p) for name, p in crowd.done if p.part is Part.GROUP and p.f == "put"]
    pairs = {(one.k, other.k) for (_, one), (_, other) in zip(puts[::2], puts[1::2], strict=True)}
    for (name, one), (by, other) in zip(puts[::2], puts[1::2], strict=True):
        assert name == by
        assert one.group == other.group == one.op == one.k
        assert other.op == other.k != one.op
        assert (one.extra, other.extra) == (False, True), "what was served counts one request once"
    writes = [p for name, p in crowd.done if name.startswith("dns") and p.f != "get" and not p.extra]
    assert sum(p.part is Part.GROUP for p in writes) == pytest.approx(0.1 * len(writes), rel=0.05)
    for reader in ("dns-0", "pinned-b-0"):
        read = [p.k for name, p in crowd.done if name == reader and p.part is Part.GROUP and p.f == "get"]
        assert read
        together = set(zip(read[::2], read[1::2], strict=False))
        assert together <= pairs | {(b, a) for a, b in pairs}
        assert together & pairs, "each of the two first, in turn"
        assert together & {(b, a) for a, b in pairs}
    assert Part.GROUP not in {to_read("sided", turn) for turn in range(64)}


def test_a_group_that_is_refused_is_never_read() -> None:
    crowd = Crowd(Offers(groups=True))
    for _ in range(100):
        for name in crowd.at:
            crowd.act(name, Write(), Outcome.FAIL)
            crowd.act(name, Read())
    assert Part.GROUP in {p.part for _, p in crowd.done if p.f == "put"}
    assert Part.GROUP not in {p.part for _, p in crowd.done if p.f == "get"}


def test_a_group_that_is_not_answered_makes_one_new_process() -> None:
    books = Ledgers("h")
    books.open("c", LedgerState("h", 0, 1, mix="roaming", offers=Offers(groups=True), writes=8))
    one, other = books.step("c", Write(), 0)
    for planned in (one, other):
        books.step("c", Settled(planned, Outcome.INFO), 1)
    assert books.books["c"].generation == 1


@pytest.mark.parametrize("left_out", ["put", "get", "delete"])
def test_what_the_application_does_not_have_is_never_planned(left_out: Function) -> None:
    crowd = Crowd(Offers(FUNCTIONS - {left_out}))
    crowd.go_on(100)
    assert left_out not in {p.f for _, p in crowd.done}
    assert "add" not in {p.f for _, p in crowd.done}


def test_an_application_that_can_only_count_is_counted_on() -> None:
    crowd = Crowd(Offers(frozenset(("add", "get"))))
    crowd.go_on(50)
    assert {p.f for _, p in crowd.done} == {"add", "get"}
    assert {p.part for _, p in crowd.done} == {Part.COUNTER}


@pytest.mark.parametrize("offers", [Offers(names_keys=False), Offers(rewrites=False, recreates=False)])
def test_no_key_is_written_twice_where_the_application_does_not_allow_it(offers: Offers) -> None:
    crowd = Crowd(offers)
    crowd.go_on(100)
    puts = Counter(p.k for _, p in crowd.done if p.f == "put")
    assert set(puts.values()) == {1}
    assert Part.OTHERS in {p.part for _, p in crowd.done}


def test_the_key_that_the_application_made_is_the_one_that_is_read() -> None:
    book = LedgerState("h", 0, 1, offers=Offers(names_keys=False, absent="nothing"))
    books = Ledgers("h")
    books.open("c", book)
    (nothing,) = books.step("c", Read(), 0)
    assert nothing.k == "nothing"
    (put,) = books.step("c", Write(), 1)
    (still_nothing,) = books.step("c", Read(), 2)
    assert still_nothing.k == "nothing"
    books.step("c", Settled(put, Outcome.OK, key="made-7", address=A), 3)
    (read,) = books.step("c", Read(), 4)
    assert read.k == "made-7"


def test_an_extra_operation_is_to_a_key_of_ones_own_and_moves_no_pattern() -> None:
    book = LedgerState("h", 0, 1, mix="roaming")
    books, others = Ledgers("h"), Ledgers("h")
    books.open("c", book)
    others.open("c", book)
    for _ in range(20):
        for closely in range(3):
            (extra,) = books.step("c", Write(extra=True), closely)
            assert (extra.f, extra.part, extra.extra) == ("put", Part.OWN, True)
        (even,) = books.step("c", Write(), 9)
        (alone,) = others.step("c", Write(), 9)
        assert (even.part, even.f, even.extra) == (alone.part, alone.f, False)


# --- pair keys --------------------------------------------------------------------------------------------------------


def test_a_pair_key_is_retired_when_two_addresses_have_acknowledged_it() -> None:
    state = PairsState("p")
    for address in (A, A, A):
        state, _ = pairs.step(state, pairs.Acknowledged("p-0", address), 1)
    assert (state.key, state.retired) == ("p-0", ())
    state, _ = pairs.step(state, pairs.Acknowledged("p-0", B), 2)
    assert (state.key, state.retired) == ("p-1", (("p-0", 2),))
    state, _ = pairs.step(state, pairs.Acknowledged("p-0", A), 3)
    assert (state.number, state.by) == (1, frozenset()), "whatever comes late is about the key that was retired"


def test_a_retired_key_is_read_for_a_while_and_never_written_again() -> None:
    crowd = Crowd()
    crowd.go_on(60)
    written = [p.k for _, p in crowd.done if p.part is Part.PAIR and p.f == "put"]
    assert len(set(written)) > 10, "where both sides accept, pairs come all the time"
    assert written == sorted(written, key=lambda key: int(key.rpartition("-")[2])), "one after the other"
    assert any(p.k != written[-1] for _, p in crowd.done if p.part is Part.PAIR and p.f == "get")
    state = PairsState("p", 1, retired=(("p-0", 0),))
    assert state.to_read(1, pairs.READ_FOR_NS) == "p-0"
    assert state.to_read(1, pairs.READ_FOR_NS + 1) == "p-1"


def test_every_move_leaves_a_pair_of_writes_on_one_key() -> None:
    crowd = Crowd()
    crowd.go_on(20, refusing=B)
    first = crowd.books.books["dns-0"].shared.pairs
    assert (first.number, first.by) == (0, {A})
    for name in crowd.at:
        if name.startswith("dns"):
            crowd.at[name] = B
    crowd.go_on(4, refusing=A)
    moved = next(iter(crowd.books.books.values())).shared.pairs
    assert moved.number == 1
    by = [crowd.at[name] for name, p in crowd.done if p.k == "h-pair-0" and p.f == "put"]
    assert A in by
    assert B in by


def test_the_side_that_has_not_acknowledged_the_pair_tries_most_of_the_time() -> None:
    waiting = [to_write("sided", turn, 0, pair_waits=True) for turn in range(4)]
    served = [to_write("sided", turn, 0) for turn in range(4)]
    assert waiting.count(Part.PAIR) == 3
    assert (served.count(Part.PAIR), served.count(Part.OWN), served.count(Part.REGISTER)) == (2, 1, 1)


# --- recycled keys ----------------------------------------------------------------------------------------------------


def _play(state: RecycledState, outcomes: list[Outcome]) -> tuple[RecycledState, list[tuple[str, str]]]:
    did = []
    for number, outcome in enumerate(outcomes):
        state, chosen = recycled.step(state, recycled.Write(f"o{number}"), number)
        did += [(one.f, one.key) for one in chosen]
        state, _ = recycled.step(state, recycled.Settled(f"o{number}", outcome), number)
    return state, did


def test_a_key_is_put_deleted_and_put_again() -> None:
    _, did = _play(RecycledState("k"), [Outcome.OK] * 5)
    assert did == [("put", "k-0"), ("delete", "k-0"), ("put", "k-0"), ("delete", "k-0"), ("put", "k-0")]


def test_a_refusal_is_tried_again_and_an_unknown_outcome_ends_the_key() -> None:
    _, did = _play(RecycledState("k"), [Outcome.FAIL, Outcome.OK, Outcome.FAIL, Outcome.INFO, Outcome.OK])
    assert did == [("put", "k-0"), ("put", "k-0"), ("delete", "k-0"), ("delete", "k-0"), ("put", "k-1")]


def test_nothing_is_written_while_an_acknowledgement_is_awaited() -> None:
    state, _ = recycled.step(RecycledState("k"), recycled.Write("o0"), 0)
    assert recycled.step(state, recycled.Write("o1"), 1) == (state, ())


def test_now_and_then_a_put_does_not_wait_for_the_delete_before_it() -> None:
    state = replace(RecycledState("k"), rounds=recycled.HASTY_EVERY - 1, stage="present")
    state, _ = recycled.step(state, recycled.Write("o0"), 0)
    state, (put,) = recycled.step(state, recycled.Write("o1"), 1)
    assert (put.f, put.key) == ("put", "k-0")
    state, _ = recycled.step(state, recycled.Settled("o0", Outcome.OK), 2)
    assert state.stage == "putting", "the delete's answer comes late"
    state, _ = recycled.step(state, recycled.Settled("o1", Outcome.OK), 3)
    assert state.stage == "present"


# --- attention --------------------------------------------------------------------------------------------------------


def test_reads_are_closer_for_a_while_after_a_call_and_writes_are_not() -> None:
    state, _ = attention.step(AttentionState(), Called(), 0)
    assert state.reads(attention.CALLED_FOR_NS - 1)
    assert not state.reads(attention.CALLED_FOR_NS)
    assert not state.writes


def test_a_client_that_fails_looks_closely_until_it_was_served_for_a_while() -> None:
    state, _ = attention.step(AttentionState(), Ended(is_write=False, good=False, sent_ns=0), 10)
    state, _ = attention.step(state, Ended(is_write=False, good=True, sent_ns=20), 30)
    assert state.reads(10 + attention.CALM_NS - 1)
    assert not state.reads(10 + attention.CALM_NS)


def test_writes_are_closer_until_one_that_was_sent_after_the_last_failure_is_acknowledged() -> None:
    state, _ = attention.step(AttentionState(), Ended(is_write=True, good=False, sent_ns=100), 200)
    assert state.writes
    state, _ = attention.step(state, Ended(is_write=True, good=True, sent_ns=50), 300)
    assert state.writes, "that one was sent before"
    state, _ = attention.step(state, Ended(is_write=False, good=True, sent_ns=150), 310)
    assert state.writes
    state, _ = attention.step(state, Ended(is_write=True, good=True, sent_ns=150), 320)
    assert not state.writes


# --- samples ----------------------------------------------------------------------------------------------------------


def _failed(op: str, status: int) -> Completion:
    return Completion(op, 0, "dns-0", "dns", "put", "k", None, Outcome.INFO, 5, A, status)


def _answer(body: bytes, status: int = 503, **headers: str) -> Response:
    return Response(status, headers, body, True, "Service Unavailable")


def test_a_few_answers_of_each_kind_are_kept() -> None:
    samples = Samples()
    taken = [samples.take(_failed(f"o{n}", 503), _answer(b'{"error": "no lease"}')) for n in range(5)]
    assert [sample is not None for sample in taken] == [True] * EACH + [False] * (5 - EACH)
    assert samples.take(_failed("o9", 500), _answer(b"", 500)) is not None
    first = taken[0]
    assert isinstance(first, Sample)
    assert (first.status_line, first.body) == ("503 Service Unavailable", '{"error": "no lease"}')


def test_a_sample_is_short_printable_and_tells_no_secret() -> None:
    answer = Response(
        503, {"set-cookie": "sid=1", "location": "/login?token=abc", "server": "gunicorn"},
        b"key s3cr3t \x00\x1b[31m\xff " + b"x" * 500, True, "Oh\tno",
    )  # fmt: skip
    sample = Samples(["s3cr3t"]).take(_failed("o", 503), answer)
    assert sample is not None
    assert sample.headers == ("location: /login", "server: gunicorn")
    assert "s3cr3t" not in sample.body
    assert sample.body.startswith("key *** [31m")
    assert len(sample.body) == 200
    assert all(text.isprintable() for text in (sample.status_line, sample.body, *sample.headers))
