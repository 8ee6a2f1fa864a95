"""A run can be judged again from its folder: the same numbers, and whatever was changed since is found."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from simulated_backend import EAST, WEST, Story, run_drill

from harness.cli.verify import verify as verify_command
from harness.drill import case_files
from harness.drill.case import Case
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.facade import Drill
from harness.drill.plain import from_plain, to_plain
from harness.errors import DrillMissed, InputError
from harness.outcome import Verdict
from harness.reporting import run_json, run_json_reader, verification

NAME = "a-drill"
ODD = "report-\udcff.csv \ud83d \u202e\x07"


def scenario(drill: Drill) -> None:
    """Two episodes, the whole way back, and data that is compared."""
    drill.open()
    drill.promise(rpo_items=10)
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo")
    drill.heal()
    drill.require_failback(EAST)
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="refuse", for_s=10)
    drill.require_no_failover(EAST)
    drill.require("durability", at_rest=True)
    drill.require("same-data", at_rest=True)


def filed(folder: Path, *results: DrillResult) -> Path:
    """A run's folder, as a session files it."""
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    run = RunResult(
        run_id="r", started_at=moment, finished_at=moment, versions={"harness": "0"}, environment="embedded",
        profile="fast", subject="reference", capabilities={"rto": True}, verdict=results[0].verdict, drills=results,
        seed=1, machine={"cores": "2"}, typed={"subject": "s"},
    )  # fmt: skip
    run_json.write(run, folder / "run.json")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return filed(folder, run_drill(folder / NAME, scenario, Story(replication_s=0.2)))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def body_of(run: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return body


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def changed(value: Any) -> Any:
    """The smallest change of a value that keeps its type where it has one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1e-9
    if isinstance(value, str):
        return value[:-1] + ("a" if value[-1:] != "a" else "b")
    return [1] if value == [] else {"x": 1} if value == {} else 1


def with_change(body: Any, path: tuple[Any, ...]) -> Any:
    copied = copy.deepcopy(body)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = changed(holder[path[-1]])
    return copied


def in_words(path: tuple[Any, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


# --- nothing was changed ----------------------------------------------------------------------------------------------


def test_a_run_is_judged_again_from_its_files_alone(run: Path) -> None:
    found = verification.verify(run)
    assert [str(difference) for difference in found.differences] == []
    assert (found.judged, found.not_judged) == ((NAME,), ())
    assert body_of(run)["verdict"] == "MET"


def test_a_case_is_judged_by_a_pure_function_that_anybody_can_call(run: Path) -> None:
    filed_case = case_files.read(run / NAME)
    once, again = (conclude(filed_case.case, filed_case.events, filed_case.commits, filed_case.final) for _ in "12")
    assert once == again
    assert once.verdict is Verdict.MET
    shuffled = list(filed_case.events)
    random.Random(5).shuffle(shuffled)
    other = conclude(filed_case.case, shuffled, filed_case.commits, filed_case.final)
    assert (other.rto, other.rpo, other.verdict) == (once.rto, once.rpo, once.verdict)


def test_a_case_survives_its_file(run: Path) -> None:
    case = case_files.read(run / NAME).case
    assert from_plain(Case, json.loads(json.dumps(to_plain(case)))) == case


# --- something was changed --------------------------------------------------------------------------------------------


def test_any_changed_value_of_a_drill_in_run_json_is_found_by_judging_again(run: Path) -> None:
    """Without any hash or seal: the numbers themselves are computed anew."""
    [drill] = body_of(run)["drills"]
    recomputed = verification.recompute(run / NAME)
    paths = list(leaves(drill))
    assert len(paths) > 300
    for path in paths:
        found = list(verification.compare("drills[0]", with_change(drill, path), recomputed))
        assert found, in_words(path)
        assert all(difference.path.startswith(f"drills[0]{in_words(path)}") for difference in found)


def test_any_changed_value_of_the_run_itself_is_found_by_its_seal(run: Path) -> None:
    body = body_of(run)
    for path in leaves({name: value for name, value in body.items() if name != "drills"}):
        other = with_change(body, path)
        assert run_json.seal_of(other) != other["seal"], in_words(path)


def test_a_changed_verdict_is_told_with_both_values(run: Path) -> None:
    body = body_of(run)
    body["drills"][0]["verdict"] = "MISSED"
    body["drills"][0]["rto"]["high_s"] = 1.5
    (run / "run.json").write_text(json.dumps(body), encoding="utf-8")
    told = [str(difference) for difference in verification.verify(run).differences]
    assert 'drills[0].verdict: filed "MISSED", recomputed "MET"' in told
    assert any(line.startswith("drills[0].rto.high_s: filed 1.5, recomputed ") for line in told)


@pytest.mark.parametrize("name", [case_files.HISTORY, case_files.COMMITS])
def test_any_changed_line_is_found(run: Path, name: str) -> None:
    path = run / NAME / name
    lines = path.read_text(encoding="utf-8").splitlines()
    draw = random.Random(3)
    for number in draw.sample(range(len(lines)), 4):
        line = json.loads(lines[number])
        key = draw.choice(sorted(line))
        other = [*lines[:number], json.dumps(line | {key: changed(line[key])}), *lines[number + 1 :]]
        path.write_text("\n".join(other) + "\n", encoding="utf-8")
        assert any(name in difference.path for difference in verification.verify(run).differences), (number, key)


@pytest.mark.parametrize("name", [case_files.CASE, case_files.FINAL])
def test_any_changed_value_of_the_case_and_of_the_tables_is_found(run: Path, name: str) -> None:
    path = run / NAME / name
    body = json.loads(path.read_text(encoding="utf-8"))
    for place in random.Random(4).sample(list(leaves(body)), 5):
        path.write_text(json.dumps(with_change(body, place)), encoding="utf-8")
        assert any(name in difference.path for difference in verification.verify(run).differences), in_words(place)


def test_a_history_that_tells_another_story_gives_another_number(run: Path) -> None:
    """A served request that is made to have failed: the numbers follow the history, and the report is told wrong."""
    path = run / NAME / case_files.HISTORY
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    served = [n for n, line in enumerate(lines) if line["t"] == "ok" and line["cohort"] == "dns"]
    lines[served[-1]]["t"] = "fail"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    told = {difference.path for difference in verification.verify(run).differences}
    assert "drills[0].availability.dns" in told


def test_a_file_that_is_gone_or_broken_is_said_to_be(run: Path) -> None:
    (run / NAME / case_files.FINAL).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        verification.verify(run)


def test_a_case_that_is_no_case_any_more_is_a_difference(run: Path) -> None:
    (run / NAME / case_files.CASE).write_text('{"schema": "drill-case/1"}', encoding="utf-8")
    told = " ".join(str(difference) for difference in verification.verify(run).differences)
    assert "files that cannot be judged" in told


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_differs_and_where(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verify_command(str(run))
    assert "1 drills judged again, everything is as it was filed" in capsys.readouterr().out
    text = (run / "run.json").read_text(encoding="utf-8")
    (run / "run.json").write_text(text.replace('"cores": "2"', '"cores": "64"'), encoding="utf-8")
    with pytest.raises(typer.Exit) as ended:
        verify_command(str(run))
    assert ended.value.exit_code == 1
    assert "seal: filed " in capsys.readouterr().out
    with pytest.raises(InputError, match="no run nothing-here"):
        verify_command("nothing-here")


# --- odd texts --------------------------------------------------------------------------------------------------------


def test_odd_strings_survive_the_files(tmp_path: Path) -> None:
    def fails(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse")
        raise DrillMissed(f"a step did not hold: {ODD}")

    result = run_drill(tmp_path / NAME, fails, Story(deaths=(ODD,)))
    assert any(ODD in reason for reason in result.reasons)
    filed(tmp_path, result)
    assert ODD in run_json_reader.load(tmp_path / "run.json").drills[0].reasons[0]
    assert verification.verify(tmp_path).differences == ()
