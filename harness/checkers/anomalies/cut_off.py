"""What readers of one side cannot have been shown: replication was cut, by the drill, between them and a write.

Two things are no fault of the plan's. A write that a side which never took over lacked while it was cut off need not
show there before it has arrived (`Scene.out_of_reach`). And a bound on staleness cannot hold over a link that is cut:
while the cut lasts it does not run, and after it the plan has the bound once more to catch up. Neither excuses a side
that had the write: one that it acknowledged itself, or whose commit is in its log.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from harness.checkers.anomalies.scene import Scene
from harness.history.codes import ABSENT, NEVER_NS, PUT, Bools, code
from harness.measurement.newest import Rows
from harness.measurement.streams import Times

NOWHERE = ABSENT - 1
"""No address, not even an unknown one."""


def excuses(scene: Scene) -> bool:
    """Whether there is anything of the sort."""
    return bool(scene.out_of_reach) or (bool(scene.cuts) and scene.promise.reads == "eventual")


def lacked_by(scene: Scene, address: int) -> Bools:
    """By row, what the side behind an address could not show."""
    behind = scene.out_of_reach.get(_place(scene, address))
    return np.zeros(len(scene.columns), np.bool_) if behind is None else behind


def out_of_reach(scene: Scene, read: int, write: int) -> bool:
    """Whether the side that answered a read need not have had a write."""
    return bool(lacked_by(scene, int(scene.columns.address[read]))[write])


def due_ns(scene: Scene, address: int, rows: Rows, due: Times, bound_ns: int = 0) -> Times:
    """From when on the readers of an address must be shown some writes that are due at other sides already.

    bound_ns: what may lie between a write and its being shown, where the promise bounds that.
    """
    columns = scene.columns
    there = _there_ns(scene, address)[rows]
    later = np.where(lacked_by(scene, address)[rows], np.maximum(due, there), due)
    if scene.promise.reads != "eventual":
        return later
    acked_ns = columns.returned_ns[rows]
    for begun_ns, ended_ns in scene.cuts:
        hit = (later > begun_ns) & (acked_ns < (NEVER_NS if ended_ns is None else ended_ns))
        caught_up_ns = NEVER_NS if ended_ns is None else ended_ns + bound_ns
        later = np.where(hit, np.maximum(later, caught_up_ns), later)
    return np.maximum(due, np.minimum(later, there + bound_ns))


def _place(scene: Scene, address: int) -> str:
    if address == ABSENT:
        return ""
    name = scene.columns.names.addresses[address]
    return scene.places.get(name, name)


def _there_ns(scene: Scene, address: int) -> Times:
    """By row, when a write was at a side for certain: acknowledged by it, or in its commit log; NEVER_NS: not known."""
    columns, place = scene.columns, _place(scene, address)
    found = np.full(len(columns), NEVER_NS, np.int64)
    own = columns.acknowledged & (columns.address == address) & (address != ABSENT)
    log = scene.commits.get(place)
    if log is None:
        # One that says that another place accepted it was passed on.
        own &= np.isin(columns.region, (ABSENT, code(columns.names.regions, place)))
        found[own] = columns.returned_ns[own]
        return found
    writer = scene.writer_of(place)
    puts = np.flatnonzero(writer >= 0)
    np.minimum.at(found, writer[puts], log.at_ns[puts])
    # A removal, or a count, does not say whose it is: that of what was under way here meanwhile.
    changes = sorted(zip(log.key.tolist(), log.at_ns.tolist(), strict=True))
    for row in np.flatnonzero(own & (columns.f != PUT)):
        key, sent_ns, returned_ns = int(columns.key[row]), int(columns.sent_ns[row]), int(columns.returned_ns[row])
        at = bisect_left(changes, (key, sent_ns))
        if at < len(changes) and changes[at][0] == key and changes[at][1] <= returned_ns:
            found[row] = changes[at][1]
    return found
