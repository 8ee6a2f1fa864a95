"""How a drill falls into episodes: stretches with one thing that happened, each judged by itself.

The rule. A fault begins an episode of its own, unless nothing has been concluded since the fault before it: then it
joins that one's (replication stalls, then a region is lost: one episode, whose recovery is measured from the last of
its faults; but what hits a component or a database by the way while a place is lost does not put that moment off).
An episode is concluded by whatever waits for what becomes of it: a heal (by a step, or by itself), clients
served, kept, or with nowhere to go, an error budget, a failback, a steady state. A heal that leaves another fault in
force begins an episode, too: from then on something can serve again, and recovery counts from that heal.

A requirement is about the episode that is current when it is stated. An episode ends where the next one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.drill.case import Case, CaseFault, Episode, Requirement
from harness.drill.lifecycle import Phase
from harness.history.events import Event, Mark
from harness.measurement.models import FaultInterval

LOSSES = ("region-outage", "region-isolated", "service-outage", "database-power-cycle")
"""Kinds of faults after which a place cannot serve: it is gone, cut off, or has no database."""
TO_COMPONENTS = (
    "process-kill", "process-freeze", "component-isolated", "provider-outage", "provider-trouble",
    "control-plane-outage", "health-checks-blind", "shop-trouble", "third-party-outage", "third-party-slow",
    "third-party-trouble", "third-party-limited", "third-party-maintenance", "third-party-lies", "resolver-outage",
    "name-server-outage", "dns-trouble",
)  # fmt: skip
"""Kinds that hit one component, an API that it calls, or what steers clients, and with it whatever times rest on."""
_SIDE_BLOWS = (*TO_COMPONENTS, "poison-record")
"""Kinds that hit one component, or a few records: what clients wait for is the end of the loss that they come on."""


def with_fault(case: Case, fault: CaseFault, serving: str, *, concluded: bool) -> Case:
    """A fault was injected. serving: the place that clients are served by; concluded: the current episode is."""
    index = len(case.faults)
    case = replace(case, faults=(*case.faults, fault))
    name = " ".join(part for part in (fault.kind, fault.target) if part)
    if not case.episodes or concluded or case.episodes[-1].begins == "heal":
        return replace(case, episodes=(*case.episodes, Episode(name, "fault", serving, (index,))))
    last = case.episodes[-1]
    joined = replace(last, name=f"{last.name}, then {name}", faults=(*last.faults, index))
    return replace(case, episodes=(*case.episodes[:-1], joined))


def with_heal(case: Case, healed: Sequence[int], serving: str, place: str) -> Case:
    """Some faults have been healed, and `case` knows since when. place: the one that they were healed at, in words."""
    if not healed or not any(fault.holds for fault in case.faults):
        return case
    return replace(case, episodes=(*case.episodes, Episode(f"heal of {place}", "heal", serving, (), tuple(healed))))


def expecting(case: Case, place: str) -> Case:
    """A step has said by whom clients must be served after what the current episode began with."""
    if not case.episodes:
        return case
    return replace(case, episodes=(*case.episodes[:-1], replace(case.episodes[-1], expected=place)))


def requiring(case: Case, requirement: Requirement) -> Case:
    """The scenario demands something; the same of the same episode only counts once, as it was said last."""
    rest = tuple(
        r for r in case.required
        if (r.name, r.episode, r.place, r.system, r.share)
        != (requirement.name, requirement.episode, requirement.place, requirement.system, requirement.share)
    )  # fmt: skip
    before = [r for r in case.required if r not in rest]
    if not before:
        return replace(case, required=(*case.required, requirement))
    return replace(case, required=tuple(requirement if r in before else r for r in case.required))


@dataclass(frozen=True)
class Stretch:
    """When an episode took place. onset None: its fault was never applied.

    until_ns: when the next one began, None for the last. heal_ns: when what it began with, or what still held, was
    taken back within it. calm_ns: since when all was calm before it, None when nobody saw that; calm_until_ns: up to
    the first fault after that.
    """

    onset: FaultInterval | None
    until_ns: int | None
    heal_ns: int | None
    calm_ns: int | None
    calm_until_ns: int | None


def stretch_of(case: Case, index: int, context: Sequence[Event]) -> Stretch:
    """When an episode of a case took place. context: events of the history, its marks among them."""
    episode = case.episodes[index]
    onset = onset_of(case, episode)
    until_ns = None
    if index + 1 < len(case.episodes):
        following = onset_of(case, case.episodes[index + 1])
        until_ns = None if following is None else following.start_low_ns
    began_ns = _began_ns(case, index)
    calm_ns = _calm_since(case, context, began_ns)
    starts = [f.started_ns for f in case.faults if calm_ns is not None and f.started_ns >= calm_ns]
    return Stretch(onset, until_ns, _heal_ns(case, episode, onset, until_ns), calm_ns, min(starts, default=None))


def main_of(case: Case, episode: Episode) -> CaseFault | None:
    """The fault that recovery is counted from; None for an episode that began with a heal."""
    faults = [case.faults[i] for i in episode.faults]
    if not faults:
        return None
    weighty = [fault for fault in faults if fault.kind not in _SIDE_BLOWS] or faults
    return weighty[-1]


def onset_of(case: Case, episode: Episode) -> FaultInterval | None:
    """When it began, within bounds: its main fault's onset, or the heal that it began with."""
    main = main_of(case, episode)
    if main is not None:
        return main.interval if main.applied else None
    lows = [case.faults[i].interval.stop_low_ns for i in episode.healed]
    highs = [case.faults[i].interval.stop_high_ns for i in episode.healed]
    if None in lows or None in highs:
        return None
    low_ns = min(low for low in lows if low is not None)
    high_ns = max(high for high in highs if high is not None)
    stops = [fault.interval for fault in _left(case, episode, low_ns)]
    first = min((i for i in stops if i.stop_low_ns is not None), key=lambda i: i.stop_low_ns or 0, default=None)
    if first is None:
        return FaultInterval(low_ns, high_ns)
    return FaultInterval(low_ns, high_ns, first.stop_low_ns, first.stop_high_ns)


