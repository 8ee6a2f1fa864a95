"""What a rehearsal answers to steps about third parties."""

from __future__ import annotations

from harness.drill.options import RunOptions
from harness.drill.third_parties import days_of, party_of
from harness.faults.needs import THIRD_PARTIES


class PartyRehearsal:
    """Takes the place of harness.drill.party_steps.PartyDrill."""

    _options: RunOptions
    needs: set[str]

    def system(self, words: str) -> str:
        """See PartyDrill.system: where the world has no third parties, the drill is left out."""
        self.needs.add(THIRD_PARTIES)
        return party_of(words, self._options.environment)

    def days_s(self, days: int) -> float:
        """See PartyDrill.days_s."""
        return days_of(days, self._options.environment)
