"""The steps that are about journeys: what somebody can still do while something is broken."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drill.judging import journeys
from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.drill.words import journeys_missing
from harness.errors import NotMeasurable
from harness.faults.needs import journey, lacking


class JourneyDrill(RunningDrill):
    """What steps ask of journeys."""

    def need_journeys(self, names: Sequence[str]) -> None:
        """This drill is about journeys that not every subject names. Raises NotMeasurable."""
        if missing := journeys_missing(names, self._backend.subject):
            raise NotMeasurable(lacking([journey(name) for name in missing], {}) or "")

    @step
    def require_journeys(self, names: Sequence[str]) -> None:
        """Judge whether each of them has worked while the faults of the current episode held."""
        for name in names:
            self._loop.judge_now(self.record.require(journeys.NAME, system=name))
