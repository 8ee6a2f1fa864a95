"""`drill reconcile` on two regions that both took writes: planned, shown, applied once, interrupted, proven."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_diff_command import drill, refusal
from test_region_seams import MODULE, Region

from harness.comparison.live import LiveTable, Pace, live_table
from harness.engines.aws.clients import NewTable, create_tables, delete_tables
from harness.processes.forkserver import ForkServer, stop_all
from harness.reconciliation.applying import apply, progress_file
from harness.reconciliation.plan import read_plan

pytestmark = [pytest.mark.live, pytest.mark.beside]


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Region, Region]]:
    with ForkServer([MODULE], tmp_path_factory.mktemp("regions")) as servers:
        config = {"region": "us-east-1", "listen": ["127.0.0.1", 0]}
        started = [servers.spawn(f"region.{name}", MODULE, config) for name in "ab"]
        found = [Region(process) for process in started]
        yield found[0], found[1]
        for region in found:
            region.db.close()
        stop_all(started)


@pytest.fixture
def sides(regions: tuple[Region, Region]) -> tuple[str, str]:
    """Both sides took writes: a conflict that A wins, one that B wins, one that nobody wins; one item alone in each."""
    for region, items in zip(
        regions,
        (
            {"same": 1, "newer-a": 5, "newer-b": 1, "tie": 3, "only-a": 1},
            {"same": 1, "newer-a": 1, "newer-b": 7, "tie": 3, "only-b": 1},
        ),
        strict=True,
    ):
        delete_tables(region.db)
        create_tables(region.db, [NewTable("orders", "id")])
        for key, version in items.items():
            by = "both" if key == "same" else "A" if region is regions[0] else "B"
            item = {"id": {"S": key}, "version": {"N": str(version)}, "by": {"S": by}, "tags": {"SS": [by, "t"]}}
            region.db.put_item(TableName="orders", Item=item)
    first, second = (f"us-east-1:orders@http://{region.address[0]}:{region.address[1]}" for region in regions)
    return first, second


def state(region: Region) -> dict[str, str]:
    return {item["id"]["S"]: item["by"]["S"] for item in region.db.scan(TableName="orders")["Items"]}


def test_a_plan_is_shown_applied_once_and_proven(
    regions: tuple[Region, Region], sides: tuple[str, str], tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan")
    before = [state(region) for region in regions]
    code, out, _ = drill("reconcile", *sides, "--policy", "newest:version", "--plan", plan)
    assert code == 1
    assert [state(region) for region in regions] == before, "a plan touches nothing"
    assert "copied: 1 to B, 1 to A" in out
    assert "conflicts: 3, of which A wins 1, B wins 1" in out
    assert "undecided: 1" in out
    assert "version is 3 in both, and they differ: both sides wrote it" in out

    code, out, _ = drill("reconcile", "--plan", plan, "--apply")
    assert code == 1
    assert "written: 4; found done already: 0; undecided: 1" in out
    assert "not yet: 1 keys differ" in out
    lines = Path(plan).read_text().splitlines()
    decided = [line.replace('"winner": "undecided"', '"winner": "b"') for line in lines]
    Path(plan).write_text("\n".join(decided) + "\n")
    code, out, _ = drill("reconcile", "--plan", plan, "--apply")
    assert (code, out.splitlines()[-1]) == (0, "converged: the tables are the same, compared item by item")
    expected = {"same": "both", "newer-a": "A", "newer-b": "B", "tie": "B", "only-a": "A", "only-b": "B"}
    assert [state(region) for region in regions] == [expected, expected]
    code, out, _ = drill("reconcile", "--plan", plan, "--apply")
    assert (code, "written: 0" in out) == (0, True)
    code, out, _ = drill("reconcile", *sides, "--policy", "a", "--plan", plan)
    assert (code, out.strip()) == (0, "the tables are the same: there is nothing to do")


class Interrupted(Exception):
    """Whoever applied was killed."""


def tables(sides: tuple[str, str]) -> dict[str, LiveTable]:
    found = {name: live_table(side, Pace()) for name, side in zip("AB", sides, strict=True)}
    return {name: table for name, table in found.items() if table is not None}


@pytest.mark.parametrize("after", [1, 2, 3, 4])
@pytest.mark.parametrize("kept", [True, False], ids=["progress kept", "progress lost"])
def test_an_interrupted_application_goes_on_and_writes_nothing_twice(
    regions: tuple[Region, Region], sides: tuple[str, str], tmp_path: Path, after: int, kept: bool
) -> None:
    file = tmp_path / "plan"
    drill("reconcile", *sides, "--policy", "a", "--plan", str(file))
    plan = read_plan(file)
    both = tables(sides)

    def stop(done: int) -> None:
        if done == after:
            raise Interrupted

    with pytest.raises(Interrupted):
        apply(plan, both, stop)
    if not kept:
        progress_file(plan).unlink()
    again = apply(plan, both, lambda _: None)
    total = sum(1 for _ in plan.actions())
    assert again.written + again.already + after - (0 if kept else after) >= total - 1
    assert not again.changed
    assert state(regions[0]) == state(regions[1])
    for table in both.values():
        table.close()


def test_what_changed_since_the_plan_was_made_is_told_and_not_overwritten(
    regions: tuple[Region, Region], sides: tuple[str, str], tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan")
    drill("reconcile", *sides, "--policy", "a", "--plan", plan)
    late = {"id": {"S": "newer-b"}, "version": {"N": "8"}, "by": {"S": "a client"}}
    regions[1].db.put_item(TableName="orders", Item=late)
    code, out, _ = drill("reconcile", "--plan", plan, "--apply")
    assert code == 1
    assert 'changed since the plan was made, and not touched: {"id": {"S": "newer-b"}} in B' in out
    assert state(regions[1])["newer-b"] == "a client"


def test_what_is_wrong_is_told(sides: tuple[str, str], tmp_path: Path) -> None:
    policies = tmp_path / "policies.json"
    policies.write_text(json.dumps({"customers": {"policy": "a"}}))
    for arguments, told in (
        ((*sides, "--key", "order"), "has the key id, and not order"),
        ((*sides, "--policy", "luck"), "luck is no policy"),
        ((*sides, "--policies", str(policies)), "it has no policy for 'orders'"),
        ((sides[0], str(tmp_path)), "is no live table"),
        (("--plan", str(tmp_path / "none"), "--apply"), "it cannot be read"),
        ((), "name two tables"),
    ):
        assert told in refusal("reconcile", *arguments)
    policies.write_text(json.dumps({"orders": {"policy": "newest:version", "missing": "copy"}}))
    code, out, _ = drill("reconcile", *sides, "--policies", str(policies), "--plan", str(tmp_path / "plan"))
    assert (code, "undecided: 1" in out) == (1, True)
