"""Two sides that do not hold the same in the end: which of them lacks what, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding, shortened
from harness.history.tables import CommitColumns
from harness.names import CALIBRATION
from harness.outcome import Verdict

_NAME = "divergence"


def divergence(scene: Scene) -> CheckResult | None:
    """Do all sides that could be read hold the same?"""
    sides = list(scene.final)
    if len(sides) < 2:
        return None
    first = scene.serving if scene.serving in scene.final else sides[0]
    found = [finding for side in sides if side != first for finding in _of_two(scene, first or sides[0], side)]
    if found:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in found), tuple(found))
    held = int(np.sum(scene.final[sides[0]].values != -1)) + len(scene.final[sides[0]].foreign)
    return CheckResult(_NAME, Verdict.MET, f"all sides hold the same {several(held, 'item', 'items')}")


def _of_two(scene: Scene, here: str, there: str) -> Iterator[Finding]:
    one, other = _items(scene, here, there), _items(scene, there, here)
    yield from _lacks(scene, there, here, [k for k in one if k not in other], one)
    yield from _lacks(scene, here, there, [k for k in other if k not in one], other)
    differ = [k for k in one if k in other and one[k] != other[k]]
    if differ:
        key = differ[0]
        shown = f"{key} is {shortened(one[key])} on {here} and {shortened(other[key])} on {there}"
        moment_ns = min((m for m in (_since(scene, side, differ, of) for side, of in ((here, one), (there, other)))
                        if m is not None), default=None)  # fmt: skip
        since = "" if moment_ns is None else f", the oldest since {scene.since(moment_ns)}"
        text = f"{here} and {there} hold different values in {several(len(differ), 'item', 'items')}{since}: {shown}"
        yield Finding("A10", text, "serious", moment_ns)


def _items(scene: Scene, side: str, other: str) -> Mapping[str, str]:
    """What one side holds and the other does not hold just so, by key."""
    mine, theirs = scene.final[side], scene.final[other]
    keys = scene.columns.names.keys
    found = {
        keys[int(k)]: mine.text(int(k)) or ""
        for k in np.flatnonzero((mine.values != theirs.values) & (mine.values != -1))
    }
    found.update({k: v for k, v in mine.foreign.items() if theirs.foreign.get(k) != v})
    return found


def _lacks(scene: Scene, poor: str, rich: str, keys: Sequence[str], items: Mapping[str, str]) -> Iterator[Finding]:
    if not keys:
        return
    moment_ns = _since(scene, rich, keys, items)
    count = several(len(keys), "item", "items")
    oldest = ", since " if len(keys) == 1 else ", the oldest since "
    since = "" if moment_ns is None else f"{oldest}{scene.since(moment_ns)}"
    text = f"{poor} lacks {count} that {rich} has{since}: {_example(scene, keys, items, rich)}"
    yield Finding("A10", text, "serious", moment_ns)


def _since(scene: Scene, side: str, keys: Sequence[str], items: Mapping[str, str]) -> int | None:
    """When the first of these items became what it is on a side, as its commits tell."""
    found = _moments(scene, side, keys, items)
    return min(found.values(), default=None)


def _moments(scene: Scene, side: str, keys: Sequence[str], items: Mapping[str, str]) -> dict[str, int]:
    log: CommitColumns | None = scene.commits.get(side)
    if log is None:
        return {}
    names = scene.columns.names
    foreign = {k: len(names.keys) + i for i, k in enumerate(log.foreign)}
    code = {names.key_codes.get(k, foreign.get(k, -1)): k for k in keys}
    at = np.flatnonzero(np.isin(log.key, list(code)))
    moments: dict[str, int] = {}
    for i in at:
        key = code[int(log.key[i])]
        if names.text_of(int(log.value[i])) == items.get(key):
            moments.setdefault(key, int(log.at_ns[i]))
    return moments


def _example(scene: Scene, keys: Sequence[str], items: Mapping[str, str], side: str) -> str:
    moments = _moments(scene, side, keys, items)
    key = min(moments, key=lambda k: moments[k]) if moments else keys[0]
    row = scene.columns.rows_of([items[key]])
    if len(row):
        return scene.told(int(row[0]))
    if items[key].startswith(CALIBRATION):
        return f"{key}, written by the harness while it calibrated"
    return f"{key} is {items[key]}"
