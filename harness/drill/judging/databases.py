"""Requirements about which database stores what clients write, whichever place they are served by."""

from __future__ import annotations

import numpy as np

from harness.checkers.accepting import Accepting, accepting
from harness.checkers.result import CheckResult
from harness.drill.case import Case, Requirement
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.measures import ONE_DATABASE, Measures
from harness.history.codes import PUT, Bools
from harness.measurement.models import JUDGED_COHORT
from harness.outcome import Verdict

NAME = "database-of-writes"
_NOBODY_SAYS = "not measurable: no order of commits is kept, and only the application says which database it uses"


def database_of_writes(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether the judged clients' writes of a stretch of time were stored by the database of a place."""
    case, place = measures.case, requirement.place
    if place is None or requirement.from_ns is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "no database was named")
    if len({case.database_of(one) for one in case.addresses}) < 2:
        return CheckResult(NAME, Verdict.UNKNOWN, ONE_DATABASE)
    if not set(case.addresses) <= measures.logs.keys():
        return CheckResult(NAME, Verdict.UNKNOWN, _NOBODY_SAYS)
    found, chosen = _stored_puts(measures, requirement.from_ns, requirement.until_ns)
    if not chosen.any():
        return CheckResult(NAME, Verdict.UNKNOWN, "nothing was written meanwhile")
    by_place = {name: int(np.count_nonzero(chosen & (found.likely == code))) for code, name in enumerate(measures.logs)}
    through = {
        name: int(np.count_nonzero(chosen & (found.dialled == found.names.index(name)))) for name in measures.logs
    }
    stored = ", ".join(_stored(case, name, count) for name, count in by_place.items() if count)
    asked = " and ".join(name for name, count in through.items() if count)
    text = f"of {int(np.count_nonzero(chosen))} writes that clients sent to {asked}, {stored}"
    elsewhere = sum(count for name, count in by_place.items() if name != place)
    return CheckResult(NAME, Verdict.MISSED if elsewhere or not by_place[place] else Verdict.MET, text)


def goes_on(episode: EpisodeMeasures, measures: Measures) -> str:
    """In words, that who was sent to the survivor is served by the database of the place that was lost; "" otherwise.

    Then no database took over from another, and there is no moment at which anything could have been missing.
    """
    case, lost, survivor = measures.case, episode.lost, episode.survivor
    if episode.onset is None or not {lost, survivor} <= measures.logs.keys() or episode.one_database:
        return ""
    if not set(case.addresses) <= measures.logs.keys():
        return ""
    found, chosen = _stored_puts(measures, episode.onset.start_low_ns, episode.stretch.until_ns)
    chosen &= found.dialled == found.names.index(survivor)
    count = int(np.count_nonzero(chosen))
    if not count or (found.likely[chosen] != found.names.index(lost)).any():
        return ""
    writes = "1 write" if count == 1 else f"{count} writes"
    return f"{survivor} goes on in {case.database_of(lost)}, the database of {lost}, which stored its {writes}"


def _stored_puts(measures: Measures, from_ns: int, until_ns: int | None) -> tuple[Accepting, Bools]:
    """Who accepted what; and acknowledged puts of the judged clients of which the commits show where they are."""
    columns = measures.operations if until_ns is None else measures.operations.up_to(until_ns)
    found = accepting(columns, measures.case.by_address, measures.logs)
    chosen: Bools = columns.acknowledged & (columns.f == PUT) & columns.of_cohort(JUDGED_COHORT) & found.shown
    return found, chosen & (columns.sent_ns >= from_ns)


def _stored(case: Case, place: str, count: int) -> str:
    were = "1 was" if count == 1 else f"{count} were"
    return f"{were} stored by {case.database_of(place)}, the database of {place}"
