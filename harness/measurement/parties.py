"""What third parties were told, as they saw it themselves, against what they were due.

What is due to a system, it must hold once. A repeat under the same idempotency key does no harm: the system has the
record already. Two records of one thing do, whoever is to blame for them; so does an older one that is stored after a
newer one. What never arrived is in no call: it is missing from what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.parties import PartyCall
from harness.measurement.business import version_of
from harness.measurement.models import FaultInterval
from harness.measurement.statistics import quantile
from harness.units import NS_PER_S


@dataclass(frozen=True)
class Due:
    """Something that a system must hold. v: the version that counts; None: whichever. at_ns: since when it is due; for
    what a client wrote, since it was acknowledged, and it was sent at sent_ns."""

    key: str
    at_ns: int
    v: str | None = None
    sent_ns: int | None = None


@dataclass(frozen=True)
class Overtaken:
    """A record was stored after a newer one of the same key. older, newer: as they were told."""

    key: str
    older: str
    newer: str
    at_ns: int


@dataclass(frozen=True)
class Held:
    """What a system holds of what it is due. due: how many; calls: how many it was told with, by whomever.

    missing: in the order in which they came due; doubled: key -> how many records of one thing, where that is more than
    one; delays_ns: of each that it holds, how long that took, in order. lied: calls that it answered as stored, and did
    not store. repeats: calls that told it what it had.
    """

    due: int
    calls: int
    missing: tuple[Due, ...] = ()
    doubled: Mapping[str, int] | None = None
    delays_ns: tuple[int, ...] = ()
    lied: int = 0
    repeats: int = 0

    def late_ns(self, share: float) -> int:
        """Within which time it held that share of what it holds; 0 where it holds nothing."""
        return quantile(self.delays_ns, share) if self.delays_ns else 0


@dataclass(frozen=True)
class Stormed:
    """Calls that a system got while it was in trouble. things: how many different ones they were about, or came due
    then; worst: the one that was told most often, and how often."""

    calls: int
    things: int
    worst: tuple[str, int] = ("", 0)
    seconds: float = 0.0

    @property
    def attempts(self) -> float:
        """For each of the things."""
        return self.calls / self.things if self.things else float(self.calls)


def held(due: Sequence[Due], calls: Sequence[PartyCall], until_ns: int | None = None) -> Held:
    """What became of what is due. calls: of one system; until_ns: what was stored later does not count."""
    seen = [call for call in calls if until_ns is None or call.mono_ns <= until_ns]
    first: dict[tuple[str, str | None], int] = {}
    records: dict[tuple[str, str | None], int] = {}
    by_version = any(one.v is not None for one in due)
    for call in seen:
        if not call.stored:
            continue
        exact = (call.key, call.v)
        for thing in (exact, (call.key, None)):
            first.setdefault(thing, call.mono_ns)
        counted = exact if by_version else (call.key, None)
        records[counted] = records.get(counted, 0) + 1
    missing = [one for one in due if (one.key, one.v) not in first]
    delays = (max(0, first[one.key, one.v] - one.at_ns) for one in due if (one.key, one.v) in first)
    return Held(
        due=len(due),
        calls=len(seen),
        missing=tuple(sorted(missing, key=lambda one: one.at_ns)),
        doubled=_doubled(records),
        delays_ns=tuple(sorted(delays)),
        lied=sum(call.status == 201 and not call.stored for call in seen),
        repeats=sum(call.repeated for call in seen),
    )


def _doubled(records: Mapping[tuple[str, str | None], int]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for (key, _), count in sorted(records.items(), key=lambda item: item[0][0]):
        if count > 1:
            found[key] = max(count, found.get(key, 0))
    return found


def overtaken(calls: Iterable[PartyCall], due: Iterable[Due] = ()) -> tuple[Overtaken, ...]:
    """Records that were stored after newer ones of the same key.

    What clients wrote (due) was in the order in which it was acknowledged before the other was sent; versions that are
    numbers or times are in their own.
    """
    written = {(one.key, one.v): one for one in due if one.sent_ns is not None}
    newest: dict[str, PartyCall] = {}
    found = []
    for call in sorted((one for one in calls if one.stored), key=lambda one: one.mono_ns):
        before = newest.setdefault(call.key, call)
        if before is not call and _is_older(call, before, written):
            found.append(Overtaken(call.key, call.v, before.v, call.mono_ns))
        else:
            newest[call.key] = call
    return tuple(found)


def _is_older(call: PartyCall, before: PartyCall, written: Mapping[tuple[str, str | None], Due]) -> bool:
    own, other = written.get((call.key, call.v)), written.get((before.key, before.v))
    if own is not None and other is not None and other.sent_ns is not None:
        return own.at_ns < other.sent_ns
    version, newer = version_of(call.v), version_of(before.v)
    return version is not None and newer is not None and version < newer


def stormed(calls: Sequence[PartyCall], due: Sequence[Due], intervals: Sequence[FaultInterval], end_ns: int) -> Stormed:
    """The calls of a system while it was in trouble. end_ns: when the history ends."""

    def during(at_ns: int) -> bool:
        return any(i.start_high_ns <= at_ns <= (end_ns if i.stop_low_ns is None else i.stop_low_ns) for i in intervals)

    told: dict[tuple[str, str | None], int] = {}
    for call in calls:
        if during(call.mono_ns):
            told[call.key, call.v] = told.get((call.key, call.v), 0) + 1
    things = told.keys() | {(one.key, one.v) for one in due if during(one.at_ns)}
    if not any(one.v is not None for one in due):
        things = {(key, None) for key, _ in things}
    (key, _), most = max(told.items(), key=lambda item: item[1], default=(("", None), 0))
    spans = ((end_ns if i.stop_low_ns is None else i.stop_low_ns) - i.start_high_ns for i in intervals)
    return Stormed(sum(told.values()), len(things), (key, most), sum(spans) / NS_PER_S)
