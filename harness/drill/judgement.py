"""From measurements to verdicts: which function judges which requirement that a scenario can state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.checkers.result import CheckResult
from harness.drill.case import Requirement
from harness.drill.judging import (
    audience,
    business,
    databases,
    journeys,
    loss,
    moves,
    parties,
    rebuilt,
    reconciled,
    recovery,
    restarts,
    restored,
    theme,
    told,
)
from harness.drill.judging.loss import converged
from harness.drill.judging.moves import failback_of
from harness.drill.measures import Measures

__all__ = ["WHOLE", "converged", "failback_of", "judge", "observations"]


def judge(requirement: Requirement, measures: Measures) -> CheckResult:
    """The verdict on one requirement from what is known so far. Raises KeyError for a requirement nobody knows."""
    result = _CHECKS[requirement.name](requirement, measures)
    return replace(result, text=f"{measures.case.told(requirement.episode)}{result.text}")


def observations(measures: Measures) -> list[CheckResult]:
    """What is worth knowing although the scenario did not require it; never part of the verdict.

    Where the subject's promises are judged, only what goes beyond them is left.
    """
    required = {requirement.name for requirement in measures.case.required}
    wanted: list[tuple[str, Callable[[], CheckResult]]] = [
        ("staleness", lambda: measures.wrong_reads.result()),
        ("split-brain", lambda: moves.split_brain_of(measures)),
        ("durability", lambda: loss.durability_of(measures)),
        ("flapping", lambda: moves.flapping_of(measures)),
    ]
    if not any(fault.applied for fault in measures.case.faults):
        return []
    if measures.case.promise is not None:
        return [loss.beyond_promises(measures)]
    return [check() for name, check in wanted if name not in required]


_CHECKS: dict[str, Callable[[Requirement, Measures], CheckResult]] = {
    "rto": recovery.rto,
    "rpo": loss.rpo,
    "rpo-shows-stall": loss.rpo_shows_stall,
    "failback": moves.failback_required,
    "durability": lambda _, measures: loss.durability_of(measures),
    "same-data": lambda _, measures: loss.same_data(measures),
    "both-sides-wrote": lambda _, measures: moves.both_sides_wrote(measures),
    "split-brain": lambda _, measures: moves.one_side_required(measures),
    "no-failover": moves.no_failover,
    "nowhere-to-go": moves.nowhere_to_go,
    "error-budget": recovery.error_budget,
    "no-restarts": restarts.no_restarts,
    restored.NAME: restored.table_restored,
    rebuilt.NAME: rebuilt.region_rebuilt,
    theme.NAME: theme.theme_restored,
    databases.NAME: databases.database_of_writes,
    reconciled.NAME: reconciled.reconciled,
    business.KEPT: business.kept,
    business.ONCE: business.once,
    business.ORDER: business.order,
    business.FORGED: business.forged,
    business.TRUSTED: business.trusted,
    business.SOON: business.soon,
    told.NAME: told.told,
    journeys.NAME: journeys.still,
    audience.NAME: audience.back_in_time,
    parties.HOLDS: parties.holds,
    parties.HOLDS_WRITES: parties.holds,
    parties.ORDER: parties.order,
    parties.SPARED: parties.spared,
}
OF_BUSINESS: Sequence[str] = (
    business.KEPT, business.ONCE, business.ORDER, business.FORGED, business.TRUSTED, business.SOON, told.NAME,
)  # fmt: skip
OF_PARTIES: Sequence[str] = (parties.HOLDS, parties.HOLDS_WRITES, parties.ORDER, parties.SPARED)
OF_DATA: Sequence[str] = (restored.NAME, rebuilt.NAME, reconciled.NAME, theme.NAME)
WHOLE: Sequence[str] = (
    "durability", "same-data", "split-brain", "no-restarts", "both-sides-wrote", *OF_DATA, *OF_BUSINESS,
    *OF_PARTIES,
)  # fmt: skip
"""Requirements that are about the whole drill."""
