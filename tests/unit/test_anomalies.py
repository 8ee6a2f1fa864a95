"""One small history for each way in which data can go wrong, beside the nearest one that is right."""

from __future__ import annotations

import pytest
from anomaly_histories import EAST, MET, MISSED, UNKNOWN, WEST, judged, missed
from measurement_timeline import s

from harness.checkers.anomalies.key_kinds import Kinds, mentions
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.outcome import Verdict

# --- reads ------------------------------------------------------------------------------------------------------------

TWO = """
    w1: dns-0 put k 1.0..1.1 ok A
    w2: dns-1 put k 2.0..2.1 ok A
"""


def test_a_client_sees_its_own_writes() -> None:
    own = TWO + "r1: dns-1 get k 3.0..3.1 ok B =w1\n"
    assert missed(judged(own)) == {"reads"}
    text = judged(own)["reads"].text
    for word in ("r1", "get of k", "dns-1", WEST, "3.00 to 3.10 s", "showed w1", "w2"):
        assert word in text
    assert not missed(judged(own, explained=["w2"]))


def test_a_read_of_what_another_client_replaced_is_only_told() -> None:
    results = judged(TWO + "r1: dns-2 get k 3.0..3.1 ok B =w1\n")
    assert not missed(results)
    (told,) = results["reads"].findings
    assert told.severity == "info"
    assert "0.90 s" in told.text


def test_a_client_never_goes_back_in_what_it_saw() -> None:
    seen = TWO + "r1: dns-2 get k 3.0..3.1 ok A =w2\n"
    assert missed(judged(seen + "r2: dns-2 get k 4.0..4.1 ok B =w1\n")) == {"reads"}
    assert missed(judged(seen + "r2: dns-2 get k 4.0..4.1 ok B =-\n")) == {"reads"}
    assert not missed(judged(seen + "r2: dns-3 get k 4.0..4.1 ok B =w1\n"))
    assert not missed(judged(seen + "r2: dns-2 get k 3.0..4.1 ok B =w1\n"))  # sent before the first one had returned
    assert not missed(judged(seen + "r2: dns-2 get k 4.0..4.1 ok B =w1\n", explained=["w2"]))


def test_what_a_client_saw_gone_stays_gone_for_it() -> None:
    gone = """
        w1: dns-0 put    k 1.0..1.1 ok A
        d1: dns-0 delete k 2.0..2.1 ok A
        r1: dns-2 get    k 2.2..2.3 ok A =w1
        r2: dns-2 get    k 3.0..3.1 ok A =-
    """
    assert missed(judged(gone + "r3: dns-2 get k 4.0..4.1 ok A =w1\n")) == {"reads"}
    assert not missed(judged(gone + "r3: dns-3 get k 4.0..4.1 ok A =w1\n"))
    again = gone + "w2: dns-0 put k 3.2..3.3 ok A\nr3: dns-2 get k 4.0..4.1 ok A =w2\n"
    assert not missed(judged(again))
    # Gone before it had ever been seen: it may not have been there yet.
    late = gone.replace("r1: dns-2 get    k 2.2..2.3 ok A =w1", "")
    assert not missed(judged(late + "r3: dns-2 get k 4.0..4.1 ok A =w1\n"))


def test_strong_reads_show_the_newest_acknowledged_value_to_anybody() -> None:
    stale = TWO + "r1: dns-2 get k 3.0..3.1 ok B =w1\n"
    assert missed(judged(stale, promise=Promise(reads="strong"))) == {"reads"}
    beside = TWO + "r1: dns-2 get k 2.05..2.2 ok B =w1\n"
    assert not missed(judged(beside, promise=Promise(reads="strong")))


def test_eventual_reads_have_a_bound() -> None:
    stale = TWO + "r1: dns-1 get k 3.0..3.1 ok B =w1\n"
    assert not missed(judged(stale, promise=Promise(reads="eventual", staleness_ns=s(2))))
    assert missed(judged(stale, promise=Promise(reads="eventual", staleness_ns=s(0.5)))) == {"reads"}


