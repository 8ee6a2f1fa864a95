"""An operator makes the tables the same again: how it is told, and that it is missed where nobody did it."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_backend import EAST, Story
from test_drill_promises import BothWrite, run

from harness.drill.facade import Drill
from harness.drill.settings import parse_settings
from harness.errors import InputError
from harness.outcome import Verdict
from harness.topology.consistency import Consistency

BOTH = Consistency(writes="both")


def apart_for_good(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    drill.watch(10)
    drill.reconcile("written_ms")
    drill.require("reconciled", at_rest=True)
    drill.require("same-data", at_rest=True)


def test_who_won_and_how_many_keys_differed_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, apart_for_good, BothWrite, promised=BOTH)
    (found,) = [one for one in result.results if one.name == "reconciled"]
    assert found.verdict is Verdict.MET
    assert "in conflict (us-east-1 won" in found.text
    assert "newest:written_ms decided" in found.text
    assert "then they were the same, item by item" in found.text


def test_where_nobody_does_it_that_is_the_verdict(tmp_path: Path) -> None:
    result = run(tmp_path, apart_for_good, BothWrite, Story(), "reconcile=off", promised=BOTH)
    (found,) = [one for one in result.results if one.name == "reconciled"]
    assert (found.verdict, found.text) == (Verdict.MISSED, "nobody reconciled the tables")


def test_only_known_words_are_taken() -> None:
    with pytest.raises(InputError, match=r"off .* or primary"):
        parse_settings(["reconcile=standby"])
