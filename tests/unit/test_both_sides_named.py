"""What only one side of a failover has is told by the doctor: by names, and never by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import EAST, WEST, environment, subject

from harness.cli.trials.both_sides import in_files, of_running
from harness.world.diagnosis import Diagnosis, State
from harness.world.one_sided import one_sided, told

SECRET = "shpss_never_to_be_shown"


def tree(place: str, given: Mapping[str, str], component: str = "app") -> Any:
    described = SimpleNamespace(place=place, component=SimpleNamespace(name=component))
    return SimpleNamespace(described=described, environment=dict(given))


def rows(east: Mapping[str, str], west: Mapping[str, str]) -> list[Diagnosis]:
    return list(of_running([tree(EAST, east), tree(WEST, west), tree(EAST, {"ONLY": "here"}, "monitor")]))


def test_the_same_names_on_both_sides_are_fine_whatever_they_hold() -> None:
    [row] = rows({"AWS_REGION": EAST, "TOKEN": "a"}, {"AWS_REGION": WEST, "TOKEN": "b"})
    assert (row.state, row.what) == (State.OK, "both sides")


def test_a_secret_that_one_side_lacks_fails_and_its_value_is_not_told() -> None:
    [row] = rows({"SHOP_CLIENT_SECRET": SECRET}, {})
    assert row.state is State.FAIL
    assert row.text == f"app has SHOP_CLIENT_SECRET at {EAST}, and not at {WEST}"
    [other] = rows({"PEER": "x"}, {})
    assert other.state is State.WARN


def test_one_that_is_empty_is_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAST_KEY", SECRET)
    monkeypatch.setenv("WEST_KEY", "")
    [row] = rows({"API_KEY": "${EAST_KEY}"}, {"API_KEY": "${WEST_KEY}"})
    assert (row.state, SECRET in row.text) == (State.FAIL, False)
    assert row.text == f"app has API_KEY at {EAST}, and not at {WEST}"


def test_files_that_variables_name_are_looked_for_and_into(tmp_path: Path) -> None:
    east, west = tmp_path / "east.json", tmp_path / "west.json"
    east.write_text(f'{{"client_secret": "{SECRET}", "old": ""}}')
    [gone, *inside] = rows({"SECRETS": str(east)}, {"SECRETS": str(west)})[::-1]
    assert gone.text == f"app has the file of SECRETS at {EAST}, and not at {WEST}"
    west.write_text('{"client_secret": ""}')
    [row] = rows({"SECRETS": str(east)}, {"SECRETS": str(west)})
    assert row.text == f"app has 'client_secret' in the file of SECRETS at {EAST}, and not at {WEST}"
    assert [one.state for one in (gone, *inside, row)] == [State.FAIL] * 3
    west.write_text("no JSON")
    assert SECRET not in " ".join(one.text for one in rows({"SECRETS": str(east)}, {"SECRETS": str(west)}))


def test_programs_that_run_as_several_components_are_compared_before_anything_starts() -> None:
    given = subject()
    worker = given.components[0].model_copy(update={"command": ("python", "worker.py")})
    here = worker.model_copy(update={"name": "worker-a", "region": EAST, "env": {"ERP_TOKEN": "${env:A}", "N": "1"}})
    there = worker.model_copy(update={"name": "worker-b", "region": WEST, "env": {"N": "1"}})
    options: Any = SimpleNamespace(
        subject=given.model_copy(update={"components": (*given.components, here, there)}), environment=environment()
    )
    [row] = in_files(options)
    assert row.text == f"python worker.py has ERP_TOKEN at {EAST}, and not at {WEST}"
    options.subject = given
    assert list(in_files(options)) == []


def test_three_places_and_what_two_of_them_lack() -> None:
    found = list(one_sided({"a": {"app": {"CERT_FILE"}}, "b": {"app": ()}, "c": {"app": ()}, "d": {"other": {"X"}}}))
    [row] = told(found, "anything")
    assert row.text == "app has CERT_FILE at a, and not at b, c"
