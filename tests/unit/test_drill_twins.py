"""Negative twins: every drill has one that must go red, where it can be run, and for a reason that is its own."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[2] / "drills"))

import twins

from harness.drill.catalogue import select
from harness.topology.load import load_environment

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
        assert red.options or red.replaced


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
    assert all((twins.ROOT / "environments" / f"{home}.yaml").is_file() for home in {*homes.values(), *twins.ELSEWHERE})


@pytest.mark.parametrize("name", [name for name, red in twins.RED.items() if red.replaced])
def test_a_twin_with_other_manifests_is_an_environment_that_says_them(name: str, tmp_path: Path) -> None:
    path = twins.changed("kubernetes", twins.RED[name].replaced, tmp_path)
    assert load_environment(path).environment == "kubernetes"
    said = "".join(one.read_text() for one in (tmp_path / "kubernetes").iterdir())
    assert all(instead in said for _, instead in twins.RED[name].replaced)


def test_a_manifest_that_does_not_say_it_any_more_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no manifest of kubernetes says 'replicas: 77'"):
        twins.changed("kubernetes", (("replicas: 77", "replicas: 1"),), tmp_path)


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
    found["bad-deploy", twins.RED_TWIN] = twins.Ended("bad-deploy", "MISSED", "")
    assert twins.report(["bad-deploy"], found, console) == 0
