"""What a rehearsal answers to steps about journeys."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drill.options import RunOptions
from harness.drill.words import journeys_missing
from harness.faults.needs import journey


class JourneyRehearsal:
    """Takes the place of harness.drill.journey_steps.JourneyDrill."""

    _options: RunOptions
    needs: set[str]

    def need_journeys(self, names: Sequence[str]) -> None:
        """See JourneyDrill.need_journeys: where the subject names no such journey, the drill is left out."""
        self.needs.update(map(journey, journeys_missing(names, self._options.subject)))
