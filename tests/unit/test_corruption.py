"""What the drill itself corrupted is told apart from what the subject did; a restore is judged by what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, run_drill

from harness.drill import case_files
from harness.drill.case import CaseFault
from harness.drill.case_files import Filed
from harness.drill.case_recovery import CaseRestore
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import InputError
from harness.faults.actions import CorruptItems, RemovePoison, undo
from harness.faults.catalogue import fault_named
from harness.history.events import CanaryProbe, Commit, Completion, Event, Invoke
from harness.measurement.corruption import Corruption, corrupt_in, gone_for
from harness.measurement.models import FaultInterval
from harness.names import CORRUPTED
from harness.outcome import Bracket, Outcome, Verdict
from harness.reporting import run_json, run_json_reader
from harness.topology.subject import Table
from harness.units import NS_PER_S
from harness.world.corruption import CorruptionHand, corruptible


def put(op: str, key: str, at_ns: int) -> list[Event]:
    return [
        Invoke(op, 0, "dns-0", "dns", "put", key, op, at_ns, at_ns),
        Completion(op, 0, "dns-0", "dns", "put", key, op, Outcome.OK, at_ns + 1),
    ]


def get(op: str, key: str, shown: str | None, at_ns: int) -> list[Event]:
    return [
        Invoke(op, 0, "dns-0", "dns", "get", key, None, at_ns, at_ns),
        Completion(op, 0, "dns-0", "dns", "get", key, shown, Outcome.OK, at_ns + 1),
    ]


def shown(corruption: Corruption) -> list[str | None]:
    return [e.v for e in corruption.events() if isinstance(e, Completion) and e.f == "get"]


def test_a_corrupted_read_is_taken_for_what_was_there_and_nothing_else_is() -> None:
    events = [
        *put("w1", "a", 10), *put("w2", "b", 20),
        *get("r0", "a", f"{CORRUPTED}w1", 30),  # before anything was corrupted: nobody's doing but the subject's
        *get("r1", "a", f"{CORRUPTED}w1", 200),
        *get("r2", "b", f"{CORRUPTED}w1", 210),  # of another key
        *get("r3", "b", f"{CORRUPTED}never", 220),  # of a write that nobody made
        *get("r4", "b", "other", 230),
    ]  # fmt: skip
    found = Corruption(100, events)
    assert shown(found) == [f"{CORRUPTED}w1", "w1", f"{CORRUPTED}w1", f"{CORRUPTED}never", "other"]
    assert [(sight.key, sight.sent_ns) for sight in found.sights(())] == [("a", 200)]


def test_commits_and_final_tables_are_cleared_of_it_too() -> None:
    found = Corruption(100, put("w1", "a", 10))
    commits = [Commit(EAST, "t", "a", f"{CORRUPTED}w1", n, at_ns) for n, at_ns in enumerate((50, 150))]
    assert [commit.v for commit in found.commits(commits) or ()] == [f"{CORRUPTED}w1", "w1"]
    tables = {EAST: {"t": {"a": f"{CORRUPTED}w1", "b": f"{CORRUPTED}w1", "c": None}}}
    assert found.tables(tables) == {EAST: {"t": {"a": "w1", "b": f"{CORRUPTED}w1", "c": None}}}
    assert corrupt_in(tables, "t") == {EAST: ("a", "b")}
    assert (found.commits(None), found.tables(None), corrupt_in(None, "t")) == (None, None, {})


def test_how_long_it_lasted_is_known_between_the_last_look_and_the_last_item() -> None:
    probes = [
        CanaryProbe("c", ok, at_ns, at_ns + 5) for at_ns, ok in ((90, True), (150, False), (400, False), (500, True))
    ]
    found = Corruption(100, probes).sights(("c",))
    onset = FaultInterval(100, 120)
    assert gone_for(onset, found, 450) == Bracket(280, 350)
    assert gone_for(onset, found, None) == Bracket(280, None)
    assert gone_for(onset, [], 450) == Bracket(0, 350)


# --- what the adversary does ------------------------------------------------------------------------------------------


class Raced(Exception):
    """A condition did not hold."""


class Database:
    """A table of two attributes. overwritten: by a client, after it was read."""

    class exceptions:
        ConditionalCheckFailedException = Raced

    def __init__(self, items: Mapping[str, str], overwritten: str = "") -> None:
        self.items = dict(items)
        self._overwritten = overwritten

    def get_paginator(self, _: str) -> Database:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        found = [{"id": {"S": key}, "value": {"S": value}} for key, value in self.items.items()]
        self.items |= {self._overwritten: "newer"} if self._overwritten else {}
        return [{"Items": [*found, {"id": {"S": "gone"}}]}]

    def put_item(self, TableName: str, Item: dict[str, Any]) -> None:
        self.items[Item["id"]["S"]] = Item["value"]["S"]

    def update_item(self, Key: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: Any) -> None:
        key = Key["id"]["S"]
        if self.items[key] != ExpressionAttributeValues[":there"]["S"]:
            raise Raced
        self.items[key] = ExpressionAttributeValues[":bad"]["S"]


TABLE = Table(name="items", key="id", value="value")


def test_values_are_rewritten_unless_a_client_was_quicker() -> None:
    database = Database({"a": "1", "b": "2"}, overwritten="b")
    hand = CorruptionHand(EAST, lambda: database, TABLE)
    [done] = hand.apply([CorruptItems(EAST, 10, "p")])
    assert done.error is None
    assert database.items == {"a": f"{CORRUPTED}1", "b": "newer", "p": f"{CORRUPTED}p"}
    assert undo(CorruptItems(EAST, 10, "p")) == RemovePoison(EAST, ("p",))


def test_no_more_items_than_asked_for_and_of_all_ages() -> None:
    database = Database({str(number): str(number) for number in range(10)})
    CorruptionHand(EAST, lambda: database, TABLE).apply([CorruptItems(EAST, 2, "p")])
    assert {key for key, value in database.items.items() if value.startswith(CORRUPTED)} == {"0", "5", "p"}


def test_where_values_cannot_be_rewritten_it_is_said() -> None:
    within = Table(name="items", key="id", value="doc.value")
    assert "not measurable here" in str(corruptible(within))
    [failed] = CorruptionHand(EAST, lambda: Database({}), within).apply([CorruptItems(EAST, 1, "p")])
    assert "not measurable here" in (failed.error or "")
    with pytest.raises(InputError, match="1 to 1000"):
        fault_named("table-corrupted", target=EAST, items=0)


# --- what is judged ---------------------------------------------------------------------------------------------------


def unharmed(folder: Path, requirement: str) -> Filed:
    """Such a drill as it was filed; the requirement is judged at its end."""

    def steady(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("operations-refused", region=WEST, operations="writes")
        drill.watch(5)
        drill.heal()
        drill.require(requirement, at_rest=True)

    run_drill(folder / "a-drill", steady)
    return case_files.read(folder / "a-drill")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    """A drill in which no data was harmed."""
    return unharmed(tmp_path_factory.mktemp("corruption"), "table-restored")


def corrupted(
    filed: Filed, restored: int | None, *, back_s: float = 0.0, allowed_s: float | None = None
) -> tuple[DrillResult, list[str]]:
    """The same drill, with the values of three items corrupted at its fault. restored: how many of them were put back,
    None: nobody restored anything. back_s: how long before the fault that point was; allowed_s: for the restore. Also
    the keys."""
    fault = filed.case.faults[0]
    at_ns = fault.started_ns
    assert filed.final is not None
    table = next(iter(filed.final[EAST]))
    early = [e for e in filed.events if isinstance(e, Completion) and e.f == "put" and e.outcome is Outcome.OK]
    early = [e for e in early if e.mono_ns < at_ns - NS_PER_S and filed.final[EAST][table].get(e.k) == e.v]
    keys = [e.k for e in early[-3:]]
    left = keys if restored is None else keys[restored:]
    changed = dict(filed.final[EAST][table])
    changed |= {key: f"{CORRUPTED}{changed[key]}" for key in left}
    final = {**filed.final, EAST: {**filed.final[EAST], table: changed}}
    bad = CaseFault("table-corrupted", EAST, "values", fault.interval)
    values = {key: str(filed.final[EAST][table][key]) for key in keys[: restored or 0]}
    point_ns = at_ns - round(back_s * NS_PER_S)
    done = CaseRestore(EAST, table, point_ns, at_ns + NS_PER_S, at_ns + 2 * NS_PER_S, at_ns + 3 * NS_PER_S, values)
    case = replace(filed.case, faults=(bad,), restores=() if restored is None else (done,))
    if allowed_s is not None:
        until_ns = at_ns + round(allowed_s * NS_PER_S)
        required = [one if one.name != "table-restored" else replace(one, from_ns=at_ns, until_ns=until_ns)
                    for one in case.required]  # fmt: skip
        case = replace(case, required=tuple(required))
    return conclude(case, filed.events, filed.commits, final), keys


def of_restore(result: DrillResult) -> tuple[Verdict, str]:
    return next((one.verdict, one.text) for one in result.results if one.name == "table-restored")


def test_a_table_that_was_put_right_is_met_with_both_brackets(quiet: Filed) -> None:
    result, _ = corrupted(quiet, 3, back_s=0.5)
    verdict, text = of_restore(result)
    assert verdict is Verdict.MET, text
    assert "3 items put back" in text
    assert result.restore is not None
    assert result.restore.rto.high_ns == 3 * NS_PER_S
    assert result.restore.takes == Bracket(NS_PER_S, 2 * NS_PER_S)
    assert (result.restore.lost_low, result.restore.still_corrupt) == (0, 0)
    assert not [one for one in result.results if one.promise and one.verdict is Verdict.MISSED]


@pytest.mark.parametrize(("allowed_s", "expected"), [(5, Verdict.MET), (1, Verdict.UNKNOWN)])
def test_how_long_the_restore_took_is_held_against_what_was_promised(
    quiet: Filed, allowed_s: float, expected: Verdict
) -> None:
    verdict, text = of_restore(corrupted(quiet, 3, back_s=0.5, allowed_s=allowed_s)[0])
    assert (verdict, f"{allowed_s:.2f} s were allowed for the restore" in text) == (expected, True)


def test_without_a_restore_it_says_what_is_still_corrupt_and_blames_no_promise(quiet: Filed) -> None:
    result, keys = corrupted(quiet, None)
    verdict, text = of_restore(result)
    assert verdict is Verdict.MISSED
    assert f"nobody restored the table, and still 3 items corrupt in {EAST}" in text
    assert all(key in text for key in keys)
    assert result.restore is not None
    assert result.restore.rto.high_ns is None
    assert not [one for one in result.results if one.promise and one.verdict is Verdict.MISSED]


def test_a_restore_to_a_moment_after_the_corruption_is_named(quiet: Filed) -> None:
    result, keys = corrupted(quiet, 2, back_s=-2.0)
    verdict, text = of_restore(result)
    assert verdict is Verdict.MISSED
    assert "restored to 2.00 s after the corruption had begun, and still 1 item corrupt" in text
    assert keys[2] in text


def test_what_the_restored_point_lacks_is_its_recovery_point(quiet: Filed) -> None:
    """An item that was removed, since it had been made after the point that was restored to."""
    fault = quiet.case.faults[0]
    assert quiet.final is not None
    table = next(iter(quiet.final[EAST]))
    writes = [e for e in quiet.events if isinstance(e, Completion) and e.f == "put" and e.outcome is Outcome.OK]
    last = next(
        e for e in reversed(writes)
        if e.mono_ns < fault.started_ns and quiet.final[EAST][table].get(e.k) == e.v and e.k == e.v
    )  # fmt: skip
    point_ns = last.mono_ns - NS_PER_S // 2
    rest = {key: value for key, value in quiet.final[EAST][table].items() if key != last.k}
    bad = CaseFault("table-corrupted", EAST, "values", fault.interval)
    done = CaseRestore(
        EAST, table, point_ns, fault.started_ns + 1, fault.started_ns + 2, fault.started_ns + 3, {}, (last.k,)
    )
    case = replace(quiet.case, faults=(bad,), restores=(done,))
    result = conclude(case, quiet.events, quiet.commits, {**quiet.final, EAST: {**quiet.final[EAST], table: rest}})
    assert result.restore is not None
    assert result.restore.lost_ids == (last.op,)
    assert of_restore(result)[0] is Verdict.MET
    assert not [one for one in result.results if one.name == "writes-kept" and one.verdict is Verdict.MISSED]
    # The same loss where nobody restored anything is the subject's own, and still found.
    nobody = replace(case, restores=())
    again = conclude(nobody, quiet.events, quiet.commits, {**quiet.final, EAST: {**quiet.final[EAST], table: rest}})
    assert [one for one in again.results if one.name == "writes-kept" and one.verdict is Verdict.MISSED]


def test_the_evidence_keeps_it(quiet: Filed, tmp_path: Path) -> None:
    result, _ = corrupted(quiet, 3, back_s=0.5)
    body = run_json.drill_dict(result)
    assert run_json_reader._drill(body).restore == result.restore
