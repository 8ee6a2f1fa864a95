"""What is counted of writes that both sides took while replication was cut: by example, and in whole drills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from anomaly_histories import EAST, PLACES, WEST, log
from measurement_timeline import s, timeline
from simulated_backend import Story
from test_drill_promises import BothWrite, run

from harness.checkers.both_sides import BothSides, both_sides
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.history.gathering import columns_of
from harness.measurement.severed import Cut
from harness.reporting import run_json
from harness.reporting.glossary import both_sides as in_words
from harness.topology.consistency import Consistency

CUT = [Cut(s(1), s(5))]
BOTH = Consistency(writes="both")
CONFLICT = """
    a1: direct-a-0 put k 1.0..1.1 ok A
    b1: direct-b-0 put k 2.0..2.1 ok B
    b2: direct-b-0 put l 2.2..2.3 ok B
"""


def found(
    history: str,
    final: Mapping[str, Mapping[str, str]] | None = None,
    logs: Mapping[str, str] | None = None,
    cuts: list[Cut] = CUT,
) -> list[BothSides]:
    columns = columns_of(timeline(history))
    commits = None if logs is None else {side: log(side, text) for side, text in logs.items()}
    return list(both_sides(columns, cuts, PLACES, commits, final or {}, EAST))


def test_a_key_that_both_sides_wrote_is_a_conflict_with_one_loser() -> None:
    same = {"k": "b1", "l": "b2"}
    (one,) = found(CONFLICT, {EAST: same, WEST: same})
    assert one.writes == {EAST: 1, WEST: 2}
    assert one.conflicts == ("k",)
    assert one.losers == ("a1",)
    assert (one.undecided, one.lost, one.resurrected, one.duplicated) == (0, (), (), ())


def test_of_each_side_the_last_write_counts_and_the_newer_one_need_not_win() -> None:
    text = CONFLICT + "a2: direct-a-0 put k 3.0..3.1 ok A\n"
    (one,) = found(text, {EAST: {"k": "b1", "l": "b2"}})
    assert one.losers == ("a2",)
    assert one.lost == ("a2",), "an older value won, which nothing allows"


def test_what_was_written_again_after_the_cut_tells_nothing_of_who_won() -> None:
    text = CONFLICT + "c1: dns-0 put k 6.0..6.1 ok A\n"
    (one,) = found(text, {EAST: {"k": "c1", "l": "b2"}})
    assert one.conflicts == ("k",)
    assert one.losers == ()
    assert one.undecided == 1


def test_a_write_without_a_rival_that_is_gone_is_lost_unless_a_delete_may_have_removed_it() -> None:
    (one,) = found(CONFLICT, {EAST: {"k": "b1"}})
    assert one.lost == ("b2",)
    (one,) = found(CONFLICT + "d1: dns-0 delete l 6.0..6.1 info A\n", {EAST: {"k": "b1"}})
    assert one.lost == ()


def test_deletes_that_are_undone_and_values_under_two_keys_are_counted() -> None:
    text = CONFLICT.replace("b2: direct-b-0 put l", "d2: direct-b-0 delete m")
    text = "w0: dns-0 put m 0.1..0.2 ok A\n" + text
    (one,) = found(text, {EAST: {"k": "b1", "m": "w0", "stray": "b1"}})
    assert one.resurrected == ("d2",)
    assert one.duplicated == ("b1",)
    (one,) = found(text, {EAST: {"k": "b1"}})
    assert (one.resurrected, one.duplicated) == ((), ())


def test_a_delete_and_a_put_of_one_key_are_a_conflict_too() -> None:
    text = """
        w0: dns-0      put    k 0.1..0.2 ok A
        a1: direct-a-0 delete k 1.0..1.1 ok A
        b1: direct-b-0 put    k 2.0..2.1 ok B
    """
    (one,) = found(text, {EAST: {"k": "b1"}})
    assert one.losers == ("a1",)
    (one,) = found(text.replace("2.0..2.1", "1.05..1.2"), {EAST: {}})
    assert one.losers == ("b1",)


def test_nothing_is_told_where_one_side_alone_took_writes_or_nothing_was_cut() -> None:
    assert found(CONFLICT.replace("ok B", "ok A"), {EAST: {}}) == []
    assert found(CONFLICT, {EAST: {}}, cuts=[]) == []
    assert found(CONFLICT, {EAST: {}}, cuts=[Cut(s(8), s(9))]) == []
    assert len(found(CONFLICT, cuts=[Cut(s(0.5), s(1.5)), Cut(s(1.2), s(5)), Cut(s(7), None)])) == 1


def test_without_the_data_only_the_conflicts_are_known() -> None:
    (one,) = found(CONFLICT)
    assert (one.conflicts, one.losers, one.undecided) == (("k",), None, None)
    assert in_words({"writes": {EAST: 1}, "conflicts": 1})["writes that made room for another side's"] is None


def test_who_accepted_a_write_is_told_by_the_commits_and_not_by_who_was_dialled() -> None:
    text = CONFLICT.replace("b1: direct-b-0 put k 2.0..2.1 ok B", f"b1: direct-b-0 put k 2.0..2.1 ok B @{EAST}")
    logs = {EAST: "k=a1@1.05 k=b1@2.05", WEST: "l=b2@2.25 k=b1@6.0"}
    (one,) = found(text, logs=logs)
    assert one.conflicts == (), "it was forwarded"
    assert one.writes == {EAST: 2, WEST: 1}


# --- in whole drills --------------------------------------------------------------------------------------------------


def parted(drill: Drill) -> None:
    """Replication stands still for a while, both sides go on, and it comes back."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    drill.watch(4)
    drill.heal()
    drill.watch(8)


def measured(result: DrillResult) -> Mapping[str, Any]:
    (one,) = result.measured["both_sides"]
    return one


def test_a_drill_counts_conflicts_and_losers_and_they_reach_the_evidence(tmp_path: Path) -> None:
    result = run(tmp_path, parted, BothWrite, promised=BOTH)
    one = measured(result)
    assert set(one["writes"]) == {EAST, WEST}
    assert one["conflicts"] > 3, "a pair comes a few times a second where both sides accept writes"
    assert 0 < one["losers"] <= one["conflicts"]
    assert (one["lost"], one["resurrected"], one["duplicated"]) == (0, 0, 0)
    assert not run_json.problems_of(result)
    again = json.loads(json.dumps(run_json.drill_dict(result)))
    assert again["measured"]["both_sides"] == [one]
    assert "measured" not in run_json.drill_dict(replace(result, measured={}))


def test_a_merge_that_brings_deletes_back_is_counted(tmp_path: Path) -> None:
    result = run(tmp_path, parted, BothWrite, Story(merges_back=True), promised=BOTH)
    assert measured(result)["resurrected"] > 0


def test_a_backlog_that_never_comes_loses_what_one_side_took(tmp_path: Path) -> None:
    result = run(tmp_path, parted, BothWrite, Story(loses_backlog=True), promised=BOTH)
    assert measured(result)["lost"] > 0


def test_where_one_side_writes_nothing_is_told(tmp_path: Path) -> None:
    assert "both_sides" not in run(tmp_path, parted).measured
