"""Anomalies A11 (the answer flaps) and A12 (a failover that nobody needed)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Commit, DnsAnswer, Event, Operation
from harness.history.gathering import columns_of
from harness.measurement.models import JUDGED_COHORT, address_of
from harness.measurement.propagation import answer_changes
from harness.names import AUTHORITATIVE
from harness.outcome import Verdict


def flapping(
    events: Iterable[Event | Commit], planned_changes: int, from_ns: int = 0, places: Mapping[str, str] | None = None
) -> CheckResult:
    """A11: the authoritative answer changed more often than the plan says (failover 1, with failback 2).

    places: by edge address; without them the addresses themselves are told.
    """
    observers = answer_changes(events)
    if AUTHORITATIVE not in observers:
        return CheckResult("flapping", Verdict.UNKNOWN, "nobody watched the authoritative answer")
    changes = [a for a in observers[AUTHORITATIVE] if a.mono_ns >= from_ns]
    text = f"the answer changed {len(changes)} times, {planned_changes} planned"
    if len(changes) <= planned_changes:
        return CheckResult("flapping", Verdict.MET, text)
    told = some([_answered(a, places or {}) for a in changes])
    first_ns = changes[planned_changes].mono_ns
    return CheckResult("flapping", Verdict.MISSED, text, (Finding("A11", f"{text}: {told}", "serious", first_ns),))


def needless_failover(
    events: Iterable[Event | Commit],
    operations: Iterable[Operation],
    *,
    stayed_address: str,
    from_ns: int,
    to_ns: int,
    places: Mapping[str, str] | None = None,
) -> CheckResult:
    """A12: during a disturbance that the plan should sit out, the answer changed, or somebody else took the traffic.

    stayed_address: of the place that must go on serving. from_ns, to_ns: the disturbance and as long after it as it
    could still cause a failover. places: by edge address.
    """
    names = places or {}
    observers = answer_changes(events)
    changes = [a for a in observers.get(AUTHORITATIVE, ()) if from_ns <= a.mono_ns <= to_ns]
    # Clients that are pinned to another place write there whatever the plan does: only the judged ones count.
    columns = columns_of(operations).between(from_ns, to_ns + 1)
    elsewhere = columns.acknowledged & columns.of_cohort(JUDGED_COHORT) & ~columns.dialled(stayed_address)
    moved = columns.operations(np.flatnonzero(elsewhere))
    if changes or moved:
        text = f"{_moves(changes, moved, names)}: no need, {names.get(stayed_address, stayed_address)} could serve"
        return CheckResult("needless_failover", Verdict.MISSED, text, (Finding("A12", text, "serious"),))
    if AUTHORITATIVE not in observers:
        return CheckResult("needless_failover", Verdict.UNKNOWN, "nobody watched the authoritative answer")
    return CheckResult("needless_failover", Verdict.MET, "the plan sat the disturbance out")


def _moves(changes: Sequence[DnsAnswer], moved: Sequence[Operation], names: Mapping[str, str]) -> str:
    """Where the answer went, and which writes went elsewhere, by side."""
    told = []
    if changes:
        to = dict.fromkeys(_answered(a, names) for a in changes)
        times = "once" if len(changes) == 1 else f"{len(changes)} times"
        told.append(f"the answer changed {times}, to {', '.join(to)}")
    sides: dict[str, list[str]] = {}
    for o in moved:
        address = address_of(o) or "nobody knows who"
        sides.setdefault(names.get(address, address), []).append(o.invoke.op)
    if moved:
        by = "; ".join(f"{side}: {some(ops, limit=3)}" for side, ops in sorted(sides.items()))
        told.append(f"others acknowledged {len(moved)} writes ({by})")
    return " and ".join(told)


def _answered(answer: DnsAnswer, names: Mapping[str, str]) -> str:
    """An answer by the names of its places."""
    return "/".join(names.get(one, one) for one in answer.addresses) or "nothing"