# --- writes -----------------------------------------------------------------------------------------------------------


def test_a_lost_update_of_a_pair_shows_in_the_end() -> None:
    pair = "w1: dns-0 put k 1.0..1.1 ok A\nw2: dns-1 put k 1.5..1.6 ok B\n"
    results = judged(pair, {WEST: {"k": "w1"}, EAST: {"k": "w2"}})
    assert missed(results) == {"writes-kept", "divergence"}
    text = results["writes-kept"].text
    for word in ("w2", "w1", WEST, EAST, "0.40 s before", "still has it"):
        assert word in text
    assert not missed(judged(pair, {WEST: {"k": "w2"}}))
    assert not missed(judged(pair, {WEST: {"k": "w1"}}, explained=["w2"]))
    beside = "w1: dns-0 put k 1.0..1.7 ok A\nw2: dns-1 put k 1.5..1.6 ok B\n"
    assert not missed(judged(beside, {WEST: {"k": "w1"}}))
    unknown = "w1: dns-0 put k 1.0..1.1 info A\nw2: dns-1 put k 1.5..1.6 ok B\n"
    assert not missed(judged(unknown, {WEST: {"k": "w1"}}))


def test_a_write_that_is_gone() -> None:
    one = "w1: dns-0 put k 1.0..1.1 ok A\n"
    assert missed(judged(one, {EAST: {}})) == {"writes-kept"}
    assert not missed(judged(one + "d1: dns-0 delete k 2.0..2.1 ok A\n", {EAST: {}}))
    results = judged(one + "d1: dns-0 delete k 2.0..2.1 info A\n", {EAST: {}})
    assert results["writes-kept"].verdict is MET
    assert "never answered" in results["writes-kept"].findings[0].text
    assert judged(one)["writes-kept"].verdict is UNKNOWN


def test_an_older_value_that_replaces_a_newer_one_on_a_side() -> None:
    three = TWO + "w3: dns-1 put k 5.0..5.1 ok A\n"
    final = {EAST: {"k": "w3"}, WEST: {"k": "w3"}}
    lasting = judged(three, final, {WEST: "k=w1@1.2 k=w2@2.2 k=w1@2.4 k=w3@5.2"})
    assert missed(lasting) == {"writes-kept"}
    assert "us-west-2" in lasting["writes-kept"].text
    assert "2.40 s" in lasting["writes-kept"].text
    # A batch that was applied twice puts it right by itself.
    passing = judged(three, final, {WEST: "k=w1@1.2 k=w2@2.2 k=w1@2.4 k=w2@2.5 k=w3@5.2"})
    assert not missed(passing)
    assert [f.severity for f in passing["writes-kept"].findings] == ["warning"]
    assert not missed(judged(three, final, {WEST: "k=w1@1.2 k=w2@2.2 k=w3@5.2"}))
    assert not missed(judged(three, final, {WEST: "k=w2@2.2 k=w1@2.4 k=w3@5.2"}, explained=["w2"]))


def test_a_delete_that_comes_again_and_removes_what_was_written_since() -> None:
    history = """
        w1: dns-0 put    k 1.0..1.1 ok A
        d1: dns-0 delete k 2.0..2.1 ok A
        w2: dns-0 put    k 3.0..3.1 ok A
        w3: dns-0 put    k 6.0..6.1 ok A
    """
    right, wrong = "k=w1@1.2 k=-@2.2 k=w2@3.2 k=w3@6.2", "k=w1@1.2 k=-@2.2 k=w2@3.2 k=-@3.4 k=w3@6.2"
    assert not missed(judged(history, {EAST: {"k": "w3"}}, {WEST: right}))
    assert missed(judged(history, {EAST: {"k": "w3"}}, {WEST: wrong})) == {"writes-kept"}


# --- deletes ----------------------------------------------------------------------------------------------------------

DELETED = """
    w1: dns-0 put    k 1.0..1.1 ok A
    d1: dns-0 delete k 2.0..2.1 ok A
"""


