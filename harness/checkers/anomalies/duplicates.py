"""One write whose value is found under several keys: one request that took effect twice, or in the wrong place.

Under keys that operations named it is certain. A key that none named may be a further effect (one create, made twice),
or an entry of the application's own (an index, a pointer to the latest): it counts only where the commit log shows that
it never held anything else, and where most writes have none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ABSENT, FAIL, PUT
from harness.outcome import Verdict

_NAME = "duplicates"


def duplicates(scene: Scene) -> CheckResult | None:
    """Did every write take effect once, under its own key?"""
    judged = scene.rows_of(PUT)
    if not len(judged):
        return None
    found = [*_of_reads(scene), *_of_logs(scene), *_in_the_end(scene)]
    certain = list({f.text: f for f in found if f.severity == "serious"}.values())
    if certain:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in certain), tuple(found))
    text = f"{several(len(judged), 'write', 'writes')}, none in effect twice"
    return CheckResult(_NAME, Verdict.MET, text, tuple(found))


def _of_reads(scene: Scene) -> Iterator[Finding]:
    columns, rows = scene.columns, scene.reads
    writer = columns.writer[rows]
    safe = np.maximum(writer, 0)
    wrong = (writer >= 0) & (columns.outcome[safe] != FAIL) & (columns.key[safe] != columns.key[rows])
    # Of a create that was never answered nobody knows which key it got: its key is its own id.
    at = [i for i in np.flatnonzero(wrong) if not _unnamed(scene, int(writer[i]))]
    if at:
        read, write = int(rows[at[0]]), int(writer[at[0]])
        text = (
            f"{several(len(at), 'read', 'reads')} showed a value that was written to another key: {scene.told(read)}, "
            f"written by {scene.told(write)}"
        )
        yield Finding("A6", text, "serious", int(columns.sent_ns[read]))


def _unnamed(scene: Scene, row: int) -> bool:
    columns = scene.columns
    return columns.names.ops[columns.base + row] == columns.names.keys[int(columns.key[row])]


def _of_logs(scene: Scene) -> Iterator[Finding]:
    columns, known = scene.columns, len(scene.columns.names.keys)
    for side, log in scene.commits.items():
        writer = scene.writer_of(side)
        at = np.flatnonzero((writer >= 0) & (log.key < known))
        at = at[columns.key[writer[at]] != log.key[at]]
        at = np.asarray([i for i in at if not _unnamed(scene, int(writer[i]))], np.int64)
        if len(at):
            row, where = int(writer[at[0]]), log.key_text(int(log.key[at[0]]))
            count = several(len(np.unique(writer[at])), "write", "writes")
            text = f"{count} took effect under another key too, on {side}: {scene.told(row)} under {where}"
            yield Finding("A6", text, "serious", int(log.at_ns[at[0]]))


def _in_the_end(scene: Scene) -> Iterator[Finding]:
    columns = scene.columns
    for side, state in scene.final.items():
        values = columns.local(state.values)
        under: dict[int, list[str]] = {}
        keys = np.flatnonzero(values >= 0)
        for key in keys[columns.key[values[keys]] != keys]:
            under.setdefault(int(values[key]), []).append(columns.names.keys[int(key)])
        certain = [row for row in under if not _unnamed(scene, row)]
        if certain:
            row = certain[0]
            text = (
                f"{several(len(certain), 'write', 'writes')} found under another key too, on {side} in the end: "
                f"{scene.told(row)} under {', '.join(under[row])}"
            )
            yield Finding("A6", text, "serious", int(columns.sent_ns[row]))
        yield from _foreign(scene, side, values)


def _foreign(scene: Scene, side: str, values: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Iterator[Finding]:
    columns, state, log = scene.columns, scene.final[side], scene.commits.get(side)
    copies: dict[int, list[str]] = {}
    for key, value in state.foreign.items():
        row = columns.local(np.asarray([columns.names.op_rows.get(value, ABSENT)], np.int32))[0]
        if row >= 0:
            copies.setdefault(int(row), []).append(key)
    own = columns.key[np.asarray(list(copies), np.int64)] if copies else np.zeros(0, np.int32)
    twice = {
        row: keys
        for (row, keys), key in zip(copies.items(), own, strict=True)
        if len(keys) + int(values[key] == row) > 1
    }
    if not twice:
        return
    steady = (
        set() if log is None else {log.key_text(int(k)) for k in np.unique(log.key) if _held_one(log.key, log.value, k)}
    )
    by_design = len(twice) > 0.5 * int(np.sum(values >= 0)) and len(twice) > 10
    certain = {row: keys for row, keys in twice.items() if log is not None and set(keys) <= steady}
    serious = bool(certain) and not by_design
    shown = certain if serious else twice
    row = next(iter(shown))
    text = (
        f"{several(len(shown), 'write', 'writes')} found more than once on {side} in the end: {scene.told(row)} also "
        f"under {', '.join(shown[row])}"
    )
    yield Finding("A6", text, "serious" if serious else "info", int(columns.sent_ns[row]))


def _held_one(
    keys: np.ndarray[tuple[int], np.dtype[np.int32]], values: np.ndarray[tuple[int], np.dtype[np.int32]], key: int
) -> bool:
    return len(np.unique(values[keys == key])) == 1
