"""An effect without its cause: a write is seen where one is not that its client knew when it sent it.

What a client knew of a write's causes is the newest write that it had itself been told is done, the newest that a read
had shown it, and a few steps further back from each of them. That is not all that it knew, so what is found is
certain, and not everything is found. Seen is an effect without its cause in two ways:

- in a side's commits: a write that came there from another side stands before an older one of that side, or that one
  never came; also where a recovery point counts it, for what is lost of an order that is kept is its end, and no hole;
- by a reader: it was shown the effect, and later nothing, or something older, under the key of the cause.

Only a design that promises it is judged: global tables keep no order between items (Amazon DynamoDB Developer Guide,
"Global tables: how it works").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.checkers.anomalies.cut_off import excuses, unseen_by
from harness.checkers.anomalies.scene import Scene, several
from harness.checkers.result import CheckResult, Finding
from harness.history.codes import ABSENT, FAIL, PUT, Bools
from harness.history.tables import CommitColumns
from harness.measurement.contradictions import Known, contradicted
from harness.measurement.newest import Ints, Rows, by_group, newest
from harness.outcome import Verdict

_NAME = "causal-order"
_STEPS = 3
"""So many writes of one client are followed back."""


def causes(scene: Scene) -> CheckResult | None:
    """Was no effect seen before its cause? None where nobody promised that, or nothing could show it."""
    if not scene.promise.causal:
        return None
    of = _Causes(scene)
    if not of.any:
        return None
    found = [*_of_logs(scene, of), *_of_reads(scene, of)]
    if found:
        return CheckResult(_NAME, Verdict.MISSED, "; ".join(f.text for f in found), tuple(found))
    count = several(int(np.count_nonzero(of.own != ABSENT)), "write", "writes")
    return CheckResult(_NAME, Verdict.MET, f"{count} that followed another, none seen without it")


class _Causes:
    """What the client of each put knew: by row, the newest write of its own and the newest it had seen, or ABSENT."""

    def __init__(self, scene: Scene) -> None:
        columns = scene.columns
        self.puts = np.flatnonzero((columns.f == PUT) & (columns.outcome != FAIL) & scene.plain)
        told = np.flatnonzero((columns.f == PUT) & columns.acknowledged & scene.plain)
        reads = scene.honest[columns.value[scene.honest] != ABSENT]
        self.own = np.full(len(columns), ABSENT, np.int64)
        self.seen = self.own.copy()
        puts, was_told, was_shown = (np.zeros(len(columns), np.bool_) for _ in range(3))
        puts[self.puts], was_told[told], was_shown[reads] = True, True, True
        for rows in _of_each_client(columns.who):
            # By place among a client's own rows: the first that it sent after it had heard of this one.
            after = np.searchsorted(columns.sent_ns[rows], columns.returned_ns[rows], side="right")
            asking = puts[rows]
            for found, facts, write in ((self.own, was_told, None), (self.seen, was_shown, columns.writer)):
                here = np.flatnonzero(facts[rows])
                best = np.full(len(rows) + 1, ABSENT, np.int64)
                np.maximum.at(best, after[here], rows[here] if write is None else write[rows[here]].astype(np.int64))
                found[rows[asking]] = np.maximum.accumulate(best)[:-1][asking]

    @property
    def any(self) -> bool:
        """Whether any write had a cause that is known."""
        return bool((self.own != ABSENT).any() or (self.seen != ABSENT).any())

    def of(self, effects: Rows) -> Iterator[tuple[Ints, Rows]]:
        """Places in `effects`, and for each a cause: the nearest ones first."""
        for first in (self.own, self.seen):
            places, at = np.arange(len(effects)), first[effects]
            for _ in range(_STEPS):
                there = at != ABSENT
                places, at = places[there], at[there]
                yield places, at
                at = self.own[at]


def _of_each_client(who: Ints) -> Iterator[Rows]:
    order = by_group(who)
    yield from np.split(order, np.flatnonzero(np.diff(who[order])) + 1) if len(order) else ()


def _of_logs(scene: Scene, of: _Causes) -> Iterator[Finding]:
    columns = scene.columns
    names = [scene.places.get(name, name) for name in columns.names.addresses]
    for side, log in scene.commits.items():
        foreign = np.asarray([*(name != side for name in names), False], np.bool_)[columns.address]
        first = _first_at(scene, side, log)
        effects = of.puts[(first[of.puts] < len(log.at_ns)) & foreign[of.puts]]
        wrong: dict[int, int] = {}
        for places, cause in of.of(effects):
            effect = effects[places]
            # What came first is there, unless an older one replaced it (see order): that is nearly all.
            late = first[cause] > first[effect]
            effect, cause = effect[late], cause[late]
            same = (columns.address[cause] == columns.address[effect]) & columns.acknowledged[cause]
            effect, cause = effect[same], cause[same]
            for i in np.flatnonzero(_lacks(scene, side, log, cause, first[effect])):
                wrong.setdefault(int(effect[i]), int(cause[i]))
        if wrong:
            effect_row = min(wrong, key=lambda row: int(first[row]))
            cause_row = wrong[effect_row]
            at_ns = int(log.at_ns[first[effect_row]])
            came = int(first[cause_row])
            after = "never" if came >= len(log.at_ns) else f"at {scene.s(int(log.at_ns[came]))}"
            text = (
                f"{several(len(wrong), 'write', 'writes')} came to {side} before what caused them: "
                f"{scene.told(effect_row)} at {scene.s(at_ns)}, and {scene.told(cause_row)} {after}"
            )
            yield Finding("A18", text, "serious", at_ns)


def _first_at(scene: Scene, side: str, log: CommitColumns) -> Rows:
    """By row, the place in a log at which a put's value first stands; the log's length: nowhere."""
    found = np.full(len(scene.columns), len(log.at_ns), np.int64)
    writer = scene.writer_of(side)
    puts = np.flatnonzero(writer >= 0)[::-1]
    found[writer[puts]] = puts  # of several the last one stays, which is the first in the log
    return found


def _lacks(scene: Scene, side: str, log: CommitColumns, writes: Rows, at: Rows) -> Bools:
    """Whether a side certainly had no effect of some writes, each at a place of its log."""
    columns, every = scene.columns, np.arange(len(log.at_ns))
    size = max(len(columns), len(every)) + 2
    last = newest(size, log.key, every, every, columns.key[writes], at)
    value = np.where(last == ABSENT, ABSENT, log.value[np.maximum(last, 0)]) if len(every) else np.full(len(at), ABSENT)
    above = columns.local(value.astype(np.int32))
    keys, sent_ns = columns.key[writes], columns.sent_ns[writes]
    deletable = (scene.deletes.acknowledged_ns[keys] >= sent_ns) | scene.deletes.open[keys]
    older = (above >= 0) & (columns.settled_ns[np.maximum(above, 0)] < sent_ns)
    found: Bools = np.where(value == ABSENT, ~deletable, older & (above != writes))
    return found


def _of_reads(scene: Scene, of: _Causes) -> Iterator[Finding]:
    columns, reads = scene.columns, scene.honest
    shown = reads[columns.value[reads] != ABSENT]
    writer = columns.writer[shown].astype(np.int64)
    wrong: dict[int, int] = {}
    reads = _outdated(scene, reads, shown, writer)
    for places, cause in of.of(writer) if len(reads) else ():
        kept = ~scene.explained[cause]
        by = shown[places[kept]]
        known = Known(cause[kept], columns.returned_ns[by], columns.who[by])
        found, newer = contradicted(columns, scene.deletes, reads, known)
        for read, write in zip(reads[found].tolist(), newer[found].tolist(), strict=True):
            if not (excuses(scene) and unseen_by(scene, read)[write]):
                wrong.setdefault(read, write)
    if wrong:
        read = min(wrong)
        text = (
            f"{several(len(wrong), 'read', 'reads')} showed an effect's cause as if it had not been: "
            f"{scene.told(read)}, after its client had been shown what followed {scene.told(wrong[read])}"
        )
        yield Finding("A18", text, "serious", int(columns.sent_ns[read]))


def _outdated(scene: Scene, reads: Rows, shown: Rows, writer: Rows) -> Rows:
    """Reads that did not show the newest that anybody knew of: only these can lack a cause."""
    columns, kept = scene.columns, scene.kept
    since_ns = np.concatenate((columns.returned_ns[kept], columns.returned_ns[shown]))
    found: Rows = reads[contradicted(columns, scene.deletes, reads, Known(np.concatenate((kept, writer)), since_ns))[0]]
    return found
