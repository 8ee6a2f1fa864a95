"""Groups of items that one request wrote: seen in part, or whole; and effects that are seen without their causes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from anomaly_histories import EAST, MET, UNKNOWN, WEST, judged, missed
from measurement_timeline import s

from harness.checkers.promise import Promise
from harness.measurement.recovery_point import RecoveryPoint

GROUP = """
    g1: dns-0 put a 1.0..1.1 ok A %g1
    g2: dns-0 put b 1.0..1.1 ok A %g1
"""
UNKNOWN_GROUP = GROUP.replace("1.1 ok", "1.5 info")
BY_ITEM = Promise(groups_whole=False)
POINT = RecoveryPoint(s(3.0), 2, ("g2",), (), 0, s(1.0), s(1.0), s(1.0))


# --- groups -----------------------------------------------------------------------------------------------------------


def test_half_a_group_in_the_end_names_both_operations() -> None:
    results = judged(GROUP, {WEST: {"a": "g1"}}, explained=["g2"])
    assert missed(results) == {"groups"}
    text = results["groups"].text
    for word in ("1 group", WEST, "in the end", "g1", "g2", "of the same request"):
        assert word in text
    (found,) = results["groups"].findings
    assert found.id == "A15"


@pytest.mark.parametrize("final", [{"a": "g1", "b": "g2"}, {}])
def test_a_whole_group_and_none_of_it_are_legal(final: dict[str, str]) -> None:
    assert not missed(judged(GROUP, {WEST: final}, explained=["g1", "g2"]))
    assert not missed(judged(UNKNOWN_GROUP, {WEST: final}))


def test_a_group_that_was_never_answered_is_torn_all_the_same() -> None:
    assert missed(judged(UNKNOWN_GROUP, {WEST: {"b": "g2"}})) == {"groups"}


def test_what_was_written_over_or_deleted_since_is_no_part() -> None:
    later = GROUP + "w3: dns-1 put b 2.0..2.1 ok A\n"
    assert not missed(judged(later, {WEST: {"a": "g1", "b": "w3"}}))
    assert not missed(judged(GROUP + "d1: dns-1 delete b 2.0..2.1 ok A\n", {WEST: {"a": "g1"}}))
    # Legal only because a delete that nobody answered may have taken effect.
    assert not missed(judged(GROUP + "d1: dns-1 delete b 2.0..2.1 info A\n", {WEST: {"a": "g1"}}))
    # And only because an older write that nobody answered may have come after it.
    assert not missed(judged("w0: dns-1 put b 0.5..0.9 info A\n" + GROUP, {WEST: {"a": "g1", "b": "w0"}}))
    assert "groups" in missed(judged("w0: dns-1 put b 0.5..0.9 ok A\n" + GROUP, {WEST: {"a": "g1", "b": "w0"}}))


def test_a_side_that_takes_over_with_half_a_group() -> None:
    logs = {WEST: "a=g1@1.2 c=w1@3.0 b=g2@9.0"}
    history = GROUP + "w1: dns-0 put c 2.9..3.1 ok B\n"
    final = {WEST: {"a": "g1", "b": "g2", "c": "w1"}}
    results = judged(history, final, logs, takeovers=[(WEST, POINT)], explained=["g2"])
    assert missed(results) == {"groups"}
    assert f"when {WEST} took over" in results["groups"].text
    # A moment later it had both: that is what copying takes.
    soon = {WEST: "a=g1@2.9 c=w1@3.0 b=g2@3.1"}
    assert not missed(judged(history, final, soon, takeovers=[(WEST, POINT)]))
    assert "0.20 s on us-west-2" in judged(history, final, soon, takeovers=[(WEST, POINT)])["groups"].text


def test_without_a_commit_log_what_was_missing_for_certain_tells() -> None:
    final = {WEST: {"a": "g1", "b": "g2"}}
    assert missed(judged(GROUP, final, takeovers=[(WEST, POINT)], explained=["g2"])) == {"groups"}
    for beside in (
        replace(POINT, maybe_ids=("g1",)),  # it may have been missing, too
        replace(POINT, missing_ids=("g1", "g2")),
        replace(POINT, missing_ids=(), maybe_ids=("g2",)),
    ):
        assert not missed(judged(GROUP, final, takeovers=[(WEST, beside)], explained=["g1", "g2"]))


def test_a_reader_that_is_shown_a_part_of_a_group() -> None:
    both = {EAST: {"a": "g1", "b": "g2"}}
    seen = GROUP + "r1: dns-1 get a 2.0..2.1 ok B =g1\n"
    results = judged(seen + "r2: dns-1 get b 3.0..3.1 ok B =-\n", both)
    assert missed(results) == {"groups"}
    assert "r2" in results["groups"].text
    assert "g2" in results["groups"].text
    for right in (
        "r2: dns-1 get b 3.0..3.1 ok B =g2",
        "r2: dns-1 get b 2.0..3.1 ok B =-",  # sent before the first one had returned
        "r2: dns-1 get b 3.0..3.1 ok A =-",  # through another side, which may have none of it yet
        "r2: dns-2 get b 3.0..3.1 ok B =-",  # another client's view is its own
    ):
        assert not missed(judged(seen + right + "\n", both)), right
    assert not missed(judged(seen + "r2: dns-1 get b 3.0..3.1 ok B =-\n", both, explained=["g2"]))


def test_a_bound_on_staleness_holds_for_groups_too() -> None:
    both = {EAST: {"a": "g1", "b": "g2"}}
    text = GROUP + "r1: dns-1 get a 2.0..2.1 ok B =g1\nr2: dns-2 get b 3.0..3.1 ok B =-\n"
    assert not missed(judged(text, both, promise=Promise(reads="eventual", staleness_ns=s(2))))
    assert "groups" in missed(judged(text, both, promise=Promise(reads="eventual", staleness_ns=s(0.5))))


def test_where_single_items_are_promised_a_torn_group_is_told_and_breaks_nothing() -> None:
    result = judged(GROUP, {WEST: {"a": "g1"}}, promise=BY_ITEM, explained=["g2"])["groups"]
    assert result.verdict is MET
    assert [finding.severity for finding in result.findings] == ["info"]


def test_groups_are_judged_where_there_are_any_and_the_data_was_read() -> None:
    assert "groups" not in judged("w1: dns-0 put a 1.0..1.1 ok A\n", {EAST: {"a": "w1"}})
    assert judged(GROUP)["groups"].verdict is UNKNOWN
    refused = GROUP.replace("ok A", "fail A")
    assert "groups" not in judged(refused, {EAST: {}})


# --- causes -----------------------------------------------------------------------------------------------------------

CAUSAL = Promise(causal=True)
ORDER = """
    w1: dns-0 put customer 1.0..1.1 ok A
    w2: dns-0 put order    1.5..1.6 ok A
