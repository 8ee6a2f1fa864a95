"""The steps that are about third parties: what is due to one must be there, however long it was away."""

from __future__ import annotations

from harness.drill.judging import parties
from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.drill.third_parties import days_of, party_of
from harness.faults.needs import THIRD_PARTIES
from harness.outcome import Verdict
from harness.units import to_ns

_LOOK_S = 0.5


class PartyDrill(RunningDrill):
    """What steps ask of third parties."""

    def system(self, words: str) -> str:
        """The third party that `the ERP system` means, by its name `erp`. Raises InputError, NotMeasurable."""
        self.need(THIRD_PARTIES)
        return party_of(words, self._backend.environment)

    def days_s(self, days: int) -> float:
        """How long so many days of maintenance last in a drill, in production seconds."""
        return days_of(days, self._backend.environment)

    @step
    def require_held(self, system: str, name: str, within_s: float | None) -> None:
        """Wait until a third party holds what it is due by now; judge it. within_s: wall seconds that may take."""
        now_ns = self._clock.now_ns()
        limit_ns = self.record.case.limits.failback_timeout_ns if within_s is None else to_ns(within_s)
        wanted = self.record.require(name, whole=True, system=system, from_ns=now_ns, until_ns=now_ns + limit_ns)
        while self._loop.judged(wanted).verdict is not Verdict.MET and self._clock.now_ns() < now_ns + limit_ns:
            self._clock.sleep_s(_LOOK_S)
            self._loop.heed()
        self._loop.judge_now(wanted)

    @step
    def require_order(self, system: str) -> None:
        """Judge whether a third party was told in order."""
        self._loop.judge_now(self.record.require(parties.ORDER, whole=True, system=system))

    @step
    def require_spared(self, system: str, most: float) -> None:
        """Judge whether a third party was spared while it was in trouble."""
        self._loop.judge_now(self.record.require(parties.SPARED, whole=True, system=system, most=most))
