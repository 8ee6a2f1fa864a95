"""What a watch can say of the promises of a subject: no fault is known, no recovery point, and no final data.

So what a move may have lost cannot be told from what was lost by mistake: reads are judged where one side alone took
all writes. Which sides accepted writes can always be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.checkers.split_brain import both_write, split_brain
from harness.drill.promises import NOT_MEASURED, of_one_side, undeclared
from harness.history.events import Operation
from harness.measurement.models import JUDGED_COHORT, acknowledged, address_of
from harness.outcome import Verdict

_SEEN = ("reads", "phantoms", "duplicates", "counters")
"""What reads alone can show."""


def judged(
    operations: Sequence[Operation], promise: Promise, places: Mapping[str, str], window_ns: int
) -> tuple[CheckResult, ...]:
    """One result for each promise that can be told of. places: by the address that DNS answers."""
    return (*_of_reads(operations, promise, places), *_of_sides(operations, promise, places, window_ns))


def _of_reads(
    operations: Sequence[Operation], promise: Promise, places: Mapping[str, str]
) -> Iterator[CheckResult]:  # fmt: skip
    writers = {address_of(o) for o in operations if o.is_write and acknowledged(o)}
    if len(writers) > 1:
        text = f"{NOT_MEASURED}: writes moved from one side to another, and what that may lose is not known to a watch"
        yield CheckResult("reads", Verdict.UNKNOWN, text)
        return
    for result in anomalies(operations, None, None, promise, places=places):
        if result.name in _SEEN and result.verdict is not Verdict.UNKNOWN:
            yield result


def _of_sides(
    operations: Sequence[Operation], promise: Promise, places: Mapping[str, str], window_ns: int
) -> Iterator[CheckResult]:  # fmt: skip
    if promise.writes == "both":
        return
    began_ns = next((o.sent_ns for o in operations if o.invoke.cohort == JUDGED_COHORT and not o.good), None)
    calm = [o for o in operations if began_ns is None or o.sent_ns < began_ns]
    if promise.writes is None and both_write(calm, places, window_ns):
        found = undeclared()  # a plan with writes on both sides, as it shows while nothing is wrong
        yield replace(found, text=f"{NOT_MEASURED}: {found.text}")
        return
    found = split_brain(operations, regions=places, turn_ns=window_ns)
    yield of_one_side(found, stated=promise.writes is not None)
