"""When a drill runs again: only where it proved nothing, by no intention, and as often as the user said.

A miss is never tried again, nor what could not be told: running until it is green would make any drill worthless.
"""

from __future__ import annotations

from dataclasses import replace

from harness.drill.evidence import DrillResult
from harness.outcome import Verdict

_NOTHING_BROKEN = ("fault", "none")
"""The setting under which a drill must end INVALID."""


def runs_again(result: DrillResult, allowed: int) -> bool:
    """Whether a drill that ended so runs again. allowed: how often at most."""
    meant = result.control == Verdict.INVALID or _NOTHING_BROKEN in result.settings.items()
    return (
        result.verdict is Verdict.INVALID
        and len(result.attempts) < allowed
        and not meant
        and not result.unjudged  # the harness's own failure, which ends the run with its exit code
    )


class Attempts:
    """Those at the drill that is under way."""

    def __init__(self) -> None:
        self._earlier: tuple[DrillResult, ...] = ()

    @property
    def number(self) -> int:
        """Of the attempt that is under way, from 1."""
        return len(self._earlier) + 1

    def with_earlier(self, result: DrillResult) -> DrillResult:
        """A drill's result, with the attempts before it."""
        return replace(result, attempts=self._earlier) if self._earlier else result

    def put_aside(self, drills: list[DrillResult]) -> None:
        """The last drill of these runs again, so it is only an attempt."""
        last = drills.pop()
        self._earlier = (*last.attempts, replace(last, attempts=()))

    def end(self) -> None:
        """The last attempt has been filed."""
        self._earlier = ()

    def broken_off(self, drills: list[DrillResult]) -> None:
        """No further attempt comes, and the one under way left nothing: the last one that ended is the drill."""
        if self._earlier:
            *before, last = self._earlier
            drills.append(replace(last, attempts=tuple(before)))
            self.end()
