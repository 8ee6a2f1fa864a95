"""Whether whatever runs the application's pods ended any of them, by a probe, while a drill went on."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding
from harness.drill.case import Requirement
from harness.drill.measures import Measures
from harness.history.events import PodEvent
from harness.outcome import Verdict
from harness.spelling import seconds

NAME = "no-restarts"
KILLED, WAITED = "killing", "backoff"


def no_restarts(_: Requirement, measures: Measures) -> CheckResult:
    """MISSED with which pods, how often, and why; and that what had to wait for its back-off was back later for it."""
    pods = [event for event in measures.context if isinstance(event, PodEvent)]
    if not pods:
        return CheckResult(NAME, Verdict.UNKNOWN, "nobody told of any pod")
    faults = [fault.started_ns for fault in measures.case.faults if fault.applied]
    since_ns = min(faults, default=measures.steady_ns)
    killed = [event for event in pods if event.what == KILLED and event.mono_ns >= since_ns]
    if not killed:
        return CheckResult(NAME, Verdict.MET, "no probe ended a pod")
    places = sorted({event.place for event in killed})
    names = sorted({f"{event.pod} in {event.place}" for event in killed})
    waits = [event for event in pods if event.what == WAITED and event.mono_ns >= since_ns]
    first = killed[0]
    text = (
        f"probes ended pods of {' and '.join(places)} {len(killed)} times ({', '.join(names)}), first "
        f"{seconds(first.mono_ns - since_ns)} after the fault: {first.text}"
    )
    if waits:
        text += f"; containers waited for the crash-loop back-off (times: {len(waits)}; at last: {waits[-1].text})"
    findings = tuple(Finding(NAME, f"{event.pod} in {event.place}: {event.text}", "serious") for event in killed[:3])
    return CheckResult(NAME, Verdict.MISSED, text, findings)
