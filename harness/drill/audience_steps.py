"""The steps that are about the audience: when how many of its users are back."""

from __future__ import annotations

from harness.drill.judging import audience
from harness.drill.running import RunningDrill
from harness.drill.stepping import step
from harness.errors import NotMeasurable
from harness.faults.needs import AUDIENCE, lacking
from harness.outcome import Verdict
from harness.units import to_ns

_LOOK_NS = to_ns(1.0)


class AudienceDrill(RunningDrill):
    """What steps ask of the audience."""

    def need_audience(self) -> None:
        """This drill is about users that not every environment has. Raises NotMeasurable."""
        if not self._backend.environment.audience:
            raise NotMeasurable(lacking([AUDIENCE], {}) or "")

    @step
    def require_audience(self, share: float, within_s: float) -> None:
        """Watch until it is clear whether `share` (0..1) of the users were back within `within_s` (production) seconds
        of the fault; judge it."""
        self._require_running()
        within_s = self._backend.timing.interval_s(within_s)
        faults = self.record.case.faults
        started_ns = faults[-1].started_ns if faults else self._clock.now_ns()
        deadline_ns = started_ns + to_ns(within_s) + self.record.case.window_ns
        wanted = self.record.require(audience.NAME, share=share, most=within_s)
        while (now_ns := self._clock.now_ns()) < deadline_ns and self._loop.judged(wanted).verdict is not Verdict.MET:
            self._watch_until(min(now_ns + _LOOK_NS, deadline_ns))
        self._loop.judge_now(wanted)
