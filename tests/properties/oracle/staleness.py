"""Anomalies A2 (stale read), A3 (a client's view goes back) and A5 (phantom read).

A read is stale when some write of its key was sent after the writer of what it returned had returned, and was itself
acknowledged before the read was sent. Per key this needs only the latest send time among the writes acknowledged so
far, so the check is O(n log n). A write that the recovery point counts as missing makes no stale read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Operation
from harness.measurement.models import JUDGED_COHORT, acknowledged
from harness.outcome import Outcome, Verdict
from oracle.streams import NEVER_NS
from oracle.superseding import settled_ns

_BEFORE_ALL_NS = -1


@dataclass(frozen=True)
class _Acks:
    """Writes of one key by acknowledgement, with the latest send time among the first n of them."""

    returned_ns: Sequence[int]
    latest_sent_ns: Sequence[int]

    def latest_sent_before(self, moment_ns: int) -> int:
        n = bisect_left(self.returned_ns, moment_ns)
        return self.latest_sent_ns[n - 1] if n else _BEFORE_ALL_NS


@dataclass
class _Key:
    """What a history says about one key."""

    writes: dict[str, Operation]
    deletes: list[Operation]
    reads: list[Operation]


@dataclass(frozen=True)
class WrongReads:
    """Reads that showed what they must not; see the module. total: successful reads of the judged cohort."""

    stale: Sequence[Operation]
    back: Sequence[Operation]
    phantom: Sequence[Operation]
    judged: str
    total: int

    @property
    def stale_count(self) -> int:
        """How many reads of the judged cohort were stale."""
        return sum(read.invoke.cohort == self.judged for read in self.stale)

    def result(self) -> CheckResult:
        """Did reads show what had been acknowledged? Judged by one cohort; what others saw becomes a finding."""
        return _result(self.stale, self.back, self.phantom, self.judged, self.total)


def wrong_reads(
    operations: Iterable[Operation], explained: Collection[str] = frozenset(), judged: str = JUDGED_COHORT
) -> WrongReads:
    """All of them. explained: ids of writes that the recovery point accounts for.

    Clients that are pinned to a standby see its replication delay by design, so they are not judged.
    """
    keys, total = _by_key(operations, judged)
    stale: list[Operation] = []
    back: list[Operation] = []
    phantom: list[Operation] = []
    for key in keys.values():
        phantom_here = [r for r in key.reads if _is_phantom(key, r)]
        phantom.extend(phantom_here)
        known = [r for r in key.reads if r not in phantom_here] if phantom_here else key.reads
        stale.extend(_stale(key, known, explained))
        back.extend(_going_back(key, known, explained))
    return WrongReads(stale, back, phantom, judged, total)


def staleness(
    operations: Iterable[Operation], explained: Collection[str] = frozenset(), judged: str = JUDGED_COHORT
) -> CheckResult:
    """The verdict on them; arguments as for `wrong_reads`."""
    return wrong_reads(operations, explained, judged).result()


def _by_key(operations: Iterable[Operation], judged: str) -> tuple[dict[str, _Key], int]:
    """Keys that were read, with their writes: of most unique keys nothing need be kept."""
    keys: dict[str, _Key] = {}
    writes: list[Operation] = []
    total = 0
    for o in operations:
        invoke = o.invoke
        if invoke.f != "get":
            writes.append(o)
        elif o.completion is not None and o.completion.outcome is Outcome.OK:
            key = keys.get(invoke.k)
            if key is None:
                key = keys[invoke.k] = _Key({}, [], [])
            key.reads.append(o)
            total += invoke.cohort == judged
    for o in writes:
        key = keys.get(o.invoke.k)
        if key is None:
            continue
        key.writes[o.invoke.op] = o
        if o.invoke.f == "delete" and o.outcome is not Outcome.FAIL:
            key.deletes.append(o)
    return keys, total


def _value(read: Operation) -> str | None:
    return None if read.completion is None else read.completion.v


def _is_phantom(key: _Key, read: Operation) -> bool:
    value = _value(read)
    if value is None:
        return False
    writer = key.writes.get(value)
    return writer is None or writer.outcome is Outcome.FAIL


def _stale(key: _Key, reads: Iterable[Operation], explained: Collection[str]) -> Iterable[Operation]:
    counted = [w for w in key.writes.values() if acknowledged(w) and w.invoke.op not in explained]
    if not counted:
        return
    writes = _acks(counted)
    puts = _acks(w for w in counted if w.invoke.f == "put")
    for read in reads:
        value = _value(read)
        if value is None:
            if puts.latest_sent_before(read.sent_ns) > _absent_since(key, read):
                yield read
        elif writes.latest_sent_before(read.sent_ns) > settled_ns(key.writes[value]):
            yield read


def _absent_since(key: _Key, read: Operation) -> int:
    """Up to when a delete that this read can have seen may have taken effect; an untouched key was always absent."""
    returned_ns = NEVER_NS if read.returned_ns is None else read.returned_ns
    return max((settled_ns(d) for d in key.deletes if d.sent_ns < returned_ns), default=_BEFORE_ALL_NS)


def _acks(writes: Iterable[Operation]) -> _Acks:
    pairs = sorted((o.returned_ns or 0, o.sent_ns) for o in writes)
    latest: list[int] = []
    for _, sent_ns in pairs:
        latest.append(max(sent_ns, latest[-1]) if latest else sent_ns)
    return _Acks([returned_ns for returned_ns, _ in pairs], latest)


def _going_back(key: _Key, reads: Sequence[Operation], explained: Collection[str]) -> Iterable[Operation]:
    """Reads that show an older write than an earlier read of the same client had shown."""
    of_client: dict[str, list[Operation]] = {}
    for read in reads:
        of_client.setdefault(read.invoke.client, []).append(read)
    for read in reads:
        value = _value(read)
        if value is None:
            continue
        earlier = (r for r in of_client[read.invoke.client] if (r.returned_ns or 0) < read.sent_ns)
        shown = (v for v in (_value(r) for r in earlier) if v is not None and v not in explained)
        if settled_ns(key.writes[value]) < max((key.writes[v].sent_ns for v in shown), default=_BEFORE_ALL_NS):
            yield read


def _result(
    stale: Sequence[Operation], back: Sequence[Operation], phantom: Sequence[Operation], judged: str, total: int
) -> CheckResult:
    findings: list[Finding] = []
    bad = 0
    for id_, what, reads in (
        ("A2", "stale reads", stale),
        ("A3", "reads that went back in time", back),
        ("A5", "reads of values that were never accepted", phantom),
    ):
        ours = [r.invoke.op for r in reads if r.invoke.cohort == judged]
        others = [f"{r.invoke.op} ({r.invoke.cohort})" for r in reads if r.invoke.cohort != judged]
        bad += len(ours)
        if ours:
            findings.append(Finding(id_, f"{len(ours)} {what}: {some(ours)}", "serious"))
        if others:
            findings.append(Finding(id_, f"{len(others)} {what} of other cohorts: {some(others)}", "info"))
    if bad:
        return CheckResult("staleness", Verdict.MISSED, f"{bad} of {total} reads were wrong", tuple(findings))
    if total == 0:
        return CheckResult("staleness", Verdict.UNKNOWN, "no successful reads to judge", tuple(findings))
    return CheckResult("staleness", Verdict.MET, f"{total} reads, none stale", tuple(findings))
