"""Which faults of a drill may have stopped replication, between which databases, and when.

A side that was given up is told by its fault's links: one over which a component in one place reaches the database, or
the edge, of another was lost, or a database refused writes. Slow links, and those on which some requests fail, still
carry changes. A process that was stopped is the plan's own affair: it may have a second one.

What excuses readers is less, and has a direction (`cuts_of`): a place or its database was lost or cut off, all paths
between databases stood still, or the reader's database took no writes. Of one path or one component nobody knows what
it carries, and so it counts only where a commit log shows that nothing came while it held (see `severance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.drill.case import Case, CaseFault, Episode
from harness.drill.episodes import LOSSES
from harness.measurement.models import FaultInterval
from harness.measurement.severed import Cut
from harness.names import DYNAMODB, DYNAMODB_WRITES, ROUTE53

_REFUSED = f":{DYNAMODB_WRITES}"
_ALL = "all"
STANDSTILLS = ("replication-stall", "replication-paused")
"""Faults by which replication stands still, as a whole where their target is `all`."""
_DOUBTFUL = ("component-isolated", "one-way-partition", *STANDSTILLS)


def stops_replication(case: Case, fault: CaseFault) -> bool:
    """Whether nothing can have got from one database to another over what it broke."""
    if not fault.applied or fault.canary.kind != "fails":
        return False
    if fault.kind == "operations-refused":
        return any(link.endswith(_REFUSED) for link in fault.canary.links)
    return any(_between_databases(case, link) for link in fault.links)


def cuts_of(case: Case, fault: CaseFault) -> Sequence[Cut]:
    """What a fault may have cut, by pair of databases; nothing where there is one database alone."""
    if not stops_replication(case, fault):
        return ()
    databases = sorted({place.database for place in case.places})
    pairs = [(one, other) for one in databases for other in databases if one != other]
    begun_ns, ended_ns = fault.interval.start_low_ns, fault.interval.stop_high_ns
    return [
        Cut(begun_ns, ended_ns, _places_with(case, source), _places_with(case, target))
        for source, target in pairs
        if _lies_between(case, fault, source, target)
    ]


def doubtful(fault: CaseFault) -> bool:
    """Whether only a commit log can tell that what it lost is what carried changes: one path, or one component."""
    return fault.kind in _DOUBTFUL and not (fault.kind in STANDSTILLS and fault.target == _ALL)


def _lies_between(case: Case, fault: CaseFault, source: str, target: str) -> bool:
    if fault.kind == "operations-refused":
        return any(link.endswith(f"->{target}{_REFUSED}") for link in fault.canary.links)
    if fault.kind in LOSSES:
        return bool({source, target} & set(_databases_at(case, fault.target)))
    return fault.kind in _DOUBTFUL and any(
        {source, target} == set(ends) for link in fault.links if (ends := _ends(case, link)) is not None
    )


def _ends(case: Case, link: str) -> tuple[str, str] | None:
    """The database where a link to another database begins, and that one."""
    source, _, rest = link.partition("->")
    target, _, service = rest.rpartition(":")
    here = [place.database for place in case.places if source.endswith(f".{place.name}")]
    there = list(_databases_at(case, target))
    return (here[0], there[0]) if service == DYNAMODB and here and there else None


def _places_with(case: Case, database: str) -> frozenset[str]:
    return frozenset(place.name for place in case.places if place.database == database)


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
    """An onset, up to when none of some faults held any more that held then, or came on top of those that did.

    Up to its own end where there are none.
    """
    last: FaultInterval | None = None
    for interval in sorted((f.interval for f in faults), key=lambda i: i.start_low_ns):
        end_ns = onset.start_high_ns if last is None else last.stop_high_ns
        if end_ns is None:
            break
        before = interval.stop_high_ns is not None and interval.stop_high_ns < onset.start_low_ns
        if before or interval.start_low_ns > end_ns:
            continue
        if last is None or interval.stop_low_ns is None or interval.stop_low_ns > (last.stop_low_ns or 0):
            last = interval
    if last is None:
        return onset
    return FaultInterval(onset.start_low_ns, onset.start_high_ns, last.stop_low_ns, last.stop_high_ns)
