"""Stale reads, and reads that go back: judged as strictly as the design promises, each by its newest contradiction.

`session`: a read is wrong when its client knew of a newer write: of one that it had itself been told is done, or of one
that an earlier read had shown it. `strong` and `eventual`: when anybody had been told so (staleness_ns ago).

Where the drill had cut replication between a write and its reader, the reader need not have been shown it; see
cut_off.py. Such reads are counted and told.

A write is newer than another when it was sent after that one had settled. To find nothing is right when nobody knows of
a put, or when a delete that was sent before the read ended may have come after it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from harness.checkers.anomalies.cut_off import NOWHERE, due_ns, excuses, out_of_reach
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ABSENT
from harness.measurement.contradictions import Known, contradicted
from harness.measurement.newest import Ints, Rows, sent_of
from harness.outcome import Verdict
from harness.units import to_s

_NAME = "reads"


def reads(scene: Scene) -> CheckResult | None:
    """Did reads show what the design promises?"""
    rows = scene.honest
    if not len(rows):
        return None
    session = scene.promise.reads == "session"
    wrong, known, excused = _contradicted(scene, rows, session=session)
    if session:
        again, seen = _seen_gone(scene, rows)
        wrong, known = np.concatenate((wrong, again)), np.concatenate((known, seen))
        wrong, first = np.unique(wrong, return_index=True)
        known = known[first]
        excused = excused[~np.isin(excused, wrong)]
    judged = len(rows) - len(excused)
    beside = f"; {_not_judged(scene, excused)}" if len(excused) else ""
    if len(wrong):
        bad = f"{several(len(wrong), 'read', 'reads')} of {judged} showed what {_BROKEN[scene.promise.reads]}"
        text = f"{bad}: {_witness(scene, int(wrong[0]), int(known[0]))}{beside}"
        found = Finding("A3" if session else "A2", text, "serious", int(scene.columns.sent_ns[wrong[0]]))
        return CheckResult(_NAME, Verdict.MISSED, text, (found, *_others(scene, wrong, known)))
    notes = tuple(_allowed(scene, rows)) if session else ()
    if not judged:
        return CheckResult(_NAME, Verdict.UNKNOWN, _not_judged(scene, excused), notes)
    return CheckResult(
        _NAME, Verdict.MET, f"{judged} reads, none older than {_KEPT[scene.promise.reads]}{beside}", notes
    )


_BROKEN = {
    "session": "their client knew to be replaced",
    "strong": "had been replaced for certain",
    "eventual": "had been replaced for longer than promised",
}
_KEPT = {"session": "what its client knew", "strong": "the newest acknowledged write", "eventual": "promised"}


def _not_judged(scene: Scene, excused: Rows) -> str:
    many = several(len(excused), "older one", "older ones")
    return f"{many} not judged: replication was cut by the drill (the first: {scene.told(int(excused[0]))})"


def _witness(scene: Scene, read: int, newer: int) -> str:
    columns = scene.columns
    writer = int(columns.writer[read])
    parts = [scene.told(read)]
    if writer >= 0:
        parts.append(f"written by {scene.told(writer)}")
    if columns.who[newer] == columns.who[read] and columns.acknowledged[newer]:
        parts.append(f"although its own {scene.told(newer)} was done")
    else:
        parts.append(f"although {scene.told(newer)} was newer and known")
    return "; ".join(parts)


def _others(scene: Scene, wrong: Rows, known: Rows) -> Iterable[Finding]:
    """One more witness for each further place where reads were wrong."""
    columns = scene.columns
    told = {scene.place(int(wrong[0]))}
    for address in np.unique(columns.address[wrong]):
        at = int(np.flatnonzero(columns.address[wrong] == address)[0])
        where = scene.place(int(wrong[at]))
        if where not in told:
            told.add(where)
            count = int(np.sum(columns.address[wrong] == address))
            text = f"{count} of them through {where}: {_witness(scene, int(wrong[at]), int(known[at]))}"
            yield Finding("A3", text, "serious", int(columns.sent_ns[wrong[at]]))


def _contradicted(scene: Scene, rows: Rows, *, session: bool) -> tuple[Rows, Rows, Rows]:
    """Wrong reads, and for each the newest write that says so; and those that cannot have shown more."""
    columns = scene.columns
    known, seen_at, bound_ns = _in_session(scene, rows) if session else _by_everybody(scene)
    found, newest = contradicted(columns, scene.deletes, rows, known)
    wrong, newer = rows[found], newest[found]
    if not len(wrong) or not excuses(scene):
        return wrong, newer, wrong[:0]
    still, those = wrong[:0], newer[:0]
    for address in np.unique(columns.address[wrong]):
        here = wrong[columns.address[wrong] == address]
        since_ns = due_ns(scene, int(address), known.rows, known.since_ns, bound_ns)
        # What it has shown to somebody it can show again.
        since_ns = np.where(seen_at == address, known.since_ns, since_ns)
        bad, write = contradicted(columns, scene.deletes, here, Known(known.rows, since_ns, known.who))
        still, those = np.concatenate((still, here[bad])), np.concatenate((those, write[bad]))
    order = np.argsort(still, kind="stable")
    return still[order], those[order], wrong[~np.isin(wrong, still)]


def _in_session(scene: Scene, rows: Rows) -> tuple[Known, Ints, int]:
    """What each client knew: what it had written, and what it had seen, and where."""
    columns, kept = scene.columns, scene.kept
    shown = rows[columns.value[rows] != ABSENT]
    shown = shown[~scene.explained[columns.writer[shown]]]
    own = Known(kept, columns.returned_ns[kept], columns.who[kept])
    seen = Known(columns.writer[shown].astype(np.int64), columns.returned_ns[shown], columns.who[shown])
    nowhere = np.full(len(kept), NOWHERE, np.int32)
    return Known.both(own, seen), np.concatenate((nowhere, columns.address[shown])), 0


def _by_everybody(scene: Scene, bound_ns: int | None = None) -> tuple[Known, Ints, int]:
    """What had been acknowledged, so long ago."""
    columns, kept = scene.columns, scene.kept
    if bound_ns is None:
        bound_ns = scene.promise.staleness_ns if scene.promise.reads == "eventual" else 0
    known = Known(kept, columns.returned_ns[kept] + bound_ns)
    return known, np.full(len(kept), NOWHERE, np.int32), bound_ns


def _seen_gone(scene: Scene, rows: Rows) -> tuple[Rows, Rows]:
    """Reads of a value that the same client had seen gone: a delete that it cannot have followed had taken effect."""
    columns = scene.columns
    rows = rows[scene.deletes.any[columns.key[rows]]]
    shown = rows[columns.value[rows] != ABSENT]
    delete = scene.deletes.newest_before(columns.key[shown], shown)
    suspect = shown[sent_of(columns, delete) > columns.settled_ns[columns.writer[shown]]]
    group = columns.key[rows].astype(np.int64) * len(columns.names.clients) + columns.who[rows]
    chosen = np.isin(group, columns.key[suspect].astype(np.int64) * len(columns.names.clients) + columns.who[suspect])
    wrong: list[int] = []
    known: list[int] = []
    order = np.argsort(group[chosen], kind="stable")
    ordered, groups = rows[chosen][order], group[chosen][order]
    for part in np.split(ordered, np.flatnonzero(np.diff(groups)) + 1):
        for read, gone_by in _of_one(scene, part):
            wrong.append(read)
            known.append(gone_by)
    return np.asarray(wrong, np.int64), np.asarray(known, np.int64)


def _of_one(scene: Scene, rows: Rows) -> Iterable[tuple[int, int]]:
    """Of one client's reads of one key, by time."""
    columns = scene.columns
    if not len(rows):
        return
    deletes = scene.deletes.of_key(int(columns.key[rows[0]]))
    values: list[tuple[int, int]] = []
    learned: list[tuple[int, int]] = []
    for read in rows:
        sent_ns = int(columns.sent_ns[read])
        if columns.value[read] != ABSENT:
            writer = int(columns.writer[read])
            values.append((int(columns.returned_ns[read]), writer))
            newer = [
                d for at_ns, d in learned
                if at_ns < sent_ns and columns.sent_ns[d] > columns.settled_ns[writer]
                and not out_of_reach(scene, int(read), d)
            ]  # fmt: skip
            if newer:
                yield int(read), newer[-1]
            continue
        shown = [w for at_ns, w in values if at_ns < sent_ns and not scene.explained[w]]
        if not shown:
            continue  # it may never have been there yet
        since_ns = max(int(columns.sent_ns[w]) for w in shown)
        able = [
            int(d) for d in deletes
            if columns.sent_ns[d] < columns.returned_ns[read] and columns.settled_ns[d] >= since_ns
        ]  # fmt: skip
        if able and not any(scene.explained[d] for d in able):
            learned.append((int(columns.returned_ns[read]), min(able, key=lambda d: int(columns.sent_ns[d]))))


def _allowed(scene: Scene, rows: Rows) -> Iterable[Finding]:
    """Reads of what another client had replaced: allowed, and worth knowing how old."""
    columns = scene.columns
    wrong, newer = contradicted(columns, scene.deletes, rows, _by_everybody(scene, 0)[0])
    old, newer = rows[wrong], newer[wrong]
    if not len(old):
        return
    age_ns = columns.sent_ns[old] - columns.returned_ns[newer]
    worst = int(np.argmax(age_ns))
    text = (
        f"{several(len(old), 'read', 'reads')} showed what another client had already replaced, which the promise "
        f"allows; the oldest by {to_s(int(age_ns[worst])):.2f} s or more: {scene.told(int(old[worst]))}"
    )
    yield Finding("A2", text, "info", int(columns.sent_ns[old[worst]]))
