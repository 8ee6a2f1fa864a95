"""Negative twins: every drill has one that must go red, where it can be run, and for a reason that is its own."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[2] / "drills"))

import twins  # isort: skip
import bank  # isort: skip  (found by the path that twins adds)

from harness.drill.catalogue import select

DRILLS = select([])


def test_every_drill_has_a_twin_that_goes_red_or_is_a_control() -> None:
    names = {drill.name for drill in DRILLS}
    assert set(twins.RED) <= names
    for name in names:
        runs = [(kind, red) for kind, of, red in twins.plan([name]) if name in of]
        if twins.is_control(name):
            assert [kind for kind, _ in runs] == [twins.AS_IT_IS]
            continue
        assert [kind for kind, _ in runs] == [twins.AS_IT_IS, twins.RED_TWIN, twins.NO_FAULT]
        red = runs[1][1]
        assert red.options or red.design


def test_drills_of_one_red_twin_run_together() -> None:
    runs = [(kind, tuple(of)) for kind, of, _ in twins.plan(["region-lost-refused", "gray-failure", "bad-deploy"])]
    assert runs[1:3] == [
        (twins.RED_TWIN, ("region-lost-refused", "gray-failure")),
        (twins.RED_TWIN, ("bad-deploy",)),
    ]


def test_every_drill_runs_where_it_can() -> None:
    homes = {drill.name: twins.home_of(drill) for drill in DRILLS}
    assert homes["region-lost-refused"] == "embedded"
    assert homes["bad-deploy"] == "kubernetes"
    assert homes["intermediary-killed-during-failover"] == "digitalocean"
    assert homes["database-power-cycled"] == "dynoxide"
    assert all(bank.shipped(home).is_file() for home in {*homes.values(), *twins.ELSEWHERE})


@pytest.mark.parametrize("name", [name for name, red in twins.RED.items() if red.design])
def test_a_broken_design_that_is_a_twin_must_be_caught_by_that_drill_where_the_drill_runs(name: str) -> None:
    design = bank.designs()[twins.RED[name].design]
    assert name in design.caught_by
    assert design.environment == twins.home_of(next(drill for drill in DRILLS if drill.name == name))


@pytest.mark.parametrize(("environment", "name"), twins.RED_IN)
def test_what_turns_a_drill_red_in_a_further_environment_is_a_design_of_that(environment: str, name: str) -> None:
    design = bank.designs()[twins.red_of(name, environment).design]
    assert name in twins.ELSEWHERE[environment]
    assert (name in design.caught_by, design.environment) == (True, environment)
    assert [kind for kind, of, red in twins.plan([name], environment) if red.design == design.name] == [twins.RED_TWIN]


def test_a_further_environment_takes_nothing_from_a_drill_s_home() -> None:
    for environment, names in twins.places_of(DRILLS, None, further=False).items():
        assert set(names) <= set(twins.places_of(DRILLS, None, further=True)[environment])


def test_a_long_list_is_gone_on_with_where_the_code_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []

    def run(of: Sequence[str], options: Sequence[str], _reports: Path) -> list[twins.Ended]:
        runs.append([*of, *options])
        if "failover=off" in options:
            raise KeyboardInterrupt
        return [twins.Ended(name, "MET", "") for name in of]

    names, file = ["region-lost-refused", "control-failover-disabled"], tmp_path / "reports" / "twins.jsonl"
    monkeypatch.setattr(twins, "run", run)
    with pytest.raises(KeyboardInterrupt):
        twins.drilled("embedded", names, tmp_path, twins.Record(file, "one", resume=False))
    with pytest.raises(KeyboardInterrupt):
        twins.drilled("embedded", names, tmp_path, twins.Record(file, "one", resume=True))
    assert [of[0] for of in runs] == ["region-lost-refused"] * 3
    assert ["failover=off" in of for of in runs] == [False, True, True]
    for code, resume in (("another", True), ("one", False)):
        with pytest.raises(KeyboardInterrupt):
            twins.drilled("embedded", names, tmp_path, twins.Record(file, code, resume=resume))
        assert "failover=off" not in runs[-2]


def test_a_twin_that_stayed_green_is_told() -> None:
    told = io.StringIO()
    found = {
        ("bad-deploy", twins.AS_IT_IS): twins.Ended("bad-deploy", "MET", ""),
        ("bad-deploy", twins.RED_TWIN): twins.Ended("bad-deploy", "MET", "all is well"),
        ("bad-deploy", twins.NO_FAULT): twins.Ended("bad-deploy", "INVALID", ""),
    }
    console = Console(file=told, width=200)
    assert twins.report(["bad-deploy"], found, console) == 1
    assert "bad-deploy (red twin) must end MISSED, and ended MET: all is well" in told.getvalue()
    found["bad-deploy", twins.RED_TWIN] = twins.Ended("bad-deploy", "MISSED", "no steady state")
    assert twins.report(["bad-deploy"], found, console) == 1
    assert "bad-deploy (red twin) is red for another reason, not said: " in told.getvalue()
    said = " ".join(bank.designs()[twins.RED["bad-deploy"].design].caught_by["bad-deploy"])
    found["bad-deploy", twins.RED_TWIN] = twins.Ended("bad-deploy", "MISSED", said)
    assert twins.report(["bad-deploy"], found, console) == 0
