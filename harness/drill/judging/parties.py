"""Requirements about third parties: each holds what it is due, once, was told in order, and spared while away."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding, shortened, some
from harness.drill.case import Requirement
from harness.drill.measures import Measures
from harness.measurement.parties import Due, Held, held, overtaken, stormed
from harness.outcome import Verdict
from harness.units import to_s

HOLDS, HOLDS_WRITES, ORDER, SPARED = "party-holds", "party-holds-writes", "party-order", "party-spared"


def holds(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether a system holds everything that it is due, once.

    from_ns: what was due by then; until_ns: by when it must be there.
    """
    name, system = requirement.name, requirement.system or ""
    due = _due(requirement, measures, requirement.from_ns)
    if not due:
        return CheckResult(name, Verdict.UNKNOWN, f"nothing was due to {system}: {_NOTHING[name]}")
    found = held(due, measures.parties.calls(system), requirement.until_ns)
    late = _late(found)
    if not found.missing and not found.doubled:
        repeats = f"; {found.repeats} repeats did no harm" if found.repeats else ""
        return CheckResult(name, Verdict.MET, f"{system} holds all of {found.due} that it was due, once{late}{repeats}")
    told = [_missing(system, found, measures)] if found.missing else []
    told += [_doubled(system, found)] if found.doubled else []
    text = "; ".join(told) + late
    code = "A1" if found.missing else "A14"
    at_ns = found.missing[0].at_ns if found.missing else None
    return CheckResult(name, Verdict.MISSED, text, (Finding(code, text, "serious", at_ns),))


_NOTHING = {
    HOLDS: "nothing happened that asks for it",
    HOLDS_WRITES: "no write of a client was acknowledged",
}


def order(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether no older version of anything was stored after a newer one."""
    system = requirement.system or ""
    calls = measures.parties.calls(system)
    stored = sum(call.stored for call in calls)
    if not stored:
        return CheckResult(ORDER, Verdict.UNKNOWN, f"{system} has stored nothing")
    found = overtaken(calls, measures.parties.writes())
    if not found:
        return CheckResult(ORDER, Verdict.MET, f"none of {stored} records of {system} was stored after a newer one")
    first = found[0]
    text = (
        f"{len(found)} of {stored} records of {system} were stored after newer ones, first {shortened(first.key)}: "
        f"{shortened(first.older)} after {shortened(first.newer)}"
    )
    return CheckResult(ORDER, Verdict.MISSED, text, (Finding("A7", text, "serious", first.at_ns),))


def spared(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether a system in trouble was not stormed with attempts. most: for each thing, on the average."""
    system, most = requirement.system or "", requirement.most or 1.0
    troubles = measures.parties.troubles(system)
    if not troubles:
        text = f"{system} was in no trouble that calls came through to: what is lost on the way, nobody counts"
        return CheckResult(SPARED, Verdict.UNKNOWN, text)
    due = measures.parties.effects(system)
    if any(other.name == HOLDS_WRITES and other.system == system for other in measures.case.required):
        due += measures.parties.writes()
    found = stormed(measures.parties.calls(system), due, troubles, measures.end_ns)
    if not found.calls:
        return CheckResult(SPARED, Verdict.UNKNOWN, f"nobody called {system} while it was in trouble")
    key, times = found.worst
    rate = f", {found.calls / found.seconds:.1f} a second" if found.seconds else ""
    text = (
        f"{found.calls} calls of {system} while it was in trouble{rate}, about {found.things} things: "
        f"{found.attempts:.1f} for each, {most:g} allowed; {shortened(key)} most often, {times} times"
    )
    if found.attempts <= most:
        return CheckResult(SPARED, Verdict.MET, text)
    return CheckResult(SPARED, Verdict.MISSED, text, (Finding("storm", text, "serious", troubles[0].start_low_ns),))


def _due(requirement: Requirement, measures: Measures, until_ns: int | None) -> list[Due]:
    if requirement.name == HOLDS_WRITES:
        return measures.parties.writes(until_ns)
    return measures.parties.effects(requirement.system or "", until_ns)


def _missing(system: str, found: Held, measures: Measures) -> str:
    keys = [shortened(one.key) for one in found.missing]
    text = f"{len(keys)} of {found.due} that {system} was due never reached it: {some(keys, 3)}"
    lies = f"; {found.lied} calls were answered 201 and stored nothing" if found.lied else ""
    return text + lies


def _doubled(system: str, found: Held) -> str:
    doubled = found.doubled or {}
    told = some([f"{shortened(key)} {count} times" for key, count in doubled.items()], 3)
    return f"{system} holds {len(doubled)} of them more than once: {told}"


def _late(found: Held) -> str:
    if not found.delays_ns:
        return ""
    half, most, last = (to_s(found.late_ns(share)) for share in (0.5, 0.99, 1.0))
    return f"; there after {half:.2f} s (half), {most:.2f} s (99 of 100), {last:.2f} s (the last)"
