"""Several tables, and several losses: a write is judged by the table that clients write, and is lost once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.drill import case_files
from harness.drill.case_files import Filed
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.history.events import Invoke
from harness.outcome import Verdict

NAME = "a-drill"
Items = dict[str, str | None]


def stalled_and_lost(drill: Drill) -> None:
    """Replication stands still for a while, so that the survivor lacks what was written meanwhile."""
    drill.open()
    drill.promise(rpo_items=2)
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    drill.watch(3)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo")


def there_and_back(drill: Drill) -> None:
    """One loss and the way back, with data that is compared at the end."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    drill.require("durability", at_rest=True)
    drill.require("same-data", at_rest=True)


def filed(folder: Path, scenario: Callable[[Drill], None]) -> Filed:
    run_drill(folder / NAME, scenario)
    return case_files.read(folder / NAME)


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    return filed(tmp_path_factory.mktemp("back"), there_and_back)


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    return filed(tmp_path_factory.mktemp("lossy"), stalled_and_lost)


def judged(found: Filed, table: str | None = None, **tables: tuple[Items, Items]) -> DrillResult:
    """What comes of a drill with these final tables, east and west, which its case names or does not."""
    case = found.case if table is None else replace(found.case, workload=replace(found.case.workload, table=table))
    final = {EAST: {n: both[0] for n, both in tables.items()}, WEST: {n: both[1] for n, both in tables.items()}}
    return conclude(case, found.events, found.commits, final)


def verdicts(result: DrillResult) -> Mapping[str, str]:
    return {one.name: one.verdict.value for one in result.results if one.name in ("durability", "same-data")}