def test_a_delete_that_is_undone() -> None:
    results = judged(DELETED, {EAST: {"k": "w1"}})
    assert missed(results) == {"deletes"}
    assert "d1" in results["deletes"].text
    assert "w1" in results["deletes"].text
    assert judged(DELETED, {EAST: {}})["deletes"].verdict is MET
    assert not missed(judged(DELETED, {EAST: {"k": "w1"}}, explained=["d1"]))
    assert not missed(judged(DELETED, {EAST: {"k": "w1"}}, promise=Promise(deletes_final=False)))
    again = DELETED + "w2: dns-0 put k 3.0..3.1 ok A\n"
    assert not missed(judged(again, {EAST: {"k": "w2"}}))
    assert missed(judged(again, {EAST: {"k": "w1"}})) == {"writes-kept", "deletes"}
    assert not missed(judged(DELETED.replace("2.1 ok", "2.1 info"), {EAST: {"k": "w1"}}))


def test_a_deleted_item_that_comes_back_on_one_side_for_a_while() -> None:
    history = DELETED + "w2: dns-0 put k 6.0..6.1 ok A\n"
    final = {EAST: {"k": "w2"}, WEST: {"k": "w2"}}
    results = judged(history, final, {WEST: "k=w1@1.2 k=-@2.2 k=w1@2.4 k=w2@6.2"})
    assert missed(results) == {"deletes"}
    assert WEST in results["deletes"].text
    assert not missed(judged(history, final, {WEST: "k=w1@1.2 k=-@2.2 k=w2@6.2"}))


# --- duplicates -------------------------------------------------------------------------------------------------------


def test_one_write_under_two_keys() -> None:
    two = "w1: dns-0 put k 1.0..1.1 ok A\nw2: dns-0 put j 1.0..1.1 ok A\n"
    results = judged(two, {EAST: {"k": "w1", "j": "w1"}})
    assert "duplicates" in missed(results)
    assert "under j" in results["duplicates"].text
    assert missed(judged(two + "r1: dns-0 get j 2.0..2.1 ok A =w1\n")) == {"duplicates"}


def test_one_create_made_twice() -> None:
    """The key of a create is the id that its answer gave."""
    one = "c1: dns-0 put id-7 1.0..1.1 ok A\n"
    twice = {EAST: {"id-7": "c1", "id-8": "c1"}}
    assert missed(judged(one, twice, {EAST: "id-7=c1@1.05 id-8=c1@1.06"})) == {"duplicates"}
    # The application's own pointer to the latest item is no second effect.
    pointer = {EAST: {"id-7": "c1", "latest": "c1"}}
    assert not missed(judged(one, pointer, {EAST: "latest=c0@0.5 id-7=c1@1.05 latest=c1@1.06"}))
    # Nobody knows the id of one that was never answered: it may be there, once.
    unanswered = "c1: dns-0 put c1 1.0..1.1 info A\n"
    assert not missed(judged(unanswered, {EAST: {"id-7": "c1"}}, {EAST: "id-7=c1@1.05"}))
    assert missed(judged(unanswered, twice, {EAST: "id-7=c1@1.05 id-8=c1@1.06"})) == {"duplicates"}


FORTY = "".join(f"u{i}: dns-0 put k{i} {i}.0..{i}.1 ok A\n" for i in range(40))
CREATED = FORTY.replace("put k", "put order-")


def kept(own: str, entry: str, which: range, *, apart_s: float = 0.0, drained: int = 0) -> dict[str, CheckResult]:
    """Forty writes, and for some of them an entry of the application's, the first ones of which are cleared away."""
    final = {f"{own}{i}": f"u{i}" for i in range(40)} | {entry.format(i): f"u{i}" for i in which if i >= drained}
    text = " ".join(
        f"{own}{i}=u{i}@{i}.05" + (f" {entry.format(i)}=u{i}@{i + 0.05 + apart_s}" if i in which else "")
        for i in range(40)
    ) + "".join(f" {entry.format(i)}=-@50" for i in which if i < drained)  # fmt: skip
    return judged(FORTY if own == "k" else CREATED, {EAST: final}, {EAST: text})


