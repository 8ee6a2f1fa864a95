"""The simulated world's stories about data: each leaves its traces in history and tables, and the good one leaves none.

So a checker that says nothing of one of them has missed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.drill import case_files
from harness.drill.case_files import Filed
from harness.drill.facade import Drill
from harness.history.events import Operation
from harness.history.log import pair
from harness.outcome import Outcome

NAME = "a-drill"


def there_and_back(drill: Drill) -> None:
    """One loss and the way back."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    drill.require("same-data", at_rest=True)


class Told:
    """What one story left."""

    def __init__(self, folder: Path, story: Story) -> None:
        folder.mkdir(exist_ok=True)
        run_drill(folder / NAME, there_and_back, story)
        self.filed: Filed = case_files.read(folder / NAME)
        self.operations: Sequence[Operation] = pair(self.filed.events)
        assert self.filed.final is not None
        self.tables = {
            region: {k: v for k, v in tables["items"].items() if v is not None}
            for region, tables in self.filed.final.items()
        }
        self.writes = [o for o in self.operations if o.is_write and o.outcome is Outcome.OK]
        self.by_op = {o.invoke.op: o for o in self.writes}

    def newer(self, shown: str | None, key: str, before_ns: int | None = None) -> list[Operation]:
        """Acknowledged writes of a key that were sent after that of the value that is shown had returned."""
        of_key = [w for w in self.writes if w.invoke.k == key]
        if shown is None and all(w.invoke.f == "put" for w in of_key):
            since_ns = -1
        elif shown in self.by_op:
            since_ns = self.by_op[shown].returned_ns or 0
        else:
            return []
        return [w for w in of_key if w.sent_ns > since_ns and (before_ns is None or (w.returned_ns or 0) < before_ns)]

    @property
    def overwritten(self) -> set[str]:
        """Keys that show in the end, on some side, what had been written over."""
        return {k for table in self.tables.values() for k, v in table.items() if self.newer(v, k)}

    @property
    def stale(self) -> list[Operation]:
        """Reads that show an older value than one that was acknowledged before they were sent."""
        shown = [(o, o.completion.v) for o in self.operations if o.invoke.f == "get" and o.good and o.completion]
        return [o for o, v in shown if self.newer(v, o.invoke.k, o.sent_ns)]


def test_the_good_story_loses_nothing_and_ends_with_equal_sides(tmp_path: Path) -> None:
    told = Told(tmp_path, Story())
    assert told.tables[EAST] == told.tables[WEST]
    assert told.overwritten == set()
    deleted = {w.invoke.k for w in told.writes if w.invoke.f == "delete"}
    assert all(
        w.invoke.k in told.tables[EAST] for w in told.writes if w.invoke.f == "put" and w.invoke.k not in deleted
    )
    pairs = Counter(w.completion.address for w in told.writes if w.completion and "pair-0" in w.invoke.k)
    assert len(pairs) == 2, "the move left a key that both sides wrote"


@pytest.mark.parametrize(
    "story",
    [
        Story(arrival_wins=True, lag_s=0.5),
        Story(skew_s=6.0),
    ],
    ids=["a late write", "clocks decide"],
)
def test_a_newer_write_is_written_over(tmp_path: Path, story: Story) -> None:
    assert Told(tmp_path, story).overwritten


@pytest.mark.parametrize(
    "story", [Story(cache_s=5.0), Story(backlog_s=8.0)], ids=["a stale cache", "a failback before the data is back"]
)
def test_older_values_are_read(tmp_path: Path, story: Story) -> None:
    told = Told(tmp_path, story)
    assert [o for o in told.stale if o.invoke.cohort == "dns"]
    assert told.overwritten == set(), "in the end all is well"


def test_replication_out_of_order_shows_older_values_on_the_other_side(tmp_path: Path) -> None:
    good, told = (Told(tmp_path / str(s), Story(arrival_wins=True, reorders_s=s)) for s in (0.0, 0.3))
    there = [[o for o in one.stale if o.invoke.cohort == "direct-b"] for one in (good, told)]
    assert len(there[1]) > len(there[0]) + 3


def test_deletes_come_back(tmp_path: Path) -> None:
    told = Told(tmp_path, Story(merges_back=True))
    deleted = {w.invoke.k: w for w in told.writes if w.invoke.f == "delete"}
    there = {k: v for k, v in told.tables[WEST].items() if k in deleted}
    assert any((told.by_op[v].returned_ns or 0) < deleted[k].sent_ns for k, v in there.items())


@pytest.mark.parametrize(("how", "sign"), [("exact", 0), ("twice", 1), ("overwritten", -1)])
def test_counters_keep_count_or_drift(tmp_path: Path, how: str, sign: int) -> None:
    told = Told(tmp_path, Story(counts=True, counter=how, lag_s=0.5))  # type: ignore[arg-type]
    wanted = Counter(w.invoke.k for w in told.writes if w.invoke.f == "add")
    assert len(wanted) == 2
    drifts = {int(table[key]) - count for table in told.tables.values() for key, count in wanted.items()}
    assert {(drift > 0) - (drift < 0) for drift in drifts} <= {0, sign}
    assert (drifts == {0}) is (sign == 0)


def test_a_loop_commits_each_change_many_times(tmp_path: Path) -> None:
    loop = Told(tmp_path, Story(echoes=2))
    assert loop.filed.commits is not None
    assert len(loop.filed.commits) > 4 * len(loop.writes)


def test_a_value_stands_under_two_keys(tmp_path: Path) -> None:
    told = Told(tmp_path, Story(copies_every=40))
    assert max(Counter(told.tables[EAST].values()).values()) == 2


def test_acknowledged_writes_are_nowhere(tmp_path: Path) -> None:
    told = Told(tmp_path, Story(drops_every=40))
    deleted = {w.invoke.k for w in told.writes if w.invoke.f == "delete"}
    kept = {k for table in told.tables.values() for k in table}
    assert {w.invoke.k for w in told.writes if w.invoke.f == "put"} - kept - deleted


def test_a_side_without_its_database_acknowledges_into_the_void(tmp_path: Path) -> None:
    def database_lost(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("service-outage", region=EAST, mode="black-hole", service="dynamodb")
        drill.require_recovery(WEST)

    run_drill(tmp_path / NAME, database_lost, Story(void_s=2.0))
    filed = case_files.read(tmp_path / NAME)
    assert filed.commits is not None
    stored = {commit.v for commit in filed.commits}
    lost = [o for o in pair(filed.events) if o.invoke.f == "put" and o.good and o.invoke.op not in stored]
    assert len(lost) > 20
    assert max(o.sent_ns for o in lost) - min(o.sent_ns for o in lost) > 1_500_000_000
