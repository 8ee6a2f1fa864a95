"""Counters: what they show must lie between the increments that are certain and those that are possible.

A read may show no more than what had been sent before it ended, and no less than what its client knew: its own
acknowledged increments, and what it had seen before (`strong`: everybody's acknowledged ones). What a recovery point
accounts for may be missing, and so may what the drill kept from its reader (see cut_off.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harness.checkers.anomalies.cut_off import due_ns, excuses, lacked_by
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ADD, FAIL, GET, INFO, OK, Bools
from harness.measurement.newest import Rows, known_from, newest
from harness.outcome import Verdict

_NAME = "counters"
_NO_NUMBER = -1


def counters(scene: Scene) -> CheckResult | None:
    """Does every counter show what was counted?"""
    columns = scene.columns
    keys = _judged(scene)
    if not keys.any():
        return None
    reads = np.flatnonzero((columns.f == GET) & columns.good & keys[columns.key])
    found = [*_in_the_end(scene, keys), *_of_reads(scene, reads)]
    count = several(int(keys.sum()), "counter", "counters")
    if found:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in found), tuple(found))
    if scene.serving is None or scene.serving not in scene.final:
        text = f"{count}: the data was not read after everything had gone quiet"
        return CheckResult(_NAME, Verdict.UNKNOWN, text)
    text = f"{count}, {several(len(reads), 'read', 'reads')}: as much as was counted"
    return CheckResult(_NAME, Verdict.MET, text)


def _judged(scene: Scene) -> Bools:
    """Keys that are counted on and nothing else: who also puts there, or deletes, may have set it to anything."""
    columns = scene.columns
    keys = columns.counters.copy()
    others = scene.put_or_deleted & (columns.outcome != FAIL)
    keys[columns.key[others]] = False
    return keys


def _per_key(scene: Scene, rows: Bools) -> NDArray[np.int64]:
    return np.bincount(scene.columns.key[rows], minlength=len(scene.columns.names.keys))


def _in_the_end(scene: Scene, keys: Bools) -> Iterator[Finding]:
    columns, serving = scene.columns, scene.serving
    state = scene.final.get(serving) if serving is not None else None
    if state is None:
        return
    adds = columns.f == ADD
    low = _per_key(scene, adds & (columns.outcome == OK) & ~scene.explained)
    high = _per_key(scene, adds & (columns.outcome != FAIL))
    for key in np.flatnonzero(keys):
        shown = state.text(int(key))
        number = _number(shown)
        name = columns.names.keys[int(key)]
        if number == _NO_NUMBER:
            yield Finding("A14", f"counter {name} is {shown!r} in the end, which is no number", "serious")
        elif not low[key] <= number <= high[key]:
            asked = int(np.sum(adds & (columns.key == key)))
            what = f"{number - high[key]} more" if number > high[key] else f"{low[key] - number} less"
            text = (
                f"counter {name} is {number} on {serving} in the end, {what} than it can be: of {asked} increments "
                f"{low[key]} are acknowledged and {high[key] - low[key]} unknown or accounted for"
            )
            yield Finding("A14", text, "serious")


def _number(text: str | None) -> int:
    if text is None:
        return 0
    return int(text) if text.isdecimal() and text.isascii() else _NO_NUMBER


def _of_reads(scene: Scene, reads: Rows) -> Iterator[Finding]:
    columns = scene.columns
    if not len(reads):
        return
    codes, inverse = np.unique(columns.value[reads], return_inverse=True)
    shown = [columns.names.text_of(int(c)) for c in codes]
    numbers = np.asarray([min(_number(text), 1 << 40) for text in shown], np.int64)[inverse]
    adds = columns.f == ADD
    possible = np.flatnonzero(adds & (columns.outcome != FAIL))
    ended = np.searchsorted(columns.sent_ns, columns.returned_ns[reads]).astype(np.int64) - 1
    high = _count(scene, columns.key, possible, possible, reads, ended)
    done = np.flatnonzero(adds & (columns.outcome == OK) & ~scene.explained)
    group, late_ns = columns.key, 0
    if scene.promise.reads == "session":
        group = columns.key.astype(np.int64) * len(columns.names.clients) + columns.who
    elif scene.promise.reads == "eventual":
        late_ns = scene.promise.staleness_ns
    told_ns = columns.returned_ns[done] + late_ns
    low = _count(scene, group, done, known_from(columns, told_ns), reads, reads)
    if excuses(scene):
        for address in np.unique(columns.address[reads[numbers < low]]):
            here = columns.address[reads] == address
            since = known_from(columns, due_ns(scene, int(address), done, told_ns, late_ns))
            low[here] = _count(scene, group, done, since, reads[here], reads[here])
    for text, wrong, bound in (
        ("showed more than had been counted before it ended", numbers > high, high),
        ("showed less than is certain", (numbers < low) & (numbers != _NO_NUMBER), low),
        ("showed no number", numbers == _NO_NUMBER, low),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            read = int(reads[at])
            told = f"{scene.told(read)}, where {int(bound[at])} is the limit"
            count = several(int(wrong.sum()), "read", "reads")
            yield Finding("A14", f"{count} of counters {text}: {told}", "serious", int(columns.sent_ns[read]))
    if scene.promise.reads == "session":
        yield from _going_back(scene, reads, numbers)


def _count(
    scene: Scene, group: NDArray[np.int64] | NDArray[np.int32], facts: Rows, at: Rows, reads: Rows, ask: Rows
) -> Rows:
    """How many facts of each read's group stand at or before a position."""
    order = np.lexsort((at, group[facts]))
    facts, at = facts[order], at[order]
    groups = group[facts]
    start = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1]))) if len(groups) else np.zeros(0, int)
    within = np.arange(len(groups)) - np.repeat(start, np.diff(np.append(start, len(groups)))) + 1
    found = newest(len(scene.columns) + 2, groups, at, within, group[reads], ask)
    return np.maximum(found, 0)


def _going_back(scene: Scene, reads: Rows, numbers: NDArray[np.int64]) -> Iterator[Finding]:
    """A client that saw more earlier. What may get lost in between: what is accounted for, and what nobody knows of."""
    columns = scene.columns
    adds = columns.f == ADD
    slack = _per_key(scene, adds & (columns.outcome != FAIL) & (scene.explained | (columns.outcome == INFO)))
    group = columns.key.astype(np.int64) * len(columns.names.clients) + columns.who
    size = len(columns) + 2
    known = known_from(columns, columns.returned_ns[reads])
    seen = newest(size, group[reads], known, np.clip(numbers, 0, size - 1), group[reads], reads)
    may_lack = slack[columns.key[reads]]
    for address in np.unique(columns.address[reads]) if scene.out_of_reach else ():
        here, behind = columns.address[reads] == address, lacked_by(scene, int(address))
        more = _per_key(scene, adds & (columns.outcome == OK) & ~scene.explained & behind)
        may_lack[here] += more[columns.key[reads[here]]]
    back = (numbers != _NO_NUMBER) & (numbers < seen - may_lack)
    if back.any():
        at = int(np.flatnonzero(back)[0])
        read = int(reads[at])
        text = f"{several(int(back.sum()), 'read', 'reads')} of counters went back: {scene.told(read)} after {seen[at]}"
        yield Finding("A3", text, "serious", int(columns.sent_ns[read]))
