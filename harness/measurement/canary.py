"""Did the fault bite? Judged by the witness's own probes beside the links that the fault hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.events import CanaryProbe
from harness.measurement.availability import Share
from harness.measurement.models import FaultInterval
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


def judge_canary(
    probes: Iterable[CanaryProbe], links: Sequence[str], expectation: Expectation, window: FaultInterval
) -> CanaryJudgement:
    """Whether the canaries of `links` saw the fault that `window` says was there.

    A probe counts as before, during or after the fault only when all of it, sending and return, was.
    """
    if not links:
        return CanaryJudgement(False, "the fault has no canary, so nothing shows that it was there")
    by_link: dict[str, list[CanaryProbe]] = {link: [] for link in links}
    for probe in probes:
        if probe.link in by_link:
            by_link[probe.link].append(probe)
    parts: list[str] = []
    observed = True
    healed: bool | None = None
    for link, of_link in by_link.items():
        before = [p for p in of_link if p.returned_ns < window.start_low_ns]
        during = [p for p in of_link if _during(p, window)]
        after = [p for p in of_link if window.stop_high_ns is not None and p.mono_ns > window.stop_high_ns]
        seen, sentence = _judge_link(before, during, expectation)
        observed = observed and seen
        parts.append(f"{link}: {sentence}")
        if after:
            # The first probe after a heal may still meet a connection that the heal cut.
            healed = healed is not False and after[-1].ok
    return CanaryJudgement(observed, "; ".join(parts), healed)


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


def _judge_link(
    before: Sequence[CanaryProbe], during: Sequence[CanaryProbe], expectation: Expectation
) -> tuple[bool, str]:
    if not before:
        return False, "not probed before the fault"
    if not during:
        return False, "not probed while the fault held"
    if isinstance(expectation, Slow):
        return _judge_slow(before, during, expectation)
    failed_before = sum(not p.ok for p in before)
    failed = sum(not p.ok for p in during)
    counts = f"{failed_before} of {len(before)} probes failed before the fault, {failed} of {len(during)} during it"
    if isinstance(expectation, Fails):
        return failed == len(during) and failed_before < len(before), counts
    low, high = binomial_interval(failed, len(during))
    as_expected = failed > 0 and low <= expectation.high and high >= expectation.low
    # The rate must be the fault's: more than what failed anyway.
    as_expected = as_expected and failed / len(during) > failed_before / len(before)
    return as_expected, f"{counts} (99 % interval {low:.2f} to {high:.2f})"


def _judge_slow(before: Sequence[CanaryProbe], during: Sequence[CanaryProbe], slow: Slow) -> tuple[bool, str]:
    usual_ms, now_ms = _median_ms(before), _median_ms(during)
    sentence = f"median {usual_ms:.0f} ms before the fault, {now_ms:.0f} ms during it"
    return usual_ms < slow.min_ms <= now_ms, sentence


def _median_ms(probes: Sequence[CanaryProbe]) -> float:
    return quantile(sorted(p.returned_ns - p.mono_ns for p in probes), 0.5) / NS_PER_MS
