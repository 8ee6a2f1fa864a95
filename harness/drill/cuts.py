"""Which faults of a drill are known to have stopped replication, and when: what a plan cannot be blamed for.

Known is what the fault's own links tell: one over which a component in one place reaches the database, or the edge, of
another was lost, or a database refused writes. Slow links, and those on which some requests fail, still carry changes.
A process that was stopped is the plan's own affair: it may have a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.drill.case import Case, CaseFault, Episode
from harness.drill.episodes import LOSSES
from harness.measurement.models import FaultInterval
from harness.names import DYNAMODB_WRITES, ROUTE53

_REFUSED = f":{DYNAMODB_WRITES}"


def stops_replication(case: Case, fault: CaseFault) -> bool:
    """Whether nothing can have got from one database to another over what it broke."""
    if not fault.applied or fault.canary.kind != "fails":
        return False
    if fault.kind == "operations-refused":
        return any(link.endswith(_REFUSED) for link in fault.canary.links)
    return any(_between_databases(case, link) for link in fault.links)


def cuts(case: Case) -> Sequence[FaultInterval]:
    """When replication was cut, in order of time; never where there is one database alone."""
    return sorted((f.interval for f in case.faults if stops_replication(case, f)), key=lambda i: i.start_low_ns)


def cutting(case: Case, episode: Episode) -> Sequence[CaseFault]:
    """The faults of an episode that did so."""
    return [case.faults[index] for index in episode.faults if stops_replication(case, case.faults[index])]


def _between_databases(case: Case, link: str) -> bool:
    """Whether a link leads from a place to where another database is."""
    source, _, rest = link.partition("->")
    target, _, service = rest.rpartition(":")
    here = {place.database for place in case.places if source.endswith(f".{place.name}")}
    there = set(_databases_at(case, target))
    return service != ROUTE53 and bool(here) and bool(there) and not here & there


def _databases_at(case: Case, target: str) -> Iterator[str]:
    """Those of a target: a place, a database's region, or a component in a place."""
    for place in case.places:
        if target in (place.name, place.database) or target.endswith(f".{place.name}"):
            yield place.database


def left_behind(case: Case, episode: Episode, lost: str) -> Sequence[CaseFault]:
    """The faults of an episode that cut off a place which had to be given up: lost by their kind, or by a step's word.

    What such a place goes on acknowledging is lost with it. Where replication alone stands still, and no step says that
    another place must serve, nobody was lost.
    """
    given_up = episode.expected is not None and episode.expected != lost
    mine = (lost, case.database_of(lost))
    return [f for f in cutting(case, episode) if given_up or (f.kind in LOSSES and f.target in mine)]


def until_healed(onset: FaultInterval, faults: Sequence[CaseFault]) -> FaultInterval:
    """An onset, up to the heal of the first of some faults; up to its own where there are none."""
    if not faults:
        return onset
    healed = [f.interval for f in faults if f.interval.stop_low_ns is not None]
    first = min(healed, key=lambda i: i.stop_low_ns or 0, default=None)
    if first is None:
        return FaultInterval(onset.start_low_ns, onset.start_high_ns)
    return FaultInterval(onset.start_low_ns, onset.start_high_ns, first.stop_low_ns, first.stop_high_ns)
