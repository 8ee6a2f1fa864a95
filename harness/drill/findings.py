"""What a reader should know beside the verdict: the findings of all checks, and those of the drill itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.checkers.phases import phase_findings
from harness.checkers.result import CheckResult
from harness.drill.beside import findings_beside
from harness.drill.case import Case, CaseFault
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.episodes import main_of, places_left
from harness.drill.evidence import Finding
from harness.drill.judging.interruptions import scenario_end_ns
from harness.drill.judging.recovery import usual_of
from harness.drill.measures import Measures
from harness.drill.predictions import prediction
from harness.faults.tables_deleted import TablesDeleted
from harness.measurement.models import JUDGED_COHORT
from harness.measurement.still_down import still_down
from harness.spelling import seconds
from harness.units import to_ns

_HOLDS_NOTHING_UP = ("replication-stall", "replication-paused", "replication-slowed")
"""Kinds of faults that make no failover slower."""


def findings_of(
    measures: Measures, checks: Sequence[CheckResult], others: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    """All of them, once each, the most serious first. others: of no check."""
    case = measures.case
    found = [*others, *(finding for check in checks for finding in check.findings)]
    found.extend(finding for episode in measures.episodes for finding in _activation(episode, case))
    found.extend(finding for episode in measures.episodes for finding in _phases(episode, case))
    found.extend(_not_healed(measures))
    found.extend(_still_down(measures))
    found.extend(list(findings_beside(measures, found)))
    if case.unsent:
        text = f"the witness was too late to send {case.unsent} operations, and left them out: the machine stalled"
        found.append(Finding("unsent", text, "warning"))
    found.extend(Finding("at-rest", sentence, "warning") for sentence in case.at_rest)
    found.extend(Finding("subject-died", sentence, "serious") for sentence in case.deaths)
    if case.mixed_timing:
        found.append(_mixed_timing(case))
    order = {"serious": 0, "warning": 1, "info": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda f: order.get(f.severity, 1)))


def _mixed_timing(case: Case) -> Finding:
    """An application that tells of no intervals of its own may well have none that matter."""
    if case.own_timing is False:
        text = (
            "the subject's file tells of no intervals of its own (`timing:`) and does not say that they are scaled "
            "(`honours_time_scale`): if it has any, they are longer here, beside the edge's, than in production"
        )
        return Finding("mixed-timing", text, "info")
    text = "the subject does not honour TIME_SCALE: its own intervals are not scaled as the edge's are"
    return Finding("mixed-timing", text, "warning")


def _phases(episode: EpisodeMeasures, case: Case) -> list[Finding]:
    """Phases of a recovery that are not where the documented constants put them."""
    predicted, worst, onset = prediction(episode, case), episode.worst, episode.onset
    if predicted is None or onset is None or worst is None or worst.never_recovered or worst.recovered_only_after_heal:
        return []
    if not _alone(episode, case):
        return []
    period_ns = to_ns(2 * case.workload.dns_clients / case.workload.rate_per_s)
    blur_ns = episode.padding.total_ns + onset.start_high_ns - onset.start_low_ns + period_ns
    found = phase_findings(
        episode.phases_ns, predicted.phases, blur_ns=blur_ns, lost=episode.lost, survivor=episode.survivor
    )
    return [replace(finding, text=f"{case.told(episode.index)}{finding.text}") for finding in found]


def _alone(episode: EpisodeMeasures, case: Case) -> bool:
    """Whether nothing else was broken meanwhile, or since all was calm before: else the constants do not explain it."""
    calm_ns, main = episode.stretch.calm_ns, main_of(case, episode.episode)
    beside = [fault for fault in case.faults if fault.applied and fault is not main]
    stops = [fault.interval.stop_high_ns for fault in beside if fault.kind not in _HOLDS_NOTHING_UP]
    return calm_ns is not None and all(stop is not None and stop <= calm_ns for stop in stops)


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


def _still_down(measures: Measures) -> list[Finding]:
    """Clients that nobody served in the end, although some place could have."""
    case, end_ns = measures.case, scenario_end_ns(measures)
    if not measures.episodes or not any(fault.applied for fault in case.faults):
        return []
    episode = measures.episodes[-1]
    usual = usual_of(case, episode)
    down = still_down(
        measures.operations, until_ns=end_ns, padding=usual.padding, failure_rate=usual.failure_rate,
        timeout_ns=usual.timeout_ns,
    )  # fmt: skip
    last_ns = measures.end_ns if end_ns is None else end_ns
    if not down or not places_left(case, max(down.values()), last_ns):
        return []
    clients = len({o.invoke.client for o in measures.operations if o.invoke.cohort == JUDGED_COHORT})
    worst = min(down, key=lambda client: (down[client], client))
    text = (
        f"{len(down)} of {clients} clients were still not served when the drill ended, {worst} for "
        f"{seconds(last_ns - down[worst])}"
    )
    return [Finding("still-down", text, "serious", down[worst])]


def _not_healed(measures: Measures) -> list[Finding]:
    """A fault that was taken back and still bites, which makes everything after it doubtful."""
    return [
        Finding("not-healed", f"{fault.kind} {fault.target} was healed, and {_still(fault)} afterwards", "serious")
        for fault, judged in zip(measures.case.faults, measures.canaries, strict=True)
        if judged.healed is False
    ]


def _still(fault: CaseFault) -> str:
    if fault.kind == TablesDeleted.kind:
        return "its tables are not there"
    return "its links still fail" if fault.links else "what it hit still does not work"
