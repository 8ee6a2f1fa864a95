"""All of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.checkers.anomalies.causes import causes
from harness.checkers.anomalies.counters import counters
from harness.checkers.anomalies.deletes import deletes
from harness.checkers.anomalies.divergence import divergence
from harness.checkers.anomalies.duplicates import duplicates
from harness.checkers.anomalies.groups import groups
from harness.checkers.anomalies.kept import kept
from harness.checkers.anomalies.loops import loops
from harness.checkers.anomalies.order import replaced
from harness.checkers.anomalies.phantoms import phantoms
from harness.checkers.anomalies.reads import reads
from harness.checkers.anomalies.scene import Scene, Takeover
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.history.columns import Columns
from harness.history.events import Commit, Operation
from harness.history.gathering import columns_of
from harness.history.tables import CommitColumns, TableState, commits_of, state_of
from harness.measurement.declined import without_idle_deletes
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.severed import Cut


def anomalies(
    operations: Iterable[Operation],
    final: Mapping[str, Mapping[str, str] | TableState] | None,
    commits: Mapping[str, Sequence[Commit] | CommitColumns] | None,
    promise: Promise,
    explained: Collection[str] = frozenset(),
    *,
    places: Mapping[str, str],
    serving: str | None = None,
    moments: Sequence[tuple[int, str]] = (),
    origin_ns: int | None = None,
    out_of_reach: Mapping[str, Collection[str]] | None = None,
    cuts: Sequence[Cut | tuple[int, int | None]] = (),
    takeovers: Sequence[tuple[str, RecoveryPoint]] = (),
) -> tuple[CheckResult, ...]:
    """One result for each promise that was put to the test: see the names below; none where nothing was.

    `reads`, `writes-kept`, `deletes`, `duplicates`, `counters`, `phantoms`, `divergence`, `replication-loop`, `groups`,
    `causal-order`.
    UNKNOWN: it was put to the test, and what would tell could not be read.

    final: place -> key -> value of the table that clients write, after everything had gone quiet; places whose data
    could not be read are left out, two places with one database are given once; None: none were read. commits: place ->
    commits to that table; None where none are kept. explained: ids of writes that a recovery point accounts for.
    places: by edge address. serving: the place that DNS answers with at the end (default: the first of `final`).
    moments: what happened when, in words ("the loss of us-east-1"), for sentences like "3.2 s after ...". origin_ns:
    where other times are counted from (default: the first operation). Operations may be columns already, and so may
    final data and commits. out_of_reach: by place, ids of writes that it could not show when it answered although it
    had not taken over. cuts: when the drill itself had cut replication, and between which places.
    takeovers: each place that took over, with the recovery point that was measured then.
    """
    columns = columns_of(operations)
    states = {place: state_of(columns, items) for place, items in (final or {}).items()}
    logs = {place: commits_of(columns, log) for place, log in (commits or {}).items()}
    columns = without_idle_deletes(columns, {at: logs[place] for at, place in places.items() if place in logs})
    first_ns = int(columns.sent_ns[0]) if len(columns) else 0
    scene = Scene(
        columns, states, logs, promise, columns.marked(explained), places,
        serving if serving is not None else next(iter(states), None), moments,
        first_ns if origin_ns is None else origin_ns,
        {place: columns.marked(ids) for place, ids in (out_of_reach or {}).items() if ids},
        sorted((Cut(*cut) for cut in cuts), key=lambda cut: cut.begun_ns),
        [_takeover(columns, place, point) for place, point in takeovers],
    )  # fmt: skip
    order = [one for place, log in logs.items() for one in replaced(scene, place, log)]
    found = (
        reads(scene), kept(scene, order), deletes(scene, order), duplicates(scene), counters(scene), phantoms(scene),
        divergence(scene), loops(scene), groups(scene), causes(scene),
    )  # fmt: skip
    return tuple(result for result in found if result is not None)


def _takeover(columns: Columns, place: str, point: RecoveryPoint) -> Takeover:
    doubtful = columns.marked((*point.maybe_ids, *point.unknown_ids))
    return Takeover(place, point.takeover_ns, columns.marked(point.missing_ids), doubtful)