@pytest.mark.parametrize("own", ["k", "order-"])
@pytest.mark.parametrize("apart_s", [0.0, 0.02])
@pytest.mark.parametrize(
    ("entry", "which", "drained"),
    [
        ("outbox#{}", range(40), 0),
        ("outbox#{}", range(40), 37),
        ("idem#u{}", range(0, 40, 4), 0),
        ("idem-{}", range(0, 40, 4), 0),
        ("order-{}-copy", range(0, 40, 4), 0),
        ("01HF{}ZX", range(5), 0),
    ],
)
def test_what_an_application_keeps_for_itself_is_no_second_effect(
    own: str, apart_s: float, entry: str, which: range, drained: int
) -> None:
    result = kept(own, entry, which, apart_s=apart_s, drained=drained)["duplicates"]
    assert result.verdict is MET
    (told,) = result.findings
    assert told.severity == "info"
    assert "the application's own" in told.text


def test_a_few_creates_of_many_made_twice() -> None:
    """The second try of a POST comes a moment later, and gets an id as every other."""
    result = kept("order-", "order-1{:02}", range(0, 40, 10), apart_s=0.02)["duplicates"]
    assert result.verdict is MISSED
    assert "4 writes found more than once" in result.text
    assert "order-100" in result.text


@pytest.mark.parametrize(
    ("which", "apart_s", "verdict"),
    [
        (range(0, 40, 4), 0.0, MISSED),  # two items, however close
        (range(40), 0.02, UNKNOWN),  # every create twice, or an entry of each
        (range(40), 0.0, UNKNOWN),
        (range(40), 90.0, MISSED),  # the whole log was played again
        (range(25), 60.0, MISSED),
    ],
)
def test_entries_with_ids_like_the_items(which: range, apart_s: float, verdict: Verdict) -> None:
    result = kept("order-", "order-1{:02}", which, apart_s=apart_s)["duplicates"]
    assert result.verdict is verdict
    assert {one.severity for one in result.findings} == {"serious" if verdict is MISSED else "warning"}


def test_a_habit_that_began_with_the_fault_is_none() -> None:
    final = {f"order-{i}": f"u{i}" for i in range(40)} | {f"order-1{i:02}": f"u{i}" for i in range(15, 40)}
    text = " ".join(
        f"order-{i}=u{i}@{i}.05" + (f" order-1{i:02}=u{i}@{i}.07" if i >= 15 else "") for i in range(40)
    )  # fmt: skip
    assert judged(CREATED, {EAST: final}, {EAST: text})["duplicates"].verdict is UNKNOWN
    fault = [(s(14.5), "the loss of us-east-1")]
    assert judged(CREATED, {EAST: final}, {EAST: text}, moments=fault)["duplicates"].verdict is MISSED


def test_a_second_item_that_was_removed_for_a_while_is_a_second_item() -> None:
    final = {f"order-{i}": f"u{i}" for i in range(40)} | {f"order-1{i:02}": f"u{i}" for i in range(5)}
    text = " ".join(f"order-{i}=u{i}@{i}.05" for i in range(40)) + "".join(
        f" order-1{i:02}=u{i}@{i}.07 order-1{i:02}=-@50 order-1{i:02}=u{i}@51" for i in range(5)
    )
    assert judged(CREATED, {EAST: final}, {EAST: text})["duplicates"].verdict is MISSED


def test_without_a_log_nobody_can_tell_a_second_item() -> None:
    final = {f"order-{i}": f"u{i}" for i in range(40)} | {"order-77": "u7"}
    assert judged(CREATED, {EAST: final})["duplicates"].verdict is UNKNOWN


UUIDS = [
    "3f2b8c1e-9a4d-4e6f-8b7a-0c1d2e3f4a5b",
    "beefbeef-1234-4abc-9def-aaaaaaaaaaaa",
    "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9",
]


