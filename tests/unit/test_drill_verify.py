"""A run can be judged again from its folder: the same numbers, and whatever was changed since is found."""

from __future__ import annotations

import copy
import decimal
import json
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import simulated_backend
import typer
from simulated_backend import EAST, WEST, SimulatedBackend, Story, run_drill

from harness.cli.verify import verify as verify_command
from harness.drill import case_files, judgement, watching
from harness.drill.case import Case
from harness.drill.conclusion import conclude, crashed
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.facade import Drill
from harness.drill.plain import from_plain, to_plain
from harness.drill.plan import DrillPlan
from harness.drill.settings import parse_settings
from harness.errors import DrillMissed, InputError, WorldError
from harness.history import codec
from harness.outcome import Verdict
from harness.reporting import run_json, run_json_reader, verification
from harness.topology.timing import Profile, Timing

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
    return filed(folder, run_drill(folder / NAME, scenario, Story(lag_s=0.2)))


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


def refused(line: dict[str, Any], alone: Path) -> bool:
    """Whether a line says by itself that it is no event."""
    alone.write_text(json.dumps(line) + "\n", encoding="utf-8")
    try:
        list(codec.read(alone))
    except WorldError:
        return True
    return False


@pytest.mark.parametrize("name", [case_files.HISTORY, case_files.COMMITS])
def test_a_field_of_another_type_is_a_difference_and_no_crash(run: Path, tmp_path: Path, name: str) -> None:
    """Whatever any field of any kind of line is made, the hash tells, and nothing else is raised.

    Lines that are refused by themselves are all refused alike: of those, one for each field is judged within its file.
    """
    path = run / NAME / name
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    first = {line["t"]: number for number, line in reversed(list(enumerate(lines)))}
    assert len(first) >= (1 if name == case_files.COMMITS else 6)
    for number in first.values():
        for key in lines[number]:
            odd = [lines[number] | {key: odd} for odd in (5, "x", None, [], {}, [5])]
            none = [line for line in odd if refused(line, tmp_path / "alone")]
            for line in [*(line for line in odd if line not in none), *none[:1]]:
                other = [*lines[:number], line, *lines[number + 1 :]]
                path.write_text("".join(json.dumps(line) + "\n" for line in other[: number + 40]), encoding="utf-8")
                found = verification.verify(run).differences
                assert any(name in difference.path for difference in found), (lines[number], line)


def test_a_history_of_other_types_under_its_new_hash_is_said_not_to_be_one(run: Path) -> None:
    path = run / NAME / case_files.HISTORY
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    next(line for line in lines if line["t"] == "dns")["client"] = 5
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    body = body_of(run)
    [drill] = body["drills"]
    drill["history_sha256"] = drill["files"][f"{NAME}/{case_files.HISTORY}"] = case_files.sha256_of(path)
    reseal(run, body)
    with pytest.raises(InputError, match=r"not a history event.*client cannot be 5"):
        verification.verify(run)


# --- what can no longer be judged -------------------------------------------------------------------------------------


def reseal(run: Path, body: dict[str, Any], *, seal: bool = True) -> None:
    """Write a run.json that was edited, with a seal that fits it or with none."""
    body.pop("seal", None)
    body |= {"seal": run_json.seal_of(body)} if seal else {}
    (run / "run.json").write_text(json.dumps(body), encoding="utf-8")


def without_case(run: Path) -> dict[str, Any]:
    """The evidence of a drill whose case was taken away, and which claims whatever it likes."""
    (run / NAME / case_files.CASE).unlink()
    body = body_of(run)
    body["drills"][0] |= {"files": {}, "results": [], "reasons": []}
    return body


def exit_code(run: Path) -> int:
    try:
        verify_command(str(run))
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def test_a_drill_whose_case_is_gone_is_never_as_it_was_filed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = without_case(run)
    reseal(run, body)
    assert exit_code(run) == 2
    told = capsys.readouterr().out
    assert f"no {case_files.CASE} in {NAME}" in told
    assert "1 drill cannot be judged again" in told
    assert "everything" not in told
    body["drills"][0] |= {"faults": [], "episodes": []}
    reseal(run, body)
    assert exit_code(run) == 2


@pytest.mark.parametrize("case_too", [False, True])
def test_a_missing_seal_is_a_difference(run: Path, capsys: pytest.CaptureFixture[str], case_too: bool) -> None:
    reseal(run, without_case(run) if case_too else body_of(run), seal=False)
    assert exit_code(run) == 1
    assert "seal: filed nothing" in capsys.readouterr().out


def test_a_drill_that_run_json_does_not_tell_of_is_a_difference(made: Path, run: Path) -> None:
    shutil.copytree(made / NAME, run / "another")
    assert [difference.path for difference in verification.verify(run).differences] == ["another/case.json"]


def test_of_a_drill_that_broke_off_it_is_said_what_was_checked(
    run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / case_files.HISTORY).write_bytes(b"")
    broken = crashed(DrillPlan("broken", "f", "s", (), parse_settings(())), "broken", "the world went away")
    filed(tmp_path, broken)
    assert exit_code(tmp_path) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "broken: broke off, which proves nothing; checked: that its history is empty, and the run's seal" in told
    assert "nothing to judge again; what was checked is as it was filed" in told
    assert "everything" not in told
    for verdict in ("MET", "MISSED", "UNKNOWN"):
        body = body_of(tmp_path)
        body["verdict"] = body["drills"][0]["verdict"] = verdict
        reseal(tmp_path, body)
        assert exit_code(tmp_path) == 2


