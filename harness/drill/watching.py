"""What clients saw while somebody else broke things: every outage as a bracket, and no objective to judge it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.checkers.promise import Promise
from harness.drill import watched_promises
from harness.drill.case_files import hashes, sha256_of
from harness.drill.conclusion import HISTORY
from harness.drill.evidence import DrillResult, Finding, ObjectiveResult, Objectives, Outage
from harness.drill.plan import law_of, unanswered_ns
from harness.history import codec
from harness.history.events import Event, Operation
from harness.history.log import pair
from harness.measurement.availability import by_cohort
from harness.measurement.lateness import in_seconds, lateness_ns, padding
from harness.measurement.models import JUDGED_COHORT, Padding
from harness.measurement.outages import Interruption, interruptions
from harness.outcome import Bracket, Verdict
from harness.spelling import bracket
from harness.topology.environment import Environment
from harness.topology.timing import Timing
from harness.units import to_s

NAME = "watch"
FEATURE = "by hand"
_STEADY_OPERATIONS = 100
"""Of the judged clients, before anything failed: fewer are too few to take the brackets' padding from."""


def watched(
    environment: Environment,
    timing: Timing,
    events: Sequence[Event],
    folder: Path,
    *,
    logs: Sequence[str] = (),
    ended: Sequence[str] = (),
    asked_for: str | None = None,
    promise: Promise | None = None,
    places: Mapping[str, str] | None = None,
) -> DrillResult:
    """The evidence of a watch; its history is written to `folder`. ended: sentences on what ended meanwhile.

    promise: what the subject promises of its data; places: by the address that DNS answers.

    MET: no judged client saw an outage, and no promise was broken; MISSED otherwise. Each outage is in `outages`,
    the longest of each cohort in `rto_by_cohort`, which starts at the last success here, since no fault is known.
    INVALID: nothing was sent.
    """
    ordered = sorted(events, key=lambda event: event.mono_ns)
    operations = pair(ordered)
    start_ns = operations[0].sent_ns if operations else 0
    end_ns = max((event.mono_ns for event in ordered), default=0)
    window_ns = law_of(environment, timing).window_ns
    blur = _padding(operations, start_ns, end_ns)
    found = interruptions(operations, window_ns, blur, timeout_ns=unanswered_ns(environment.workload.timeout_s))
    worst = _longest(found)
    judged = [outage for outage in found if outage.cohort == JUDGED_COHORT]
    promises = () if promise is None else watched_promises.judged(operations, promise, places or {}, window_ns)
    broken = [result for result in promises if result.verdict is Verdict.MISSED]
    codec.write(folder / HISTORY, ordered)
    return DrillResult(
        name=NAME,
        feature=FEATURE,
        scenario="Watch",
        verdict=_verdict(bool(operations), [*judged, *broken]),
        reasons=_reasons(bool(operations), [outage.duration for outage in judged], [result.text for result in broken]),
        results=tuple(ObjectiveResult(r.name, r.verdict, r.text, promise=True) for r in promises if operations),
        objectives=Objectives(),
        rto=worst.get(JUDGED_COHORT),
        rto_by_cohort=worst,
        findings=(
            *(Finding("ended", sentence, "serious") for sentence in ended),
            *(finding for result in promises for finding in result.findings),
        ),
        outages=tuple(Outage(o.cohort, o.duration, o.first_bad_ns, o.last_bad_ns) for o in found),
        availability={n: share.value for n, share in by_cohort(operations).items() if share.value is not None},
        witness=in_seconds(lateness_ns(operations)),
        history=f"{folder.name}/{HISTORY}",
        history_sha256=sha256_of(folder / HISTORY),
        duration_s=to_s(end_ns - start_ns),
        logs=tuple(logs),
        files=hashes(folder.parent, logs),
        settings={} if asked_for is None else {"for": asked_for},
    )


def _padding(operations: Sequence[Operation], start_ns: int, end_ns: int) -> Padding:
    """What blurs the brackets: measured before anything failed, or over all when that is too short."""
    judged = [operation for operation in operations if operation.invoke.cohort == JUDGED_COHORT]
    bad_ns = next((operation.sent_ns for operation in judged if not operation.good), end_ns)
    steady = sum(operation.sent_ns < bad_ns for operation in judged)
    return padding(operations, start_ns, bad_ns if steady >= _STEADY_OPERATIONS else end_ns)


def _longest(found: Sequence[Interruption]) -> dict[str, Bracket | None]:
    """Each cohort's longest interruption; one that did not end is longer than any that did."""
    longest: dict[str, Bracket | None] = {}
    for one in sorted(found, key=lambda o: (o.duration.high_ns is None, o.duration.high_ns or o.duration.low_ns)):
        longest[one.cohort] = one.duration
    return dict(sorted(longest.items()))


def _verdict(sent: bool, judged: Sequence[object]) -> Verdict:
    if not sent:
        return Verdict.INVALID
    return Verdict.MISSED if judged else Verdict.MET


def _reasons(sent: bool, durations: Sequence[Bracket], broken: Sequence[str]) -> tuple[str, ...]:
    if not sent:
        return ("the clients sent nothing, so nothing was seen",)
    if not durations:
        return (*broken, "no client that follows DNS saw an outage")
    return (*(f"clients that follow DNS were without service for {_text(d)}" for d in durations), *broken)


def _text(duration: Bracket) -> str:
    return bracket(duration) + ("" if duration.high_ns is not None else ", and were so still at the end")