def _left(case: Case, episode: Episode, at_ns: int) -> list[CaseFault]:
    """The faults that went on holding when an episode began with a heal."""
    return [
        fault
        for index, fault in enumerate(case.faults)
        if index not in episode.healed
        and fault.applied
        and fault.started_ns < at_ns
        and (fault.interval.stop_low_ns is None or fault.interval.stop_low_ns >= at_ns)
    ]


def _heal_ns(case: Case, episode: Episode, onset: FaultInterval | None, until_ns: int | None) -> int | None:
    stop_ns = None if onset is None else onset.stop_low_ns
    return None if stop_ns is None or (until_ns is not None and stop_ns >= until_ns) else stop_ns


def places_left(case: Case, from_ns: int, until_ns: int) -> tuple[str, ...]:
    """The places that clients could be served by between two moments: no loss of them, or of their database, held."""
    lost = {
        fault.target
        for fault in case.faults
        if fault.applied
        and fault.kind in LOSSES
        and fault.interval.start_high_ns <= from_ns
        and (fault.interval.stop_low_ns is None or fault.interval.stop_low_ns >= until_ns)
    }
    return tuple(place for place in case.addresses if not lost & {place, case.database_of(place)})


def _began_ns(case: Case, index: int) -> int:
    """Before this all must have been calm: the first fault of the nearest episode, up to this one, that has any."""
    for episode in reversed(case.episodes[: index + 1]):
        if episode.faults:
            return min(case.faults[i].started_ns for i in episode.faults)
    return 0


def _calm_since(case: Case, context: Sequence[Event], before_ns: int) -> int | None:
    """The latest calm that was established before a moment: a steady state that held, or a recovery that lasted for W.

    Of a recovery only the window's second half counts, for the last client's answer may have come right before it.
    """
    known = {
        Phase.STEADY_HELD.value: case.limits.steady_for_ns,
        Phase.RECOVERED.value: case.limits.window_ns // 2,
    }
    marks = [e for e in context if isinstance(e, Mark) and e.f in known and e.mono_ns <= before_ns]
    last = max(marks, key=lambda mark: mark.mono_ns, default=None)
    return None if last is None else last.mono_ns - known[last.f]


def began_ns(events: Sequence[Event]) -> int | None:
    """When the recording began, from which all seconds count that are not after something; None where there is none.

    events: in order of time.
    """
    marks = (e.mono_ns for e in events if isinstance(e, Mark) and e.f == Phase.STARTING)
    return next(marks, events[0].mono_ns if events else None)


def moments_of(case: Case) -> tuple[tuple[int, str], ...]:
    """What was done when, in words."""
    found: list[tuple[int, str]] = []
    for fault in (fault for fault in case.faults if fault.applied):
        of = f" of {fault.target}" if fault.target else ""
        what = "loss" if fault.kind in LOSSES else fault.kind.replace("-", " ")
        found.append((fault.started_ns, f"the {what}{of}"))
        if fault.interval.stop_low_ns is not None:
            found.append((fault.interval.stop_low_ns, f"the heal{of}"))
    return tuple(sorted(found))
