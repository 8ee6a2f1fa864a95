"""Acknowledged writes that were lost, or replaced by older ones: in the final data, and in each side's commit order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.checkers.anomalies.order import Replaced
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ABSENT, PUT
from harness.history.tables import TableState
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, MAYBE, PRESENT, effects
from harness.outcome import Verdict
from harness.units import to_s

_NAME = "writes-kept"


def kept(scene: Scene, replaced: Sequence[Replaced]) -> CheckResult | None:
    """Did every acknowledged write stay, or make room for one that may have come after it?"""
    columns = scene.columns
    puts = scene.kept[columns.f[scene.kept] == PUT]
    if not len(puts):
        return None
    serving = scene.serving
    state = scene.final.get(serving) if serving is not None else None
    older = [one for one in replaced if not one.deleted]
    lasting = [one for one in older if one.lasts]
    notes = list(_notes(scene, older))
    lost = np.zeros(0, np.int64)
    if state is not None and serving is not None:
        found = effects(columns, scene.deletes, state, puts)
        lost = puts[found == LOST]
        unclear = int(np.sum(found == MAYBE))
        if unclear:
            text = f"{several(unclear, 'write is', 'writes are')} gone, as a delete that was never answered explains"
            notes.append(Finding("unanswered-delete", text, "info"))
    if len(lost) or lasting:
        told = [*_lost(scene, state, lost), *_older(scene, lasting, lost)]
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in told), (*told, *notes))
    if state is None:
        return CheckResult(
            _NAME, Verdict.UNKNOWN, "the data was not read after everything had gone quiet", tuple(notes)
        )
    text = f"{several(len(puts), 'acknowledged write', 'acknowledged writes')}, none lost or replaced by an older one"
    return CheckResult(_NAME, Verdict.MET, text, tuple(notes))


def _lost(scene: Scene, state: TableState | None, lost: Rows) -> Iterator[Finding]:
    """What was overwritten first: it says more than what is merely not there."""
    if state is None or not len(lost):
        return
    columns = scene.columns
    shown = columns.local(state.values[columns.key[lost]])
    for over, rows in ((True, lost[shown >= 0]), (False, lost[shown == ABSENT])):
        if not len(rows):
            continue
        first = int(rows[0])
        count = several(len(rows), "acknowledged write", "acknowledged writes")
        there = _elsewhere(scene, rows)
        if over:
            above = int(columns.local(state.values[columns.key[rows[:1]]])[0])
            earlier_s = to_s(int(columns.sent_ns[first]) - int(columns.settled_ns[above]))
            text = (
                f"{count} lost to an older value that {scene.serving} holds in the end{there}: {scene.told(first)} was "
                f"replaced by {scene.told(above)}, which had ended {earlier_s:.2f} s before it was sent"
            )
        else:
            text = (
                f"{count} lost, as {scene.serving} holds nothing under their keys in the end{there}: "
                f"{scene.told(first)}, and nobody deleted it"
            )
        yield Finding("A1", text, "serious", int(columns.sent_ns[first]))


def _elsewhere(scene: Scene, rows: Rows) -> str:
    found = []
    for side, state in scene.final.items():
        if side != scene.serving:
            count = int(np.sum(effects(scene.columns, scene.deletes, state, rows) == PRESENT))
            if count:
                found.append(f"{side} still has {'it' if count == len(rows) == 1 else f'{count} of them'}")
    return f" ({', '.join(found)})" if found else ""


def _older(scene: Scene, lasting: Sequence[Replaced], lost: Rows) -> Iterator[Finding]:
    """Those that the final data does not tell already."""
    told = {int(row) for row in lost}
    for side in dict.fromkeys(one.side for one in lasting):
        here = [one for one in lasting if one.side == side and one.newer not in told]
        if here:
            count = several(len(here), "time", "times")
            text = f"an older value replaced a newer one on {side} {count}, and stayed: {_told(scene, here[0])}"
            yield Finding("A7", text, "serious", here[0].at_ns)


def _notes(scene: Scene, older: Sequence[Replaced]) -> Iterator[Finding]:
    for side in dict.fromkeys(one.side for one in older):
        here = [one for one in older if one.side == side and not one.lasts]
        if here:
            count = several(len(here), "time", "times")
            text = f"an older value replaced a newer one on {side} for a while {count}: {_told(scene, here[0])}"
            yield Finding("A7", text, "warning", here[0].at_ns)


def _told(scene: Scene, one: Replaced) -> str:
    what = "a delete that must have come before it" if one.older is None else scene.told(one.older)
    return f"{scene.told(one.newer)} was replaced at {scene.s(one.at_ns)} by {what}"