@pytest.mark.parametrize(
    ("known", "key", "expected"),
    [
        (["id-7"], "id-8", True),
        (["id-7"], "id-10", True),
        (["id-7"], "no-8", False),
        (["7", "99"], "100", True),
        (["7", "99"], "latest", False),
        (["order12", "order7"], "order100", True),
        (["order12", "order7"], "outbox3", False),
        (UUIDS, "11111111-2222-4333-8444-555555555555", True),
        (UUIDS, "4d5e6f70-8192-4a3b-8c4d-5e6f70819203", True),
        (UUIDS, "outbox-4d5e6f70-8192-4a3b-8c4d-5e6f70819203", False),
        (UUIDS, "4d5e6f70", False),
        (UUIDS, "zzzz1f70-8192-4a3b-8c4d-5e6f70819203", False),
        ([], "id-8", False),
    ],
)
def test_a_key_is_of_the_kind_of_others(known: list[str], key: str, expected: bool) -> None:
    assert (key in Kinds(known)) is expected


def test_a_key_is_made_from_another_one_where_it_holds_it_whole() -> None:
    assert mentions("outbox#17", "17")
    assert mentions("item/k1/copy", "k1")
    assert not mentions("170", "17")


# --- counters ---------------------------------------------------------------------------------------------------------

COUNTED = """
    a1: dns-0 add c 1.0..1.1 ok A
    a2: dns-0 add c 2.0..2.1 ok A
    a3: dns-1 add c 2.5..3.5 info A
    a4: dns-1 add c 2.6..2.7 fail A
"""


@pytest.mark.parametrize(("shown", "verdict"), [("1", MISSED), ("2", MET), ("3", MET), ("4", MISSED), ("x", MISSED)])
def test_a_counter_shows_what_was_counted_for_certain_up_to_what_may_have_been(shown: str, verdict: Verdict) -> None:
    assert judged(COUNTED, {EAST: {"c": shown}})["counters"].verdict is verdict


def test_an_increment_that_is_accounted_for_may_be_missing() -> None:
    assert judged(COUNTED, {EAST: {"c": "1"}}, explained=["a2"])["counters"].verdict is MET
    assert judged(COUNTED, {EAST: {}}, explained=["a2"])["counters"].verdict is MISSED
    assert judged(COUNTED)["counters"].verdict is UNKNOWN


@pytest.mark.parametrize(
    ("read", "verdict"),
    [
        ("r1: dns-0 get c 1.5..1.6 ok A =0", MISSED),
        ("r1: dns-0 get c 1.5..1.6 ok A =1", MET),
        ("r1: dns-0 get c 1.5..1.6 ok A =2", MISSED),
        ("r1: dns-0 get c 1.5..2.05 ok A =2", MET),
        ("r1: dns-1 get c 1.5..1.6 ok B =0", MET),
        ("r1: dns-0 get c 1.05..1.6 ok A =-", MET),
        ("r1: dns-2 get c 2.2..2.3 ok A =2\nr2: dns-2 get c 2.4..2.5 ok B =1", MISSED),
        ("r1: dns-2 get c 2.2..2.3 ok A =2\nr2: dns-3 get c 2.4..2.5 ok B =1", MET),
    ],
)
def test_a_read_of_a_counter_lies_between_what_its_client_knew_and_what_may_have_been(
    read: str, verdict: Verdict
) -> None:
    history = COUNTED.replace("info", "fail") + read + "\n"
    assert judged(history, {EAST: {"c": "2"}})["counters"].verdict is verdict


def test_what_a_counter_shows_is_no_phantom() -> None:
    assert not missed(judged(COUNTED + "r1: dns-0 get c 4.0..4.1 ok A =2\n", {EAST: {"c": "2"}}))


# --- phantoms ---------------------------------------------------------------------------------------------------------


def test_values_that_nobody_may_have_written() -> None:
    refused = "w1: dns-0 put k 1.0..1.1 fail A\n"
    assert missed(judged(refused + "r1: dns-0 get k 2.0..2.1 ok A =w1\n")) == {"phantoms"}
    assert missed(judged(refused, {EAST: {"k": "w1"}})) == {"phantoms"}
    assert missed(judged(refused, {EAST: {}}, {WEST: "k=w1@1.05"})) == {"phantoms"}
    assert missed(judged("r1: dns-0 get k 2.0..2.1 ok A =nobody\n")) == {"phantoms"}
    assert not missed(judged(refused, {EAST: {"of-its-own": "anything"}}))


