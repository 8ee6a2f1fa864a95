"""Steps that can show nothing where they stand are refused when a scenario is loaded, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_bdd.parser import FeatureParser
from simulated_backend import EAST, ROOT, SimulatedBackend, plan

from harness.drill.facade import Drill
from harness.drill.options import resolve
from harness.drill.words import ends_of
from harness.errors import InputError, NotMeasurable
from harness.pytest_plugin.rehearsal import refuse_mistakes
from harness.pytest_plugin.resolving import Resolved
from harness.pytest_plugin.scenarios import defines
from harness.pytest_plugin.vocabulary import our_definitions, phrase_of

OPENING = ("Given the application runs in two regions", "And steady state in the primary region")
EAST_LOST = "When the primary region is lost, black-holed"
WEST_LOST = "When the standby region is lost, black-holed"
BY_STANDBY = "Then clients are served by the standby region within the recovery time objective"
BY_PRIMARY = "Then clients are served by the primary region within the recovery time objective"
ALL_HEAL = "When the fault heals"
EAST_HEALS, WEST_HEALS = "When the primary region heals", "When the standby region heals"
NOWHERE = "Then clients have nowhere to go"
BACK = "Then service fails back to the primary region"
CALM = "Then steady state holds again"
ROUND = (EAST_LOST, BY_STANDBY, ALL_HEAL, BACK)
NOTHING_LOST = "Then nothing that was acknowledged stays lost"
FOREVER = 99_999_999_999_999_999_999
OBJECTIVE = "Given a recovery time objective of 15 seconds"


def load(folder: Path, *steps: str, environment: str = "embedded") -> tuple[str, ...]:
    """As pytest does it: whatever is wrong raises."""
    lines = "".join(f"    {step}\n" for step in (*OPENING, *steps))
    file = folder / "mine.feature"
    file.write_text(f"Feature: Mine\n  Scenario: One\n{lines}", encoding="utf-8")
    options = resolve({"environment": environment}, {}, ROOT, 1)
    [scenario] = FeatureParser(str(folder), file.name, "utf-8").parse().scenarios.values()
    known = our_definitions()
    steps = scenario.render({}).steps
    fitting = (next((one for one in known if defines(one, step)), None) for step in steps)
    return refuse_mistakes(file, [Resolved(step, one) for step, one in zip(steps, fitting, strict=True)], options)


@pytest.mark.parametrize(
    ("steps", "line", "told"),
    [
        ([EAST_LOST, NOWHERE], 6, "us-west-2 is not lost here"),
        ([EAST_LOST, WEST_LOST, EAST_HEALS, NOWHERE], 8, "us-east-1 is not lost here"),
        (["When the primary region is lost, refused, for 20 seconds", WEST_LOST, NOWHERE], 7, "us-east-1 is not lost"),
        ([EAST_LOST, BY_STANDBY, ALL_HEAL, BY_PRIMARY], 8, "line 7 has healed everything, *service fails back to"),
        ([EAST_LOST, BY_STANDBY, EAST_HEALS, BY_PRIMARY], 8, "line 7 has healed everything"),
        ([EAST_LOST, WEST_LOST, NOWHERE, ALL_HEAL, BY_STANDBY], 9, "line 8 has healed everything"),
        ([EAST_LOST, OBJECTIVE, BY_STANDBY], 6, "an objective is promised before the first fault"),
        ([EAST_LOST, WEST_HEALS], 6, "no fault of us-west-2 holds here, *; what holds is region-outage us-east-1"),
        (["When replication between the regions is stalled", EAST_HEALS], 6, "no fault of us-east-1 holds here"),
        (["When the process monitor.outside is killed", EAST_HEALS], 6, "no fault of us-east-1 holds here"),
        (["When traffic from us-east-1 to outside vanishes", EAST_HEALS], 6, "no fault of us-east-1 holds here"),
        ([EAST_LOST, EAST_HEALS, EAST_HEALS], 7, "no fault of us-east-1 holds here, *; nothing holds"),
        ([EAST_LOST, BY_STANDBY, NOTHING_LOST], 7, "region-outage us-east-1 holds still"),
        ([NOTHING_LOST, EAST_LOST], 6, "this step needs clients at work, but line 5 has stopped them"),
        ([NOTHING_LOST, "When 5 seconds pass"], 6, "this step needs clients at work"),
        ([EAST_LOST, ALL_HEAL, NOTHING_LOST, BACK], 8, "line 7 has stopped them"),
        ([*ROUND, EAST_LOST], 9, "line 8 brings clients back to another *steady state holds again"),
        ([*ROUND, "When 5 seconds pass", EAST_LOST], 10, "line 8 brings clients back to another region"),
        ([*ROUND, "When the monitor is killed"], 9, "line 8 brings clients back to another region"),
        ([*ROUND, "When replication between the regions is stalled"], 9, "line 8 brings clients back to another"),
        ([*ROUND[:3], CALM, BACK, EAST_LOST], 10, "line 9 brings clients back to another region"),
        ([*ROUND, CALM, *ROUND, EAST_LOST], 14, "line 13 brings clients back to another region"),
        (["When the monitor is killed, for 5 seconds", BY_STANDBY], 5, "this fault heals by itself after 0.5 s"),
        (["When the process ghost is cut off, refused"], 5, "unknown process ghost"),
        (["When the process monitor is cut off from nowhere, refused"], 5, "unknown place nowhere"),
        (["When 99 poison records are written in the primary region"], 5, "records are 1 to 25, not 99"),
        (["When 0 % of DynamoDB requests fail in the primary region"], 5, "a share above 0"),
        (["Given an error budget of 101 % of requests"], 5, "101 %, and a share is 0 to 100 %"),
        (["Given an error budget of 1000000 % of requests"], 5, "a share is 0 to 100 %"),
        ([f"Given a recovery time objective of {FOREVER} seconds"], 5, "seconds, and a duration is 0.001 to 86400"),
        (["Given a recovery time objective of 0 seconds"], 5, "0 seconds, and a duration is 0.001 to 86400 seconds"),
        (["Given a recovery time objective of ٣ seconds"], 5, "a value that does not fit: must be a number, in the"),
        (["Given a recovery time objective of 1.2.3 seconds"], 5, "must be a number, in the digits 0 to 9"),
        ([f"Given a recovery point objective of {FOREVER} seconds"], 5, "a duration is 0.001 to 86400 seconds"),
        (
            [f"Given a recovery point objective of {FOREVER} items"],
            5,
            f"rpo_items = {FOREVER}: must be at most 1000000",
        ),
        (["Given a recovery point objective of ٣ items"], 5, "must be a whole number, in the digits 0 to 9"),
        ([f"Given a planned interruption objective of {FOREVER} seconds"], 5, "a duration is 0.001 to 86400 seconds"),
        ([f"When {FOREVER} seconds pass"], 5, f"{FOREVER} seconds, and a duration is 0.001 to 86400 seconds"),
        (["When ٣ seconds pass"], 5, "must be a number, in the digits 0 to 9"),
        ([f"When {FOREVER} ms of latency are added to the primary region"], 5, "a duration is 1 to 86400000 ms"),
        (["When 0 ms of latency are added to the primary region"], 5, "0 ms, and a duration is 1 to 86400000 ms"),
        (
            ["When ٣ poison records are written in the primary region"],
            5,
            "must be a whole number, in the digits 0 to 9",
        ),
        (["When 101 % of DynamoDB requests fail in the primary region"], 5, "101 %, and a share is 0 to 100 %"),
        ([f"Then over {FOREVER} seconds no more requests fail than the error budget allows"], 5, "a duration is 0.001"),
    ],
)
def test_what_can_show_nothing_where_it_stands_is_refused(
    tmp_path: Path, steps: list[str], line: int, told: str
) -> None:
    with pytest.raises(InputError, match=f"mine.feature:{line}: .*{told.replace('*', '.*')}"):
        load(tmp_path, *steps)


def test_the_monitor_is_cut_off_from_a_place_with_its_database(tmp_path: Path) -> None:
    cut_off = "When the monitor is cut off from the primary region, refused"
    load(tmp_path, cut_off, BY_STANDBY, environment="places")
    options = resolve({"environment": "places"}, {}, ROOT, 1)
    primary = options.environment.primary
    assert set(ends_of("the primary region", options.environment).split(",")) == {primary.name, primary.database_name}


@pytest.mark.parametrize(
    "steps",
    [
        [EAST_LOST, BY_STANDBY, WEST_LOST, NOWHERE, WEST_HEALS, BY_STANDBY, EAST_HEALS, BACK, NOTHING_LOST],
        [OBJECTIVE, *ROUND, CALM, EAST_LOST, BY_STANDBY, ALL_HEAL, NOTHING_LOST],
        [EAST_LOST, ALL_HEAL, BACK, EAST_LOST, BY_STANDBY],
        [*ROUND, "When somebody looks whether all is calm", EAST_LOST, BY_STANDBY],
        [EAST_LOST, BY_STANDBY, WEST_LOST, EAST_HEALS, BY_PRIMARY, WEST_HEALS, BACK, WEST_LOST],
        ["When the primary region is lost, refused, for 400 seconds", BY_STANDBY],
        [EAST_LOST, "When somebody mends it by hand", NOTHING_LOST],
        [NOTHING_LOST, "Then both regions hold the same data"],
        [EAST_LOST, "When the monitor is killed, for 5 seconds", BY_STANDBY],
        [EAST_LOST, "When the monitor is cut off from the standby region, refused, for 5 seconds", BY_STANDBY],
        ["When the process monitor.outside is cut off from us-east-1, reset", BY_STANDBY],
        ["When writes to DynamoDB fail in the primary region", BY_STANDBY, ALL_HEAL, BACK],
        ["When 1 poison record is written in the primary region", EAST_LOST, BY_STANDBY],
    ],
)
def test_what_can_be_shown_is_taken(tmp_path: Path, steps: list[str]) -> None:
    load(tmp_path, *steps)


def test_a_database_heals_by_the_words_by_which_it_was_lost(tmp_path: Path) -> None:
    lost = "When DynamoDB is lost in region us-east-1, black-holed"
    by_role = "When DynamoDB is lost in the primary region, black-holed"
    for loss in (lost, by_role):
        for heal in ("When region us-east-1 heals", EAST_HEALS, "When region nyc3 heals"):
            load(tmp_path, loss, BY_STANDBY, heal, BACK, environment="places")
    with pytest.raises(InputError, match="no fault of us-east-1 holds here"):
        load(tmp_path, EAST_LOST, "When region us-east-1 heals", environment="places")
    load(tmp_path, lost, WEST_LOST, NOWHERE, environment="places")


def test_an_objective_after_the_first_fault_is_refused_by_the_drill_itself(tmp_path: Path) -> None:
    drill = Drill(SimulatedBackend(), plan(), tmp_path)
    drill.reach_steady_state(EAST)
    drill.inject("replication-stall")
    with pytest.raises(InputError, match="promised before the first fault"):
        drill.promise(rto_s=5.0)
    drill.abandon()


FOR = "[ for N seconds]"


@pytest.mark.parametrize("seconds", ["0", str(FOREVER), "٣"])
def test_no_fault_holds_for_a_time_that_cannot_be(tmp_path: Path, seconds: str) -> None:
    """Of every step that may say how long."""
    lasting = [phrase for phrase in map(phrase_of, our_definitions()) if phrase.shape.endswith(FOR)]
    assert len(lasting) > 10
    for phrase in lasting:
        step = phrase.examples[-1].split(" for ")[0]
        with pytest.raises(InputError, match=r"mine.feature:5: .*(a duration is|must be a number)"):
            load(tmp_path, f"When {step} for {seconds} seconds")


@pytest.mark.parametrize("objective", [{"error_budget": 1.01}, {"rto_s": 0}, {"rpo_items": 1.5}, {"rpo_s": True}])
def test_steps_of_ones_own_promise_nothing_that_a_file_could_not(tmp_path: Path, objective: dict[str, float]) -> None:
    drill = Drill(SimulatedBackend(), plan(), tmp_path)
    with pytest.raises(InputError, match=f"an objective of {next(iter(objective))} = .*: must be"):
        drill.promise(**objective)


def test_what_the_faults_need_of_a_world_is_known_before_it_starts(tmp_path: Path) -> None:
    refused, poison = (
        "When writes to DynamoDB fail in the primary region",
        "When 3 poison records are written in the primary region",
    )
    assert load(tmp_path, EAST_LOST) == ()
    assert load(tmp_path, refused, poison, refused) == ("poison_records", "refused_operations")
    assert load(tmp_path, "Given as a control, the fault is never applied, so the drill must be INVALID", refused) == ()


KILLED = "When the process intermediary.outside is killed"
RUNS = "Given the subject runs monitor and intermediary"
STEERED = "Given clients are steered through a provider's API"


def test_what_a_drill_is_about_is_needed_and_its_absence_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, RUNS, STEERED, EAST_LOST, KILLED, BY_STANDBY) == ("component:intermediary", "provider_api")
    assert load(tmp_path, RUNS, EAST_LOST, KILLED, BY_STANDBY, environment="digitalocean") == ()
    with pytest.raises(InputError, match=r"unknown process intermediary\.outside"):
        load(tmp_path, EAST_LOST, KILLED, BY_STANDBY)


def test_faults_of_a_provider_need_one(tmp_path: Path) -> None:
    for step in (
        "When the provider's API is lost, refused", "When the provider's API is failing",
        "When changes through the provider's API are never answered",
        "When the record is deleted and made anew after 20 seconds",
    ):  # fmt: skip
        assert load(tmp_path, step) == ("provider_api",)


def test_a_drill_about_what_is_not_there_is_left_out_with_the_reason(tmp_path: Path) -> None:
    drill = Drill(SimulatedBackend(), plan(), tmp_path)
    with pytest.raises(NotMeasurable, match="no part of this world has an API of a provider"):
        drill.need("provider_api")
    with pytest.raises(NotMeasurable, match="the subject runs no component called intermediary"):
        drill.need_components(["intermediary"])
    drill.abandon()
