"""Anomalies A2 (stale read), A3 (a client's view goes back) and A5 (phantom read), whatever was promised.

A read is stale when some write of its key was sent after the writer of what it returned had returned, and was itself
acknowledged before the read was sent. A write that the recovery point counts as missing makes no stale read. See
`anomalies` for what is held against a promise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.checkers.result import CheckResult, Finding, some
from harness.history.codes import ABSENT, FAIL, GET, Bools
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.contradictions import Known, contradicted
from harness.measurement.models import JUDGED_COHORT
from harness.measurement.newest import Rows
from harness.measurement.superseding import Deletes
from harness.outcome import Verdict

_SHOWN = 5
NOTHING: Mapping[str, Collection[str]] = {}


@dataclass(frozen=True, eq=False)
class WrongReads:
    """Reads that showed what they must not, by row; see the module. total: successful reads of the judged cohort."""

    columns: Columns
    stale_rows: Rows
    back_rows: Rows
    phantom_rows: Rows
    judged: str
    total: int

    @property
    def stale(self) -> Sequence[Operation]:
        """Stale reads."""
        return self.columns.operations(self.stale_rows)

    @property
    def back(self) -> Sequence[Operation]:
        """Reads that showed their client less than it had seen."""
        return self.columns.operations(self.back_rows)

    @property
    def phantom(self) -> Sequence[Operation]:
        """Reads of values that nobody may have written."""
        return self.columns.operations(self.phantom_rows)

    @property
    def stale_count(self) -> int:
        """How many reads of the judged cohort were stale."""
        return int(np.count_nonzero(self.columns.of_cohort(self.judged)[self.stale_rows]))

    def result(self) -> CheckResult:
        """Did reads show what had been acknowledged? Judged by one cohort; what others saw becomes a finding."""
        findings: list[Finding] = []
        bad = 0
        ours = self.columns.of_cohort(self.judged)
        for id_, what, rows in (
            ("A2", "stale reads", self.stale_rows),
            ("A3", "reads that went back in time", self.back_rows),
            ("A5", "reads of values that were never accepted", self.phantom_rows),
        ):
            mine, others = rows[ours[rows]], rows[~ours[rows]]
            bad += len(mine)
            if len(mine):
                text = f"{len(mine)} {what}: {some(self.columns.ops(mine[:_SHOWN]), total=len(mine))}"
                findings.append(Finding(id_, text, "serious"))
            if len(others):
                told = [f"{o.invoke.op} ({o.invoke.cohort})" for o in self.columns.operations(others[:_SHOWN])]
                text = f"{len(others)} {what} of other cohorts: {some(told, total=len(others))}"
                findings.append(Finding(id_, text, "info"))
        if bad:
            return CheckResult("staleness", Verdict.MISSED, f"{bad} of {self.total} reads were wrong", tuple(findings))
        if self.total == 0:
            return CheckResult("staleness", Verdict.UNKNOWN, "no successful reads to judge", tuple(findings))
        return CheckResult("staleness", Verdict.MET, f"{self.total} reads, none stale", tuple(findings))


def wrong_reads(
    operations: Iterable[Operation], explained: Collection[str] = frozenset(), judged: str = JUDGED_COHORT, *,
    out_of_reach: Mapping[str, Collection[str]] = NOTHING,
) -> WrongReads:  # fmt: skip
    """All of them, but for those of counters. explained: ids of writes that the recovery point accounts for.

    out_of_reach: by address, ids of writes that it could not show, as it was cut off and never took over.

    Clients that are pinned to a standby see its replication delay by design, so they are not judged.
    """
    columns = columns_of(operations)
    answered = np.flatnonzero((columns.f == GET) & columns.good)
    total = int(np.count_nonzero(columns.of_cohort(judged)[answered]))
    reads = answered[~columns.counters[columns.key[answered]]]
    writer = columns.writer[reads]
    safe = np.maximum(writer, 0)
    known = (writer >= 0) & (columns.outcome[safe] != FAIL) & (columns.key[safe] == columns.key[reads])
    honest = known | (columns.value[reads] == ABSENT)
    phantom, rows = reads[~honest], reads[honest]
    deletes = Deletes(columns)
    excused = columns.marked(explained)
    kept = np.flatnonzero(columns.acknowledged & ~excused)
    told = Known(kept, columns.returned_ns[kept])
    stale, _ = contradicted(columns, deletes, rows, told)
    _keep_wrong(columns, deletes, rows, told, stale, out_of_reach)
    shown = rows[columns.value[rows] != ABSENT]
    seen = shown[~excused[columns.writer[shown]]]
    news = Known(columns.writer[seen].astype(np.int64), columns.returned_ns[seen], columns.who[seen])
    back, _ = contradicted(columns, deletes, shown, news)
    _keep_wrong(columns, deletes, shown, news, back, out_of_reach)
    return WrongReads(
        columns, _by_key(columns, answered, rows[stale]), _by_key(columns, answered, shown[back]),
        _by_key(columns, answered, phantom), judged, total,
    )  # fmt: skip


def _keep_wrong(
    columns: Columns, deletes: Deletes, reads: Rows, known: Known, wrong: Bools,
    out_of_reach: Mapping[str, Collection[str]],
) -> None:  # fmt: skip
    """Leaves out of the wrong reads of an address those that could not show more."""
    for address, ids in out_of_reach.items():
        here = np.flatnonzero(wrong & columns.dialled(address)[reads])
        if len(here) and ids:
            able = ~columns.marked(ids)[known.rows]
            wrong[here] = contradicted(columns, deletes, reads[here], known.where(able))[0]


def staleness(
    operations: Iterable[Operation], explained: Collection[str] = frozenset(), judged: str = JUDGED_COHORT
) -> CheckResult:
    """The verdict on them; arguments as for `wrong_reads`."""
    return wrong_reads(operations, explained, judged).result()


def _by_key(columns: Columns, answered: Rows, rows: Rows) -> Rows:
    """Key by key, in the order in which keys were first read."""
    if not len(rows):
        return rows
    first = np.full(len(columns.names.keys), len(columns), np.int64)
    first[columns.key[answered[::-1]]] = answered[::-1]
    return rows[np.argsort(first[columns.key[rows]], kind="stable")]
