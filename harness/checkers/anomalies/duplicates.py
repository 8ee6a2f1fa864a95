"""One write whose value is found under several keys: one request that took effect twice, or in the wrong place.

Under keys that operations named it is certain. For keys that none named see `unnamed_copies`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.anomalies.unnamed_copies import nameless, unnamed_copies
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import FAIL, PUT
from harness.outcome import Verdict

_NAME = "duplicates"


def duplicates(scene: Scene) -> CheckResult | None:
    """Did every write take effect once, under its own key?"""
    judged = scene.rows_of(PUT)
    if not len(judged):
        return None
    copies = unnamed_copies(scene)
    found = [*_of_reads(scene), *_of_logs(scene), *_in_the_end(scene), *copies.found]
    certain = list({f.text: f for f in found if f.severity == "serious"}.values())
    if certain:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in certain), tuple(found))
    if copies.open:
        return CheckResult(_NAME, Verdict.UNKNOWN, f"it cannot be told: {copies.open[0].text}", tuple(found))
    text = f"{several(len(judged), 'write', 'writes')}, none in effect twice"
    return CheckResult(_NAME, Verdict.MET, text, tuple(found))


def _of_reads(scene: Scene) -> Iterator[Finding]:
    columns, rows = scene.columns, scene.reads
    writer = columns.writer[rows]
    safe = np.maximum(writer, 0)
    wrong = (writer >= 0) & (columns.outcome[safe] != FAIL) & (columns.key[safe] != columns.key[rows])
    # Of a create that was never answered nobody knows which key it got: its key is its own id.
    at = [i for i in np.flatnonzero(wrong) if not nameless(scene, int(writer[i]))]
    if at:
        read, write = int(rows[at[0]]), int(writer[at[0]])
        text = (
            f"{several(len(at), 'read', 'reads')} showed a value that was written to another key: {scene.told(read)}, "
            f"written by {scene.told(write)}"
        )
        yield Finding("A6", text, "serious", int(columns.sent_ns[read]))


def _of_logs(scene: Scene) -> Iterator[Finding]:
    columns, known = scene.columns, len(scene.columns.names.keys)
    for side, log in scene.commits.items():
        writer = scene.writer_of(side)
        at = np.flatnonzero((writer >= 0) & (log.key < known))
        at = at[columns.key[writer[at]] != log.key[at]]
        at = np.asarray([i for i in at if not nameless(scene, int(writer[i]))], np.int64)
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
        certain = [row for row in under if not nameless(scene, row)]
        if certain:
            row = certain[0]
            text = (
                f"{several(len(certain), 'write', 'writes')} found under another key too, on {side} in the end: "
                f"{scene.told(row)} under {', '.join(under[row])}"
            )
            yield Finding("A6", text, "serious", int(columns.sent_ns[row]))
