"""What clients saw while somebody else broke things: every outage as a bracket, and no promise to judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.clock import to_ns, to_s
from harness.drill.conclusion import HISTORY, sha256_of
from harness.drill.evidence import DrillResult, Objectives, Outage
from harness.drill.plan import window_s
from harness.history import codec
from harness.history.events import Event
from harness.history.log import pair
from harness.measurement.availability import by_cohort
from harness.measurement.lateness import in_seconds, lateness_ns, padding
from harness.measurement.models import JUDGED_COHORT
from harness.measurement.outages import interruptions
from harness.outcome import Bracket, Verdict
from harness.topology.environment import Environment
from harness.topology.timing import Timing

NAME = "watch"


def watched(environment: Environment, timing: Timing, events: Sequence[Event], folder: Path) -> DrillResult:
    """The evidence of a watch; its history is written to `folder`.

    MET: no judged client saw an outage. MISSED: at least one did; each is in `outages`. INVALID: nothing was sent.
    """
    ordered = sorted(events, key=lambda event: event.mono_ns)
    operations = pair(ordered)
    start_ns = operations[0].sent_ns if operations else 0
    end_ns = max((event.mono_ns for event in ordered), default=0)
    window_ns = to_ns(window_s(environment, timing))
    found = interruptions(operations, window_ns, padding(operations, start_ns, end_ns))
    judged = [outage for outage in found if outage.cohort == JUDGED_COHORT]
    codec.write(folder / HISTORY, ordered)
    return DrillResult(
        name=NAME,
        feature="by hand",
        scenario="Watch",
        verdict=_verdict(bool(operations), judged),
        reasons=_reasons(bool(operations), [outage.duration for outage in judged]),
        objectives=Objectives(),
        rto_by_cohort={},
        outages=tuple(Outage(o.cohort, o.duration, o.first_bad_ns, o.last_bad_ns) for o in found),
        availability={n: share.value for n, share in by_cohort(operations).items() if share.value is not None},
        witness=in_seconds(lateness_ns(operations)),
        history=f"{folder.name}/{HISTORY}",
        history_sha256=sha256_of(folder / HISTORY),
        duration_s=to_s(end_ns - start_ns),
    )


def _verdict(sent: bool, judged: Sequence[object]) -> Verdict:
    if not sent:
        return Verdict.INVALID
    return Verdict.MISSED if judged else Verdict.MET


def _reasons(sent: bool, durations: Sequence[Bracket]) -> tuple[str, ...]:
    if not sent:
        return ("the clients sent nothing, so nothing was seen",)
    if not durations:
        return ("no client that follows DNS saw an outage",)
    return tuple(f"clients that follow DNS were without service for {_text(d)}" for d in durations)


def _text(duration: Bracket) -> str:
    if duration.high_ns is None:
        return f"at least {to_s(duration.low_ns):.2f} s, and were so still at the end"
    return f"{to_s(duration.low_ns):.2f} to {to_s(duration.high_ns):.2f} s"
