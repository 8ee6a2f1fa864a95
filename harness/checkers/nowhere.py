"""When every place is lost, nobody may be served: whoever is, is served by something that the plan does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from harness.checkers.result import CheckResult, Finding, some
from harness.history.codes import ABSENT
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import JUDGED_COHORT
from harness.outcome import Verdict


def nowhere(operations: Iterable[Operation], *, regions: Mapping[str, str], from_ns: int, to_ns: int) -> CheckResult:
    """Was no judged client served by anybody from from_ns, when the last place was lost, to to_ns?

    regions: by edge address. What was sent before from_ns may have been served before the loss.
    """
    name = "nowhere-to-go"
    columns = columns_of(operations).between(from_ns, to_ns)
    asked = np.flatnonzero(columns.of_cohort(JUDGED_COHORT))
    served = asked[columns.good[asked]]
    if not len(asked):
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no dns client sent anything meanwhile")
    if not len(served):
        return CheckResult(name, Verdict.MET, f"nobody was served: {len(asked)} requests of the clients, none answered")
    by: Counter[str] = Counter()
    for address, count in zip(*np.unique(columns.address[served], return_counts=True), strict=True):
        dialled = "" if address == ABSENT else columns.names.addresses[address]
        by[regions.get(dialled, dialled or "nobody knows whom")] += int(count)
    who = ", ".join(f"{place} ({count})" for place, count in sorted(by.items()))
    text = f"{len(served)} of {len(asked)} requests of the clients were served although every place was lost, by {who}"
    found = Finding("served-by-nobody", f"{text}: {some(columns.ops(served))}", "serious")
    return CheckResult(name, Verdict.MISSED, text, (found,))
