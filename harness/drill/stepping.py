"""What every step of a scenario has in common: once a control has ended as it must, the steps after it do nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from harness.drill.record import Record, verdict_of
from harness.errors import DrillAborted, VerdictReached

Step = TypeVar("Step", bound=Callable[..., None])


class HasRecord(Protocol):
    """Whoever has steps. end_at_once: heals everything that holds."""

    record: Record

    def end_at_once(self, aborted: DrillAborted) -> None: ...


def step(method: Step) -> Step:
    """A step of the scenario. In a control, the verdict that it must end with ends the waiting, not the scenario.

    Where a stop condition holds, everything is healed before anybody hears of it.
    """

    @functools.wraps(method)
    def call(self: HasRecord, *args: Any, **kwargs: Any) -> None:
        if self.record.case.ended_by is not None:
            return
        try:
            method(self, *args, **kwargs)
        except VerdictReached as reached:
            if isinstance(reached, DrillAborted):
                self.end_at_once(reached)
            # A control that ended before its fault was even announced has shown nothing.
            if verdict_of(reached) is not self.record.case.control or not self.record.case.faults:
                raise
            self.record.ended(reached)

    return cast(Step, call)
