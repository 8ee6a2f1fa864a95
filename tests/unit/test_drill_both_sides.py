"""A drill about conflicts shows some, or says that it has shown nothing."""

from __future__ import annotations

from pathlib import Path

from simulated_backend import EAST, SimulatedBackend
from test_drill_promises import BothWrite, run

from harness.drill.facade import Drill
from harness.outcome import Verdict
from harness.topology.consistency import Consistency


def apart(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    drill.watch(10)
    drill.require("both-sides-wrote")


def test_items_that_both_sides_took_while_they_were_apart_are_counted(tmp_path: Path) -> None:
    result = run(tmp_path, apart, BothWrite, promised=Consistency(writes="both"))
    (found,) = [one for one in result.results if one.name == "both-sides-wrote"]
    assert found.verdict is Verdict.MET
    assert "were written on both sides while they were apart" in found.text


def test_where_one_side_writes_there_was_no_conflict_to_look_at(tmp_path: Path) -> None:
    result = run(tmp_path, apart, SimulatedBackend)
    (found,) = [one for one in result.results if one.name == "both-sides-wrote"]
    assert found.verdict is Verdict.UNKNOWN