def table_of(found: Filed) -> tuple[Items, Items]:
    assert found.final is not None
    everything = dict(found.final[EAST]["items"])
    return everything, dict(list(everything.items())[: len(everything) // 2])


# --- several tables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("items", "outbox"), ("items", "audit", "outbox")])
def test_a_second_table_with_the_same_keys_hides_no_loss(back: Filed, order: Sequence[str]) -> None:
    everything, half = table_of(back)
    tables = dict.fromkeys(order, (everything, everything)) | {"items": (half, half)}
    result = judged(back, **tables)
    assert verdicts(result) == {"durability": "MISSED", "same-data": "MET"}
    alone = judged(back, items=(half, half))
    assert [f.text for f in result.findings if f.id == "A1"] == [f.text for f in alone.findings if f.id == "A1"]


def test_a_second_table_with_the_same_keys_hides_no_divergence(back: Filed) -> None:
    everything, half = table_of(back)
    tables = {"items": (everything, half), "outbox": (everything, everything)}
    assert verdicts(judged(back, **tables))["same-data"] == "MISSED"


def test_further_tables_are_compared_between_the_places_and_nothing_else(back: Filed) -> None:
    everything, _ = table_of(back)
    key = next(iter(everything))
    journal: tuple[Items, Items] = ({"n1": "own", key: "own"}, {"n1": "own", key: "other"})
    result = judged(back, items=(everything, everything), journal=journal)
    assert verdicts(result) == {"durability": "MISSED", "same-data": "MISSED"}
    assert [f.text for f in result.findings if f.id == "A10"] == [f"the two sides differ in items journal/{key}"]
    same: tuple[Items, Items] = ({"n1": "own", key: "own"}, {"n1": "own", key: "own"})
    clean = judged(back, items=(everything, everything), journal=same)
    assert verdicts(clean) == {"durability": "MET", "same-data": "MET"}
    assert [f.id for f in clean.findings if f.id.startswith("A")] == []


@pytest.mark.parametrize("table", ["items", ""])
def test_writes_are_judged_by_the_table_that_the_case_names(back: Filed, table: str) -> None:
    """An older case names none, and means the first one."""
    everything, half = table_of(back)
    lost, whole = (half, half), (everything, everything)
    assert verdicts(judged(back, table, items=lost, orders=whole))["durability"] == "MISSED"
    second = {"orders": lost, "items": whole}
    assert verdicts(judged(back, table, **second))["durability"] == ("MET" if table else "MISSED")
    assert verdicts(judged(back, "elsewhere", **second)) == {"durability": "UNKNOWN", "same-data": "UNKNOWN"}


def test_a_case_names_the_table_of_its_subject(back: Filed) -> None:
    assert back.case.workload.table == "items"


def test_commits_to_another_table_are_no_arrival(lossy: Filed) -> None:
    assert lossy.commits is not None
    was = conclude(lossy.case, lossy.events, lossy.commits, lossy.final)
    assert was.verdict is Verdict.MISSED
    journal = [
        replace(c, region=WEST, table="journal", seq=10_000_000 + n)
        for n, c in enumerate(lossy.commits)
        if c.region == EAST
    ]
    hidden = conclude(lossy.case, lossy.events, [*lossy.commits, *journal], lossy.final)
    assert hidden.rpo == was.rpo
    assert hidden.verdict is Verdict.MISSED
    gone = [replace(commit, v=None) for commit in journal]
    assert conclude(lossy.case, lossy.events, [*lossy.commits, *gone], lossy.final).rpo == was.rpo


def test_without_commits_the_survivors_state_is_the_workloads_table(lossy: Filed) -> None:
    everything, _ = table_of(lossy)
    few = dict(list(everything.items())[:10])
    alone = {place: {"items": few} for place in (EAST, WEST)}
    beside = {place: {"items": few, "outbox": everything} for place in (EAST, WEST)}
    was = conclude(lossy.case, lossy.events, None, alone)
    assert was.rpo is not None
    assert was.rpo.missing_low > 0
    assert conclude(lossy.case, lossy.events, None, beside).rpo == was.rpo


# --- several losses ---------------------------------------------------------------------------------------------------


def twice(drill: Drill) -> None:
    """The same region is lost a second time, long after it has come back."""
    drill.open()
    drill.promise(rpo_s=2.0)
    drill.reach_steady_state(EAST)
    for number in range(2):
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_recovery(WEST)
        drill.require("rpo")
        drill.heal()
        drill.require_failback(EAST)
        if not number:
            drill.reach_steady_state(EAST)


def rpo_verdicts(result: DrillResult) -> list[str]:
    return [one.verdict.value for episode in result.episodes for one in episode.results if one.name == "rpo"]


def test_a_second_outage_is_not_charged_with_what_the_first_one_lost(tmp_path: Path) -> None:
    result = run_drill(tmp_path / NAME, twice, Story(keeps_backlog=False, lag_s=0.4))
    points = [episode.rpo for episode in result.episodes]
    assert all(point is not None and 0 < point.missing_low <= 10 for point in points)
    first, second = (point for point in points if point is not None)
    assert not set(first.missing_ids) & set(second.missing_ids)
    assert [point.oldest_missing_s for point in (first, second)] == pytest.approx([0.35, 0.35], abs=0.1)
    assert second.acknowledged > first.acknowledged
    assert rpo_verdicts(result) == ["MET", "MET"]


def test_what_the_place_had_again_is_lost_again(tmp_path: Path) -> None:
    """Clients saw it between the two losses: it has been acknowledged for long, and still the other side lacks it."""
    result = run_drill(tmp_path / NAME, twice, Story(lag_s=0.4, loses_backlog=True, own_keys=True))
    first, second = (episode.rpo for episode in result.episodes)
    assert first is not None
    assert second is not None
    deleted = {e.k for e in case_files.read(tmp_path / NAME).events if isinstance(e, Invoke) and e.f == "delete"}
    assert set(first.missing_ids) - deleted < set(second.missing_ids)
    assert second.oldest_missing_s is not None
    assert second.oldest_missing_s > 20
    assert rpo_verdicts(result) == ["MET", "MISSED"]
