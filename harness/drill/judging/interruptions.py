"""What the plan itself cost the clients: interruptions by a failback, a drain or a failover that nobody needed."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checkers import planned as checks
from harness.checkers.result import CheckResult
from harness.drill.case import Case
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.judging.recovery import usual_of
from harness.drill.lifecycle import Phase
from harness.drill.measures import Measures
from harness.history.events import Mark
from harness.measurement.models import JUDGED_COHORT, FaultInterval
from harness.measurement.planned import PlannedInterruption, Setting, planned_interruptions

_ABOUT_MOVES = ("failback", "no-failover")


def interruptions_of(measures: Measures) -> tuple[tuple[int, PlannedInterruption], ...]:
    """Of the whole drill, in order of time, each with the number of its episode."""
    end_ns = scenario_end_ns(measures)
    found = []
    for episode in measures.episodes:
        setting = _setting(measures, episode, end_ns)
        if setting is not None:
            found += [(episode.index, one) for one in planned_interruptions(measures.operations, setting)]
    return tuple(found)


def promised_s(case: Case) -> float | None:
    """The longest interruption that was promised: the recovery time objective unless something else was stated."""
    stated = case.objectives.planned_interruption_s
    return case.objectives.rto_s if stated is None else stated


def planned_interruption(
    measures: Measures, interruptions: Sequence[tuple[int, PlannedInterruption]]
) -> CheckResult | None:
    """Judged against its promise; None where there was none, and the scenario asked nothing about moves.

    interruptions: as `interruptions_of` finds them.
    """
    case, limit_s = measures.case, promised_s(measures.case)
    found = [(case.told(index), one) for index, one in interruptions]
    asked = any(requirement.name in _ABOUT_MOVES for requirement in case.required)
    if limit_s is None or not (found or asked) or not any(fault.applied for fault in case.faults):
        return None
    return checks.planned_interruption(found, limit_s, case.by_address)


def _setting(measures: Measures, episode: EpisodeMeasures, end_ns: int | None) -> Setting | None:
    case, judged = measures.case, episode.cohorts.get(JUDGED_COHORT)
    if judged is None:
        return None
    named = [r for r in case.required if r.episode == episode.index]
    back = [r.place for r in named if r.name == "failback" and r.place is not None]
    ends = [moment for moment in (episode.stretch.until_ns, end_ns) if moment is not None]
    usual = usual_of(case, episode)
    return Setting(
        judged.by_client,
        _heal(episode),
        min(ends, default=None),
        case.addresses[back[-1] if back else case.primary],
        owed=any(r.name == "rto" for r in named),
        window_ns=usual.window_ns,
        padding=usual.padding,
        failure_rate=usual.failure_rate,
        timeout_ns=usual.timeout_ns,
        # Where clients must stay after they have moved, the move itself was wanted.
        stay=any(r.name == "no-failover" and r.place == episode.lost for r in named),
    )


def _heal(episode: EpisodeMeasures) -> FaultInterval | None:
    """When what the episode began with, or what still held, was taken back within it."""
    onset, heal_ns = episode.onset, episode.stretch.heal_ns
    if onset is None or heal_ns is None:
        return None
    return FaultInterval(heal_ns, max(heal_ns, onset.stop_high_ns or heal_ns))


def scenario_end_ns(measures: Measures) -> int | None:
    """When the last step had ended: what the clean-up heals is no part of the drill. None: nobody marked it."""
    marks: Sequence[Mark] = [event for event in measures.context if isinstance(event, Mark)]
    quiet = next((n for n, mark in enumerate(marks) if mark.f == Phase.QUIESCE), None)
    if quiet is None:
        return None
    by_us = quiet > 0 and marks[quiet - 1].f == Phase.HEAL
    return marks[quiet - 1 if by_us else quiet].mono_ns
