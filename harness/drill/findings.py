"""What a reader should know beside the verdict: the findings of all checks, and those of the drill itself."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checkers.result import CheckResult
from harness.drill.case import Case, CaseFault
from harness.drill.evidence import Finding
from harness.drill.measures import EpisodeMeasures, Measures
from harness.spelling import seconds
from harness.units import to_ns


def findings_of(measures: Measures, checks: Sequence[CheckResult]) -> tuple[Finding, ...]:
    """All of them, once each, the most serious first."""
    case = measures.case
    found = [finding for check in checks for finding in check.findings]
    found.extend(finding for episode in measures.episodes for finding in _activation(episode, case))
    found.extend(_not_healed(measures))
    if case.unsent:
        text = f"the witness was too late to send {case.unsent} operations, and left them out: the machine stalled"
        found.append(Finding("unsent", text, "warning"))
    found.extend(Finding("at-rest", sentence, "warning") for sentence in case.at_rest)
    found.extend(Finding("subject-died", sentence, "serious") for sentence in case.deaths)
    if case.mixed_timing:
        text = "the subject does not honour TIME_SCALE: its own intervals are not scaled as the edge's are"
        found.append(Finding("mixed-timing", text, "warning"))
    order = {"serious": 0, "warning": 1, "info": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda f: order.get(f.severity, 1)))


def _activation(episode: EpisodeMeasures, case: Case) -> list[Finding]:
    """When the other side took over: the part of the recovery that a lease takes is in there."""
    if episode.point is None or episode.onset is None:
        return []
    after = seconds(max(0, episode.point.takeover_ns - episode.onset.start_low_ns))
    what = "heal" if episode.episode.begins == "heal" else "fault"
    text = f"{episode.survivor} acknowledged its first write {after} after the {what}"
    if case.lease_s is not None:
        text += f"; the lost side's lease may run for {seconds(to_ns(case.lease_s))} of that"
    return [Finding("activation", text, "info")]


def _not_healed(measures: Measures) -> list[Finding]:
    """A fault that was taken back and still bites, which makes everything after it doubtful."""
    return [
        Finding("not-healed", f"{fault.kind} {fault.target} was healed, and {_still(fault)} afterwards", "serious")
        for fault, judged in zip(measures.case.faults, measures.canaries, strict=True)
        if judged.healed is False
    ]


def _still(fault: CaseFault) -> str:
    return "its links still fail" if fault.links else "what it hit still does not work"
