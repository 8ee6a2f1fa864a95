"""Which ends are tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_reporting_sample import run as sample_run

from harness.drill.attempts import Attempts, runs_again
from harness.drill.evidence import JUDGING, DrillResult, ObjectiveResult
from harness.outcome import Verdict
from harness.reporting import wording

INVALID = replace(sample_run().drills[0], verdict=Verdict.INVALID, reasons=("the fault was not seen",), control=None)


def test_only_what_proved_nothing_is_tried_again() -> None:
    assert [verdict for verdict in Verdict if runs_again(replace(INVALID, verdict=verdict), 1)] == [Verdict.INVALID]


@pytest.mark.parametrize(
    "meant",
    [
        replace(INVALID, control="INVALID"),
        replace(INVALID, settings={"fault": "none"}),
        replace(INVALID, results=(ObjectiveResult(JUDGING, Verdict.INVALID, "judging failed"),)),
    ],
    ids=["a control that must be so", "nothing was to be broken", "the harness failed"],
)
def test_what_another_attempt_would_not_change_is_not(meant: DrillResult) -> None:
    assert not runs_again(meant, 5)


def test_a_control_that_must_be_missed_is_tried_again_where_it_proved_nothing() -> None:
    assert runs_again(replace(INVALID, control="MISSED"), 1)


def test_there_are_as_many_as_were_wished() -> None:
    attempts, drills = Attempts(), [INVALID]
    for number in (2, 3):
        assert runs_again(drills[-1], 2)
        attempts.put_aside(drills)
        assert (drills, attempts.number) == ([], number)
        drills.append(attempts.with_earlier(INVALID))
    assert not runs_again(drills[-1], 2)
    assert [len(attempt.attempts) for attempt in drills[-1].attempts] == [0, 0]


def test_how_it_is_said() -> None:
    met = replace(INVALID, verdict=Verdict.MET, findings=(), attempts=(INVALID, INVALID))
    said = (
        "MET at the 3rd attempt; 1st INVALID because the fault was not seen; 2nd INVALID because the fault was not seen"
    )
    assert wording.attempts(met) == said
    assert wording.headline(met) == "MET, 3rd attempt"
    assert wording.headline(replace(sample_run(), drills=(met, INVALID))).endswith("1 drill tried again")
    assert wording.attempts(INVALID) == ""
    assert [wording.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th",
    ]  # fmt: skip
