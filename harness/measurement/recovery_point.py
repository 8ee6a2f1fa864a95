"""What was lost, to the item: writes acknowledged through the lost side whose effect the survivor lacked at takeover.

Takeover is the moment when the survivor acknowledged its first write after the fault: the commit of that write where
the survivor's commit log has it, else its acknowledgement. The survivor's state at that moment comes from its commit
log, which makes the count exact; scans before and after the moment, the nearest there are, bound it from both sides
instead. Which side a
write went through is the address that its client dialled, or the side that accepted it, where somebody can show that it
was forwarded: such a write is lost with the side that stored it.

A side that is cut off may go on acknowledging after that moment: where both sides write, takeover is at once, and where
one must, it is what fencing ought to prevent. Those writes belong to the loss, too: up to the heal, or the end of the
history, each that the survivor still lacked when the last of them was acknowledged. If some of them reached the
survivor after the heal, that side was late and not lost: they count here all the same, as what the survivor would have
had to do without, but they account for nothing that is missing in the end.

Writes with an unknown outcome were not acknowledged, so none of them is ever missing: `unknown` counts those that the
survivor lacks. They only widen the range of missing writes where a missing one hangs on such an outcome (see
superseding.py). A write is lost once: what a recovery point of an earlier loss of the same place counted is left out,
unless that place had it again when it was lost again (its commit log tells).

In seconds it is the span of what the lost side promised and the survivor lacks: from the oldest missing acknowledgement
to the fault's onset, or to the newest missing acknowledgement where that came later, for a side that goes on
acknowledging into the void loses more with every second. Where nothing that went through the lost side ever reached the
survivor, all of it is lost, however much that would be: the loss has no bound in seconds (`unbounded`), and those that
are stated are how long the drill had been writing. Known error: 0 items; seconds are off by at most the width of
the fault's onset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from harness.history.codes import Bools
from harness.history.events import Commit, Operation
from harness.history.gathering import columns_of
from harness.history.tables import CommitColumns, commits_of
from harness.measurement.declined import without_idle_deletes
from harness.measurement.losing import Loss
from harness.measurement.lost import NEVER_LOST, Accepted, Earlier, Look, RecoveryPoint, Scans
from harness.measurement.models import FaultInterval
from harness.measurement.severed import ON_ITS_WAY_NS

__all__ = [
    "Accepted", "Earlier", "Look", "RecoveryPoint", "Scans", "out_of_reach", "recovery_point", "state_at", "takeover",
]  # fmt: skip


def recovery_point(
    operations: Iterable[Operation],
    survivor: Sequence[Commit] | CommitColumns | Scans,
    *,
    lost_address: str,
    survivor_address: str,
    fault: FaultInterval,
    earlier: Earlier = NEVER_LOST,
    cut_off: bool = True,
    accepted: Accepted | None = None,
    own: CommitColumns | None = None,
) -> RecoveryPoint | None:
    """The recovery point; None when the other side never took over, for then there is nothing to measure it at.

    survivor: its commits (of the one table that the workload writes: keys of another one mean other items), or scans.
    cut_off: whether nothing got from the lost side to the survivor while the fault held; else what was acknowledged
    after the takeover is no loss. accepted: who accepted what (default: whom the clients dialled). own: the lost side's
    own commits, where they are known.
    """
    columns = columns_of(operations)
    accepted = accepted or Accepted.as_dialled(columns, lost_address, survivor_address)
    commits = None if isinstance(survivor, Scans) else commits_of(columns, survivor)
    if commits is not None:
        columns = without_idle_deletes(columns, {survivor_address: commits})
    takeover_ns = takeover(columns, commits, accepted.by_survivor, fault)
    if takeover_ns is None:
        return None
    return Loss(columns, survivor, accepted.by_lost, fault, earlier, cut_off, own=own).since(takeover_ns)


def out_of_reach(
    operations: Iterable[Operation],
    survivor: Sequence[Commit] | CommitColumns | Scans,
    *,
    lost_address: str,
    survivor_address: str,
    fault: FaultInterval,
    accepted: Accepted | None = None,
) -> RecoveryPoint | None:
    """What a side that never took over lacked when it first answered a read that was sent after the fault.

    It promised nothing of its own, so this is no recovery point to be judged; but whoever reads there cannot be shown
    what had not come that far. None where it took over, or answered nothing. Where a scan of the end alone tells, only
    what was acknowledged from shortly before the fault on can count: for all else nothing says that it was late.
    """
    columns = columns_of(operations)
    accepted = accepted or Accepted.as_dialled(columns, lost_address, survivor_address)
    if takeover(columns, None, accepted.by_survivor, fault) is not None:
        return None
    answered = columns.good & ~columns.is_write & columns.dialled(survivor_address)
    rows = np.flatnonzero(answered & (columns.sent_ns >= fault.start_low_ns))
    if not len(rows):
        return None
    read_ns = int(columns.sent_ns[rows[0]])
    blind = isinstance(survivor, Scans) and survivor.until(read_ns)[0] is None
    from_ns = fault.start_low_ns - ON_ITS_WAY_NS if blind else -1
    loss = Loss(columns, survivor, accepted.by_lost, fault, NEVER_LOST, True, from_ns)
    return loss.since(read_ns)


def takeover(
    operations: Iterable[Operation],
    commits: Sequence[Commit] | CommitColumns | None,
    by_survivor: Bools,
    fault: FaultInterval,
) -> int | None:
    """When the survivor took over: the first acknowledged write that it accepted and that was sent after the onset."""
    columns = columns_of(operations)
    after = columns.acknowledged & by_survivor & (columns.sent_ns >= fault.start_low_ns)
    rows = np.flatnonzero(after)
    if not len(rows):
        return None
    first = int(rows[np.argmin(columns.returned_ns[rows])])
    acked_ns = int(columns.returned_ns[first])
    if commits is None:
        return acked_ns
    log = commits_of(columns, commits)
    own = (log.key == columns.key[first]) & (log.value == columns.base + first)
    own &= (log.at_ns >= columns.sent_ns[first]) & (log.at_ns <= acked_ns)
    return int(log.at_ns[np.argmax(own)]) if own.any() else acked_ns


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