# --- two sides --------------------------------------------------------------------------------------------------------


def test_which_side_lacks_what_and_since_when() -> None:
    history = TWO + "w3: dns-1 put j 3.0..3.1 ok A\nw4: dns-1 put i 3.5..3.6 ok A\n"
    results = judged(
        history,
        {WEST: {"k": "w2"}, EAST: {"k": "w2", "j": "w3", "i": "w4"}},
        {WEST: "k=w1@1.1 k=w2@2.1", EAST: "k=w1@1.05 k=w2@2.05 j=w3@3.05 i=w4@3.55"},
        explained=["w3", "w4"],
        moments=[(s(1), "the calm began"), (s(2.5), f"the loss of {EAST}"), (s(9), "the heal")],
    )
    assert missed(results) == {"divergence"}
    text = results["divergence"].text
    assert f"{WEST} lacks 2 items that {EAST} has, the oldest since 0.55 s after the loss of {EAST}" in text
    assert "w3" in text


def test_sides_that_hold_different_values() -> None:
    results = judged(TWO, {WEST: {"k": "w2"}, EAST: {"k": "w1"}})
    assert f"{WEST} and {EAST} hold different values in 1 item" in results["divergence"].text
    assert "divergence" not in judged(TWO, {WEST: {"k": "w2"}})
    assert judged(TWO, {WEST: {"k": "w2"}, EAST: {"k": "w2"}})["divergence"].verdict is MET


def test_replication_that_goes_in_circles_is_named() -> None:
    history = "".join(f"w{n}: dns-0 put k{n} {n}.0..{n}.1 ok A\n" for n in range(1, 13))
    circle = " ".join(f"k{n}=w{n}@{n + 0.05 + m * 0.2}" for n in range(1, 13) for m in range(5))
    once = " ".join(f"k{n}=w{n}@{n + 0.05}" for n in range(1, 13))
    results = judged(history, None, {EAST: circle, WEST: circle})
    assert missed(results) == {"replication-loop"}
    assert f"5.0 commits for each item on {EAST}" in results["replication-loop"].text
    assert "1 is normal" in results["replication-loop"].text
    assert judged(history, None, {EAST: once, WEST: once})["replication-loop"].verdict is MET
    backfilled = once + " " + " ".join(f"k{n}=w{n}@{n + 40}" for n in range(1, 13))
    assert judged(history, None, {EAST: backfilled, WEST: once})["replication-loop"].verdict is MET


def test_a_slow_circle_is_one_too_and_a_copy_or_a_backfill_is_none() -> None:
    history = "".join(f"w{n}: dns-0 put k{n} {n}.0..{n}.1 ok A\n" for n in range(1, 41))
    here = " ".join(f"k{n}=w{n}@{n + 0.05}" for n in range(1, 41))
    there = " ".join(f"k{n}=w{n}@{n + 0.5}" for n in range(1, 41))
    back = " ".join(f"k{n}=w{n}@{n + 2.0}" for n in range(1, 12))
    again = " ".join(f"k{n}=w{n}@{n + 4.0}" for n in range(1, 12))
    slow = judged(history, None, {EAST: f"{here} {back}", WEST: f"{there} {again}"})
    assert missed(slow) == {"replication-loop"}
    assert "11 of 40 writes went from side to side at least 3 times" in slow["replication-loop"].text
    assert "circles" in slow["replication-loop"].text
    few = " ".join(f"k{n}=w{n}@{n + 4.0}" for n in range(1, 8))
    for east, west in ((here, there), (f"{here} {back}", there), (f"{here} {back}", f"{there} {few}")):
        assert missed(judged(history, None, {EAST: east, WEST: west})) == set()


def test_nothing_to_judge_is_no_result() -> None:
    assert judged("") == {}
    assert set(judged("w1: dns-0 put k 1.0..1.1 info A\n")) == {"duplicates"}
