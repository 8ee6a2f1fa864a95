"""What was lost, to the item: writes acknowledged through the lost side whose effect the survivor lacked at takeover.

Takeover is the moment when the survivor acknowledged its first write after the fault: the commit of that write where
the survivor's commit log has it, else its acknowledgement. The survivor's state at that moment comes from its commit
log, which makes the count exact; scans before and after the moment bound it from both sides instead. Which side a
write went through is the address that its client dialled.

Writes with an unknown outcome were not acknowledged, so none of them is ever missing: `unknown` counts those that the
survivor lacks. They only widen the range of missing writes where a missing one hangs on such an outcome (see
superseding.py). A write is lost once: what a recovery point of an earlier loss of the same place counted is left out,
unless that place had it again when it was lost again (its commit log tells).

In seconds it is the span of what the lost side promised and the survivor lacks: from the oldest missing acknowledgement
to the fault's onset, or to the newest missing acknowledgement where that came later, for a side that goes on
acknowledging into the void loses more with every second. Known error: 0 items; seconds are off by at most the width of
the fault's onset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.events import Commit, Operation
from harness.measurement.models import FaultInterval, acknowledged, address_of
from harness.measurement.recovery_point import RecoveryPoint, Scans
from harness.outcome import Outcome
from oracle.superseding import Effect, Writes, settled_ns


@dataclass(frozen=True)
class Earlier:
    """What earlier losses of the same place have taken already.

    points: their recovery points. held: what the place's own table showed when this loss began, None when not known.
    """

    points: Sequence[RecoveryPoint] = ()
    held: Mapping[str, str] | None = None

    @property
    def until_ns(self) -> int:
        """Up to when they have counted writes that nobody answered."""
        return max((point.takeover_ns for point in self.points), default=-1)

    def effects(self, history: Iterable[Operation], onset_ns: int) -> Mapping[str, Effect]:
        """By id, whether the place had a write again that was counted before: LOST: no, so it was not lost again."""
        counted: frozenset[str] = frozenset().union(*(point.counted for point in self.points))
        if not counted:
            return {}
        index = Writes.of(o for o in history if o.sent_ns <= onset_ns)
        writes = [index.by_op[op] for op in counted & index.by_op.keys()]
        return {w.invoke.op: Effect.LOST if self.held is None else index.effect(w, self.held) for w in writes}


def recovery_point(
    operations: Iterable[Operation],
    survivor: Sequence[Commit] | Scans,
    *,
    lost_address: str,
    survivor_address: str,
    fault: FaultInterval,
    earlier: Earlier = Earlier(),
) -> RecoveryPoint | None:
    """The recovery point; None when the other side never took over, for then there is nothing to measure it at.

    survivor: its commits (of the one table that the workload writes: keys of another one mean other items), or scans.
    """
    history = list(operations)
    commits = None if isinstance(survivor, Scans) else survivor
    takeover_ns = takeover(history, commits, survivor_address, fault)
    if takeover_ns is None:
        return None
    arrived: set[str]
    if isinstance(survivor, Scans):
        first, last = survivor.before or {}, survivor.after
        arrived = set()
    else:
        first = last = state_at(survivor, takeover_ns)
        arrived = {c.v for c in survivor if c.v is not None and c.mono_ns <= takeover_ns}
    by_then = Writes.of(o for o in history if o.sent_ns <= takeover_ns)
    by_the_end = Writes.of(history) if isinstance(survivor, Scans) else by_then
    lost_side = [o for o in history if o.is_write and address_of(o) == lost_address]
    again = earlier.effects(history, fault.start_low_ns)
    acks = [
        o
        for o in lost_side
        if acknowledged(o) and _ack_ns(o) <= takeover_ns and again.get(o.invoke.op) is not Effect.LOST
    ]
    acks.sort(key=_ack_ns)
    missing: list[Operation] = []
    maybe: list[Operation] = []
    for write in acks:
        effects = {_before(by_then, write, survivor, first), by_the_end.effect(write, last)}
        if effects == {Effect.LOST} and again.get(write.invoke.op) is not Effect.MAYBE:
            missing.append(write)
        elif (write.invoke.op in arrived or write.invoke.f == "delete") and _deleted(
            write, by_then, survivor, takeover_ns
        ):
            continue  # It had arrived and was deleted again, so the delete with the unknown outcome did happen.
        elif effects != {Effect.PRESENT}:
            maybe.append(write)
    void = _void(history, survivor, lost_side, takeover_ns, fault.stop_low_ns)
    missing.sort(key=_ack_ns)
    maybe.sort(key=_ack_ns)
    missing += [write for write, effect in void if effect is Effect.LOST]
    maybe += [write for write, effect in void if effect is Effect.MAYBE]
    lost_in_it = [write for write, effect in void if effect is not Effect.PRESENT]
    possible = sorted(missing + maybe, key=_ack_ns)
    after = [write for write in possible if _ack_ns(write) > fault.start_high_ns]
    return RecoveryPoint(
        takeover_ns,
        len(acks) + len(void),
        tuple(write.invoke.op for write in missing),
        tuple(write.invoke.op for write in maybe),
        _unknown([o for o in lost_side if o.sent_ns > earlier.until_ns], last, takeover_ns),
        max(0, fault.start_high_ns - _ack_ns(possible[0])) if possible else None,
        max(0, fault.start_high_ns - _ack_ns(possible[-1])) if possible else None,
        max(0, fault.start_low_ns - _ack_ns(missing[0])) if missing else None,
        _span(possible, fault.start_high_ns),
        _span(missing, fault.start_low_ns),
        tuple(write.invoke.op for write in after),
        _ack_ns(after[-1]) - fault.start_high_ns if after else None,
        (),
        tuple(o.invoke.op for o in history if o in lost_in_it),
        _came_back(survivor, lost_in_it, lost_side, fault.stop_low_ns),
    )


def _before(known: Writes, write: Operation, survivor: object, first: Mapping[str, str]) -> Effect:
    """An item that a scan does not show proves no delete: the write before it may not have come yet.

    What was under way at the same time proves nothing either. Where nobody had looked, an empty table stands for what
    was there.
    """
    effect = known.effect(write, first)
    if not isinstance(survivor, Scans) or effect is not Effect.PRESENT:
        return effect
    if write.invoke.k not in first:
        return Effect.LOST
    shown = known.by_op[first[write.invoke.k]]
    return effect if shown is write or shown.sent_ns > _ack_ns(write) else Effect.MAYBE


def _void(
    history: Sequence[Operation], survivor: Sequence[Commit] | Scans, lost_side: Iterable[Operation], takeover_ns: int,
    heal_ns: int | None,
) -> list[tuple[Operation, Effect]]:  # fmt: skip
    """What the lost side acknowledged after the takeover, while it was cut off, and what became of each by the last."""
    acks = [
        o for o in lost_side
        if acknowledged(o) and takeover_ns < _ack_ns(o) and (heal_ns is None or _ack_ns(o) <= heal_ns)
    ]  # fmt: skip
    acks.sort(key=_ack_ns)
    if not acks:
        return []
    last_ns = _ack_ns(acks[-1])
    known = Writes.of(o for o in history if o.sent_ns <= last_ns)
    if isinstance(survivor, Scans):
        at_the_end = Writes.of(history)
        first = survivor.before or {}
        found = [(o, {_before(known, o, survivor, first), at_the_end.effect(o, survivor.after)}) for o in acks]
        return [(o, effects.pop() if len(effects) == 1 else Effect.MAYBE) for o, effects in found]
    state = state_at(survivor, last_ns)
    arrived = {c.v for c in survivor if c.v is not None and c.mono_ns <= last_ns}
    judged = []
    for write in acks:
        effect = known.effect(write, state)
        was_there = write.invoke.op in arrived or write.invoke.f == "delete"
        if effect is Effect.MAYBE and was_there and _deleted(write, known, survivor, last_ns):
            effect = Effect.PRESENT
        judged.append((write, effect))
    return judged


def _deleted(write: Operation, known: Writes, survivor: Sequence[Commit] | Scans, at_ns: int) -> bool:
    """A write that had arrived is gone, or half gone, by a delete that no older one can be."""
    if isinstance(survivor, Scans):
        return False
    log = [c for c in sorted(survivor, key=lambda c: c.seq) if c.mono_ns <= at_ns]
    shown = state_at(log, at_ns).get(write.invoke.k)
    deletes = [d for d in known.deletes.get(write.invoke.k, ()) if d.outcome is not Outcome.FAIL]
    half = shown not in known.by_op and any(d.outcome is Outcome.INFO for d in deletes)
    older = sum(1 for d in deletes if settled_ns(d) < write.sent_ns)
    if write.invoke.f == "delete":
        return shown is not None and half and older < sum(1 for c in log if c.k == write.invoke.k and c.v is None)
    if shown is not None and not half:
        return False
    arrival = next(n for n, c in enumerate(log) if c.v == write.invoke.op)
    return older <= sum(1 for c in log[:arrival] if c.k == write.invoke.k and c.v is None)


def _came_back(
    survivor: Sequence[Commit] | Scans, void: Sequence[Operation], lost_side: Sequence[Operation], heal_ns: int | None
) -> bool:
    """Whether a write of these, or a later one of that side, reached the survivor after the heal."""
    if heal_ns is None or not void:
        return False
    if isinstance(survivor, Scans):
        values = set(survivor.after.values())
    else:
        values = {c.v for c in survivor if c.v is not None and c.mono_ns > heal_ns}
    later = [o for o in lost_side if o.sent_ns > heal_ns]
    return any(o.invoke.op in values for o in (*void, *later) if o.invoke.f != "delete")


def _span(writes: Sequence[Operation], onset_ns: int) -> int | None:
    """From the first acknowledgement to the onset, or to the last one where that is later. writes: in order of it."""
    return max(onset_ns, _ack_ns(writes[-1])) - _ack_ns(writes[0]) if writes else None


def takeover(
    operations: Iterable[Operation], commits: Sequence[Commit] | None, survivor_address: str, fault: FaultInterval
) -> int | None:
    """When the survivor took over: its first acknowledged write that was sent after the fault had begun."""
    first = min(
        (
            o
            for o in operations
            if acknowledged(o) and address_of(o) == survivor_address and o.sent_ns >= fault.start_low_ns
        ),
        key=_ack_ns,
        default=None,
    )
    if first is None:
        return None
    committed = (c.mono_ns for c in commits or () if c.v == first.invoke.op and c.k == first.invoke.k)
    return next((at_ns for at_ns in committed if first.sent_ns <= at_ns <= _ack_ns(first)), _ack_ns(first))


def state_at(commits: Iterable[Commit], moment_ns: int) -> dict[str, str]:
    """One table's items (key -> value) after every commit to it up to and including moment_ns."""
    state: dict[str, str] = {}
    for commit in sorted(commits, key=lambda c: c.seq):
        if commit.mono_ns > moment_ns:
            continue
        if commit.v is None:
            state.pop(commit.k, None)
        else:
            state[commit.k] = commit.v
    return state


def _unknown(lost_side: Iterable[Operation], state: Mapping[str, str], takeover_ns: int) -> int:
    """Writes through the lost side with an unknown outcome whose effect the survivor does not show."""
    return sum(
        1
        for o in lost_side
        if o.outcome is Outcome.INFO
        and o.sent_ns <= takeover_ns
        and (state.get(o.invoke.k) != o.invoke.op if o.invoke.f == "put" else o.invoke.k in state)
    )


def _ack_ns(operation: Operation) -> int:
    assert operation.returned_ns is not None
    return operation.returned_ns
