"""When every place is lost, nobody may be served: whoever is, is served by something that the plan does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Operation
from harness.measurement.models import JUDGED_COHORT, address_of
from harness.outcome import Verdict


def nowhere(operations: Iterable[Operation], *, regions: Mapping[str, str], from_ns: int, to_ns: int) -> CheckResult:
    """Was no judged client served by anybody from from_ns, when the last place was lost, to to_ns?

    regions: by edge address. What was sent before from_ns may have been served before the loss.
    """
    name = "nowhere-to-go"
    asked = [o for o in operations if o.invoke.cohort == JUDGED_COHORT and from_ns <= o.sent_ns < to_ns]
    served = [o for o in asked if o.good]
    if not asked:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no dns client sent anything meanwhile")
    if not served:
        return CheckResult(name, Verdict.MET, f"nobody was served: {len(asked)} requests of the clients, none answered")
    by = Counter(regions.get(address_of(o) or "", address_of(o) or "nobody knows whom") for o in served)
    who = ", ".join(f"{place} ({count})" for place, count in sorted(by.items()))
    text = f"{len(served)} of {len(asked)} requests of the clients were served although every place was lost, by {who}"
    found = Finding("served-by-nobody", f"{text}: {some([o.invoke.op for o in served])}", "serious")
    return CheckResult(name, Verdict.MISSED, text, (found,))
