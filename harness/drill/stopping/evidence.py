"""Why a drill was aborted, from its case and its history alone: whoever verifies a run gets the same again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checkers.result import CheckResult, Finding
from harness.drill.case import Case
from harness.drill.stopping import words
from harness.drill.stopping.machine import Breach
from harness.drill.stopping.replay import aborted, missed, shown
from harness.drill.stopping.result import StopResult
from harness.history.events import Completion, Event, Invoke, StopEvent
from harness.outcome import Verdict
from harness.units import to_s

NAME = "stop-condition"
NOT_SHOWN = "the drill was aborted, and its history does not show the stop condition that is said to have held"


@dataclass(frozen=True)
class Stopped:
    """What is said of it, and when that was decided. result None: the history does not bear it out."""

    check: CheckResult
    decided_ns: int
    result: StopResult | None = None


def stop_of(case: Case, events: Sequence[Event]) -> Stopped | None:
    """Of a drill that a stop condition ended; None of any other. events: in order of time."""
    abort = aborted(events)
    if abort is None:
        return None
    breach = shown(case.stop, events, abort)
    if breach is None:
        return Stopped(CheckResult(NAME, Verdict.INVALID, NOT_SHOWN), abort.mono_ns)
    result = _result(case, events, abort, breach)
    begun = any(fault.applied for fault in case.faults)
    what = "and what was broken was healed" if begun else "before anything was broken"
    finding = Finding(NAME, f"the drill was stopped here, {what}", "serious", abort.mono_ns)
    return Stopped(CheckResult(NAME, Verdict.ABORTED, result.text, (finding,)), abort.mono_ns, result)


def overlooked(case: Case, events: Sequence[Event]) -> tuple[Finding, ...]:
    """A condition that held while something was broken, and did not stop the drill: nobody was looking."""
    breach = missed(case.stop, events)
    if breach is None:
        return ()
    text = f"a stop condition held, and the drill was not stopped: {words.of_breach(case.stop, breach)}"
    return (Finding("stop-missed", text, "serious", breach.until_ns),)


def _result(case: Case, events: Sequence[Event], abort: StopEvent, breach: Breach) -> StopResult:
    healed_s = _healed_s(case, abort)
    samples = _samples(events, breach)
    parts = [f"{_when(case, breach)}: {words.of_breach(case.stop, breach)}"]
    parts += [f"for instance {'; '.join(samples)}"] if samples else []
    parts.append(_reaction(abort, breach, healed_s))
    return StopResult(
        breach.kind, "; ".join(parts), breach.from_ns, breach.until_ns, abort.mono_ns, healed_s, breach.bad,
        breach.total, tuple(samples), breach.code, breach.output,
    )  # fmt: skip


def _when(case: Case, breach: Breach) -> str:
    begun = [fault.started_ns for fault in case.faults if fault.applied]
    if not begun:
        return "aborted before anything was broken"
    return f"aborted {to_s(max(0, breach.until_ns - begun[0])):.2f} s after the first fault"


def _reaction(abort: StopEvent, breach: Breach, healed_s: float | None) -> str:
    noticed = f"noticed {to_s(max(0, abort.mono_ns - breach.until_ns)):.2f} s later"
    if healed_s is None:
        return noticed
    whole_s = to_s(max(0, abort.mono_ns - breach.until_ns)) + healed_s
    return f"{noticed}, and healed {healed_s:.2f} s after that ({whole_s:.2f} s in all)"


def _healed_s(case: Case, abort: StopEvent) -> float | None:
    """How long after the decision the last of what held then was healed."""
    stops = [fault.interval.stop_high_ns for fault in case.faults if fault.applied]
    late = [stop for stop in stops if stop is not None and stop >= abort.mono_ns]
    return to_s(max(late) - abort.mono_ns) if late else None


def _samples(events: Sequence[Event], breach: Breach) -> Sequence[str]:
    wanted = set(breach.ops)
    completions = {e.op: e for e in events if isinstance(e, Completion) and e.op in wanted}
    sent_ns = {e.op: e.mono_ns for e in events if isinstance(e, Invoke) and e.op in wanted}
    return words.of_samples(breach, completions, sent_ns)
