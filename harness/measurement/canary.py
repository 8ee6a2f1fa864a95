"""Did the fault bite? Judged by the witness's own probes beside the links that the fault hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.history.events import CanaryProbe
from harness.measurement.models import FaultInterval
from harness.measurement.shares import Share
from harness.measurement.statistics import binomial_interval, quantile
from harness.names import DYNAMODB
from harness.units import NS_PER_MS


@dataclass(frozen=True)
class Fails:
    """Every probe fails while the fault holds."""


@dataclass(frozen=True)
class Slow:
    """Half of the probes or more take at least min_ms while the fault holds."""

    min_ms: float


@dataclass(frozen=True)
class Rate:
    """A share of the probes between low and high fails while the fault holds (0..1)."""

    low: float
    high: float


Expectation = Fails | Slow | Rate


@dataclass(frozen=True)
class CanaryJudgement:
    """observed: seen at every link, and not before the fault. healed: every link worked again after it, None when
    nothing was probed then. sentence: for the report."""

    observed: bool
    sentence: str
    healed: bool | None = None


@dataclass
class Tally:
    """Probes of one link in one stretch of time: how many, how many failed, and how long each took."""

    total: int = 0
    failed: int = 0
    took_ns: list[int] = field(default_factory=list)
    _median_ms: float | None = field(default=None, repr=False, compare=False)

    def add(self, probe: CanaryProbe) -> None:
        """Count one more."""
        self.total += 1
        self.failed += not probe.ok
        self.took_ns.append(probe.returned_ns - probe.mono_ns)
        self._median_ms = None

    @property
    def median_ms(self) -> float:
        """Of the times that they took."""
        if self._median_ms is None:
            self._median_ms = quantile(sorted(self.took_ns), 0.5) / NS_PER_MS
        return self._median_ms

    def copy(self) -> Tally:
        """What has been counted so far."""
        return Tally(self.total, self.failed, list(self.took_ns))


class CanarySoFar:
    """The judgement of one fault while its probes come in, one at a time: O(1) each, and judged when somebody asks.

    earlier: what has been counted of each link before the fault, if anything has been.
    """

    def __init__(
        self,
        links: Sequence[str],
        expectation: Expectation,
        window: FaultInterval,
        earlier: Mapping[str, Tally] | None = None,
    ) -> None:
        self.window = window
        self._expectation = expectation
        known = earlier or {}
        self._before = {link: known[link].copy() if link in known else Tally() for link in links}
        self._during = {link: Tally() for link in links}
        self._after: dict[str, bool] = {}

    def add(self, probe: CanaryProbe) -> None:
        """Take one more probe into account; it counts only when all of it was before, during or after the fault."""
        if probe.link not in self._before:
            return
        if probe.returned_ns < self.window.start_low_ns:
            self._before[probe.link].add(probe)
        elif _during(probe, self.window):
            self._during[probe.link].add(probe)
        elif self.window.stop_high_ns is not None and probe.mono_ns > self.window.stop_high_ns:
            # The first probe after a heal may still meet a connection that the heal cut.
            self._after[probe.link] = probe.ok

    def judged(self) -> CanaryJudgement:
        """What they have shown so far."""
        if not self._before:
            return CanaryJudgement(False, "the fault has no canary, so nothing shows that it was there")
        parts: list[str] = []
        observed = True
        for link, before in self._before.items():
            seen, sentence = _judge_link(before, self._during[link], self._expectation)
            observed = observed and seen
            parts.append(f"{link}: {sentence}")
        return CanaryJudgement(observed, "; ".join(parts), all(self._after.values()) if self._after else None)


def judge_canary(
    probes: Iterable[CanaryProbe], links: Sequence[str], expectation: Expectation, window: FaultInterval
) -> CanaryJudgement:
    """Whether the canaries of `links` saw the fault that `window` says was there.

    A probe counts as before, during or after the fault only when all of it, sending and return, was.
    """
    so_far = CanarySoFar(links, expectation, window)
    for probe in probes:
        so_far.add(probe)
    return so_far.judged()


def untouched(probes: Iterable[CanaryProbe], touched: Collection[str], from_ns: int) -> Mapping[str, Share]:
    """For each link to a database that no fault touched: how many probes since from_ns were answered.

    The others are left out: a process may end by itself, and an edge may refuse, which is the subject's affair.
    """
    counts: dict[str, list[int]] = {}
    for probe in probes:
        if probe.kind == DYNAMODB and probe.link not in touched and probe.mono_ns >= from_ns:
            pair = counts.setdefault(probe.link, [0, 0])
            pair[0] += probe.ok
            pair[1] += 1
    return {link: Share(good, total) for link, (good, total) in sorted(counts.items())}


def _during(probe: CanaryProbe, window: FaultInterval) -> bool:
    """All of it was; or it was sent then and failed, though its time-out ended only after a short fault had healed."""
    if probe.mono_ns < window.start_high_ns:
        return False
    if window.stop_low_ns is None or probe.returned_ns <= window.stop_low_ns:
        return True
    return not probe.ok and probe.mono_ns < window.stop_low_ns


def _judge_link(before: Tally, during: Tally, expectation: Expectation) -> tuple[bool, str]:
    if not before.total:
        return False, "not probed before the fault"
    if not during.total:
        return False, "not probed while the fault held"
    if isinstance(expectation, Slow):
        usual_ms, now_ms = before.median_ms, during.median_ms
        sentence = f"median {usual_ms:.0f} ms before the fault, {now_ms:.0f} ms during it"
        return usual_ms < expectation.min_ms <= now_ms, sentence
    failed_before, failed = before.failed, during.failed
    counts = f"{failed_before} of {before.total} probes failed before the fault, {failed} of {during.total} during it"
    if isinstance(expectation, Fails):
        return failed == during.total and failed_before < before.total, counts
    low, high = binomial_interval(failed, during.total)
    as_expected = failed > 0 and low <= expectation.high and high >= expectation.low
    # The rate must be the fault's: more than what failed anyway.
    as_expected = as_expected and failed / during.total > failed_before / before.total
    return as_expected, f"{counts} (99 % interval {low:.2f} to {high:.2f})"
