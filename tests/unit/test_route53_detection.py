"""Known answers: how long sixteen uncoordinated checkers take to notice, by the very core that the server runs.

The expected numbers come from independent models (order statistics of uniform phases), in seconds:
per checker U(0, interval) + (threshold - 1) * (interval + failure) + failure; an endpoint falls with the checker that
leaves at most 18 % healthy, and recovers with the first that makes it more.
"""

from __future__ import annotations

import heapq
import random
import statistics

import pytest

from harness.engines.health_checks.checker import Checker, Due, Event, Finished, Probe, Sleep, step
from harness.engines.health_checks.health import enough_healthy, votes
from harness.units import NS_PER_S, to_ns, to_s

TRIALS = 200


class Endpoint:
    """What checkers meet: good outside [onset, heal), else a failure that takes `failure_ns` to be seen."""

    def __init__(self, onset_ns: int, heal_ns: int, failure_ns: int, answer_ns: int = 0) -> None:
        self.onset_ns, self.heal_ns, self.failure_ns, self.answer_ns = onset_ns, heal_ns, failure_ns, answer_ns

    def result(self, sent_ns: int) -> tuple[int, Finished]:
        if self.onset_ns <= sent_ns < self.heal_ns:
            return sent_ns + self.failure_ns, Finished(False, "down")
        return sent_ns + self.answer_ns, Finished(True, "up")


def flips(endpoint: Endpoint, interval_s: float, threshold: int, checkers: int, seed: int, until_ns: int) -> list[int]:
    """The times at which the endpoint's status changes, in virtual nanoseconds."""
    stream = random.Random(seed)
    states = [Checker(to_ns(interval_s), threshold) for _ in range(checkers)]
    queue: list[tuple[int, int, int, Event]] = []
    for who in range(checkers):
        queue.append((round(stream.random() * to_ns(interval_s)), who, who, Due()))
    heapq.heapify(queue)
    order, healthy, changed = checkers, True, []
    while queue and queue[0][0] < until_ns:
        now_ns, _, who, event = heapq.heappop(queue)
        states[who], effects = step(states[who], event, now_ns)
        for effect in effects:
            order += 1
            if isinstance(effect, Probe):
                at_ns, result = endpoint.result(now_ns)
                heapq.heappush(queue, (at_ns, order, who, result))
            elif isinstance(effect, Sleep):
                heapq.heappush(queue, (effect.until_ns, order, who, Due()))
        if enough_healthy(votes(states), checkers) != healthy:
            healthy = not healthy
            changed.append(now_ns)
    return changed


def quantiles(samples: list[float]) -> tuple[float, float]:
    return statistics.median(samples), statistics.quantiles(samples, n=20)[-1]


def detection_and_recovery(
    interval_s: float, threshold: int, failure_s: float, checkers: int
) -> tuple[list[float], list[float]]:
    down, up = [], []
    for seed in range(TRIALS):
        when = random.Random(-seed - 1)
        onset_ns = to_ns(interval_s) + when.randrange(to_ns(interval_s))
        heal_ns = onset_ns + to_ns((threshold + 3) * (interval_s + failure_s) + when.uniform(0, interval_s))
        endpoint = Endpoint(onset_ns, heal_ns, to_ns(failure_s))
        fell_ns, rose_ns = flips(
            endpoint, interval_s, threshold, checkers, seed, heal_ns + to_ns((threshold + 2) * interval_s)
        )
        down.append(to_s(fell_ns - onset_ns))
        up.append(to_s(rose_ns - heal_ns))
    return down, up


@pytest.mark.parametrize(
    ("interval_s", "threshold", "failure_s", "p50_s", "p95_s"),
    [
        (30, 3, 0, 85, 89),
        (30, 3, 4, 97, 100),
        (10, 3, 0, 29, 30),
        (10, 3, 4, 40, 41),
        (10, 1, 0, 8, 10),
        (10, 1, 4, 12, 13),
    ],
)
def test_fifteen_checkers_notice_an_outage_in_the_predicted_time(
    interval_s: float, threshold: int, failure_s: float, p50_s: float, p95_s: float
) -> None:
    down, _ = detection_and_recovery(interval_s, threshold, failure_s, checkers=15)
    assert quantiles(down) == pytest.approx((p50_s, p95_s), abs=1.2)


@pytest.mark.parametrize(
    ("interval_s", "threshold", "p50_s", "p95_s"), [(30, 3, 65, 71), (10, 3, 22, 24), (10, 1, 2, 4)]
)
def test_fifteen_checkers_notice_the_recovery_in_the_predicted_time(
    interval_s: float, threshold: int, p50_s: float, p95_s: float
) -> None:
    _, up = detection_and_recovery(interval_s, threshold, 0, checkers=15)
    assert quantiles(up) == pytest.approx((p50_s, p95_s), abs=1.2)


@pytest.mark.parametrize(
    ("interval_s", "failure_s", "p50", "bound"), [(10, 6, 46.4, 48), (10, 0, 28.4, 30), (30, 6, 103, 108)]
)
def test_sixteen_checkers_stay_within_the_black_hole_bound(
    interval_s: float, failure_s: float, p50: float, bound: float
) -> None:
    down, _ = detection_and_recovery(interval_s, 3, failure_s, checkers=16)
    assert bound == interval_s + 2 * (interval_s + failure_s) + failure_s
    assert max(down) <= bound
    assert statistics.median(down) == pytest.approx(p50, abs=0.8)


def test_a_blip_shorter_than_the_thresholds_flips_nothing() -> None:
    onset_ns = 40 * NS_PER_S
    blip = Endpoint(onset_ns, onset_ns + 15 * NS_PER_S, 0)
    assert [flips(blip, 10, 3, 16, seed, 120 * NS_PER_S) for seed in range(50)] == [[]] * 50


def test_the_same_seed_gives_the_same_run() -> None:
    endpoint = Endpoint(40 * NS_PER_S, 90 * NS_PER_S, NS_PER_S)
    runs = [flips(endpoint, 10, 3, 16, 7, 200 * NS_PER_S) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 2
