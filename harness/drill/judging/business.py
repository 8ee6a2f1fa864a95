"""Requirements about a business that goes on elsewhere: what its events have done to the application."""

from __future__ import annotations

from collections.abc import Callable

from harness.checkers.result import CheckResult, Finding, shortened, some
from harness.drill.case import Requirement
from harness.drill.measures import Measures
from harness.faults.shop_trouble import ROTATED
from harness.history.events import FaultEvent
from harness.measurement.business import Effects, Lost
from harness.outcome import Verdict
from harness.units import to_s

KEPT, ONCE, ORDER, FORGED = "business-kept", "business-once", "business-order", "business-forged"
TRUSTED, SOON = "business-trusted", "business-soon"


def _checked(name: str) -> Callable[[Callable[[Effects, Measures], CheckResult]], Callable[..., CheckResult]]:
    """Of a check on what became of the business, one that says why where nobody knows that."""

    def wrap(check: Callable[[Effects, Measures], CheckResult]) -> Callable[[Requirement, Measures], CheckResult]:
        def judged(_: Requirement, measures: Measures) -> CheckResult:
            found = measures.business
            if isinstance(found, str):
                return CheckResult(name, Verdict.UNKNOWN, found)
            return check(found, measures)

        return judged

    return wrap


@_checked(KEPT)
def kept(found: Effects, measures: Measures) -> CheckResult:
    """Whether the application knows in the end of everything that happened."""
    if (unjudged := _unjudged(found, measures)) and not found.undone:
        return CheckResult(KEPT, Verdict.UNKNOWN, unjudged)
    late = ""
    if found.delays_ns:
        p50, p99, worst = (to_s(found.late_ns(share) or 0) for share in (0.5, 0.99, 1.0))
        late = f"; known after {p50:.2f} s (half), {p99:.2f} s (99 of 100), {worst:.2f} s (the last)"
    if not found.lost and not found.undone:
        text = f"{found.changes} changes of {found.things} things, all of them known at {measures.serving}{late}"
        return CheckResult(KEPT, Verdict.MET, text)
    if not found.lost:
        told = some([f"{shortened(key)} ({change.topic} of event {change.event})" for key, change in found.undone], 3)
        text = f"{len(found.undone)} things that changes ask for were never done at {measures.serving}: {told}{late}"
        return CheckResult(KEPT, Verdict.MISSED, text, (Finding("A1", text, "serious"),))
    things = "1 thing" if len(found.lost) == 1 else f"{len(found.lost)} things"
    text = (
        f"{found.lost_changes} of {found.changes} changes, of {things}, are not known at {measures.serving}: "
        f"{some([_told(one) for one in found.lost], limit=3)}{_how(found)}"
    )
    if found.undone:
        text += f"; {len(found.undone)} things that changes ask for were never done"
    text += late
    return CheckResult(KEPT, Verdict.MISSED, text, (Finding("A1", text, "serious"),))


@_checked(ONCE)
def once(found: Effects, measures: Measures) -> CheckResult:
    """Whether nothing was done twice because a message came twice."""
    if found.repeated is None:
        text = "the subject file names no table that counts effects (`business.effects`)"
        return CheckResult(ONCE, Verdict.UNKNOWN, text)
    if not found.counts:
        text = f"the table of effects is empty at {measures.serving}: nothing was ever done because of any event"
        return CheckResult(ONCE, Verdict.UNKNOWN, text)
    if not found.repeated:
        return CheckResult(ONCE, Verdict.MET, f"nothing was done twice at {measures.serving}")
    told = some([f"{shortened(key)} {count} times" for key, count in found.repeated.items()], limit=3)
    text = f"{len(found.repeated)} effects came about more than once at {measures.serving}: {told}"
    return CheckResult(ONCE, Verdict.MISSED, text, (Finding("A14", text, "serious"),))


@_checked(ORDER)
def order(found: Effects, measures: Measures) -> CheckResult:
    """Whether no older state of a thing ever took the place of a newer one."""
    if found.put_back is None:
        return CheckResult(ORDER, Verdict.UNKNOWN, "not measurable: no order of commits is kept")
    if not found.put_back and (nothing := _nothing(found, measures)):
        return CheckResult(ORDER, Verdict.UNKNOWN, nothing)
    if not found.put_back:
        return CheckResult(ORDER, Verdict.MET, "no older state took the place of a newer one")
    first = found.put_back[0]
    kind, key = first.thing
    text = (
        f"{len(found.put_back)} times an older state took the place of a newer one, first {kind} {shortened(key)} in "
        f"{first.database}: version {first.newer} became {first.older}"
    )
    return CheckResult(ORDER, Verdict.MISSED, text, (Finding("A7", text, "serious", first.at_ns),))


