"""Values that nobody may have written: of refused writes, or of none at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding, shortened
from harness.history.codes import ABSENT, FAIL
from harness.outcome import Verdict

_NAME = "phantoms"


def phantoms(scene: Scene) -> CheckResult | None:
    """Was every value that was seen one that may have been written?"""
    if not len(scene.reads) and not scene.final:
        return None
    found = [*_of_reads(scene), *_in_the_end(scene), *_of_logs(scene)]
    if found:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in found), tuple(found))
    text = f"{several(len(scene.reads), 'read', 'reads')}, none of a value that nobody may have written"
    return CheckResult(_NAME, Verdict.MET, text)


def _of_reads(scene: Scene) -> Iterator[Finding]:
    columns, rows = scene.columns, scene.reads
    writer = columns.writer[rows]
    strange = (columns.value[rows] != ABSENT) & (writer < 0)
    refused = (writer >= 0) & (columns.outcome[np.maximum(writer, 0)] == FAIL)
    for what, wrong in (("a refused write", refused), ("a value that nobody wrote", strange)):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            read = int(rows[at])
            told = scene.told(read)
            if writer[at] >= 0:
                told = f"{told}; {scene.told(int(writer[at]))}"
            text = f"{several(int(wrong.sum()), 'read', 'reads')} showed {what}: {told}"
            yield Finding("A5", text, "serious", int(columns.sent_ns[read]))


def _in_the_end(scene: Scene) -> Iterator[Finding]:
    """On keys of the workload; what a subject keeps under keys of its own is its own business."""
    columns = scene.columns
    keys = np.zeros(len(columns.names.keys), np.bool_)
    keys[columns.key[columns.is_write]] = True
    keys &= ~columns.counters
    for side, state in scene.final.items():
        writer = columns.local(state.values)
        strange = keys & (state.values != ABSENT) & (writer < 0)
        refused = keys & (writer >= 0) & (columns.outcome[np.maximum(writer, 0)] == FAIL)
        for what, wrong in (("a refused write", refused), ("a value that nobody wrote", strange)):
            if wrong.any():
                key = int(np.flatnonzero(wrong)[0])
                told = f"{columns.names.keys[key]} holds {shortened(state.text(key) or '')}"
                if writer[key] >= 0:
                    told = f"{told}, of {scene.told(int(writer[key]))}"
                count = several(int(wrong.sum()), "item shows", "items show")
                yield Finding("A5", f"{count} {what} on {side} in the end: {told}", "serious")


def _of_logs(scene: Scene) -> Iterator[Finding]:
    columns, plain = scene.columns, ~scene.columns.counters
    if not len(columns):
        return  # then nobody was refused
    for side, log in scene.commits.items():
        writer = scene.writer_of(side)
        known = log.key < len(plain)
        wrong = known & (writer >= 0) & (columns.outcome[np.maximum(writer, 0)] == FAIL)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            count = several(int(wrong.sum()), "refused write", "refused writes")
            when, told = scene.s(int(log.at_ns[at])), scene.told(int(writer[at]))
            text = f"{count} took effect on {side} all the same: {told}, at {when}"
            yield Finding("A5", text, "serious", int(log.at_ns[at]))
