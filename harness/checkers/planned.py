"""Was an interruption that the plan itself caused within its promise? What caused it is in the sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.checkers.result import CheckResult
from harness.measurement import answers
from harness.measurement.planned import Cause, PlannedInterruption, worst_of
from harness.outcome import Verdict, merge
from harness.spelling import bracket
from harness.units import to_ns

NAME = "planned_interruption_s"


def planned_interruption(
    found: Sequence[tuple[str, PlannedInterruption]], promised_s: float, places: Mapping[str, str]
) -> CheckResult:
    """Every interruption, each with which episode it is of as the beginning of a sentence. places: by edge address."""
    limit = f"objective {promised_s:g} s"
    if not found:
        return CheckResult(NAME, Verdict.MET, f"no client was interrupted by anything but the fault, {limit}")
    judged = [(_verdict(one, to_ns(promised_s)), told, one) for told, one in found]
    verdict = merge(one for one, _, _ in judged)
    if verdict is Verdict.MET:
        longest = worst_of([one for _, one in found])
        told = next(told for told, one in found if one is longest)
        assert longest is not None
        return CheckResult(NAME, verdict, f"{told}{in_words(longest, places)}, {limit}")
    texts = [f"{told}{in_words(one, places)}" for its, told, one in judged if its is verdict]
    return CheckResult(NAME, verdict, f"{'; '.join(texts)}, {limit}")


def in_words(one: PlannedInterruption, places: Mapping[str, str]) -> str:
    """What caused it, how long it took for whom, and what they were answered instead."""
    source = "nobody" if one.source is None else places.get(one.source, one.source)
    target = "nobody" if one.target is None else places.get(one.target, one.target)
    if one.cause is Cause.FAILBACK:
        what = f"the failback from {source} to {target}"
    elif one.via is not None:
        what = f"a move from {source} to {places.get(one.via, one.via)} and back, which nobody needed,"
    elif one.cause is Cause.NEEDLESS:
        what = f"a needless failover from {source} to {target}"
    else:
        what = f"{source}, while no fault held,"
    clients = "1 client" if one.clients == 1 else f"{one.clients} clients"
    lasted = bracket(one.duration) + ("" if one.last_bad_ns is not None else ", until nobody watched any more")
    text = f"{what} interrupted {clients} for {lasted} (worst: {one.client}, {one.kind}"
    if not one.how:
        return f"{text})"
    return f"{text}: {answers.in_words(one.how, places)})"


def _verdict(one: PlannedInterruption, limit_ns: int) -> Verdict:
    """Where no end was seen, only what is too long already is known."""
    if one.duration.high_ns is None:
        return Verdict.MISSED if one.duration.low_ns > limit_ns else Verdict.UNKNOWN
    return one.duration.judge(limit_ns)
