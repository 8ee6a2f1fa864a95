"""Is a drill a proof of anything? Every one of its episodes must be, and the witness must have been able to see it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checkers import vacuity
from harness.checkers.result import CheckResult
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.measures import Measures
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict

_SHORT = frozenset({"no-failover"})
"""Requirements of a disturbance that may be over before clients have sent much."""


def validity_of(measures: Measures) -> CheckResult:
    """Whether the drill can prove something: every one of its episodes, and the witness."""
    workload = measures.case.workload
    period_ns = round(2 * workload.dns_clients / workload.rate_per_s * 1e9)
    reasons = [
        f"{measures.case.told(episode.index)}{reason}"
        for episode in measures.episodes
        for reason in _doubts(episode, measures)
    ]
    ended = measures.case.ended_by
    early = not measures.episodes and ended is not None and ended.verdict is Verdict.MISSED
    if early and not list(vacuity.disturbed(measures.untouched)):
        return CheckResult("vacuity", Verdict.MET, "nothing was broken yet when the subject broke its promise")
    if not measures.episodes and not early:
        reasons.append(vacuity.NO_FAULT)
    reasons += vacuity.of_witness(measures.lateness_ns.get("p999"), period_ns, measures.untouched)
    return vacuity.verdict_on(reasons, [canary.sentence for canary in measures.canaries])


def _doubts(episode: EpisodeMeasures, measures: Measures) -> Iterator[str]:
    case, onset = measures.case, episode.onset
    names = {index: f"{index + 1}. {fault.kind}" for index, fault in enumerate(case.faults)}
    required = {r.name for r in case.required if r.episode == episode.index}
    # A drill that ended in this episode before anything was asked of it has its own reason for that.
    asked = bool(required - _SHORT) or not required
    needed = vacuity.OPERATIONS_DURING_FAULT if asked else 0
    until_ns = episode.stretch.until_ns
    if episode.episode.begins == "heal" and onset is not None:
        canaries = {names[i]: measures.canaries[i] for i in episode.episode.healed}
        during = _until(onset, until_ns)
        yield from vacuity.of_return(measures.operations, heal=during, canaries=canaries, operations_needed=needed)
        return
    yield from (doubt for index in episode.episode.faults if (doubt := measures.parties.unmet(index)) is not None)
    calm_ns = episode.stretch.calm_ns
    if calm_ns is not None and onset is not None and episode.must_stay_away:
        calm_ns = onset.start_low_ns  # an answer that changes before that is what the scenario asks about
    yield from vacuity.of_fault(
        measures.operations,
        measures.context,
        fault=None if onset is None else _until(onset, until_ns),
        steady_ns=calm_ns,
        canaries={names[i]: measures.canaries[i] for i in episode.episode.faults},
        operations_needed=needed,
    )


def _until(onset: FaultInterval, until_ns: int | None) -> FaultInterval:
    """What an episode began with, up to the next one at the latest."""
    if until_ns is None or (onset.stop_low_ns is not None and onset.stop_low_ns <= until_ns):
        return onset
    return FaultInterval(onset.start_low_ns, onset.start_high_ns, until_ns, until_ns)