@_checked(FORGED)
def forged(found: Effects, measures: Measures) -> CheckResult:
    """Whether every message that was not signed as it must be was refused, at every place."""
    if not found.forged:
        return CheckResult(FORGED, Verdict.UNKNOWN, "no forged message was sent")
    if not found.forged_taken and found.forged_unclear:
        one = found.forged_unclear[0]
        answer = f"not answered ({one.error})" if one.status is None else f"answered {one.status}"
        text = (
            f"{len(found.forged_unclear)} of {found.forged} forged messages were neither taken nor refused, first "
            f"{one.delivery} ({one.topic}) at {one.reached or '?'}, {answer}: whether it was believed is not known"
        )
        return CheckResult(FORGED, Verdict.UNKNOWN, text)
    if not found.forged_taken:
        return CheckResult(FORGED, Verdict.MET, f"{found.forged} forged messages, all refused")
    first = found.forged_taken[0]
    places = sorted({one.reached or "?" for one in found.forged_taken})
    text = (
        f"{len(found.forged_taken)} of {found.forged} forged messages were taken at {', '.join(places)}, first "
        f"{first.delivery} ({first.topic}), answered {first.status}"
    )
    return CheckResult(FORGED, Verdict.MISSED, text, (Finding("forged", text, "serious", first.mono_ns),))


@_checked(TRUSTED)
def trusted(found: Effects, measures: Measures) -> CheckResult:
    """Whether no genuine message was refused as if somebody else had sent it."""
    if not found.attempts:
        return CheckResult(TRUSTED, Verdict.UNKNOWN, "nobody was told of anything")
    if not found.distrusted:
        return CheckResult(TRUSTED, Verdict.MET, f"{found.messages} genuine messages, none refused as forged")
    first = found.distrusted[0]
    messages = len({one.delivery for one in found.distrusted})
    text = (
        f"{messages} of {found.messages} genuine messages were refused as forged, in {len(found.distrusted)} of "
        f"{found.attempts} attempts, first {first.delivery} ({first.topic}) at {first.reached or '?'}, answered "
        f"{first.status}{_why_distrusted(found, messages, measures)}"
    )
    return CheckResult(TRUSTED, Verdict.MISSED, text, (Finding("distrusted", text, "serious", first.mono_ns),))


def soon(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether every change was known within the time that is promised (`most`, in wall seconds)."""
    found, most_s = measures.business, requirement.most or 0.0
    if isinstance(found, str):
        return CheckResult(SOON, Verdict.UNKNOWN, found)
    if found.delays_ns is None:
        return CheckResult(SOON, Verdict.UNKNOWN, "not measurable: no order of commits is kept")
    if nothing := _nothing(found, measures):
        return CheckResult(SOON, Verdict.UNKNOWN, nothing)
    late = [delay for delay in found.delays_ns if to_s(delay) > most_s]
    worst = f"the last after {to_s(max(found.delays_ns, default=0)):.2f} s, {most_s:g} s allowed"
    if not late and not found.lost:
        return CheckResult(SOON, Verdict.MET, f"{found.changes} changes, all known in time: {worst}")
    text = f"{len(late)} of {found.changes} changes were known too late, and {found.lost_changes} never: {worst}"
    return CheckResult(SOON, Verdict.MISSED, text, (Finding("A1", text, "serious"),))


def _why_distrusted(found: Effects, refused: int, measures: Measures) -> str:
    """What it is likely to be, where one secret signed everything and some messages were believed."""
    rotated = any(isinstance(one, FaultEvent) and one.mode == ROTATED for one in measures.context)
    if rotated or refused >= found.messages:
        return ""
    return (
        f"; {found.messages - refused} others were believed, with the same secret: a signature over the body as it was "
        "parsed and written again differs from one over the bytes that came"
    )


def _nothing(found: Effects, measures: Measures) -> str:
    """Why nothing can be said of what the application keeps; "" where something can."""
    business = measures.case.business
    if found.changes or business is None:
        return ""
    beside = f"; what changed was of {', '.join(found.elsewhere)}" if found.elsewhere else ""
    return f"nothing changed that the application keeps (`business.keeps`: {', '.join(business.keeps)}){beside}"


def _unjudged(found: Effects, measures: Measures) -> str:
    """The same, and of what it must do."""
    if nothing := _nothing(found, measures):
        return nothing
    business = measures.case.business
    if not found.unfilled or business is None or found.lost:
        return ""
    topic = found.unfilled[0]
    keys = ", ".join(business.asks[topic])
    return f"`business.asks` of {topic} names what no message of it has: {keys}; so nothing was asked for"


def _how(found: Effects) -> str:
    """How the application could come to miss what it does not know."""
    told = ""
    if found.acknowledged:
        first = found.acknowledged[0]
        told += (
            f"; of {len(found.acknowledged)} of these changes it had acknowledged a message, first {first.delivery} "
            f"({first.topic}) at {first.reached or '?'}, answered {first.status}"
        )
    if found.untold:
        told += f"; of {found.untold} of these changes no message was sent: nothing was subscribed to"
    if found.given_up:
        told += f"; {len(found.given_up)} of {found.messages} messages were never delivered"
    if found.untold or found.given_up:
        told += ", and the application has not learned of it by asking the shop"
    return told


def _told(lost: Lost) -> str:
    kind, key = lost.thing
    known = "not known at all" if lost.known is None else f"version {lost.known} is known"
    return f"{kind} {shortened(key)} ({lost.changes[-1].topic}; {known})"
