"""The requirement that a business that goes on elsewhere tells the application of what happens in it."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding, shortened, some
from harness.drill.case import Requirement
from harness.drill.measures import Measures
from harness.history.business import BusinessChange, BusinessTold
from harness.measurement.telling import telling
from harness.outcome import Verdict
from harness.units import to_s

NAME = "business-told"


def told(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether the application has taken a message of everything that happened from from_ns to until_ns."""
    business = measures.case.business
    if business is None:
        text = "the subject file does not say where the application keeps what it is told (`business:`)"
        return CheckResult(NAME, Verdict.UNKNOWN, text)
    changes = [one for one in measures.context if isinstance(one, BusinessChange) and one.kind in business.keeps]
    messages = [one for one in measures.context if isinstance(one, BusinessTold)]
    from_ns, until_ns = requirement.from_ns or 0, requirement.until_ns or measures.end_ns
    found = telling(changes, messages, from_ns, until_ns)
    seconds = to_s(until_ns - from_ns)
    if not found.changes:
        return CheckResult(NAME, Verdict.UNKNOWN, f"nothing happened in the shop within {seconds:.1f} s")
    if not found.unsent and not found.untaken:
        return CheckResult(NAME, Verdict.MET, f"{found.changes} changes within {seconds:.1f} s, told of all of them")
    parts = []
    if found.unsent:
        parts.append(
            f"of {len(found.unsent)} no message was sent, for nothing is subscribed to: {_named(found.unsent)}"
        )
    if found.untaken:
        parts.append(f"of {len(found.untaken)} a message was sent and none taken: {_named(found.untaken)}")
    last = "no message was ever taken"
    if found.last_ns is not None:
        last = f"the last message was taken {to_s(until_ns - found.last_ns):.1f} s before the end of that time"
    count = len(found.unsent) + len(found.untaken)
    text = (
        f"nobody was told of {count} of {found.changes} changes within {seconds:.1f} s, when all was well: "
        f"{'; '.join(parts)}; {last}"
    )
    return CheckResult(NAME, Verdict.MISSED, text, (Finding("A1", text, "serious", from_ns),))


def _named(changes: tuple[BusinessChange, ...]) -> str:
    return some([f"{one.kind} {shortened(one.k)} ({one.topic} of event {one.event})" for one in changes], 2)
