"""What could still be done while something was broken: of each journey, how its visits fared before, during and after.

A visit counts by when it was sent: before the first fault, while a fault held (from when it bit until it was healed),
or after that. What became of a journey under a fault is one of four:

    works           nearly all visits did, and hardly slower than before
    degraded        some did, or all of them slowly
    does not work   hardly any did, or none of the last ones before the heal
    not run         nobody can say: too few visits, or it had not worked before the fault either

Where several faults held at once, only those visits count for one of them that it had to itself, if there are enough;
else it is said which others held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.history.journeys import JourneyMade
from harness.measurement.models import FaultInterval
from harness.measurement.statistics import quantile
from harness.spelling import seconds
from harness.units import NS_PER_MS, NS_PER_S

WORKS, DEGRADED, FAILS, NOT_RUN = "works", "degraded", "does not work", "not run"
STATES = (WORKS, DEGRADED, FAILS, NOT_RUN)
"""From the best to the worst, and then nothing."""
WORKS_SHARE = 0.95
"""So many visits must have worked for a journey to work."""
BEFORE_SHARE = 0.9
"""Where fewer worked before any fault, nothing can be said of one."""
FAILS_SHARE = 0.1
"""With fewer it does not work."""
SLOWER_TIMES, SLOWER_NS = 3.0, 250 * NS_PER_MS
"""It is slower where 95 of 100 took so many times as long as before, and so much longer."""
VISITS_MIN = 5
"""With fewer nothing is said; and when so many in a row have failed up to the heal, it did not work in the end."""
RULES: Mapping[str, float] = {
    "works_share": WORKS_SHARE, "fails_share": FAILS_SHARE, "before_share": BEFORE_SHARE, "slower_times": SLOWER_TIMES,
    "slower_s": SLOWER_NS / NS_PER_S, "visits_min": VISITS_MIN,
}  # fmt: skip


@dataclass(frozen=True)
class Visited:
    """Visits of one journey in one stretch of time. p50_ns, p95_ns: how long those took that worked; None: none did."""

    made: int = 0
    worked: int = 0
    p50_ns: int | None = None
    p95_ns: int | None = None

    @property
    def share(self) -> float:
        """How many of them worked; 0 of none."""
        return self.worked / self.made if self.made else 0.0


@dataclass(frozen=True)
class Fared:
    """What became of one journey under one fault. fault: its number; beside: of others that held all the time.

    out_ns: the longest time without a visit that worked, from the first that failed; ended: whether one has worked
    since, while the fault held. errors: of those that failed, how often.
    """

    fault: int
    journey: str
    state: str
    text: str
    before: Visited
    during: Visited
    after: Visited
    beside: tuple[int, ...] = ()
    out_ns: int = 0
    ended: bool = True
    errors: Mapping[str, int] = field(default_factory=dict)


def visited(visits: Sequence[JourneyMade]) -> Visited:
    """The numbers of some visits."""
    took = sorted(visit.returned_ns - visit.mono_ns for visit in visits if visit.worked)
    if not took:
        return Visited(len(visits))
    return Visited(len(visits), len(took), quantile(took, 0.5), quantile(took, 0.95))


def fared(
    visits: Sequence[JourneyMade],
    names: Sequence[str],
    faults: Sequence[FaultInterval | None],
    calm_ns: int,
    end_ns: int,
) -> list[Fared]:
    """How every journey fared under every fault. visits: in the order of sending. faults: when each held; None: it was
    never applied. calm_ns: since when all was well before the first one; end_ns: when the clients stopped."""
    held = [fault for fault in faults if fault is not None]
    if not held:
        return []
    first_ns = min(fault.start_low_ns for fault in held)
    by_name = {name: [visit for visit in visits if visit.journey == name] for name in names}
    found = []
    for number, fault in enumerate(faults):
        if fault is None:
            continue
        for name, of_it in by_name.items():
            before = visited([visit for visit in of_it if calm_ns <= visit.mono_ns < first_ns])
            during, beside = _during(of_it, number, faults)
            after = _after(of_it, number, faults, end_ns)
            found.append(_judged(number, name, before, during, visited(after), beside))
    return found


def _during(
    visits: Sequence[JourneyMade], number: int, faults: Sequence[FaultInterval | None]
) -> tuple[list[JourneyMade], tuple[int, ...]]:
    """The visits that count for a fault, and which others held during them."""
    own = [visit for visit in visits if _holds(faults[number], visit)]
    alone = [visit for visit in own if not any(_holds(f, visit) for n, f in enumerate(faults) if n != number)]
    if len(alone) >= VISITS_MIN:
        return alone, ()
    return own, tuple(n for n, f in enumerate(faults) if n != number and any(_holds(f, visit) for visit in own))


def _holds(fault: FaultInterval | None, visit: JourneyMade) -> bool:
    """Whether a fault had bitten when a visit was sent, and was not being healed."""
    if fault is None or visit.mono_ns < fault.start_high_ns:
        return False
    return fault.stop_low_ns is None or visit.mono_ns < fault.stop_low_ns


def _after(
    visits: Sequence[JourneyMade], number: int, faults: Sequence[FaultInterval | None], end_ns: int
) -> list[JourneyMade]:
    """The visits from a fault's heal on, until something else is broken."""
    fault = faults[number]
    if fault is None or fault.stop_high_ns is None:
        return []
    from_ns = fault.stop_high_ns
    starts = [other.start_low_ns for other in faults if other is not None and other.start_low_ns >= from_ns]
    until_ns = min([end_ns, *starts])
    return [visit for visit in visits if from_ns <= visit.mono_ns < until_ns]


