"""What a lost region takes along follows the laws of replication with independent delays, and replicas converge."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.parts.data.global_tables.lag import Expected, LagLaw
from harness.parts.data.global_tables.simulation import Simulation
from harness.units import NS_PER_S

EAST, WEST, OTHER = "us-east-1", "us-west-2", "eu-west-1"
LOSSES = 600
RATE_PER_S = 10.0


def losses(lag: LagLaw, count: int) -> list[tuple[int, int]]:
    """(items, age in ns) of region losses, one every 25 s of one long run, far enough apart to be independent."""
    draws = random.Random(11)
    world = Simulation((EAST, WEST), lag, seed=5)
    found, next_s, number = [], 0.0, 0
    for loss in range(1, count + 1):
        until_s = loss * 25.0
        while next_s < until_s:
            world.run_until(round(next_s * NS_PER_S))
            world.write(EAST, f"k{number}", {"v": number})
            number += 1
            next_s += draws.expovariate(RATE_PER_S)
        world.run_until(round(until_s * NS_PER_S))
        lost = world.loss(EAST, WEST)
        found.append((lost.items, lost.age_ns))
        done = [key for key, item in world.items.items() if not item.waiting]
        for key in done:
            del world.items[key]
    return found


def test_the_number_lost_is_poisson_and_the_seconds_have_the_tail_that_the_law_says() -> None:
    lag = LagLaw(NS_PER_S // 2, 1.0)
    expected = Expected(lag, RATE_PER_S)
    found = losses(lag, LOSSES)
    counts = [items for items, _ in found]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    assert abs(mean - expected.items) < 4 * math.sqrt(expected.items / LOSSES)
    assert abs(variance / expected.items - 1) < 4 * math.sqrt(2 / LOSSES)
    for share in (0.5, 0.9, 0.99):
        within = sum(age <= expected.quantile_ns(share) for _, age in found) / LOSSES
        assert abs(within - share) < 4 * math.sqrt(share * (1 - share) / LOSSES)


def test_the_seconds_are_far_beyond_what_the_metric_calls_the_latency_of_99_in_100() -> None:
    lag = LagLaw(NS_PER_S // 2, 1.0)
    p99_ns = lag.median_ns * math.exp(lag.sigma * 2.326)
    assert Expected(lag, RATE_PER_S).quantile_ns(0.99) > 3 * p99_ns


def test_without_spread_the_age_is_the_delay_and_the_excess_its_rest() -> None:
    lag = LagLaw(NS_PER_S, 0.0)
    assert (lag.excess_ns(NS_PER_S // 4), lag.excess_ns(2 * NS_PER_S)) == (0.75 * NS_PER_S, 0.0)
    assert (lag.above(NS_PER_S // 2), lag.above(NS_PER_S)) == (1.0, 0.0)


WRITES = st.lists(
    st.tuples(
        st.sampled_from((EAST, WEST, OTHER)),
        st.sampled_from("abc"),
        st.one_of(st.none(), st.integers(0, 99)),
        st.integers(0, 3 * NS_PER_S),
        st.sets(st.tuples(st.sampled_from((EAST, WEST, OTHER)), st.sampled_from((EAST, WEST, OTHER)))),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(WRITES, st.integers(0, 2**32), st.integers(0, NS_PER_S), st.integers(-4, 4))
def test_whatever_was_cut_and_in_whatever_order_all_replicas_end_alike_with_the_newest_write(
    writes: list[tuple[str, str, int | None, int, set[tuple[str, str]]]], seed: int, flight_ns: int, skew_s: int
) -> None:
    world = Simulation((EAST, WEST, OTHER), LagLaw(NS_PER_S, 1.0), seed, {WEST: skew_s * NS_PER_S}, flight_ns)
    for region, key, value, later_ns, cut in writes:
        world.cut = cut
        world.write(region, key, None if value is None else {"v": value})
        world.run_until(world.now_ns + later_ns)
    world.cut = set()
    world.settle()
    for key, item in world.items.items():
        versions = list(item.shown.values())
        assert len(versions) == 3
        assert all(version == versions[0] for version in versions)
        assert versions[0] == max((one for of, one in world.written if of == key), key=lambda one: one.stamp)
        assert not item.waiting


@settings(max_examples=60, deadline=None)
@given(WRITES, st.integers(0, 2**32))
def test_with_clocks_that_agree_no_write_is_replaced_by_one_that_was_made_before_it(
    writes: list[tuple[str, str, int | None, int, set[tuple[str, str]]]], seed: int
) -> None:
    world = Simulation((EAST, WEST, OTHER), LagLaw(NS_PER_S, 1.0), seed)
    last: dict[str, int] = {}
    for number, (region, key, _, later_ns, cut) in enumerate(writes):
        world.cut = cut
        world.write(region, key, {"v": number})
        last[key] = number
        world.run_until(world.now_ns + later_ns + 1)
    world.cut = set()
    world.settle()
    assert {key: item.shown[EAST].image for key, item in world.items.items()} == {
        key: {"v": number} for key, number in last.items()
    }