def test_of_a_watch_its_files_and_the_seal_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = "watch/logs/app.log"
    (tmp_path / made).parent.mkdir(parents=True)
    (tmp_path / made).write_text("it works\n", encoding="utf-8")
    result = watching.watched(
        simulated_backend.environment(), Timing(Profile.FAST), [], tmp_path / "watch", logs=(made,)
    )
    filed(tmp_path, result)
    assert exit_code(tmp_path) == 0
    assert "checked" in capsys.readouterr().out
    (tmp_path / made).write_text("it broke\n", encoding="utf-8")
    assert [made in difference.path for difference in verification.verify(tmp_path).differences] == [True]
    (tmp_path / made).write_text("it works\n", encoding="utf-8")
    body = body_of(tmp_path)
    body["verdict"] = body["drills"][0]["verdict"] = "MET"
    reseal(tmp_path, body, seal=False)
    assert exit_code(tmp_path) == 1


def test_a_changed_log_is_found_by_its_hash(tmp_path: Path) -> None:
    log = f"{NAME}/logs/app.log"

    class Logging(SimulatedBackend):
        def close_drill(self) -> Sequence[str]:
            super().close_drill()
            (tmp_path / log).parent.mkdir()
            (tmp_path / log).write_text("all is well\n", encoding="utf-8")
            return (log,)

    (tmp_path / NAME).mkdir()
    drill = Drill(Logging(), simulated_backend.plan(), tmp_path / NAME)
    scenario(drill)
    filed(tmp_path, drill.finish(None))
    assert verification.verify(tmp_path).differences == ()
    (tmp_path / log).write_text("all was well\n", encoding="utf-8")
    [difference] = verification.verify(tmp_path).differences
    assert log in difference.path


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_differs_and_where(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verify_command(str(run))
    assert "1 drill judged again, everything is as it was filed" in capsys.readouterr().out
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
    assert ODD in run_json_reader.load(tmp_path / "run.json").drills[0].reasons[-1]
    assert verification.verify(tmp_path).differences == ()


def test_a_verdict_that_stands_twice_is_refused(run: Path) -> None:
    path = run / "run.json"
    body = path.read_text(encoding="utf-8")
    path.write_text(body.replace('"verdict": ', '"verdict": "MISSED", "verdict": ', 1), encoding="utf-8")
    with pytest.raises(InputError, match="a key stands twice in one object: 'verdict'"):
        verification.verify(run)


def as_before_promises(run: Path) -> dict[str, Any]:
    """The run as it was filed before there were promises: no word of them in its case, nor any newer field."""
    case = json.loads((run / NAME / case_files.CASE).read_text())
    del case["promise"]
    (run / NAME / case_files.CASE).write_text(json.dumps(case))
    drill = verification.recompute(run / NAME)
    for name in ("promise", "places", "planned_interruption", "planned_interruptions"):
        drill.pop(name, None)
    for result in drill["results"]:
        del result["promise"]
    body = body_of(run)
    body["drills"] = [drill]
    body["verdict"] = drill["verdict"]
    reseal(run, body)
    return body


def test_evidence_of_before_there_were_promises_is_judged_as_it_was(run: Path) -> None:
    body = as_before_promises(run)
    assert verification.verify(run).differences == ()
    body["drills"][0]["rto"]["high_s"] = 1.5
    reseal(run, body)
    assert [difference.path for difference in verification.verify(run).differences] == ["drills[0].rto.high_s"]


def test_a_promise_that_is_taken_out_of_the_evidence_is_found(run: Path) -> None:
    body = body_of(run)
    del body["drills"][0]["promise"]
    reseal(run, body)
    assert [difference.path for difference in verification.verify(run).differences] == ["drills[0].promise"]


# --- a drill whose judging broke off ----------------------------------------------------------------------------------


def broken_judging(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def judge(*_: object) -> None:
        raise error

    monkeypatch.setattr(judgement, "judge", judge)


@pytest.fixture
def unjudged_run(tmp_path: Path) -> Path:
    """Of a drill that was seen to its end, and whose judging broke off all the way."""
    with pytest.MonkeyPatch.context() as patch:
        broken_judging(patch, decimal.InvalidOperation("too many digits"))
        return filed(tmp_path, run_drill(tmp_path / NAME, scenario, Story(lag_s=0.2)))


def test_a_drill_whose_judging_broke_off_is_filed_as_that_and_can_be_judged_anew(unjudged_run: Path) -> None:
    [drill] = run_json_reader.load(unjudged_run / "run.json").drills
    assert drill.verdict is Verdict.INVALID
    assert "judging failed" in drill.reasons[0]
    assert "decimal.InvalidOperation: too many digits" in drill.reasons[0]
    assert "/tmp" not in drill.reasons[0]
    found = verification.verify(unjudged_run)
    assert [difference.path for difference in found.differences] == ["drills[0].verdict"]
    assert found.differences[0].filed.startswith("INVALID since judging failed")
    assert found.differences[0].found.startswith("judged anew: MET: ")
    assert not found.unverifiable


def test_where_judging_still_breaks_off_nobody_can_say_anything(
    unjudged_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_judging(monkeypatch, KeyError("rto"))
    found = verification.verify(unjudged_run)
    assert not found.differences
    assert "nor now: judging failed" in found.unverifiable[0]


def test_nothing_of_a_drill_that_was_not_judged_can_be_changed_unseen(unjudged_run: Path) -> None:
    body = body_of(unjudged_run)
    body["drills"][0]["duration_s"] += 1
    body["drills"][0]["verdict"] = body["verdict"] = "MET"
    body["seal"] = run_json.seal_of(body)
    (unjudged_run / "run.json").write_text(json.dumps(body), encoding="utf-8")
    paths = [difference.path for difference in verification.verify(unjudged_run).differences]
    assert "drills[0].duration_s" in paths
    assert "drills[0].verdict" in paths
