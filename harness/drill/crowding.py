"""A machine that is shared with other worlds or programs: whether what went wrong may have been its fault. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.checkers import vacuity
from harness.drill.case import Case
from harness.drill.verdict import Checked, inner_verdict
from harness.outcome import Verdict

SHARING, BUSY, OTHERS = "worlds", "busy", "others"
"""Of a case's calibration: how many worlds there were; which share of the processors' time was taken while clients were
at work, and which by programs that do not belong to the drill and do not give way to it."""
BUSY_MAX = 0.9
OTHERS_MAX = 0.5
"""A drill whose own programs are what keeps a machine busy has shown something, for instance a storm of retries."""
LEAST_SCALE = 0.25
"""Less than this share of the wanted rate shows too little to be worth a verdict."""


def crowded(calibration: Mapping[str, float]) -> str | None:
    """Why a machine had too little left, with several worlds or other programs on it; None: it had enough."""
    worlds, busy, others = (calibration.get(name, 0.0) for name in (SHARING, BUSY, OTHERS))
    if busy <= BUSY_MAX:
        return None
    if worlds > 1:
        kept = f"{worlds:.0f} worlds kept this machine busy for {100 * busy:.0f} % of the time"
        return f"{kept}, so what was late or failed may be its fault: run fewer at once"
    if others <= OTHERS_MAX:
        return None
    took = f"{100 * busy:.0f} % of this machine was busy, {100 * others:.0f} % of it with other programs"
    return (
        f"{took} than this drill's, so what was late or failed may be their fault: run the drill when less is going on"
    )


def too_little(capacity_per_s: float, worlds: int, wanted_per_s: float) -> str | None:
    """Why one world's share of what the machine carries is not worth a drill; None: it is. One that is alone makes do
    with whatever there is."""
    if capacity_per_s <= 0:
        return "this machine carried no operation in the second in which its capacity was measured: it is too busy"
    share = capacity_per_s / max(1, worlds)
    if worlds <= 1 or 0.5 * share >= LEAST_SCALE * wanted_per_s:
        return None
    return (
        f"this machine carries {capacity_per_s:.0f} operations a second; half of that, shared by {worlds} worlds, is "
        f"{0.5 * share:.0f} of the {wanted_per_s:.0f} that a drill wants: run fewer at once"
    )


def doubted(case: Case, checked: Checked) -> Checked:
    """What is red on a crowded machine proves nothing; what is green there is."""
    reason = crowded(case.calibration)
    if reason is None or inner_verdict(case, checked) in (Verdict.MET, Verdict.INVALID):
        return checked
    return replace(checked, validity=vacuity.verdict_on([reason], ()))
