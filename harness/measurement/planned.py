"""Interruptions of the judged clients that no fault explains: what a failback, a drain or a needless failover cost.

The bracket is the one of recovery_time.py, counted from when a client was served again after a fault, or from the
fault's heal where it had noticed nothing. So an outage that the fault itself caused is never counted twice: it is the
recovery time. What tells a move is the address that the client was served by before and after: the same one is no move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.history.codes import NEVER_NS
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.answers import Answers, answers
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Kind, Padding, address_of
from harness.measurement.newest import Rows
from harness.measurement.recovery_time import RecoveryTime
from harness.measurement.relapse import relapses
from harness.measurement.streams import CLIENT_TIMEOUT_NS, grouped
from harness.outcome import Bracket


class Cause(StrEnum):
    """Why clients were interrupted, as far as their own addresses tell."""

    FAILBACK = "failback"
    NEEDLESS = "needless failover"
    NO_MOVE = "no move"


@dataclass(frozen=True)
class Setting:
    """What the interruptions of one stretch of time are judged by.

    own: what each client and kind went through because of the fault itself. heal: when the fault was taken back; None:
    it holds still. until_ns: when something else began; None: to the history's end. home: the address that clients are
    meant to come back to. owed: the scenario demands a recovery, so what lasts until after the heal belongs to that.
    stay: it demands that clients stay where they are, so a move is no part of what the fault did even while it holds.
    """

    own: Mapping[tuple[str, Kind], RecoveryTime]
    heal: FaultInterval | None
    until_ns: int | None
    home: str
    owed: bool
    window_ns: int
    padding: Padding
    failure_rate: float = 0.0
    timeout_ns: int = CLIENT_TIMEOUT_NS
    stay: bool = False


@dataclass(frozen=True)
class PlannedInterruption:
    """One interruption of the clients by one cause. duration: of the worst client, which is named.

    source, target: the address that served it before and after; None where nobody did. via: another one that it asked
    meanwhile, where it came back to the same. first_bad_ns, last_bad_ns: send
    times over all clients, the last one None where it was not seen to end. how: what the worst client was answered
    instead.
    """

    cause: Cause
    duration: Bracket
    client: str
    kind: str
    source: str | None
    target: str | None
    first_bad_ns: int
    last_bad_ns: int | None
    clients: int
    failures: int
    how: Answers = ()
    via: str | None = None


def planned_interruptions(operations: Iterable[Operation], setting: Setting) -> tuple[PlannedInterruption, ...]:
    """All of them, oldest first."""
    columns = columns_of(operations)
    served_ns = {}
    for (client, kind), time in setting.own.items():
        since_ns = _served_since(time, setting)
        if since_ns is not None:
            served_ns[client, kind] = since_ns
    found = relapses(
        columns, served_ns, until_ns=setting.until_ns, window_ns=setting.window_ns, padding=setting.padding,
        failure_rate=setting.failure_rate, timeout_ns=setting.timeout_ns,
    )  # fmt: skip
    uncalled = [time for time in setting.own.values() if setting.stay and _over_before_heal(time, setting)]
    if not found and not uncalled:
        return ()
    rows = {(client, kind): of for (cohort, client, kind), of in grouped(columns) if cohort == JUDGED_COHORT}
    single = [_single(time, columns, rows[time.client, _kind(time)], setting) for time in (*uncalled, *found)]
    counted = [one for one in single if one is not None]
    return tuple(sorted(_merged(counted, setting.window_ns), key=lambda one: one.first_bad_ns))


def worst_of(found: Sequence[PlannedInterruption]) -> PlannedInterruption | None:
    """The longest, an unended one before all others of its length."""
    return max(found, key=lambda one: one.duration.length, default=None)


def _kind(time: RecoveryTime) -> Kind:
    return "reads" if time.kind == "reads" else "writes"


def _served_since(time: RecoveryTime, setting: Setting) -> int | None:
    """From when on a failure is no part of what the fault did; None: never."""
    heal_ns = None if setting.heal is None else setting.heal.start_high_ns
    if time.unaffected:
        return heal_ns
    recovered_ns = None if time.never_recovered else time.recovered_at_ns
    if heal_ns is None or (recovered_ns is not None and recovered_ns < heal_ns):
        return recovered_ns
    # It lasted until after the heal. Where no recovery was owed, what is left of it then is nobody's but the plan's.
    return recovered_ns if setting.owed else heal_ns


def _single(time: RecoveryTime, columns: Columns, rows: Rows, setting: Setting) -> PlannedInterruption | None:
    """One client's, or None where it is the fault's own: begun before its heal, and ended without a move."""
    if time.first_bad_ns is None:
        return None
    begin_ns, end_ns = time.first_bad_ns, NEVER_NS if time.recovered_at_ns is None else time.recovered_at_ns
    sent_ns, good = columns.sent_ns[rows], columns.good[rows]
    before, after = rows[good & (sent_ns < begin_ns)], rows[good & (sent_ns >= end_ns)]
    source = address_of(columns.operation(int(before[-1]))) if len(before) else None
    target = address_of(columns.operation(int(after[0]))) if len(after) else None
    failed = columns.operations(rows[~good & (sent_ns >= begin_ns) & (sent_ns < end_ns)])
    via = next((a for o in failed if (a := address_of(o)) not in (None, source)), None) if source == target else None
    cause = Cause.NEEDLESS if via is not None else _cause(source, target, setting.home)
    if cause is Cause.NO_MOVE and _is_of_fault(begin_ns, setting.own[time.client, _kind(time)], setting):
        return None
    return PlannedInterruption(
        cause,
        time.bracket,
        time.client,
        time.kind,
        source,
        target,
        time.first_bad_ns,
        None if time.never_recovered else time.last_bad_ns,
        1,
        len(failed),
        answers(failed),
        via,
    )


def _over_before_heal(time: RecoveryTime, setting: Setting) -> bool:
    recovered_ns = None if time.unaffected or time.never_recovered else time.recovered_at_ns
    return recovered_ns is not None and (setting.heal is None or recovered_ns < setting.heal.start_high_ns)


def _is_of_fault(begin_ns: int, own: RecoveryTime, setting: Setting) -> bool:
    """Whether it began while the fault held, or when the fault's own outage went on."""
    if setting.heal is None or begin_ns < setting.heal.start_high_ns:
        return True
    return not own.unaffected and (own.recovered_at_ns is None or own.recovered_at_ns > begin_ns)


