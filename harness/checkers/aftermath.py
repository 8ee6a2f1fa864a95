"""Does it work again once the cause is gone? Requests that never ended, and a share of served ones that stays down.

What is overloaded by its own retries, or waits for what will never come, stays broken after its trigger was removed
(Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021). The clients send on an even grid whatever
becomes of their requests, so the share that is served is the goodput.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from harness.checkers.result import CheckResult, Finding, some
from harness.history.codes import NEVER_NS
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.availability import share
from harness.measurement.models import JUDGED_COHORT
from harness.measurement.shares import Share
from harness.outcome import Verdict
from harness.spelling import seconds

GOODPUT = 0.95
"""The share of the usual goodput that must be reached again."""
_ENOUGH = 20
"""Of fewer requests nothing is said."""


def goodput(
    operations: Iterable[Operation], *, usual: Share, healed_ns: int, within_ns: int, until_ns: int | None
) -> CheckResult:
    """Was as much served as usual, from within_ns after the trigger was removed at healed_ns, up to until_ns?

    usual: what was served before it. until_ns: None: to the history's end.
    """
    name, columns = "goodput", columns_of(operations)
    from_ns = healed_ns + within_ns
    then = columns.between(from_ns, until_ns)
    served = share(then, cohort=JUDGED_COHORT)
    if usual.value is None or served.value is None or served.total < _ENOUGH:
        text = f"not measurable: {served.total} requests of the clients {seconds(within_ns)} after the heal and later"
        return CheckResult(name, Verdict.UNKNOWN, text)
    after = f"from {seconds(within_ns)} after the heal on"
    if served.value >= GOODPUT * usual.value:
        return CheckResult(name, Verdict.MET, f"{served.value:.1%} were served {after}, {usual.value:.1%} before")
    failed = np.flatnonzero(then.of_cohort(JUDGED_COHORT) & ~then.good)
    text = f"only {served.value:.1%} of the requests were served {after}, {usual.value:.1%} before the fault"
    told = f"{text}, although its cause was gone: {some(then.ops(failed[:6]), 3, len(failed))}"
    found = Finding("A17", told, "serious", int(then.sent_ns[failed[0]]))
    return CheckResult(name, Verdict.MISSED, text, (found,))


def hung(operations: Iterable[Operation], *, budget_ns: int, end_ns: int | None = None) -> CheckResult:
    """Did every request end within budget_ns of its sending? end_ns: of the history; None: the last moment in it.

    One that was sent less than that before the end may still be under way.
    """
    name, columns = "hung", columns_of(operations)
    last_ns = columns.end_ns if end_ns is None else end_ns
    open_ns = np.where(columns.returned_ns == NEVER_NS, last_ns, columns.returned_ns) - columns.sent_ns
    late = np.flatnonzero(open_ns > budget_ns)
    if not len(columns):
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: nothing was sent")
    if not len(late):
        return CheckResult(name, Verdict.MET, f"all of {len(columns)} requests ended within {seconds(budget_ns)}")
    never = int(np.count_nonzero(columns.returned_ns[late] == NEVER_NS))
    worst = int(late[np.argmax(open_ns[late])])
    many = f"{len(late)} of {len(columns)} requests were under way for more than {seconds(budget_ns)}"
    text = f"{many}, {never} of them never ended: {some(columns.ops(late[:6]), 3, len(late))}"
    told = f"{text}; {columns.ops([worst])[0]} the longest, {seconds(int(open_ns[worst]))}"
    return CheckResult(name, Verdict.MISSED, text, (Finding("A17", told, "serious", int(columns.sent_ns[worst])),))
