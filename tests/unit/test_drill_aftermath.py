"""What comes after the first good moment counts as well: a plan that is well for a while only has not worked."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.outcome import Verdict


def lose(drill: Drill, region: str, mode: str = "black-hole", for_s: float | None = None) -> None:
    drill.inject("region-outage", region=region, mode=mode, for_s=for_s)


def begin(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)


def verdicts(result: DrillResult, name: str) -> list[Verdict]:
    return [found.verdict for found in result.results if found.name == name]


def told(result: DrillResult) -> str:
    return " ".join(result.reasons)


def serious(result: DrillResult) -> list[str]:
    return [finding.text for finding in result.findings if finding.severity == "serious"]


# --- after the failback -----------------------------------------------------------------------------------------------


def there_and_back(drill: Drill) -> None:
    begin(drill)
    lose(drill, EAST)
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    drill.watch(40)
    drill.require("durability", at_rest=True)


@pytest.mark.parametrize("again", [(20.0, None), (12.0, None), (12.0, 20.0)], ids=["late", "soon", "for a while"])
def test_a_primary_that_dies_after_the_failback_is_no_failback(
    tmp_path: Path, again: tuple[float, float | None]
) -> None:
    result = run_drill(tmp_path, there_and_back, Story(relapse_back=again))
    assert verdicts(result, "failback") == [Verdict.MISSED]
    assert "after it had come back to the primary" in told(result)
    if again[1] is None:
        assert "requests of the clients were served by the primary in the end" in told(result)


def test_a_primary_that_stays_is_a_failback_and_so_is_one_before_the_next_outage(tmp_path: Path) -> None:
    def twice(drill: Drill) -> None:
        begin(drill)
        for _ in range(2):
            lose(drill, EAST)
            drill.require_recovery(WEST)
            drill.heal()
            drill.require_failback(EAST)
            drill.reach_steady_state(EAST)

    for name, scenario in (("once", there_and_back), ("twice", twice)):
        result = run_drill(tmp_path / name, scenario)
        assert result.verdict is Verdict.MET, result.reasons
        assert serious(result) == []


def test_failures_by_chance_after_the_failback_are_no_outage(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back, Story(stray=300))
    assert verdicts(result, "failback") == [Verdict.MET], result.reasons
