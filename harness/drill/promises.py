"""What a subject promises of its data is judged in every drill with a fault, whatever the scenario asked.

A broken promise is a miss. One that a drill could not put to the test is shown as not measured, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult, Finding
from harness.drill.judging import moves, recovery_points
from harness.drill.measures import Measures
from harness.outcome import Verdict
from harness.topology.consistency import Consistency
from harness.units import to_ns

ONE_SIDE = "one-side-writes"
FLAPPING = "flapping"
NOT_MEASURED = "not measured"
ALWAYS = ("reads", "writes-kept", "deletes", "phantoms", "duplicates")
"""Promises of every subject: where a drill did not put one to the test, it is said."""
NOT_PROMISED = ("divergence",)
"""What is worth knowing and breaks no promise by itself: a plan need not replicate anything."""
_NEEDS = {"deletes": "delete", "reads": "get"}
"""What is promised of one operation means nothing to an application that has none such."""
TOLD_BETTER = ("durability",)
"""Requirements whose findings the promises have in more detail, with the operations."""
_LOOP = "replication-loop"
_MEANT_BY = {"durability": ("writes-kept", "deletes", "phantoms"), "split-brain": (ONE_SIDE,)}
"""What a scenario may ask for by itself, and which promises say it more precisely."""


def promise_of(consistency: Consistency) -> Promise:
    """What a subject file promises."""
    return Promise(
        writes=consistency.writes,
        reads=consistency.reads,
        staleness_ns=to_ns(consistency.staleness_s or 0.0),
        deletes_final=consistency.deletes == "final",
        groups_whole=consistency.groups == "whole",
        causal=consistency.order == "causal",
    )


def as_evidence(measures: Measures) -> Mapping[str, str | float | bool] | None:
    """The promise as run.json says it; writes_stated: whether the subject's file says which sides write."""
    promise = measures.case.promise
    if promise is None:
        return None
    told: dict[str, str | float | bool] = {
        "writes": writes(measures) or "one",  # what holds where nobody can tell
        "writes_stated": promise.writes is not None,
        "reads": promise.reads,
        "staleness_s": promise.staleness_ns / 1e9,
        "deletes": "final" if promise.deletes_final else "undoable",
    }
    if "group" in measures.case.workload.functions:
        told["groups"] = "whole" if promise.groups_whole else "items"
    if promise.causal:
        told["order"] = "causal"
    return {name: value for name, value in told.items() if not _idle(name, measures)}


def writes(measures: Measures) -> str | None:
    """Which sides may write: as it was stated, else as the time before the first fault showed it.

    None: no promise, or nobody can tell.
    """
    promise = measures.case.promise
    if promise is None or promise.writes is not None:
        return None if promise is None else promise.writes
    return moves.writes_at_rest(measures)


def judged(measures: Measures) -> tuple[CheckResult, ...]:
    """One result for each promise; none where nothing was broken, or the case is of a time before there were any."""
    case = measures.case
    if case.promise is None or not any(fault.applied for fault in case.faults):
        return ()
    # A loop is what much else comes from, so it is told first.
    data = sorted((r for r in measures.anomalies if r.name not in NOT_PROMISED), key=lambda r: r.name != _LOOP)
    point = recovery_points.promised(measures)
    found = [*data, *([] if point is None else [point]), *_of_sides(measures), _of_answers(measures)]
    seen = {result.name for result in found}
    wanted = [name for name in ALWAYS if name not in seen and not _idle(name, measures)]
    missing = [CheckResult(name, Verdict.UNKNOWN, "nothing put it to the test") for name in wanted]
    return tuple(_told(result) for result in (*found, *missing))


def _idle(name: str, measures: Measures) -> bool:
    """Whether a promise is about an operation that the application does not have."""
    return name in _NEEDS and measures.case.workload.lacks(_NEEDS[name])


def _told(result: CheckResult) -> CheckResult:
    if result.verdict is not Verdict.UNKNOWN:
        return result
    return replace(result, text=f"{NOT_MEASURED}: {result.text}")


def broken(results: tuple[CheckResult, ...]) -> list[CheckResult]:
    """Those that break a promise for certain."""
    return [result for result in results if result.verdict is Verdict.MISSED]


def more_precise(requirement: str, results: tuple[CheckResult, ...]) -> bool:
    """Whether a broken promise says in more detail what a missed requirement is about."""
    return any(result.name in _MEANT_BY.get(requirement, ()) for result in broken(results))


# --- each of them -----------------------------------------------------------------------------------------------------


def _of_sides(measures: Measures) -> Iterator[CheckResult]:
    stated = measures.case.promise is not None and measures.case.promise.writes is not None
    shown = writes(measures)
    if shown == "both":
        if not stated:
            yield undeclared()
        return
    found = of_one_side(moves.split_brain_of(measures), stated=stated)
    yield unclear(found) if shown is None and found.verdict is Verdict.MISSED else found


def undeclared() -> CheckResult:
    """What is said of a plan that shows writes on both sides, and does not say so: it may as well be a broken one."""
    text = (
        "both sides accept writes in the steady state, and the subject's file does not say whether they may, so "
        "nothing is held against it; declare it: `consistency: {writes: both}`, or `writes: one` where only one may"
    )
    return CheckResult(ONE_SIDE, Verdict.UNKNOWN, text, (Finding("writes-on-both-sides", text, "warning"),))


def unclear(found: CheckResult) -> CheckResult:
    """What is said where two sides accepted writes, and the time before the fault does not tell whether they may."""
    text = (
        "the standby accepted writes before the fault, too few to tell whether both sides may write; declare it: "
        f"`consistency: {{writes: both}}`, or `writes: one`. As it stands: {found.text}"
    )
    return CheckResult(ONE_SIDE, Verdict.UNKNOWN, text, (Finding("writes-on-both-sides", text, "warning"),))


def of_one_side(result: CheckResult, *, stated: bool) -> CheckResult:
    """Whether one side at a time accepted writes, as a promise."""
    if result.verdict is not Verdict.MISSED or stated:
        return replace(result, name=ONE_SIDE)
    text = f"{result.text}; if both may, declare it: `consistency: {{writes: both}}` in the subject's file"
    return replace(result, name=ONE_SIDE, text=text)


def _of_answers(measures: Measures) -> CheckResult:
    """The addresses in it by the names of their places."""
    result = replace(moves.flapping_of(measures, measures.case.by_address), name=FLAPPING)
    return replace(result, text=result.findings[0].text) if result.findings else result
