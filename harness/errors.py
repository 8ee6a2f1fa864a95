"""The one tree of errors. Each class says whose fault it is; the text says where, and what to change.

DrillError
├── InputError         yours: a file, an option or a feature is wrong      (exit code 3)
├── SubjectError       the subject's: it could not be started              (exit code 3)
├── WorldError         the harness's, or this machine's                    (exit code 3)
│   ├── ProcessError       a process of the world did not start, or died
│   ├── LinkError          a proxy or a toxic could not be set or removed
│   ├── HealError          a fault could not be undone
│   └── CommandFailed      what the owner of a stack breaks it with did not work
├── JudgingFailed      the harness's: what was seen is there, and judging it broke off (exit code 3)
├── NotMeasurable      nobody's: this world cannot do what a drill needs   (skipped)
└── VerdictReached     not an error of anybody: a drill ended before its last step
    ├── DrillMissed        an objective was missed
    ├── DrillUnknown       the measurement straddles the objective
    ├── DrillAborted       a stop condition held: everything was healed at once
    └── DrillInvalid       the drill proves nothing (fault not seen, no steady state, ...)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.outcome import Verdict


class DrillError(Exception):
    """Base of all errors that this project raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One mistake in one place of a user's file.

    file: path as the user gave it; line: 1-based, None when unknown; text: what is wrong and what is allowed.
    """

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.text}"


class InputError(DrillError):
    """A user's file, option or feature is wrong. Carries every problem found, not only the first."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem | str, ...] = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class SubjectError(DrillError):
    """The system under test could not be started: its command is missing, or it died before it was ready."""

    def __init__(self, component: str, text: str, log_tail: Sequence[str] = ()) -> None:
        self.component = component
        self.log_tail = tuple(log_tail)
        tail = "".join(f"\n    {line}" for line in self.log_tail)
        super().__init__(f"component {component}: {text}{tail}")


class WorldError(DrillError):
    """The emulated world failed; neither the user's input nor the subject is to blame."""


class ProcessError(WorldError):
    """A process of the world did not start, or died."""


class LinkError(WorldError):
    """A proxy or a toxic could not be created, changed or removed."""


class HealError(WorldError):
    """A fault could not be undone; the world must not be used any further."""


class CommandFailed(WorldError):
    """The owner's way of breaking a stack that is not ours did not work; what it may have done has been healed."""


class JudgingFailed(DrillError):
    """What was seen is there, and the harness's own judging of it broke off: nothing is known of the subject by it."""


class NotMeasurable(DrillError):
    """The world cannot do what a drill needs; nothing has been judged. The text is the reason."""


class VerdictReached(DrillError):
    """A drill ended before its last step, because nothing that follows could change its verdict."""

    verdict: ClassVar[Verdict] = Verdict.INVALID


class DrillMissed(VerdictReached):
    """An objective was missed."""

    verdict = Verdict.MISSED


class DrillUnknown(VerdictReached):
    """The measurement's error is too large to say whether the objective was met."""

    verdict = Verdict.UNKNOWN


class DrillAborted(VerdictReached):
    """What the drill did to the application was more than it may do: everything was healed at once."""

    verdict = Verdict.ABORTED


class DrillInvalid(VerdictReached):
    """The drill proves nothing: no steady state, or the fault was not seen at its victim."""


ENDINGS: Mapping[Verdict, type[VerdictReached]] = {
    ending.verdict: ending for ending in (DrillMissed, DrillUnknown, DrillAborted, DrillInvalid)
}
"""By verdict, what ends a drill with it before its last step."""
