"""What a stop condition saw, in sentences; while the drill runs and again from its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.drill.stopping.conditions import RequestCondition, StopConditions, percent
from harness.drill.stopping.machine import Breach
from harness.history import wording
from harness.history.events import Completion
from harness.units import to_s


def of_breach(conditions: StopConditions, breach: Breach) -> str:
    """`more than 50 % of the requests failed ...: 98 of 100 (98 %)`."""
    condition = next((one for one in conditions.of_requests if one.kind == breach.kind), None)
    if condition is not None:
        return _of_requests(condition, breach)
    told = f", and said: {' / '.join(breach.output)}" if breach.output else ""
    program = "" if conditions.command is None else f" {conditions.command.program}"
    took = f"{to_s(breach.until_ns - breach.from_ns):.2f} s"
    if breach.code is None:
        return f"the stop command{program} gave no answer within {took}{told}"
    how = f"exited with {breach.code}" if breach.code >= 0 else f"was ended by signal {-breach.code}"
    return f"the stop command{program} {how} after {took}{told}"


def _of_requests(condition: RequestCondition, breach: Breach) -> str:
    share = percent(round(breach.bad / breach.total, 4)) if breach.total else "none"
    length = to_s(breach.until_ns - breach.from_ns)
    return (
        f"{breach.bad} of {breach.total} {condition.what} within {length:.2f} s ({share}, {condition.whose}), "
        f"and at most {percent(condition.share)} may"
    )


def of_samples(breach: Breach, completions: Mapping[str, Completion], sent_ns: Mapping[str, int]) -> Sequence[str]:
    """Some of the requests that counted against it."""
    told = []
    for op in breach.ops:
        ended = completions.get(op)
        if ended is None:
            continue
        took_ms = (ended.mono_ns - sent_ns.get(op, ended.mono_ns)) / 1e6
        got = f"served after {took_ms:.0f} ms" if ended.served else wording.answer(ended.status, ended.error)
        told.append(f"{wording.operation(ended.f)} {op} by {ended.client}: {got}")
    return told
