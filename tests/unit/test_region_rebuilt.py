"""A region whose tables are gone is judged by what it holds in the end: by the other region, and by what was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto.moto_api._internal.models import moto_api_backend
from simulated_backend import EAST, WEST, Story, run_drill
from test_backups_model import ORDERS, T0
from test_backups_model import Region as Plane
from test_commit_log_writes import Bench
from test_corruption import unharmed

from harness.drill import case_files
from harness.drill.case import CanaryCase, CaseFault, Requirement
from harness.drill.case_files import Filed
from harness.drill.case_recovery import CaseRebuild
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.engines.moto import patches as moto_patches
from harness.engines.moto.writes import WritePath
from harness.errors import InputError
from harness.faults.actions import DeleteTables, undo
from harness.outcome import Verdict
from harness.parts.data.backups.history import History
from harness.units import NS_PER_S
from harness.world.deletion import DeletionHand

# --- what the adversary does ------------------------------------------------------------------------------------------


class Gone(Exception):
    """There is no such table."""


class Database:
    """Tables by name. One of them is gone before it is deleted."""

    class exceptions:
        ResourceNotFoundException = Gone

    def __init__(self, names: list[str], vanishing: str) -> None:
        self.names = names
        self._vanishing = vanishing

    def get_paginator(self, _: str) -> Database:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"TableNames": list(self.names)}]

    def delete_table(self, TableName: str) -> None:
        self.names.remove(TableName)
        if TableName == self._vanishing:
            raise Gone


def test_every_table_is_deleted_and_no_heal_makes_one() -> None:
    database = Database(["items", "health", "parked"], vanishing="health")
    [done] = DeletionHand(EAST, lambda: database).apply([DeleteTables(EAST)])
    assert done.error is None
    assert database.names == []
    assert undo(DeleteTables(EAST)) is None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Bench, list[str]]]:
    patches, writes = moto_patches.Patches(), WritePath()
    assert moto_patches.apply(patches)
    writes.install(patches)
    try:
        bench, told = Bench(tmp_path / "commits.jsonl", writes), []
        writes.dropped = lambda table: told.extend([table.name, *(i.hash_key.value for i in table.all_items())])
        yield bench, told
        bench.log.close()
    finally:
        patches.undo()
        moto_api_backend.reset()


def test_who_follows_a_region_is_told_of_a_deleted_table_with_what_it_held(bench: tuple[Bench, list[str]]) -> None:
    region, told = bench
    region.put("a", "1")
    region.put("b", "2")
    region.db.delete_table(TableName="items")
    assert told == ["items", "a", "b"]


def test_a_table_that_is_made_anew_holds_nothing_of_the_one_before_and_the_past_stays(tmp_path: Path) -> None:
    def put(at_ns: int, key: str) -> str:
        item = {"id": {"S": key}}
        return json.dumps({"table": "orders", "wall_ns": at_ns, "keys": item, "old": None, "new": item})

    file = tmp_path / "changes.jsonl"
    lines = [put(10, "a"), put(20, "b"), json.dumps({"dropped": "orders", "mono_ns": 1, "wall_ns": 30}), put(40, "c")]
    file.write_text("".join(line + "\n" for line in lines))
    history = History(file)
    history.take_in()
    assert [len(history.at("orders", at_ns)) for at_ns in (25, 30, 40)] == [2, 0, 1]
    assert [one["keys"] for one in history.between("orders", 5, 50)] == [{"id": {"S": "c"}}]


def test_point_in_time_recovery_goes_with_its_table() -> None:
    plane = Plane()
    plane.enable(T0)
    assert plane.ask(T0 + 1, "DescribeContinuousBackups", TableName="orders")["ContinuousBackupsDescription"][
        "PointInTimeRecoveryDescription"
    ]["PointInTimeRecoveryStatus"] == "ENABLED"  # fmt: skip
    anew = {**ORDERS, "CreationDateTime": T0 + 2}
    told = plane.ask(T0 + 3, "DescribeContinuousBackups", table=anew, TableName="orders")
    recovery = told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "DISABLED"


# --- what is judged ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    """A drill in which no table was touched."""
    return unharmed(tmp_path_factory.mktemp("rebuilt"), "same-data")


def judged(filed: Filed, *, lacks: int, done: bool = True, allowed_s: float | None = None) -> tuple[Any, list[str]]:
    """The same drill, with the tables of the east deleted at its fault. lacks: how many items it lacks in the end;
    done: whether somebody rebuilt them, in three seconds. Returns the result, and the keys that are missing."""
    assert filed.final is not None
    at_ns = filed.case.faults[0].started_ns
    table = next(iter(filed.final[EAST]))
    keys = sorted(key for key, value in filed.final[EAST][table].items() if value is not None)[:lacks]
    held = {key: value for key, value in filed.final[EAST][table].items() if key not in keys}
    gone = CaseFault("tables-deleted", EAST, "all", filed.case.faults[0].interval, canary=CanaryCase(()))
    times = [at_ns + round(after_s * NS_PER_S) for after_s in (1.1, 1, 1.5, 2.5, 3)]
    made = CaseRebuild(EAST, WEST, (table,), *times, items=7)
    until_ns = None if allowed_s is None else at_ns + round(allowed_s * NS_PER_S)
    wanted = Requirement("region-rebuilt", None, None, at_ns if until_ns else None, until_ns)
    required = (*filed.case.required, wanted)
    case = replace(filed.case, faults=(gone,), rebuilds=(made,) if done else (), required=required)
    return conclude(case, filed.events, filed.commits, {**filed.final, EAST: {table: held}}), keys


def of_rebuild(result: DrillResult) -> tuple[Verdict, str]:
    return next((one.verdict, one.text) for one in result.results if one.name == "region-rebuilt")


def test_a_region_that_holds_everything_again_is_met_with_both_brackets(quiet: Filed) -> None:
    result, _ = judged(quiet, lacks=0)
    verdict, text = of_rebuild(result)
    assert verdict is Verdict.MET, text
    assert "us-east-1 holds again what us-west-2 holds" in text
    told = result.measured["rebuild"]
    assert told["rto"]["high_s"] == pytest.approx(3, abs=0.01)
    assert (told["takes"]["low_s"], told["takes"]["high_s"]) == (1.5, 2.0)
    assert 0 < told["rpo"]["low"] <= told["rpo"]["high"]
    assert told["rpo"]["span_s"] == pytest.approx(1.9)


def test_what_it_lacks_is_named_with_the_side_and_the_keys(quiet: Filed) -> None:
    result, keys = judged(quiet, lacks=3)
    verdict, text = of_rebuild(result)
    assert verdict is Verdict.MISSED
    assert "us-east-1 was rebuilt, and in the end us-east-1 lacks 3 items of " in text
    assert all(key in text for key in keys)
    assert "us-east-1 does not show" in text


def test_nobody_rebuilt_it(quiet: Filed) -> None:
    assert quiet.final is not None
    table = next(iter(quiet.final[EAST]))
    result, keys = judged(quiet, lacks=len(quiet.final[EAST][table]), done=False)
    verdict, text = of_rebuild(result)
    assert verdict is Verdict.MISSED
    assert "nobody rebuilt the tables of us-east-1" in text
    assert keys[0] in text
    assert result.measured["rebuild"]["rto"]["high_s"] is None


@pytest.mark.parametrize(("allowed_s", "expected"), [(10, Verdict.MET), (2, Verdict.UNKNOWN)])
def test_how_long_it_took_is_held_against_what_was_promised(quiet: Filed, allowed_s: float, expected: Verdict) -> None:
    """Nobody looked, so that it may have been there after a moment: what is within the bracket is not known."""
    result, _ = judged(quiet, lacks=0, allowed_s=allowed_s)
    verdict, text = of_rebuild(result)
    assert (verdict, f"{allowed_s:.2f} s were allowed" in text) == (expected, True)


def test_what_was_not_deleted_cannot_be_rebuilt(tmp_path: Path) -> None:
    def rebuilt_for_nothing(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.rebuild_region(EAST, WEST)

    with pytest.raises(InputError, match="nothing to rebuild from us-west-2"):
        run_drill(tmp_path / "a-drill", rebuilt_for_nothing, Story(lacks=(("backups", True),)))  # type: ignore[arg-type]


def test_what_was_lost_with_the_tables_is_not_asked_of_the_failback(tmp_path: Path) -> None:
    """The recovery point alone judges it: there is nothing left that a heal could bring back."""

    def lost(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.stall_replication(30)
        drill.inject("region-outage", region=EAST)
        drill.require_recovery(WEST)
        drill.heal()
        drill.require_failback(EAST)
        drill.require("same-data", at_rest=True)

    run_drill(tmp_path / "a-drill", lost)
    filed = case_files.read(tmp_path / "a-drill")
    before = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert before.rpo is not None
    assert filed.final is not None
    gone = set(before.rpo.missing_ids)
    assert gone
    final = {
        region: {table: {k: v for k, v in items.items() if v not in gone} for table, items in tables.items()}
        for region, tables in filed.final.items()
    }
    outage = next(fault for fault in filed.case.faults if fault.kind == "region-outage")
    deleted = CaseFault("tables-deleted", EAST, "all", outage.interval)
    for faults, expected in (
        (filed.case.faults, Verdict.MISSED), ((*filed.case.faults, deleted), Verdict.MET),
    ):  # fmt: skip
        result = conclude(replace(filed.case, faults=faults), filed.events, filed.commits, final)
        assert [one.verdict for one in result.results if one.name == "failback"] == [expected]
