"""What a rehearsal answers to steps about the audience."""

from __future__ import annotations

from harness.drill.options import RunOptions
from harness.faults.needs import AUDIENCE


class AudienceRehearsal:
    """Takes the place of harness.drill.audience_steps.AudienceDrill."""

    _options: RunOptions
    needs: set[str]

    def need_audience(self) -> None:
        """See AudienceDrill.need_audience: where the environment has none, the drill is left out."""
        if not self._options.environment.audience:
            self.needs.add(AUDIENCE)
