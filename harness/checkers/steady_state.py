"""Is the arrangement working as on any other day? A drill starts from there, and should end there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.checkers.result import CheckResult
from harness.history.events import Operation
from harness.measurement.availability import share
from harness.measurement.models import JUDGED_COHORT, acknowledged
from harness.outcome import Verdict

SERVED_SHARE = 0.99
ACKNOWLEDGED_WRITES = 50


@dataclass(frozen=True)
class Surroundings:
    """What steady state needs besides the clients.

    answers: observer -> addresses it was last given. quorum: enough health checkers have data. replicated: a canary
    item arrived on the other side; None: nothing is meant to replicate.
    """

    answers: Mapping[str, Sequence[str]]
    quorum: bool
    replicated: bool | None


def steady_state(
    operations: Iterable[Operation],
    from_ns: int,
    to_ns: int,
    around: Surroundings,
    writes_needed: int = ACKNOWLEDGED_WRITES,
) -> CheckResult:
    """MET, or INVALID with every reason in words, for the operations sent in [from_ns, to_ns)."""
    window = [o for o in operations if from_ns <= o.sent_ns < to_ns]
    served = share(window, cohort=JUDGED_COHORT)
    writes = sum(1 for o in window if acknowledged(o))
    reasons: list[str] = []
    if served.value is None:
        reasons.append("no dns client sent anything")
    elif served.value < SERVED_SHARE:
        reasons.append(
            f"dns clients: {served.value:.1%} of {served.total} operations served, {SERVED_SHARE:.0%} needed"
        )
    if writes < writes_needed:
        reasons.append(f"{writes} acknowledged writes, {writes_needed} needed")
    reasons.extend(_about(around))
    if reasons:
        return CheckResult("steady_state", Verdict.INVALID, "no steady state: " + "; ".join(reasons))
    text = f"{served.good} of {served.total} operations of dns clients served, {writes} writes acknowledged, one answer"
    return CheckResult("steady_state", Verdict.MET, text)


def _about(around: Surroundings) -> Iterable[str]:
    different = {tuple(sorted(addresses)) for addresses in around.answers.values()}
    if len(different) > 1:
        told = "; ".join(f"{who}: {', '.join(addresses)}" for who, addresses in sorted(around.answers.items()))
        yield f"DNS gives more than one answer ({told})"
    if not any(different):
        yield "nobody has a DNS answer"
    if not around.quorum:
        yield "too few health checkers have reported"
    if around.replicated is False:
        yield "the replication canary did not arrive on the other side"