def _judged(
    number: int, name: str, before: Visited, visits: Sequence[JourneyMade], after: Visited, beside: tuple[int, ...]
) -> Fared:
    during, out_ns, ended = visited(visits), *_out(visits)
    errors = Counter(_error(visit) for visit in visits if not visit.worked)
    state, text = _state(before, during, visits, out_ns, ended, errors)
    return Fared(number, name, state, text, before, during, after, beside, out_ns, ended, dict(errors.most_common()))


def _error(visit: JourneyMade) -> str:
    return str(visit.status) if visit.status is not None else visit.error or "unknown"


def _out(visits: Sequence[JourneyMade]) -> tuple[int, bool]:
    longest_ns, began_ns = 0, None
    for visit in visits:
        if visit.worked:
            longest_ns = max(longest_ns, 0 if began_ns is None else visit.mono_ns - began_ns)
            began_ns = None
        elif began_ns is None:
            began_ns = visit.mono_ns
    if began_ns is None:
        return longest_ns, True
    return max(longest_ns, visits[-1].returned_ns - began_ns), False


def _state(
    before: Visited, during: Visited, visits: Sequence[JourneyMade], out_ns: int, ended: bool, errors: Mapping[str, int]
) -> tuple[str, str]:
    if during.made < VISITS_MIN:
        return NOT_RUN, f"only {during.made} visits while it held, which says nothing"
    if before.made < VISITS_MIN or before.share < BEFORE_SHARE:
        return NOT_RUN, f"before the fault {before.worked} of {before.made} visits worked, so nothing is shown"
    counted = f"{during.worked} of {during.made} visits worked"
    if errors:
        counted += f" ({', '.join(f'{count} times {word}' for word, count in list(errors.items())[:3])})"
    failed = during.made - during.worked
    if during.share < FAILS_SHARE or not any(visit.worked for visit in visits[-VISITS_MIN:]):
        return FAILS, f"{counted}; none of the last ones" if during.worked else counted
    lasted = f"; it was out for {seconds(out_ns)}" if failed else ""
    back = ", and worked again while the fault held" if failed and ended else ""
    if during.share < WORKS_SHARE:
        return DEGRADED, f"{counted}{lasted}{back}"
    if slower := _slower(before, during):
        return DEGRADED, f"{counted}; {slower}"
    return WORKS, counted


def _slower(before: Visited, during: Visited) -> str:
    was_ns, is_ns = before.p95_ns, during.p95_ns
    if was_ns is None or is_ns is None or is_ns <= max(SLOWER_TIMES * was_ns, was_ns + SLOWER_NS):
        return ""
    return f"95 of 100 took up to {is_ns / NS_PER_S:.2f} s, and {was_ns / NS_PER_S:.2f} s before the fault"
