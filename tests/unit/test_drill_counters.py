"""Counters in whole drills: what stays uncounted, and numbers that are longer than any column of numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from measurement_timeline import timeline
from simulated_backend import EAST, WEST, SimulatedBackend, Story
from simulated_data import TABLE
from test_drill_promises import promises, run

from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.history.events import Completion
from harness.measurement.counting import BEYOND, number
from harness.measurement.final_state import lost_after_heal
from harness.outcome import Verdict

LOST_FOR_GOOD = Story(counts=True, counter="overwritten", lag_s=1.5)
"""What had not been copied when the region was lost is overwritten by the survivor's own counts."""


def asked(*required: str) -> Any:
    """The whole way there and back, and what is demanded of the data in the end."""

    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_recovery(WEST)
        drill.require("rpo")
        drill.heal()
        drill.require_failback(EAST)
        for name in required:
            drill.require(name, at_rest=True)

    return scenario


def result_of(result: DrillResult, name: str) -> Any:
    return next(one for one in result.results if one.name == name)


# --- increments that stay lost ----------------------------------------------------------------------------------------


def test_increments_that_were_acknowledged_and_stay_lost_are_a_miss_where_nothing_may(tmp_path: Path) -> None:
    result = run(tmp_path, asked("durability", "same-data", "split-brain"), story=LOST_FOR_GOOD)
    assert result.verdict is Verdict.MISSED
    assert result_of(result, "durability").verdict is Verdict.MISSED
    assert any("acknowledged writes lost for good" in reason for reason in result.reasons)


def test_increments_that_stay_lost_within_the_recovery_point_are_a_warning_where_nobody_asked(tmp_path: Path) -> None:
    """Everything else comes back after the heal."""
    result = run(tmp_path, asked(), story=LOST_FOR_GOOD)
    assert promises(result)["counters"] is Verdict.MET
    assert promises(result)["writes-kept"] is Verdict.MET
    told = [f for f in result.findings if "stay lost, which the recovery point accounts for" in f.text]
    assert len(told) == 1
    assert told[0].severity != "info"


@pytest.mark.parametrize("counter", ["exact", "twice"])
def test_counters_that_lack_nothing_stay_lost_nowhere(tmp_path: Path, counter: Any) -> None:
    result = run(tmp_path, asked("durability"), story=Story(counts=True, counter=counter, lag_s=1.5))
    assert "lost for good" not in result_of(result, "durability").text
    assert result.verdict is (Verdict.MET if counter == "exact" else Verdict.MISSED)


HISTORY = """
    p1: dns-0 add c 1.0..1.1 ok   A
    p2: dns-1 add c 2.0..2.1 ok   A
    p3: dns-1 add c 3.0..3.1 ok   A
    i4: dns-0 add c 4.0..5.0 info A
    p5: dns-0 add m 4.0..4.1 ok   A
    w6: dns-0 put m 5.0..5.1 ok   A
"""
"""Whoever puts on a key may have set its counter to anything."""


@pytest.mark.parametrize(
    ("shown", "lost"),
    [("4", ()), ("3", ()), ("2", ("p3",)), ("0", ("p1", "p2", "p3")), (None, ("p1", "p2", "p3")), ("9" * 5000, ())],
)
def test_as_many_increments_are_lost_as_a_counter_is_too_small_by(shown: str | None, lost: tuple[str, ...]) -> None:
    table = {"m": "w6"} if shown is None else {"m": "w6", "c": shown}
    assert lost_after_heal(timeline(HISTORY), table, None).lost == lost


def test_what_a_recovery_point_accounts_for_is_told_before_other_increments() -> None:
    found = lost_after_heal(timeline(HISTORY), {"c": "2", "m": "w6"}, {"c": "3", "m": "w6"}, explained=("p1",))
    assert found.lost == ("p1",)
    assert found.elsewhere == ("p1",)
    assert found.lacking == ("c",)


# --- numbers of any length --------------------------------------------------------------------------------------------

LONG = ["9" * 18, "9" * 19, "9" * 30, "1" + "0" * 37, "9" * 5000]


class Shows(SimulatedBackend):
    """Counters that show a number of the subject's own making: in the end, or to every reader."""

    number = ""
    read = False

    def data(self) -> Any:
        return {
            region: {TABLE: {key: self._shown(key, value) for key, value in tables[TABLE].items()}}
            for region, tables in super().data().items()
        }

    def _complete(self, *told: Any) -> None:
        super()._complete(*told)
        last = self._new[-1]
        if self.read and isinstance(last, Completion) and last.f == "get" and last.v is not None:
            self._new[-1] = replace(last, v=self._shown(last.k, last.v))

    def _shown(self, key: str, value: str | None) -> str | None:
        return self.number if "counter" in key else value


@pytest.mark.parametrize(
    ("shown", "read"),
    [("9" * 30, False), *((text, True) for text in (*LONG[1:], "-3", "", "no number at all " * 400))],
)
def test_whatever_a_counter_shows_is_judged_and_told_in_short(tmp_path: Path, shown: str, read: bool) -> None:
    world = type("World", (Shows,), {"number": shown, "read": read})
    result = run(tmp_path, asked("durability"), world, Story(counts=True))
    found = result_of(result, "counters")
    assert (result.verdict, found.verdict) == (Verdict.MISSED, Verdict.MISSED)
    assert ("than it can be" in found.text) is (shown in LONG)
    assert all(len(text) < 2000 for text in (*result.reasons, *(f.text for f in result.findings)))


@pytest.mark.parametrize(
    ("text", "value"),
    [(None, 0), ("7", 7), ("007", 7), ("0", 0), ("0" * 5000 + "7", 7), ("9" * 18, BEYOND - 1), ("1" + "0" * 18, BEYOND),
     ("9" * 5000, BEYOND), ("", None), ("-1", None), ("1.0", None), ("\u0664", None), ("1e3", None)],
)  # fmt: skip
def test_a_number_is_never_too_long(text: str | None, value: int | None) -> None:
    assert number(text) == value
