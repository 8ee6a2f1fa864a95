"""Requirements about journeys: what could still be done while something was broken."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding
from harness.drill.case import Requirement
from harness.drill.judging.interruptions import scenario_end_ns
from harness.drill.measures import Measures
from harness.measurement.journeys import NOT_RUN, STATES, WORKS, Fared, fared
from harness.outcome import Verdict

NAME = "journey"


def fared_of(measures: Measures) -> list[Fared]:
    """How each journey of the subject fared under each fault; none without journeys."""
    case, ended_ns = measures.case, scenario_end_ns(measures)
    if case.journeys is None:
        return []
    faults = [fault.interval if fault.applied else None for fault in case.faults]
    end_ns = measures.end_ns + 1 if ended_ns is None else ended_ns
    return fared(measures.visits, case.journeys.names, faults, measures.steady_ns, end_ns)


def still(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether a journey worked under every fault of the episode. system: the journey's name."""
    episode = requirement.episode
    faults = () if episode is None else measures.case.episodes[episode].faults
    found = [one for one in fared_of(measures) if one.fault in faults and one.journey == requirement.system]
    told = [one for one in found if one.state != NOT_RUN]
    if not told:
        text = found[0].text if found else "nothing was broken"
        return CheckResult(NAME, Verdict.UNKNOWN, f"{requirement.system}: {text}")
    worst = max(told, key=lambda one: STATES.index(one.state))
    text = f"{worst.journey} {worst.state}: {worst.text}"
    if worst.state == WORKS:
        return CheckResult(NAME, Verdict.MET, text)
    return CheckResult(NAME, Verdict.MISSED, text, (Finding("journey", text, "serious"),))