def _cause(source: str | None, target: str | None, home: str) -> Cause:
    if source is None or target is None or source == target:
        return Cause.NO_MOVE
    return Cause.FAILBACK if target == home else Cause.NEEDLESS


def _merged(found: Sequence[PlannedInterruption], window_ns: int) -> Iterable[PlannedInterruption]:
    """Those of several clients and kinds that are one: same cause and move, less than W apart."""
    moves: dict[tuple[Cause, str | None, str | None], list[PlannedInterruption]] = {}
    for one in sorted(found, key=lambda one: one.first_bad_ns):
        moves.setdefault((one.cause, one.source, one.target), []).append(one)
    for of_move in moves.values():
        group: list[PlannedInterruption] = []
        for one in of_move:
            if group and one.first_bad_ns - max(x.last_bad_ns or x.first_bad_ns for x in group) >= window_ns:
                yield _one(group)
                group = []
            group.append(one)
        if group:
            yield _one(group)


def _one(group: Sequence[PlannedInterruption]) -> PlannedInterruption:
    worst = worst_of(group)
    assert worst is not None
    highs = [one.duration.high_ns for one in group]
    known = [high for high in highs if high is not None]
    ended = len(known) == len(highs)
    low_ns = max(one.duration.low_ns for one in group)
    points = [one.duration.point_ns for one in group if one.duration.point_ns is not None]
    return PlannedInterruption(
        worst.cause,
        Bracket(low_ns, max(known), max(points, default=None)) if ended else Bracket(low_ns, None),
        worst.client,
        worst.kind,
        worst.source,
        worst.target,
        min(one.first_bad_ns for one in group),
        max(one.last_bad_ns or one.first_bad_ns for one in group) if ended else None,
        len({one.client for one in group}),
        sum(one.failures for one in group),
        worst.how,
        worst.via,
    )
