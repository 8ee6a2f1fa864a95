"""What readers of one side cannot have been shown: replication was cut, by the drill, between them and a write.

Two things are no fault of the plan's. Where a session is promised, a write that a side which never took over lacked
while it was cut off need not show there before it has arrived (see `severed` for how long that holds). And where a
bound is promised, it does not run while the cut lasts, and after it the plan has the bound once more to catch up; what
was due before the cut stays due. Neither excuses a side that had the write: one that it acknowledged itself, that it
has shown, or whose commit is in its log. A `strong` promise excuses nothing: such a plan must refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import Finding
from harness.history.codes import ABSENT, NEVER_NS, Bools
from harness.measurement.newest import Rows
from harness.measurement.severed import Unseen
from harness.measurement.streams import Times

NOWHERE = ABSENT - 1
"""No address, not even an unknown one."""


class Due(NamedTuple):
    """From when on some writes must be shown, in the reads of one address that ended after from_ns."""

    from_ns: int
    since_ns: Times


def excuses(scene: Scene) -> bool:
    """Whether there is anything of the sort."""
    reads = scene.promise.reads
    return bool(scene.cuts) and (reads == "eventual" or (reads == "session" and bool(scene.out_of_reach)))


def unseen_by(scene: Scene, read: int) -> Bools:
    """By row, what the side that answered a read could not show in it, by the promise of a session."""
    columns = scene.columns
    nothing = np.zeros(len(columns), np.bool_)
    if scene.promise.reads != "session":
        return nothing
    then = [one for one in _unseen(scene, int(columns.address[read])) if one.from_ns < columns.returned_ns[read]]
    return then[-1].until_ns > columns.sent_ns[read] if then else nothing


def due(scene: Scene, address: int, rows: Rows, due_ns: Times, bound_ns: int = 0) -> Sequence[Due]:
    """The same of some writes that are due at other sides already, in order of time: each up to the next one.

    bound_ns: what may lie between a write and its being shown, where the promise bounds that.
    """
    if scene.promise.reads == "eventual":
        return [Due(-1, _bounded(scene, address, rows, due_ns, bound_ns))]
    later = [Due(one.from_ns, np.maximum(due_ns, one.until_ns[rows])) for one in _unseen(scene, address)]
    return [Due(-1, due_ns), *later]


def in_stretch(scene: Scene, reads: Rows, stretches: Sequence[Due], at: int) -> Bools:
    """Which of some reads one of these is about."""
    ended_ns = scene.columns.returned_ns[reads]
    next_ns = stretches[at + 1].from_ns if at + 1 < len(stretches) else NEVER_NS
    return (ended_ns > stretches[at].from_ns) & (ended_ns <= next_ns)


def share(scene: Scene, excused: Rows, count: int, of: str = "") -> Sequence[Finding]:
    """How many reads were not judged, as a finding: a warning where they are most of all."""
    if not len(excused):
        return ()
    first_ns = int(scene.columns.sent_ns[excused[0]])
    few = 2 * len(excused) <= count
    text = (
        f"{len(excused)} of {several(count, 'read', 'reads')}{of} ({len(excused) / count:.0%}) were older than "
        "promised and not judged, because the drill had cut replication"
    )
    if not few:
        text += "; the result stands on the others alone"
    return (Finding("A2", text, "info" if few else "warning", first_ns),)


def _unseen(scene: Scene, address: int) -> Sequence[Unseen]:
    side = scene.side(address)
    behind = scene.out_of_reach.get(side.place)
    return () if behind is None else side.unseen(behind, scene.cuts)


def _bounded(scene: Scene, address: int, rows: Rows, due_ns: Times, bound_ns: int) -> Times:
    columns, side = scene.columns, scene.side(address)
    there, later, acked_ns = side.there_ns[rows], due_ns, columns.returned_ns[rows]
    for cut in scene.cuts:
        if not cut.leads_to(side.place):
            continue
        hit = (later > cut.begun_ns) & (acked_ns < cut.until_ns) & side.kept_from(cut)[rows]
        caught_up_ns = NEVER_NS if cut.ended_ns is None else cut.ended_ns + bound_ns
        later = np.where(hit, np.maximum(later, caught_up_ns), later)
    return np.maximum(due_ns, np.minimum(later, there + bound_ns))
