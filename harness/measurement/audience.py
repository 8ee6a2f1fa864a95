"""How an audience came back after a fault: the share of its users that were served again, over time, within bounds.

Derivation. A client is back at the moment from which on it is served lastingly, both what it reads and what it writes;
counted from the fault that moment is known within [low, high] (see recovery_time), and has no upper end where nobody
saw it come back while the fault held, or watched for long enough to call it lasting.

n clients of a profile stand for all its users: their caches run out an n-th of their lifetime L apart. Caches of users
run out at any moment, so each user's lies between those of two neighbours, and an n-th of the users lies between each
two. Whose cache runs out later is back later, but for the one gap of the n in which the answer changed: before the
change lies the latest of all, behind it the earliest. So with the n clients in the order in which they came back, an
n-th of the users was back within each of

    [low(k), high(k + 1)]        for k = 1 .. n - 1
    [low(1) - L/n, high(n) + L/n]

The curve is what these shares say together, by the weights of the profiles: at a moment t at least so many are back as
have high <= t, and at most so many as have low <= t. Of a cache behind another one, L is the sum of the two; there, and
where a client has a cache for each of two families, n clients are a sample of how the two can lie to each other, and
the bounds are no longer those of every user.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from harness.history.columns import Columns
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.recovery_time import RecoveryTime, recovery_of
from harness.measurement.streams import streams_of
from harness.outcome import Bracket

_EXACT = 1e-9
"""Shares are sums of fractions."""


@dataclass(frozen=True)
class Profile:
    """Users of one profile. kept_ns: how long its caches may keep an answer, all together."""

    cohort: str
    weight: float
    kept_ns: int = 0


@dataclass(frozen=True)
class CohortBack:
    """How one profile's users came back. clients: when each client was back, in order of name. shares: when each of n
    equal shares of the users was. away: whether any client was without service at all."""

    profile: Profile
    clients: Mapping[str, Bracket]
    shares: tuple[Bracket, ...]
    away: bool

    @property
    def first(self) -> Bracket:
        """When the first client was back."""
        return _ordered(self.clients.values())[0]

    @property
    def last(self) -> Bracket:
        """When the last user was."""
        return Bracket(max(s.low_ns for s in self.shares), _latest([s.high_ns for s in self.shares]))


@dataclass(frozen=True)
class Point:
    """From after_ns on, until the next point: at least and at most this share of the users is back, 0..1."""

    after_ns: int
    least: float
    most: float


@dataclass(frozen=True)
class Curve:
    """points: in order of time; the first is at the fault."""

    points: tuple[Point, ...] = field(default=(Point(0, 0.0, 0.0),))

    def at(self, after_ns: int) -> Point:
        """What is known of a moment after the fault."""
        found = self.points[bisect_right([point.after_ns for point in self.points], after_ns) - 1]
        return replace(found, after_ns=after_ns)

    def reached(self, share: float) -> Bracket:
        """When so large a share of the users was back; without an upper end where that is not certain of any moment."""
        low_ns = next((p.after_ns for p in self.points if p.most >= share - _EXACT), self.points[-1].after_ns)
        return Bracket(low_ns, next((p.after_ns for p in self.points if p.least >= share - _EXACT), None))


@dataclass(frozen=True)
class Back:
    """How the audience came back."""

    cohorts: tuple[CohortBack, ...]
    curve: Curve


def came_back(
    columns: Columns,
    profiles: Sequence[Profile],
    fault: FaultInterval,
    heal_ns: int | None,
    window_ns: int,
    padding: Padding,
    failure_rates: Mapping[str, float],
    patience_ns: int,
    until_ns: int | None = None,
) -> Back:
    """Of all profiles that sent anything; arguments as of recovery_time.recovery_by_cohort.

    patience_ns: who was answered later than that was not served, however often his client tried in between.
    """
    known = columns if until_ns is None else columns.up_to(until_ns)
    end_ns = known.end_ns if until_ns is None else until_ns
    by_client: dict[str, dict[str, list[Bracket]]] = {profile.cohort: {} for profile in profiles}
    for (cohort, client, kind), stream in streams_of(known, end_ns, patience_ns):
        if cohort not in by_client:
            continue
        slow = stream.bad | (stream.end_ns - stream.sent_ns > patience_ns)
        patient = replace(stream, bad=slow, horizon_ns=end_ns if until_ns is not None else stream.horizon_ns)
        rate = failure_rates.get(cohort, 0.0)
        time = recovery_of(patient, fault, heal_ns, window_ns, padding, rate, client, kind)
        by_client[cohort].setdefault(client, []).append(_moment(time, fault))
    cohorts = tuple(_cohort(profile, by_client[profile.cohort]) for profile in profiles if by_client[profile.cohort])
    return Back(cohorts, curve_of([(one.profile.weight, one.shares) for one in cohorts]))


def _moment(time: RecoveryTime, fault: FaultInterval) -> Bracket:
    """When one client was served again, of one kind, counted from the fault."""
    if time.unaffected or time.first_bad_ns is None:
        return Bracket(0, 0)
    low_ns = max(0, time.first_bad_ns + time.bracket.low_ns - fault.start_high_ns)
    if time.recovered_seen_ns is None or time.recovered_only_after_heal or not time.confirmed:
        return Bracket(low_ns, None)
    return Bracket(low_ns, max(low_ns, time.recovered_seen_ns - fault.start_low_ns))


def _cohort(profile: Profile, by_client: Mapping[str, Sequence[Bracket]]) -> CohortBack:
    clients = {
        client: Bracket(max(one.low_ns for one in kinds), _latest([one.high_ns for one in kinds]))
        for client, kinds in sorted(by_client.items())
    }
    away = any(one.high_ns != 0 for one in clients.values())
    return CohortBack(profile, clients, shares_of(list(clients.values()), profile.kept_ns), away)


def shares_of(clients: Sequence[Bracket], kept_ns: int) -> tuple[Bracket, ...]:
    """When each of n equal shares of the users was back, from when n clients were. kept_ns: L, see the module."""
    if all(one.high_ns == 0 for one in clients):
        return tuple(clients)
    gap_ns = -(-kept_ns // len(clients))
    lows = sorted(one.low_ns for one in clients)
    highs = [one.high_ns for one in sorted(clients, key=lambda one: (one.high_ns is None, one.high_ns or 0))]
    between = [Bracket(low, high) for (low, _), (_, high) in zip(pairwise(lows), pairwise(highs), strict=True)]
    last_ns = highs[-1]
    return (*between, Bracket(max(0, lows[0] - gap_ns), None if last_ns is None else last_ns + gap_ns))


def curve_of(cohorts: Sequence[tuple[float, Sequence[Bracket]]]) -> Curve:
    """The share of all users that is back, from the weights of profiles and their equal shares."""
    total = sum(weight for weight, shares in cohorts if shares)
    if not total:
        return Curve()
    moments = {0}
    for _, shares in cohorts:
        moments.update(one.low_ns for one in shares)
        moments.update(one.high_ns for one in shares if one.high_ns is not None)
    points = []
    for at_ns in sorted(moments):
        least = most = 0.0
        for weight, shares in cohorts:
            each = weight / total / len(shares) if shares else 0.0
            least += each * sum(one.high_ns is not None and one.high_ns <= at_ns for one in shares)
            most += each * sum(one.low_ns <= at_ns for one in shares)
        points.append(Point(at_ns, min(1.0, least), min(1.0, most)))
    return Curve(tuple(points))


def _latest(moments: Sequence[int | None]) -> int | None:
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _ordered(brackets: Iterable[Bracket]) -> list[Bracket]:
    return sorted(brackets, key=lambda one: (one.low_ns, one.high_ns is None, one.high_ns or 0))
