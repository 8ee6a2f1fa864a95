"""Values that can say "I do not know": operation outcomes, brackets, verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.units import to_s


class Outcome(StrEnum):
    """What a client knows about an operation of its own.

    OK: acknowledged. FAIL: certainly had no effect. INFO: may have had an effect, or may still get one later.
    """

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


class Verdict(StrEnum):
    """What a drill, or one objective of it, ended with.

    ABORTED: one of the drill's stop conditions held, so that it was ended at once and everything was healed.
    """

    MET = "MET"
    MISSED = "MISSED"
    UNKNOWN = "UNKNOWN"
    INVALID = "INVALID"
    ABORTED = "ABORTED"


_DRILL_ORDER = (Verdict.ABORTED, Verdict.INVALID, Verdict.MISSED, Verdict.UNKNOWN, Verdict.MET)


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a drill from those of its parts: ABORTED, INVALID, MISSED, UNKNOWN, MET; of nothing, INVALID.

    A drill that was aborted was cut short: whatever else can be said of what it saw until then, it came to no end.
    """
    seen = set(verdicts)
    return next((verdict for verdict in _DRILL_ORDER if verdict in seen), Verdict.INVALID)


_RUN_ORDER = (Verdict.MISSED, Verdict.ABORTED, Verdict.UNKNOWN, Verdict.INVALID, Verdict.MET)


def merge_run(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a run from those of its drills, in the order of exit codes: a miss outweighs an invalid drill."""
    seen = set(verdicts)
    return next((verdict for verdict in _RUN_ORDER if verdict in seen), Verdict.INVALID)


@dataclass(frozen=True)
class Bracket:
    """A duration known only within bounds, in integer nanoseconds.

    high_ns None: no end was seen while we watched. point_ns: best single estimate, for sorting and drawing only.
    """

    low_ns: int
    high_ns: int | None
    point_ns: int | None = None

    def __post_init__(self) -> None:
        if self.low_ns < 0:
            raise ValueError(f"a bracket cannot start below zero: {self.low_ns}")
        if self.high_ns is not None and self.high_ns < self.low_ns:
            raise ValueError(f"a bracket cannot end before it starts: {self.low_ns} > {self.high_ns}")

    @property
    def length(self) -> tuple[int, bool]:
        """By which the longest of several is found: an unended one comes after all others of its length."""
        return self.low_ns, self.high_ns is None

    @property
    def width_ns(self) -> int | None:
        """high - low, or None when there is no upper end."""
        return None if self.high_ns is None else self.high_ns - self.low_ns

    def judge(self, objective_ns: int) -> Verdict:
        """MET when the whole bracket is within the objective, MISSED when all of it is outside, else UNKNOWN."""
        if self.high_ns is not None and self.high_ns <= objective_ns:
            return Verdict.MET
        if self.low_ns > objective_ns or self.high_ns is None:
            return Verdict.MISSED
        return Verdict.UNKNOWN

    def as_evidence(self) -> dict[str, float | None]:
        """The shape that run.json gives a bracket: seconds."""
        return {
            "low_s": to_s(self.low_ns),
            "high_s": None if self.high_ns is None else to_s(self.high_ns),
            "point_s": None if self.point_ns is None else to_s(self.point_ns),
        }