"""
BOTH = {EAST: {"customer": "w1", "order": "w2"}, WEST: {"customer": "w1", "order": "w2"}}


def test_an_effect_that_comes_to_a_side_before_its_cause() -> None:
    results = judged(ORDER, BOTH, {WEST: "order=w2@1.7 customer=w1@1.9"}, CAUSAL)
    assert missed(results) == {"causal-order"}
    for word in ("w2", "w1", WEST, "1.70 s", "1.90 s"):
        assert word in results["causal-order"].text
    assert not missed(judged(ORDER, BOTH, {WEST: "customer=w1@1.7 order=w2@1.9"}, CAUSAL))
    assert "causal-order" not in judged(ORDER, BOTH, {WEST: "order=w2@1.7 customer=w1@1.9"})


def test_what_was_lost_of_an_order_that_is_kept_is_its_end() -> None:
    hole = {WEST: {"order": "w2"}}
    assert missed(judged(ORDER, hole, {WEST: "order=w2@1.7"}, CAUSAL, explained=["w1"])) == {"causal-order"}
    end = {WEST: {"customer": "w1"}}
    assert not missed(judged(ORDER, end, {WEST: "customer=w1@1.7"}, CAUSAL, explained=["w2"]))
    # After the move the client goes on at the other side, which never had what was lost.
    moved = ORDER.replace("1.6 ok A", "1.6 ok B")
    assert not missed(judged(moved, hole, {WEST: "order=w2@1.55"}, CAUSAL, explained=["w1"]))


def test_a_cause_that_was_not_done_yet_is_none() -> None:
    beside = ORDER.replace("1.0..1.1", "1.0..1.8")
    assert not missed(judged(beside, BOTH, {WEST: "order=w2@1.7 customer=w1@1.9"}, CAUSAL))
    unknown = ORDER.replace("1.1 ok", "1.1 info")
    assert not missed(judged(unknown, BOTH, {WEST: "order=w2@1.7 customer=w1@1.9"}, CAUSAL))
    gone = ORDER + "d1: dns-1 delete customer 1.2..1.3 info A\n"
    assert not missed(judged(gone, {WEST: {"order": "w2"}}, {WEST: "order=w2@1.7"}, CAUSAL))


def test_a_cause_that_somebody_else_wrote() -> None:
    seen = """
        w1: dns-0 put k    1.0..1.1 ok A
        r1: dns-1 get k    1.2..1.3 ok A =w1
        w2: dns-1 put l    1.5..1.6 ok A
        r2: dns-2 get l    2.0..2.1 ok B =w2
    """
    wrong = judged(seen + "r3: dns-2 get k 2.2..2.3 ok B =-\n", promise=CAUSAL)
    assert missed(wrong) == {"causal-order"}
    for word in ("r3", "w1"):
        assert word in wrong["causal-order"].text
    assert not missed(judged(seen + "r3: dns-2 get k 2.2..2.3 ok B =w1\n", promise=CAUSAL))
    assert not missed(judged(seen + "r3: dns-3 get k 2.2..2.3 ok B =-\n", promise=CAUSAL))
    assert not missed(judged(seen + "r3: dns-2 get k 2.2..2.3 ok B =-\n", promise=CAUSAL, explained=["w1"]))


def test_causes_are_followed_back_over_several_writes() -> None:
    chain = """
        w1: dns-0 put k 1.0..1.1 ok A
        w2: dns-0 put l 1.2..1.3 ok A
        w3: dns-0 put m 1.4..1.5 ok A
        r1: dns-1 get m 2.0..2.1 ok B =w3
    """
    assert missed(judged(chain + "r2: dns-1 get k 3.0..3.1 ok B =-\n", promise=CAUSAL)) == {"causal-order"}
    assert not missed(judged(chain + "r2: dns-1 get k 3.0..3.1 ok B =w1\n", promise=CAUSAL))
