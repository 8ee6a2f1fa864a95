"""From the checks of a drill to its one verdict, and the reasons for it, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.checkers.result import CheckResult
from harness.checkers.vacuity import NO_FAULT
from harness.drill import promises
from harness.drill.case import Case, Requirement
from harness.outcome import Verdict, merge

NOTHING_REQUIRED = "the scenario requires nothing, so nothing was shown"
_OBJECTIVES = ("rto", "rpo", "error-budget")
_OBJECTIVE, _PROMISE, _REST, _LAST = range(4)


@dataclass(frozen=True)
class Checked:
    """What the checks of a drill found: whether it can prove anything, what was required, and what is promised.

    moved: what the plan's own moves cost the clients; None where there were none. stopped: that a stop condition held,
    as the history shows it; None where none did.
    """

    validity: CheckResult
    required: Sequence[tuple[Requirement, CheckResult]]
    promised: tuple[CheckResult, ...] = ()
    moved: CheckResult | None = None
    stopped: CheckResult | None = None

    @property
    def demanded(self) -> Sequence[CheckResult]:
        """All but the promises."""
        beside = (check for check in (self.stopped, self.moved) if check is not None)
        return [self.validity, *(check for _, check in self.required), *beside]

    @property
    def telling(self) -> Sequence[CheckResult]:
        """Those whose findings are worth telling: where promises were judged, they say in detail what data was lost.

        Except what only a requirement sees, such as tables beside the one that clients write to.
        """
        if not self.promised:
            return self.demanded
        return [replace(check, findings=()) if self._told_better(check) else check for check in self.demanded]

    def _told_better(self, check: CheckResult) -> bool:
        if check.name not in promises.TOLD_BETTER:
            return False
        return check.verdict is not Verdict.MISSED or promises.more_precise(check.name, self.promised)


def inner_verdict(case: Case, checked: Checked) -> Verdict:
    """How a drill ended, before it counts whether that is how it had to end."""
    return _inner_verdict(case, checked)[0]


@dataclass(frozen=True)
class _Reason:
    verdict: Verdict
    rank: int
    text: str


def verdict_of(case: Case, checked: Checked) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and the reasons: of a control, whether the drill inside it ended as it must.

    A control is judged by what it demands alone: what is broken on purpose in it may break a promise, too.
    """
    inner, reasons = _inner_verdict(case, checked)
    if case.control is None:
        return inner, reasons
    because = "; ".join(reasons)
    if inner is case.control and case.faults and case.control_applies_nothing and not _nothing_applied(case, checked):
        text = "the drill inside it must be INVALID since its fault is never applied, and was so for another reason"
        return inner, (f"the control does not hold: {text}: {because}",)
    if inner is case.control and case.faults:
        return Verdict.MET, (f"the control holds: the drill inside it ended {inner}, as it must: {because}",)
    instead = "before anything was broken" if inner is case.control else f"instead of {case.control}"
    broken = f"the control does not hold: the drill inside it ended {inner} {instead}: {because}"
    return (Verdict.MISSED if inner is Verdict.MET else inner), (broken,)


def _nothing_applied(case: Case, checked: Checked) -> bool:
    """Whether it is this that made the drill INVALID."""
    return not any(fault.applied for fault in case.faults) and NO_FAULT in checked.validity.text


def _inner_verdict(case: Case, checked: Checked) -> tuple[Verdict, tuple[str, ...]]:
    judged = checked.promised if case.control is None else ()
    verdicts = [check.verdict for check in checked.demanded]
    verdicts += [check.verdict for check in promises.broken(judged)]
    if case.ended_by is not None and checked.stopped is None:
        verdicts.append(case.ended_by.verdict)
    elif checked.stopped is None and not case.required:
        verdicts.append(Verdict.INVALID)
    inner = merge(verdicts)
    if inner is Verdict.MET:
        return inner, tuple(dict.fromkeys(check.text for check in checked.demanded))
    if case.promise is None:
        return inner, _in_old_order(case, checked)
    reasons = sorted(_reasons(case, checked, judged), key=lambda reason: (reason.verdict is not inner, reason.rank))
    return inner, tuple(dict.fromkeys(reason.text for reason in reasons))


def _reasons(case: Case, checked: Checked, judged: tuple[CheckResult, ...]) -> Iterator[_Reason]:
    """Everything that is not as it should be, once: what was judged on the way is said as it ended."""
    ended, validity = case.ended_by, checked.validity
    if checked.stopped is not None:
        yield _Reason(checked.stopped.verdict, _REST, checked.stopped.text)
    if ended is not None and ended.verdict is Verdict.INVALID:  # why nothing could be shown, before that it was not
        yield _Reason(ended.verdict, _REST, ended.text)
    if validity.verdict is not Verdict.MET:
        yield _Reason(validity.verdict, _REST, validity.text)
    for requirement, check in checked.required:
        if check.verdict is Verdict.MET or promises.more_precise(requirement.name, judged):
            continue
        yield _Reason(check.verdict, _OBJECTIVE if requirement.name in _OBJECTIVES else _REST, check.text)
    if checked.moved is not None and checked.moved.verdict is not Verdict.MET:
        yield _Reason(checked.moved.verdict, _OBJECTIVE, checked.moved.text)
    for check in promises.broken(judged):
        yield _Reason(check.verdict, _PROMISE, check.text)
    if ended is not None and checked.stopped is None and not _judged_again(ended.about, checked):
        yield _Reason(ended.verdict, _REST, ended.text)
    if ended is not None and case.not_reached:
        yield _Reason(ended.verdict, _LAST, _left_out(case.not_reached))
    if ended is None and not case.required:
        yield _Reason(Verdict.INVALID, _REST, NOTHING_REQUIRED)


def _left_out(steps: Sequence[str]) -> str:
    """What an early end has kept from being tried: nobody may take it for shown."""
    many = "1 later step was" if len(steps) == 1 else f"{len(steps)} later steps were"
    return f"the drill ended there, and {many} not reached: {'; '.join(steps)}"


def _judged_again(about: Requirement | None, checked: Checked) -> bool:
    """Whether the end of the drill found the same fault with it that ended the scenario."""
    if about is None:
        return False
    same = (about.name, about.episode, about.place)
    return any(
        (requirement.name, requirement.episode, requirement.place) == same and check.verdict is not Verdict.MET
        for requirement, check in checked.required
    )


def _in_old_order(case: Case, checked: Checked) -> tuple[str, ...]:
    """Of a case of before there were promises: as it was said then, so that it can be judged again."""
    reasons = [check.text for check in checked.demanded if check.verdict is not Verdict.MET]
    if case.ended_by is not None and case.ended_by.text not in reasons:
        reasons.insert(0, case.ended_by.text)
    if case.ended_by is None and not case.required:
        reasons.append(NOTHING_REQUIRED)
    return tuple(dict.fromkeys(reasons))
