"""The data at the end, when the fault is healed and replication quiet: what was lost, doubled or brought back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.history.events import Operation
from harness.measurement.final_state import FinalState
from harness.measurement.models import acknowledged
from harness.outcome import Outcome
from oracle.superseding import Effect, Writes


def lost_after_heal(
    operations: Iterable[Operation],
    serving: Mapping[str, str],
    other: Mapping[str, str] | None,
    missing_ids: Iterable[str] = (),
) -> FinalState:
    """Compare every acknowledged write with the final tables.

    serving: key -> value on the side that the edge answers with; other: on the other side, None when it is gone for
    good. missing_ids: what the recovery point counted as missing.
    """
    history = list(operations)
    index = Writes.of(history)
    effects = {o.invoke.op: (o, index.effect(o, serving)) for o in history if acknowledged(o)}
    lost = [o for o, effect in effects.values() if effect is Effect.LOST and o.invoke.f == "put"]
    both = serving.keys() | (other or {}).keys()
    return FinalState(
        lost=_ids(lost),
        maybe_lost=_ids(o for o, e in effects.values() if e is Effect.MAYBE and not _hidden(index, o, serving)),
        elsewhere=_ids(o for o in lost if other is not None and index.effect(o, other) is Effect.PRESENT),
        resurrected=_ids(o for o, effect in effects.values() if effect is Effect.LOST and o.invoke.f == "delete"),
        late=tuple(sorted(op for op in missing_ids if op in effects and effects[op][1] is Effect.PRESENT)),
        phantom=_phantoms(index, (serving, other or {})),
        duplicated=_duplicates(index, (serving, other or {})),
        conflicts=tuple(
            sorted(
                k for k in serving.keys() & (other or {}).keys()
                if other is not None and serving[k] != other[k] and {serving[k], other[k]} <= index.by_op.keys()
            )
        ),
        diverged=None if other is None else tuple(sorted(k for k in both if serving.get(k) != other.get(k))),
        lacking=() if other is None else _lacking(index, [o for o, _ in effects.values()], serving, other),
    )  # fmt: skip


def _ids(operations: Iterable[Operation]) -> tuple[str, ...]:
    return tuple(sorted(o.invoke.op for o in operations))


def _lacking(
    index: Writes, writes: Iterable[Operation], serving: Mapping[str, str], other: Mapping[str, str]
) -> tuple[str, ...]:
    """Acknowledged writes without an effect on the other side; keys that show two acknowledged ones."""

    def promised(value: str) -> bool:
        return value in index.by_op and acknowledged(index.by_op[value])

    keys = {o.invoke.k for o in index.by_op.values()} & serving.keys() & other.keys()
    apart = {k for k in keys if serving[k] != other[k] and promised(serving[k]) and promised(other[k])}
    return tuple(sorted(apart | {o.invoke.op for o in writes if index.effect(o, other) is Effect.LOST}))


def _hidden(index: Writes, write: Operation, state: Mapping[str, str]) -> bool:
    """The value above the write is a phantom: reported as such, not as an unknown."""
    visible = state.get(write.invoke.k)
    return visible is not None and (visible not in index.by_op or index.by_op[visible].outcome is Outcome.FAIL)


def _phantoms(index: Writes, states: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Values on keys of the workload; what a subject keeps under keys of its own is its own business."""
    keys = {o.invoke.k for o in index.by_op.values()}
    values = {v for state in states for k, v in state.items() if k in keys}
    return tuple(sorted(v for v in values if v not in index.by_op or index.by_op[v].outcome is Outcome.FAIL))


def _duplicates(index: Writes, states: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    found: set[str] = set()
    for state in states:
        counts = Counter(v for v in state.values() if v in index.by_op)
        found.update(v for v, count in counts.items() if count > 1)
    return tuple(sorted(found))
