"""Anomaly A19: a drill that proves nothing must never pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.checkers.result import CheckResult, Finding
from harness.history.events import Commit, Event, Operation
from harness.history.gathering import columns_of
from harness.measurement.canary import CanaryJudgement
from harness.measurement.models import JUDGED_COHORT, FaultInterval, is_judged
from harness.measurement.propagation import answer_changes
from harness.measurement.shares import Share
from harness.outcome import Verdict
from harness.units import NS_PER_MS

OPERATIONS_DURING_FAULT = 20
PROVES_NOTHING = "the drill proves nothing: "
NO_FAULT = "no fault was injected"
STRAY_PROBES = 2
STRAY_SHARE = 0.01


def vacuity(
    operations: Iterable[Operation],
    events: Iterable[Event | Commit],
    *,
    fault: FaultInterval | None,
    steady_ns: int | None,
    canaries: Mapping[str, CanaryJudgement],
    untouched: Mapping[str, Share],
    lateness_p999_ns: int | None,
    probe_period_ns: int,
    operations_needed: int = OPERATIONS_DURING_FAULT,
) -> CheckResult:
    """MET when a drill of one fault can prove something, INVALID with every reason when not.

    See `of_fault` and `of_witness`, which a drill of several faults puts together itself.
    """
    reasons = [
        *of_fault(
            operations, events, fault=fault, steady_ns=steady_ns, canaries=canaries,
            operations_needed=operations_needed,
        ),
        *of_witness(lateness_p999_ns, probe_period_ns, untouched),
    ]  # fmt: skip
    return verdict_on(reasons, [c.sentence for c in canaries.values()])


def of_fault(
    operations: Iterable[Operation],
    events: Iterable[Event | Commit],
    *,
    fault: FaultInterval | None,
    steady_ns: int | None,
    canaries: Mapping[str, CanaryJudgement],
    operations_needed: int = OPERATIONS_DURING_FAULT,
) -> Iterator[str]:
    """Why one fault proves nothing. fault: None when nothing was injected.

    steady_ns: since when the DNS answer must not have changed before the fault; None: nobody ever saw a calm state
    before it. canaries: by fault.
    """
    if fault is None:
        yield NO_FAULT
        return
    yield from _during(operations, fault, operations_needed)
    if steady_ns is None:
        yield "no steady state held before the fault, so nothing shows what it changed"
    else:
        yield from _answer_before(events, steady_ns, fault.start_low_ns)
    yield from (f"fault {name} not observed: {c.sentence}" for name, c in canaries.items() if not c.observed)
    if not canaries:
        yield "no canary watched the fault"


def of_return(
    operations: Iterable[Operation],
    *,
    heal: FaultInterval,
    canaries: Mapping[str, CanaryJudgement],
    operations_needed: int = OPERATIONS_DURING_FAULT,
) -> Iterator[str]:
    """Why the heal of one fault, while others hold, proves nothing: nobody saw that the place came back."""
    yield from _during(operations, heal, operations_needed, "after the heal")
    for name, canary in canaries.items():
        if canary.healed is None:
            yield f"the heal of {name} was not seen: nobody tried its links afterwards"
        elif not canary.healed:
            yield f"the heal of {name} was not seen: its links fail still"


def of_witness(lateness_p999_ns: int | None, probe_period_ns: int, untouched: Mapping[str, Share]) -> Iterator[str]:
    """Why nothing that was measured can be believed.

    untouched: answered probes of each link that no fault touched. lateness_p999_ns: how late the witness sent, None
    when it sent nothing. probe_period_ns: time between two planned operations of one client and kind.
    """
    if lateness_p999_ns is None:
        yield "the witness sent nothing"
    elif lateness_p999_ns > probe_period_ns / 2:
        late_ms, half_ms = lateness_p999_ns / NS_PER_MS, probe_period_ns / 2 / NS_PER_MS
        yield f"the witness was too late to measure: p99.9 {late_ms:.0f} ms, {half_ms:.0f} ms allowed"
    yield from disturbed(untouched)


def verdict_on(reasons: Iterable[str], seen: Iterable[str]) -> CheckResult:
    """INVALID with every reason; MET when there is none. seen: what shows that each fault was there."""
    found = list(dict.fromkeys(reasons))
    if found:
        findings = tuple(Finding("A19", reason, "serious") for reason in found)
        return CheckResult("vacuity", Verdict.INVALID, PROVES_NOTHING + "; ".join(found), findings)
    told = list(seen)
    what = "the fault was there" if len(told) < 2 else "the faults were there"
    return CheckResult("vacuity", Verdict.MET, f"{what}: {'; '.join(told)}")


def _during(
    operations: Iterable[Operation], fault: FaultInterval, needed: int, when: str = "while the fault held"
) -> Iterable[str]:
    during = columns_of(operations).between(fault.start_high_ns, fault.stop_low_ns)
    count = int(during.of_cohort(JUDGED_COHORT).sum())
    if count < needed:
        yield f"dns clients sent only {count} operations {when}, {needed} needed"


def disturbed(untouched: Mapping[str, Share]) -> Iterable[str]:
    """Where even what no fault touched fails, its effects cannot be told from those of an overloaded machine."""
    for link, answered in untouched.items():
        failed = answered.total - answered.good
        if failed > max(STRAY_PROBES, STRAY_SHARE * answered.total):
            yield (
                f"{failed} of {answered.total} probes of {link} failed, which no fault touched: "
                "this machine is overloaded, or the load too high"
            )


def _answer_before(events: Iterable[Event | Commit], from_ns: int, fault_ns: int) -> Iterable[str]:
    for client, changes in answer_changes(events).items():
        if not is_judged(client):
            continue  # it holds answers for longer than it may, so it changes its own when nothing happens
        early = [a for a in changes if from_ns <= a.mono_ns < fault_ns]
        if early:
            yield f"the DNS answer seen by {client} changed {len(early)} times before the fault"
