"""How a scenario's end becomes a verdict, and a verdict a test's outcome."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import (
    ENDINGS,
    DrillMissed,
    NotMeasurable,
    SubjectError,
    VerdictReached,
)  # fmt: skip
from harness.outcome import Verdict
from harness.pytest_plugin.session import DRILL, DrillSession, session_of

_PACKAGE = Path(__file__).resolve().parents[1]


def conclude(item: pytest.Item) -> Generator[None, Any, Any]:
    """Around a test's call: when a scenario has ended, measure it; its verdict decides the test."""
    raised: BaseException | None = None
    outcome = None
    try:
        outcome = yield
    except BaseException as error:
        raised = error
        if DRILL not in item.stash or not isinstance(error, Exception | pytest.fail.Exception):
            raise
    if DRILL not in item.stash:
        return outcome
    session = session_of(item.config)
    if isinstance(raised, NotMeasurable):  # asked for by a step of somebody's own; the fixture takes the drill down
        session.leave_out(item.stash[DRILL].record.plan, str(raised))
    result = _finish_drill(session, item.stash[DRILL], _as_verdict(raised))
    if result.verdict is Verdict.MET:
        if session.options.strict and result.warnings:
            left = [finding.text for finding in result.findings if finding.severity != "info"]
            raise DrillMissed(f"strict: {result.warnings} warnings remain: {'; '.join(left)}")
        return outcome
    if raised is not None and type(raised) is ENDINGS[result.verdict]:
        raise raised
    raise ENDINGS[result.verdict]("; ".join(result.reasons)) from raised


def note_left_out(item: pytest.Item, scenario: Any, step: Any) -> None:
    """A step of a scenario has failed: those after it are not tried."""
    if DRILL not in item.stash:
        return
    steps = list(scenario.steps)
    at = next((index for index, one in enumerate(steps) if one is step), len(steps))
    item.stash[DRILL].record.note(not_reached=tuple(one.name for one in steps[at + 1 :]))


def _as_verdict(raised: BaseException | None) -> BaseException | None:
    """A step of the user's own that does not hold is a promise that was not kept, and no error of the harness."""
    of_ours = isinstance(raised, AssertionError) and _raised_in_harness(raised)
    if isinstance(raised, AssertionError | pytest.fail.Exception) and not of_ours and not _timed_out(raised):
        lines = str(raised).strip().splitlines()
        return DrillMissed(f"a step did not hold: {lines[0] if lines else type(raised).__name__}")
    return raised


def _raised_in_harness(error: BaseException) -> bool:
    """Whether it was an assertion of the harness itself that failed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and _PACKAGE in Path(trace.tb_frame.f_code.co_filename).parents


def _timed_out(error: BaseException) -> bool:
    """pytest-timeout ends a test by `pytest.fail`; that is nobody's broken promise."""
    return "from pytest-timeout" in str(error) or str(error).startswith("Timeout ")


def _finish_drill(session: DrillSession, drill: Drill, raised: BaseException | None) -> DrillResult:
    if raised is not None and not isinstance(raised, VerdictReached):
        session.broke_off(drill.record.plan, drill.record.folder, raised)
        if isinstance(raised, SubjectError):
            session.give_up(str(raised))
        drill.abandon()
        session.close_world()  # whatever state it is in, no further drill may be judged by it
        raise raised
    try:
        result = drill.finish(raised)
    except Exception as error:
        session.broke_off(drill.record.plan, drill.record.folder, error)
        session.close_world()
        raise
    return session.record(result, drill.without_judgement)
